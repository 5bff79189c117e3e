"""The classifier of the study: it counts how many of its answers are right while it learns."""

from __future__ import annotations

import torch

from sk_biornn import SpatialRNNClassifier


class CountingClassifier(SpatialRNNClassifier):
    """A `SpatialRNNClassifier` that knows its running accuracy, which is what Keras reports.

    A trial is judged when its batch comes: with noise on the inputs, and by weights that move on
    after every batch. Nothing of the training depends on the counts, which stay on the device until
    they are asked for, so that no batch waits for them.
    """

    _counts: torch.Tensor | None = None  # right answers, and all

    def _note(self, outputs: torch.Tensor, values: torch.Tensor, weights: torch.Tensor) -> None:
        outputs = outputs.detach()
        # Even odds go to the first class, as equal scores do.
        codes = outputs[:, 0] > 0 if outputs.shape[1] == 1 else outputs.argmax(dim=1)
        if self._counts is None:
            self._counts = torch.zeros(2, dtype=torch.int64, device=outputs.device)
        right = codes == values
        self._counts += torch.stack([right.sum(), torch.ones_like(right).sum()])

    def take_running_accuracy(self) -> float:
        """Return the right answers since this was last asked, in per cent of all, and start anew.

        Returns
        -------
        float
            Per cent of the training trials of the epochs since then.
        """
        assert self._counts is not None, "an epoch has counted its answers"
        n_right, n_judged = self._counts.tolist()
        self._counts.zero_()
        return 100.0 * n_right / n_judged

    def __getstate__(self) -> dict[str, object]:
        """Leave the counts behind: another process may not have their device."""
        return {**super().__getstate__(), "_counts": None}
