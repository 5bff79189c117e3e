"""Traces of a folder that suite2p wrote, steps first."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from sk_biornn._checks import check_choice, check_flag, check_number

KINDS = ("F", "spks")


def load_suite2p(
    folder: str | PathLike[str], *, iscell: bool = True, neuropil: float = 0.7, kind: str = "F"
) -> pd.DataFrame:
    """Load the traces of a plane that suite2p has processed, as a recording (n_steps, n_cells).

    suite2p writes (cells, frames); here frames come first. The fluorescence of each region of
    interest is corrected for the neuropil around it, as suite2p does before it finds spikes::

        F_corrected = F - neuropil * Fneu

    Parameters
    ----------
    folder : str or path-like
        Folder of one plane, such as ``suite2p/plane0``, with F.npy, Fneu.npy, iscell.npy and, for
        ``kind="spks"``, spks.npy.
    iscell : bool, default=True
        Whether to keep only regions that are cells by the first column of iscell.npy.
    neuropil : float, default=0.7
        Of "F": share of the neuropil to subtract; 0.7 is suite2p's own default (`neucoeff`). 0
        leaves F as it is.
    kind : {"F", "spks"}, default="F"
        Fluorescence, or the activity that suite2p deconvolved from it.

    Returns
    -------
    DataFrame of shape (n_steps, n_cells)
        One row per frame, in the number type of the file (float32). Columns: "roi0", "roi7" and so
        on, with the numbers that suite2p gives to regions. The frames per second are not among the
        files that are read: `cut_trials` takes them as `rate`.

    Raises
    ------
    FileNotFoundError
        If the folder or a file is missing; the message names it.
    TypeError
        If an argument is of another type.
    ValueError
        If an argument or a file does not fit, or no region is a cell.

    See Also
    --------
    cut_trials : From a recording to trials.

    Notes
    -----
    ops.npy and stat.npy, with the settings and the pixels of each region, are pickled Python
    objects. Unpickling runs what a file says, so that they are not read.

    References
    ----------
    Pachitariu, Stringer, Dipoppa, Schröder, Rossi, Dalgleish, Carandini and Harris (2017),
    Suite2p: beyond 10,000 neurons with standard two-photon microscopy, bioRxiv,
    doi:10.1101/061507.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from sk_biornn.datasets import load_suite2p
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> # cells first
    >>> np.save(folder / "F.npy", np.full((3, 100), 10.0, dtype=np.float32))
    >>> np.save(folder / "Fneu.npy", np.full((3, 100), 5.0, dtype=np.float32))
    >>> np.save(
    ...     folder / "iscell.npy", np.array([[1.0, 0.9], [0.0, 0.2], [1.0, 0.8]])
    ... )
    >>> traces = load_suite2p(folder)
    >>> traces.shape, list(traces.columns), float(traces.iloc[0, 0])
    ((100, 2), ['roi0', 'roi2'], 6.5)
    """
    check_flag("iscell", iscell)
    neuropil = check_number("neuropil", neuropil, low=0.0)
    check_choice("kind", kind, KINDS)
    path = _folder_of(Path(folder))
    values = _read(path / f"{kind}.npy")
    cells = _cells(path / "iscell.npy", len(values)) if iscell else np.arange(len(values))
    traces = np.array(values[cells].T)
    if kind == "F" and neuropil > 0:
        around = _read(path / "Fneu.npy")
        if around.shape != values.shape:
            raise ValueError(
                f"{path / 'Fneu.npy'} must have the shape of F.npy, {values.shape}, got "
                f"{around.shape}."
            )
        traces -= traces.dtype.type(neuropil) * around[cells].T
    return pd.DataFrame(traces, columns=[f"roi{number}" for number in cells])


def _folder_of(folder: Path) -> Path:
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder of suite2p at {folder}.")
    if (folder / "F.npy").is_file():
        return folder
    planes = sorted(path.parent.name for path in folder.glob("*/F.npy"))
    hint = f"; it holds the folders {planes}, pass one of them" if planes else ""
    raise FileNotFoundError(f"{folder} must hold F.npy, as suite2p writes it, got none{hint}.")


def _read(path: Path) -> np.ndarray:
    """Return an array (cells, frames) without taking it into memory, and without unpickling."""
    if not path.is_file():
        raise FileNotFoundError(f"{path.parent} must hold {path.name}, as suite2p writes it.")
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # a damaged header can raise anything
        if "allow_pickle" in str(error) or "Python objects" in str(error):
            reason = "it holds pickled Python objects, which are not read"
        else:
            reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise ValueError(f"{path} is not a plain npy file: {reason}.") from None
    if values.ndim != 2 or 0 in values.shape or values.dtype.kind not in "fiub":
        raise ValueError(
            f"{path} must hold numbers of shape (cells, frames), got {values.dtype} of shape "
            f"{values.shape}."
        )
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def _cells(path: Path, n_regions: int) -> np.ndarray:
    marks = _read(path)
    if len(marks) != n_regions:
        raise ValueError(
            f"{path} must have one row per region of interest ({n_regions}), got {len(marks)}."
        )
    cells = np.flatnonzero(marks[:, 0] > 0.5)
    if not cells.size:
        raise ValueError(
            f"{path} must mark at least one region as a cell, got none of {n_regions}; "
            "iscell=False reads all of them."
        )
    return cells
