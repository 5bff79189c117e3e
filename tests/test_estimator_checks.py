"""scikit-learn's own checks on default-constructed estimators: all of them, none hidden."""

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
from sklearn.base import clone, is_classifier
from sklearn.utils import get_tags

CLASSES = [cls for cls in ESTIMATORS if not cls.__name__.startswith("CellType")]

# Checks that would not be generated if a tag said that the estimator cannot do it.
TAG_DEPENDENT_CHECKS = {
    "check_methods_subset_invariance",
    "check_methods_sample_order_invariance",
    "check_estimators_nan_inf",
    "check_fit_idempotent",
    "check_n_features_in_after_fitting",
    "check_readonly_memmap_input",
    "check_sample_weight_equivalence_on_dense_data",
    "check_estimators_partial_fit_n_features",
    "check_non_transformer_estimators_n_iter",
    "check_requires_y_none",
}

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


def test_no_check_is_marked_to_be_skipped_or_to_fail():
    assert not [entry for entry in CHECKS if getattr(entry, "marks", ())]


@pytest.mark.parametrize("cls", CLASSES)
def test_no_tag_removes_a_check(cls):
    tags = get_tags(cls())
    assert tags.input_tags.two_d_array
    assert tags.input_tags.three_d_array
    assert not (tags._skip_test or tags.non_deterministic or tags.no_validation)
    assert not (tags.input_tags.allow_nan or tags.input_tags.positive_only)

    checks = [check for estimator, check in CHECKS if isinstance(estimator, cls)]
    names = {name_of(check) for check in checks}
    assert names >= TAG_DEPENDENT_CHECKS
    if is_classifier(cls()):
        assert names >= {"check_class_weight_classifiers", "check_decision_proba_consistency"}
    else:
        assert names >= {"check_regressor_multioutput", "check_regressors_no_decision_function"}
    assert len(checks) >= 59
