"""Networks that learn side by side: which go together, and what their common step is made of."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields
from typing import Any, cast

import torch
from torch import Tensor

from sk_biornn.biology._prices import can_be_stacked
from sk_biornn.biology._spaces import clipping_space, sign_bounds
from sk_biornn.biology.constraints import Constraint
from sk_biornn.biology.regularizers import Facts
from sk_biornn.core import (
    DeviceStack,
    Dynamics,
    Epoch,
    EpochsTogether,
    RNNParams,
    Spaces,
    Stack,
    WeightSpace,
    Workspace,
    run,
    sum_of_two,
    within,
)
from sk_biornn.core.losses import EACH
from sk_biornn.core.solvers import is_known
from sk_biornn.estimators import _boundary as boundary
from sk_biornn.estimators._circuit import Circuit, Projection
from sk_biornn.estimators._loss import Batch, Loss, Penalties, Tallied, TrainingSet
from sk_biornn.estimators._side_by_side import (
    TrainingSets,
    add_noise,
    cut,
    dynamics_of,
    noise_of,
    rates_of,
    scale_of,
)

_VECTORS = ("strength", "emd_strength")  # of penalties: what may differ within a stack


@dataclass(frozen=True, eq=False)
class Recipe:
    """What the epochs of one network are made of.

    Parameters
    ----------
    constraint : Constraint
        Where its recurrent weights may be, with what depends on the circuit filled in.
    circuit : Circuit
        Units and connections.
    frozen : frozenset of str
        Weights that do not move.
    solver : str or Solver
        Its optimiser.
    loss : Loss
        Of its trials.
    """

    constraint: Constraint
    circuit: Circuit
    frozen: frozenset[str]
    solver: Any
    loss: Loss

    @property
    def n_products(self) -> int:
        """Multiplications of one step of one trial."""
        n_units = self.circuit.n_units
        return n_units * (n_units + self.loss.data.x.shape[-1] + 1)

    @property
    def is_ragged(self) -> bool:
        """Whether trials differ in length, so that every batch has another layout."""
        return self.loss.data.lengths is not None

    def mark(self) -> Tensor | None:
        """Return where the stream of noise is, for `back_to`."""
        return None if self.loss.noise is None else self.loss.noise.get_state()

    def back_to(self, mark: Tensor | None) -> None:
        """Be as at the beginning of an epoch that has failed, but for weights and moments."""
        self.loss.tallied.forget()
        if self.loss.noise is not None and mark is not None:
            self.loss.noise.set_state(mark)

    def reason_alone(self) -> str | None:
        """Return why the network cannot learn side by side with others; None if it can."""
        loss = self.loss
        if self.circuit.wiring is not None:
            return "gains that learn in place of weights (plasticity)"
        if loss.synapses.stored is not None:
            return "a network that is stored as its synapses"
        if loss.synapses.support is not None:
            return "few synapses, for which sparse products are faster"
        if not is_known(self.solver):
            return "a solver of its own"
        if loss.play.reason_alone is not None:
            return loss.play.reason_alone
        if loss.judgement.loss not in EACH:
            return "a loss of its own"
        if not getattr(self.constraint, "by_synapse", False):
            return "a constraint that does not treat synapses one by one"
        alike = all(map(can_be_stacked, loss.penalties.regularizers))
        if not _is_on_cpu(loss) and not alike:
            return "a penalty of its own"
        return None

    @property
    def is_recordable(self) -> bool:
        """Whether a step does the same operations for every batch of a size, see `Recording`.

        What is not of this package may keep account of its calls, and is asked.
        """
        loss = self.loss
        theirs = (self.constraint, *loss.penalties.regularizers)
        ours = loss.judgement.loss in EACH and all(map(_always_the_same, theirs))
        loop = loss.play.closed_loop
        is_constant = loop is None or not loop.follows_schedule  # what is recorded does not change
        return ours and is_constant and loss.data.lengths is None

    def key(self, epoch: Epoch) -> Hashable:
        """Return what networks that learn side by side have in common."""
        loss, how = self.loss, epoch.optimisation
        facts = loss.penalties.facts
        return (
            tuple((tensor.shape, tensor.dtype, tensor.device) for tensor in epoch.theta.weights),
            _sizes(epoch.batches, loss.data),
            (self.constraint, self.frozen, self.circuit.n_biases),
            tuple(_has(self.circuit, name) for name in ("inputs", "readout")),
            (how.solver, how.epsilon, how.max_grad_norm),
            _steps_taken(epoch),
            _moves(loss.dynamics),
            (loss.judgement.loss, loss.judgement.tally, loss.network_kind, loss.data.every_step),
            (_shape(loss.data), loss.data.step_weights is None),
            () if _is_on_cpu(loss) else tuple(map(_kind_of, loss.penalties.regularizers)),
            tuple(fact is None for fact in facts),
        )


def _always_the_same(part: Any) -> bool:
    ours = type(part).__module__.partition(".")[0] == __name__.partition(".")[0]
    return ours or bool(getattr(part, "recordable", False))


def _shape(data: TrainingSet) -> Hashable:
    """Return what sizes of trials networks share; those of unequal length may be cut or filled."""
    n_trials, n_steps, n_features = data.x.shape
    return n_trials, n_steps if data.lengths is None else None, n_features


def _sizes(batches: Sequence[Tensor], data: TrainingSet) -> Hashable:
    """Return the sizes of batches; the order of those of trials of unequal length is drawn."""
    sizes = map(len, batches)
    return tuple(sizes if data.lengths is None else sorted(sizes))


def _is_on_cpu(loss: Loss) -> bool:
    """Whether penalties are computed network by network, whatever they are."""
    return loss.data.x.device.type == "cpu"


def _has(circuit: Circuit, name: str) -> tuple[bool, bool]:
    projection: Projection = getattr(circuit, name)
    return projection.mask is None, projection.signs is None


def _steps_taken(epoch: Epoch) -> tuple[float, ...]:
    """Return how many steps the optimiser has made of each weight."""
    states = (epoch.optimiser.state.get(leaf, {}) for leaf in epoch.leaves)
    return tuple(float(state["step"]) if "step" in state else -1.0 for state in states)


def _moves(dynamics: Dynamics) -> Hashable:
    leak: Any = dynamics.leak
    leak = tuple(leak.tolist()) if isinstance(leak, Tensor) else leak
    how = (dynamics.activation, dynamics.rectify, dynamics.readout_from, dynamics.is_noisy)
    return leak, *how


def _kind_of(price: Any) -> Hashable:
    """Return the class of a penalty and those of its numbers that all of a stack share."""
    own = (field.name for field in fields(price) if field.name not in _VECTORS)
    return type(price), tuple(getattr(price, name) for name in own)


def stack_of(epochs: Sequence[Epoch]) -> EpochsTogether:
    """Return the stack of networks whose keys are equal.

    Parameters
    ----------
    epochs : sequence of Epoch
        Their next epochs.

    Returns
    -------
    Stack
        What computes these, and later ones.
    """
    recipes: list[Recipe] = [epoch.recipe for epoch in epochs]
    with torch.inference_mode(False):
        like = epochs[0].theta.w_rec
        spaces, losses = _spaces(recipes, like), _losses([r.loss for r in recipes], like)
        if like.device.type == "cpu":
            return Stack(epochs, spaces, losses)
        sources = [r.loss.noise for r in recipes if r.loss.noise is not None]
        recordable = all(r.is_recordable for r in recipes)
        return DeviceStack(epochs, spaces, losses, recordable, sources)


def _spaces(recipes: Sequence[Recipe], like: Tensor) -> Spaces:
    """Return where the weights of all networks may be, along a leading axis."""
    first = recipes[0]
    circuits = [recipe.circuit for recipe in recipes]
    signs = _stacked([circuit.signs for circuit in circuits], like)
    mask = _stacked([circuit.mask for circuit in circuits], like, torch.bool)
    biases = WeightSpace()
    if not first.circuit.n_biases:
        biases = within(like.new_zeros(like.shape[-1]))
    spaces = {
        "w_in": _projection([circuit.inputs for circuit in circuits], like),
        "w_rec": first.constraint.bind(signs[:, None, :], mask),
        "b_rec": sum_of_two(biases) if first.circuit.n_biases == 2 else biases,
        "w_out": _projection([circuit.readout for circuit in circuits], like),
        "b_out": WeightSpace(),
    }
    for name in first.frozen:
        spaces[name] = spaces[name]._replace(trainable=False)
    return Spaces(**spaces)


def _projection(projections: Sequence[Projection], like: Tensor) -> WeightSpace:
    first = projections[0]
    mask = None
    if first.mask is not None:
        mask = _stacked([p.mask for p in projections], like, torch.bool)
    if first.signs is None:
        return WeightSpace() if mask is None else within(mask.to(like.dtype))
    signs = _stacked([p.signs for p in projections], like)[:, None, :]
    if mask is None:
        mask = torch.ones_like(signs, dtype=torch.bool)
    return clipping_space(*sign_bounds(signs, mask))


def _stacked(arrays: Sequence[Any], like: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    dtype = like.dtype if dtype is None else dtype
    return torch.stack([boundary.to_tensor(array, like.device, dtype) for array in arrays])


def _losses(losses: Sequence[Loss], like: Tensor) -> Callable[[RNNParams, Tensor], Tensor]:
    """Return (weights, trials) -> loss of each network."""
    first = losses[0]
    data, dynamics, noise = TrainingSets.of(losses), dynamics_of(losses, like), noise_of(losses)
    penalty = _penalty(losses, like)
    each, transform = EACH[first.judgement.loss], first.judgement.transform
    tally = _tally(losses)
    workspace, every_step = Workspace(), first.data.every_step

    def function(params: RNNParams, indices: Tensor) -> Tensor:
        batch = data.take(indices)
        add_noise(losses, batch)
        outputs, rates, _ = run(
            params,
            batch.x,
            dynamics,
            lengths=batch.ends,
            noise=noise,
            workspace=workspace,
            every_step=every_step,
        )
        outputs = transform(outputs)
        value, scale = each(outputs, batch.values, batch.weights), scale_of(batch)
        if scale is not None:
            value = value * scale
        if tally is not None:
            tally(outputs.detach(), batch)
        return value if penalty is None else penalty(value, params, rates, batch, scale)

    return function


def _tally(losses: Sequence[Loss]) -> Callable[[Tensor, Batch], None] | None:
    """Return what counts for every network as it would alone; None where nothing is counted."""
    count = losses[0].judgement.tally
    if count is None:
        return None
    tallied, every_step = Tallied(), losses[0].data.every_step

    def tally(outputs: Tensor, batch: Batch) -> None:
        arrays = (outputs, batch.values, batch.weights)
        if outputs.device.type == "cpu" or batch.ends is not None:  # each as it would be alone
            each = zip(*(cut(array, batch, every_step) for array in arrays), strict=True)
            counts = torch.stack([count(o, values, weights, 0) for o, values, weights in each])
        else:
            counts = count(*arrays, 1)
        is_first = tallied.total is None
        tallied.add(counts)
        if is_first:
            _share(tallied, losses)

    return tally


def _share(tallied: Tallied, losses: Sequence[Loss]) -> None:
    """Have each network find its counts in those of all; it has taken what it had before."""
    assert tallied.total is not None
    for total, loss in zip(tallied.total, losses, strict=True):
        loss.tallied.total = total


def _penalty(losses: Sequence[Loss], like: Tensor) -> Callable[..., Tensor] | None:
    """Return (loss, weights, rates, batch, scale) -> loss of each network with penalties.

    The scale is `scale_of` the batch.
    """
    if not losses[0].penalties.bound:
        return None
    if like.device.type == "cpu":
        return _one_by_one([loss.penalties for loss in losses])
    return _all_at_once(losses, like)


def _one_by_one(penalties: Sequence[Penalties]) -> Callable[..., Tensor]:
    """Return the penalties as each network alone would pay them, to the last bit.

    Beside the steps of the scan their few operations on small matrices cost little on a CPU.
    """
    see_rates = any(of_one.see_rates for of_one in penalties)

    def penalty(
        value: Tensor, params: RNNParams, rates: Tensor, batch: Batch, _: Tensor | None
    ) -> Tensor:
        weights = batch.step_weights
        every = [None] * len(value) if weights is None else cut(weights, batch)
        seen = cut(rates_of(rates, batch), batch) if see_rates else rates
        totals = []
        for total, of_one, r, w, prices in zip(
            value.unbind(),
            zip(*params, strict=True),
            seen,
            every,
            penalties,
            strict=True,
        ):
            for price in prices.bound:
                total = total + price(RNNParams(*of_one), r, w)
            totals.append(total)
        return torch.stack(totals)

    return penalty


def _all_at_once(losses: Sequence[Loss], like: Tensor) -> Callable[..., Tensor]:
    """Return the penalties of all networks in as many operations as one takes: for a GPU."""
    prices = list(zip(*(loss.penalties.regularizers for loss in losses), strict=True))
    facts = _facts([loss.penalties.facts for loss in losses])
    bound = [type(of_one[0])._bind_stack(of_one, facts, like) for of_one in prices]
    see_rates = any(loss.penalties.see_rates for loss in losses)

    def penalty(
        value: Tensor, params: RNNParams, rates: Tensor, batch: Batch, scale: Tensor | None
    ) -> Tensor:
        rates = rates_of(rates, batch) if see_rates else rates
        weights = batch.step_weights
        if weights is not None and scale is not None:
            weights = weights * scale[:, None, None]
        for price in bound:
            value = value + price(params, rates, weights)
        return value

    return penalty


def _facts(each: Sequence[Facts]) -> Facts:
    """Return the facts of all networks, along a leading axis."""
    return Facts(
        *(
            cast(Tensor, None if some[0] is None else torch.stack(list(some)))
            for some in zip(*each, strict=True)
        )
    )
