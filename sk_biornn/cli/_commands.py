"""The commands `study` and `report`: the same for every study, whose row says what differs."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from sk_biornn._progress import say
from sk_biornn.cli._studies import STUDIES, Command

EXIT_OK, EXIT_FAILED_RUNS, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130
DEFAULT_PRESET = "quick"
_EPILOG = (
    "Exit code: 0 done, 1 done but runs failed (they are named), 2 wrong arguments. "
    "The same --random-state gives the same files, times apart."
)
_HOW_TO_RUN = ("n_jobs", "strategy", "device", "resume", "overwrite", "join")
_CHOSEN_OF_ALL = ("preset", "simulations", "random_state")


class UsageError(Exception):
    """The command line does not fit; one sentence says how."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that leaves it to `main` to print what is wrong."""

    def error(self, message: str) -> NoReturn:
        """Raise the message as a UsageError."""
        raise UsageError(f"{message} (see {self.prog} --help).")


# ------------------------------------------------------------------ study


def add_study(commands: Any) -> None:
    """Add the command with every study, and `all`."""
    study = commands.add_parser("study", help="run a study", description="Run a study.")
    studies = study.add_subparsers(metavar="STUDY", required=True)
    for command in STUDIES:
        parser = studies.add_parser(
            command.name, help=command.question, description=command.about, epilog=_EPILOG
        )
        _add_run_options(parser, command.name, command.presets)
        for name, row in command.options.items():
            parser.add_argument("--" + name.replace("_", "-"), **row)
        parser.set_defaults(command=partial(run, command))
    names = ", ".join(command.name for command in STUDIES)
    parser = studies.add_parser(
        "all",
        help=f"all studies: {names}",
        description=f"Run {names}, each into its own folder below DIR.",
        epilog=_EPILOG,
    )
    _add_run_options(parser, "all", "a preset that all studies have: quick, paper or fair")
    parser.set_defaults(command=partial(_run_all, studies))


def _add_run_options(parser: argparse.ArgumentParser, study: str, presets: str) -> None:
    """Add the options that every study has."""
    parser.add_argument("--preset", metavar="NAME", help=f"{presets} (default: {DEFAULT_PRESET})")
    parser.add_argument(
        "--simulations", type=int, metavar="N", help="paired seeds (default: of the preset)"
    )
    parser.add_argument(
        "--n-jobs", type=int, default=1, metavar="K", help="runs at once (default: 1)"
    )
    parser.add_argument(
        "--strategy",
        default="joblib",
        metavar="NAME",
        help="joblib: one run after another in each job; stacked: all side by side, measured by "
        "the jobs; auto: side by side on a GPU, and with one job where it pays (default: joblib)",
    )
    parser.add_argument(
        "--device", default="cpu", metavar="NAME", help="cpu, cuda or auto (default: cpu)"
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
    parser.add_argument(
        "--join",
        action="store_true",
        help="share DIR with others that do so: each run is done by one of them, on any machine",
    )
    parser.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="have the workers of a dask cluster do the runs: tcp://scheduler:8786, or local:4",
    )


def run(command: Command, arguments: argparse.Namespace) -> int:
    """Carry out a study and print its tables."""
    # At once: what is loaded next takes seconds.
    say(f"{command.name}: loading the study")
    from sk_biornn import studies

    choices = _choices(command, arguments)
    preset = choices.pop("preset", DEFAULT_PRESET)
    output = arguments.output or Path("results") / f"{command.name}-{preset}"
    how = {name: getattr(arguments, name) for name in _HOW_TO_RUN}
    study = getattr(studies, command.value)
    with _workers(arguments):
        studies.run_study(study, preset, output=output, progress=True, **how, **choices)
    return _tell(study, output, figures=False, pages=True)  # figures have just been drawn


@contextmanager
def _workers(arguments: argparse.Namespace) -> Iterator[None]:
    """Have the runs go to a cluster, where one is named; those of a GPU to its workers with one."""
    if arguments.dask is None:
        yield
        return
    from joblib import parallel_config

    from sk_biornn._cluster import connected, says_gpu

    say(f"connecting to the cluster {arguments.dask}")
    with ExitStack() as stack:
        try:
            client = stack.enter_context(connected(arguments.dask))
        except ImportError as error:
            raise UsageError(str(error)) from None
        gpu = arguments.device != "cpu" and says_gpu(client)
        options = {"resources": {"GPU": 1}} if gpu else {}
        stack.enter_context(parallel_config("dask", client=client, **options))
        yield


