"""A page is read again when one of its figures has changed, which the plot directive leaves out."""

from __future__ import annotations

import re

PLOT = re.compile(r"^ *\.\. plot:: (\S+)", re.MULTILINE)


def note_figures(app, docname, source):
    for figure in PLOT.findall(source[0]):
        app.env.note_dependency(str(app.srcdir / figure))


def setup(app):
    app.connect("source-read", note_figures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
