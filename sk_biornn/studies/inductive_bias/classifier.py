"""The classifier of the study: it counts how many of its answers are right while it learns."""

from __future__ import annotations

import torch

from sk_biornn import SpatialRNNClassifier
from sk_biornn.estimators._classifier import _codes


class CountingClassifier(SpatialRNNClassifier):
    """A `SpatialRNNClassifier` that knows its running accuracy, which is what Keras reports.

    A trial is judged when its batch comes: with noise on the inputs, and by weights that move on
    after every batch. Nothing of the training depends on the counts.
    """

    _n_right = _n_judged = 0

    def _note(self, outputs: torch.Tensor, values: torch.Tensor, weights: torch.Tensor) -> None:
        codes = _codes(outputs.detach().cpu().numpy())
        self._n_right += int((codes == values.cpu().numpy()).sum())
        self._n_judged += len(codes)

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
