"""Labels per step that have lost their mask: what lies under it must not become a class unsaid."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from sk_biornn import DaleRNNClassifier
from sk_biornn.datasets import make_delayed_match_to_sample
from sk_biornn.metrics import step_accuracy

X, Y = make_delayed_match_to_sample(10, delay_steps=(1, 3), random_state=0)
TWICE = np.concatenate([X, X])
LOSSES = {
    "concatenate": lambda y: np.concatenate([y, y]),
    "vstack": lambda y: np.vstack([y, y]),
    "r_": lambda y: np.r_[y, y],
    "append": lambda y: np.append(y, y, axis=0),
    "stack": lambda y: np.stack([*y, *y]),
    "of floats": lambda y: np.concatenate([y, y]).astype(float),
}
NO_LOSS = {
    "ma.concatenate": lambda y: np.ma.concatenate([y, y]),
    "ma.vstack": lambda y: np.ma.vstack([y, y]),
    "repeated": lambda y: np.repeat(y, 2, axis=0),
    "data": lambda y: np.concatenate([y, y]).data,  # plain labels, of which -1 may be one
    "nothing to lose": lambda y: np.ma.array(np.abs(np.concatenate([y, y]).data)),
    "two classes": lambda y: np.ma.array(np.where(np.concatenate([y, y]).data == 0, 1, -1)),
    "below -1": lambda y: np.ma.array(np.concatenate([y, y]).data - 1),
    "list": lambda y: [*y, *y],
}


def network():
    return DaleRNNClassifier(n_units=4, max_iter=1, random_state=0)


def told(call, *arguments):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(*arguments)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES)
def test_a_lost_mask_is_told_once_by_all_that_reads_labels(lose):
    y, right = lose(Y), network().fit(X, Y)
    assert not np.ma.is_masked(y) and set(np.unique(y.data)) == {-1, 0, 1}
    for call, arguments in (
        (network().fit, (TWICE, y)),
        (right.score, (TWICE, y)),
        (step_accuracy, (right, TWICE, y)),
    ):
        (text,) = told(call, *arguments)
        assert text.startswith("y is a masked array of which nothing is masked, with -1 as a class")
        assert "np.ma.concatenate keeps them" in text


@pytest.mark.parametrize("keep", NO_LOSS.values(), ids=NO_LOSS)
def test_no_false_alarm(keep):
    assert told(network().fit, TWICE, keep(Y)) == []


def test_what_keeps_the_mask_is_the_same_fit_as_without_the_labels_under_it():
    kept = network().fit(TWICE, np.ma.concatenate([Y, Y]))
    other = network().fit(TWICE, np.tile(Y.astype(float).filled(np.nan), (2, 1)))
    np.testing.assert_array_equal(kept.W_rec_, other.W_rec_)
    assert kept.classes_.tolist() == [0, 1]
