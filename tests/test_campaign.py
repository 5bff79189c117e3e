"""No hostile call ends in anything but success or a sentence; `tests/campaign.py` makes them up."""

from __future__ import annotations

import numpy as np
import pytest
from campaign import Call, campaign, known_names, verdict


@pytest.mark.parametrize("seed", range(3))
def test_hostile_calls_succeed_or_are_refused_in_a_sentence(seed):
    faults = list(campaign(seed, n_calls=130))
    assert not faults, "\n".join(fault.text for fault in faults)


def raises(error):
    def run():
        raise error

    return Call("f(x)", run)


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("X"),
        RecursionError("X"),
        KeyError("X"),
        AttributeError("X has no attribute"),
        RuntimeWarning("overflow in X."),
        AssertionError("a weight off the mask"),
        ValueError("The truth value of an array is ambiguous."),
    ],
)
def test_the_campaign_sees_what_is_no_refusal(error):
    assert verdict(raises(error), known_names()) is not None


def test_the_campaign_sees_a_weight_of_the_wrong_sign():
    from campaign import check_constraints

    from sk_biornn import DaleRNNRegressor

    fitted = DaleRNNRegressor(n_units=3, max_iter=1, random_state=0)
    fitted.fit(np.ones((2, 2, 1)), np.ones((2, 2, 1)))
    check_constraints(fitted)
    fitted.W_rec_ = -fitted.W_rec_
    with pytest.raises(AssertionError, match="wrong sign"):
        check_constraints(fitted)
