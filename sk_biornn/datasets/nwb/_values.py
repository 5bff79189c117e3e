"""A series as plain arrays: its values in their units, time first, its times, its cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn.datasets.nwb._series import KINDS, Series

INFINITE = ("raise", "nan")


def noun(series: Series) -> str:
    """Return what its values are called in a sentence."""
    return {**KINDS, "events": "events"}.get(series.kind, series.name)


def rois_of(path: Path, series: Series) -> NDArray[np.intp]:
    """Return the row in the table of cells of every column, (n_cells,)."""
    region = series.traces.rois
    if region.table is None:
        raise ValueError(
            f"{path} does not say of which cells its {noun(series)} in {series.label} is: the rois "
            "of the series name no table."
        )
    try:
        rois = np.asarray(region.data[:], dtype=np.intp)
    except (TypeError, ValueError):  # newer releases of hdmf refuse the file before
        raise ValueError(
            f"{path} has {noun(series)} in {series.label} whose rois are not numbers of rows."
        ) from None
    n_known = len(region.table)
    outside = rois[(rois < 0) | (rois >= n_known)]
    if len(outside):
        raise ValueError(
            f"{path} has {noun(series)} in {series.label} of the cell in row {outside[0]} of a "
            f"table that has {n_known} rows."
        )
    if len(np.unique(rois)) < len(rois):
        values, counts = np.unique(rois, return_counts=True)
        raise ValueError(
            f"{path} has {noun(series)} in {series.label} that names the cell in row "
            f"{values[counts > 1][0]} of its table twice, which would count it twice."
        )
    return rois


def values_in_units(path: Path, series: Series, n_cells: int) -> NDArray[np.float64]:
    """Return data * conversion + offset, (n_times, n_cells) float64.

    As `get_data_in_units` of pynwb has it. The number of cells tells which axis is time in a file
    that has them the wrong way round.
    """
    traces = series.traces
    raw = np.asarray(traces.data[:])
    if raw.dtype.kind not in "biuf":
        raise ValueError(
            f"{path} has {noun(series)} of type {raw.dtype} in {series.label}, which must be "
            "numbers."
        )
    values = _time_first(path, series, raw, n_cells).astype(np.float64)
    factor, offset = float(traces.conversion), float(traces.offset)
    channels = getattr(traces, "channel_conversion", None)
    if channels is not None:
        channels = np.asarray(channels[:], dtype=np.float64)
    for name, number in (("conversion", factor), ("offset", offset), ("conversion", channels)):
        if number is not None and not np.isfinite(number).all():
            raise ValueError(
                f"{path} has {noun(series)} in {series.label} with a {name} that is not finite."
            )
    if channels is not None and channels.shape != (n_cells,):
        raise ValueError(
            f"{path} has {noun(series)} in {series.label} with {channels.size} conversions of "
            f"channels for {n_cells} cells."
        )
    return values * (factor if channels is None else factor * channels) + offset


def _time_first(path: Path, series: Series, raw: NDArray[Any], n_cells: int) -> NDArray[Any]:
    if raw.ndim == 1 and n_cells == 1:  # how the format has a single cell
        return raw[:, None]
    if raw.ndim == 2 and raw.shape[1] == n_cells and _fits_clock(series, raw.shape[0]):
        return raw
    if raw.ndim == 2 and raw.shape[0] == n_cells and _fits_clock(series, raw.shape[1]):
        return raw.T
    if raw.ndim == 2 and raw.shape[1] == n_cells:
        return raw  # the times are refused, by their number
    raise ValueError(
        f"{path} has {noun(series)} of shape {raw.shape} in {series.label}, which must be "
        f"(n_times, n_cells) with the {n_cells} cells of its table."
    )


def _fits_clock(series: Series, n_times: int) -> bool:
    timestamps = series.traces.timestamps
    return timestamps is None or len(timestamps) == n_times


def times_of(path: Path, series: Series, n_times: int) -> NDArray[np.float64]:
    """Return the time of every sample in s, (n_times,), from timestamps or start and rate."""
    traces, what = series.traces, noun(series)
    if n_times < 2:
        raise ValueError(f"{path} has {n_times} sample of {what} in time, at least 2 are needed.")
    if traces.timestamps is None:
        if traces.rate is None or not 0 < traces.rate < np.inf:
            rate = "no rate" if traces.rate is None else f"a rate of {traces.rate:g} Hz"
            raise ValueError(f"{path} has {what} at {rate}, but a rate must be positive.")
        start = float(traces.starting_time or 0)
        if not np.isfinite(start):
            raise ValueError(f"{path} has {what} with a starting_time of {start}.")
        return start + np.arange(n_times) / float(traces.rate)
    times = np.asarray(traces.timestamps[:])
    if times.dtype.kind not in "iuf":
        raise ValueError(f"{path} has timestamps of {what} that are no numbers ({times.dtype}).")
    times = times.astype(np.float64)
    if len(times) != n_times:
        raise ValueError(f"{path} has {len(times)} timestamps for {n_times} samples of {what}.")
    if not (np.diff(times) > 0).all():  # NaN is not larger either
        raise ValueError(f"{path} has timestamps of {what} that do not increase.")
    unit = getattr(traces.timestamps, "attrs", {}).get("unit", "seconds")
    if str(unit).casefold() not in ("seconds", "second", "s", "sec"):
        raise ValueError(f"{path} has timestamps of {what} in {unit}, which must be seconds.")
    return times


def check_infinite(
    path: Path,
    series: Series,
    values: NDArray[np.float64],
    ids: NDArray[Any],
    infinite: str,
) -> NDArray[np.float64]:
    """Refuse infinite values, or return NaN in their place."""
    wrong = np.isinf(values)
    if not wrong.any():
        return values
    if infinite == "nan":
        return np.where(wrong, np.nan, values)
    cells = np.flatnonzero(wrong.any(axis=0))
    raise ValueError(
        f"{path} has infinite {noun(series)} in {len(cells)} of {values.shape[1]} cells of "
        f"{series.label}, such as cell {ids[cells[0]]}: infinite='nan' reads them as missing."
    )


def cell_columns(table: Any, rois: NDArray[np.intp]) -> pd.DataFrame:
    """Return the columns of the table of cells that hold one value per cell, without images."""
    columns = {"roi": np.asarray(table.id[:])[rois]}
    for name in table.colnames:
        column = table[name]
        # Lists per cell come as an index into what they are of, references as rows of a table.
        is_reference = hasattr(column, "target") or hasattr(column, "table")
        data: Any = getattr(column, "data", None)
        if not is_reference and np.shape(data) == (len(table),):
            columns[name] = np.asarray(column.data[:])[rois]
    return pd.DataFrame(columns)
