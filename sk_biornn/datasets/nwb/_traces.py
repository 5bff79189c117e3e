"""The traces of any NWB file with imaging, whole: values in their units, times, cells."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn._checks import check_choice
from sk_biornn._plain import short
from sk_biornn.datasets.nwb._choice import check_series
from sk_biornn.datasets.nwb._open import opened
from sk_biornn.datasets.nwb._series import KINDS, Series, chosen_series
from sk_biornn.datasets.nwb._values import (
    INFINITE,
    cell_columns,
    check_infinite,
    noun,
    rois_of,
    times_of,
    values_in_units,
)

_JITTER = 0.1  # of the usual step; clocks of microscopes are steadier, a lost frame is 1


@dataclass(frozen=True, eq=False)
class Traces:
    """Traces of the cells of one imaging plane.

    Parameters
    ----------
    values : ndarray of shape (n_steps, n_cells)
        Values of the cells in time, float64, in `unit`; NaN where they are missing.
    times : ndarray of shape (n_steps,)
        Time of every step in s, from the beginning of the session.
    cells : DataFrame of n_cells rows
        Table of cells, in the order of the columns of `values`: their number in the file (`roi`)
        and every other column of the file's table that has one value per cell.
    plane : str or None
        Name of the imaging plane; None if the file does not say it.
    series : str
        Name of the series in the file: processing module, interface and series.
    unit : str
        Unit of the values as it is written in the file.

    See Also
    --------
    load_nwb_traces : Reads them from a file.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sk_biornn.datasets import Traces
    >>> cells = pd.DataFrame({"roi": [7, 9]})
    >>> traces = Traces(
    ...     np.eye(2), np.array([0.0, 0.1]), cells, "plane", "ophys/dff/traces",
    ...     "n.a.",
    ... )
    >>> traces.to_frame()
    roi    7    9
    time
    0.0  1.0  0.0
    0.1  0.0  1.0
    """

    values: NDArray[np.float64]
    times: NDArray[np.float64]
    cells: pd.DataFrame
    plane: str | None
    series: str
    unit: str

    def to_frame(self) -> pd.DataFrame:
        """Return the values as a frame with an index of times and a column per cell.

        Returns
        -------
        DataFrame of shape (n_steps, n_cells)
            The index is `time` in s, the columns are the numbers of the cells (`roi`).
        """
        columns = pd.Index(self.cells["roi"], name="roi")
        return pd.DataFrame(self.values, index=pd.Index(self.times, name="time"), columns=columns)


def load_nwb_traces(
    path: str | os.PathLike[str],
    kind: str = "DfOverF",
    *,
    plane: str | None = None,
    series: str | None = None,
    infinite: str = "raise",
) -> Traces:
    """Load the traces of the cells of one imaging plane from any NWB file with imaging.

    Parameters
    ----------
    path : path
        File of NWB 2.
    kind : {"DfOverF", "Fluorescence", "events"}, default="DfOverF"
        What to read, wherever it lies in the file. "DfOverF": series in a `DfOverF`, or called so.
        "Fluorescence": series in a `Fluorescence`, but for those of the neuropil. "events": what
        was inferred from the fluorescence, such as the AllenSDK's `event_detection` or what
        suite2p calls `Deconvolved`.
    plane : str or None, default=None
        Name of the imaging plane, for files that have several.
    series : str or None, default=None
        Name of the series, for files that have several of the kind, or one that is of no kind:
        "dff/traces", as much of the end of "ophys/dff/traces" as tells it from the others.
    infinite : {"raise", "nan"}, default="raise"
        What to do at infinite values: refuse them, or take them as missing.

    Returns
    -------
    Traces
        ``values`` (n_steps, n_cells) in the units of the file, ``times`` (n_steps,) in s and the
        table of ``cells``, one row per column of values.

    Raises
    ------
    ImportError
        If pynwb is not installed.
    FileNotFoundError
        If the file does not exist.
    TypeError
        If an argument is of another kind.
    ValueError
        If the file cannot be read, has no traces of the kind or several of them, or traces that
        are damaged: names the file, what it has, and the argument that chooses.

    Warns
    -----
    UserWarning
        If values are missing (NaN), or timestamps are irregular: steps that differ by more than a
        tenth from the usual one.

    See Also
    --------
    load_nwb_populations : Trials around the events of a task, from many files.

    Notes
    -----
    Values are ``data * conversion + offset``, as `get_data_in_units` of pynwb has them. Time is the
    first axis of the format; a file that has it second, a frequent mistake, is understood by its
    number of cells and of timestamps. All cells of the series are returned: those that the file
    marks as bad are marked in `cells`, in the column that it has for that.

    Examples
    --------
    >>> from sk_biornn.datasets import load_nwb_traces
    >>> traces = load_nwb_traces("mouse_1.nwb", kind="events")  # doctest: +SKIP
    >>> traces.values.shape, traces.times.shape, len(traces.cells)  # doctest: +SKIP
    ((48284, 121), (48284,), 121)
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path must be the path of a file, got {short(path)}.")
    kind = check_choice("kind", kind, KINDS)
    infinite = check_choice("infinite", infinite, INFINITE)
    if series is not None and not isinstance(series, str):
        raise TypeError(f"series must be None or the name of a series, got {short(series)}.")
    if plane is not None and not isinstance(plane, str):
        raise TypeError(f"plane must be None or the name of an imaging plane, got {short(plane)}.")
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"path must be the path of a file, got the folder {path}.")
    with opened(path, "load_nwb_traces") as nwb:
        found = _the_one(path, chosen_series(path, nwb, kind, check_series(series)), plane)
        traces = _read(path, found, infinite)
        what = noun(found)
    _report(path, what, traces)
    return traces


