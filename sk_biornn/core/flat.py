"""The moving weights of networks on a GPU in one row each, and the optimiser's step on the rows.

An operation costs a GPU some microseconds to begin, however few numbers it is for. In one row the
five tensors of a network are moved by as many operations as one of them; along a leading axis, so
are the networks of a stack, each with a learning rate of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from sk_biornn.core.optimisers import BETA_1, BETA_2, FusedAdam
from sk_biornn.core.params import RNNParams
from sk_biornn.core.solvers import Adam
from sk_biornn.core.weight_space import Spaces, WeightSpace

_ALIGNED = 32  # numbers: products read their factors fastest from multiples of 128 bytes


class Rows:
    """Free parameters that training moves, their gradients, and what an optimiser remembers.

    Parameters
    ----------
    theta : RNNParams
        Free parameters of one network, or of M along a leading axis; they are copied.
    spaces : Spaces
        Which of them move.
    lead : tuple of int
        () or (M,).
    """

    def __init__(self, theta: RNNParams, spaces: Spaces, lead: tuple[int, ...]) -> None:
        moving = spaces.moving(theta)
        shapes = {name: tensor.shape for name, (tensor, _) in moving.items()}
        sizes = [shape[len(lead) :].numel() for shape in shapes.values()]
        stops = list(accumulate(-(-size // _ALIGNED) * _ALIGNED for size in sizes))
        starts = [0, *stops[:-1]]
        self._places = dict(
            zip(shapes, zip(starts, sizes, shapes.values(), strict=True), strict=True)
        )
        like = theta.w_rec
        self.values = like.new_zeros((*lead, stops[-1] if stops else 0))
        self.gradients = torch.zeros_like(self.values)
        self._gaps = [
            like.new_zeros((*lead, stop - start - size))
            for start, stop, size in zip(starts, stops, sizes, strict=True)
        ]
        self.parts = self.cut(self.values)
        self.spaces: dict[str, WeightSpace] = {name: space for name, (_, space) in moving.items()}
        self.leaves = [part.detach().requires_grad_() for part in self.parts.values()]
        self.theta = theta._replace(**dict(zip(self.parts, self.leaves, strict=True)))

    def cut(self, rows: Tensor) -> dict[str, Tensor]:
        """Return the parts of rows as views of the shapes of the weights, by name."""
        return {
            name: rows[..., start : start + size].unflatten(-1, shape[rows.ndim - 1 :])
            for name, (start, size, shape) in self._places.items()
        }

    def take(self, gradients: Iterable[Tensor]) -> None:
        """Put the gradients of all weights, in their order, into rows."""
        n_lead = self.values.ndim - 1
        pieces: list[Tensor] = []
        for gradient, gap in zip(gradients, self._gaps, strict=True):
            pieces += [gradient.flatten(n_lead), gap]
        torch.cat(pieces, dim=-1, out=self.gradients)

    def clip(self, most: float) -> None:
        """Scale the gradients of every network to at most this norm over all its weights."""
        norms = torch.linalg.vector_norm(self.gradients, dim=-1, keepdim=True)
        # As `torch.nn.utils.clip_grad_norm_`, network by network.
        self.gradients.mul_((most / (norms + 1e-6)).clamp_(max=1.0))


class Descent:
    """Plain gradient descent on rows, or Adam, with the numbers of torch's optimisers.

    Parameters
    ----------
    rows : Rows
        What moves.
    adam : Adam or None
        None: plain descent.
    one_rate : bool
        Whether all networks have one learning rate at all times.
    """

    def __init__(self, rows: Rows, adam: Adam | None, one_rate: bool) -> None:
        self.rows, self.adam = rows, adam
        self.rates = rows.values.new_zeros((*rows.values.shape[:-1], 1))
        self._rates = torch.zeros_like(self.rates, dtype=torch.float64)
        self._steps = torch.zeros_like(self._rates)  # taken so far, where they are not fused
        self._taken = [0.0] * max(1, self._steps.numel())  # the same, known to the processor
        self._betas = self._rates.new_tensor([BETA_1, BETA_2])
        self._memory: dict[str, Tensor] = {}
        if adam is not None:
            names = ("exp_avg", "exp_avg_sq")
            self._memory = {name: torch.zeros_like(rows.values) for name in names}
        self._parts = {name: rows.cut(memory) for name, memory in self._memory.items()}
        self._fused = self._one_kernel() if one_rate else None

    def _one_kernel(self) -> FusedAdam | None:
        """Return Adam in one kernel, which reads memory once, where it does the same.

        It takes one learning rate, and that in float32.
        """
        values, adam = self.rows.values, self.adam
        if adam is None or adam.epsilon_placement != "torch" or values.dtype != torch.float32:
            return None
        self._rate = values.new_zeros(())
        self._count = values.new_zeros(())
        fused = FusedAdam([values], 0.0, adam.epsilon, keras=False)
        fused.param_groups[0]["lr"] = self._rate
        fused.state[values] = {"step": self._count, **self._memory}
        values.grad = self.rows.gradients
        return fused

    def set_rates(self, rates: Sequence[float]) -> None:
        """Set the learning rate of every network."""
        self._rates.copy_(self._rates.new_tensor(rates).view_as(self._rates))
        self.rates.copy_(self._rates)
        if self._fused is not None:
            self._rate.copy_(self.rates.flatten()[0])

    def momentum(self, name: str) -> Tensor | None:
        """Return the running mean of the gradients of one weight; None without."""
        return self._parts["exp_avg"][name] if self._parts else None

    def step(self) -> None:
        """Move all weights."""
        values, gradients = self.rows.values, self.rows.gradients
        if self.adam is None:
            values.sub_(gradients * self.rates)
            return
        if self._fused is not None:
            self._fused.step()
            return
        self._steps.add_(1)
        mean, square = self._memory["exp_avg"], self._memory["exp_avg_sq"]
        mean.lerp_(gradients, 1 - BETA_1)
        square.mul_(BETA_2).addcmul_(gradients, gradients, value=1 - BETA_2)
        left = 1 - self._betas**self._steps  # what the averages lack for their start at zero
        size, root = self._rates / left[..., :1], left[..., 1:].sqrt()
        if self.adam.epsilon_placement == "keras":  # epsilon stands beside the uncorrected root
            size, root = size * root, torch.ones_like(root)
        spread = square.sqrt().div_(root.to(values.dtype)).add_(self.adam.epsilon)
        values.sub_(torch.div(mean, spread, out=spread).mul_(size.to(values.dtype)))

    def take_up(self, states: Sequence[Mapping[str, Mapping[str, Any]]]) -> None:
        """Remember what the optimiser of each network does, by weight; zeros for nothing."""
        for name, of_weight in self._of_each(self._parts, len(states)).items():
            for state, memory in zip(states, of_weight, strict=True):
                for key, part in memory.items():
                    kept = state[name].get(key)
                    part.zero_() if kept is None else part.copy_(kept)
        self._taken = [self._steps_of(state) for state in states]
        self._steps.copy_(self._steps.new_tensor(self._taken).view_as(self._steps))
        if self._fused is not None:
            self._count.copy_(self._steps.flatten()[0])

    def count(self, n_steps: int) -> None:
        """Take note that so many steps have been taken: the device is not to be asked for it."""
        self._taken = [taken + n_steps for taken in self._taken]

    def states(self, n_networks: int) -> list[dict[str, dict[str, Tensor]]]:
        """Return a copy of what is remembered of each weight, network by network."""
        if self.adam is None:
            return [{name: {} for name in self.rows.parts} for _ in range(n_networks)]
        copies = {key: memory.clone() for key, memory in self._memory.items()}
        steps = [torch.tensor(taken, dtype=torch.float32) for taken in self._taken]
        parts = {key: self.rows.cut(copy) for key, copy in copies.items()}
        each = self._of_each(parts, n_networks)
        return [
            {name: {"step": steps[m], **of_each[m]} for name, of_each in each.items()}
            for m in range(n_networks)
        ]

    def _of_each(
        self, parts: dict[str, dict[str, Tensor]], n_networks: int
    ) -> dict[str, list[dict[str, Tensor]]]:
        """Turn parts by memory and weight into parts by weight, network and memory."""
        has_lead = self.rows.values.ndim > 1
        return {
            name: [
                {key: part[name][m] if has_lead else part[name] for key, part in parts.items()}
                for m in range(n_networks)
            ]
            for name in self.rows.parts
        }

    @staticmethod
    def _steps_of(state: Mapping[str, Mapping[str, Any]]) -> float:
        """Return how many steps an optimiser has taken; all its weights agree."""
        return max((float(kept.get("step", 0)) for kept in state.values()), default=0.0)
