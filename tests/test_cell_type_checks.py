"""scikit-learn's own checks on the default-constructed cell-type estimators: all of them."""

from __future__ import annotations

import pytest
from contract import (
    EXTRA_CHECKS,
    MAX_ITER,
    assert_names_exist,
    generate_checks,
    name_of,
    run_check,
    run_contract,
    untouched_checks,
)
from problems import ESTIMATORS
from sklearn.base import clone
from sklearn.utils import get_tags

CLASSES = [cls for cls in ESTIMATORS if cls.__name__.startswith("CellType")]

CHECKS, CHECK_NAMES = generate_checks([cls() for cls in CLASSES])


@pytest.mark.parametrize("estimator, check", CHECKS, ids=CHECK_NAMES)
def test_scikit_learn_contract(estimator, check):
    run_contract(check, estimator)


@pytest.mark.parametrize("estimator, check", untouched_checks(CHECKS))
def test_scikit_learn_contract_with_untouched_defaults(estimator, check):
    assert estimator.get_params() == type(estimator)().get_params()
    run_check(check, clone(estimator))


def test_checks_that_are_named_exist():
    assert_names_exist(CHECKS)


@pytest.mark.parametrize("check", EXTRA_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("cls", CLASSES)
def test_checks_of_scikit_learns_own_estimators(cls, check):
    run_check(check, cls.__name__, cls(max_iter=MAX_ITER))


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
    assert len([check for estimator, check in CHECKS if isinstance(estimator, cls)]) >= 55
