"""Headings between the many parameters of an estimator, on its page of the reference.

A heading stands before the parameter that begins its group. numpydoc has made a list of all of
them by then; here it is cut into shorter ones.
"""

from __future__ import annotations

import re

import sk_biornn

STARTS = {
    "populations": "Populations",
    "n_units": "Size and signs",
    "mask": "Wiring",
    "recurrent_init": "Initial weights",
    "coordinates": "Space and penalties",
    "pruning": "Pruning",
    "activation": "Dynamics",
    "solver": "Training",
    "observed": "Observations and forecasts",
}
PARAMETER = re.compile(r"^(\s+)\*\*(\w+)\*\* : ")


def group_parameters(app, what, name, obj, options, lines: list[str]) -> None:
    if name.rpartition(".")[2] not in sk_biornn.__all__ or ":Parameters:" not in lines:
        return
    begin = lines.index(":Parameters:")
    after = (k for k in range(begin + 1, len(lines)) if lines[k].startswith(":"))
    end = next(after, len(lines))
    lines[begin:end] = grouped(lines[begin:end])


def grouped(lines: list[str]) -> list[str]:
    """Return the lines of the field with headings.

    >>> field = [":Parameters:", "", "    **mask** : bool", "        Allowed.", ""]
    >>> grouped(field)[1:4]
    ['', '    .. rubric:: Wiring', '']
    """
    out = []
    for line in lines:
        found = PARAMETER.match(line)
        if found and found[2] in STARTS:
            out += [f"{found[1]}.. rubric:: {STARTS[found[2]]}", ""]
        out.append(line)
    return out


def setup(app) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", group_parameters, priority=600)  # after numpydoc
    return {"parallel_read_safe": True, "parallel_write_safe": True}
