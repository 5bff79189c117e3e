"""Checkpoints of cell-type networks: from the published keys to attributes, and back."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.utils.validation import check_is_fitted

from sk_biornn._atomic import write_bytes
from sk_biornn._random import RandomState
from sk_biornn.biology.populations import (
    check_populations,
    cortical_populations,
    unit_ranges,
    unit_signs,
)
from sk_biornn.estimators import CellTypeRNNRegressor
from sk_biornn.estimators._physiology import EXTRA_ATTRIBUTES
from sk_biornn.io._torch_file import read_arrays
from sk_biornn.units.names import listed

W_IN, W_REC = "rnn.weight_ih_l0", "rnn.weight_hh_l0"
BIASES = ("rnn.bias_ih_l0", "rnn.bias_hh_l0")
# What the format takes for granted.
PUBLISHED = {
    "activation": "tanh",
    "rectify": True,
    "readout_from": "state",
    "dt": None,
    "readout": "population",
    "output_activation": "identity",
    "predict_increments": False,
    "observation": "gaussian",
    "calcium_tau": None,
}
WHERE = "the published code (doi:10.1126/sciadv.adw4970) says in its README where they are"


def load_cell_type_checkpoint(
    path: str | os.PathLike[str],
    populations: pd.DataFrame | None = None,
    *,
    pruned: bool = True,
    dale: Any = "projection",
    random_state: RandomState = None,
) -> CellTypeRNNRegressor:
    """Read a trained network of the publication, or of `save_cell_type_checkpoint`.

    Parameters
    ----------
    path : path
        A `.pt` file with the keys listed at the head of `sk_biornn.io`.
    populations : DataFrame or None, default=None
        Table of the populations, in the order of the read-outs fc1, fc2, ...; None: the eighteen
        published ones (`cortical_populations`), as large as the file says.
    pruned : bool, default=True
        Whether a weight of 0 is a synapse that does not exist, as in the "sparse" checkpoints, and
        training that goes on leaves it so. False: all synapses exist ("initial", "dense").
    dale : "projection", None or other, default="projection"
        How Dale's law is kept, see `CellTypeRNNRegressor`; None for networks that were trained
        without it ("vanilla").
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Seed of training that goes on from here.

    Returns
    -------
    CellTypeRNNRegressor
        The fitted network: ``input_mask=None``, since in the published networks every unit sees
        every channel, tanh, rectified rates, read-out of each population from its states. Its
        `n_iter_` is 0 and its `loss_curve_` empty: files do not have them.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is no checkpoint, holds anything but tensors and plain values, lacks a key or
        has others, a tensor has another shape than the populations ask for or is not finite, or a
        weight has not the sign of its population.

    See Also
    --------
    load_cell_type_runs : All runs of a condition.

    Notes
    -----
    To go on with training: ``reg.set_params(warm_start=True, max_iter=50).fit(X, y)``. A network
    whose file has no biases of the units, as published, learns none: ``recurrent_bias=False``.

    References
    ----------
    Balwani, Wang, Najafi and Choi (2025), Constructing biologically constrained RNNs via Dale's
    backpropagation and topologically informed pruning, Science Advances,
    doi:10.1126/sciadv.adw4970.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sk_biornn import CellTypeRNNRegressor
    >>> from sk_biornn.biology import cortical_populations
    >>> from sk_biornn.datasets import make_population_traces
    >>> from sk_biornn.io import (
    ...     load_cell_type_checkpoint, save_cell_type_checkpoint,
    ... )
    >>> X, y = make_population_traces(20, random_state=0)
    >>> reg = CellTypeRNNRegressor(
    ...     populations=cortical_populations(scaling=1), input_mask=None,
    ...     max_iter=2, pruning="random", density=0.1, finetune_iter=1,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "run-0.pt"
    >>> save_cell_type_checkpoint(reg, path)
    >>> loaded = load_cell_type_checkpoint(path)
    >>> loaded.populations_["population"].tolist()[:3], loaded.W_rec_.shape
    (['V1_L4_pyr', 'V1_L4_sst', 'V1_L4_vip'], (90, 90))
    >>> bool((loaded.predict(X) == reg.predict(X)).all())
    True
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint at {path}; {WHERE}.")
    arrays = read_arrays(path)
    table = _populations_of(path, arrays) if populations is None else check_populations(populations)
    _check_keys(path, arrays, _shapes(table, with_biases=BIASES[0] in arrays))
    return _fitted(path, _weights(arrays, table), table, pruned, dale, random_state)


def save_cell_type_checkpoint(
    estimator: CellTypeRNNRegressor, path: str | os.PathLike[str]
) -> None:
    """Write a fitted network as a checkpoint that the published code can load.

    Parameters
    ----------
    estimator : CellTypeRNNRegressor
        A fitted network with a table of populations and the dynamics of the publication, which is
        what the file format can say: tanh, rectified rates, no time constants, each population's
        output read from its states.
    path : path
        The file; an existing one is replaced, whole or not at all.

    Raises
    ------
    ValueError
        If the network has other dynamics or another read-out.
    NotFittedError
        If it has not been fitted.

    See Also
    --------
    load_cell_type_checkpoint : The way back.

    Notes
    -----
    Weights only: arguments, masks and the state of the optimiser are not part of the format. The
    published network has no biases of its units; if `b_rec_` is not 0, the file has the keys
    rnn.bias_ih_l0 and rnn.bias_hh_l0 (of zeros), and needs ``nn.RNN(..., bias=True)``.

    Examples
    --------
    See `load_cell_type_checkpoint`.

    >>> from sk_biornn.io import save_cell_type_checkpoint
    >>> from sk_biornn import DaleRNNRegressor
    >>> save_cell_type_checkpoint(DaleRNNRegressor(), "network.pt")
    Traceback (most recent call last):
        ...
    ValueError: estimator must be a CellTypeRNNRegressor with populations, got DaleRNNRegressor.
    """
    _check_saveable(estimator)
    table = estimator.populations_
    arrays = {W_IN: estimator.W_in_, W_REC: estimator.W_rec_}
    if estimator.b_rec_.any():
        arrays |= {BIASES[0]: estimator.b_rec_, BIASES[1]: np.zeros_like(estimator.b_rec_)}
    for k, units in enumerate(unit_ranges(table).values()):
        arrays[f"fc{k + 1}.weight"] = estimator.W_out_[k : k + 1, units]
        arrays[f"fc{k + 1}.bias"] = estimator.b_out_[k : k + 1]
    tensors = {key: torch.from_numpy(np.array(array)) for key, array in arrays.items()}
    buffer = io.BytesIO()
    torch.save(tensors, buffer)
    write_bytes(path, buffer.getvalue())


def _populations_of(path: Path, arrays: dict[str, np.ndarray]) -> pd.DataFrame:
    """Return the table of the paper in the size of the file."""
    per_scaling = int(cortical_populations(scaling=1)["n_units"].sum())
    shape = arrays[W_REC].shape if W_REC in arrays else (16 * per_scaling,)
    if not shape or shape[0] == 0 or shape[0] % per_scaling:
        raise ValueError(
            f"{W_REC} in {path} must have a multiple of {per_scaling} units for the published "
            f"populations, got shape {shape}; populations says which others there are."
        )
    return cortical_populations(scaling=shape[0] // per_scaling)


def _shapes(table: pd.DataFrame, with_biases: bool) -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor of a checkpoint."""
    n_units, n_populations = int(table["n_units"].sum()), len(table)
    shapes: dict[str, tuple[int, ...]] = {
        W_IN: (n_units, n_populations),
        W_REC: (n_units, n_units),
    }
    if with_biases:
        shapes |= dict.fromkeys(BIASES, (n_units,))
    for k, size in enumerate(table["n_units"], start=1):
        shapes |= {f"fc{k}.weight": (1, int(size)), f"fc{k}.bias": (1,)}
    return shapes


def _check_keys(
    path: Path, arrays: dict[str, np.ndarray], shapes: dict[str, tuple[int, ...]]
) -> None:
    """Refuse a checkpoint of other keys or shapes than the populations ask for."""
    missing = [key for key in shapes if key not in arrays]
    unknown = [key for key in arrays if key not in shapes]
    if missing or unknown:
        what = f"no {listed(missing)}" if missing else f"also {listed(unknown)}"
        raise ValueError(
            f"{path} must hold the {len(shapes)} tensors {W_IN}, {W_REC}, fc1.weight, fc1.bias and "
            f"so on of a cell-type network, got {what}."
        )
    for key, expected in shapes.items():
        if arrays[key].shape != expected:
            raise ValueError(
                f"{key} in {path} must have shape {expected} for these populations, got "
                f"{arrays[key].shape}."
            )


def _weights(arrays: dict[str, np.ndarray], table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the attributes that hold weights, all of one dtype."""
    dtype = np.result_type(*arrays.values())
    n_units = len(arrays[W_REC])
    w_out = np.zeros((len(table), n_units), dtype)
    for k, units in enumerate(unit_ranges(table).values()):
        w_out[k, units] = arrays[f"fc{k + 1}.weight"][0]
    b_rec = sum((arrays[key] for key in BIASES if key in arrays), np.zeros(n_units, dtype))
    b_out = np.concatenate([arrays[f"fc{k + 1}.bias"] for k in range(len(table))])
    weights = {
        "W_in_": arrays[W_IN],
        "W_rec_": arrays[W_REC],
        "b_rec_": b_rec,
        "W_out_": w_out,
        "b_out_": b_out,
    }
    return {name: array.astype(dtype) for name, array in weights.items()}


def _fitted(
    path: Path,
    weights: dict[str, np.ndarray],
    table: pd.DataFrame,
    pruned: bool,
    dale: Any,
    random_state: RandomState,
) -> CellTypeRNNRegressor:
    """Return an estimator that is as if it had been fitted to these weights."""
    W = weights["W_rec_"]
    against = int((W * unit_signs(table) < 0).sum()) if dale is not None else 0
    if against:
        raise ValueError(
            f"{W_REC} in {path} must obey the signs of the populations with dale={dale!r}, got "
            f"{against} weights of the other sign; dale=None reads networks without Dale's law."
        )
    given: dict[str, Any] = {name.removesuffix("_"): array for name, array in weights.items()}
    reg = CellTypeRNNRegressor.from_weights(
        **given,
        populations=table,
        input_mask=None,
        recurrent_bias=bool(weights["b_rec_"].any()),
        mask=W != 0 if pruned else None,
        dale=dale,
        random_state=random_state,
    )
    return reg.set_params(random_state=None)  # what goes on has its own generator


def _check_saveable(estimator: Any) -> None:
    """Refuse networks that the format cannot describe."""
    if not isinstance(estimator, CellTypeRNNRegressor) or estimator.populations is None:
        without = " without" if isinstance(estimator, CellTypeRNNRegressor) else ""
        raise ValueError(
            "estimator must be a CellTypeRNNRegressor with populations, got "
            f"{type(estimator).__name__}{without}."
        )
    check_is_fitted(estimator, "W_rec_")
    for attribute in EXTRA_ATTRIBUTES.values():
        if hasattr(estimator, attribute):
            raise ValueError(
                f"{attribute} must not be there in a network that is saved as a checkpoint, which "
                "has no place for what is learned beside weights."
            )
    for name, value in PUBLISHED.items():
        found = getattr(estimator, name)
        if found != value:
            raise ValueError(
                f"{name} must be {value!r} in a network that is saved as a checkpoint, got "
                f"{found!r}."
            )
