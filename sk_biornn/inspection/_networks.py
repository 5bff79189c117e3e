"""What the analyses look at: the networks in an argument, and the blocks of their units."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn._checks import check_choice
from sk_biornn._plain import plain, plain_frame, refuse_masked, short
from sk_biornn._sparse import is_sparse
from sk_biornn._wrapped import within
from sk_biornn.metrics._checks import either_weights
from sk_biornn.units.names import cell_type_name, listed, name_key
from sk_biornn.units.order import UnitOrder, square_in_order

LEVELS = ("population", "layer", "area", "cell_type")


class Blocks(NamedTuple):
    """Which block every unit belongs to."""

    labels: list[str]  # (n_blocks,)
    of_unit: NDArray[np.intp]  # (n_units,): number of the block of every unit

    def indicator(self) -> NDArray[np.float64]:
        """Return which unit is in which block: 0 or 1, of shape (n_blocks, n_units)."""
        return (np.arange(len(self.labels))[:, None] == self.of_unit).astype(np.float64)


def networks_in(estimators: Any, name: str = "estimators") -> list[Any]:
    """Return the fitted networks and bare matrices in `estimators`, however they are wrapped."""
    try:
        found = list(_find(estimators))
    except RecursionError:
        raise ValueError(f"{name} must hold fitted estimators, got a list in itself.") from None
    if not found:
        raise ValueError(
            f"{name} must hold fitted estimators with W_rec_ or weight matrices (n_units, n_units),"
            f" got {_described(estimators)}."
        )
    return found


def _find(item: Any) -> Iterator[Any]:
    is_matrix = is_sparse(item) or (isinstance(item, np.ndarray) and item.ndim == 2)
    if hasattr(item, "W_rec_") or is_matrix:
        yield item
    elif isinstance(item, (list, tuple)) or (isinstance(item, np.ndarray) and item.ndim == 3):
        for part in item:
            inside = list(_find(part))
            if not inside:
                raise ValueError(
                    "every run must be a fitted estimator with W_rec_ or a weight matrix (n_units, "
                    f"n_units), got {_described(part)}."
                )
            yield from inside
    else:
        for inner in within(item):
            yield from _find(inner)


def _described(item: Any) -> str:
    if isinstance(item, np.ndarray):
        return f"an array of shape {item.shape}"
    return "nothing" if isinstance(item, (list, tuple)) and not item else type(item).__name__


def one_network_in(estimator: Any) -> Any:
    """Return the only fitted network in `estimator`."""
    networks = networks_in(estimator, "estimator")
    if len(networks) != 1:
        raise ValueError(f"estimator must hold one network, got {len(networks)}.")
    return networks[0]


def weights_of(network: Any) -> Any:
    """Return W[post, pre] of an estimator or a bare matrix, a `csr_array` where it is sparse."""
    return either_weights(getattr(network, "W_rec_", network))


def order_of(network: Any) -> UnitOrder:
    """Return the names of the units of an estimator, or of a matrix with labels."""
    if not hasattr(network, "W_rec_"):
        return square_in_order(network, "W")[1]
    return UnitOrder(getattr(network, "unit_names_", None), "the fitted network")


def blocks_of(network: Any, labels: Any = None, level: str = "population") -> Blocks:
    """Return the blocks of a network, from `labels` or from its own table of populations."""
    check_choice("level", level, LEVELS)
    table = _table_in(network, labels)
    blocks = _of_units(network, labels, level) if table is None else _of_table(table, level)
    n_units = weights_of(network).shape[0]
    if len(blocks.of_unit) != n_units:
        raise ValueError(
            f"labels must speak of the {n_units} units of the network, got {len(blocks.of_unit)}."
        )
    return blocks


def units_named(network: Any, name: str, labels: Any = None) -> NDArray[np.intp]:
    """Return the units of a population, or of a layer, an area or a cell type of the table.

    A name that several levels have is that of the finest one, which is that of a single unit where
    the units have names.
    """
    names = order_of(network).names or ()
    if name in names:
        return np.flatnonzero([own == name for own in names])
    if names and labels is None and not hasattr(network, "populations_"):
        raise ValueError(
            f"part must name units of the network ({listed(names, 20)}), got {name!r}."
        )
    blocks = blocks_of(network, labels)
    table = _table_in(network, labels)
    if table is None:
        named = {
            label: np.flatnonzero(blocks.of_unit == k) for k, label in enumerate(blocks.labels)
        }
        levels = {"population": named}
    else:
        from sk_biornn.biology._population_units import units_by_name

        levels = {level: named for level, named in units_by_name(table).items() if named}
    for named in levels.values():
        for spelling in (str, name_key, cell_type_name):  # first as it is written
            found = [named[own] for own in named if spelling(own) == spelling(name)]
            if found:
                return np.concatenate(found)
    *others, last = [f"{level.replace('_', ' ')}s" for level in levels]
    kinds = f"{', '.join(others)} or {last}" if others else last
    known = "; ".join(listed(named, 20) for named in levels.values())
    raise ValueError(f"part must name {kinds} of the network ({known}), got {short(name)}.")


def _table_in(network: Any, labels: Any) -> pd.DataFrame | None:
    """Return the table of populations, or None if there is one label per unit instead."""
    if labels is not None:
        labels = plain_frame(labels)
        return labels if isinstance(labels, pd.DataFrame) else None
    table = getattr(network, "populations_", None)
    if table is None:
        raise ValueError(
            "labels must be given, one per unit or a table of populations: "
            f"{type(network).__name__} has no populations_."
        )
    return table


def _of_table(table: pd.DataFrame, level: str) -> Blocks:
    from sk_biornn.biology.populations import block_labels, unit_index

    return Blocks(block_labels(table, level), unit_index(table, level))


def _of_units(network: Any, labels: Any, level: str) -> Blocks:
    if level != "population":
        raise ValueError(
            "labels must be a table of populations with their areas, layers or cell types for "
            f"level={short(level)}, got one label per unit."
        )
    refuse_masked(labels, "labels")
    labels = order_of(network).arranged(labels, "labels", (0,))
    per_unit = np.asarray(plain(labels, "labels"))
    if per_unit.ndim != 1:
        raise ValueError(f"labels must be of shape (n_units,), got {per_unit.shape}.")
    names = [str(label) for label in per_unit]
    number = {name: k for k, name in enumerate(dict.fromkeys(names))}
    return Blocks(list(number), np.array([number[name] for name in names], dtype=np.intp))


def same_blocks(networks: list[Any], labels: Any, level: str, name: str) -> Blocks:
    """Return the blocks that all networks share, or raise if they do not."""
    first = blocks_of(networks[0], labels, level)
    for run, network in enumerate(networks[1:], start=1):
        other = blocks_of(network, labels, level)
        if other.labels != first.labels or not np.array_equal(other.of_unit, first.of_unit):
            raise ValueError(
                f"{name} must have the same populations in every run, got others in run {run} than "
                "in run 0."
            )
    return first
