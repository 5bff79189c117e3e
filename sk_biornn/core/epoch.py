"""One pass over the trials: its batches, and the step that each of them is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sk_biornn.core.learning_rates import Schedule
from sk_biornn.core.on_device import OnDevice
from sk_biornn.core.optimisers import Optimiser, PlainDescent
from sk_biornn.core.params import RNNParams
from sk_biornn.core.solvers import Solver, resolved
from sk_biornn.core.threads import computing
from sk_biornn.core.weight_space import Spaces, WeightSpace, back_into_space

LossFunction = Callable[[RNNParams, Tensor], Tensor]  # (weights, trial indices) -> scalar


@dataclass(frozen=True)
class Optimisation:
    """How to descend; the fields are the estimators' parameters of the same names."""

    solver: str | Solver = "adam"
    learning_rate_init: float = 1e-3
    learning_rate: str | Schedule = "constant"
    epsilon: float = 1e-8
    max_grad_norm: float | None = None
    max_iter: int = 100
    batch_size: int = 200
    shuffle: bool = True
    n_iter_no_change: int = 10
    tol: float = 1e-4

    def rate_at(self, epoch: int) -> float:
        """Return the learning rate of one epoch (from 0); the cosine falls to 0 at `max_iter`."""
        if not isinstance(self.learning_rate, str):
            return self.learning_rate.rate(epoch, self.learning_rate_init)
        if self.learning_rate == "cosine":
            return 0.5 * self.learning_rate_init * (1 + math.cos(math.pi * epoch / self.max_iter))
        return self.learning_rate_init


@dataclass(frozen=True, eq=False)
class Epoch:
    """One pass over the trials, ready to be computed: alone, or side by side with others' passes.

    Parameters
    ----------
    theta : RNNParams
        Free parameters, which are moved in place.
    spaces : Spaces
        Where they may be.
    optimiser : Optimiser
        Its moments and learning rate, likewise.
    loss_function : callable
        (RNNParams, indices of the trials of one batch) -> scalar Tensor.
    batches : tuple of int Tensor
        Indices of the trials of each step.
    optimisation : Optimisation
        How to descend.
    recipe : object
        What a driver needs to know besides to compute it side by side with others; None: it
        cannot be.
    on_device : OnDevice or None
        What takes the steps on a GPU, from one epoch to the next; None: they are taken here.
    """

    theta: RNNParams
    spaces: Spaces
    optimiser: Optimiser
    loss_function: LossFunction
    batches: tuple[Tensor, ...]
    optimisation: Optimisation
    recipe: Any = None
    on_device: OnDevice | None = None

    @property
    def leaves(self) -> list[Tensor]:
        """The free parameters that training moves, in the order of the optimiser."""
        return [tensor for tensor, _ in self.spaces.moving(self.theta).values()]

    @torch.inference_mode(False)
    @torch.enable_grad()
    def compute(self) -> float:
        """Take one step per batch and return the mean loss per trial."""
        with computing():
            if self.on_device is not None:
                return self.on_device.compute([self])[0]
            return _run_epoch(self)


def _run_epoch(epoch: Epoch) -> float:
    spaces, theta, batches = epoch.spaces, epoch.theta, epoch.batches
    total, moving = 0.0, [tensor for tensor, _ in spaces.moving(theta).values()]
    for batch in batches:
        loss = epoch.loss_function(spaces.decode(theta), batch)
        value = loss.item()
        # Before the step, which would spoil every weight; the caller refuses the loss.
        if not math.isfinite(value):
            return value
        for parameter, gradient in zip(moving, torch.autograd.grad(loss, moving), strict=True):
            parameter.grad = gradient.contiguous()  # the fused Adam reads memory in this order
        if epoch.optimisation.max_grad_norm is not None:
            torch.nn.utils.clip_grad_norm_(moving, epoch.optimisation.max_grad_norm)
        _step(list(spaces.moving(theta).values()), epoch.optimiser)
        total += value * len(batch)
    return total / sum(len(batch) for batch in batches)


def _step(moving: list[tuple[Tensor, WeightSpace]], optimiser: Optimiser) -> None:
    """Take one step of the optimiser and move every tensor back into its space."""
    before = [theta.detach().clone() if space.needs_before else None for theta, space in moving]
    optimiser.step()
    with torch.no_grad():
        for (theta, space), start in zip(moving, before, strict=True):
            back_into_space(theta, space, start, optimiser.state[theta].get("exp_avg"))


def make_optimiser(moving: list[Any], optimisation: Optimisation) -> Optimiser:
    """Return the optimiser of some free parameters, or of groups of them as torch has them."""
    rate = optimisation.learning_rate_init
    solver = resolved(optimisation.solver, optimisation.epsilon)
    return PlainDescent(moving, rate) if solver is None else solver.optimiser(moving, rate)
