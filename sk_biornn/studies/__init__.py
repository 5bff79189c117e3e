"""Published experiments as configurations, and the runner that carries them out."""

from __future__ import annotations

import importlib
from typing import Any

# Loaded when first asked for: the tables of arms, tasks and presets must be quick to read.
_HOMES = {
    "ARMS": "dale.arms",
    "Arm": "dale.arms",
    "Budget": "dale.presets",
    "PRESETS": "dale.presets",
    "INDUCTIVE_BIAS_PRESETS": "inductive_bias.presets:PRESETS",
    "InductiveBiasSettings": "inductive_bias.settings:Settings",
    "VARIANTS": "inductive_bias.variants",
    "Variant": "inductive_bias.variants",
    "run_inductive_bias_study": "inductive_bias.study",
    "Preset": "dale.presets",
    "TASKS": "dale.tasks",
    "Task": "dale.tasks",
    "CELL_TYPE_PRESETS": "cell_types.presets:PRESETS",
    "CellTypePreset": "cell_types.presets",
    "run_cell_type_study": "cell_types.study",
    "PRUNING_PRESETS": "pruning.presets:PRESETS",
    "PruningPreset": "pruning.presets",
    "run_pruning_study": "pruning.study",
    "run_dale_study": "dale.study",
    "run_one": "dale._job",
    "summarise": "dale.statistics",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        home, _, name_there = _HOMES[name].partition(":")
        return getattr(importlib.import_module(f"sk_biornn.studies.{home}"), name_there or name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
