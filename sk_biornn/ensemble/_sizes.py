"""How many networks learn side by side: as many as pay, and as fit into memory."""

from __future__ import annotations

import os

import torch

from sk_biornn.core import Epoch

# Measured, see tests/benchmarks/bench_stacked.py: up to so many values per step of one network
# (units times trials of a batch), what a stack saves in calls is more than what it loses in cache.
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
    values, work = n_units * n_trials, n_trials * epoch.recipe.n_products
    is_large = values > MOST_VALUES_PER_STEP or work >= MOST_WORK_PER_STEP
    if not always and like.device.type == "cpu" and is_large:
        return 1, "large enough to keep a processor busy alone"
    limit = free_memory(like.device) * _SHARE_OF_FREE if max_memory is None else max_memory
    return max(1, int(limit // bytes_of_one(epoch))), "max_memory"


def bytes_of_one(epoch: Epoch) -> float:
    """Return about how many bytes one network takes in a stack: activity, weights, trials."""
    x, like = epoch.recipe.loss.data.x, epoch.theta.w_rec
    n_units, n_trials = like.shape[-1], max(map(len, epoch.batches))
    n_features, n_steps = x.shape[-1], x.shape[-2]
    # [r, x, 1] and errors of every step, with as much again for what autograd holds of outputs.
    activity = 2 * n_trials * n_steps * (2 * n_units + n_features + 1)
    weights = 6 * sum(tensor.numel() for tensor in epoch.theta)
    return like.element_size() * (activity + weights + x.numel())


def free_memory(device: torch.device) -> float:
    """Return the bytes that are free on a device."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return float(_FREE_UNKNOWN)
