"""Which columns of an edge list are which, by the names that are usual for them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sk_biornn.units.names import listed
from sk_biornn.units.orientation import SIDES, THINGS

WEIGHTS = {
    *("weight", "weights", "strength", "value", "size", "count", "counts", "n", "nbr", "number"),
    *("synapses", "nsynapses", "numsynapses", "numberofsynapses", "synapsecount"),
    *("syncount", "syncounts", "nsyn", "nsyns", "sections", "nsections", "emsections"),
}
TYPES = {"type", "kind", "synapsetype", "syntype", "edgetype", "connectiontype"}


def column_key(column: str) -> str:
    """Return one spelling of a heading: "Pre_pt_root-ID" as "preptrootid"."""
    return re.sub(r"[^a-z0-9]", "", column.lower())


def side_columns(heading: list[str], pre: str, post: str, where: str) -> tuple[str, str] | None:
    """Return the columns of the two sides, None if there are none by their usual names.

    Columns that were asked for by other names than "pre" and "post" have exactly these.
    """
    if (pre, post) != ("pre", "post"):
        check_column("pre", pre, heading, where)
        check_column("post", post, heading, where)
        if pre == post:
            raise ValueError(f"pre and post must be two columns, got {pre!r} for both.")
        return pre, post
    if {"pre", "post"} <= set(heading):
        return check_column("pre", pre, heading, where), check_column("post", post, heading, where)
    by_key: dict[str, list[str]] = {}
    for column in heading:
        by_key.setdefault(column_key(column), []).append(column)
    pairs = [
        (one, other)
        for first, second in _key_pairs()
        for one in by_key.get(first, ())
        for other in by_key.get(second, ())
    ]
    if len(pairs) > 1:
        texts = [f"{one} and {other}" for one, other in pairs]
        raise ValueError(
            f"{where} has several columns for the two sides, {'; '.join(texts[:3])}: choose with "
            "pre= and post=."
        )
    return pairs[0] if pairs else None


def weight_column(heading: Iterable[str], where: str) -> str | None:
    """Return the one column of weights by its usual names, None if there is none."""
    found = [column for column in heading if column_key(column) in WEIGHTS]
    if len(found) > 1:
        raise ValueError(
            f"{where} has several columns that may be the weight, {', '.join(found)}: choose with "
            "weight=, or weight=1 to count rows."
        )
    return found[0] if found else None


def type_columns(heading: Iterable[str]) -> list[str]:
    """Return the columns that say of what kind a connection is."""
    return [column for column in heading if column_key(column) in TYPES]


def check_column(argument: str, column: str, heading: list[str], where: str) -> str:
    """Return a column that was asked for; raise unless it is there once."""
    if heading.count(column) != 1:
        there = "twice" if column in heading else "not"
        raise ValueError(
            f"{argument} must be a column of {where}, where {column!r} is {there}; it has "
            f"{listed(heading, 8)}."
        )
    return column


def _key_pairs() -> Iterable[tuple[str, str]]:
    pairs = [
        (pair[0], pair[1])
        for one, other in SIDES
        for thing in THINGS
        for pair in ((one + thing, other + thing), (thing + one, thing + other))
    ]
    return dict.fromkeys(pairs)
