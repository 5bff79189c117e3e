"""The one training loop: it is given a loss and a space of weights, and knows nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_biornn.core.batches import drawn_batches
from sk_biornn.core.epoch import Epoch, LossFunction, Optimisation, make_optimiser
from sk_biornn.core.on_device import OnDevice, is_on_gpu
from sk_biornn.core.optimisers import Optimiser
from sk_biornn.core.params import RNNParams
from sk_biornn.core.remembered import (
    Moments,
    kept_theta,
    moments_of,
    own_copy,
    take_up,
    taken_up,
)
from sk_biornn.core.solvers import Solver, is_known
from sk_biornn.core.threads import computing
from sk_biornn.core.weight_space import Spaces, WeightSpace

Monitor = Callable[[RNNParams], float]  # weights -> validation score, greater is better
T = TypeVar("T")

_is_alone = ContextVar("_is_alone", default=True)  # whether this training is all that runs


@contextmanager
def one_of_many() -> Iterator[None]:
    """Have an interruption from the keyboard end more than the training that it meets.

    A single training ends with what it has reached. Of many in a row the user wants none of those
    that would follow.

    Yields
    ------
    None
        Nothing.
    """
    token = _is_alone.set(False)
    try:
        yield
    finally:
        _is_alone.reset(token)


class DivergenceError(ValueError):
    """The loss or the weights stopped being finite."""


@dataclass
class History:
    """What happened, epoch by epoch, and the state with which the optimiser can go on."""

    losses: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    solver: str | Solver | None = None
    moments: Moments = field(default_factory=dict)
    theta: dict[str, Tensor] = field(default_factory=dict)  # of spaces that keep it, by weight
    stopped: bool = False  # whether `on_epoch` asked for the end
    interrupted: bool = False  # whether the user did, from the keyboard

    def note(
        self, loss: float, score: float | None, moments: Moments, theta: dict[str, Tensor]
    ) -> None:
        """Take note of an epoch that is finished."""
        self.losses.append(loss)
        self.moments, self.theta = moments, theta
        if score is not None:
            self.scores.append(score)


#: A training as a generator: yields what is to be computed, is sent its loss.
Epochs = Generator[Epoch, float, T]


def alone(epochs: Epochs[T]) -> T:
    """Compute one epoch after the other, and return what the training returns.

    Parameters
    ----------
    epochs : generator
        Of a training, or of what contains one.

    Returns
    -------
    object
        What the generator returns.
    """
    try:
        epoch = next(epochs)
        while True:
            try:
                loss = epoch.compute()
            except BaseException as error:  # the training decides what an interruption leaves
                epoch = epochs.throw(error)
            else:
                epoch = epochs.send(loss)
    except StopIteration as end:
        return end.value


def train_by_epochs(
    params: RNNParams,
    loss_function: LossFunction,
    spaces: Spaces,
    n_trials: int,
    optimisation: Optimisation,
    rng: np.random.Generator,
    *,
    lengths: NDArray[np.int64] | None = None,
    monitor: Monitor | None = None,
    start_score: float | None = None,
    before_epoch: Callable[[], None] | None = None,
    on_epoch: Callable[[RNNParams, History], bool] | None = None,
    history: History | None = None,
    epochs: range | None = None,
    recipe: Any = None,
    recordable: bool = False,
    generators: Sequence[torch.Generator] = (),
) -> Epochs[tuple[RNNParams, History]]:
    """Minimise a loss by mini-batches; weights are inside `spaces` on entry and at every step.

    It yields one `Epoch` after the other, and is sent the loss of each: who drives it decides
    whether they are computed alone.

    Parameters
    ----------
    params : RNNParams
        Initial weights; they are not changed.
    loss_function : callable
        (RNNParams, indices of the trials of one batch) -> scalar Tensor.
    spaces : Spaces
        Where the weights may be, and which of them move.
    n_trials : int
        Number of trials from which batches are drawn.
    optimisation : Optimisation
        Optimiser, learning rate, number of epochs, batches, stopping rule.
    rng : numpy.random.Generator
        Source of the shuffling.
    lengths : ndarray of int of shape (n_trials,) or None
        Number of steps of each trial, where they differ: shuffled batches are then made of trials
        of similar length, which cost less.
    monitor : callable or None
        Score of the weights after each epoch. When given, training stops after
        `n_iter_no_change` epochs without an improvement by `tol`, and returns the best weights.
    start_score : float or None
        Score of `params`, where they may be the best themselves; None: only weights that an epoch
        has left are.
    before_epoch : callable or None
        Called before every epoch.
    on_epoch : callable or None
        Called with (weights, history) after every epoch; training stops when it returns True.
    history : History or None
        Of an earlier call: its moments are taken up and its curves are continued.
    epochs : range or None
        Which of the `max_iter` epochs to run, as far as the learning rate is concerned; None for
        all of them.
    recipe : object
        Handed on with every epoch.
    recordable : bool
        Whether the loss does the same operations for every batch of a size, and nothing in Python
        that counts: on a GPU a step is then recorded once, and replayed.
    generators : sequence of torch.Generator
        Sources of noise that the loss draws from.

    Returns
    -------
    params : RNNParams
        Trained weights, detached.
    history : History
        Loss and score of each epoch.

    Yields
    ------
    Epoch
        What is to be computed next; the loss of it is to be sent.

    Raises
    ------
    DivergenceError
        If the loss or a weight is not finite any more, also the loss after the very last step.
    KeyboardInterrupt
        If it comes before the end of the first epoch. Later it ends the training with what the last
        finished epoch left.
    """
    history = history or History()
    theta = taken_up(spaces, params, history.theta).map(own_copy)
    moving = spaces.moving(theta)
    optimiser = _optimiser_of(moving, optimisation, history)
    on_device = _on_device(theta, spaces, loss_function, optimisation, recordable, generators)
    best, weights, batches, stream = _Best(optimisation), None, None, rng.bit_generator.state
    if start_score is not None:
        best.update(start_score, _weights(theta, spaces), kept_theta(theta, spaces))
    try:
        for epoch in range(optimisation.max_iter) if epochs is None else epochs:
            optimiser.param_groups[0]["lr"] = optimisation.rate_at(epoch)
            batches = drawn_batches(n_trials, optimisation, rng, lengths)
            if before_epoch is not None:
                before_epoch()
            how = (batches, optimisation, recipe, on_device)
            loss = yield Epoch(theta, spaces, optimiser, loss_function, *how)
            with computing():  # with several threads, each of these few calls wakes them all
                reached = _weights(theta, spaces)
                moments = moments_of(moving, optimiser, copied=on_device is None)
                _refuse_non_finite(reached, loss, epoch, optimisation)
            score = None if monitor is None else monitor(reached)
            weights, stream = reached, rng.bit_generator.state  # the epoch is finished
            history.note(loss, score, moments, kept_theta(theta, spaces))
            best.update(score, weights, history.theta)
            history.stopped = on_epoch is not None and on_epoch(weights, history)
            if history.stopped or best.is_stale:
                break
    except KeyboardInterrupt:
        if weights is None or not _is_alone.get():
            raise
        rng.bit_generator.state = stream
        history.interrupted = True
    final = best.weights or weights or _weights(theta, spaces)
    history.theta = best.theta or history.theta
    if batches is not None and not history.interrupted:
        _refuse_last_step(final, loss_function, spaces, batches[-1], history, optimisation)
    return final, history


def _on_device(
    theta: RNNParams,
    spaces: Spaces,
    loss_function: LossFunction,
    optimisation: Optimisation,
    recordable: bool,
    generators: Sequence[torch.Generator],
) -> OnDevice | None:
    """Return what takes the steps on a GPU; None elsewhere, and for solvers of the user's own."""
    if not (is_on_gpu(theta.w_rec) and is_known(optimisation.solver)):
        return None
    return OnDevice(spaces, loss_function, recordable=recordable, generators=generators)