def _choices(command: Command, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what is asked for, by argument; options win over a file of settings."""
    names = (*_CHOSEN_OF_ALL, *command.options)
    asked = {name: getattr(arguments, name) for name in names}
    choices = {name: value for name, value in asked.items() if value is not None}
    file = choices.pop("settings", None)
    if file is None:
        return choices
    from sk_biornn.studies._checks import read_choices

    return read_choices(file, command.name) | choices


def _run_all(studies: Any, arguments: argparse.Namespace) -> int:
    """Run every study with the same options; the worst exit code counts."""
    output = arguments.output or Path("results") / f"all-{arguments.preset or DEFAULT_PRESET}"
    codes = []
    for command in STUDIES:
        print(f"\n==> {command.name}\n", flush=True)
        defaults = vars(studies.choices[command.name].parse_args([]))
        shared = {name: value for name, value in vars(arguments).items() if name in defaults}
        own = argparse.Namespace(**{**defaults, **shared, "output": output / command.name})
        codes.append(run(command, own))
    from sk_biornn.studies._write_report import write_index

    print(f"\nall pages: {write_index(output)}")
    return max(codes)


# ------------------------------------------------------------------ report


def add_report(commands: Any) -> None:
    """Add the command that draws up a report again."""
    parser = commands.add_parser(
        "report",
        help="print the tables of a study again, redraw its figures, and write a page of all",
        description="Print the tables of a study again, redraw its figures, and write report.html, "
        "one page of all that it found, which needs no network. Of a study that has not ended: say "
        "which runs are missing, and show the others.",
        epilog="Exit code: 0 done, 1 done but runs failed or are missing (they are named), 2 no "
        "study, or a damaged one.",
    )
    parser.add_argument(
        "folder",
        metavar="DIR",
        type=Path,
        help="output folder of a study, or one that holds several: then also a page that leads to "
        "theirs",
    )
    parser.set_defaults(command=_report)


def _report(arguments: argparse.Namespace) -> int:
    """Have the studies that the folder holds report, and write their pages."""
    from sk_biornn import studies
    from sk_biornn.studies._write_report import checked_folder, study_folders, study_of

    top = checked_folder(arguments.folder)
    folders, codes = study_folders(top), []
    several = folders != [top]
    for folder in folders:
        study = study_of(folder)
        if several:
            print(f"\n==> {study.name}\n", flush=True)
        codes.append(_tell(study, folder, figures=True, pages=not several))
    if several:
        print(f"\npages: {', '.join(map(str, studies.write_report(top)))}")
    return max(codes)


def _tell(study: Any, folder: Path, *, figures: bool, pages: bool) -> int:
    """Draw up the report, print it and where its files lie; name what failed or is missing."""
    from sk_biornn.studies import report_study
    from sk_biornn.studies._gathered import gather
    from sk_biornn.studies._told import as_text
    from sk_biornn.studies._write_report import in_sentences, write_report, writing

    with in_sentences(folder):
        found = gather(study, folder)
    if found.is_finished:
        with in_sentences(folder), writing(folder):
            report_study(study, folder, figures=figures)
    print(as_text(found.told))
    if found.is_finished:
        _tell_files(study.report, folder)
    if pages:
        print(f"page: {write_report(folder, study=study)[0]}")
    for run, error in found.failed:
        print(f"sk-biornn: failed: {run}: {error}", file=sys.stderr)
    if found.missing:
        print(
            f"sk-biornn: this study has not ended, {len(found.missing)} of {found.n_planned} runs "
            f"are missing ({_some(found.missing)}); --resume goes on.",
            file=sys.stderr,
        )
    return EXIT_FAILED_RUNS if found.failed or found.missing else EXIT_OK


def _some(names: list[str]) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - _MOST_NAMED
    return ", ".join([*names[:_MOST_NAMED], *([f"and {more} more"] if more > 0 else [])])


_MOST_NAMED = 5


def _tell_files(report: Any, folder: Path) -> None:
    """Print where tables and figures lie."""
    print(f"\ntables: {', '.join(str(folder / f'{name}.csv') for name in report.shown)}")
    drawn = [folder / f"{name}.png" for name in report.figures]
    found = [str(path) for path in drawn if path.exists()]
    if found:
        print(f"figure{'s' if len(found) > 1 else ''}: {', '.join(found)}")
    elif importlib.util.find_spec("matplotlib") is None:
        print("no figure: matplotlib is not installed (pip install matplotlib)", file=sys.stderr)
