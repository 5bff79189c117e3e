"""What the study of cell types leaves behind, drawn up from the records alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sk_biornn._atomic import write_text
from sk_biornn.studies._csv import write_csv
from sk_biornn.studies._figures import matplotlib_is_here, save_figure
from sk_biornn.studies._folder import read_json, read_settings, to_json
from sk_biornn.studies._weights import read_weights
from sk_biornn.studies.cell_types import tables
from sk_biornn.studies.cell_types.beside import (
    add_published_differences,
    add_published_scores,
    comparable_window,
    densities_beside,
    interactions_beside,
    learning_beside,
)
from sk_biornn.studies.cell_types.job import RUN, Run
from sk_biornn.studies.cell_types.statistics import compare_conditions, summarise_cell_types
from sk_biornn.studies.cell_types.text import format_tables

FIGURES = ("predictions", "losses", "weights", "interactions", "differences", "network")
_RECORDED = ("results", "scores", "losses", "blocks", "times")
_MADE_OF_THEM = ("summary", "learning", "densities", "interactions", "comparisons")
OUTPUTS = (
    *(f"{name}.csv" for name in (*_RECORDED, *_MADE_OF_THEM)),
    *(f"{name}.{kind}" for name in FIGURES for kind in ("png", "pdf")),
    "examples.json",
    "weights/*.npz",
)


def write_report(folder: Path, records: Sequence[dict[str, Any]], populations: Any) -> None:
    """Write all tables, and what is made of them."""
    names = list(populations["population"])
    write_csv(folder / "results.csv", tables.results_frame(records))
    write_csv(folder / "scores.csv", tables.scores_frame(records))
    write_csv(folder / "losses.csv", tables.losses_frame(records, names))
    write_csv(folder / "blocks.csv", tables.blocks_frame(records, populations))
    write_csv(folder / "times.csv", tables.times_frame(records))
    examples = [
        record
        for record in records
        if record["arm"] == records[0]["arm"] and record["simulation"] == 0 and record["example"]
    ]
    content = {record["condition"]: record["example"] for record in examples}
    write_text(folder / "examples.json", to_json(content))
    redraw(folder)


def redraw(folder: Path) -> str:
    """Summarise and draw a study again from its tables; return the tables as text."""
    results = tables.read(folder, "results")
    kept = results[results["error"].isna()]
    if kept.empty:
        return "all runs failed"
    blocks, losses = tables.read(folder, "blocks"), tables.read(folder, "losses")
    settings = read_settings(folder, ("conditions", "arms", "scaling", "window", "max_iter"))
    window = comparable_window(settings)
    made = {
        "summary": add_published_scores(summarise_cell_types(kept), window),
        "learning": learning_beside(losses, kept, settings["max_iter"], window),
        "densities": densities_beside(blocks),
        "interactions": interactions_beside(blocks, window),
        "comparisons": add_published_differences(compare_conditions(blocks), window),
    }
    for name in _MADE_OF_THEM:
        write_csv(folder / f"{name}.csv", made[name])
    if matplotlib_is_here():
        first = Run(settings["conditions"][0], settings["arms"][0], 0)
        failed = results.loc[results["error"].notna(), list(RUN)].itertuples(index=False)
        # Only the first run leaves its weights; none if it has failed.
        weights = None if first in map(tuple, failed) else folder / "weights" / f"{first.name}.npz"
        _draw(folder, blocks, losses, made["comparisons"], weights)
    return format_tables(made)


def _draw(folder: Path, blocks: Any, losses: Any, comparisons: Any, weights: Path | None) -> None:
    from sk_biornn.studies.cell_types import figures

    examples = read_json(folder / "examples.json")
    arm = blocks["arm"].iloc[0]
    blocks = blocks[blocks["arm"] == arm]
    comparisons = comparisons[(comparisons["arm"] == arm) & (comparisons["quantity"] == "absolute")]
    names = list(dict.fromkeys(blocks.loc[blocks["level"] == "population", "post"]))
    matrices = {} if weights is None else read_weights(weights)
    drawings = {
        "predictions": lambda figure: figures.draw_predictions(figure, examples, names),
        "losses": lambda figure: figures.draw_losses(figure, losses, names),
        "weights": lambda figure: figures.draw_weights(figure, matrices),
        "interactions": lambda figure: figures.draw_interactions(figure, blocks),
        "differences": lambda figure: figures.draw_differences(figure, comparisons, names),
        "network": lambda figure: figures.draw_network(figure, comparisons, blocks),
    }
    for name, draw in drawings.items():
        if name in ("differences", "network") and comparisons.empty:
            continue  # one condition, or one run: nothing to compare
        if (name == "weights" and not matrices) or (name == "predictions" and not examples):
            continue  # the run that would have left them has failed
        save_figure(folder / name, draw)
