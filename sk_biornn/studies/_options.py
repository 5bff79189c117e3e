"""The command that carries a study out again: its options, from the settings in a folder."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sk_biornn._records import as_json

Options = dict[str, Any]


def command_of(
    name: str,
    again: Callable[[Mapping[str, Any]], Options | None] | None,
    settings: Mapping[str, Any],
    versions: Mapping[str, Any],
) -> str | None:
    """Return the command with all its options; None where no command has these settings."""
    if again is None:
        return None
    try:
        choices = again(settings)
    except (LookupError, TypeError, ValueError):  # settings of another version, or damaged
        return None
    if choices is None:
        return None
    device = versions.get("device", "cpu")
    choices = choices if device == "cpu" else {**choices, "device": device}
    options = [word for option, value in choices.items() for word in _option(option, value)]
    return shlex.join(["sk-biornn", "study", name, *options])


def _option(name: str, value: Any) -> Iterator[str]:
    dashed = name.replace("_", "-")
    if isinstance(value, bool):
        yield f"--{dashed}" if value else f"--no-{dashed}"
        return
    yield f"--{dashed}"
    for one in value if isinstance(value, list | tuple) else [value]:
        yield str(one)


def same_settings(there: Mapping[str, Any], here: Mapping[str, Any]) -> bool:
    """Whether settings of a folder are those of a preset with choices, input data apart."""
    apart = {"study", "input_data"}
    theirs, ours = ({k: v for k, v in as_json(x).items() if k not in apart} for x in (there, here))
    return bool(theirs == ours)


def changed(preset: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what settings have instead of the values of a preset."""
    start = as_json(preset)
    return {name: settings[name] for name in start if settings[name] != start[name]}
