"""Some of the trials, whatever they come as."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_biornn._plain import is_several

PER_TRIAL = ("sample_weight", "validation_groups")  # of the arguments of a fit


def take_trials(part: np.ndarray | None, *containers: Any) -> tuple[Any, ...]:
    """Return the trials of these numbers of each container; None stays None."""
    if part is None:
        return containers
    try:
        return _taken(part, containers)
    except IndexError:
        n_trials = len(containers[0])
        raise ValueError(
            f"indices must be numbers of trials below {n_trials}, got {int(np.max(part))}."
            if np.max(part) >= n_trials
            else f"indices must be numbers of {n_trials} trials, got {int(np.min(part))}."
        ) from None


def _taken(part: np.ndarray, containers: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(_take(container, part) for container in containers)


def cut_params(fit_params: dict[str, Any], part: np.ndarray | None) -> dict[str, Any]:
    """Return arguments of a fit, what there is one of per trial cut to some trials."""
    return {
        name: take_trials(part, value)[0] if name in PER_TRIAL and is_several(value) else value
        for name, value in fit_params.items()
        if value is not None
    }


def _take(container: Any, part: np.ndarray) -> Any:
    if container is None:
        return None
    if hasattr(container, "iloc"):
        return container.iloc[part]
    if isinstance(container, (list, tuple)):
        return [container[number] for number in part]
    return container[part]
