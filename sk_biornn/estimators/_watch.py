"""What is told of a fit while it goes on: to who reads along, to the log, and to callbacks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from sk_biornn._callbacks import Task, task_of_fit
from sk_biornn._log import is_read, logger
from sk_biornn._progress import Progress
from sk_biornn.core import History, Support
from sk_biornn.core.sparse import where_it_pays
from sk_biornn.estimators import _boundary as boundary
from sk_biornn.estimators._circuit import Circuit
from sk_biornn.estimators._held_out import HeldOut
from sk_biornn.estimators._state import FitState
from sk_biornn.estimators._trials import Trials

State = Callable[[], FitState]


class Watch:
    """Watches one fit, and changes nothing in it.

    Parameters
    ----------
    network : estimator
        Whose fit it is.
    n_epochs : int
        How many there will be, at most.
    given : tuple
        X, y and sample_weight as the fit was given them.
    """

    def __init__(self, network: Any, n_epochs: int, given: tuple[Any, Any, Any]) -> None:
        self._network, self._n_epochs = network, n_epochs
        self._name = type(network).__name__
        self._task = task_of_fit(network, *given, n_parts=n_epochs)
        self._epoch: Task | None = None
        self._progress: Progress | None = None
        if network.verbose:
            self._progress = Progress(
                n_epochs,
                "epoch",
                name=self._name,
                verbose=network.verbose,
                may_draw=not boundary.are_together(),  # two bars would draw over each other
            )

    @property
    def follows_epochs(self) -> bool:
        """Whether anybody wants to know of every epoch."""
        return self._task is not None or self._progress is not None

    def say(self, line: str) -> None:
        """Tell who reads along, and the log."""
        logger.info("%s: %s", self._name, line)
        if self._progress is not None:
            self._progress.say(line)

    def begins(self, state: FitState, trials: Trials, device: torch.device) -> None:
        """Note in the log what is going to learn from what, and where."""
        if is_read():
            logger.info("%s: %s", self._name, _described(state, trials, device, self._n_epochs))

    def computes(
        self, circuit: Circuit, support: Support | None, device: torch.device, is_recordable: bool
    ) -> None:
        """Note in the log how a phase of it computes, and why so."""
        if is_read():
            how = _engine(circuit, support)
            if device.type == "cuda":
                how += ", steps recorded once and replayed" if is_recordable else ", step by step"
            logger.info("%s: %s", self._name, how)

    def judged(
        self, before: FitState, after: FitState, n_asked: int, start_score: float | None
    ) -> None:
        """Tell which epoch of a phase early stopping has kept; `start_score` is that before it."""
        scores = np.nan_to_num(after.scores[len(before.scores) :], nan=-np.inf)
        if not len(scores):
            return
        best = int(scores.argmax())
        kept, score = f"epoch {after.n_iter - len(scores) + best + 1}", scores[best]
        if start_score is not None and start_score >= score:
            kept, score = "the start", start_score
        goes_on = len(scores) == n_asked or after.stopped or after.interrupted
        stopped = "" if goes_on else f"stopped early after epoch {after.n_iter}, "
        self.say(f"{stopped}kept {kept} (validation score {score:.4g})")

    def epoch_begins(self, state: State) -> None:
        """Tell callbacks that an epoch begins; `state` returns the network before it."""
        if self._task is not None:
            self._epoch = self._task.part("epoch").begin(lambda: self._attributes(state()))

    def epoch_ended(self, history: History, state: State, monitor: HeldOut | None) -> bool:
        """Tell how an epoch went; return whether a callback wants to stop."""
        if self._progress is not None:
            self._progress.step(_went(history, monitor))
        if self._epoch is None:
            return False
        return self._epoch.end(lambda: self._attributes(state()))

    def ends(self, state: FitState) -> None:
        """Tell that the network is fitted."""
        logger.info(
            "%s: fitted, %d epochs, loss %.4g",
            self._name,
            state.n_iter,
            state.losses[-1] if state.losses else math.nan,
        )
        if self._task is not None:
            self._task.end(dict)

    def close(self, *, failed: bool) -> None:
        """Take away what was drawn, or leave it."""
        if self._progress is not None:
            self._progress.close(failed=failed)

    def _attributes(self, state: FitState) -> Mapping[str, Any]:
        """Return the attributes of the network as if its fit had ended with a state."""
        twin = object.__new__(type(self._network))
        twin.__dict__.update(self._network.__dict__)
        before = dict(twin.__dict__)
        twin._show(state)
        return {
            name: value
            for name, value in twin.__dict__.items()
            if name not in before or before[name] is not value
        }


@contextmanager
def watching(network: Any, n_epochs: int, given: tuple[Any, Any, Any]) -> Iterator[Watch]:
    """Watch a fit to its end.

    Yields
    ------
    Watch
        What is to be told.
    """
    watch = Watch(network, n_epochs, given)
    failed = True
    try:
        yield watch
        failed = False
    finally:
        watch.close(failed=failed)


def _went(history: History, monitor: HeldOut | None) -> str:
    """Return how the last epoch went."""
    parts = [f"loss {history.losses[-1]:.4g}"]
    if monitor is not None and history.scores:
        parts.append(f"validation loss {monitor.losses[-1]:.4g}")
    return ", ".join(parts)


def _described(state: FitState, trials: Trials, device: torch.device, n_epochs: int) -> str:
    circuit, dtype = state.circuit, state.weights["w_rec"].dtype
    n_features = state.weights["w_in"].shape[1]
    goes_on = f", after {state.n_iter} epochs" if state.n_iter else ""
    return (
        f"{circuit.n_units} units, {circuit.n_synapses} synapses learn from {trials.n_trials} "
        f"trials of {trials.n_steps} steps and {n_features} features, at most {n_epochs} epochs"
        f"{goes_on}, in {dtype} on {device}"
    )


def _engine(circuit: Circuit, support: Support | None) -> str:
    density = circuit.n_synapses / float(circuit.n_units) ** 2
    if support is None:
        reason = f"sparse ones pay {where_it_pays()}"
        return f"dense recurrent products at a density of {density:.3g} ({reason})"
    if support.stored:
        return (
            f"recurrent products over {circuit.n_synapses} synapses, which are all that is stored"
        )
    return f"recurrent products over synapses, at a density of {density:.3g} faster than dense ones"
