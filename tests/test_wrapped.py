"""What is looked for in an estimator is found in whatever it is wrapped."""

from __future__ import annotations

from types import SimpleNamespace as Holder

import pytest

from sk_biornn._wrapped import attribute_within, each_within, within

LEAF, OTHER = Holder(burn_in=3), Holder(burn_in=5)
WRAPPED = {
    "itself": LEAF,
    "pipeline": Holder(steps=[("scale", Holder()), ("network", LEAF)]),
    "search": Holder(best_estimator_=LEAF, estimator=OTHER),
    "ensemble": Holder(estimators_=[LEAF, OTHER], estimator=OTHER),
    "scaled targets": Holder(regressor_=LEAF, regressor=OTHER),
    "many": Holder(best_estimator_=Holder(regressor_=Holder(steps=[("network", LEAF)]))),
    "of none itself": Holder(burn_in=None, estimator_=LEAF),
}


@pytest.mark.parametrize("kind", WRAPPED)
def test_the_first_estimator_within_says_it(kind):
    assert attribute_within(WRAPPED[kind], "burn_in") == 3
    found = list(each_within(WRAPPED[kind], lambda inner: not within(inner)))
    assert found[0] is LEAF and found[1:] == ([OTHER] if kind == "ensemble" else [])


def test_what_nobody_has_is_the_default():
    assert attribute_within(WRAPPED["many"], "horizon", 1) == 1
    assert attribute_within(Holder(steps=[], estimators_=[]), "horizon") is None
    assert list(each_within(Holder(estimators_=[]), lambda inner: hasattr(inner, "W"))) == []


def test_what_is_wanted_is_not_looked_into():
    outer = Holder(burn_in=3, estimator_=OTHER)
    assert list(each_within(outer, lambda inner: hasattr(inner, "burn_in"))) == [outer]
    assert attribute_within(outer, "burn_in") == 3
