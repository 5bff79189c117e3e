"""Two-photon population activity around stimulus events, from files of the Visual Behavior kind."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sk_biornn._checks import check_choice
from sk_biornn.datasets.nwb._choice import EVENTS, Choice, check_arguments
from sk_biornn.datasets.nwb._collect import read_all
from sk_biornn.datasets.nwb._rows import rows_by_event, tables_of
from sk_biornn.datasets.nwb._series import KINDS

if TYPE_CHECKING:
    from sklearn.utils import Bunch

DESCRIPTION = """\
Two-photon calcium activity ({values}) of populations in {n_mice} mice, {n_experiments} experiments,
read from {n_read} of {n_files} NWB files and aligned to: {events}.

rows      event: population: ({what}, n_frames) {values}
metadata  one line per row, in the same order within event and population
counts    events, trials, mice, sessions, experiments, cells per event and population
cells     the cells of every experiment
files     what became of every file
time      ({n_frames},) ms from the event
"""


def load_nwb_populations(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    events: str | Sequence[str] = EVENTS,
    active: bool | None = True,
    experience: str | None = None,
    depth_bins: str | Mapping[str, Any] = "disjoint",
    areas: Mapping[str, str] | None = None,
    cell_types: Mapping[str, str] | None = None,
    window_start: float = -750.0,
    n_frames: int = 16,
    frame_rate: float = 10.7,
    keep_cells: bool = False,
    clean_windows: bool = True,
    infer_changes: bool = False,
    on_error: str = "raise",
    kind: str = "DfOverF",
    series: str | Sequence[str] | None = None,
    depths: float | Mapping[str, float] | None = None,
    infinite: str = "raise",
) -> Bunch:
    """Load population activity around image changes and omissions from NWB files.

    The files are those of the Allen Institute's Visual Behavior 2P data set, or others of the same
    structure: dF/F traces (DfOverF), the imaging plane with its structure and depth, a subject with
    a Cre line, and tables of stimulus presentations with the columns `is_change` and `omitted`.

    Parameters
    ----------
    paths : path or iterable of paths
        Files, or folders whose files ``*.nwb`` are read.
    events : str or sequence of str, default=("change", "pre_change", "omission")
        What trials are aligned to. "change": the onset of the first image after a change.
        "pre_change": the onset of the last repeat before it, so that these trials are paired with
        those of "change" by their `trial`. "omission": the time at which the omitted image was due.
    active : bool or None, default=True
        Whether to take events at which the mouse was at work (True), passive (False), or all
        (None), for which files need not say which is which.
    experience : {"familiar", "novel"} or None, default=None
        Sessions with images that the mouse knows, or with images new to it that day. None: all.
    depth_bins : {"disjoint", "paper"} or mapping, default="disjoint"
        Layers by depth. "disjoint": L2/3 to 250, L4 to 370, L5 to 500 um for Pyr; L4 to 295, L5
        from there for SST and VIP, none of which was imaged deeper than 350 um. "paper": the bins
        of Balwani et al., inclusive on both sides, in which a plane can be of L4 and of L5. A
        mapping of layers to (from, to) in um, for all types or per type (type: layer: bounds); the
        upper bound is excluded where another bin begins at it.
    areas : mapping of str to str or None, default=None
        Name of the area of every structure to be read. None is {"VISp": "V1", "VISl": "LM"}.
    cell_types : mapping of str to str or None, default=None
        Cell type of every Cre line to be read. None: Pyr for Slc17a7-IRES2-Cre, SST for
        Sst-IRES-Cre, VIP for Vip-IRES-Cre.
    window_start : float, default=-750.0
        Time of the first frame from the event, in ms.
    n_frames : int, default=16
        Number of frames.
    frame_rate : float, default=10.7
        Frames per second, in Hz. The common time base of all recordings: dF/F is interpolated
        linearly at ``window_start + 1000 k / frame_rate`` ms, k = 0 ... n_frames - 1.
    keep_cells : bool, default=False
        Whether a row is one cell in one trial, instead of the mean over the cells of the plane.
    clean_windows : bool, default=True
        Whether to leave out events with a (further) omission or change within their window.
    infer_changes : bool, default=False
        Whether to take, in a file without the column `is_change`, an image of another name than
        the last one before it that was not omitted as a change.
    on_error : {"raise", "skip"}, default="raise"
        What to do at a file that cannot be read or lacks something: raise, or go on and record it
        in `files`. If no file at all can be read, "skip" raises too.
    kind : {"DfOverF", "Fluorescence", "events"}, default="DfOverF"
        What to read; see `load_nwb_traces`. "dF/F" stands for it on this page.
    series : str, list of str or None, default=None
        Names of series to read, for files that have several of that kind for one plane:
        "dff/traces", as much of the end of "ophys/dff/traces" (module, interface, series) as tells
        it from the others. None: all of that kind.
    depths : float, mapping or None, default=None
        Depth in um of planes whose files do not say it, or say it wrongly: one number for all, or
        a mapping whose keys are names of planes, experiments, or "experiment/plane". None: as the
        files say.
    infinite : {"raise", "nan"}, default="raise"
        What to do at infinite dF/F, of cells whose baseline is 0: refuse the file, or take it as
        missing.

    Returns
    -------
    sklearn.utils.Bunch
        ``rows``: by event and population, arrays (n_rows, n_frames) of float64, named as in and in
        the order of `cortical_populations` ("V1_L4_pyr" and so on), those without rows left out.
        ``metadata``: DataFrame, one line per row:
        event, population, area, layer, cell_type, mouse, session, experiment, plane, depth (um),
        experience, cre_line, trial (number of the presentation), time (s in the recording), image,
        n_cells, and `cell` if they are kept. ``counts``: DataFrame, per event and population:
        n_events, n_unclean and n_unseen (left out because of another event in the window; because
        the recording has gaps there or does not reach so far), n_trials, n_mice, n_sessions,
        n_experiments, n_shared (of these, experiments that are in another population too) and
        n_cells. ``cells``: DataFrame, experiment, plane, roi, cell. ``files``: DataFrame, path,
        status ("read", "filtered", "failed"), reason. ``time``: (n_frames,) ms. ``DESCR``.

    Raises
    ------
    ImportError
        If pynwb is not installed.
    FileNotFoundError
        If a path does not exist, or a folder holds no NWB file.
    TypeError
        If an argument is of another kind.
    ValueError
        If an argument is not valid, an experiment comes twice, or a file is damaged, of another
        kind, or lacks something: names the file and what is missing. Something is missing, too, if
        a plane has no finite dF/F, or none around any of the events.

    Warns
    -----
    UserWarning
        If there are no rows, because all files (that can be read) are "filtered".

    See Also
    --------
    load_nwb_traces : The traces of any file with imaging, whole.
    make_population_traces : The same kind of rows, synthetic.

    Notes
    -----
    Values are in the units of the file, ``data * conversion + offset``, as `get_data_in_units` of
    pynwb has them. A depth is a plain number of um in `imaging_depth`, or a number with its unit
    (um or mm) in the description of the plane, such as "at depth 0.35 mm". Two series of one plane
    would count every trial twice and are refused, as is a presentation that is listed twice. What
    is omitted before the first image of a session is none of its presentations.

    A cell counts in a trial if its dF/F is finite in the whole window, and in the plane if its
    `valid_roi` is not False. Files of other structures, Cre lines or depths, and of sessions of
    another kind than asked for, are not errors: `files` has them as "filtered".

    Experience is not in the files by its name. It is "Novel 1" if an image was new to the mouse
    (`is_image_novel`), else "Familiar" in the stages OPHYS_1 to 3 and "Novel >1", neither of
    the two, in OPHYS_4 to 6. A file without that column counts as "Novel 1" at stage 4.

    The trials of "pre_change" show what the publication calls no change: repeats in the
    trials that end with a change, not catch trials.

    References
    ----------
    Allen Institute for Brain Science (2021), Visual Behavior 2P data set,
    https://portal.brain-map.org/circuits-behavior/visual-behavior-2p.

    Balwani, Wang, Najafi and Choi (2025), Constructing biologically constrained RNNs via Dale's
    backpropagation and topologically informed pruning, Science Advances,
    doi:10.1126/sciadv.adw4970.

    Examples
    --------
    >>> from sk_biornn.datasets import load_nwb_populations
    >>> data = load_nwb_populations("visual_behavior", experience="familiar")  # doctest: +SKIP
    >>> data.rows["change"]["V1_L23_pyr"].shape  # doctest: +SKIP
    (286, 16)
    """
    from sklearn.utils import Bunch

    choice = check_arguments(
        events, active, experience, depth_bins, areas, cell_types,
        window_start, n_frames, frame_rate, keep_cells, clean_windows, infer_changes,
        kind, series, depths, infinite,
    )  # fmt: skip
    on_error = check_choice("on_error", on_error, ("raise", "skip"))
    found, files = read_all(_resolve(paths), choice, on_error)
    _check_any(files)
    tables = tables_of(found, files, choice)
    return Bunch(
        rows=rows_by_event(found, choice),
        **tables,
        time=1000 * choice.relative_s,
        DESCR=_describe(tables, choice),
    )


def _resolve(paths: Any) -> list[Path]:
    """Return the files: folders stand for the NWB files in them."""
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    if not isinstance(paths, Iterable):
        raise TypeError(f"paths must be a path or several, got {paths!r}.")
    files: list[Path] = []
    for item in paths:
        path = Path(item)
        inside = sorted(path.glob("*.nwb")) if path.is_dir() else [path]
        if not inside:
            raise FileNotFoundError(f"{path} holds no file *.nwb.")
        files += inside
    if not files:
        raise ValueError("paths must name at least one file, got none.")
    return files


def _check_any(files: list[tuple[str, str, str]]) -> None:
    """Do not return nothing without a word."""
    status = [file[1] for file in files]
    if "read" in status:
        return
    n_failed = status.count("failed")
    if n_failed == len(files):
        raise ValueError(
            f"paths must name a file that can be read, got {n_failed} that cannot; the first: "
            f"{files[0][2]}"
        )
    path, _, reason = files[status.index("filtered")]
    warnings.warn(
        f"no rows were found in {len(files)} files ({n_failed} failed, {len(files) - n_failed} "
        f"filtered), such as {path}: {reason}.",
        UserWarning,
        stacklevel=3,
    )


def _describe(tables: dict[str, Any], choice: Choice) -> str:
    metadata, files = tables["metadata"], tables["files"]
    return DESCRIPTION.format(
        n_mice=metadata["mouse"].nunique(),
        n_experiments=metadata["experiment"].nunique(),
        n_read=int((files["status"] == "read").sum()),
        n_files=len(files),
        events=", ".join(choice.events),
        values={**KINDS, "events": "events"}[choice.kind],
        what="n_trials x n_cells" if choice.keep_cells else "n_trials",
        n_frames=len(choice.relative_s),
    )
