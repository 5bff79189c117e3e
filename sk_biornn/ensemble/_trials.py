"""Some of the trials, whatever they come as."""

from __future__ import annotations

from typing import Any

import numpy as np


def take_trials(part: np.ndarray | None, *containers: Any) -> tuple[Any, ...]:
    """Return the trials of these numbers of each container; None stays None."""
    if part is None:
        return containers
    return tuple(_take(container, part) for container in containers)


def _take(container: Any, part: np.ndarray) -> Any:
    if container is None:
        return None
    if hasattr(container, "iloc"):
        return container.iloc[part]
    if isinstance(container, (list, tuple)):
        return [container[number] for number in part]
    return container[part]
