"""Tables as the studies leave them, of any number of tasks: made up, to draw pictures of."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from sk_biornn.biology import cortical_populations
from sk_biornn.studies import ARMS, VARIANTS
from sk_biornn.studies.cell_types import report as cell_type_tables
from sk_biornn.studies.cell_types.job import SCORES, block_table
from sk_biornn.studies.dale import report as dale_tables
from sk_biornn.studies.inductive_bias import report as bias_tables
from sk_biornn.studies.inductive_bias.design import TASKS as BIAS_TASKS
from sk_biornn.studies.inductive_bias.job import RESULTS
from sk_biornn.studies.pruning import report as pruning_tables

METRICS = {"flip-flop": "mse", "wave": "mse", "digits": "accuracy"}
EPOCHS = (1, 50, 100)


def dale(n_tasks: int, arms=ARMS, n_runs: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Results and curves of the study of Dale's law."""
    rng, records = np.random.default_rng(0), []
    for task, arm, simulation in product(list(METRICS)[:n_tasks], arms, range(n_runs)):
        percent = METRICS[task] == "accuracy"
        scores = 100 * rng.beta(8, 2, len(EPOCHS)) if percent else 10 ** rng.uniform(-4, 0, 3)
        records.append(
            {
                **{"task": task, **arm.describe(), "simulation": simulation},
                **{"metric": METRICS[task], "n_iter": 100, "train_loss": 0.1, "error": None},
                **{"score": scores[-1], "baseline_score": 10.0 if percent else 1.0},
                "curve": [[epoch, 0.1, score] for epoch, score in zip(EPOCHS, scores, strict=True)],
            }
        )
    return dale_tables.results_frame(records), dale_tables.curves_frame(records)


def pruning(n_tasks: int, n_runs: int = 3) -> pd.DataFrame:
    """Results of the study of pruning."""
    rng, records = np.random.default_rng(0), []
    methods = ("top-prob", "top-prob-legacy", "magnitude", "random", "random-legacy")
    for task, simulation in product(list(METRICS)[:n_tasks], range(n_runs)):
        scale = 100.0 if METRICS[task] == "accuracy" else 1.0
        points = [
            [method, density, density, density, *scale * rng.random(2)]
            for method in methods
            for density in (0.0862, 0.5431, 1.0)
        ]
        records.append(
            {
                **{"task": task, "simulation": simulation, "metric": METRICS[task]},
                **{"dense": 0.1 * scale, "points": points, "error": None},
            }
        )
    return pruning_tables.results_frame(records)


def inductive_bias(
    n_tasks: int, variants=VARIANTS, n_runs: int = 3
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Results and curves of the study of inductive biases."""
    rng, records = np.random.default_rng(0), []
    for task, variant, simulation in product(list(BIAS_TASKS)[:n_tasks], variants, range(n_runs)):
        values = dict(zip(RESULTS, rng.random(len(RESULTS)), strict=True))
        curve = [[epoch, 0.7, rng.uniform(50, 100), 0.7, 60.0] for epoch in range(1, 11)]
        values["test_accuracy"] = rng.uniform(50, 100)
        values["best_epoch_test_accuracy"] = rng.uniform(values["test_accuracy"], 100)
        run = {"task": task, "variant": variant.name, "simulation": simulation}
        records.append({**run, **values, "curve": curve, "error": None})
    return bias_tables.results_frame(records), bias_tables.curves_frame(records)


def cell_types(n_conditions: int, n_arms: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Losses and blocks of the study of cell types."""
    populations = cortical_populations(scaling=1)
    names, n_units = list(populations["population"]), int(populations["n_units"].sum())
    rng, records = np.random.default_rng(0), []
    conditions = ("familiar_change", "familiar_omission", "novel_no_change")[:n_conditions]
    arms = ("dale", "unconstrained", "dense longer")[:n_arms]
    for condition, arm, simulation in product(conditions, arms, range(2)):
        W = rng.normal(size=(n_units, n_units)) * (rng.random((n_units, n_units)) < 0.5)
        stages = ("initial", "dense", "pruned", "sparse")
        records.append(
            {
                **{"condition": condition, "arm": arm, "simulation": simulation, "error": None},
                "losses": rng.uniform(1e-4, 1e-1, (5, 1 + len(names))).tolist(),
                "scores": [
                    [stage, name, *rng.random(len(SCORES))]
                    for stage in stages[1:]
                    for name in names
                ],
                "blocks": {
                    stage: block_table(W * rng.random(W.shape), populations) for stage in stages
                },
            }
        )
    return (
        cell_type_tables.losses_frame(records, names),
        cell_type_tables.blocks_frame(records, populations),
    )
