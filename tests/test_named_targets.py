"""Columns of y and X that have names: whoever looks at them after a fit looks at their order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sk_biornn import DaleRNNClassifier, DaleRNNRegressor
from sk_biornn._output_names import output_names_of
from sk_biornn.ensemble import SeedEnsemble
from sk_biornn.inspection import current_decomposition, prediction_skill, silencing_effect
from sk_biornn.metrics import StepScorer, bio_scoring, step_neg_mean_squared_error, step_r2
from sk_biornn.plots import PredictionDisplay
from sk_biornn.preprocessing import TrialScaler, TrialTargetRegressor

RNG = np.random.default_rng(0)
X = RNG.standard_normal((12, 6, 3))
Y = X[..., :2] * [1.0, 10.0] + [0.0, 5.0]
FEATURES, OUTPUTS = ["u", "v", "w"], ["a", "b"]
LABELS = ["E"] * 4 + ["I"]
OTHER_ORDER = (
    r"^y must have the outputs of the fit, in the same order: \['a', 'b'\], got \['b', 'a'\]"
)


def frames(values, names):
    return [pd.DataFrame(trial, columns=names) for trial in values]


X_NAMED, Y_NAMED = frames(X, FEATURES), frames(Y, OUTPUTS)
X_TURNED = frames(X[..., ::-1], FEATURES[::-1])
Y_TURNED = frames(Y[..., ::-1], OUTPUTS[::-1])


def regressor(**parameters):
    return DaleRNNRegressor(**{"n_units": 5, "max_iter": 2, "random_state": 0, **parameters})


@pytest.fixture(scope="module")
def fitted():
    return regressor().fit(X_NAMED, Y_NAMED)


WRAPPED = {
    "alone": regressor,
    "pipeline": lambda: make_pipeline(TrialScaler(), regressor()),
    "scaled targets": lambda: TrialTargetRegressor(regressor()),
    "both": lambda: make_pipeline(TrialScaler(), TrialTargetRegressor(regressor())),
    "inside": lambda: TrialTargetRegressor(make_pipeline(TrialScaler(), regressor())),
    "search": lambda: GridSearchCV(regressor(), {"n_units": [4]}, cv=2),
    "ensemble": lambda: SeedEnsemble(regressor(), n_seeds=2, random_state=0),
}


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_a_scorer_refuses_outputs_in_another_order_as_score_does(wrap):
    estimator = wrap().fit(X_NAMED, Y_NAMED)
    assert output_names_of(estimator) == OUTPUTS
    scorers = [step_r2, step_neg_mean_squared_error, StepScorer("r2_score", response="numbers")]
    for scorer in [estimator.score, *scorers, *bio_scoring("step_r2").values()]:
        arguments = () if scorer == estimator.score else (estimator,)
        right = scorer(*arguments, X_NAMED, Y_NAMED)
        assert right == pytest.approx(scorer(*arguments, X_NAMED, list(Y)))  # no names, no question
        with pytest.raises(ValueError, match=OTHER_ORDER):
            scorer(*arguments, X_NAMED, Y_TURNED)
        with pytest.raises(
            ValueError, match=r"^(y must have the outputs of the fit: .*\['a', 'c'])"
        ):
            scorer(*arguments, X_NAMED, frames(Y, ["a", "c"]))
        with pytest.raises(ValueError, match="order"):
            scorer(*arguments, X_TURNED, Y_NAMED)


def test_scaled_targets_know_the_names_of_validation_and_of_arrays_with_labels():
    xarray = pytest.importorskip("xarray")
    meta = TrialTargetRegressor(regressor(early_stopping=True))
    with pytest.raises(ValueError, match="in the same order"):
        meta.fit(X_NAMED, Y_NAMED, validation=(X_NAMED, Y_TURNED))
    dims = ("trial", "time", "channel")
    labelled = xarray.DataArray(Y, dims=dims, coords={"channel": OUTPUTS})
    turned = xarray.DataArray(Y[..., ::-1], dims=dims, coords={"channel": OUTPUTS[::-1]})
    meta = TrialTargetRegressor(regressor()).fit(X, labelled)
    assert meta.output_names_.tolist() == OUTPUTS
    for refused in (meta.score, lambda X, y: step_r2(meta, X, y)):
        with pytest.raises(ValueError, match=OTHER_ORDER):
            refused(X, turned)
    assert not hasattr(meta.fit(X, Y), "output_names_")


def test_silencing_names_outputs_and_refuses_another_order(fitted):
    table = silencing_effect(fitted, X_NAMED, Y_NAMED, ["I"], labels=LABELS)
    assert table["output"].tolist() == OUTPUTS
    plain = silencing_effect(fitted, X_NAMED, list(Y), ["I"], labels=LABELS, outputs=["x", "y"])
    assert plain["output"].tolist() == ["x", "y"]
    assert plain["mse"].tolist() == table["mse"].tolist()
    with pytest.raises(ValueError, match=OTHER_ORDER):
        silencing_effect(fitted, X_NAMED, Y_TURNED, ["I"], labels=LABELS)
    with pytest.raises(ValueError, match="order"):
        silencing_effect(fitted, X_TURNED, Y_NAMED, ["I"], labels=LABELS)
    with pytest.raises(ValueError, match="order"):
        current_decomposition(fitted, X_TURNED, labels=LABELS)


def test_silencing_a_classifier_still_names_its_classes():
    labels = np.arange(12) % 2
    clf = DaleRNNClassifier(n_units=5, max_iter=1, random_state=0).fit(X_NAMED, labels)
    table = silencing_effect(clf, X_NAMED, labels, ["I"], labels=LABELS)
    assert table["output"].tolist() == [0, 1]


def test_skill_has_the_names_of_the_outputs_and_refuses_another_order(fitted):
    prediction, now = fitted.predict(X_NAMED), X[..., :2]
    known = prediction_skill(Y, prediction, now)
    assert known.index.tolist() == [0, 1]
    for y, x in ((Y_NAMED, frames(now, OUTPUTS)), (Y_NAMED, now), (Y, frames(now, OUTPUTS))):
        table = prediction_skill(y, prediction, x)
        assert table.index.tolist() == OUTPUTS
        np.testing.assert_allclose(table.to_numpy(), known.to_numpy())
    turned = frames(now[..., ::-1], OUTPUTS[::-1])
    for arguments in (
        (Y_NAMED, prediction, turned),
        (Y_TURNED, prediction, frames(now, OUTPUTS)),
        (Y_NAMED, turned),
    ):
        with pytest.raises(
            ValueError, match=r"must have the outputs in the order of y, got '[ab]' at"
        ):
            prediction_skill(*arguments)
    with pytest.raises(ValueError, match=r"^names must have the outputs in the order of y"):
        prediction_skill(Y_TURNED, prediction, names=fitted.output_names_)
    assert prediction_skill(Y_NAMED, prediction, names=["A", "B"]).index.tolist() == ["A", "B"]
    # Tables that have no name in common, such as "now" and "next", say nothing of one another.
    other = prediction_skill(Y_NAMED, prediction, frames(now, ["now_a", "now_b"]))
    assert other.index.tolist() == OUTPUTS


def test_a_picture_of_predictions_names_outputs_and_refuses_another_order(fitted):
    display = PredictionDisplay.from_estimators(fitted, X_NAMED, Y_NAMED, trial=1)
    assert display.names == OUTPUTS
    np.testing.assert_array_equal(display.target, Y[1])
    assert PredictionDisplay.from_estimators(fitted, X_NAMED, Y).names == OUTPUTS
    unnamed = regressor().fit(X, Y)
    assert PredictionDisplay.from_estimators(unnamed, X, Y).names == ["output 0", "output 1"]
    assert PredictionDisplay.from_estimators(unnamed, X, Y_TURNED).names == ["b", "a"]
    for networks in (fitted, {"one": unnamed, "other": fitted}):
        with pytest.raises(ValueError, match=OTHER_ORDER):
            PredictionDisplay.from_estimators(networks, X_NAMED, Y_TURNED)
    with pytest.raises(ValueError, match="order"):
        PredictionDisplay.from_estimators(fitted, X_TURNED, Y_NAMED)
