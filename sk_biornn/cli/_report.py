"""`sk-biornn report`: the tables and figures of a study, again."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any


def add_parser(commands: Any, studies: Sequence[Any]) -> None:
    """Add the command; `studies` are the modules that can report."""
    parser = commands.add_parser(
        "report",
        help="print the table of a study again and redraw its figure",
        description="Print the table of a study again and redraw its figure, from its CSV files.",
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="output folder of a study")
    parser.set_defaults(command=partial(run, {study.NAME: study for study in studies}))


def run(studies: dict[str, Any], arguments: argparse.Namespace) -> int:
    """Have the study that the folder holds report."""
    from sk_biornn.studies._folder import read_settings

    folder = arguments.folder
    # Without settings the first study says what is missing.
    name = read_settings(folder).get("study")
    if name is not None and name not in list(studies):
        raise ValueError(
            f"{str(folder / 'settings.json')!r} must name a study among {list(studies)}, "
            f"got {name!r}."
        )
    study = next(iter(studies.values())) if name is None else studies[name]
    try:
        return study.report(folder)
    except FileNotFoundError:
        raise
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        if str(folder) in str(error):
            raise  # it says what is wrong
        words = " ".join(f"{type(error).__name__}: {error}".split())
        raise ValueError(
            f"{str(folder)!r} has tables that are not as a study wrote them ({words}); resume the "
            "study, which writes them anew."
        ) from error
    except OSError as error:
        raise ValueError(
            f"{str(folder)!r} cannot be written ({error.strerror or error}), where a report leaves "
            "its tables and figures; copy the folder to where you may write, and report there."
        ) from None
