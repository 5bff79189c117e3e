"""scikit-learn's own checks as parameters of tests, and how one is run."""

from __future__ import annotations

import inspect
from functools import partial
from unittest import SkipTest

import pytest
from sklearn.base import clone
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

# Checks that scikit-learn runs on its own estimators only. Of the others in its list,
# check_param_validation asks for scikit-learn's wording, and the array-API, clustering, outlier,
# transformer and multilabel checks are of other kinds of estimator.
EXTRA_CHECKS = [
    estimator_checks.check_dataframe_column_names_consistency,
    estimator_checks.check_inplace_ensure_writeable,
]

# Checks that ask what was learned train as long as a user would. To all others, which ask about
# shapes, names, containers and refusals, a few epochs tell as much as 100: scikit-learn itself ran
# its checks with max_iter=5 before its version 1.6.
MAX_ITER = 5
OF_LEARNING = {
    "check_class_weight_classifiers",
    "check_classifiers_classes",
    "check_classifiers_train",
    "check_non_transformer_estimators_n_iter",
    "check_regressors_train",
    "check_sample_weight_equivalence_on_dense_data",
}
# These are run once more with what a user gets who sets nothing.
UNTOUCHED = (
    "check_dict_unchanged",
    "check_estimators_pickle",
    "check_fit_idempotent",
    "check_methods_subset_invariance",
)
# With weights of classes they train for 1000 epochs, twice; on memory maps as without them.
N_UNITS = 32


def generate_checks(estimators):
    """Return scikit-learn's (estimator, check) parameters, and the names that it gives them."""
    marker = parametrize_with_checks(estimators)
    # Before scikit-learn 1.8 a generator, of which pytest 9 warns.
    return list(marker.args[1]), marker.kwargs.get("ids")


def run_contract(check, estimator):
    """Run one of the generated checks, on as large a network and as long as it asks for."""
    estimator, name = clone(estimator), name_of(check)
    if name not in OF_LEARNING:
        estimator.set_params(max_iter=MAX_ITER)
    if name == "check_class_weight_classifiers" or is_on_a_memory_map(check):
        estimator.set_params(n_units=N_UNITS)
    run_check(check, estimator)


def untouched_checks(checks):
    """Return the (estimator, check) of one kind each that are run with untouched defaults."""
    found = {}
    for estimator, check in checks:
        if name_of(check) in UNTOUCHED and not is_on_a_memory_map(check):
            found.setdefault((type(estimator).__name__, name_of(check)), (estimator, check))
    return [pytest.param(*found[key], id="-".join(key)) for key in sorted(found)]


def assert_names_exist(checks):
    """Each name that is treated in a way of its own is that of a check of some estimator."""
    names = {name_of(check) for _, check in checks}
    assert {*OF_LEARNING, *UNTOUCHED} - names == set()
    assert any(is_on_a_memory_map(check) for _, check in checks)


def run_check(check, *arguments):
    """Run a check, which must not be skipped: one that does not run proves nothing."""
    try:
        check(*arguments)
    except SkipTest as skipped:
        pytest.fail(f"skipped: {skipped}")


def is_on_a_memory_map(check):
    """Whether a check is one of training once more, on arrays that cannot be written to."""
    return isinstance(check, partial) and bool(check.keywords.get("readonly_memmap"))


def name_of(check):
    """Return the name of the function behind a check."""
    while isinstance(check, partial):
        check = check.func
    return inspect.unwrap(check).__name__
