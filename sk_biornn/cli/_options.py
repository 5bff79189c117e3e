"""What all studies share on the command line: options, exit codes and the words at the end."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

EXIT_OK, EXIT_FAILED_RUNS, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130
DEFAULT_PRESET = "quick"
EPILOG = (
    "Exit code: 0 done, 1 done but runs failed (they are named), 2 wrong arguments. "
    "The same --random-state gives the same files, times apart."
)


class UsageError(Exception):
    """The command line does not fit; one sentence says how."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that leaves it to `main` to print what is wrong."""

    def error(self, message: str) -> NoReturn:
        """Raise the message as a UsageError."""
        raise UsageError(f"{message} (see {self.prog} --help).")


def add_run_options(parser: argparse.ArgumentParser, study: str, presets: str) -> None:
    """Add the options that every study has."""
    parser.add_argument("--preset", metavar="NAME", help=f"{presets} (default: {DEFAULT_PRESET})")
    parser.add_argument(
        "--simulations", type=int, metavar="N", help="paired seeds (default: of the preset)"
    )
    parser.add_argument(
        "--n-jobs", type=int, default=1, metavar="K", help="runs at once (default: 1)"
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help=f"folder (default: results/{study}-PRESET)"
    )
    parser.add_argument("--random-state", type=int, metavar="S", help="seed (default: 0)")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="take up the finished runs in DIR, same settings and data",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace the study in DIR, finished runs and all"
    )


def add_task_options(parser: argparse.ArgumentParser) -> None:
    """Add what the studies on the tasks of Balwani et al. have in common."""
    parser.add_argument(
        "--tasks",
        nargs="+",
        metavar="TASK",
        help="flip-flop, wave, digits, mnist (default: all; mnist when its files are present)",
    )
    parser.add_argument(
        "--data-home", metavar="DIR", help="folder of the idx files of MNIST, if not the default"
    )


def how_to_run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options that say how a study is carried out, not what it computes."""
    names = ("n_jobs", "resume", "overwrite")
    return {"progress": True, **{name: getattr(arguments, name) for name in names}}


def output_of(arguments: argparse.Namespace, study: str) -> Path:
    """Return the folder that is asked for, or the default one."""
    return arguments.output or Path("results") / f"{study}-{arguments.preset or DEFAULT_PRESET}"


def tell_files(folder: Path, names: Sequence[str], figures: Sequence[str]) -> None:
    """Print where the tables and figures lie."""
    print(f"\ntables: {', '.join(str(folder / name) for name in names)}")
    found = [str(folder / name) for name in figures if (folder / name).exists()]
    if found:
        print(f"figure{'s' if len(found) > 1 else ''}: {', '.join(found)}")
    elif importlib.util.find_spec("matplotlib") is None:
        print("no figure: matplotlib is not installed (pip install matplotlib)", file=sys.stderr)


def tell_failures(failed: Sequence[tuple[str, Any]]) -> int:
    """Name the runs that failed, with their errors; return the exit code."""
    for run, error in failed:
        print(f"sk-biornn: failed: {run}: {error}", file=sys.stderr)
    return EXIT_FAILED_RUNS if failed else EXIT_OK
