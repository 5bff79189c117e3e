"""Guide, gallery and README speak in the field's terms, not in those that grew in this project."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "paper.md"]
PAGES += [*sorted(ROOT.glob("docs/*.rst")), *sorted(ROOT.glob("examples/**/*.py"))]
PAGES += sorted(ROOT.glob("examples/**/*.rst"))
# Private word: what to write instead.
PRIVATE = {
    r"the house": "the architecture, the package",
    r"rooms? (?:may|knows?|by room)|(?:each|every|other) rooms?": "package, module",
    r"arms?": "condition, model",
    r"ours|theirs": "our initialisation, our runs; as published",
    r"the papers?(?:'s)?": "the publication; as published",
    r"(?:a|the|no|four|each) prices?|priced?s? (?:of|on|for)": "penalty",
    r"dear(?:er)?": "costly; strong, of a penalty",
    r"foret(?:ell|old)\w*": "predict",
    r"trained on (?:under|as long)|trains? on (?:just|under)|training on at": "fine-tuned",
    r"dense longer": "dense, same number of epochs",
}
LITERAL = re.compile(r"``.*?``|`[^`]*`|^\s*(?:>>>|\.\.\. |\$ ).*$", flags=re.MULTILINE)
CODE = re.compile(r"^(?!\s*#).*$", flags=re.MULTILINE)


def prose(path: Path) -> str:
    """What people read of a page: no literals, no doctests; of a script its text blocks alone."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        title, _, rest = text.removeprefix('"""').partition('"""')
        text = title + CODE.sub("", rest)
    return " ".join(LITERAL.sub("", text).split())


@pytest.mark.parametrize("private", PRIVATE)
def test_no_page_has_a_private_word(private):
    found = []
    for path in PAGES:
        for match in re.finditer(rf"\b(?:{private})\b", prose(path), flags=re.IGNORECASE):
            start, end = max(0, match.start() - 30), match.end() + 30
            found.append(f"{path.name}: ...{prose(path)[start:end]}...")
    assert not found, f"write {PRIVATE[private]!r} instead: {found}"


def test_a_private_word_would_be_found(tmp_path):
    page = tmp_path / "page.rst"
    page.write_text("The arms of\nthe `arm` and ``ours``.\n\n>>> arms = 1\n", encoding="utf-8")
    assert prose(page) == "The arms of the and ."
    script = tmp_path / "plot.py"
    script.write_text('"""\nTitle\n"""\n# %%\n# The arm\narm = 1\n', encoding="utf-8")
    assert prose(script) == "Title # %% # The arm"
