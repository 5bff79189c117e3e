"""A fit epoch by epoch, and what is asked of a network in between: alone, or for many at once."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from sk_biornn._plain import short
from sk_biornn.core import RNNParams, Workspace, run
from sk_biornn.core.params import extra, stacked
from sk_biornn.core.threads import computing
from sk_biornn.estimators import _boundary as boundary
from sk_biornn.estimators._stackable import _moves as moves
from sk_biornn.estimators._trials import Trials, check_trials

# Floats of the activity of all networks that is held at once on a GPU: 1 GiB in float32.
_MOST_FLOATS = 2**28
_MOST_STEPS = 1024
_MOST_KEPT = 2**30  # bytes of trials on a device that are kept for the next question

Between = Callable[[Any], Generator[Any, Any, None]]
FIT_PARAMS = ("sample_weight", "validation", "validation_groups")


def epochs_of_fit(
    estimator: Any, X: Any, y: Any, *, after: Between | None = None, **fit_params: Any
) -> Generator[Any, Any, Any]:
    """Fit an estimator epoch by epoch, so that others can learn side by side with it.

    This is for what trains many networks, such as the job of a study: a generator with
    ``yield from epochs_of_fit(network, X, y)`` where ``network.fit(X, y)`` would stand. Driven
    alone, it does what `fit` does; driven with others, networks of one architecture learn as one
    stack, see `fit_many`.

    Parameters
    ----------
    estimator : estimator
        A network of this package; any other is fitted by its own `fit`, in one go.
    X, y : array-like or list
        Trials and targets, as the estimator takes them.
    after : generator function or None, default=None
        Called with the estimator after every epoch, when the estimator has the weights of that
        epoch (after the last one: those that the fit ends with). It may ask with `answers_of`. Its
        numbers are those of `on_epoch`, which cannot be asked for many networks at once.
    **fit_params : object
        Handed to the fit.

    Returns
    -------
    estimator
        Fitted.

    Yields
    ------
    object
        What is to be computed next, with a method `compute`; its result is to be sent.

    Examples
    --------
    >>> from sk_biornn import DaleRNNRegressor
    >>> from sk_biornn.core import alone
    >>> from sk_biornn.datasets import make_flip_flop
    >>> from sk_biornn.ensemble import answers_of, epochs_of_fit
    >>> X, y = make_flip_flop(60, n_steps=20, random_state=0)
    >>> def job(network, errors):
    ...     def note(network):
    ...         answers = yield from answers_of(network, X[40:])
    ...         errors.append(float(((answers - y[40:]) ** 2).mean()))
    ...     return (yield from epochs_of_fit(network, X[:40], y[:40], after=note))
    >>> errors = []
    >>> network = alone(
    ...     job(DaleRNNRegressor(n_units=16, max_iter=3, random_state=0), errors)
    ... )
    >>> network.n_iter_, len(errors)
    (3, 3)
    >>> # the error of new trials, after each epoch, of that after the first
    >>> [round(error / errors[0], 1) for error in errors]
    [1.0, 1.0, 1.0]
    """
    if after is not None and not callable(after):
        raise TypeError(f"after must be None or a generator function, got {short(after)}.")
    if not hasattr(estimator, "_epochs_of_fit"):
        estimator.fit(X, y, **fit_params)
        if after is not None:
            yield from _asking(after(estimator))
        return estimator
    check_fit_params(fit_params)
    if after is None:
        return (yield from estimator._epochs_of_fit(X, y, **fit_params))
    given = estimator.on_epoch
    seen: list[Any] = []

    def note(network: Any) -> Any:
        seen.append(network)
        return None if given is None else given(network)

    def pause(network: Any) -> Generator[Any, Any, None]:
        network.set_params(on_epoch=given)  # what is seen is the network as it was given
        try:
            yield from _asking(after(network))
        finally:
            network.set_params(on_epoch=note)

    estimator.set_params(on_epoch=note)
    epochs = estimator._epochs_of_fit(X, y, **fit_params)
    try:
        return (yield from _with_pauses(epochs, pause, seen))
    finally:
        epochs.close()
        estimator.set_params(on_epoch=given)


def _asking(outcome: Any) -> Generator[Any, Any, None]:
    """Ask what a generator asks; a plain function has done all that it wanted."""
    if isinstance(outcome, Generator):
        yield from outcome


def check_fit_params(fit_params: Mapping[str, Any]) -> None:
    """Refuse what the fit of a network does not take."""
    unknown = sorted(set(fit_params) - set(FIT_PARAMS))
    if unknown:
        raise TypeError(f"fit_params must be among {list(FIT_PARAMS)}, got {unknown[0]!r}.")


def _with_pauses(
    epochs: Generator[Any, Any, Any], after: Between, seen: list[Any]
) -> Generator[Any, Any, Any]:
    """Yield epochs, and what `after` yields when one has been seen to end."""
    go_on, result = partial(next, epochs), None
    while True:
        try:
            epoch = go_on()
        except StopIteration as end:
            epoch, result = None, end.value
        if seen:
            yield from after(seen.pop())
        if epoch is None:
            return result
        try:
            loss = yield epoch
        except GeneratorExit:
            raise
        except BaseException as error:  # the fit decides what becomes of it
            go_on = partial(epochs.throw, error)
        else:
            go_on = partial(epochs.send, loss)


def answers_of(network: Any, X: Any, method: str = "predict") -> Generator[Any, Any, Any]:
    """Ask a fitted network between epochs: ``answers = yield from answers_of(network, X)``.

    Driven alone, this is ``network.predict(X)``. Of many networks on a GPU that are asked at the
    same time, about as many trials each, the activity is computed together; answers differ by
    rounding.

    Parameters
    ----------
    network : estimator
        A fitted network of this package.
    X : array-like or list
        Trials.
    method : str, default="predict"
        Which of its methods is asked: "predict", "decision_function" or "predict_proba".

    Returns
    -------
    ndarray
        What the method returns.

    Yields
    ------
    object
        The question; what the method returns is to be sent.

    Examples
    --------
    >>> from sk_biornn import DaleRNNRegressor
    >>> from sk_biornn.core import alone
    >>> from sk_biornn.datasets import make_flip_flop
    >>> from sk_biornn.ensemble import answers_of
    >>> X, y = make_flip_flop(20, n_steps=10, random_state=0)
    >>> network = DaleRNNRegressor(n_units=8, max_iter=2, random_state=0).fit(X, y)
    >>> float(abs(alone(answers_of(network, X)) - network.predict(X)).max())
    0.0
    """
    return (yield Question(network, X, method))


@dataclass(frozen=True, eq=False)
class Question:
    """What a method of a fitted network returns for trials."""

    network: Any
    X: Any
    method: str

    def compute(self) -> Any:
        """Return the answer, of this network alone."""
        return getattr(self.network, self.method)(self.X)

    def key(self) -> Hashable:
        """Return what questions have in common that are answered together."""
        network = self.network
        arrays = network._weight_arrays().values()
        shapes = tuple((array.shape, array.dtype) for array in arrays)
        X = self.X
        of_trials = (X.shape, X.dtype.str) if isinstance(X, np.ndarray) else id(X)
        steps = network.n_static_steps
        return type(network), self.method, of_trials, str(network.device), steps, shapes


class SeenTrials:
    """Trials that were checked, and brought to a device, for questions that come again.

    Only arrays to which nobody can write are kept, so that they are what they were; and the last
    few of them.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[Any, Trials, torch.Tensor]] = OrderedDict()

    def of(self, question: Question, device: torch.device) -> tuple[Trials, torch.Tensor]:
        """Return the trials of a question, and their inputs on the device."""
        network, X = question.network, question.X
        key = id(X), network.n_features_in_, network.n_static_steps, device
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key][1:]
        trials = check_trials(network, X, reset=False, n_static_steps=network.n_static_steps)
        x = boundary.to_tensor(trials.x, device)
        if isinstance(X, np.ndarray) and not X.flags.writeable:
            self._kept[key] = X, trials, x
            while sum(kept.nbytes for *_, kept in self._kept.values()) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return trials, x


