"""Which side the rows of a square table name, and how a table says it."""

from __future__ import annotations

import re
from typing import Any

from sk_biornn.units.names import name_words

ORIENTATIONS = ("post_by_pre", "pre_by_post")
# Words for the two sides of a connection, as columns of a list and as axes of a square.
SIDES = (
    ("pre", "post"),
    ("presynaptic", "postsynaptic"),
    ("presynapse", "postsynapse"),
    ("presyn", "postsyn"),
    ("source", "target"),
    ("source", "destination"),
    ("from", "to"),
    ("src", "dst"),
    ("src", "tgt"),
    ("origin", "target"),
    ("origin", "destination"),
    ("sender", "receiver"),
    ("upstream", "downstream"),
    ("axon", "dendrite"),
)
# What may stand before or behind the side: pre_pt_root_id, bodyId_pre, source_neuron.
THINGS = (
    *("", "id", "name", "label", "node", "region"),
    *("neuron", "neuronid", "neuronname", "cell", "cellid", "cellname"),
    *("rootid", "ptrootid", "bodyid", "segmentid", "segid", "skeletonid", "skid"),
)
WORDS = {word: side for pair in SIDES for word, side in zip(pair, ("pre", "post"), strict=True)}
_KEYS = {
    key: side
    for word, side in WORDS.items()
    for thing in THINGS
    for key in (word + thing, thing + word)
}
# Names that pandas and xarray give to axes that have none.
_UNNAMED = re.compile(r"(?:dim|level)_[0-9]+|index|Unnamed: [0-9]+")


def corner_orientation(corner: Any) -> str | None:
    r"""Orientation that the corner of a table says, such as ``pre\post``; None if it does not.

    What is left of the stroke is in the rows.
    """
    sides = [axis_side(word) for word in re.split(r"[\\/|]", str(corner))]
    return (
        f"{sides[0]}_by_{sides[1]}" if set(sides) == {"pre", "post"} and len(sides) == 2 else None
    )


def axes_orientation(rows: Any, columns: Any) -> str | None:
    """Orientation that the names of the two axes of a frame say; one of them is enough.

    Raises
    ------
    ValueError
        If both name the same side.
    """
    sides = [axis_side(rows), axis_side(columns)]
    if sides[0] is not None and sides[0] == sides[1]:
        raise ValueError(f"rows and columns must be two sides, got {rows!r} and {columns!r}.")
    other = {"pre": "post", "post": "pre", None: None}
    first = sides[0] or other[sides[1]]
    return None if first is None else f"{first}_by_{other[first]}"


def axes_are_unknown_sides(rows: Any, columns: Any) -> bool:
    """Whether axes have two different names of which neither says a side: then nobody knows it."""
    names = [None if _UNNAMED.fullmatch(str(name)) else name for name in (rows, columns)]
    return (
        None not in names
        and str(names[0]).strip().lower() != str(names[1]).strip().lower()
        and axis_side(rows) is axis_side(columns) is None
    )


def axis_side(name: Any) -> str | None:
    """Side that the name of an axis says, "pre" or "post"; None if it says neither, or both."""
    if not isinstance(name, str):
        return None
    key = re.sub(r"[^a-z0-9]", "", name.lower())
    if key in _KEYS:
        return _KEYS[key]
    words = name_words(name)
    sides = {WORDS[word] for word in (*words[:1], *words[-1:]) if word in WORDS}
    return sides.pop() if len(sides) == 1 else None
