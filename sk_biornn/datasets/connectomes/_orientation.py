"""Which way a matrix lies: what it says itself, what the caller says, and who must say it."""

from __future__ import annotations

from typing import Any

import numpy as np


def turned(weights: Any, orientation: str | None) -> Any:
    """Return weights as [post, pre]; what does not say its orientation has this one."""
    return weights.T if orientation == "pre_by_post" else weights


def agreed(said: str | None, given: str | None, where: str) -> str | None:
    """Return the orientation that a source or the caller says; raise if they contradict."""
    if None not in (said, given) and said != given:
        raise ValueError(f"orientation must be {said!r} or None for {where}, got {given!r}.")
    return said or given


def refuse_orientation(orientation: str | None, where: str, why: str) -> None:
    """Raise if an orientation is given where the source says it itself."""
    if orientation is not None:
        raise ValueError(f"orientation must be None for {where}, {why}, got {orientation!r}.")


def refuse_unsaid(weights: Any, orientation: str | None, where: str) -> None:
    """Raise if nobody says which side the rows of a matrix are, and it makes a difference."""
    if orientation is None and not _is_symmetric(weights):
        raise ValueError(
            f"orientation must be 'pre_by_post' for {where} if its rows are the presynaptic side, "
            "'post_by_pre' if they are the postsynaptic side, got None."
        )


def _is_symmetric(weights: Any) -> bool:
    if hasattr(weights, "nnz"):
        return (weights != weights.T).nnz == 0
    return np.array_equal(weights, weights.T)
