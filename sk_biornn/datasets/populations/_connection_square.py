"""Square CSV files of connection probabilities: which side is in the rows, and who is in both."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from sk_biornn.datasets._text_numbers import text_numbers
from sk_biornn.units.connection_table import one_label, square_table
from sk_biornn.units.names import listed, name_key
from sk_biornn.units.orientation import corner_orientation


def is_square(cells: pd.DataFrame) -> bool:
    """Whether a file, as text with its heading in row 0, has a name in its heading and column 0.

    A corner that names both sides is enough: then a file without common names is a faulty square.
    """
    heading, first = ({*map(_key, names)} for names in (cells.iloc[0, 1:], cells.iloc[1:, 0]))
    return corner_orientation(cells.iat[0, 0]) is not None or bool(heading & first - {""})


def square_of_file(path: Path, cells: pd.DataFrame, orientation: str | None) -> pd.DataFrame:
    """Return the [post, pre] table of a square file, given as text with its heading in row 0."""
    first, heading = cells.iloc[1:, 0].tolist(), cells.iloc[0, 1:].tolist()
    orientation = _orientation(path, cells, orientation)
    _check_names(path, first, heading)
    texts = cells.iloc[1:, 1:].to_numpy(dtype=object)
    values = text_numbers(texts.ravel().tolist(), path).reshape(texts.shape)
    table = pd.DataFrame(values, index=first, columns=heading)
    return square_table(table.T if orientation == "pre_by_post" else table, name=str(path))


def _orientation(path: Path, cells: pd.DataFrame, given: str | None) -> str:
    corner = corner_orientation(cells.iat[0, 0])
    if corner is None and given is None:
        raise ValueError(
            f"orientation must be 'pre_by_post' for the square table {path} if its first column "
            "names the presynaptic side, 'post_by_pre' if it names the postsynaptic side, got None."
        )
    if None not in (corner, given) and corner != given:
        raise ValueError(
            f"orientation must be {corner!r} or None for {path}, whose corner says "
            f"{cells.iat[0, 0]!s}, got {given!r}."
        )
    return str(corner if given is None else given)


def _check_names(path: Path, first: list[str], heading: list[str]) -> None:
    """Refuse names that are empty, stand twice, or in one place only."""
    if any(not name.strip() for name in [*first, *heading]):
        raise ValueError(f"{path} must name both sides of every pair, got an empty name.")
    first_keys, heading_keys = [_key(name) for name in first], [_key(name) for name in heading]
    for place, names, keys, others in (
        ("first column", first, first_keys, heading_keys),
        ("heading", heading, heading_keys, first_keys),
    ):
        twice = [name for i, name in enumerate(names) if keys[i] in keys[:i]]
        if twice:
            raise ValueError(
                f"{path} must have every name once in its {place}, got {twice[0]} twice."
            )
        alone = [name for name, key in zip(names, keys, strict=True) if key not in others]
        if alone:
            raise ValueError(
                f"{path} must have the same names in its first column and in its heading, got "
                f"{listed(alone)} in its {place} only."
            )


def _key(name: str) -> str:
    return name_key(one_label(name))
