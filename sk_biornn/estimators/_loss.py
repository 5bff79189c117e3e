"""The loss of a batch of trials: the read-out against its target, and the penalties."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sk_biornn.biology._prices import OfWeights
from sk_biornn.biology.regularizers import Facts, Penalty, Regularizer
from sk_biornn.core import Dynamics, Workspace, as_trials, run, unit_weights
from sk_biornn.core.observation_model import Observation
from sk_biornn.core.params import Params, extra
from sk_biornn.estimators import _boundary as boundary
from sk_biornn.estimators._circuit import Circuit
from sk_biornn.estimators._closed_loop import ClosedLoop
from sk_biornn.estimators._initial_states import rates_of_trials
from sk_biornn.estimators._observing import Observing, last_of
from sk_biornn.estimators._penalties import asked_penalties, bound_penalties, facts_of
from sk_biornn.estimators._running import RunningRNN
from sk_biornn.estimators._synapses import Synapses
from sk_biornn.estimators._targets import Targets
from sk_biornn.estimators._trials import Trials

# (outputs, values, weights, number of leading axes of networks) -> numbers, with these axes
Tally = Callable[[Tensor, Tensor, Tensor, int], Tensor]


class Judgement(NamedTuple):
    """How a kind of estimator judges outputs: the part of the loss that is its own."""

    transform: Callable[[Tensor], Tensor]  # what is compared with the target
    loss: Callable[[Tensor, Tensor, Tensor], Tensor]  # (outputs, values, weights) -> scalar
    tally: Tally | None  # what is counted of every batch of training, and summed over an epoch
    observation: Observation | None = None  # whose loss it is; None: that of `loss`

    def of_batch(self, outputs: Tensor, batch: Batch, params: Params) -> Tensor:
        """Return the loss of transformed outputs, without penalties."""
        if self.observation is None:
            return self.loss(outputs, batch.values, batch.weights)
        own = extra(params, "observation")
        return self.observation.loss(outputs, own, batch.values, batch.weights)


def bind_loss(
    network: RunningRNN,
    dynamics: Dynamics,
    judgement: Judgement,
    trials: Trials,
    targets: Targets,
    device: torch.device,
    play: Play,
    circuit: Circuit,
    synapses: Synapses,
    dtype: torch.dtype,
    noise: torch.Generator | None,
) -> Loss:
    """Put data, penalties and dynamics into one function of weights and trial indices."""
    return Loss(
        network=network,
        dynamics=dynamics,
        judgement=judgement,
        data=TrainingSet.of(trials, targets, device, dtype),
        penalties=Penalties.of(network, circuit, synapses, device, dtype),
        synapses=synapses,
        noise=noise,
        play=play,
    )


class Play(NamedTuple):
    """What a run of a network is beside its weights, its dynamics and a read-out."""

    observing: Observing | None = None  # None: outputs are what is read
    closed_loop: ClosedLoop | None = None  # None: inputs are those that were measured
    reason_alone: str | None = None  # why it cannot learn side by side with others


@dataclass(eq=False)
class Tallied:
    """The sum of what was counted since it was last asked for."""

    total: Tensor | None = None  # stays where it is: a recorded step adds to it

    def add(self, counts: Tensor) -> None:
        """Add the counts of a batch."""
        if self.total is None:
            self.total = torch.zeros_like(counts)
        self.total += counts

    def forget(self) -> None:
        """Begin anew, in memory of one's own."""
        self.total = None

    def take(self) -> np.ndarray | None:
        """Return the sum, and start anew; None if nothing was counted."""
        if self.total is None:
            return None
        taken = self.total.cpu().numpy().copy()
        self.total.zero_()
        return taken


