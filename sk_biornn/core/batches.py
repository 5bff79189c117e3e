"""Which trials make the batches of an epoch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_biornn.core.epoch import Optimisation

_POOL = 8  # batches among which trials are sorted by length


def drawn_batches(
    n_trials: int,
    optimisation: Optimisation,
    rng: np.random.Generator,
    lengths: NDArray[np.int64] | None = None,
) -> tuple[Tensor, ...]:
    """Return the numbers of the trials of each batch; of such as are alike in length, if given."""
    size = optimisation.batch_size
    # In a batch of all trials their order changes nothing but the rounding.
    if not (optimisation.shuffle and size < n_trials):
        return torch.arange(n_trials).split(size)
    order = rng.permutation(n_trials)
    if lengths is None:
        return torch.from_numpy(order).split(size)
    pools = np.split(order, np.arange(_POOL * size, n_trials, _POOL * size))
    # Sorted within pools drawn anew, so that a short trial meets others in every epoch.
    order = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
    batches = torch.from_numpy(order).split(size)
    # Shuffled again, or every pool would go from short trials to long ones.
    return tuple(batches[number] for number in rng.permutation(len(batches)))
