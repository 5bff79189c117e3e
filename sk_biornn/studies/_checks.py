"""Arguments of a study, from a call or a file, each refused in one sentence."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sk_biornn._checks import check_choice, check_number, interval_text, is_integer, refusal


def several_of(argument: str, names: Sequence[str], allowed: Iterable[str]) -> list[str]:
    """Return the names that are asked for, in the order of the allowed ones."""
    if isinstance(names, str) or not names:
        is_empty = not isinstance(names, str)
        raise refusal(argument, "a sequence of names or None", names, right_type=is_empty)
    allowed = list(allowed)
    asked = {check_choice(argument, name, allowed) for name in names}
    return [name for name in allowed if name in asked]


def preset_of(preset: Any, presets: Mapping[str, Any], kind: type, *, called: str) -> Any:
    """Return the preset of a name, or one that is given as it is."""
    if isinstance(preset, str):
        preset = presets[check_choice("preset", preset, presets)]
    if not isinstance(preset, kind):
        raise TypeError(f"preset must be a name or {called}, got {type(preset).__name__}.")
    return preset


def checked_int(argument: str, value: Any, minimum: int | None) -> int:
    """Return an int that is large enough; a minimum of None allows any.

    It may be larger than what is counted ever is: seeds are.
    """
    expected = interval_text("an integer", -math.inf if minimum is None else minimum, math.inf)
    if not is_integer(value) or (minimum is not None and value < minimum):
        raise refusal(argument, expected, value, right_type=is_integer(value))
    return int(value)


def checked_number(argument: str, value: Any, minimum: float | None) -> float:
    """Return a finite number that is at least `minimum`; a minimum of None: that is positive."""
    return check_number(argument, value, low=minimum or 0.0, open_low=minimum is None)


def checked_device(device: Any) -> str:
    """Return "cpu" or "cuda"; "auto" takes CUDA where there is one."""
    if check_choice("device", device, ("cpu", "cuda", "auto")) == "cpu":
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise ValueError(
            "device must be 'cpu' or 'auto' where this build of torch finds no GPU, got 'cuda'."
        )
    return "cpu"


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
