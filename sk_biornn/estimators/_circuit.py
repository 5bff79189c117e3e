"""What a network is before it learns: read once from the arguments, at the start of a fit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn import _structure
from sk_biornn._checks import refusal
from sk_biornn._sparse import is_sparse
from sk_biornn.units.order import UNNAMED, UnitOrder
from sk_biornn.units.signs import sign_array

Signs = NDArray[np.float64]  # +1 excitatory, -1 inhibitory, 0 free
Mask = NDArray[np.bool_]


class Projection(NamedTuple):
    """The connections of inputs to units, or of units to outputs, [post, pre]."""

    mask: Mask | None = None  # (n_post, n_pre); None: all may exist
    signs: Signs | None = None  # (n_pre,); None: all are free
    is_identity: bool = False  # whether those that may exist are 1, and stay so


class Units(NamedTuple):
    """The units, as the arguments describe them."""

    signs: Signs  # (n_units,)
    are_given: bool  # whether the user said so, or a default did
    populations: pd.DataFrame | None = None  # the checked table, in families that have one
    order: UnitOrder = UNNAMED  # of the arguments that name them

    @property
    def table(self) -> pd.DataFrame:
        """The table, asked for by families that have one."""
        assert self.populations is not None
        return self.populations


@dataclass(frozen=True, eq=False)
class Wiring:
    """The weights that gains scale, and which gain scales which of them.

    Parameters
    ----------
    kind : {"type_gains", "unit_gains"}
        What has a gain: a pair of types, or a unit on either side.
    weights : ndarray or csr_array of shape (n_units, n_units)
        W0 [post, pre], sparse where only synapses are stored.
    types : ndarray of shape (n_units,) or None
        Type of each unit.
    type_names : tuple
        Names of the types.
    """

    kind: str
    weights: Any
    types: NDArray[np.intp] | None = None
    type_names: tuple[Any, ...] = ()


class Size(NamedTuple):
    """Numbers that the data say."""

    n_features: int
    n_outputs: int


@dataclass(frozen=True, eq=False)
class Circuit:
    """Units, and which connections they may have; what trains and prunes reads nothing else.

    Parameters
    ----------
    unit_signs : ndarray of shape (n_units,)
        Sign of each unit, as stated.
    signs : ndarray of shape (n_units,)
        Sign that each column of the recurrent weights obeys.
    mask : bool ndarray or csr_array of shape (n_units, n_units)
        Synapses that may exist; sparse where only these are stored (see `_structure`). Recurrent
        weights are then values, one per synapse, wherever else they would be a matrix.
    inputs, readout : Projection
        The same of the other weights.
    n_biases : int
        Biases of a unit: none, one, or two that are added.
    populations : DataFrame or None
        One row per population, in the order of the units.
    order : UnitOrder
        Names of the units, by which labelled arguments are put in order.
    drawn, drawn_with : ndarray or None
        Synapses that chance allowed, and the probabilities, per pair of populations, that they were
        drawn with; a fit that goes on with the same probabilities does not draw again.
    wiring : Wiring or None
        The weights that gains scale; None where every synapse learns, or none.
    """

    unit_signs: Signs
    signs: Signs
    mask: Any
    inputs: Projection
    readout: Projection
    n_biases: int
    populations: pd.DataFrame | None = None
    order: UnitOrder = UNNAMED
    drawn: Mask | None = None
    drawn_with: NDArray[np.float64] | None = None
    wiring: Wiring | None = None

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(self.signs)

    @property
    def table(self) -> pd.DataFrame:
        """The table of populations, asked for by families that have one."""
        assert self.populations is not None
        return self.populations

    @property
    def is_stored(self) -> bool:
        """Whether only synapses are stored, and no matrix."""
        return is_sparse(self.mask)

    @property
    def n_synapses(self) -> int:
        """Number of synapses that may exist."""
        return int(self.mask.nnz if self.is_stored else np.count_nonzero(self.mask))

    def without(self, mask: Any) -> Circuit:
        """Return the circuit in which only synapses of `mask` are left.

        A mask of another size is passed over: the weights that belong to it are refused later.
        """
        if mask.shape != self.mask.shape:
            return self
        if self.is_stored:
            return replace(self, mask=_structure.common(self.mask, _structure.structure_of(mask)))
        return replace(self, mask=self.mask & (mask.toarray() if is_sparse(mask) else mask))

    @property
    def form(self) -> tuple[int, ...]:
        """Shape of the recurrent weights: a matrix, or one value per synapse."""
        return (self.n_synapses,) if self.is_stored else self.mask.shape

    def taken(self, matrix: Any) -> NDArray[Any]:
        """Return recurrent weights, or what is remembered of them, in the form of the circuit."""
        if self.is_stored:
            return _structure.values_on(self.mask, matrix)
        return matrix.toarray() if is_sparse(matrix) else matrix

    def matrix(self, w_rec: NDArray[Any]) -> Any:
        """Return recurrent weights as the matrix [post, pre] that they are, sparse or dense."""
        return _structure.with_values(self.mask, w_rec) if self.is_stored else w_rec

    def masks(self) -> dict[str, Mask]:
        """Return the masks of the weights, but the recurrent ones, of which some may not exist."""
        no_biases = None if self.n_biases else np.zeros(self.n_units, dtype=bool)
        masks = {"w_in": self.inputs.mask, "b_rec": no_biases, "w_out": self.readout.mask}
        return {name: mask for name, mask in masks.items() if mask is not None}


def input_projection(mask: Mask | None, asked: Any, n_features: int) -> Projection:
    """Return the connections of inputs; `asked` is the argument `input_signs`."""
    if asked is None:
        return Projection(mask)
    if isinstance(asked, str):
        _refuse_other_words("input_signs", asked, ("excitatory",))
        return Projection(mask, np.ones(n_features))
    return Projection(mask, _signs("input_signs", asked, n_features, "feature"))


def readout_projection(mask: Mask | None, asked: Any, unit_signs: Signs, n_out: int) -> Projection:
    """Return the connections to outputs; `asked` is the argument `readout_signs`."""
    if asked is None:
        return Projection(mask)
    if not isinstance(asked, str):
        return Projection(mask, _signs("readout_signs", asked, len(unit_signs), "unit"))
    _refuse_other_words("readout_signs", asked, ("excitatory", "dale"))
    if asked == "dale":
        return Projection(mask, unit_signs.copy())
    excitatory = unit_signs > 0
    if not excitatory.any():
        raise ValueError(
            "readout_signs must not be 'excitatory' in a network without excitatory units, got "
            f"signs with none among {len(unit_signs)}."
        )
    read = np.broadcast_to(excitatory, (n_out, len(unit_signs)))
    return Projection(read.copy() if mask is None else mask & read, np.ones(len(unit_signs)))


def _refuse_other_words(name: str, asked: str, words: tuple[str, ...]) -> None:
    if asked not in words:
        raise ValueError(f"{name} must be one of {list(words)}, None or an array, got {asked!r}.")


def _signs(name: str, asked: Any, count: int, what: str) -> Signs:
    try:
        return sign_array(asked, count, what)
    except (TypeError, ValueError) as error:
        # The sentence of the signs of units, with the name of this argument.
        raise type(error)(str(error).replace("signs must", f"{name} must", 1)) from None


def check_frozen(
    frozen: Any, names: tuple[str, ...], *, may_be_all: bool = False
) -> tuple[str, ...]:
    """Return the names of weights that stay as they are drawn; something must be left to train."""
    is_tuple = isinstance(frozen, (list, tuple))
    given = tuple(frozen) if is_tuple else ()
    if not is_tuple or not all(isinstance(name, str) and name in names for name in given):
        expected = f"a tuple of names among {list(names)}"
        raise refusal("frozen", expected, frozen, right_type=is_tuple)
    if set(given) == set(names) and not may_be_all:
        raise ValueError(f"frozen must leave some weights to train, got all of {list(names)}.")
    return given
