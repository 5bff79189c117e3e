"""Publications become links: ``doi:10.1126/...`` and ``arXiv:2606.14975``, wherever they stand.

>>> [found.group() for found in PUBLICATION.finditer("(2025, doi:10.1126/sciadv.adw4970).")]
['doi:10.1126/sciadv.adw4970']
>>> [address(found) for found in PUBLICATION.finditer("doi:10.1016/S0361-9230(99)00100-8) and")]
['https://doi.org/10.1016/S0361-9230(99)00100-8']
>>> [address(found) for found in PUBLICATION.finditer("see arXiv:2606.14975.")]
['https://arxiv.org/abs/2606.14975']
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

# A DOI may hold pairs of brackets, and ends before the punctuation of the sentence.
PUBLICATION = re.compile(
    r"(?P<doi>doi:\s?(?P<number>10\.\d{4,9}/(?:\([\w./:-]*\)|[\w./:-])*[\w/]))"
    r"|arXiv:(?P<paper>\d{4}\.\d{4,5}(?!\d))"
)


def address(found: re.Match[str]) -> str:
    if found["paper"]:
        return f"https://arxiv.org/abs/{found['paper']}"
    return f"https://doi.org/{found['number']}"


def linked(text: str) -> list[nodes.Node]:
    """Return text and links in turn; one text alone where no publication is named."""
    pieces: list[nodes.Node] = []
    end = 0
    for found in PUBLICATION.finditer(text):
        pieces.append(nodes.Text(text[end : found.start()]))
        pieces.append(nodes.reference("", found.group(), refuri=address(found), internal=False))
        end = found.end()
    return [*pieces, nodes.Text(text[end:])]


class LinkPublications(SphinxPostTransform):
    default_priority = 400

    def run(self, **kwargs) -> None:
        fixed = (nodes.FixedTextElement, nodes.reference, nodes.literal, nodes.title)
        for text in list(self.document.findall(nodes.Text)):
            if not PUBLICATION.search(text) or inside(text, fixed):
                continue
            text.parent.replace(text, linked(str(text)))


def inside(node: nodes.Node, kinds: tuple[type, ...]) -> bool:
    while node is not None:
        if isinstance(node, kinds):
            return True
        node = node.parent
    return False


def setup(app) -> dict[str, bool]:
    app.add_post_transform(LinkPublications)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
