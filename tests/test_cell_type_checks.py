"""scikit-learn's own checks on the default-constructed cell-type estimators: all of them."""

from __future__ import annotations

import inspect
from functools import partial
from unittest import SkipTest

import pytest
from problems import ESTIMATORS
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

CLASSES = [cls for cls in ESTIMATORS if cls.__name__.startswith("CellType")]

# Checks that scikit-learn runs on its own estimators only, see test_estimator_checks.py.
EXTRA_CHECKS = [
    estimator_checks.check_dataframe_column_names_consistency,
    estimator_checks.check_inplace_ensure_writeable,
]


def generate_checks(estimators):
    """Return scikit-learn's (estimator, check) parameters, and the names that it gives them."""
    marker = parametrize_with_checks(estimators)
    return list(marker.args[1]), marker.kwargs.get("ids")


CHECKS, CHECK_NAMES = generate_checks([cls() for cls in CLASSES])


def run_check(check, *arguments):
    try:
        check(*arguments)
    except SkipTest as skipped:  # a check that does not run proves nothing
        pytest.fail(f"skipped: {skipped}")


@pytest.mark.parametrize("estimator, check", CHECKS, ids=CHECK_NAMES)
def test_scikit_learn_contract(estimator, check):
    run_check(check, estimator)


@pytest.mark.parametrize("check", EXTRA_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("cls", CLASSES)
def test_checks_of_scikit_learns_own_estimators(cls, check):
    run_check(check, cls.__name__, cls())


@pytest.mark.parametrize("cls", CLASSES)
def test_no_check_is_left_out(cls):
    assert not [entry for entry in CHECKS if getattr(entry, "marks", ())]
    tags = get_tags(cls())
    assert tags.input_tags.two_d_array
    assert tags.input_tags.three_d_array
    assert not (tags._skip_test or tags.non_deterministic or tags.no_validation)
    names = {name_of(check) for estimator, check in CHECKS if isinstance(estimator, cls)}
    kind = "classifiers" if "Classifier" in cls.__name__ else "regressors"
    assert {f"check_{kind}_train", "check_fit_idempotent", "check_sample_weights_list"} <= names
    assert len([check for estimator, check in CHECKS if isinstance(estimator, cls)]) >= 60


def name_of(check):
    while isinstance(check, partial):
        check = check.func
    return inspect.unwrap(check).__name__
