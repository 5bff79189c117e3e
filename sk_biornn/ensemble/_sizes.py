"""How many networks learn side by side: as many as pay, and as fit into memory."""

from __future__ import annotations

import os
from typing import Any

import torch

from sk_biornn._checks import is_integer
from sk_biornn.core import Epoch
from sk_biornn.core.workspace import MOST_SHAPES

# Chosen from the table that tests/benchmarks/bench_stacked.py prints: up to so many values per step
# of one network (units times trials of a batch), what a stack saves in calls is more than what it
# loses in cache.
MOST_VALUES_PER_STEP = 7000
# Up to so many multiplications per step a network alone takes the product that a stack takes, so
# that the two agree to the last bit (`core.products`).
MOST_WORK_PER_STEP = 2**20
_SHARE_OF_FREE = 0.5
_FREE_UNKNOWN = 2**31  # bytes, where the system does not tell


def most_together(epoch: Epoch, max_memory: float | None, always: bool) -> tuple[int, str]:
    """Return how many networks such as this may learn side by side, and why not more.

    Parameters
    ----------
    epoch : Epoch
        The next epoch of one of them.
    max_memory : float or None
        Bytes that their stack may take; None: half of what is free.
    always : bool
        Whether they are to be stacked even where it is slower.

    Returns
    -------
    most : int
        Number of networks, at least 1.
    why : str
        What limits it.
    """
    like = epoch.theta.w_rec
    n_units, n_trials = like.shape[-1], max(map(len, epoch.batches))
    is_small = _is_small(n_units, n_trials * _filling(epoch), epoch.recipe.n_products)
    if not always and like.device.type == "cpu" and not is_small:
        return 1, "large enough to keep a processor busy alone"
    limit = free_memory(like.device) * _SHARE_OF_FREE if max_memory is None else max_memory
    return max(1, int(limit // bytes_of_one(epoch))), "max_memory"


def _filling(epoch: Epoch) -> float:
    """Return how much larger a step of a stack is than one of a network alone, at most.

    Batches of trials of unequal length are filled up to the longest of all networks.
    """
    lengths = epoch.recipe.loss.data.lengths
    if lengths is None or len(epoch.batches) == 1:
        return 1.0
    return float(lengths.max() / lengths.mean())


def bytes_of_one(epoch: Epoch) -> float:
    """Return about how many bytes one network takes in a stack: activity, weights, trials."""
    x, like = epoch.recipe.loss.data.x, epoch.theta.w_rec
    n_units, n_trials = like.shape[-1], max(map(len, epoch.batches))
    n_features, n_steps = x.shape[-1], x.shape[-2]
    # [r, x, 1] and errors of every step, with as much again for what autograd holds of outputs; of
    # trials of unequal length the buffers of several batches are kept.
    n_kept = MOST_SHAPES if epoch.recipe.is_ragged else 1
    activity = (1 + n_kept) * n_trials * n_steps * (2 * n_units + n_features + 1)
    weights = 6 * sum(tensor.numel() for tensor in epoch.theta.present().values())
    return like.element_size() * (activity + weights + x.numel())


def free_memory(device: torch.device) -> float:
    """Return the bytes that are free on a device."""
    if device.type == "cuda":
        # What torch has set aside and does not use is free, too.
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return float(torch.cuda.mem_get_info(device)[0] + kept)
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return float(_FREE_UNKNOWN)


def may_pay(estimator: Any, n_trials: int) -> bool:
    """Whether a network that has not begun is small enough to learn side by side with others.

    Parameters
    ----------
    estimator : estimator
        A network of this package.
    n_trials : int
        Number of trials that it is to learn from.

    Returns
    -------
    bool
        False where it would be fitted alone on a CPU.
    """
    device = str(estimator.device)
    if device != "cpu" and not (device == "auto" and not torch.cuda.is_available()):
        return True
    table = getattr(estimator, "populations", None)
    try:
        n_units = int(estimator.n_units if table is None else table["n_units"].sum())
    except (TypeError, ValueError, KeyError, AttributeError, IndexError):
        return False  # its own fit says what is wrong
    size = estimator.batch_size if is_integer(estimator.batch_size) else 200
    return _is_small(n_units, min(size, n_trials), n_units**2)


def _is_small(n_units: int, n_trials: float, n_products: int) -> bool:
    """Whether a network is so small that a CPU gains by taking several at once."""
    values, work = n_units * n_trials, n_trials * n_products
    return values <= MOST_VALUES_PER_STEP and work < MOST_WORK_PER_STEP
