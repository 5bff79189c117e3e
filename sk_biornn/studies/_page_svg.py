"""A figure as SVG that stands inside a page: text is text, and no name is another figure's."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from sk_biornn.studies._page_html import CONTROLS, Markup, element

_DPI = 150  # of pictures inside, such as weight matrices
_NUMBER = re.compile(r"-?\d+\.\d+")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_FONT = re.compile(r"(font-family: |font: [^;'\"]*)(['\"][^;]*)")
_DRAWN = ("d", "points", "x", "y", "x1", "x2", "y1", "y2")
# No dates and no addresses: the same figure is the same text.
_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def inline_svg(draw: Callable[[Any], Any], name: str, alt: str) -> Markup:
    """Return what `draw` fills an empty figure with.

    Parameters
    ----------
    draw : callable
        (figure) -> object.
    name : str
        Of the figure, with which all names inside begin.
    alt : str
        What is seen.
    """
    root = ElementTree.fromstring(_drawn(draw, name))
    size = f"--width:{float(root.get('width', '500pt').removesuffix('pt')):.0f}pt"
    used = _names_used(root)
    inner, box = [_markup(child, name, used) for child in root], root.get("viewBox")
    return element("svg", *inner, viewBox=box, role="img", aria_label=alt, style=size)


def _drawn(draw: Callable[[Any], Any], name: str) -> str:
    from matplotlib import rc_context, style
    from matplotlib.figure import Figure

    own: Any = {"svg.fonttype": "none", "svg.hashsalt": name}
    with style.context("default", after_reset=True), rc_context(own):
        figure, buffer = Figure(), io.StringIO()
        with warnings.catch_warnings():  # text is drawn by the browser, with fonts of its own
            warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
            draw(figure)
            figure.savefig(buffer, format="svg", dpi=_DPI, metadata=_METADATA)
    return buffer.getvalue().translate(CONTROLS)


def _names_used(root: ElementTree.Element) -> set[str]:
    """Return the names that something refers to; all others are left out."""
    values = [(_plain(key), value) for node in root.iter() for key, value in node.items()]
    links = {value[1:] for key, value in values if key == "href" and value.startswith("#")}
    return links.union(*(_REFERENCE.findall(value) for _, value in values))


def _markup(node: ElementTree.Element, name: str, used: set[str]) -> Markup:
    """Return an element with all inside it; without what matplotlib says about itself."""
    tag = _plain(node.tag)
    if tag in ("metadata", "style"):
        return Markup("")
    attributes = {
        _plain(key): _value(_plain(key), value, name)
        for key, value in node.items()
        if _plain(key) != "id" or value in used
    }
    children: list[Any] = [(node.text or "").strip()] if tag in ("text", "tspan") else []
    children += [_markup(child, name, used) for child in node]
    return element(tag, *children, **attributes)


def _plain(name: str) -> str:
    return name.rpartition("}")[2]


def _value(key: str, value: str, name: str) -> str:
    if key == "id":
        return f"{name}-{value}"
    if key == "href" and value.startswith("#"):
        return f"#{name}-{value[1:]}"
    if key in _DRAWN:
        return " ".join(_NUMBER.sub(_rounded, value).split())
    if key == "style":
        value = _FONT.sub(_font, value)
    return _REFERENCE.sub(rf"url(#{name}-\1)", value)


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number.group()):.2f}".rstrip("0").rstrip(".")


def _font(found: re.Match[str]) -> str:
    """Return a font whose family the page knows."""
    before, families = found.groups()
    return f"{before}var(--{'mono' if 'Mono' in families.split(',')[0] else 'figure'})"