def _optimiser_of(
    moving: dict[str, tuple[Tensor, WeightSpace]], optimisation: Optimisation, history: History
) -> Optimiser:
    """Return the optimiser of what moves, with the memory of an earlier one if it is of a kind."""
    leaves = [tensor.requires_grad_() for tensor, _ in moving.values()]
    optimiser = make_optimiser(leaves, optimisation)
    # The moments of one optimiser mean nothing to another.
    if history.solver == optimisation.solver:
        take_up(history.moments, moving, optimiser)
    history.solver = optimisation.solver
    return optimiser


def train(*arguments: Any, **options: Any) -> tuple[RNNParams, History]:
    """Minimise a loss by mini-batches; arguments and results are those of `train_by_epochs`."""
    return alone(train_by_epochs(*arguments, **options))


def _refuse_last_step(
    weights: RNNParams,
    loss_function: LossFunction,
    spaces: Spaces,
    batch: Tensor,
    history: History,
    optimisation: Optimisation,
) -> None:
    """Refuse a last step that diverges: no other sees the loss of the weights that it leaves."""
    with torch.no_grad(), computing():
        loss = loss_function(spaces.decode(spaces.encode(weights)), batch).item()
    _refuse_non_finite(weights, loss, len(history.losses) - 1, optimisation)


def _weights(theta: RNNParams, spaces: Spaces) -> RNNParams:
    """Return a detached copy of the weights that the parameters stand for."""
    with torch.no_grad():
        return spaces.matrices(theta).map(own_copy)


def _refuse_non_finite(
    weights: RNNParams, loss: float, epoch: int, optimisation: Optimisation
) -> None:
    if math.isfinite(loss) and _are_finite(weights):
        return
    what = "training loss" if not math.isfinite(loss) else "weights"
    raise DivergenceError(
        f"The {what} became non-finite in epoch {epoch + 1} with learning_rate_init="
        f"{optimisation.learning_rate_init:g}; lower learning_rate_init, set max_grad_norm, or "
        "scale X and y."
    )


def _are_finite(weights: RNNParams) -> bool:
    if is_on_gpu(weights.w_rec):  # every answer is waited for
        every = [tensor.flatten() for tensor in weights.present().values()]
        return bool(torch.cat(every).isfinite().all())
    return all(bool(tensor.isfinite().all()) for tensor in weights.present().values())


class _Best:
    """The best weights so far and how long ago they were found."""

    def __init__(self, optimisation: Optimisation) -> None:
        self.weights: RNNParams | None = None
        self.theta: dict[str, Tensor] = {}  # what is kept beside them
        self._score = -math.inf  # of the best weights
        self._bar = -math.inf  # last score that counted as an improvement
        self._age = 0
        self._patience, self._tol = optimisation.n_iter_no_change, optimisation.tol

    def update(self, score: float | None, weights: RNNParams, theta: dict[str, Tensor]) -> None:
        """Take note of the score of an epoch, if it has one, and of weights that are the best."""
        if score is None:
            return
        score = -math.inf if math.isnan(score) else score
        # The bar rises only with what counts, so that gains below tol can add up to one that does.
        self._age = 0 if score > self._bar + self._tol else self._age + 1
        if self._age == 0:
            self._bar = score
        if score > self._score or self.weights is None:
            self._score, self.weights, self.theta = score, weights, theta

    @property
    def is_stale(self) -> bool:
        """Whether it is time to stop: too many epochs without an improvement that counts."""
        return self.weights is not None and self._age >= self._patience
