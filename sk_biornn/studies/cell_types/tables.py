"""The tidy tables of the study of cell types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn.studies._csv import read_table
from sk_biornn.studies.cell_types.job import RUN, SCORES

LEVELS = ("population", "layer", "area")
QUANTITIES = ("absolute", "raw", "density")
RESULT_COLUMNS = [*RUN, "stage", *SCORES, "beats_persistence", "n_populations", "error"]
SCORE_COLUMNS = [*RUN, "stage", "population", *SCORES]
BLOCK_COLUMNS = [*RUN, "stage", "level", "post", "pre", *QUANTITIES]

Records = Sequence[dict[str, Any]]


def scores_frame(records: Records) -> pd.DataFrame:
    """Return a row per run, stage and population: how well its next step is predicted."""
    rows = [(*_key(record), *score) for record in records for score in record["scores"]]
    frame = pd.DataFrame(rows, columns=SCORE_COLUMNS)
    frame[list(SCORES)] = frame[list(SCORES)].astype(float)
    return frame


def results_frame(records: Records) -> pd.DataFrame:
    """Return a row per run and stage: means over populations; a failed run has one row."""
    scores = scores_frame(records)
    groups = scores.groupby([*RUN, "stage"], sort=False)
    means = groups[list(SCORES)].mean()
    means["beats_persistence"] = groups["skill"].agg(lambda skill: int((skill > 0).sum()))
    means["n_populations"] = groups.size()
    failed = [
        {**dict(zip(RUN, _key(record), strict=True)), "error": record["error"]}
        for record in records
        if record["error"]
    ]
    return pd.concat([means.reset_index(), pd.DataFrame(failed)]).reindex(columns=RESULT_COLUMNS)


def losses_frame(records: Records, populations: Sequence[str]) -> pd.DataFrame:
    """Return a row per run and epoch: the training loss and that of every population."""
    rows = [
        (*_key(record), epoch + 1, *losses)
        for record in records
        for epoch, losses in enumerate(record["losses"])
    ]
    return pd.DataFrame(rows, columns=[*RUN, "epoch", "loss", *populations])


def blocks_frame(records: Records, table: pd.DataFrame) -> pd.DataFrame:
    """Return a row per run, stage, level and block: mean of abs(W), mean of W, density."""
    rows = [row for record in records for row in _blocks(record, table)]
    return pd.DataFrame(rows, columns=BLOCK_COLUMNS)


def _blocks(record: dict[str, Any], table: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    for stage, matrices in record["blocks"].items():
        for level in LEVELS:
            names, members = _members(table, level)
            sizes = members @ table["n_units"].to_numpy(float)
            weights = members * table["n_units"].to_numpy(float) / sizes[:, np.newaxis]
            merged = [weights @ np.array(matrices[name]) @ weights.T for name in QUANTITIES]
            for place in np.ndindex(len(names), len(names)):
                values = (float(matrix[place]) for matrix in merged)
                yield (*_key(record), stage, level, *(names[unit] for unit in place), *values)


def _members(table: pd.DataFrame, level: str) -> tuple[list[str], np.ndarray]:
    """Return the names of the blocks of a level, and which populations belong to each."""
    of_population = {
        "population": table["population"],
        "layer": table["area"] + "_" + table["layer"].str.replace("/", ""),
        "area": table["area"],
    }[level]
    names = list(dict.fromkeys(of_population))
    return names, np.array([[own == name for own in of_population] for name in names], dtype=float)


def times_frame(records: Records) -> pd.DataFrame:
    """Return the seconds of every run, apart from the rest because they never repeat."""
    frame = pd.DataFrame.from_records(records, columns=[*RUN, "seconds"])
    return frame.assign(seconds=frame["seconds"].round(3))


def read(folder: Path, name: str) -> pd.DataFrame:
    """Read a table of a finished study: results, scores, blocks or losses."""
    columns = {"results": RESULT_COLUMNS, "scores": SCORE_COLUMNS, "blocks": BLOCK_COLUMNS}
    return read_table(folder / f"{name}.csv", columns.get(name, [*RUN, "epoch", "loss"]))


def _key(record: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(record[name] for name in RUN)
