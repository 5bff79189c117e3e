"""`sk-biornn study cell-types`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sk_biornn.cli._options import (
    DEFAULT_PRESET,
    EPILOG,
    add_run_options,
    how_to_run,
    output_of,
    tell_failures,
    tell_files,
)

NAME = "cell-types"
_PRESETS = (
    "quick: 360 units, two conditions, minutes on 2 cores; paper: the published settings; fair: "
    "repaired, 10 runs, held-out samples"
)


def add_parser(studies: Any) -> None:
    """Add the command and its options."""
    parser = studies.add_parser(
        NAME,
        help="what do networks of 18 cortical populations learn from their activity?",
        description=(
            "Train networks of cell types one step ahead on population activity, prune them to "
            "measured connection probabilities, train on, and compare conditions (Figures 4 and 5 "
            "of Balwani et al., 2025). Writes results.csv, scores.csv (per population), "
            "losses.csv and blocks.csv; made of them, with the published numbers beside: "
            "summary.csv, learning.csv, densities.csv, interactions.csv, comparisons.csv; "
            "times.csv, settings.json, versions.json, weights and six figures."
        ),
        epilog=EPILOG,
    )
    add_run_options(parser, NAME, _PRESETS)
    parser.add_argument(
        "--conditions",
        nargs="+",
        metavar="NAME",
        help="{familiar,novel}_{change,no_change,omission} (default: of the preset)",
    )
    parser.add_argument(
        "--arms", nargs="+", metavar="ARM", help='dale, unconstrained, "dense longer"'
    )
    parser.add_argument(
        "--window", metavar="NAME", help="full (default), or post: from one step before the event"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder of the published arrays, not synthetic"
    )
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry out the study and print its tables."""
    from sk_biornn.studies import run_cell_type_study

    output = output_of(arguments, NAME)
    run_cell_type_study(
        arguments.preset or DEFAULT_PRESET,
        conditions=arguments.conditions,
        arms=arguments.arms,
        simulations=arguments.simulations,
        window=arguments.window,
        data=arguments.data,
        output=output,
        random_state=arguments.random_state or 0,
        **how_to_run(arguments),
    )
    return report(output)


def report(folder: Path) -> int:
    """Draw the figures again and print the tables."""
    from sk_biornn.studies.cell_types import tables
    from sk_biornn.studies.cell_types.report import FIGURES, redraw

    print(redraw(folder))
    names = ["results.csv", "learning.csv", "interactions.csv", "comparisons.csv"]
    tell_files(folder, names, [f"{name}.png" for name in FIGURES])
    results = tables.read(folder, "results")
    failed = results[results["error"].notna()].itertuples()
    return tell_failures(
        [(f"{row.condition} {row.arm} simulation {row.simulation}", row.error) for row in failed]
    )