def _the_one(path: Path, found: list[Series], plane: str | None) -> Series:
    """Return the series of a plane, or say between which to choose."""
    planes = {series.label for series in found}
    if plane is not None:
        found = [series for series in found if series.label == plane]
        if not found:
            raise ValueError(
                f"{path} has no such traces of the plane {plane!r}, which plane= asks for: it has "
                f"those of {', '.join(sorted(planes))}."
            )
    if len(found) > 1:
        which = " and ".join(f"{series.name} (of {series.label})" for series in found[:4])
        more = f" and {len(found) - 4} more" if len(found) > 4 else ""
        by = "series= or plane=" if len({series.label for series in found}) > 1 else "series="
        raise ValueError(
            f"{path} has {len(found)} series of {noun(found[0])}, {which}{more}: choose one by "
            f"{by}."
        )
    return found[0]


def _read(path: Path, series: Series, infinite: str) -> Traces:
    rois = rois_of(path, series)
    if len(rois) == 0:
        raise ValueError(f"{path} has {noun(series)} of no cell in {series.label}.")
    values = values_in_units(path, series, len(rois))
    cells = cell_columns(series.traces.rois.table, rois)
    values = check_infinite(path, series, values, cells["roi"].to_numpy(), infinite)
    return Traces(
        values=values,
        times=times_of(path, series, len(values)),
        cells=cells,
        plane=None if series.plane is None else str(series.plane.name),
        series=series.name,
        unit=str(series.traces.unit),
    )


def _report(path: Path, what: str, traces: Traces) -> None:
    """Warn of what is missing and of steps of other lengths, neither of which a network takes."""
    missing = np.isnan(traces.values)
    if missing.any():
        n_steps, n_cells = int(missing.any(axis=1).sum()), int(missing.any(axis=0).sum())
        _warn(
            f"{path} has NaN in {what} of {n_cells} of {missing.shape[1]} cells, at {n_steps} of "
            f"{len(missing)} steps, and networks take no gaps: leave out such cells, or pass the "
            "stretches between gaps as a list."
        )
    steps = np.diff(traces.times)
    usual = float(np.median(steps))
    odd = np.abs(steps - usual) > _JITTER * usual
    if odd.any():
        _warn(
            f"{path} has irregular timestamps of {what}: {int(odd.sum())} of {len(steps)} steps "
            f"differ from the usual {usual:.4g} s by more than a tenth ({steps.min():.4g} to "
            f"{steps.max():.4g} s), and to networks all are alike: interpolate, or pass the "
            "stretches between gaps as a list."
        )


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=4)  # at who called load_nwb_traces
