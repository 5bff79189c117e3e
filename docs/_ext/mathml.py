r"""Formulas as MathML, which browsers draw by themselves: no script, no font, no network.

docutils knows LaTeX well enough for ours. A formula that it cannot read is a warning, and so an
error of the build.

>>> formula(r"\alpha", as_block=False).count("<mi>")
1
"""

from __future__ import annotations

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)


def formula(tex: str, as_block: bool) -> str:
    """Return the MathML of LaTeX."""
    return tex2mathml(tex.strip(), as_block=as_block)


def visit_inline(translator, node: nodes.math) -> None:
    translator.body.append(written(node, as_block=False))
    raise nodes.SkipNode


def visit_block(translator, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="math">{written(node, as_block=True)}</div>\n')
    raise nodes.SkipNode


def written(node: nodes.Element, as_block: bool) -> str:
    try:
        return formula(node.astext(), as_block)
    except MathError as error:
        LOGGER.warning("a formula that docutils cannot read: %s", error, location=node)
        return f"<code>{nodes.unescape(node.astext())}</code>"


def setup(app) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
