"""A description of every page, for search engines, and alternative texts of figures."""

from __future__ import annotations

import html
import textwrap

from docutils import nodes
from sphinx.transforms import SphinxTransform


def describe(app, pagename, templatename, context, doctree) -> None:
    """Add the first paragraph as the page's description, unless it has one."""
    if doctree is None or 'name="description"' in context.get("metatags", ""):
        return
    paragraphs = (" ".join(node.astext().split()) for node in doctree.findall(nodes.paragraph))
    first = next((text for text in paragraphs if len(text) > 20), context.get("title", ""))
    text = html.escape(textwrap.shorten(first, 155, placeholder=" ..."), quote=True)
    context["metatags"] = (
        context.get("metatags", "") + f'<meta name="description" content="{text}">\n'
    )


class NameFigures(SphinxTransform):
    """A figure of the gallery says where it stands, instead of the name of its script."""

    default_priority = 500

    def apply(self, **kwargs) -> None:
        if not self.env.docname.startswith("gallery/"):
            return
        from sphinx_gallery.directives import imgsgnode

        for image in self.document.findall(imgsgnode):
            titles = [title.astext() for title in headings_above(image)]
            own = image.get("alt") or ""
            script = self.env.docname.rpartition("/")[2].replace("_", " ")
            own = "" if own.startswith(script) else own
            image["alt"] = ": ".join(["Figure", *titles[:2], *([own] if own else [])])


def headings_above(node: nodes.Node) -> list[str]:
    """Return the titles of the sections around a node, the page's first."""
    found = []
    while node is not None:
        if isinstance(node, nodes.section):
            found.append(node.next_node(nodes.title))
        node = node.parent
    return found[::-1]


def setup(app) -> dict[str, bool]:
    app.connect("html-page-context", describe)
    app.add_transform(NameFigures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
