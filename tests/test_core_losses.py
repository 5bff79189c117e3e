"""The weighted losses against closed forms and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss, mean_squared_error

from sk_biornn.core import cross_entropy, squared_error
from sk_biornn.core.losses import per_trial, unit_weights

F64 = torch.float64


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def uneven(*shape, seed=1):
    weights = draw(*shape, seed=seed).abs()
    return torch.where(weights > 0.4, weights, torch.zeros_like(weights))


def unit(*shape, seed=1):
    return unit_weights(uneven(*shape, seed=seed))


def test_weights_and_their_losses_by_hand():
    values, weights = torch.tensor([1.0, 2.0, 10.0, 4.0]), torch.tensor([1.0, 3.0, 0.0, 4.0])
    assert unit_weights(weights).tolist() == [0.5, 1.5, 0.0, 2.0]
    assert per_trial(values, unit_weights(weights)).item() == (1 + 6 + 16) / 8
    assert per_trial(values, unit_weights(8 * weights)).item() == (1 + 6 + 16) / 8
    # Two trials of two steps: the weights sum to 2.
    assert unit_weights(weights.reshape(2, 2)).tolist() == [[0.25, 0.75], [0.0, 1.0]]


@pytest.mark.parametrize("shape", [(12,), (12, 3), (12, 4, 3)])
@pytest.mark.parametrize("batch_size", [1, 5, 12])
def test_mean_over_batches_is_the_weighted_mean_over_the_set(shape, batch_size):
    values, weights = draw(*shape), uneven(*shape)
    scaled = unit_weights(weights)
    total = sum(
        per_trial(values[batch], scaled[batch]).item() * len(batch)
        for batch in torch.arange(12).split(batch_size)
    )
    expected = np.average(values.numpy(), weights=weights.numpy())
    assert total / 12 == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("shape", [(7,), (7, 3), (7, 4, 3)])
def test_squared_error_equals_scikit_learn(shape):
    outputs, targets, weights = draw(*shape), draw(*shape, seed=2), unit(*shape)
    expected = mean_squared_error(
        targets.flatten(), outputs.flatten(), sample_weight=weights.flatten()
    )
    assert squared_error(outputs, targets, weights).item() == pytest.approx(expected, rel=1e-13)


def test_squared_error_has_its_closed_gradient():
    outputs, targets, weights = draw(5, 2).requires_grad_(), draw(5, 2, seed=2), unit(5, 2)
    (gradient,) = torch.autograd.grad(squared_error(outputs, targets, weights), outputs)
    expected = 2 * weights * (outputs - targets) / 5
    torch.testing.assert_close(gradient, expected.detach(), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("lead", [(60,), (12, 5)])
@pytest.mark.parametrize("n_outputs", [1, 2, 4])
def test_cross_entropy_equals_scikit_learn(lead, n_outputs):
    scores, weights = 3 * draw(*lead, n_outputs), unit(*lead)
    n_classes = max(n_outputs, 2)
    codes = torch.arange(60).reshape(lead) % n_classes
    probabilities = (
        torch.stack([torch.sigmoid(-scores[..., 0]), torch.sigmoid(scores[..., 0])], dim=-1)
        if n_outputs == 1
        else torch.softmax(scores, dim=-1)
    )
    expected = log_loss(
        codes.flatten().numpy(),
        probabilities.reshape(60, n_classes).numpy(),
        sample_weight=weights.flatten().numpy(),
        labels=np.arange(n_classes),
    )
    assert cross_entropy(scores, codes, weights).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_cross_entropy_has_its_closed_gradient(n_outputs):
    scores, weights = draw(6, n_outputs).requires_grad_(), unit(6)
    codes = torch.arange(6) % max(n_outputs, 2)
    (gradient,) = torch.autograd.grad(cross_entropy(scores, codes, weights), scores)
    if n_outputs == 1:
        excess = torch.sigmoid(scores) - codes[:, None]
    else:
        excess = torch.softmax(scores, dim=-1) - torch.eye(n_outputs, dtype=F64)[codes]
    expected = excess * weights[:, None] / 6
    torch.testing.assert_close(gradient, expected.detach(), rtol=1e-12, atol=1e-15)


def test_log_odds_and_two_logits_agree():
    scores, codes, weights = draw(9, 1), torch.arange(9) % 2, unit(9)
    logits = torch.cat([torch.zeros_like(scores), scores], dim=-1)
    one, two = cross_entropy(scores, codes, weights), cross_entropy(logits, codes, weights)
    assert one.item() == pytest.approx(two.item(), rel=1e-13)


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_cross_entropy_of_extreme_scores_is_finite(n_outputs):
    scores = torch.full((2, n_outputs), 1e4, dtype=F64)
    scores[..., 0] *= 1 if n_outputs == 1 else -1
    loss = cross_entropy(scores, torch.tensor([0, 1]), torch.ones(2, dtype=F64))
    # The wrong class costs the whole distance of the scores, the right one nothing.
    assert loss.item() == (1e4 if n_outputs == 1 else 2e4) / 2


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_entries_without_weight_do_not_count(n_outputs):
    scores = draw(6, n_outputs).requires_grad_()
    codes, weights = torch.tensor([0, 1, 0, 1, 0, 1]), torch.tensor([1.0, 2, 0, 0, 1, 0], dtype=F64)
    kept = weights > 0
    loss = cross_entropy(scores, codes, weights)
    alone = cross_entropy(scores[kept], codes[kept], weights[kept])
    assert 6 * loss.item() == pytest.approx(3 * alone.item(), rel=1e-14)  # sums over trials
    (gradient,) = torch.autograd.grad(loss, scores)
    assert (gradient[~kept] == 0).all()
    assert (gradient[kept] != 0).all()


@pytest.mark.parametrize("loss", ["squared error", "log odds", "softmax"])
def test_batch_without_any_weight_costs_nothing_and_moves_nothing(loss):
    outputs, nothing = draw(4, 1 if loss == "log odds" else 3).requires_grad_(), torch.zeros(4)
    if loss == "squared error":
        value = squared_error(outputs, draw(4, 3, seed=3), torch.zeros(4, 3))
    else:
        value = cross_entropy(outputs, torch.tensor([0, 1, 1, 0]), nothing)
    assert value.item() == 0.0
    (gradient,) = torch.autograd.grad(value, outputs)
    assert (gradient == 0).all()
