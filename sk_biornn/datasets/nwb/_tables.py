"""The rows of all files together: stacked by event and population, and the tables about them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn.datasets.nwb._choice import Choice
from sk_biornn.datasets.nwb._rows import COUNTS, Rows, metadata_columns


def rows_by_event(found: list[Rows], choice: Choice) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Stack the rows of all planes of a population; populations in their order."""
    stacked: dict[str, dict[str, NDArray[np.float64]]] = {}
    for event in choice.events:
        parts: dict[str, list[NDArray[np.float64]]] = {name: [] for name in choice.populations}
        for rows in found:
            if rows.event == event and len(rows.values):
                parts[rows.population].append(rows.values)
        stacked[event] = {name: np.concatenate(part) for name, part in parts.items() if part}
    return stacked


def tables_of(
    found: list[Rows], files: list[tuple[str, str, str]], choice: Choice
) -> dict[str, Any]:
    """Return the tables that describe the rows."""
    metadata = [rows.metadata for rows in found if len(rows.values)]
    columns = metadata_columns(choice)
    cells = {(rows.experiment, rows.plane): rows.cells for rows in found if len(rows.values)}
    return {
        "metadata": _stacked(metadata, columns),
        "counts": _counts_table(found, choice.events, choice.populations),
        "cells": _stacked(list(cells.values()), ["experiment", "plane", "roi", "cell"]),
        "files": pd.DataFrame(files, columns=["path", "status", "reason"]),
    }


def _stacked(tables: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def _counts_table(
    found: list[Rows], events: tuple[str, ...], populations: list[str]
) -> pd.DataFrame:
    """Return how many events, trials, mice, sessions, experiments and cells there are."""
    table = [
        {
            "event": event,
            "population": population,
            **_counts([r for r in found if (r.event, r.population) == (event, population)]),
        }
        for event in events
        for population in populations
    ]
    return pd.DataFrame(table)


def _counts(parts: list[Rows]) -> dict[str, int]:
    """Sum up the planes of one population; experiments without any trial do not count."""
    used = [rows for rows in parts if len(rows.values)]
    return {
        **{name: sum(rows.counts[name] for rows in parts) for name in COUNTS},
        "n_mice": len({rows.mouse for rows in used}),
        "n_sessions": len({rows.session for rows in used}),
        "n_experiments": len({rows.experiment for rows in used}),
        "n_shared": len({rows.experiment for rows in used if rows.shared}),
        "n_cells": sum(len(rows.cells) for rows in used),
    }
