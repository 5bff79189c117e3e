"""`sk-biornn study all`: every study, one after the other."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sk_biornn.cli._options import EPILOG, add_run_options, output_of

_PRESETS = "a preset that all studies have: quick, paper or fair"


def add_parser(studies: Any, modules: Sequence[Any]) -> None:
    """Add the command; `modules` are the studies in the order in which they run."""
    names = ", ".join(module.NAME for module in modules)
    parser = studies.add_parser(
        "all",
        help=f"all studies: {names}",
        description=f"Run {names}, each into its own folder below DIR.",
        epilog=EPILOG,
    )
    add_run_options(parser, "all", _PRESETS)
    parser.set_defaults(command=partial(run, modules, studies))


def run(modules: Sequence[Any], studies: Any, arguments: argparse.Namespace) -> int:
    """Run every study with the same options; the worst exit code counts."""
    output = output_of(arguments, "all")
    codes = []
    for module in modules:
        print(f"\n==> {module.NAME}\n", flush=True)
        defaults = vars(studies.choices[module.NAME].parse_args([]))
        shared = {name: value for name, value in vars(arguments).items() if name in defaults}
        own = argparse.Namespace(**{**defaults, **shared, "output": Path(output) / module.NAME})
        codes.append(module.run(own))
    return max(codes)
