"""Names that people give to coordinates, to tell them from other numbers of neurons."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sk_biornn.units.names import name_words

WORDS = {
    *("x", "y", "z", "ap", "pa", "ml", "lm", "lr", "rl", "dv", "vd", "si", "is", "rc", "cr"),
    *("anterior", "posterior", "medial", "lateral", "dorsal", "ventral", "rostral", "caudal"),
    *("rostrocaudal", "dorsoventral", "mediolateral", "anteroposterior", "depth", "height"),
    *("row", "col", "column", "dim", "axis", "coord", "coords", "coordinate", "coordinates"),
    *("pos", "position", "lat", "lon", "latitude", "longitude", "latlng", "lng"),
}


def is_coordinate(name: Any) -> bool:
    """Whether a column may be a coordinate by its name: "x_um", "pt_position_z", "AP", 0."""
    if not isinstance(name, str):
        return True  # a number is no name
    words = {word.rstrip("0123456789") for word in name_words(name)}
    return bool(words & {*WORDS, ""})


def no_coordinates(columns: Iterable[Any]) -> list[Any]:
    """Return the columns that are no coordinates by their names, in their order."""
    return [column for column in columns if not is_coordinate(column)]
