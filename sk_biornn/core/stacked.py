"""Epochs of several networks computed side by side: one step of all of them at a time.

The weights of M networks lie along a leading axis. A step is one product of stacks where each
network by itself would take M products, and one call of the optimiser; everything in it treats the
networks apart, so that each gets the numbers that it would get alone, up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from sk_biornn.core.params import RNNParams
from sk_biornn.core.threads import computing
from sk_biornn.core.training import Epoch, make_optimiser, take_step
from sk_biornn.core.weight_space import Spaces

Losses = Callable[[RNNParams, Tensor], Tensor]  # (weights (M, ...), trials (M, B)) -> (M,)


class Stack:
    """Networks whose epochs go together from one to the next.

    Parameters
    ----------
    epochs : sequence of Epoch
        The first epoch of each network; all with batches of the same sizes.
    spaces : Spaces
        Where the weights of all networks may be, along the leading axis.
    losses : callable
        (RNNParams, indices of shape (n_networks, batch_size)) -> loss of each network.
    """

    @torch.inference_mode(False)
    def __init__(self, epochs: Sequence[Epoch], spaces: Spaces, losses: Losses) -> None:
        self._spaces, self._losses = spaces, losses
        self._thetas = [epoch.theta for epoch in epochs]
        self._theta = RNNParams(
            *(
                torch.stack([t.detach() for t in tensors])
                for tensors in zip(*self._thetas, strict=True)
            )
        )
        self._moving = list(spaces.moving(self._theta).values())
        leaves = [tensor.requires_grad_() for tensor, _ in self._moving]
        self._optimiser = make_optimiser(leaves, epochs[0].optimisation)
        self._take_up(epochs)

    def holds(self, epochs: Sequence[Epoch]) -> bool:
        """Whether these are the next epochs of just these networks."""
        return len(epochs) == len(self._thetas) and all(
            epoch.theta is theta for epoch, theta in zip(epochs, self._thetas, strict=True)
        )

    @torch.inference_mode(False)
    @torch.enable_grad()
    def compute(self, epochs: Sequence[Epoch]) -> list[float]:
        """Take the steps of one epoch, and return the mean loss per trial of each network.

        Parameters
        ----------
        epochs : sequence of Epoch
            Of the networks in their order; their weights and moments are moved at the end.

        Returns
        -------
        list of float
            NaN or infinite where a network has diverged; the others do not notice.
        """
        first = epochs[0]
        self._optimiser.param_groups[0]["lr"] = first.optimiser.param_groups[0]["lr"]
        with computing():
            total = self._theta.w_rec.new_zeros(len(epochs), dtype=torch.float64)
            for batch in zip(*(epoch.batches for epoch in epochs), strict=True):
                losses = self._step(torch.stack(batch), first.optimisation.max_grad_norm)
                total += losses.detach().double() * len(batch[0])
            self._hand_out(epochs)
        n_trials = sum(len(batch) for batch in first.batches)
        return (total / n_trials).tolist()

    def _step(self, indices: Tensor, max_grad_norm: float | None) -> Tensor:
        losses = self._losses(self._spaces.decode(self._theta), indices)
        leaves = [tensor for tensor, _ in self._moving]
        gradients = torch.autograd.grad(losses.sum(), leaves)
        for leaf, gradient in zip(leaves, gradients, strict=True):
            leaf.grad = gradient.contiguous()
        if max_grad_norm is not None:
            _clip_each([leaf.grad for leaf in leaves], max_grad_norm)
        take_step(self._moving, self._optimiser)
        return losses

    def _take_up(self, epochs: Sequence[Epoch]) -> None:
        """Have the optimiser remember what those of the networks do."""
        for number, (leaf, _) in enumerate(self._moving):
            states = [epoch.optimiser.state.get(epoch.leaves[number], {}) for epoch in epochs]
            self._optimiser.state[leaf] = {
                key: torch.stack([state[key] for state in states]) if value.ndim else value.clone()
                for key, value in states[0].items()
                if isinstance(value, Tensor)
            }

    def _hand_out(self, epochs: Sequence[Epoch]) -> None:
        """Give every network its weights and its moments."""
        with torch.no_grad():
            for number, (leaf, _) in enumerate(self._moving):
                state = self._optimiser.state[leaf]
                for place, epoch in enumerate(epochs):
                    own = epoch.leaves[number]
                    own.copy_(leaf[place])
                    epoch.optimiser.state[own] = {
                        key: (value[place] if value.ndim else value).clone()
                        for key, value in state.items()
                        if isinstance(value, Tensor)
                    }


def _clip_each(gradients: list[Tensor | None], most: float) -> None:
    """Scale the gradients of every network to at most this norm over all its weights."""
    found = [gradient for gradient in gradients if gradient is not None]
    squares = [g.flatten(1).square().sum(1) for g in found]
    norms = torch.stack(squares).sum(0).sqrt()
    # As `torch.nn.utils.clip_grad_norm_`, network by network.
    factors = (most / (norms + 1e-6)).clamp(max=1.0)
    for gradient in found:
        gradient.mul_(factors.view(-1, *(1,) * (gradient.ndim - 1)))
