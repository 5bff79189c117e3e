"""Published experiments as data, and the one way in which they are carried out.

`run_study` carries out a `Study`, four of which are here, with a function each that names what can
be chosen: `run_dale_study`, `run_pruning_study`, `run_inductive_bias_study`, `run_cell_type_study`.
What belongs to one of them has its name in front. Names without one (`PRESETS`, `Preset`, `ARMS`,
`Arm`, `TASKS`, `Task`, `VARIANTS`, `Variant`, `run_one`, `summarise`) are older, and the same
things.
"""

from __future__ import annotations

import importlib
from typing import Any

# Loaded when first asked for: the tables of arms, tasks and presets must be quick to read.
_HOMES = {
    # All studies
    "About": "_about",
    "Answer": "_told",
    "Caption": "_about",
    "Note": "_told",
    "Paper": "_about",
    "Plan": "_study",
    "PrintedTable": "_told",
    "Report": "_report",
    "Study": "_study",
    "aside": "_together",
    "collected": "_together",
    "report_study": "_study",
    "run_study": "_study",
    "seed_of": "_repeatable",
    "write_report": "_write_report",
    # Dale's law
    "DALE_ARMS": "dale.settings:ARMS",
    "DALE_PRESETS": "dale.settings:PRESETS",
    "DALE_STUDY": "dale.study",
    "DALE_TASKS": "dale.tasks:TASKS",
    "Budget": "dale.settings",
    "DaleArm": "dale.settings",
    "DalePreset": "dale.settings",
    "DaleTask": "dale.tasks",
    "run_dale_study": "dale.study",
    "summarise_dale": "dale.report",
    "train_dale_network": "dale.job",
    # Pruning
    "PRUNING_PRESETS": "pruning.settings:PRESETS",
    "PRUNING_STUDY": "pruning.study",
    "PruningPreset": "pruning.settings",
    "run_pruning_study": "pruning.study",
    # Inductive biases
    "INDUCTIVE_BIAS_PRESETS": "inductive_bias.settings:PRESETS",
    "INDUCTIVE_BIAS_STUDY": "inductive_bias.study",
    "INDUCTIVE_BIAS_VARIANTS": "inductive_bias.design:VARIANTS",
    "InductiveBiasSettings": "inductive_bias.settings",
    "InductiveBiasVariant": "inductive_bias.design",
    "run_inductive_bias_study": "inductive_bias.study",
    # Cell types
    "CELL_TYPE_PRESETS": "cell_types.settings:PRESETS",
    "CELL_TYPE_STUDY": "cell_types.study",
    "CellTypePreset": "cell_types.settings",
    "run_cell_type_study": "cell_types.study",
    # Older names of the same things
    "ARMS": "dale.settings",
    "Arm": "dale.settings:DaleArm",
    "PRESETS": "dale.settings",
    "Preset": "dale.settings:DalePreset",
    "TASKS": "dale.tasks",
    "Task": "dale.tasks:DaleTask",
    "VARIANTS": "inductive_bias.design",
    "Variant": "inductive_bias.design:InductiveBiasVariant",
    "run_one": "dale.job:train_dale_network",
    "summarise": "dale.report:summarise_dale",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        home, _, name_there = _HOMES[name].partition(":")
        return getattr(importlib.import_module(f"sk_biornn.studies.{home}"), name_there or name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
