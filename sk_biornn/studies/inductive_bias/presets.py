"""The presets of the study, and settings from a file."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from numbers import Real
from pathlib import Path
from typing import Any

from sk_biornn.studies._checks import one_of
from sk_biornn.studies.inductive_bias.settings import Settings

QUICK = Settings(
    preset="quick",
    simulations=3,
    number_of_nodes=96,
    n_train=2560,
    n_validation=640,
    n_test=1280,
)
PAPER = Settings(
    preset="paper",
    simulations=20,
    network_grid=(12, 13, 2),
    field_per_simulation=False,
    truncated_normal=True,
    keras_training=True,
    rescale_nonnegative=False,
    weight_strength=1.0,
    unit_cube_grid=False,
    grid_order="yxz",
    small_world_null="published",
    as_published=True,
)
FAIR = Settings(preset="fair")
TUNED = dataclasses.replace(FAIR, preset="tuned", regu_strength=(0.3, 0.03, 0.003, 0.0003))
PRESETS = {preset.preset: preset for preset in (QUICK, PAPER, FAIR, TUNED)}


def make_settings(preset: Any, changes: Mapping[str, Any]) -> Settings:
    """Return the settings of a preset (a name or Settings) with some of them changed."""
    if isinstance(preset, str):
        preset = PRESETS[one_of("preset", preset, PRESETS)]
    if not isinstance(preset, Settings):
        raise TypeError(f"preset must be a name or Settings, got {type(preset).__name__}.")
    known = [field.name for field in dataclasses.fields(Settings)]
    unknown = [name for name in changes if name not in known]
    if unknown:
        raise ValueError(f"settings must be among {known}, got {unknown}.")
    changes = {name: _as_setting(name, value) for name, value in changes.items()}
    if changes.get("field", preset.field) != "synthetic":
        # A measured field brings its own size and grid.
        changes = {"number_of_nodes": None, "network_grid": None, **changes}
    elif changes.get("number_of_nodes", preset.number_of_nodes) != preset.number_of_nodes:
        changes = {"network_grid": None, **changes}
    return dataclasses.replace(preset, **changes)


def read_settings(path: Any) -> dict[str, Any]:
    """Return the settings in a TOML or JSON file, such as the settings.json of a study."""
    import tomllib

    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise ValueError(
            f"settings file {str(path)!r} cannot be read ({error.strerror})."
        ) from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"settings file {str(path)!r} is not TOML or JSON ({error}).") from None
    if not isinstance(content, dict) or content.pop("study", "inductive-bias") != "inductive-bias":
        raise ValueError(f"settings file {str(path)!r} is not one of the study inductive-bias.")
    content.pop("input_data", None)  # of the study whose settings these were
    return content


def _as_setting(name: str, value: Any) -> Any:
    """Turn lists, which JSON and TOML have instead of tuples, and single strengths into tuples."""
    if name == "regu_strength" and isinstance(value, Real) and not isinstance(value, bool):
        return (value,)
    return tuple(value) if isinstance(value, list) else value
