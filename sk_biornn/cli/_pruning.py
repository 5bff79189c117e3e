"""`sk-biornn study pruning`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sk_biornn.cli._options import (
    DEFAULT_PRESET,
    EPILOG,
    add_run_options,
    add_task_options,
    how_to_run,
    output_of,
    tell_failures,
    tell_files,
)

NAME = "pruning"
_PRESETS = (
    "quick: minutes on 2 cores; paper: the published settings; fair: 10 networks per task, 14 "
    "densities trained on, held-out test"
)


def add_parser(studies: Any) -> None:
    """Add the command and its options."""
    parser = studies.add_parser(
        NAME,
        help="which synapses can go, at once and with training afterwards?",
        description=(
            "Train dense networks under Dale's law, prune them by top-prob, magnitude and at "
            "random to a range of densities, and train some on (Figure 3 of Balwani et al., 2025). "
            "Writes results.csv (a row per network, method and density), summary.csv, "
            "comparisons.csv (paired differences), times.csv, settings.json, versions.json, "
            "figure.png and figure.pdf."
        ),
        epilog=EPILOG,
    )
    add_run_options(parser, NAME, _PRESETS)
    add_task_options(parser)
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry out the study and print its tables."""
    from sk_biornn.studies import run_pruning_study

    output = output_of(arguments, NAME)
    run_pruning_study(
        arguments.preset or DEFAULT_PRESET,
        tasks=arguments.tasks,
        simulations=arguments.simulations,
        output=output,
        random_state=arguments.random_state or 0,
        data_home=arguments.data_home,
        **how_to_run(arguments),
    )
    return report(output)


def report(folder: Path) -> int:
    """Draw the figure again and print the tables."""
    from sk_biornn.studies.pruning.report import redraw
    from sk_biornn.studies.pruning.tables import read_results

    print(redraw(folder))
    tell_files(folder, ["results.csv", "summary.csv", "comparisons.csv"], ["figure.png"])
    results = read_results(folder)
    failed = results[results["error"].notna()].itertuples()
    return tell_failures([(f"{row.task} simulation {row.simulation}", row.error) for row in failed])
