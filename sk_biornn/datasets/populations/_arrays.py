"""Folders of population arrays in the layout of the published cell-type networks."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path

import numpy as np

from sk_biornn._checks import check_choice
from sk_biornn.datasets._npy import read_npy
from sk_biornn.datasets.populations._curation import WINDOWS
from sk_biornn.datasets.populations._traces import CONDITIONS, paper_names
from sk_biornn.units.names import listed


def load_population_arrays(
    folder: str | PathLike[str],
    condition: str,
    *,
    window: str = "full",
    names: Iterable[str] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Load a folder of arrays as published with the cell-type networks of Balwani et al. (2025).

    The folder holds ``dff_{population}_{condition}_train.npy`` and ``..._test.npy``, each
    (2000, 15). In spite of their names these are input and target of the same samples, frames
    0..14 and 1..15; they hold no data set apart for testing, and a two-sided filter has put part
    of the target into the input. Nothing is unpickled.

    Parameters
    ----------
    folder : str or path-like
        Folder of the files, or the one above ``averaged_{condition}/train_test``.
    condition : str
        "familiar" or "novel", then "_change", "_no_change" or "_omission".
    window : {"full", "post"}, default="full"
        All 15 steps, or the steps 7 to 13, from one before the event.
    names : iterable of str or None, default=None
        Populations in the order of the channels, such as "V1_L23_pyr". None: the 18 of
        `sk_biornn.biology.cortical_populations`.

    Returns
    -------
    X : ndarray of shape (n_samples, n_steps, n_populations), float64
        dF/F, the input.
    y : ndarray of shape (n_samples, n_steps, n_populations), float64
        The target, one frame later.

    Raises
    ------
    FileNotFoundError
        If the folder or a file is missing; the message names them.
    TypeError
        If an argument is of another type.
    ValueError
        If a file is no plain array of finite numbers, or its shape differs from that of the others.

    References
    ----------
    Balwani, Wang, Najafi and Choi (2025), Constructing biologically constrained RNNs via Dale's
    backpropagation and topologically informed pruning, Science Advances,
    doi:10.1126/sciadv.adw4970.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from sk_biornn.datasets import load_population_arrays
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for role in ("train", "test"):
    ...     np.save(
    ...         folder / f"dff_V1_L4_pyr_novel_change_{role}.npy",
    ...         np.zeros((5, 15)),
    ...     )
    >>> X, y = load_population_arrays(folder, "novel_change", names=["V1_L4_pyr"])
    >>> X.shape
    (5, 15, 1)
    """
    check_choice("condition", condition, CONDITIONS)
    check_choice("window", window, WINDOWS)
    chosen = _check_names(paper_names() if names is None else names)
    folder = _folder_of(Path(folder), condition)
    paths = [
        [folder / f"dff_{name}_{condition}_{role}.npy" for name in chosen]
        for role in ("train", "test")
    ]
    missing = [path.name for role in paths for path in role if not path.is_file()]
    if missing:
        raise FileNotFoundError(
            f"{folder} must hold two files for each of the {len(chosen)} populations, got none "
            f"called {listed(missing)}; the published code (doi:10.1126/sciadv.adw4970) says in "
            "its README where the arrays are."
        )
    shape = read_npy(paths[0][0]).shape
    X, y = (np.stack([_read(path, shape, paths[0][0]) for path in role], axis=2) for role in paths)
    if window != "full" and X.shape[1] < WINDOWS[window].stop:
        raise ValueError(
            f"{folder} must hold arrays of at least {WINDOWS[window].stop} steps for "
            f"window={window!r}, got {X.shape[1]}."
        )
    steps = WINDOWS[window]
    return np.ascontiguousarray(X[:, steps]), np.ascontiguousarray(y[:, steps])


def _check_names(names: Iterable[str]) -> list[str]:
    if isinstance(names, str):
        raise TypeError(f"names must be a sequence of names of populations, got {names!r}.")
    chosen = [str(name) for name in names]
    if not chosen or len(set(chosen)) < len(chosen):
        raise ValueError(f"names must be different names of populations, got {chosen!r}.")
    if any(Path(name).name != name for name in chosen):
        raise ValueError("names must be names of populations, not paths.")
    return chosen


def _folder_of(folder: Path, condition: str) -> Path:
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder of population arrays at {folder}.")
    below = folder / f"averaged_{condition}" / "train_test"
    return below if below.is_dir() else folder


def _read(path: Path, shape: tuple[int, ...], first: Path) -> np.ndarray:
    array = read_npy(path)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{path} must have shape (n_samples, n_steps), got {array.shape}.")
    if array.shape != shape:
        raise ValueError(f"{path} must have the shape of {first.name}, {shape}, got {array.shape}.")
    bad = int((~np.isfinite(array)).any(axis=1).sum())
    if bad:
        raise ValueError(f"{path} must hold finite numbers, got NaN or infinity in {bad} samples.")
    return array
