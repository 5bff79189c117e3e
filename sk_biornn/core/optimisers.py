"""Adam and plain descent as torch has them, without what torch loads and does around a step.

The first step of one of torch's optimisers loads torch's compiler, in every process that trains;
each later one passes through wrappers, which small networks feel. The arithmetic here is torch's
own kernel, to the last bit.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

BETA_1, BETA_2 = 0.9, 0.999  # torch's defaults

Group = dict[str, Any]  # "params", and the learning rate "lr" of these


class Optimiser(Protocol):
    """What training needs of an optimiser; torch's have it."""

    param_groups: list[Group]
    state: Any  # tensor -> what is remembered of it, by name

    def step(self) -> Any:
        """Take one step along the gradients that the tensors hold."""
        ...


class PlainDescent:
    """theta <- theta - rate * gradient.

    Parameters
    ----------
    moving : list of Tensor or of dict
        What moves, or groups of it, each with its own learning rate.
    rate : float
        Learning rate at the start.
    """

    def __init__(self, moving: Sequence[Any], rate: float) -> None:
        groups = moving if moving and isinstance(moving[0], dict) else [{"params": list(moving)}]
        self.param_groups: list[Group] = [{"lr": rate, **group} for group in groups]
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)

    @torch.no_grad()
    def step(self) -> None:
        """Take one step."""
        for group in self.param_groups:
            for tensor in group["params"]:
                tensor.add_(tensor.grad, alpha=-group["lr"])


class FusedAdam(PlainDescent):
    """Adam in one kernel.

    Parameters
    ----------
    moving, rate : list, float
        As of `PlainDescent`.
    epsilon : float
        Added to the denominator.
    keras : bool
        Whether it is added to the root that is not corrected for its start at zero.
    """

    def __init__(self, moving: Sequence[Any], rate: float, epsilon: float, keras: bool) -> None:
        super().__init__(moving, rate)
        self._epsilon, self._keras = epsilon, keras

    @torch.no_grad()
    def step(self) -> None:
        """Take one step."""
        for group in self.param_groups:
            tensors = group["params"]
            states = [self._state_of(tensor) for tensor in tensors]
            steps = [state["step"] for state in states]
            epsilon = self._epsilon
            if self._keras and steps:
                # sqrt(c) m / (sqrt(v) + e) = m / (sqrt(v / c) + e / sqrt(c)), with c the
                # correction: torch's formula with a larger epsilon.
                epsilon /= math.sqrt(1.0 - BETA_2 ** (int(steps[0]) + 1))
            torch._foreach_add_(steps, 1)
            torch._fused_adam_(
                tensors,
                [tensor.grad for tensor in tensors],
                [state["exp_avg"] for state in states],
                [state["exp_avg_sq"] for state in states],
                [],
                steps,
                lr=group["lr"],
                beta1=BETA_1,
                beta2=BETA_2,
                weight_decay=0.0,
                eps=epsilon,
                amsgrad=False,
                maximize=False,
            )

    def _state_of(self, tensor: Tensor) -> dict[str, Any]:
        state = self.state[tensor]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32, device=tensor.device)
            state["exp_avg"] = torch.zeros_like(tensor, memory_format=torch.preserve_format)
            state["exp_avg_sq"] = torch.zeros_like(tensor, memory_format=torch.preserve_format)
        return state
