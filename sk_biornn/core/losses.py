"""Weighted losses of the read-out against its target."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional


def per_trial(values: Tensor, weights: Tensor) -> Tensor:
    """Return sum(weights * values) / (number of trials).

    The sum of the batch's own weights is not divided out: a batch of small weights must count
    little. With weights that sum to the number of trials over the whole training set (see
    `unit_weights`), the mean over batches is the weighted mean over the set, exactly.
    """
    return (values * weights).sum() / weights.shape[0]


def unit_weights(weights: Tensor) -> Tensor:
    """Scale the weights of a training set, trials first, to sum to its number of trials."""
    return weights * (weights.shape[0] / weights.sum())


def squared_error(outputs: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted sum of (outputs - targets)^2 per trial; trials are the first axis."""
    return per_trial((outputs - targets).square(), weights)


def cross_entropy(scores: Tensor, codes: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted sum of -log p(code) per trial; trials are the first axis.

    `scores` (..., n_outputs) are log-odds of the second of two classes (n_outputs = 1) or the
    logits of a softmax; `codes` and `weights` have its shape without the last axis.
    """
    return per_trial(_surprises(scores, codes), weights)


def _surprises(scores: Tensor, codes: Tensor) -> Tensor:
    """Return -log p(code), of the shape of the codes."""
    if scores.shape[-1] == 1:
        return functional.binary_cross_entropy_with_logits(
            scores[..., 0], codes.to(scores.dtype), reduction="none"
        )
    flat = functional.cross_entropy(
        scores.reshape(-1, scores.shape[-1]), codes.reshape(-1), reduction="none"
    )
    return flat.reshape(codes.shape)


def _per_trial_of_each(values: Tensor, weights: Tensor) -> Tensor:
    """Return `per_trial` of each of the networks along the first axis; trials are the second."""
    weighted = values * weights
    if weighted.device.type == "cpu":  # summed one by one, as each alone would be
        return torch.stack([own.sum() for own in weighted]) / weights.shape[1]
    return weighted.flatten(1).sum(1) / weights.shape[1]


def _cross_entropy_of_each(scores: Tensor, codes: Tensor, weights: Tensor) -> Tensor:
    if scores.device.type == "cpu":  # a softmax rounds its last rows otherwise than those within
        each = zip(scores, codes, weights, strict=True)
        return torch.stack([cross_entropy(*own) for own in each])
    return _per_trial_of_each(_surprises(scores, codes), weights)


# The same losses of several networks: (M, n_trials, ...) -> (M,).
EACH: dict[Callable[[Tensor, Tensor, Tensor], Tensor], Callable[[Tensor, Tensor, Tensor], Tensor]]
EACH = {
    squared_error: lambda outputs, targets, weights: _per_trial_of_each(
        (outputs - targets).square(), weights
    ),
    cross_entropy: lambda scores, codes, weights: _cross_entropy_of_each(scores, codes, weights),
}
