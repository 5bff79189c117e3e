"""What the study of cell types leaves behind: tables, comparisons, figures and their text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._atomic import write_text
from sk_biornn.biology import cortical_populations
from sk_biornn.studies._files import read_weights, weights_file
from sk_biornn.studies._folder import read_json, read_settings, to_json
from sk_biornn.studies._report import Drawings, Report, Tables
from sk_biornn.studies._study import Plan, Records
from sk_biornn.studies.cell_types.job import SCORES, Run
from sk_biornn.studies.cell_types.statistics import (
    add_published_differences,
    add_published_scores,
    comparable_window,
    compare_conditions,
    densities_beside,
    interactions_beside,
    learning_beside,
    summarise_cell_types,
)
from sk_biornn.studies.cell_types.told import parts_of_tables

RUN = Run._fields
LEVELS = ("population", "layer", "area")
QUANTITIES = ("absolute", "raw", "density")
RESULT_COLUMNS = [*RUN, "stage", *SCORES, "beats_persistence", "n_populations", "error"]
SCORE_COLUMNS = [*RUN, "stage", "population", *SCORES]
BLOCK_COLUMNS = [*RUN, "stage", "level", "post", "pre", *QUANTITIES]
LOSS_COLUMNS = [*RUN, "epoch", "loss"]
EXAMPLES = "examples.json"
NEEDED = ("conditions", "arms", "scaling", "window", "max_iter")


# ------------------------------------------------------------------ tables


def tables_of(records: Records, plan: Plan) -> dict[str, pd.DataFrame]:
    """Return rows per run and stage; by population; by epoch; and by block."""
    populations = cortical_populations(scaling=plan.described["scaling"])
    return {
        "results": results_frame(records),
        "scores": scores_frame(records),
        "losses": losses_frame(records, list(populations["population"])),
        "blocks": blocks_frame(records, populations),
    }


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
    return pd.DataFrame(rows, columns=[*LOSS_COLUMNS, *populations])


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


def _key(record: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(record[name] for name in RUN)


# ------------------------------------------------------------------ the report


def leave_examples(folder: Path, plan: Plan, records: Records) -> None:
    """Write a test trial and what was predicted of it, by condition: the first arm, its first run.

    A run that failed has none.
    """
    examples = {
        record["condition"]: record["example"]
        for record in records
        if record["arm"] == records[0]["arm"] and record["simulation"] == 0 and record["example"]
    }
    write_text(folder / EXAMPLES, to_json(examples))


def conclude(tables: Tables, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Return what was reached, learnt and connected, beside what was published."""
    results = tables["results"]
    kept = results[results["error"].isna()]
    if kept.empty:
        return {}
    blocks, window = tables["blocks"], comparable_window(settings)
    return {
        "summary": add_published_scores(summarise_cell_types(kept), window),
        "learning": learning_beside(tables["losses"], kept, settings["max_iter"], window),
        "densities": densities_beside(blocks),
        "interactions": interactions_beside(blocks, window),
        "comparisons": add_published_differences(compare_conditions(blocks), window),
    }


def draw(folder: Path, tables: Tables) -> Drawings:
    """Yield the figures, of the first arm; those without anything to show are left out."""
    from sk_biornn.studies.cell_types import figures

    examples, matrices = read_json(folder / EXAMPLES), _example_weights(folder, tables["results"])
    blocks, comparisons = tables["blocks"], tables["comparisons"]
    arm = blocks["arm"].iloc[0]
    blocks = blocks[blocks["arm"] == arm]
    comparisons = comparisons[(comparisons["arm"] == arm) & (comparisons["quantity"] == "absolute")]
    names = list(dict.fromkeys(blocks.loc[blocks["level"] == "population", "post"]))
    settings = read_settings(folder, NEEDED)
    if examples:  # the run that would have left them may have failed
        yield "predictions", partial(figures.draw_predictions, examples=examples, names=names)
    losses, pruned = tables["losses"], settings["max_iter"]
    yield "losses", partial(figures.draw_losses, losses=losses, names=names, pruned=pruned)
    if matrices:
        table = cortical_populations(scaling=settings["scaling"])
        layers = np.repeat(table["area"] + "_" + table["layer"], table["n_units"])
        yield "weights", partial(figures.draw_weights, arrays=matrices, layers=list(layers))
    yield "interactions", partial(figures.draw_interactions, blocks=blocks)
    if not comparisons.empty:  # one condition, or one run: nothing to compare
        yield "differences", partial(figures.draw_differences, comparisons=comparisons, names=names)
        yield "network", partial(figures.draw_network, comparisons=comparisons, blocks=blocks)


def _example_weights(folder: Path, results: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the weights of the first run, the only one that leaves them; none if it has failed."""
    settings = read_settings(folder, NEEDED)
    first = Run(settings["conditions"][0], settings["arms"][0], 0)
    failed = results.loc[results["error"].notna(), list(RUN)].itertuples(index=False)
    return {} if first in map(tuple, failed) else read_weights(weights_file(folder, first))


REPORT = Report(
    reads={"results": RESULT_COLUMNS, "losses": LOSS_COLUMNS, "blocks": BLOCK_COLUMNS},
    conclude=conclude,
    draw=draw,
    sentences=parts_of_tables,
    run="{condition} {arm}",
    tables=(
        *("results", "scores", "losses", "blocks"),
        *("summary", "learning", "densities", "interactions", "comparisons"),
    ),
    shown=("results", "learning", "interactions", "comparisons"),
    figures=("predictions", "losses", "weights", "interactions", "differences", "network"),
    needs=NEEDED,
)
