"""Batches of several networks, put side by side."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def side_by_side(batch: Sequence[Tensor]) -> Tensor:
    """Return the trials of all networks, (M, n_trials); -1 after the end of shorter batches."""
    return torch.nn.utils.rnn.pad_sequence(list(batch), batch_first=True, padding_value=-1)


def sizes_of(batch: Sequence[Tensor], like: Tensor) -> Tensor | int:
    """Return the number of trials of every network; one number where all have as many."""
    sizes = [len(trials) for trials in batch]
    return sizes[0] if len(set(sizes)) == 1 else like.new_tensor(sizes)
