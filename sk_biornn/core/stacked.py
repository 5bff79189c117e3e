"""Epochs of several networks computed side by side: one step of all of them at a time.

The weights of M networks lie along a leading axis. A step is one product of stacks where each
network by itself would take M products, and one call of the optimiser; everything in it treats the
networks apart, so that each gets the numbers that it would get alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from sk_biornn.core.epoch import Epoch, make_optimiser
from sk_biornn.core.on_device import Losses, OnDevice
from sk_biornn.core.optimisers import FusedAdam, Optimiser
from sk_biornn.core.params import stacked
from sk_biornn.core.side_by_side import side_by_side, sizes_of
from sk_biornn.core.threads import computing
from sk_biornn.core.weight_space import Spaces, WeightSpace, back_into_space


class EpochsTogether(ABC):
    """Networks whose epochs go together from one to the next."""

    @abstractmethod
    def holds(self, epochs: Sequence[Epoch]) -> bool:
        """Whether these are the next epochs of just these networks."""

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
        with computing():
            return self._computed(epochs)

    @abstractmethod
    def _computed(self, epochs: Sequence[Epoch]) -> list[float]:
        """Do what `compute` does, where its settings hold."""


class Stack(EpochsTogether):
    """Networks on a processor: each gets the bits that it gets alone.

    Parameters
    ----------
    epochs : sequence of Epoch
        The first epoch of each network; all with as many batches and trials.
    spaces : Spaces
        Where the weights of all networks may be, along the leading axis.
    losses : callable
        (RNNParams, indices of shape (n_networks, batch_size)) -> loss of each network. Indices
        are -1 where the batch of one network is smaller than those of others.
    """

    @torch.inference_mode(False)
    def __init__(self, epochs: Sequence[Epoch], spaces: Spaces, losses: Losses) -> None:
        self._spaces, self._losses = spaces, losses
        self._thetas = [epoch.theta for epoch in epochs]
        self._theta = stacked([theta.map(Tensor.detach) for theta in self._thetas])
        moving = list(spaces.moving(self._theta).values())
        self._weights = [
            _Stacked(tensor, space, [epoch.leaves[number] for epoch in epochs], epochs)
            for number, (tensor, space) in enumerate(moving)
        ]
        self._optimiser = make_optimiser(self._groups(epochs), epochs[0].optimisation)
        for weight in self._weights:
            weight.take_up(self._optimiser)

    def holds(self, epochs: Sequence[Epoch]) -> bool:
        """Whether these are the next epochs of just these networks."""
        if len(epochs) != len(self._thetas):
            return False
        same = zip(epochs, self._thetas, strict=True)
        one_rate = len(self._optimiser.param_groups) == 1
        return all(epoch.theta is theta for epoch, theta in same) and (
            not one_rate or len(set(map(_rate, epochs))) == 1
        )

    def _groups(self, epochs: Sequence[Epoch]) -> list[dict[str, list[Tensor]]]:
        """Return the tensors that have one learning rate: of all networks, or of each."""
        of_each = [[weight.parts[m] for weight in self._weights] for m in range(len(epochs))]
        if len(set(map(_rate, epochs))) > 1:
            return [{"params": parts} for parts in of_each]
        return [{"params": [part for parts in of_each for part in parts]}]

    def _computed(self, epochs: Sequence[Epoch]) -> list[float]:
        first = epochs[0]
        for group, epoch in zip(self._optimiser.param_groups, epochs, strict=False):
            group["lr"] = _rate(epoch)
        total = self._theta.w_rec.new_zeros(len(epochs), dtype=torch.float64)
        for batch in zip(*(epoch.batches for epoch in epochs), strict=True):
            losses = self._step(side_by_side(batch), first.optimisation.max_grad_norm)
            total += losses.detach().double() * sizes_of(batch, total)
        for weight in self._weights:
            weight.hand_out(epochs, self._optimiser)
        n_trials = sum(len(batch) for batch in first.batches)
        return (total / n_trials).tolist()

    def _step(self, indices: Tensor, max_grad_norm: float | None) -> Tensor:
        losses = self._losses(self._spaces.decode(self._theta), indices)
        leaves = [weight.theta for weight in self._weights]
        for weight, gradient in zip(
            self._weights, torch.autograd.grad(losses.sum(), leaves), strict=True
        ):
            weight.gradient.copy_(gradient)
        if max_grad_norm is not None:
            _clip_each([weight.gradient for weight in self._weights], max_grad_norm)
        before = [weight.before() for weight in self._weights]
        self._optimiser.step()
        with torch.no_grad():
            for weight, start in zip(self._weights, before, strict=True):
                back_into_space(weight.theta, weight.space, start, weight.momentum)
        return losses


class DeviceStack(EpochsTogether):
    """Networks on a GPU: all of them in as many operations as one.

    Parameters
    ----------
    epochs : sequence of Epoch
        The first epoch of each network; all with batches of the same sizes.
    spaces, losses : Spaces, callable
        As of `Stack`.
    recordable : bool
        Whether a step does the same operations every time.
    generators : sequence of torch.Generator
        Sources of noise that a step draws from.
    """

    def __init__(
        self,
        epochs: Sequence[Epoch],
        spaces: Spaces,
        losses: Losses,
        recordable: bool,
        generators: Sequence[torch.Generator] = (),
    ) -> None:
        self._thetas = [epoch.theta for epoch in epochs]
        self._on_device = OnDevice(spaces, losses, len(epochs), recordable, generators)
        self._has_begun = False

    def holds(self, epochs: Sequence[Epoch]) -> bool:
        """Whether these are the next epochs of just these networks."""
        return [id(epoch.theta) for epoch in epochs] == [id(theta) for theta in self._thetas]

    def _computed(self, epochs: Sequence[Epoch]) -> list[float]:
        losses = self._on_device.compute(epochs, go_on=self._has_begun)
        self._has_begun = True
        return losses


def _rate(epoch: Epoch) -> float:
    return epoch.optimiser.param_groups[0]["lr"]


class _Stacked:
    """One kind of weights of all networks, and what the optimiser remembers of them.

    The optimiser sees a tensor per network, a view each: its arithmetic ends every tensor with
    numbers that do not fill a vector, and rounds them otherwise than those within, so that only
    tensors of the size that they have alone get the bits that they get alone.
    """

    def __init__(
        self,
        theta: Tensor,
        space: WeightSpace,
        leaves: Sequence[Tensor],
        epochs: Sequence[Epoch],
    ) -> None:
        self.theta, self.space = theta.requires_grad_(), space
        self.leaves = leaves  # of the networks, alone
        self.gradient = torch.zeros_like(theta, requires_grad=False)
        self.parts = [part.detach() for part in theta.detach().unbind()]
        for part, gradient in zip(self.parts, self.gradient.unbind(), strict=True):
            part.grad = gradient
        states = [
            epoch.optimiser.state.get(leaf, {}) for epoch, leaf in zip(epochs, leaves, strict=True)
        ]
        self._memory = {
            key: torch.stack([state[key] for state in states])
            for key, value in states[0].items()
            if isinstance(value, Tensor)
        }

    def take_up(self, optimiser: Optimiser) -> None:
        """Have an optimiser remember of every part what that of its network does."""
        if not self._memory and isinstance(optimiser, FusedAdam):
            like = self.gradient
            self._memory = {
                "step": like.new_zeros(len(like), dtype=torch.float32),
                "exp_avg": torch.zeros_like(like),
                "exp_avg_sq": torch.zeros_like(like),
            }
        for place, part in enumerate(self.parts):
            optimiser.state[part] = {key: value[place] for key, value in self._memory.items()}

    @property
    def momentum(self) -> Tensor | None:
        """Running means of the gradients of all networks; None without."""
        return self._memory.get("exp_avg")

    def before(self) -> Tensor | None:
        """Return the free parameters before a step, if their space asks for them."""
        return self.theta.detach().clone() if self.space.needs_before else None

    def hand_out(self, epochs: Sequence[Epoch], optimiser: Optimiser) -> None:
        """Give every network its weights and its moments."""
        with torch.no_grad():
            for part, leaf, epoch in zip(self.parts, self.leaves, epochs, strict=True):
                leaf.copy_(part)
                epoch.optimiser.state[leaf] = {
                    key: value.clone()
                    for key, value in optimiser.state[part].items()
                    if isinstance(value, Tensor)
                }


def _clip_each(gradients: list[Tensor], most: float) -> None:
    """Scale the gradients of every network to at most this norm over all its weights."""
    each = list(zip(*gradients, strict=True))  # as each network alone would, to the last bit
    size = torch.linalg.vector_norm
    norms = torch.stack([size(torch.stack([size(part) for part in own])) for own in each])
    # As `torch.nn.utils.clip_grad_norm_`, network by network.
    factors = (most / (norms + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(factors.view(-1, *(1,) * (gradient.ndim - 1)))
