"""Trials on which a fit that stops early is judged: which they are, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from sk_biornn._plain import NO_NUMBERS, found, plain, refuse_masked, short_text
from sk_biornn._random import make_rng
from sk_biornn.core import RNNParams, Support, computing, unit_weights
from sk_biornn.core.params import extra
from sk_biornn.estimators import _boundary as boundary
from sk_biornn.estimators._targets import Targets


@dataclass(eq=False)
class HeldOut:
    """Score and loss of weights on trials that do not train.

    Parameters
    ----------
    targets : Targets
        Those that are held out.
    outputs : callable
        (weights, support or None) -> outputs of the trials that are held out.
    score : callable
        (outputs, targets, own) -> float, the greater the better: what stops the fit. `own` are the
        parameters of the distribution of what is observed, if there are any.
    loss : callable
        (outputs, values, weights, own) -> scalar Tensor: that of the training without its
        penalties.
    losses : list of float
        Loss of each epoch.
    start_counts : bool
        Whether a fit may end with the weights that it began with.
    """

    targets: Targets
    outputs: Callable[[RNNParams, Support | None], np.ndarray]
    score: Callable[[np.ndarray, Targets, np.ndarray | None], float]
    loss: Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor]
    losses: list[float] = field(default_factory=list)
    start_counts: bool = False

    def of_start(self, params: RNNParams, support: Support | None = None) -> float | None:
        """Return the score of weights with which a fit begins, if it counts."""
        if not self.start_counts or self.losses:
            return None
        score = self(params, support)
        self.losses.clear()  # they are those of epochs
        return score

    def __call__(self, params: RNNParams, support: Support | None = None) -> float:
        """Return the score of weights, and take note of their loss."""
        try:
            outputs = self.outputs(params, support)
        except boundary.ActivityError:
            self.losses.append(float("nan"))
            return float("nan")  # no weights are worse
        own = extra(params, "observation")
        own = None if own is None else own.detach().cpu()
        self.losses.append(self._loss_of(outputs, own))
        return self.score(outputs, self.targets, None if own is None else own.numpy())

    @torch.no_grad()
    def _loss_of(self, outputs: np.ndarray, own: Tensor | None) -> float:
        values, weights = map(torch.from_numpy, (self.targets.values, self.targets.weights))
        with computing():
            weights = unit_weights(weights)
            return self.loss(torch.from_numpy(outputs), values, weights, own).item()


def check_ways(early_stopping: bool, validation: Any, groups: Any) -> None:
    """Refuse to hold trials out in two ways, or for nothing."""
    given = [
        name
        for name, value in (("validation", validation), ("validation_groups", groups))
        if value is not None
    ]
    if len(given) == 2:
        raise ValueError("validation must be None when validation_groups is given, got both.")
    if given and not early_stopping:
        raise ValueError(f"{given[0]} must be None without early_stopping=True, which needs it.")


def pair_of(validation: Any) -> tuple[Any, Any]:
    """Return the trials and the targets of `validation`."""
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        came = f"{len(validation)} things" if isinstance(validation, (tuple, list)) else ""
        raise (ValueError if came else TypeError)(
            f"validation must be a pair (X, y) of trials and targets, got "
            f"{came or found(validation)}."
        )
    return validation[0], validation[1]


@contextmanager
def speaking_of_validation() -> Iterator[None]:
    """Say that it is the validation trials or targets that do not fit."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            "validation must be trials and targets as X and y of the fit are, but: "
            f"{short_text(error, 280)}."
        ) from None


def read_groups(groups: Any, n_trials: int) -> np.ndarray:
    """Return a number per trial, the same for trials of one group."""
    expected = f"validation_groups must have one label for each of the {n_trials} trials"
    refuse_masked(groups, "validation_groups")
    try:
        labels = np.asarray(plain(groups, "validation_groups"))
    except NO_NUMBERS:
        raise ValueError(f"{expected}, got {found(groups)}.") from None
    if labels.shape != (n_trials,):
        raise ValueError(f"{expected}, got shape {labels.shape}.")
    if pd.isna(labels).any():
        raise ValueError(f"{expected}, got {int(pd.isna(labels).sum())} missing ones.")
    return np.asarray(pd.factorize(labels, sort=True)[0])


def split_groups(groups: np.ndarray, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of training and validation trials: a share of the groups as a whole."""
    numbers = np.unique(groups)
    n_held = int(np.ceil(fraction * len(numbers)))
    if n_held >= len(numbers):
        raise ValueError(
            "validation_groups must have at least 2 groups, one to train and one to validate, with "
            f"validation_fraction={fraction}; got {len(numbers)}."
        )
    held = np.isin(groups, make_rng(seed).permutation(numbers)[:n_held])
    return np.flatnonzero(~held), np.flatnonzero(held)
