"""A target density for a whole matrix, or for each block of populations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk_biornn._plain import NO_NUMBERS, plain, refuse_masked, short

Block = tuple[NDArray[np.intp], NDArray[np.intp]]  # its rows (post) and columns (pre)


def check_densities(density: Any, blocks: ArrayLike | None, n_units: int) -> NDArray[np.float64]:
    """Return the target as a scalar array, or as (k, k) for units in k blocks; refuse others."""
    refuse_masked(density, "density")
    density = plain(density, "density")
    try:
        target = np.asarray(density)
        if target.dtype.kind not in "iuf":
            raise TypeError
    except NO_NUMBERS:
        raise TypeError(
            f"density must be a number or a square matrix of numbers, got {short(density)}."
        ) from None
    target = target.astype(np.float64)
    if target.ndim and (target.ndim != 2 or target.shape[0] != target.shape[1]):
        raise ValueError(
            f"density must be a number or a square matrix [post, pre], got shape {target.shape}."
        )
    if not ((target >= 0) & (target <= 1)).all():
        wrong = target[~((target >= 0) & (target <= 1))][0]
        raise ValueError(f"density must be in [0, 1], got {wrong}.")
    if blocks is None:
        if target.ndim:
            raise ValueError(
                "blocks must say the block of each unit when density is a matrix, got None."
            )
        return target
    index = check_blocks(blocks, n_units)
    n_blocks = int(index.max(initial=-1)) + 1
    if target.ndim and len(target) < n_blocks:
        raise ValueError(
            f"density must have a row and a column for each of the {n_blocks} blocks, got shape "
            f"{target.shape}."
        )
    return target if target.ndim else np.full((n_blocks, n_blocks), float(target))


def check_blocks(blocks: ArrayLike, n_units: int) -> NDArray[np.intp]:
    """Return the block of each unit; refuse what is not an index per unit."""
    refuse_masked(blocks, "blocks")
    try:
        index = np.asarray(plain(blocks, "blocks"))
    except NO_NUMBERS:
        index = np.empty(0, dtype=object)
    if index.shape != (n_units,) or index.dtype.kind not in "iu" or (index < 0).any():
        raise ValueError(
            f"blocks must have one non-negative int per unit, shape ({n_units},), got "
            f"{index.dtype} of shape {index.shape}."
        )
    if index.max(initial=0) >= 2**31:
        raise ValueError(f"blocks must be numbered from 0, got a block {index.max()}.")
    return index.astype(np.intp)


def block_numbers(blocks: Any, n_units: int) -> tuple[NDArray[np.intp], tuple[Any, ...]]:
    """Return the number of the block of each unit, and the names of the blocks in their order.

    Blocks are numbers, or texts, which are numbered as they come.
    """
    refuse_masked(blocks, "blocks")
    items = list(plain(blocks, "blocks")) if np.ndim(blocks) == 1 else []
    if items and all(isinstance(item, str) for item in items):
        names = tuple(dict.fromkeys(items))
        if len(items) != n_units:
            raise ValueError(
                f"blocks must have one number or text per unit, shape ({n_units},), got shape "
                f"({len(items)},)."
            )
        return np.array([names.index(item) for item in items], dtype=np.intp), names
    found, index = np.unique(check_blocks(blocks, n_units), return_inverse=True)
    return index.astype(np.intp), tuple(found.tolist())


def each_block(
    target: NDArray[np.float64], blocks: ArrayLike | None, shape: tuple[int, int]
) -> Iterator[tuple[tuple[int, ...], Block, float]]:
    """Iterate over (position in the table of densities, rows and columns, target density)."""
    if target.ndim == 0 or blocks is None:
        yield (), (np.arange(shape[0]), np.arange(shape[1])), float(target)
        return
    index = np.asarray(blocks)
    members = [np.flatnonzero(index == k) for k in range(len(target))]
    for post, rows in enumerate(members):
        for pre, columns in enumerate(members):
            yield (post, pre), (rows, columns), float(target[post, pre])


def block_densities(
    kept: NDArray[np.bool_], target: NDArray[np.float64], blocks: ArrayLike | None
) -> Any:
    """Return the share of kept entries: a float, or a (k, k) array with NaN for empty blocks."""
    shares = np.full(target.shape, np.nan)
    for position, block, _ in each_block(target, blocks, kept.shape):
        part = kept[np.ix_(*block)]
        if part.size:
            shares[position] = part.mean()
    return float(shares) if shares.ndim == 0 else shares


def each_block_of_synapses(
    target: NDArray[np.float64],
    blocks: ArrayLike | None,
    post: NDArray[np.int64],
    pre: NDArray[np.int64],
    n_units: int,
) -> Iterator[tuple[tuple[int, ...], NDArray[np.intp], float, int]]:
    """Iterate over (position in the table of densities, its synapses, density, n of entries)."""
    if target.ndim == 0 or blocks is None:
        yield (), np.arange(len(post)), float(target), n_units**2
        return
    index, n_blocks = np.asarray(blocks), len(target)
    sizes = np.bincount(index, minlength=n_blocks)
    number = index[post] * n_blocks + index[pre]
    order = np.argsort(number, kind="stable")  # synapses of a block stay row by row
    ends = np.searchsorted(number[order], np.arange(n_blocks**2), side="right")
    for k, places in enumerate(np.split(order, ends[:-1])):
        row, column = divmod(k, n_blocks)
        n_entries = int(sizes[row] * sizes[column])
        yield (row, column), places, float(target[row, column]), n_entries


def synapse_densities(
    kept: NDArray[np.bool_],
    target: NDArray[np.float64],
    blocks: ArrayLike | None,
    post: NDArray[np.int64],
    pre: NDArray[np.int64],
    n_units: int,
) -> Any:
    """Return what `block_densities` does, of synapses of which `kept` says one by one."""
    shares = np.full(target.shape, np.nan)
    for position, places, _, size in each_block_of_synapses(target, blocks, post, pre, n_units):
        if size:
            shares[position] = np.count_nonzero(kept[places]) / size
    return float(shares) if shares.ndim == 0 else shares
