"""What the study of cell types leaves behind: tables, comparisons, figures and their text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._atomic import write_text
from sk_biornn.biology import cortical_populations
from sk_biornn.studies._files import read_weights, weights_file
from sk_biornn.studies._folder import read_json, read_settings, to_json
from sk_biornn.studies._intervals import p_text
from sk_biornn.studies._report import (
    Drawings,
    Report,
    Tables,
    align,
    groups_of,
    paragraph,
    rows_of,
    signed,
    span,
)
from sk_biornn.studies._study import Plan, Records
from sk_biornn.studies.cell_types.job import SCORES, Run
from sk_biornn.studies.cell_types.published import BETWEEN_BLOCKS, MARKS
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

RUN = Run._fields
LEVELS = ("population", "layer", "area")
QUANTITIES = ("absolute", "raw", "density")
RESULT_COLUMNS = [*RUN, "stage", *SCORES, "beats_persistence", "n_populations", "error"]
SCORE_COLUMNS = [*RUN, "stage", "population", *SCORES]
BLOCK_COLUMNS = [*RUN, "stage", "level", "post", "pre", *QUANTITIES]
LOSS_COLUMNS = [*RUN, "epoch", "loss"]
EXAMPLES = "examples.json"
_STAGES = {"dense": "dense", "pruned": "just pruned", "sparse": "at the end"}
_SHORT = {"dense": "dense {}", "pruned": "just pruned", "sparse": "on {}"}
NEEDED = ("conditions", "arms", "scaling", "window", "max_iter")


# ------------------------------------------------------------------ tables


def tables_of(records: Records, plan: Plan) -> dict[str, pd.DataFrame]:
    """Return rows per run and stage; by population; by epoch; and by block."""
    populations = cortical_populations(scaling=plan.settings.scaling)
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


# ------------------------------------------------------------------ text


def format_tables(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the tables that `redraw` makes as text; published numbers stand in brackets."""
    summary, comparisons = tables["summary"], tables["comparisons"]
    parts = {
        f"{condition}: means over populations, then over runs": _scores(rows)
        for condition, rows in groups_of(summary, "condition")
    }
    learning, interactions = tables["learning"], tables["interactions"]
    parts[f"error over the epochs, mean over runs{_in_brackets(learning)}"] = _learning(learning)
    parts["density between layers at the end"] = _densities(tables["densities"])
    parts["mean |W| between layers and areas at the end, in 0.001"] = _means(interactions)
    comparisons = comparisons[comparisons["quantity"] == "absolute"]
    parts["interactions that differ, second - first"] = _pairs(comparisons)
    title = f"difference of mean |W| between areas, in 0.0001{_in_brackets(comparisons)}"
    parts[title] = _between(comparisons)
    blocks = ["\n".join([title, *lines]) for title, lines in parts.items() if lines]
    return "\n\n".join([*blocks, NOTE])


NOTE = paragraph(
    "n: runs, or pairs of runs with the same initial weights. above persistence: populations whose "
    "next step the network predicts with a smaller error than repeating their last value does, of "
    "all populations; a mean over runs, so not always whole. 95 % intervals in brackets: t on the "
    "log scale (mse), Fisher z (r), log of what is missing to 1 (r2, skill), none below five runs; "
    "of differences, paired t. q: p of the paired t test after Benjamini and Hochberg, none below "
    "three pairs."
)


def _in_brackets(table: pd.DataFrame) -> str:
    """Return what stands in brackets: published numbers, where there are any."""
    columns = [name for name in ("published", "published_mean") if name in table]
    return " (published)" if table[columns].notna().any(axis=None) else ""


def _scores(summary: pd.DataFrame) -> list[str]:
    lines = [["arm", "stage", "n", *_HEADINGS, "above persistence", "published r, mse, above"]]
    for (arm, stage), rows in groups_of(summary, ["arm", "stage"]):
        row: Any = rows.set_index("score")
        cells = [_cell(row.loc[name], digits) for name, digits in _DIGITS.items()]
        above = row.loc["beats_persistence"]
        better = f"{above['mean']:.3g} of {above['most']:.0f}"
        theirs = [
            digits.format(row.loc[name, "published"])
            for name, digits in _PUBLISHED_DIGITS.items()
            if np.isfinite(row.loc[name, "published"])
        ]
        n = str(row.loc["mse", "n"])
        lines.append([str(arm), _STAGES[str(stage)], n, *cells, better, ", ".join(theirs)])
    return [*align(lines, keys=3), "", _answer(summary)]


def _answer(summary: pd.DataFrame) -> str:
    """Return one sentence: what networks have learnt of a condition when they are pruned."""
    end = summary[summary["stage"] == "sparse"]
    if end.empty:
        return "Answer: no network has been pruned and fine-tuned."
    parts = []
    for arm, rows in groups_of(end, "arm"):
        row: Any = rows.set_index("score")
        above, skill = row.loc["beats_persistence"], row.loc["skill"]
        parts.append(
            f"{arm} predicts {above['mean']:.3g} of {above['most']:.0f} populations better than "
            f"repeating their last value, with a skill of {skill['mean']:.2f} (n = {skill['n']})"
        )
    return paragraph(f"Answer: at the end {'; '.join(parts)}.")


_HEADINGS = ("mse", "r2", "r", "skill")
_DIGITS = {"mse": "{:.2e}", "r2": "{:.2f}", "correlation": "{:.2f}", "skill": "{:.2f}"}
_PUBLISHED_DIGITS = {"correlation": "{:.3f}", "mse": "{:.3g}", "beats_persistence": "{:.0f}"}


