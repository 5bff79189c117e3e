"""The recurrent noise: standard normal numbers, drawn as each network alone would draw them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sk_biornn.core.layout import Places
from sk_biornn.core.sweeps import rows

Noise = torch.Generator | Sequence[torch.Generator]


def draw_noise(
    noise: Noise,
    states: Sequence[Tensor],
    scratch: Tensor,
    places: Places | None,
) -> None:
    """Fill the states of all steps.

    Parameters
    ----------
    noise : torch.Generator or sequence of them
        One source, or one per network along the leading axis.
    states : sequence of Tensor of shape (..., n_active, n_units)
        Of each step.
    scratch : Tensor of shape (..., n_trials, n_units)
        Memory whose rows lie together, as they do for a network alone: what a generator gives
        depends on it.
    places : Places or None
        Where the steps of trials of unequal length lie: a network draws for its own trials only.
    """
    counts = None if places is None or places.network is None else places.counts
    for step, z in enumerate(states):
        drawn = rows(scratch, z)
        if isinstance(noise, torch.Generator):
            drawn.normal_(generator=noise)
        else:
            for number, (own, generator) in enumerate(zip(drawn, noise, strict=True)):
                n_own = len(own) if counts is None else counts[number][step]
                own[:n_own].normal_(generator=generator)  # what the rest holds is not used
        z.copy_(drawn)