def answer_together(questions: Sequence[Question], seen: SeenTrials) -> list[Any]:
    """Return the answers to questions of one key: on a GPU in one run over the trials.

    Parameters
    ----------
    questions : sequence of Question
        Those whose keys are equal.
    seen : SeenTrials
        What was asked about before.

    Returns
    -------
    list
        What each would be answered alone, up to rounding; on a CPU to the last bit.
    """
    device = boundary.resolve_device(questions[0].network.device)
    if len(questions) == 1 or device.type == "cpu":
        return [question.compute() for question in questions]
    return answers_at_once(questions, device, seen)


def answers_at_once(
    questions: Sequence[Question], device: torch.device, seen: SeenTrials
) -> list[Any]:
    """Return the answers to questions of one key, whose activity is computed as one stack.

    Those about trials of unequal length, or very long ones, are answered one by one.
    """
    asked = {id(question.X): question for question in questions}
    read = {which: seen.of(question, device) for which, question in asked.items()}
    each = [read[id(question.X)] for question in questions]
    fitted = [
        question.network._fitted_network(trials)
        for question, (trials, _) in zip(questions, each, strict=True)
    ]
    dynamics = fitted[0].dynamics
    alike = {(x.shape, moves(own.dynamics)) for (_, x), own in zip(each, fitted, strict=True)}
    are_whole = all(trials.lengths is None for trials, _ in each)
    are_whole &= all(own.support is None and own.observing is None for own in fitted)
    are_whole &= all(extra(own.params, "initial") is None for own in fitted)
    if len(alike) > 1 or not are_whole or each[0][0].n_steps > _MOST_STEPS:
        return [question.compute() for question in questions]
    params = stacked([own.params for own in fitted])
    found: dict[bool, tuple[np.ndarray, np.ndarray]] = {}

    def answer(place: int) -> Any:
        question, twin = questions[place], copy.copy(questions[place].network)

        def run_already(X: Any, every_step: bool) -> tuple[np.ndarray, Trials]:
            if every_step not in found:
                inputs = [x for _, x in each] if len(read) > 1 else [each[0][1]]
                found[every_step] = _outputs(params, inputs, dynamics, every_step)
            outputs, whole = found[every_step]
            if not whole[place]:  # alone it says what is wrong
                return question.network._run(X, every_step)
            return outputs[place], each[place][0]

        twin._run = run_already  # what the method makes of the read-out is its own matter
        return getattr(twin, question.method)(question.X)

    return [answer(place) for place in range(len(questions))]


@torch.no_grad()
def _outputs(
    params: RNNParams, inputs: Sequence[torch.Tensor], dynamics: Any, every_step: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the read-out (n_networks, n_trials, ...), and of which networks all is finite.

    Inputs are those of each network, or one tensor for all.
    """
    like = params.w_rec
    per_trial = len(like) * inputs[0].shape[1] * sum(params.w_in.shape[1:])
    at_once = max(1, _MOST_FLOATS // per_trial)
    pieces, workspace = [], Workspace()
    whole = torch.ones(len(like), dtype=torch.bool, device=like.device)
    with computing():
        for some in zip(*(x.split(at_once) for x in inputs), strict=True):
            x = some[0] if len(some) == 1 else torch.stack(some)
            outputs, rates, _ = run(params, x, dynamics, every_step=every_step, workspace=workspace)
            # A sum tells of all that is infinite or not a number, and of a network at the brink.
            for values in (outputs, rates):
                whole &= values.sum(dim=tuple(range(1, values.ndim))).isfinite()
            pieces.append(outputs.clone())
    return torch.cat(pieces, dim=1).cpu().numpy(), whole.cpu().numpy()