@dataclass(frozen=True, eq=False)
class Loss:
    """The loss of one network, a function of weights and trial indices."""

    network: RunningRNN
    dynamics: Dynamics
    judgement: Judgement
    data: TrainingSet
    penalties: Penalties
    synapses: Synapses
    noise: torch.Generator | None
    play: Play
    workspace: Workspace = field(default_factory=Workspace)
    workspaces: dict[int, Workspace] = field(default_factory=dict)  # of stretches in a closed loop
    tallied: Tallied = field(default_factory=Tallied)

    def __call__(self, params: Params, indices: Tensor) -> Tensor:
        """Return the loss of a batch, a scalar."""
        batch = self.data.take(indices)
        inputs = with_noise(batch.x, self.network.noise_level, self.noise)
        initial = rates_of_trials(params, indices, len(inputs))
        if self.play.closed_loop is not None:
            outputs, rates = self._in_loop(params, inputs, batch, initial)
            batch = batch._replace(ends=None)  # the rates are those of all steps
        else:
            outputs, rates, _ = run(
                params,
                inputs,
                self.dynamics,
                lengths=batch.ends,
                initial=initial,
                workspace=self.workspace,
                noise=self.noise_of_units,
                support=self.synapses.support,
                every_step=self.data.every_step or self.play.observing is not None,
            )
            if self.play.observing is not None:
                outputs, _ = self.play.observing(outputs, inputs, params)
                if not self.data.every_step:
                    outputs = last_of(outputs, batch.ends)
        outputs = self.judgement.transform(outputs)
        value = self.judgement.of_batch(outputs, batch, params)
        # Only of a step of training, not of a look at its end.
        if self.judgement.tally is not None and torch.is_grad_enabled():
            counts = self.judgement.tally(outputs.detach(), batch.values, batch.weights, 0)
            self.tallied.add(counts)
        return self.penalties.added_to(value, params, rates, batch)

    def _in_loop(
        self, params: Params, inputs: Tensor, batch: Batch, initial: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Return outputs and rates of trials whose inputs are partly what was predicted."""
        loop, observing = self.play.closed_loop, self.play.observing or Observing()
        assert loop is not None
        return loop.run(
            params,
            inputs,
            self.dynamics,
            observing,
            ends=batch.ends,
            initial=initial,
            noise=self.noise_of_units,
            support=self.synapses.support,
            workspaces=self.workspaces,
        )

    @property
    def noise_of_units(self) -> torch.Generator | None:
        """The source of the recurrent noise; None without."""
        return self.noise if self.network.recurrent_noise > 0 else None

    @property
    def network_kind(self) -> tuple[type, str | None]:
        """What decides how outputs are transformed."""
        return type(self.network), getattr(self.network, "output_activation", None)


class Batch(NamedTuple):
    """Some trials, without the steps that none of them has; of one network, or of each of M."""

    x: Tensor  # (n_trials, n_steps, n_features)
    ends: Tensor | None  # (n_trials,): their numbers of steps; None where they are alike
    values: Tensor  # targets
    weights: Tensor  # of the targets, of the same shape
    step_weights: Tensor | None  # (n_trials, n_steps): of activity; None where all count alike


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """All trials and targets as tensors."""

    x: Tensor
    lengths: np.ndarray | None
    values: Tensor
    weights: Tensor
    step_weights: Tensor | None
    every_step: bool

    @classmethod
    def of(
        cls, trials: Trials, targets: Targets, device: torch.device, dtype: torch.dtype
    ) -> TrainingSet:
        """Cross into torch."""
        steps = step_weights(trials, targets.trial_weights)
        return cls(
            x=boundary.to_shared_tensor(trials.x, device, dtype),
            lengths=trials.lengths,
            values=boundary.to_tensor(targets.values, device),
            weights=unit_weights(boundary.to_tensor(targets.weights, device, dtype)),
            step_weights=None if steps is None else boundary.to_tensor(steps, device, dtype),
            every_step=targets.every_step,
        )

    def take(self, indices: Tensor) -> Batch:
        """Return the trials of these numbers."""
        ends, stop = None, self.x.shape[1]
        if self.lengths is not None:
            ends = torch.from_numpy(self.lengths)[indices]
            stop = int(ends.max())
        indices = indices.to(self.x.device)
        values, weights, steps = self.values[indices], self.weights[indices], self.step_weights
        if self.every_step:
            values, weights = values[:, :stop], weights[:, :stop]
        return Batch(
            x=self.x[indices, :stop],
            ends=ends,
            values=values,
            weights=weights,
            step_weights=None if steps is None else steps[indices, :stop],
        )


def step_weights(trials: Trials, of_trials: np.ndarray | None) -> np.ndarray | None:
    """Return how much each step of each trial counts in a mean of activity.

    A trial counts by its `sample_weight`, so that a weight of 2 is as two copies. What says how
    much an *answer* counts (weights of classes, targets that are missing) says nothing of activity.

    Parameters
    ----------
    trials : Trials
        The training set.
    of_trials : ndarray of shape (n_trials,) or None
        Weight of each trial.

    Returns
    -------
    ndarray of shape (n_trials, n_steps) or None
        0 after the end of a trial, with a sum of n_trials, as the weights of the loss have; None
        where all steps count alike, for which a mean needs no weights.
    """
    alike = of_trials is None or (of_trials == of_trials[0]).all()
    if alike and trials.lengths is None:
        return None
    of_trials = np.ones(trials.n_trials) if of_trials is None else of_trials.astype(np.float64)
    weights = of_trials[:, None] * trials.valid
    return weights * (trials.n_trials / weights.sum())


@dataclass(frozen=True)
class Penalties:
    """The penalties of a network, each given what it looks at."""

    bound: list[Penalty]
    synapses: Synapses
    regularizers: list[Regularizer]
    facts: Facts

    @classmethod
    def of(
        cls,
        network: RunningRNN,
        circuit: Circuit,
        synapses: Synapses,
        device: torch.device,
        dtype: torch.dtype,
    ) -> Penalties:
        """Bind the penalties that the arguments ask for."""
        regularizers = asked_penalties(network)
        facts = facts_of(network, circuit, device, dtype)
        return cls(bound_penalties(regularizers, facts), synapses, regularizers, facts)

    @property
    def see_rates(self) -> bool:
        """Whether any of them looks at activity."""
        return not all(isinstance(penalty, OfWeights) for penalty in self.bound)

    def added_to(self, value: Tensor, params: Params, rates: Tensor, batch: Batch) -> Tensor:
        """Return a loss with all penalties added."""
        if not self.bound:
            return value
        if batch.ends is not None and self.see_rates:
            rates = as_trials(rates, batch.ends)
        for penalty in self.bound:
            whole = params.weights._replace(w_rec=self.synapses.matrix(params.w_rec))
            value = value + penalty(whole, rates, batch.step_weights)
        return value


def with_noise(inputs: Tensor, level: float, generator: torch.Generator | None) -> Tensor:
    """Return inputs with Gaussian noise of this standard deviation."""
    if level == 0:
        return inputs
    shape, dtype, device = inputs.shape, inputs.dtype, inputs.device
    return inputs + level * torch.randn(shape, generator=generator, dtype=dtype, device=device)
