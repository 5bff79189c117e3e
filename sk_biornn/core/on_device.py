"""The epochs of networks on a GPU: steps that are recorded, and nothing that waits for them.

The processor asks for all steps of an epoch ahead, and learns the loss at the end of it. A network
that diverges in the middle goes on to the end of its epoch, and is found out then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sk_biornn.core.flat import Descent, Rows
from sk_biornn.core.params import RNNParams, stacked
from sk_biornn.core.recording import Recording
from sk_biornn.core.side_by_side import side_by_side, sizes_of
from sk_biornn.core.solvers import Adam, resolved
from sk_biornn.core.weight_space import Spaces, WeightSpace, back_into_space

if TYPE_CHECKING:
    from sk_biornn.core.epoch import Epoch

Losses = Callable[[RNNParams, Tensor], Tensor]  # (weights, trials) -> loss, or one per network


def is_on_gpu(tensor: Tensor) -> bool:
    """Whether a tensor is where to ask for a step costs more than to do it."""
    return tensor.device.type == "cuda"


def _is_of_one_rate(epochs: Sequence[Epoch]) -> bool:
    """Whether the learning rates of all networks are equal, and will be."""
    if len(epochs) == 1:
        return True
    first, *others = (epoch.optimisation for epoch in epochs)
    return first.learning_rate == "constant" and all(
        other.learning_rate == "constant" and other.learning_rate_init == first.learning_rate_init
        for other in others
    )


class OnDevice:
    """Takes the steps of the epochs of one network, or of M at a time.

    Parameters
    ----------
    spaces : Spaces
        Where the weights may be; of M networks along a leading axis.
    losses : callable
        (RNNParams, indices) -> loss, a scalar for one network, (M,) for M, whose indices are
        (M, batch_size).
    n_networks : int or None
        M; None: one network without a leading axis.
    recordable : bool
        Whether a step does the same operations every time, see `Recording`.
    generators : sequence of torch.Generator
        Sources of noise that a step draws from.
    """

    def __init__(
        self,
        spaces: Spaces,
        losses: Losses,
        n_networks: int | None = None,
        recordable: bool = False,
        generators: Sequence[torch.Generator] = (),
    ) -> None:
        self._spaces, self._losses = spaces, losses
        self._lead = () if n_networks is None else (n_networks,)
        self._recordable, self._generators = recordable, generators
        self._rows: Rows | None = None
        self._recording: Recording | None = None

    def compute(self, epochs: Sequence[Epoch], *, go_on: bool = False) -> list[float]:
        """Take the steps of one epoch of every network.

        Parameters
        ----------
        epochs : sequence of Epoch
            Of the networks in their order; their weights and moments are moved at the end.
        go_on : bool, default=False
            Whether weights and moments are those that the last call left.

        Returns
        -------
        list of float
            Mean loss per trial of each network; NaN or infinite where one has diverged.
        """
        if self._rows is None:
            self._prepare(epochs)
        if not go_on:
            self._take_up(epochs)
        self._descent.set_rates([epoch.optimiser.param_groups[0]["lr"] for epoch in epochs])
        self._total.zero_()
        if self._recordable:
            sizes = [len(batch) for batch in epochs[0].batches]
            for indices in self._indices(epochs).split(sizes, dim=-1):
                self._recorded_step(indices)
        else:
            for batch in zip(*(epoch.batches for epoch in epochs), strict=True):
                indices = side_by_side(batch) if self._lead else batch[0]
                self._take_step(indices, sizes_of(batch, self._total))
        self._descent.count(len(epochs[0].batches))
        self._hand_out(epochs)
        n_trials = sum(map(len, epochs[0].batches))  # as many in every network
        return (self._total / n_trials).reshape(-1).tolist()

    def _recorded_step(self, indices: Tensor) -> None:
        if self._recording is None:
            self._take_step(indices, indices.shape[-1])
        else:
            self._recording(lambda place: self._take_step(place, place.shape[-1]), indices)

    def _prepare(self, epochs: Sequence[Epoch]) -> None:
        first = epochs[0]
        how = first.optimisation
        self._rows = Rows(self._joined(epochs), self._spaces, self._lead)
        solver = resolved(how.solver, how.epsilon)
        assert solver is None or isinstance(solver, Adam)  # no others come here
        self._descent = Descent(self._rows, solver, _is_of_one_rate(epochs))
        self._most = how.max_grad_norm
        self._total = self._rows.values.new_zeros(self._lead, dtype=torch.float64)
        if self._recordable and self._rows.values.device.type == "cuda":
            self._recording = Recording(self._generators)

    def _joined(self, epochs: Sequence[Epoch]) -> RNNParams:
        """Return the free parameters of all networks."""
        thetas = [epoch.theta.map(Tensor.detach) for epoch in epochs]
        if not self._lead:
            return thetas[0]
        return stacked(thetas)

    def _take_up(self, epochs: Sequence[Epoch]) -> None:
        """Begin where weights and optimisers are."""
        assert self._rows is not None
        for name, part in self._rows.parts.items():
            for m, epoch in enumerate(epochs):
                (part[m] if self._lead else part).copy_(getattr(epoch.theta, name).detach())
        self._descent.take_up(
            [
                {
                    name: epoch.optimiser.state.get(getattr(epoch.theta, name), {})
                    for name in self._rows.parts
                }
                for epoch in epochs
            ]
        )

    def _hand_out(self, epochs: Sequence[Epoch]) -> None:
        """Give every network its weights and its moments."""
        assert self._rows is not None
        states = self._descent.states(len(epochs))
        with torch.no_grad():
            for m, (epoch, state) in enumerate(zip(epochs, states, strict=True)):
                for name, part in self._rows.parts.items():
                    leaf = getattr(epoch.theta, name)
                    leaf.copy_(part[m] if self._lead else part)
                    epoch.optimiser.state[leaf] = state[name]

    def _indices(self, epochs: Sequence[Epoch]) -> Tensor:
        """Return the trials of all batches, one after the other, where the networks are."""
        assert self._rows is not None
        each = [torch.cat(epoch.batches) for epoch in epochs]
        indices = torch.stack(each) if self._lead else each[0]
        return indices.to(self._rows.values.device)

    def _take_step(self, indices: Tensor, sizes: Tensor | int) -> None:
        rows, descent = self._rows, self._descent
        assert rows is not None
        losses = self._losses(self._spaces.decode(rows.theta), indices)
        rows.take(torch.autograd.grad(losses.sum() if losses.ndim else losses, rows.leaves))
        if self._most is not None:
            rows.clip(self._most)
        before = {
            name: part.clone() for name, part in rows.parts.items() if self._needs_before(name)
        }
        descent.step()
        for name, part in rows.parts.items():
            space: WeightSpace = rows.spaces[name]
            back_into_space(part, space, before.get(name), descent.momentum(name))
        self._total.add_(losses.detach().double() * sizes)

    def _needs_before(self, name: str) -> bool:
        assert self._rows is not None
        return self._rows.spaces[name].needs_before
