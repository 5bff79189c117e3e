"""The first read-out of a network that is about to learn, judged as the training will judge it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from sk_biornn.estimators import _boundary as boundary
from sk_biornn.estimators._closed_loop import ClosedLoop
from sk_biornn.estimators._first_readout import (
    N_FOLDS,
    ActivityMoments,
    Readout,
    first_readout,
    is_affordable,
)
from sk_biornn.estimators._targets import Targets
from sk_biornn.estimators._trials import Trials

_MOST_JUDGED = 100  # trials of a fold
_MOST_FLOATS = 2**25  # of activity at once


@dataclass(frozen=True, eq=False)
class Beginning:
    """A network before its first step of training, and what it is to learn.

    Parameters
    ----------
    trials, targets : Trials and Targets
        Those that train.
    rest : ndarray of shape (n_trials, n_steps, n_outputs)
        What of the targets the read-out is to explain.
    mask : bool ndarray of shape (n_outputs, n_units)
        The read-out weights that may exist.
    with_readout : callable
        (Readout or None) -> the network with it; None: with weights of 0.
    kind : {"state", "rate"}
        Activity that is read.
    loop : ClosedLoop
        Where measured inputs are given.
    """

    trials: Trials
    targets: Targets
    rest: np.ndarray
    mask: np.ndarray
    with_readout: Callable[[Readout | None], boundary.Network]
    kind: str
    loop: ClosedLoop

    def readout(self) -> Readout | None:
        """Return where the read-out starts; None where there is too little to choose by."""
        folds = np.array_split(np.arange(self.trials.n_trials), N_FOLDS)
        judged = self.targets.weights.min(axis=-1)  # steps at which all outputs are judged
        in_folds = [float(judged[fold].sum()) for fold in folds]
        if min(in_folds) <= 0 or not is_affordable(self.mask):
            return None
        try:
            moments = [self._moments(fold, judged) for fold in folds]
        except boundary.ActivityError:  # the training will say so
            return None
        if not all(np.isfinite(part).all() for each in moments for part in each):
            return None
        return first_readout(moments, self.mask, lambda fold, each: self._errors(folds[fold], each))

    def _moments(self, fold: np.ndarray, judged: np.ndarray) -> ActivityMoments:
        network = self.with_readout(None)
        floats = len(fold) * self.trials.n_steps * self.mask.shape[1]
        total = None
        for some in np.array_split(fold, min(len(fold), 1 + floats // _MOST_FLOATS)):
            activity = boundary.predict_activity(network, self.trials.take(some), self.kind)
            with np.errstate(over="ignore", invalid="ignore"):
                part = ActivityMoments.of(activity, self.rest[some], judged[some])
            total = part if total is None else total.plus(part)
        assert total is not None
        return total

    def _errors(self, fold: np.ndarray, readout: Readout) -> np.ndarray:
        """Return the squared error at each number of steps after a measured input."""
        some = fold[:: 1 + len(fold) // _MOST_JUDGED]
        horizon, first = self.loop.horizon, self.loop.burn_in
        with np.errstate(over="ignore", invalid="ignore"):
            outputs = self._outputs(self.with_readout(readout), self.trials.take(some))
            error = (outputs.astype(np.float64) - self.targets.values[some]) ** 2
            by_step = (error * self.targets.weights[some]).sum(axis=(0, 2))[first:]
        by_step = np.where(np.isfinite(by_step), by_step, np.finfo(np.float64).max)
        return np.bincount(np.arange(len(by_step)) % horizon, by_step, minlength=horizon)

    def _outputs(self, network: boundary.Network, trials: Trials) -> np.ndarray:
        if self.loop.horizon == 1:
            return boundary.predict_outputs(network, trials, every_step=True)
        params = network.params
        x = boundary.to_tensor(trials.x, params.w_in.device, params.w_in.dtype)
        with torch.no_grad():
            return self.loop.outputs(network, x, trials).cpu().numpy()
