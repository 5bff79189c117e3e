"""Arguments of a study, from a call or a file, each refused in one sentence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any


def one_of(argument: str, name: Any, allowed: Iterable[str]) -> str:
    """Return a name that is among the allowed ones."""
    allowed = list(allowed)
    if name not in allowed:
        raise ValueError(f"{argument} must be among {allowed}, got {name!r}.")
    return name


def several_of(argument: str, names: Sequence[str], allowed: Iterable[str]) -> list[str]:
    """Return the names that are asked for, in the order of the allowed ones."""
    if isinstance(names, str) or not names:
        raise ValueError(f"{argument} must be a sequence of names or None, got {names!r}.")
    allowed = list(allowed)
    asked = {one_of(argument, name, allowed) for name in names}
    return [name for name in allowed if name in asked]


def preset_of(preset: Any, presets: Mapping[str, Any], kind: type, *, called: str) -> Any:
    """Return the preset of a name, or one that is given as it is."""
    if isinstance(preset, str):
        preset = presets[one_of("preset", preset, presets)]
    if not isinstance(preset, kind):
        raise TypeError(f"preset must be a name or {called}, got {type(preset).__name__}.")
    return preset


def checked_int(argument: str, value: Any, minimum: int | None) -> int:
    """Return an int that is large enough; a minimum of None allows any."""
    expected = "an int" if minimum is None else f"an int of at least {minimum}"
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{argument} must be {expected}, got {value!r}.")
    if minimum is not None and int(value) < minimum:
        raise ValueError(f"{argument} must be {expected}, got {value}.")
    return int(value)


def checked_number(argument: str, value: Any, minimum: float | None) -> float:
    """Return a finite number that is at least `minimum`; a minimum of None: that is positive."""
    expected = "a positive number" if minimum is None else f"a number of at least {minimum:g}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{argument} must be {expected}, got {value!r}.")
    number: Any = value  # numbers.Real has no order that a type checker knows
    above = number > 0 if minimum is None else number >= minimum
    if not (above and number < float("inf")):
        raise ValueError(f"{argument} must be {expected} and finite, got {value}.")
    return float(value)


def read_choices(path: Any, study: str) -> dict[str, Any]:
    """Return the settings in a TOML or JSON file, such as the settings.json of the study."""
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
    if not isinstance(content, dict) or content.pop("study", study) != study:
        raise ValueError(f"settings file {str(path)!r} is not one of the study {study}.")
    content.pop("input_data", None)  # of the study whose settings these were
    return content
