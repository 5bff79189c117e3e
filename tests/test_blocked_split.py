"""Blocks in time order: what is tested, what is left out, what is trained on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score

from sk_biornn import DaleRNNRegressor
from sk_biornn.baselines import ARBaseline
from sk_biornn.model_selection import BlockedTimeSeriesSplit, StackedGridSearchCV


@given(st.integers(2, 6), st.integers(0, 4), st.integers(30, 60), st.booleans())
def test_blocks_are_what_they_are_said_to_be(n_blocks, gap, n_entries, past_only):
    cv = BlockedTimeSeriesSplit(n_blocks, gap=gap, past_only=past_only)
    splits = list(cv.split(range(n_entries)))
    assert len(splits) == cv.get_n_splits() == n_blocks - past_only
    tested = np.concatenate([test for _, test in splits])
    first = 0 if not past_only else n_entries // n_blocks
    assert tested.tolist() == list(range(first, n_entries))
    sizes = [len(test) for _, test in splits]
    assert max(sizes) - min(sizes) <= 1
    for train, test in splits:
        trained = [
            entry for entry in range(n_entries)
            if entry < test[0] - gap or (entry > test[-1] + gap and not past_only)
        ]  # fmt: skip
        assert train.tolist() == trained


def test_the_past_alone_is_the_split_of_scikit_learn():
    ours = BlockedTimeSeriesSplit(6, gap=2, past_only=True).split(range(60))
    for (a, b), (c, d) in zip(ours, TimeSeriesSplit(5, gap=2).split(range(60)), strict=True):
        np.testing.assert_array_equal(a, c)
        np.testing.assert_array_equal(b, d)


def test_searches_take_it():
    x = np.random.default_rng(0).standard_normal((20, 8, 2)).cumsum(axis=1)
    X, y = x[:, :-1], x[:, 1:]
    cv = BlockedTimeSeriesSplit(4, gap=1)
    scores = cross_val_score(ARBaseline(), X, y, cv=cv)
    expected = [ARBaseline().fit(X[a], y[a]).score(X[b], y[b]) for a, b in cv.split(X)]
    np.testing.assert_array_equal(scores, expected)
    network = DaleRNNRegressor(n_units=6, max_iter=2, predict_increments=True, random_state=0)
    grid = {"learning_rate_init": [1e-3, 1e-2]}
    alone, stacked = (
        search(clone(network), grid, cv=cv).fit(list(X), list(y)).cv_results_["mean_test_score"]
        for search in (GridSearchCV, StackedGridSearchCV)
    )
    np.testing.assert_allclose(alone, stacked)
    assert repr(cv) == "BlockedTimeSeriesSplit(gap=1, n_blocks=4, past_only=False)"


@pytest.mark.parametrize(
    "arguments, kind, words",
    [
        ({"n_blocks": 1}, ValueError, "n_blocks must be an integer of at least 2, got 1"),
        ({"n_blocks": "3"}, TypeError, "n_blocks must be an integer of at least 2"),
        ({"gap": -1}, ValueError, "gap must be an integer of at least 0, got -1"),
        ({"past_only": 1}, TypeError, "past_only must be True or False"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, kind, words):
    with pytest.raises(kind, match=words):
        BlockedTimeSeriesSplit(**arguments)


def test_too_few_entries_are_refused():
    with pytest.raises(ValueError, match="n_blocks must be at most the number of entries of X, 4"):
        list(BlockedTimeSeriesSplit(5).split(range(4)))
    with pytest.raises(ValueError, match="gap must leave something to train on, got 9 with 10"):
        list(BlockedTimeSeriesSplit(2, gap=9).split(range(10)))
