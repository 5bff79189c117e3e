"""Rows of population activity: what they must be, and how they are split before averaging."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sk_biornn._checks import is_integer, is_number, value_text
from sk_biornn._random import RandomState, make_rng

Rows = dict[str, np.ndarray]
SIZES = {"train": 0.6, "validation": 0.2, "test": 0.2}


def split_trials(
    rows: Mapping[str, ArrayLike],
    sizes: Mapping[str, float] | None = None,
    *,
    groups: Mapping[str, ArrayLike] | None = None,
    random_state: RandomState = None,
) -> dict[str, Rows]:
    """Split the rows of every population into train, validation and test, before any averaging.

    Averages of rows drawn from one pool share rows; only rows that were set apart beforehand can
    tell how well a network predicts new data.

    Parameters
    ----------
    rows : mapping of str to array-like of shape (n_rows, n_frames)
        Rows of every population, one trial of one recording each.
    sizes : mapping of str to float or int, or None, default=None
        Size of every split by its name: shares that add up to 1, or numbers of rows, the same for
        each population. None: 0.6 "train", 0.2 "validation", 0.2 "test".
    groups : mapping of str to array-like of shape (n_rows,) or None, default=None
        Label of every row, such as the mouse. All rows of a label come into one split, in all
        populations; the shares are then met as nearly as the groups allow. None: every row
        stands for itself, and populations are split independently.
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Source of randomness; an int gives the same split each time.

    Returns
    -------
    dict of str to dict of str to ndarray
        Rows by split, then by population.

    Raises
    ------
    TypeError
        If `rows`, `sizes` or `groups` is no mapping.
    ValueError
        If rows have NaN frames or unequal numbers of frames, `sizes` are not shares of 1 or
        numbers of rows, a population has too few rows, or labels do not fit the rows.

    Examples
    --------
    >>> from sk_biornn.datasets import make_population_rows, split_trials
    >>> rows = make_population_rows(50, random_state=0)
    >>> parts = split_trials(rows, random_state=0)
    >>> {name: part["V1_L4_pyr"].shape for name, part in parts.items()}
    {'train': (30, 16), 'validation': (10, 16), 'test': (10, 16)}
    """
    checked = check_rows(rows)
    shares = _check_sizes(SIZES if sizes is None else sizes)
    rng = make_rng(random_state)
    if groups is None:
        part_of = {
            name: _random_parts(name, len(array), shares, rng) for name, array in checked.items()
        }
    else:
        part_of = _parts_of_groups(checked, groups, shares, rng)
    for name, parts in part_of.items():
        empty = [split for number, split in enumerate(shares) if not (parts == number).any()]
        if empty:
            reason = "" if groups is None else f", too few for its groups of {len(parts)} rows"
            raise ValueError(f"rows of {name} must reach every split, none for {empty[0]}{reason}.")
    return {
        split: {name: array[part_of[name] == number] for name, array in checked.items()}
        for number, split in enumerate(shares)
    }


def check_rows(rows: Mapping[str, ArrayLike]) -> Rows:
    """Return rows as floating-point arrays of shape (n_rows, n_frames), all of equal length."""
    if not isinstance(rows, Mapping):
        raise TypeError(f"rows must map populations to arrays, got {type(rows).__name__}.")
    if not rows:
        raise ValueError("rows must have at least one population, got none.")
    checked = {str(name): _check_array(name, array) for name, array in rows.items()}
    if len(checked) < len(rows):
        raise ValueError("rows must have different names of populations.")
    first, length = next((name, array.shape[1]) for name, array in checked.items())
    for name, array in checked.items():
        if array.shape[1] != length:
            raise ValueError(
                f"rows must have the same number of frames in every population, got {length} for "
                f"{first} and {array.shape[1]} for {name}."
            )
    return checked


def _check_array(name: object, array: ArrayLike) -> np.ndarray:
    try:
        values = np.asarray(array)
        if values.dtype not in (np.float32, np.float64):
            values = values.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"rows of {name} must be an array of numbers (n_rows, n_frames), with rows of equal "
            "length."
        ) from None
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(
            f"rows of {name} must have shape (n_rows, n_frames) with at least one row and frame, "
            f"got shape {values.shape}."
        )
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        n_rows = len(np.unique(bad[:, 0]))
        raise ValueError(
            f"rows of {name} must be finite, got {values[tuple(bad[0])]} in frame {bad[0, 1]} of "
            f"row {bad[0, 0]} ({n_rows} such {'row' if n_rows == 1 else 'rows'})."
        )
    return values


def _check_sizes(sizes: Any) -> dict[str, float]:
    if not isinstance(sizes, Mapping):
        raise TypeError(f"sizes must map names of splits to sizes, got {type(sizes).__name__}.")
    values = list(sizes.values())
    numbers = all(is_number(size) for size in values)
    if values and numbers and math.isclose(sum(values), 1.0) and min(values) > 0:
        return {str(name): float(size) for name, size in sizes.items()}
    if values and all(is_integer(size) and size > 0 for size in values) and numbers:
        return {str(name): int(size) for name, size in sizes.items()}
    found = ", ".join(f"{name}: {value_text(size)}" for name, size in sizes.items()) or "none"
    raise ValueError(
        f"sizes must be positive shares that add up to 1, or numbers of rows, got {found}."
    )


def _random_parts(
    name: str, n_rows: int, shares: Mapping[str, float], rng: np.random.Generator
) -> np.ndarray:
    """Split of every row, -1 for rows that are left over."""
    sizes = list(shares.values())
    if isinstance(sizes[0], int):
        counts = np.array(sizes)
        if counts.sum() > n_rows:
            raise ValueError(
                f"sizes must add up to at most the rows of every population, got {counts.sum()} "
                f"for {n_rows} rows of {name}."
            )
    else:
        counts = np.diff(np.rint(np.cumsum([0.0, *sizes]) * n_rows).astype(int))
    parts = np.full(n_rows, -1)
    parts[: counts.sum()] = np.repeat(np.arange(len(counts)), counts)
    return rng.permutation(parts)


def _parts_of_groups(
    rows: Rows, groups: Any, shares: Mapping[str, float], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Split of every row; a group goes where its populations lack most of their share."""
    if any(isinstance(share, int) for share in shares.values()):
        raise ValueError("sizes must be shares that add up to 1 when groups are given.")
    labels = _check_groups(rows, groups)
    names, members = np.unique(np.concatenate(list(labels.values())), return_inverse=True)
    ends = np.cumsum([len(array) for array in labels.values()])
    of_rows = dict(zip(labels, np.split(members, ends[:-1]), strict=True))
    # share[p, g]: part of the rows of population p that belong to group g.
    share = np.array([np.bincount(g, minlength=len(names)) / len(g) for g in of_rows.values()])
    lacking = np.tile(list(shares.values()), (len(rows), 1))  # (n_populations, n_splits)
    part = np.empty(len(names), dtype=int)
    for group in rng.permutation(len(names)):
        part[group] = int(np.argmax(share[:, group] @ lacking))
        lacking[:, part[group]] -= share[:, group]
    return {name: part[group_of_row] for name, group_of_row in of_rows.items()}


def _check_groups(rows: Rows, groups: Any) -> dict[str, np.ndarray]:
    if not isinstance(groups, Mapping):
        raise TypeError(f"groups must map populations to labels, got {type(groups).__name__}.")
    labels = {}
    for name, array in rows.items():
        if name not in groups:
            raise ValueError(f"groups must have labels for every population, none for {name}.")
        labels[name] = np.asarray(groups[name]).astype(str)
        if labels[name].shape != (len(array),):
            raise ValueError(
                f"groups must have one label per row, {len(array)} for {name}, got shape "
                f"{labels[name].shape}."
            )
    return labels
