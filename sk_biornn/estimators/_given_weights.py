"""Weights that come from elsewhere: checked as what a fit could have left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sk_biornn import _structure
from sk_biornn._plain import real_array, short
from sk_biornn._sparse import dense, is_sparse, summed
from sk_biornn.estimators._circuit import Circuit, Size
from sk_biornn.units.connectome import Connectome
from sk_biornn.units.order import UnitOrder

Arrays = dict[str, NDArray[Any]]
WORDS = {"w_in": "W_in", "w_rec": "W_rec", "b_rec": "b_rec", "w_out": "W_out", "b_out": "b_out"}

OF_UNITS = {"w_rec": (0, 1), "w_in": (0,), "b_rec": (0,), "w_out": (1,)}  # axes that are units


def weights_order(given: dict[str, Any], arguments: Mapping[str, Any]) -> UnitOrder:
    """Return the order of the units in arguments and weights that name them."""
    weights = {WORDS[name]: (given[name], axes) for name, axes in OF_UNITS.items()}
    return UnitOrder.of({**arguments, **weights})


def arranged(given: dict[str, Any], order: UnitOrder) -> dict[str, Any]:
    """Return weights that have labels as plain arrays in the order of the units."""
    in_order = {
        name: order.arranged(given[name], WORDS[name], axes) for name, axes in OF_UNITS.items()
    }
    return {**given, **in_order}


def read_weights(given: dict[str, Any]) -> tuple[Arrays, Size]:
    """Return the five arrays, of one dtype; biases that are None are zero.

    All are float32 if the recurrent weights are, and float64 otherwise.
    """
    if isinstance(given["w_rec"], Connectome):
        given = {**given, "w_rec": given["w_rec"].weights}
    w_rec = given["w_rec"] if is_sparse(given["w_rec"]) else np.asarray(given["w_rec"])
    dtype = np.float32 if w_rec.dtype in (np.float32, np.float16) else np.float64
    arrays: dict[str, Any] = {
        name: _numbers(value, WORDS[name]) for name, value in given.items() if value is not None
    }
    n_units = arrays["w_rec"].shape[0] if arrays["w_rec"].ndim else 0
    size = Size(
        *(
            arrays[name].shape[axis] if arrays[name].ndim == 2 else 0
            for name, axis in (("w_in", 1), ("w_out", 0))
        )
    )
    shapes = {
        "w_rec": (n_units, n_units),
        "w_in": (n_units, size.n_features),
        "b_rec": (n_units,),
        "w_out": (size.n_outputs, n_units),
        "b_out": (size.n_outputs,),
    }
    for name, shape in shapes.items():
        if name not in arrays:
            arrays[name] = np.zeros(shape)
        array = arrays[name]
        if array.shape != shape or 0 in shape:
            raise ValueError(
                f"{WORDS[name]} must have shape {_SHAPES[name]}, here {shape}, got shape "
                f"{array.shape}."
            )
        if not np.isfinite(array.data if is_sparse(array) else array).all():
            raise ValueError(f"{WORDS[name]} must be finite, got NaN or infinity.")
    return {name: arrays[name].astype(dtype) for name in WORDS}, size


def _numbers(value: Any, name: str) -> Any:
    if name != "W_rec" or not is_sparse(value):
        return real_array(value, name, "an array of numbers")
    matrix = summed(value)
    numbers = real_array(matrix.data, name, "an array of numbers")
    return sp.csr_array((numbers, matrix.indices, matrix.indptr), shape=matrix.shape)


_SHAPES = {
    "w_rec": "(n_units, n_units)",
    "w_in": "(n_units, n_features)",
    "b_rec": "(n_units,)",
    "w_out": "(n_outputs, n_units)",
    "b_out": "(n_outputs,)",
}


def refuse_contradictions(weights: Arrays, circuit: Circuit, dale: Any) -> None:
    """Refuse weights of other signs, or in other places, than the arguments allow."""
    n_units = weights["w_rec"].shape[0]
    if circuit.n_units != n_units:
        raise ValueError(
            f"W_rec must have the {circuit.n_units} units that the arguments describe, got "
            f"{n_units}."
        )
    signs = {
        "w_rec": circuit.signs,
        "w_in": circuit.inputs.signs,
        "w_out": circuit.readout.signs,
    }
    for name, of_columns in signs.items():
        against = 0 if of_columns is None else _count_against(weights[name], of_columns)
        if against:
            law = f" with dale={short(dale)}" if name == "w_rec" else ""
            raise ValueError(
                f"{WORDS[name]} must obey the signs of its columns{law}, got {against} weights of "
                "the other sign."
            )
    ones = circuit.readout.mask if circuit.readout.is_identity else None
    if ones is not None and not np.array_equal(weights["w_out"], ones):
        raise ValueError(
            "W_out must be 1 where an output reads its unit with observed and "
            "readout_gain='identity', and 0 elsewhere, got other weights; readout_gain='positive' "
            "takes gains."
        )
    for name, mask in {**circuit.masks(), "w_rec": circuit.mask}.items():
        off = _count_off(weights[name], mask)
        if off:
            raise ValueError(
                f"{WORDS[name]} must be 0 where the arguments allow no connection, got {off} "
                "weights there."
            )


def _count_against(weights: Any, of_columns: NDArray[Any]) -> int:
    """Return how many weights have the other sign than that of their column."""
    if is_sparse(weights):
        return int((weights.data * of_columns[weights.indices] < 0).sum())
    return int((weights * of_columns < 0).sum())


def _count_off(weights: Any, mask: Any) -> int:
    """Return how many weights that are not 0 lie off a mask."""
    if is_sparse(mask):
        return _structure.count_off(mask, weights)
    return int(np.count_nonzero(dense(weights, "W_rec")[~mask]))
