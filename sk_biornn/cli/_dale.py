"""`sk-biornn study dale`."""

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

NAME = "dale"
_PRESETS = (
    "quick: minutes on 2 cores; paper: the published settings; fair: the same architecture in all "
    "arms, 10 paired seeds, held-out test"
)


def add_parser(studies: Any) -> None:
    """Add the command and its options."""
    parser = studies.add_parser(
        NAME,
        help="what does Dale's law cost, and does it matter how it is kept?",
        description=(
            "Train networks without constraint and under Dale's law, kept in each way, from the "
            "initial weights of Balwani et al. (2025) and from ours (Figure 2 of that work). "
            "Writes results.csv (a row per run), curves.csv, summary.csv, times.csv, "
            "settings.json, versions.json, figure.png and figure.pdf."
        ),
        epilog=EPILOG,
    )
    add_run_options(parser, NAME, _PRESETS)
    add_task_options(parser)
    parser.add_argument(
        "--arms",
        nargs="+",
        metavar="ARM",
        help="unconstrained, projection, abs, square, exponentiated, rectified; or with its "
        "initial weights, e.g. projection/ours (default: all)",
    )
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry out the study and print its table."""
    from sk_biornn.studies import run_dale_study, summarise

    output = output_of(arguments, NAME)
    results = run_dale_study(
        arguments.preset or DEFAULT_PRESET,
        tasks=arguments.tasks,
        arms=arguments.arms,
        simulations=arguments.simulations,
        output=output,
        random_state=arguments.random_state or 0,
        data_home=arguments.data_home,
        **how_to_run(arguments),
    )
    return _show(output, results, summarise(results))


def report(folder: Path) -> int:
    """Draw the figure again and print the table."""
    from sk_biornn.studies.dale._report import redraw
    from sk_biornn.studies.dale._tables import read_csv

    summary = redraw(folder)
    return _show(folder, read_csv(folder / "results.csv"), summary)


def _show(folder: Path, results: Any, summary: Any) -> int:
    from sk_biornn.studies.dale._tables import format_summary

    print(format_summary(summary))
    tell_files(folder, ["results.csv", "summary.csv"], ["figure.png"])
    failed = results[results["error"].notna()].itertuples()
    return tell_failures(
        [
            (f"{row.task} {row.arm}/{row.init} simulation {row.simulation}", row.error)
            for row in failed
        ]
    )
