"""What the command line says about each study, and the options that it takes: a row each.

An option has the name of the argument that it sets, with dashes; its row holds the arguments of
`ArgumentParser.add_argument`. Nothing here loads a study, but for what it says about itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NamedTuple

from sk_biornn.studies.cell_types.about import ABOUT as TYPES_ABOUT
from sk_biornn.studies.dale.about import ABOUT as DALE_ABOUT
from sk_biornn.studies.inductive_bias.about import ABOUT as BIAS_ABOUT
from sk_biornn.studies.pruning.about import ABOUT as PRUNING_ABOUT

Options = dict[str, dict[str, Any]]


class Command(NamedTuple):
    """The command of one study."""

    name: str
    value: str  # name of the study in sk_biornn.studies
    question: str
    about: str
    presets: str
    options: Options


_TASKS: Options = {
    "tasks": {
        "nargs": "+",
        "metavar": "TASK",
        "help": "flip-flop, wave, digits, mnist (default: all; mnist when its files are present)",
    },
    "data_home": {
        "metavar": "DIR",
        "help": "folder of the idx files of MNIST, if not the default",
    },
}

DALE = Command(
    name="dale",
    value="DALE_STUDY",
    question=DALE_ABOUT.question,
    about=(
        "Train networks without constraint and under Dale's law, kept in each way, from the "
        "initial weights of Balwani et al. (2025) and from our initialisation (Figure 2 there). "
        "Writes results.csv (a row per run), curves.csv, summary.csv, times.csv, "
        "settings.json, versions.json, figure.png and figure.pdf."
    ),
    presets=(
        "quick: minutes on 2 cores; paper: the published settings; fair: the same architecture in "
        "all conditions, 10 paired seeds, held-out test"
    ),
    options={
        **_TASKS,
        "arms": {
            "nargs": "+",
            "metavar": "NAME",
            "help": "conditions: unconstrained, projection, abs, square, exponentiated, rectified; "
            "or with its initial weights, e.g. projection/ours (default: all)",
        },
    },
)

PRUNING = Command(
    name="pruning",
    value="PRUNING_STUDY",
    question=PRUNING_ABOUT.question,
    about=(
        "Train dense networks under Dale's law, prune them by top-prob, magnitude and at "
        "random to a range of densities, and fine-tune some (Figure 3 of Balwani et al., 2025). "
        "Writes results.csv (a row per network, method and density), summary.csv, "
        "comparisons.csv (paired differences), times.csv, settings.json, versions.json, "
        "figure.png and figure.pdf."
    ),
    presets=(
        "quick: minutes on 2 cores; paper: the published settings; fair: 10 networks per task, 14 "
        "densities fine-tuned, held-out test"
    ),
    options=_TASKS,
)


def _value(metavar: str, kind: Any, text: str) -> dict[str, Any]:
    return {"type": kind, "metavar": metavar, "help": text}


def _several(metavar: str, kind: Any, text: str) -> dict[str, Any]:
    return {**_value(metavar, kind, text), "nargs": "+"}


def _switch(text: str) -> dict[str, Any]:
    return {"action": argparse.BooleanOptionalAction, "default": None, "help": text}


INDUCTIVE_BIAS = Command(
    name="inductive-bias",
    value="INDUCTIVE_BIAS_STUDY",
    question=BIAS_ABOUT.question,
    about=(
        "Train the eleven variants of Shakiba et al. (2026) on three tasks. Writes results.csv "
        "(a row per run), curves.csv, summary.csv, comparisons.csv (paired differences), "
        "times.csv, the files of the original, settings.json, versions.json, weights, and "
        "three figures."
    ),
    presets=(
        "quick: minutes on 2 cores; paper: the published settings with their confounds; fair: the "
        "confounds repaired, paired seeds, test trials apart; tuned: fair, and the strength of the "
        "penalty chosen for each network on validation trials"
    ),
    options={
        "settings": {
            "type": Path,
            "metavar": "FILE",
            "help": "TOML or JSON with settings; options win",
        },
        "data_home": {"metavar": "DIR", "help": "folder of the files of MICrONS"},
        "allow_pickle": {
            "action": "store_true",
            "help": "read pickled files of MICrONS: this runs whatever they contain",
        },
        "field": _value("FIELD", str, "synthetic, or session_scan_field of MICrONS as in 6_6_2"),
        "number_of_nodes": _value("N", int, "neurons of a synthetic field"),
        "random_network_initialization": _value(
            "KIND", str, "random weights: orthogonal, he_normal, he_uniform, glorot_normal"
        ),
        "noise_level": _value("SD", float, "noise of the inputs while training"),
        "emd_strength": _value(
            "X", float, "strength of the distance to the connectome's communicability"
        ),
        "weight_strength": _value(
            "X", float, "strength of the variant W, if it is to be another one"
        ),
        "activation_function": _value("NAME", str, "relu, tanh or softplus"),
        "epochs": _value("N", int, "passes through the training trials"),
        "batch_size": _value("N", int, "trials per step"),
        "learning_rate": _value("X", float, "of Adam"),
        "epsilon": _value("X", float, "of Adam"),
        "n_train": _value("N", int, "training trials"),
        "n_validation": _value("N", int, "validation trials"),
        "n_test": _value("N", int, "test trials"),
        "small_world_null": _value("KIND", str, "erdos-renyi, published or degree-preserving"),
        "grid_order": _value(
            "AXES", str, "how the grid is counted: xyz (z first) or, as published, yxz"
        ),
        "tasks": _several("TASK", str, "one-choice-inference, go-nogo, perceptual-decision-making"),
        "variants": _several(
            "NAME", str, "W WD WD* WDC WD*C WD*C* W*D*C W*DC* W*D*C* W!D*C W!D*C*"
        ),
        "network_grid": _several(
            "N", int, "three numbers: the grid of units without measured positions"
        ),
        "regu_strength": _several(
            "X", float, "strength of the penalty; of several, the best on validation"
        ),
        "sign_constraint": _switch("keep recurrent weights at 0 or above"),
        "use_only_sttc": _switch("functional weights from STTC alone"),
        "use_precision_matrix": _switch("functional weights from precision and STTC"),
        "truncated_normal": _switch(
            "he_normal and glorot_normal without what is beyond two sd, as in Keras"
        ),
        "keras_training": _switch("epsilon, outputs for two classes and momentum as in Keras"),
        "rescale_nonnegative": _switch(
            "with the sign constraint: random weights that do not explode"
        ),
        "field_per_simulation": _switch("a new synthetic circuit for every simulation"),
        "unit_cube_grid": _switch("scale the grid to the unit cube like measured positions"),
        "metrics_every_epoch": _switch("network metrics after every epoch"),
        "save_weights": _switch("keep the weights of every run, not only of simulation 0"),
        "as_published": _switch(
            "the files of the original to the letter (default of the preset paper)"
        ),
    },
)

CELL_TYPES = Command(
    name="cell-types",
    value="CELL_TYPE_STUDY",
    question=TYPES_ABOUT.question,
    about=(
        "Train networks of cell types one step ahead on population activity, prune them to "
        "measured connection probabilities, fine-tune them, and compare conditions (Figures 4 and "
        "5 of Balwani et al., 2025). Writes results.csv, scores.csv (per population), "
        "losses.csv and blocks.csv; made of them, with the published numbers beside: "
        "summary.csv, learning.csv, densities.csv, interactions.csv, comparisons.csv; "
        "times.csv, settings.json, versions.json, weights and six figures."
    ),
    presets=(
        "quick: 360 units, two conditions, minutes on 2 cores; paper: the published settings; "
        "fair: repaired, 10 runs, held-out samples"
    ),
    options={
        "conditions": {
            "nargs": "+",
            "metavar": "NAME",
            "help": "{familiar,novel}_{change,no_change,omission} (default: of the preset)",
        },
        "arms": {
            "nargs": "+",
            "metavar": "NAME",
            "help": 'models: dale, unconstrained, "dense, same epochs"',
        },
        "window": {
            "metavar": "NAME",
            "help": "full (default), or post: from one step before the event",
        },
        "data": {
            "type": Path,
            "metavar": "DIR",
            "help": "folder of the published arrays, not synthetic",
        },
    },
)

STUDIES = (DALE, PRUNING, INDUCTIVE_BIAS, CELL_TYPES)  # in the order in which `all` runs them
