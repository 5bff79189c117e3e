"""The folders of the publication: all runs of a condition."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from sk_biornn._checks import check_choice
from sk_biornn._random import RandomState, make_rng
from sk_biornn.estimators import CellTypeRNNRegressor
from sk_biornn.io._cell_types import WHERE, load_cell_type_checkpoint

STAGES = ("initial", "dense", "sparse")


def load_cell_type_runs(
    root: str | os.PathLike[str],
    condition: str,
    stage: str = "sparse",
    *,
    populations: pd.DataFrame | None = None,
    runs: Iterable[int] | None = None,
    scaling: int | None = None,
    vanilla: bool = False,
    random_state: RandomState = None,
) -> list[CellTypeRNNRegressor]:
    """Read the runs of a condition from the folders of the publication.

    The file of run r is, under ``{root}/{Condition}-Sparse-Frozen`` (or
    ``-Sparse-Frozen-Vanilla``)::

        celltype-dale-pruning-latent-{scaling}-{r}/pts-{r}/celltypeRNN-dale-{stage}-{scaling}.pt

    Parameters
    ----------
    root : path
        Folder of the condition folders; those of the half session lie in "SubRUN" below it.
    condition : str
        "familiar_change", "novel_no_change" and so on, in any case, with "-" or "_".
    stage : {"initial", "dense", "sparse"}, default="sparse"
        Before training, before pruning, at the end.
    populations : DataFrame or None, default=None
        Table of the populations, see `load_cell_type_checkpoint`.
    runs : iterable of int or None, default=None
        Which runs, in which order; None: all that there are, by their number.
    scaling : int or None, default=None
        Size of the networks, as in the names of their folders (16 as published); None: the only
        one that there is.
    vanilla : bool, default=False
        Whether to read the networks that were trained without Dale's law; they get ``dale=None``.
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Seed of training that goes on from here.

    Returns
    -------
    list of CellTypeRNNRegressor
        Fitted networks, as `sk_biornn.inspection` takes them.

    Raises
    ------
    FileNotFoundError
        If the folder, a run or its file is missing; the message names it.
    TypeError
        If `stage` is no name.
    ValueError
        If `stage` is unknown, the folder holds runs of several scalings and `scaling` does not say
        which, or a file does not fit, see `load_cell_type_checkpoint`.

    References
    ----------
    Balwani, Wang, Najafi and Choi (2025), Science Advances, doi:10.1126/sciadv.adw4970.

    Examples
    --------
    >>> from sk_biornn.io import load_cell_type_runs
    >>> load_cell_type_runs("weights", "familiar_change", "pruned")
    Traceback (most recent call last):
        ...
    ValueError: stage must be one of ['initial', 'dense', 'sparse'], got 'pruned'.
    """
    check_choice("stage", stage, STAGES)
    rng = make_rng(random_state)
    folder = _condition_folder(Path(root), condition, vanilla)
    return [
        load_cell_type_checkpoint(
            path,
            populations,
            pruned=stage == "sparse",
            dale=None if vanilla else "projection",
            random_state=int(rng.integers(2**31)),
        )
        for path in _run_files(folder, stage, runs, scaling)
    ]


def _condition_folder(root: Path, condition: str, vanilla: bool) -> Path:
    """Return the folder of a condition: 'novel_no_change' is in 'Novel-No-Change-Sparse-Frozen'."""
    name = "-".join(part.capitalize() for part in re.split("[-_ ]", condition))
    folder = root / f"{name}-Sparse-Frozen{'-Vanilla' if vanilla else ''}"
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder of trained networks at {folder}; {WHERE}.")
    return folder


def _run_files(
    folder: Path, stage: str, runs: Iterable[int] | None, scaling: int | None
) -> list[Path]:
    """Return the files of the runs, in order."""
    runs = None if runs is None else list(runs)
    by_scaling = _run_folders(folder)
    if scaling is None and len(by_scaling) > 1:
        raise ValueError(
            f"scaling must say which runs to read, since {folder} holds runs of the scalings "
            f"{', '.join(map(str, sorted(by_scaling)))}."
        )
    size = next(iter(by_scaling), 16) if scaling is None else scaling
    found = by_scaling.get(size, {})
    missing = [run for run in (runs or ()) if run not in found]
    if not found or missing:
        what = f"run {missing[0]}" if missing else "a run"
        raise FileNotFoundError(
            f"{folder} must hold {what} in a folder celltype-dale-pruning-latent-{size}-"
            f"{missing[0] if missing else '{run}'}, got none."
        )
    name = f"celltypeRNN-dale-{stage}-{size}.pt"
    chosen = sorted(found) if runs is None else runs
    return [found[run] / name for run in chosen]


def _run_folders(folder: Path) -> dict[int, dict[int, Path]]:
    """Return the folders of the files of all runs, by scaling and number."""
    found: dict[int, dict[int, Path]] = {}
    for path in folder.glob("celltype-dale-pruning-latent-*-*"):
        match = re.fullmatch(r"celltype-dale-pruning-latent-(\d+)-(\d+)", path.name)
        if match:
            size, run = match.groups()
            found.setdefault(int(size), {})[int(run)] = path / f"pts-{run}"
    return found
