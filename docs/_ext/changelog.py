r"""The changelog as a page: the few marks of Markdown that it uses, said in reStructuredText.

>>> print(restructured("# Changes\n\n## 0.1\n- a `name`, and *one* [link](x.html)\n"))
Changes
=======
<BLANKLINE>
0.1
---
- a `name`, and *one* `link <x.html>`__
<BLANKLINE>
"""

from __future__ import annotations

import re
from pathlib import Path

UNDERLINES = {"#": "=", "##": "-", "###": "~"}


def restructured(markdown: str) -> str:
    lines = []
    for line in markdown.splitlines():
        marks, _, title = line.partition(" ")
        if marks in UNDERLINES:
            lines += [title, UNDERLINES[marks] * len(title)]
        else:
            lines.append(re.sub(r"\[([^\]]+)\]\(([^)\s]+)\)", r"`\1 <\2>`__", line))
    return "\n".join(lines) + "\n"


def write_changelog(source: Path, page: Path) -> None:
    text = restructured(source.read_text(encoding="utf-8"))
    if not page.exists() or page.read_text(encoding="utf-8") != text:
        page.write_text(text, encoding="utf-8")
