"""Published experiments as configurations, and the runner that carries them out."""

from __future__ import annotations

import importlib
from typing import Any

# Loaded when first asked for: the tables of arms, tasks and presets must be quick to read.
_HOMES = {
    "ARMS": "arms",
    "Arm": "arms",
    "Budget": "presets",
    "PRESETS": "presets",
    "Preset": "presets",
    "TASKS": "tasks",
    "Task": "tasks",
    "run_dale_study": "dale",
    "run_one": "_job",
    "summarise": "statistics",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"sk_biornn.studies.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
