"""Connection probabilities as a table: square [post, pre] or long, with one spelling of names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._plain import plain_frame, short
from sk_biornn.units.labels import lies_transposed
from sk_biornn.units.names import cell_type_name, layer_name, listed, name_key

# "L2/3: Pyr", as the repository of Balwani et al. (2025) calls layer and cell type together.
LAYER_AND_TYPE = re.compile(r"(?:L|layer )\s*\d(?:/?\d)?\s*:\s*\S+", flags=re.IGNORECASE)
SIDES = ("post", "pre")
PROBABILITY = ("probability", "connection_probability")  # headings of the values of a long table


def square_table(table: Any, *, name: str = "connection_probabilities") -> pd.DataFrame:
    """Return a square [post, pre] float64 table, whichever of the two forms it comes in.

    Rows and columns carry the same labels in the same order: names of populations, each in the
    first of its spellings, or pairs (layer, cell type) as a MultiIndex. NaN is a pair that is not
    given.
    """
    table = plain_frame(table)
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"{name} must be a DataFrame, got {type(table).__name__}.")
    table = table.astype(object)  # whatever its columns were stored as
    long = _long_columns(table)
    square = _turn_square(table, name) if long is None else _square_of_long(long, name)
    return _check_values(square, name)


def label_text(label: Any) -> str:
    """Return ('L2/3', 'Pyr') as 'L2/3 Pyr', a plain label as it is."""
    return " ".join(map(str, label)) if isinstance(label, tuple) else str(label)


def one_label(label: Any) -> Any:
    """Return one spelling: a pair of layer and cell type as a tuple, another name as str."""
    if not isinstance(label, tuple) and LAYER_AND_TYPE.fullmatch(str(label).strip()):
        label = tuple(str(label).split(":", maxsplit=1))
    if isinstance(label, tuple):
        return (layer_name(label[0]), cell_type_name(label[1])) if len(label) == 2 else label
    return str(label).strip()


def column_key(column: Any) -> str:
    """Return one spelling of a heading: 'Pre-layer' as 'pre_layer'."""
    return str(column).strip().lower().replace("-", "_")


def _long_columns(table: pd.DataFrame) -> pd.DataFrame | None:
    """Columns post, pre, probability of a long table in any of its headings, None if not long."""
    headings = {column_key(column): column for column in table.columns}
    probability = next((headings[key] for key in PROBABILITY if key in headings), None)
    if probability is None:
        return None
    found: dict[str, list[Any]] = {"probability": list(table[probability])}
    for side, word in zip(SIDES, ("postsynaptic", "presynaptic"), strict=True):
        pair = (f"{side}_layer", f"{side}_cell_type")
        if all(key in headings for key in pair):
            columns = (table[headings[key]] for key in pair)
            found[side] = [one_label(label) for label in zip(*columns, strict=True)]
        elif side in headings or word in headings:
            found[side] = [
                one_label(label) for label in table[headings.get(side, headings.get(word))]
            ]
        else:
            return None
    return pd.DataFrame({key: pd.Series(value, dtype=object) for key, value in found.items()})


def _one_spelling(labels: Iterable[Any]) -> dict[Any, Any]:
    """Map every label to the first of its spellings: 'ViP' and 'VIP' are one population."""
    first: dict[str, Any] = {}
    return {label: first.setdefault(name_key(label), label) for label in labels}


def _square_of_long(long: pd.DataFrame, name: str) -> pd.DataFrame:
    spelled = _one_spelling([*long["post"], *long["pre"]])
    long = long.assign(**{side: [spelled[label] for label in long[side]] for side in SIDES})
    twice = long.duplicated(["post", "pre"])
    if twice.any():
        row = long[twice].iloc[0]
        raise ValueError(
            f"{name} must give every pair once, got pre {label_text(row['pre'])} to post "
            f"{label_text(row['post'])} twice."
        )
    labels = list(dict.fromkeys([*long["post"], *long["pre"]]))
    place = {label: number for number, label in enumerate(labels)}
    values = np.full((len(labels), len(labels)), np.nan)
    numbers = pd.to_numeric(long["probability"], errors="coerce")
    _check_numbers(long["probability"], numbers, name)
    values[long["post"].map(place), long["pre"].map(place)] = numbers
    return _framed(values, labels, name)


def _turn_square(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Check a square table and bring its columns into the order of its rows."""
    if lies_transposed(table, name):
        table = table.T
    rows = [one_label(label) for label in table.index]
    columns = [one_label(label) for label in table.columns]
    spelled = _one_spelling([*rows, *columns])
    rows, columns = ([spelled[label] for label in labels] for labels in (rows, columns))
    for side, labels in (("rows", rows), ("columns", columns)):
        if len(set(labels)) < len(labels):
            twice = next(label for label in labels if labels.count(label) > 1)
            raise ValueError(f"{name} must name its {side} once, got {label_text(twice)} twice.")
    if set(rows) != set(columns):
        others = sorted(map(label_text, set(rows) ^ set(columns)))
        raise ValueError(
            f"{name} must be square with the same names in rows (post) and columns (pre), or long "
            f"with columns pre, post, probability; got {listed(others)} on one side only."
        )
    numbers = table.apply(pd.to_numeric, errors="coerce")
    _check_numbers(_flat(table), _flat(numbers), name)
    order = [columns.index(label) for label in rows]
    return _framed(numbers.to_numpy(dtype=np.float64)[:, order], rows, name)


def _framed(values: np.ndarray, labels: list[Any], name: str) -> pd.DataFrame:
    pairs = [isinstance(label, tuple) for label in labels]
    if not any(pairs):
        return pd.DataFrame(
            values, index=pd.Index(labels, name="post"), columns=pd.Index(labels, name="pre")
        )
    if not all(pairs) or any(len(label) != 2 for label in labels):
        raise ValueError(
            f"{name} must be labelled by names of populations or by pairs (layer, cell_type), got "
            f"both in {listed(map(label_text, labels))}."
        )
    axes = [
        pd.MultiIndex.from_tuples(labels, names=[f"{side}_layer", f"{side}_cell_type"])
        for side in SIDES
    ]
    return pd.DataFrame(values, index=axes[0], columns=axes[1])


def _flat(table: pd.DataFrame) -> pd.Series[Any]:
    return pd.Series(table.to_numpy(dtype=object).ravel(), dtype=object)


def _check_numbers(given: pd.Series[Any], numbers: pd.Series[Any], name: str) -> None:
    """Refuse what is text; an empty cell is a pair that is not given."""
    text = given[(numbers.isna() & given.notna()).to_numpy()]
    if len(text):
        raise ValueError(f"{name} must hold numbers, got {short(text.iloc[0])}.")


def _check_values(square: pd.DataFrame, name: str) -> pd.DataFrame:
    values = square.to_numpy()
    outside = np.argwhere((values < 0) | (values > 1))
    if len(outside):
        post, pre = outside[0]
        raise ValueError(
            f"{name} must hold values in [0, 1], got {values[post, pre]:g} for pre "
            f"{label_text(square.columns[pre])} to post {label_text(square.index[post])}."
        )
    return square