def _cell(row: pd.Series, digits: str) -> str:
    return f"{digits.format(row['mean'])} {span(row['low'], row['high'], digits.format)}".strip()


def _learning(learning: pd.DataFrame) -> list[str]:
    lines = [["condition", "arm", "n", *(_SHORT[stage].format(epoch) for stage, epoch in MARKS)]]
    for (condition, arm), rows in groups_of(learning, ["condition", "arm"]):
        row: Any = rows.set_index(["stage", "epoch"])
        cells = [
            _beside("{:.2e}", row.loc[mark, "mean"], row.loc[mark, "published_mean"])
            if mark in row.index
            else ""
            for mark in MARKS
        ]
        lines.append([str(condition), str(arm), str(row["n"].iloc[0]), *cells])
    return align(lines, keys=3)


def _beside(digits: str, ours: float, theirs: float) -> str:
    published = f" ({digits.format(theirs)})" if np.isfinite(theirs) else ""
    return digits.format(ours) + published


def _densities(table: pd.DataFrame) -> list[str]:
    if table.empty:
        return []
    shown = table[table["published"].notna()]
    shown = table[table["condition"] == table["condition"].iloc[0]] if shown.empty else shown
    lines = [["condition", "post", "pre", "n", "density", "published"]]
    for row in rows_of(shown):
        theirs = f"{row.published:.4f}" if np.isfinite(row.published) else ""
        lines.append([row.condition, row.post, row.pre, str(row.n), f"{row.mean:.4f}", theirs])
    return align(lines, keys=4)


def _means(table: pd.DataFrame) -> list[str]:
    shown = table[table["published"].notna()]
    if shown.empty:
        return []
    lines = [["condition", "post", "pre", "n", "mean", "sd / mean", "published", "sd / mean"]]
    for row in rows_of(shown):
        names = [row.condition, row.post, row.pre, str(row.n)]
        ours = [f"{1e3 * row.mean:.2f}", f"{row.spread:.3f}" if row.n > 1 else ""]
        theirs = [f"{1e3 * row.published:.2f}", f"{row.published_spread:.3f}"]
        lines.append([*names, *ours, *theirs])
    return align(lines, keys=4)


def _pairs(comparisons: pd.DataFrame) -> list[str]:
    if comparisons.empty:
        return []
    lines, sentences = [], []
    for (arm, first, second), of_pair in groups_of(comparisons, ["arm", "first", "second"]):
        n, name = of_pair["n"].iloc[0], f"{arm}, {second} - {first}"
        table = [["level", "blocks", "q < 0.05", "least p", "largest difference"]]
        table += [_differing(level, rows) for level, rows in groups_of(of_pair, "level")]
        lines += [f"  {name} (n = {n})", *align(table)]
        found = (f"{row[2]} of {row[1]} between {row[0]}s" for row in table[1:])
        tested = of_pair["q_value"].notna().any()
        told = f"{', '.join(found)} differ" if tested else "too few runs to tell"
        sentences.append(f"{name}, {told} (n = {n})")
    title = "Answer: of the blocks of weights in "
    return [*lines, "", paragraph(f"{title}{'; '.join(sentences)}; q < 0.05.")]


def _differing(level: Any, rows: pd.DataFrame) -> list[str]:
    """Return how many blocks of a level differ, and which one most."""
    at: Any = rows["difference"].abs().idxmax()
    most = rows.loc[at]
    n_differ = str(int((rows["q_value"] < 0.05).sum())) if rows["q_value"].notna().any() else "-"
    where = f"{most['difference']:+.2e} {most['pre']} -> {most['post']}"
    return [str(level), str(len(rows)), n_differ, p_text(rows["p_value"].min()), where]


def _between(comparisons: pd.DataFrame) -> list[str]:
    kept = comparisons[comparisons["level"] == "layer"].set_index(["post", "pre"])
    if kept.empty:
        return []
    lines = [["arm", "first", "second", "n", *(f"{pre} -> {post}" for post, pre in BETWEEN_BLOCKS)]]
    for (arm, first, second), rows in groups_of(kept, ["arm", "first", "second"]):
        cells = [_change(rows.loc[[block]]) for block in BETWEEN_BLOCKS if block in rows.index]
        if len(cells) == len(BETWEEN_BLOCKS):
            names = [str(name) for name in (arm, first, second, rows["n"].iloc[0])]
            lines.append([*names, *cells])
    return align(lines, keys=4)


def _change(rows: pd.DataFrame) -> str:
    row = rows.iloc[0]
    ours = signed(1e4 * row["difference"], "{:.1f}".format)
    interval = span(1e4 * row["ci_low"], 1e4 * row["ci_high"], "{:.1f}".format)
    theirs = row["published"]
    published = f" ({signed(1e4 * theirs, '{:.1f}'.format)})" if np.isfinite(theirs) else ""
    return f"{ours} {interval}".strip() + published


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
    sentences=format_tables,
    run="{condition} {arm}",
    tables=(
        *("results", "scores", "losses", "blocks"),
        *("summary", "learning", "densities", "interactions", "comparisons"),
    ),
    shown=("results", "learning", "interactions", "comparisons"),
    figures=("predictions", "losses", "weights", "interactions", "differences", "network"),
    needs=NEEDED,
)
