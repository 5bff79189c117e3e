"""The command line: `sk-biornn study dale` and `sk-biornn report`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import Any, NoReturn

import sk_biornn

__all__ = ["main"]

EXIT_OK, EXIT_FAILED_RUNS, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130
_GO_ON = "; --resume takes up the finished runs."


class UsageError(Exception):
    """The command line does not fit; one sentence says how."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help).")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Parameters
    ----------
    argv : sequence of str or None, default=None
        Arguments. None: those of the process.

    Returns
    -------
    int
        0: done. 1: runs failed, or the study had to stop. 2: the arguments do not fit.
        130: interrupted.

    Examples
    --------
    >>> from sk_biornn.cli import main
    >>> main(["report", "no-such-folder"])
    2
    """
    try:
        arguments = _parser().parse_args(argv)
        return arguments.command(arguments)
    except SystemExit as exit_:  # --help and --version
        return int(exit_.code or 0)
    except (UsageError, ValueError, TypeError) as error:
        print(f"sk-biornn: {error}", file=sys.stderr)
        return EXIT_USAGE
    except (OSError, BrokenExecutor) as error:
        print(f"sk-biornn: stopped: {error or type(error).__name__}{_GO_ON}", file=sys.stderr)
        return EXIT_FAILED_RUNS
    except KeyboardInterrupt:
        print(f"\nsk-biornn: interrupted{_GO_ON}", file=sys.stderr)
        return EXIT_INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="sk-biornn", description=sk_biornn.__doc__)
    parser.add_argument("--version", action="version", version=sk_biornn.__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    study = commands.add_parser("study", help="run a study", description="Run a study.")
    studies = study.add_subparsers(metavar="STUDY", required=True)
    _add_dale(studies)
    report = commands.add_parser(
        "report",
        help="print the table of a study again and redraw its figure",
        description="Print the table of a study again and redraw its figure, from its CSV files.",
    )
    report.add_argument("folder", metavar="DIR", type=Path, help="output folder of a study")
    report.set_defaults(command=_report)
    return parser


def _add_dale(studies: Any) -> None:
    parser = studies.add_parser(
        "dale",
        help="what does Dale's law cost, and does it matter how it is kept?",
        description=(
            "Train networks without constraint and under Dale's law, kept in each way, from the "
            "initial weights of Balwani et al. (2025) and from ours (Figure 2 of that work). "
            "Writes results.csv (a row per run), curves.csv, summary.csv, times.csv, "
            "settings.json, versions.json, figure.png and figure.pdf."
        ),
        epilog=(
            "Exit code: 0 done, 1 done but runs failed (they are named), 2 wrong arguments. "
            "The same --random-state gives the same files, times apart."
        ),
    )
    parser.add_argument(
        "--preset",
        default="quick",
        metavar="NAME",
        help="quick: minutes on 2 cores; paper: the published settings; fair: the same "
        "architecture in all arms, 10 paired seeds, held-out test (default: quick)",
    )
    parser.add_argument(
        "--tasks",
        nargs="+",
        metavar="TASK",
        help="flip-flop, wave, digits, mnist (default: all; mnist when its files are present)",
    )
    parser.add_argument(
        "--arms",
        nargs="+",
        metavar="ARM",
        help="unconstrained, projection, abs, square, exponentiated, rectified; or with its "
        "initial weights, e.g. projection/ours (default: all)",
    )
    parser.add_argument(
        "--simulations", type=int, metavar="N", help="paired seeds (default: of the preset)"
    )
    parser.add_argument(
        "--n-jobs", type=int, default=1, metavar="K", help="runs at once (default: 1)"
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="folder (default: results/dale-PRESET)"
    )
    parser.add_argument(
        "--random-state", type=int, default=0, metavar="S", help="seed (default: 0)"
    )
    parser.add_argument(
        "--resume", action="store_true", help="take up the finished runs in DIR, same settings"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace a study with other settings in DIR"
    )
    parser.add_argument(
        "--data-home", metavar="DIR", help="folder of the idx files of MNIST, if not the default"
    )
    parser.set_defaults(command=_study_dale)


def _study_dale(arguments: argparse.Namespace) -> int:
    from sk_biornn.studies import run_dale_study, summarise

    output = arguments.output or Path("results") / f"dale-{arguments.preset}"
    results = run_dale_study(
        arguments.preset,
        tasks=arguments.tasks,
        arms=arguments.arms,
        simulations=arguments.simulations,
        n_jobs=arguments.n_jobs,
        output=output,
        random_state=arguments.random_state,
        resume=arguments.resume,
        overwrite=arguments.overwrite,
        data_home=arguments.data_home,
        progress=True,
    )
    return _show(output, results, summarise(results))


def _report(arguments: argparse.Namespace) -> int:
    from sk_biornn.studies._report import redraw
    from sk_biornn.studies._tables import read_csv

    summary = redraw(arguments.folder)
    return _show(arguments.folder, read_csv(arguments.folder / "results.csv"), summary)


def _show(folder: Path, results: Any, summary: Any) -> int:
    from sk_biornn.studies._tables import format_summary

    print(format_summary(summary))
    figure = folder / "figure.png"
    print(f"\ntables: {folder / 'results.csv'}, {folder / 'summary.csv'}")
    if figure.exists():
        print(f"figure: {figure}")
    else:
        print("no figure: matplotlib is not installed (pip install matplotlib)", file=sys.stderr)
    failed = results[results["error"].notna()]
    for row in failed.itertuples():
        run = f"{row.task} {row.arm}/{row.init} simulation {row.simulation}"
        print(f"sk-biornn: failed: {run}: {row.error}", file=sys.stderr)
    return EXIT_FAILED_RUNS if len(failed) else EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
