"""`sk-biornn study inductive-bias`."""

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

NAME = "inductive-bias"
_PRESETS = (
    "quick: minutes on 2 cores; paper: the published settings with their confounds; fair: the "
    "confounds repaired, paired seeds, test trials apart; tuned: fair, and the strength of the "
    "penalty chosen for each network on validation trials"
)
# Setting: (metavar, type or "several", help). Names are those of the settings, with dashes.
_VALUES: dict[str, tuple[str, Any, str]] = {
    "field": ("FIELD", str, "synthetic, or session_scan_field of MICrONS as in 6_6_2"),
    "number_of_nodes": ("N", int, "neurons of a synthetic field"),
    "random_network_initialization": (
        "KIND",
        str,
        "random weights: orthogonal, he_normal, he_uniform, glorot_normal",
    ),
    "noise_level": ("SD", float, "noise of the inputs while training"),
    "emd_strength": ("X", float, "strength of the distance to the connectome's communicability"),
    "weight_strength": ("X", float, "strength of the variant W, if it is to be another one"),
    "activation_function": ("NAME", str, "relu, tanh or softplus"),
    "epochs": ("N", int, "passes through the training trials"),
    "batch_size": ("N", int, "trials per step"),
    "learning_rate": ("X", float, "of Adam"),
    "epsilon": ("X", float, "of Adam"),
    "n_train": ("N", int, "training trials"),
    "n_validation": ("N", int, "validation trials"),
    "n_test": ("N", int, "test trials"),
    "small_world_null": ("KIND", str, "erdos-renyi, published or degree-preserving"),
    "grid_order": ("AXES", str, "how the grid is counted: xyz (z first) or, as published, yxz"),
}
_LISTS: dict[str, tuple[str, Any, str]] = {
    "tasks": ("TASK", str, "one-choice-inference, go-nogo, perceptual-decision-making"),
    "variants": ("NAME", str, "W WD WD* WDC WD*C WD*C* W*D*C W*DC* W*D*C* W!D*C W!D*C*"),
    "network_grid": ("N", int, "three numbers: the grid of units without measured positions"),
    "regu_strength": ("X", float, "strength of the penalty; of several, the best on validation"),
}
_SWITCHES = {
    "sign_constraint": "keep recurrent weights at 0 or above",
    "use_only_sttc": "functional weights from STTC alone",
    "use_precision_matrix": "functional weights from precision and STTC",
    "truncated_normal": "he_normal and glorot_normal without what is beyond two sd, as in Keras",
    "keras_training": "epsilon, outputs for two classes and momentum as in Keras",
    "rescale_nonnegative": "with the sign constraint: random weights that do not explode",
    "field_per_simulation": "a new synthetic circuit for every simulation",
    "unit_cube_grid": "scale the grid to the unit cube like measured positions",
    "metrics_every_epoch": "network metrics after every epoch",
    "save_weights": "keep the weights of every run, not only of simulation 0",
    "as_published": "the files of the original to the letter (default of the preset paper)",
}


def add_parser(studies: Any) -> None:
    """Add the command and its options."""
    parser = studies.add_parser(
        NAME,
        help="do cortical geometry, wiring and function make better networks?",
        description=(
            "Train the eleven variants of Shakiba et al. (2026) on three tasks. Writes results.csv "
            "(a row per run), curves.csv, summary.csv, comparisons.csv (paired differences), "
            "times.csv, the files of the original, settings.json, versions.json, weights, and "
            "three figures."
        ),
        epilog=EPILOG,
    )
    add_run_options(parser, NAME, _PRESETS)
    parser.add_argument(
        "--settings", type=Path, metavar="FILE", help="TOML or JSON with settings; options win"
    )
    parser.add_argument("--data-home", metavar="DIR", help="folder of the files of MICrONS")
    parser.add_argument(
        "--allow-pickle",
        action="store_true",
        help="read pickled files of MICrONS: this runs whatever they contain",
    )
    for name, (metavar, kind, text) in _VALUES.items():
        parser.add_argument(_option(name), type=kind, metavar=metavar, help=text)
    for name, (metavar, kind, text) in _LISTS.items():
        parser.add_argument(_option(name), type=kind, nargs="+", metavar=metavar, help=text)
    for name, text in _SWITCHES.items():
        parser.add_argument(
            _option(name), action=argparse.BooleanOptionalAction, default=None, help=text
        )
    parser.set_defaults(command=run)


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def run(arguments: argparse.Namespace) -> int:
    """Carry out the study and print its tables."""
    from sk_biornn.studies import run_inductive_bias_study
    from sk_biornn.studies.inductive_bias.presets import read_settings

    settings = {} if arguments.settings is None else read_settings(arguments.settings)
    names = (*_VALUES, *_LISTS, *_SWITCHES, "preset", "simulations", "random_state")
    asked = {name: getattr(arguments, name) for name in names}
    settings |= {name: value for name, value in asked.items() if value is not None}
    arguments.preset = settings.pop("preset", DEFAULT_PRESET)
    output = output_of(arguments, NAME)
    run_inductive_bias_study(
        arguments.preset,
        output=output,
        data_home=arguments.data_home,
        allow_pickle=arguments.allow_pickle,
        **how_to_run(arguments),
        **settings,
    )
    return report(output)


def report(folder: Path) -> int:
    """Draw the figures again and print the tables."""
    from sk_biornn.studies.inductive_bias.report import redraw
    from sk_biornn.studies.inductive_bias.tables import read_results

    print(redraw(folder))
    tables = ["results.csv", "summary.csv", "comparisons.csv"]
    tell_files(folder, tables, ["figure.png", "curves.png", "weights.png"])
    results = read_results(folder)
    failed = results[results["error"].notna()].itertuples()
    return tell_failures(
        [(f"{row.task} {row.variant} simulation {row.simulation}", row.error) for row in failed]
    )
