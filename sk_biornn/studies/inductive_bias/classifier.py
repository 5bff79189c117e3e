"""The classifier of the study: it counts how many of its answers are right while it learns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from sk_biornn import SpatialRNNClassifier
from sk_biornn.core import History
from sk_biornn.estimators._loss import Tally
from sk_biornn.estimators._state import FitState


class CountingClassifier(SpatialRNNClassifier):
    """A `SpatialRNNClassifier` that knows its running accuracy, which is what Keras reports.

    A trial is judged when its batch comes: with noise on the inputs, and by weights that move on
    after every batch. Nothing of the training depends on the counts.
    """

    _n_right = _n_judged = 0

    def _tally(self, n_outputs: int) -> Tally:
        return _right_and_judged

    def _after_epoch(
        self, history: History, state: Callable[[], FitState], tallied: np.ndarray | None
    ) -> bool:
        assert tallied is not None  # every epoch has a batch
        n_right, n_judged = tallied.tolist()
        self._n_right, self._n_judged = self._n_right + n_right, self._n_judged + n_judged
        return super()._after_epoch(history, state, tallied)

    def take_running_accuracy(self) -> float:
        """Return the right answers since this was last asked, in per cent of all, and start anew.

        Returns
        -------
        float
            Per cent of the training trials of the epochs since then.
        """
        accuracy = 100.0 * self._n_right / self._n_judged
        self._n_right = self._n_judged = 0
        return accuracy


def _right_and_judged(outputs: Tensor, codes: Tensor, weights: Tensor, n_lead: int) -> Tensor:
    """Return the number of right answers and of all, network by network."""
    is_binary = outputs.shape[-1] == 1
    answers = (outputs[..., 0] > 0).to(codes.dtype) if is_binary else outputs.argmax(-1)
    right = (answers == codes).flatten(n_lead).sum(-1)
    return torch.stack([right, torch.full_like(right, codes.shape[n_lead])], dim=-1)
