"""Trials that judge a fit that stops early: those of the user, or some set aside."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from sk_biornn._random import make_rng
from sk_biornn.estimators._described import DescribedRNN
from sk_biornn.estimators._feature_checks import warn_of_other_scale
from sk_biornn.estimators._held_out import (
    HeldOut,
    pair_of,
    speaking_of_validation,
    split_groups,
)
from sk_biornn.estimators._state import FitState
from sk_biornn.estimators._targets import Targets, require_scored
from sk_biornn.estimators._trials import Trials, check_trials


class EarlyStoppingRNN(DescribedRNN):
    """Sets validation trials aside, and judges weights by them."""

    def _read_validation(
        self, validation: Any, trained_on: Trials, training: Targets
    ) -> tuple[Trials, Targets]:
        """Return the validation trials that the user chose, checked as those of training are."""
        X, y = pair_of(validation)
        with speaking_of_validation():
            trials = check_trials(self, X, reset=False, n_static_steps=self.n_static_steps)
            targets = self._check_targets(y, trials, resume=True)
            targets = self._weigh_alike(targets, training)
            self._check_held_out(targets, "give more of them")
        warn_of_other_scale(trained_on, trials)
        return trials, targets

    def _weigh_alike(self, targets: Targets, training: Targets) -> Targets:
        """Return validation targets with weights like those of training; a leaf may have such."""
        del training
        return targets

    def _hold_out(
        self, state: FitState, trials: Trials, targets: Targets
    ) -> tuple[tuple[Trials, Targets], tuple[Trials, Targets]]:
        """Set validation trials aside; return the rest, and them."""
        fraction, seed = self.validation_fraction, state.split_seed
        if trials.groups is None:
            kept, held = self._split(targets, seed)
        else:
            kept, held = split_groups(trials.groups, fraction, seed)
        require_scored(targets.take(kept), fraction)
        rest, held_out = ((trials.take(part), targets.take(part)) for part in (kept, held))
        self._check_held_out(
            held_out[1], f"raise validation_fraction={fraction} or give more trials"
        )
        return rest, held_out

    def _monitor(
        self,
        state: FitState,
        held_out: tuple[Trials, Targets] | None,
        outputs_of: Callable[..., np.ndarray],
    ) -> HeldOut | None:
        """Return what judges weights; `outputs_of` is (trials, every step, weights, support)."""
        if held_out is None:
            return None
        trials, targets = held_out

        outputs = partial(outputs_of, trials, targets.every_step)
        losses = list(state.validation_losses)
        judges = (self._score_observed, self._loss_observed)
        return HeldOut(targets, outputs, *judges, losses, self._starts_fitted())

    def _starts_fitted(self) -> bool:
        """Whether weights are a fit already when training begins; a leaf may begin so."""
        return False

    def _score_observed(
        self, outputs: np.ndarray, targets: Targets, own: np.ndarray | None
    ) -> float:
        """Return the score of outputs; `own` are parameters of what is observed, see `HeldOut`."""
        del own
        return self._score_outputs(outputs, targets)

    def _loss_observed(
        self,
        outputs: torch.Tensor,
        values: torch.Tensor,
        weights: torch.Tensor,
        own: torch.Tensor | None,
    ) -> torch.Tensor:
        """Return the loss of outputs."""
        del own
        return self._loss(self._transform(outputs), values, weights)

    def _split(self, targets: Targets, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the indices of training and validation trials, the same in a resumed fit."""
        n_trials = len(targets.values)
        n_held = int(np.ceil(self.validation_fraction * n_trials))
        if n_held >= n_trials:
            raise ValueError(
                f"early_stopping needs at least 2 trials, one to train and one to validate, with "
                f"validation_fraction={self.validation_fraction}; got {n_trials} sample(s)."
            )
        order = make_rng(seed).permutation(n_trials)
        return np.sort(order[n_held:]), np.sort(order[:n_held])

    def _check_held_out(self, held: Targets, way_out: str) -> None:
        """Refuse validation trials that cannot be scored; a leaf may say when."""

    def _transform(self, outputs: torch.Tensor) -> torch.Tensor:
        """Apply the function of the read-out; a leaf may have one."""
        return outputs
