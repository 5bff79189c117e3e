"""What a terminal shows of a study: lines that fit, no empty columns, one answer per task."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import study_tables
from numpy.testing import assert_array_equal

from sk_biornn.studies._told import Answer, PrintedTable, align, as_text
from sk_biornn.studies.cell_types import told as cell_types
from sk_biornn.studies.cell_types.statistics import compare_conditions, summarise_cell_types
from sk_biornn.studies.dale.report import parts_of_summary, summarise_dale
from sk_biornn.studies.inductive_bias import report as bias
from sk_biornn.studies.pruning import report as pruning

WIDTH = 80


def dale(n_runs, n_tasks=2):
    results, _ = study_tables.dale(n_tasks, n_runs=n_runs)
    return as_text(parts_of_summary(summarise_dale(results)))


def pruned(n_runs, n_tasks=2):
    results = study_tables.pruning(n_tasks, n_runs)
    summary, compared = pruning.summarise_pruning(results), pruning.compare_methods(results)
    return as_text(pruning.parts_of_tables(summary, compared))


def inductive_bias(n_runs, n_tasks=2):
    results, _ = study_tables.inductive_bias(n_tasks, n_runs=n_runs)
    summary, compared = bias.summarise_variants(results), bias.compare_variants(results)
    return as_text(bias.parts_of_tables(summary, compared))


def answers(text):
    return [block for block in text.replace("\n\n", "\0").split("\0") if block.startswith("Answer")]


@pytest.mark.parametrize("n_runs", [1, 2, 3, 6])
@pytest.mark.parametrize("report", [dale, pruned, inductive_bias])
def test_lines_fit_and_every_task_has_one_answer(report, n_runs):
    text = report(n_runs)
    assert max(map(len, text.splitlines())) < WIDTH
    found = answers(text)
    assert len(found) == 2 and all(
        answer.count(". ") == 0 and answer[-1] == "." for answer in found
    )
    assert all("n = " in answer for answer in found)
    assert ("95 % CI" in text.split("n: ")[0]) == (n_runs >= 5)
    if report is not dale:
        assert ("p (Holm)" in text) == (n_runs >= 3)


def cell_type_summary(n_runs):
    rows = [
        {
            **{"condition": "familiar_change", "arm": "dale", "stage": stage, "simulation": run},
            **{"mse": 0.001 * (run + 1), "r2": 0.9 + 0.01 * run, "correlation": 0.95 + 0.005 * run},
            **{"skill": 0.5 + 0.1 * (run % 3), "mse_persistence": 0.01},
            **{"beats_persistence": 17 + run % 2, "n_populations": 18},
        }
        for stage in ("dense", "pruned", "sparse")
        for run in range(n_runs)
    ]
    return summarise_cell_types(pd.DataFrame(rows)).assign(published=np.nan)


@pytest.mark.parametrize("n_runs", [2, 6])
def test_populations_are_counted_of_all_and_nothing_published_is_no_column(n_runs):
    summary = cell_type_summary(n_runs)
    table = PrintedTable(title="", lines=cell_types._scores(summary), keys=3)
    text = as_text([table, Answer(to="", sentence=cell_types._answer(summary))])
    assert max(map(len, text.splitlines())) < WIDTH
    assert "17.5 of 18" in text and "published" not in text
    assert ("[" in text) == (n_runs == 6)
    assert text.replace("\n", " ").endswith(
        "Answer: at the end dale predicts 17.5 of 18 populations better than repeating their last "
        f"value, with a skill of {0.6 if n_runs == 6 else 0.55:.2f} (n = {n_runs})."
    )
    assert "so not always whole" in " ".join(cell_types.NOTE.text.split())


def test_blocks_that_differ_are_counted_in_one_sentence():
    _, blocks = study_tables.cell_types(2)
    compared = compare_conditions(blocks).query("quantity == 'absolute'")
    text = as_text(cell_types._pairs(compared))
    assert max(map(len, text.splitlines())) < WIDTH and text.count("Answer: ") == 1
    n = compared["n"].iloc[0]
    assert f"(n = {n})" in text


def test_columns_in_which_nothing_stands_are_left_out_but_for_the_keys():
    lines = align([["a", "b", "c", "d"], ["", "", "1", "-"], ["", "", "2", ""]], keys=1)
    assert lines == ["  a  c", "     1", "     2"]


def test_wide_tables_are_cut_into_groups_that_repeat_their_keys():
    head = ["key", *(f"column {k}" for k in range(12))]
    lines = align([head, ["x", *map(str, range(12))]])
    assert max(map(len, lines)) < WIDTH
    blocks = "\n".join(lines).split("\n\n")
    assert len(blocks) == 2 and all(block.startswith("  key") for block in blocks)
    shown = [int(cell) for block in blocks for cell in block.splitlines()[1].split()[1:]]
    assert_array_equal(shown, np.arange(12))
