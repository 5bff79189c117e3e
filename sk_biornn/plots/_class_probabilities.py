"""What classifiers say in one trial: the probability of each class at every step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from sk_biornn._checks import check_count
from sk_biornn._plain import found, short
from sk_biornn.plots._style import SKY
from sk_biornn.plots._task import inputs_of_trial, runs, target_of_trial

_EVERY_STEP = "PredictionDisplay draws classifiers that answer at every step"


class ClassProbabilities(NamedTuple):
    """One trial of classifiers."""

    target: np.ndarray  # (n_steps, n_classes): 1 of the label, 0 of others, NaN if not judged
    predictions: dict[str, np.ndarray]  # (n_steps, n_classes), by the name in the legend
    names: list[str]  # of the classes
    judged: np.ndarray  # (n_steps,)


def is_labelling(estimator: Any) -> bool:
    """Whether an estimator is a classifier, by what it has."""
    return hasattr(estimator, "predict_proba") or hasattr(estimator, "classes_")


def class_probabilities(
    estimators: Mapping[str, Any], X: Any, y: Any, trial: int
) -> ClassProbabilities:
    """Have fitted classifiers answer one trial, at every step.

    Parameters
    ----------
    estimators : dict of str to estimator
        Fitted classifiers of labels at every step.
    X, y : array-like or list
        Trials and labels, as `fit` takes them.
    trial : int
        Which of them.

    Returns
    -------
    ClassProbabilities
        What is drawn.
    """
    for name, network in estimators.items():
        _refuse_what_has_no_probabilities(name, network)
    for name, value in (("X", X), ("y", y)):
        if not hasattr(value, "__len__") or isinstance(value, (str, Mapping)):
            raise TypeError(f"{name} must be trials, an array or a list, got {found(value)}.")
    if len(y) != len(X):
        raise ValueError(f"y must have one entry per trial, {len(X)}, got {len(y)}.")
    trial = check_count("trial", trial, low=0)
    if trial >= len(X):
        raise ValueError(f"trial must be an integer in [0, {len(X) - 1}], got {trial}.")
    n_steps = len(inputs_of_trial(X, trial))
    # Before the labels: of labels at the last step, that is what is wrong.
    predictions = {
        name: _probabilities(name, network, X[trial : trial + 1], n_steps)
        for name, network in estimators.items()
    }
    classes = _common_classes(estimators)
    one = y.iloc[trial] if hasattr(y, "iloc") else y[trial]
    if np.ndim(one) > 1:
        raise ValueError(
            f"y must have labels (n_trials, n_steps) for classifiers, got shape {np.shape(one)} "
            f"in trial {trial}."
        )
    labels, missing = target_of_trial(y, trial, n_steps, True)
    judged = ~missing[:, 0]
    target = np.full((n_steps, len(classes)), np.nan)
    for step in np.flatnonzero(judged):
        target[step] = [label == labels[step, 0] for label in classes]
        if not target[step].any():
            raise ValueError(
                f"y must have only the classes {short(classes)} of the fit, got "
                f"{short(labels[step, 0])}."
            )
    return ClassProbabilities(target, predictions, [f"class {label}" for label in classes], judged)


def shade_steps(ax: Any, time: np.ndarray, judged: np.ndarray) -> None:
    """Shade the steps that are judged, half a step to each side."""
    half = (time[1] - time[0]) / 2 if len(time) > 1 else 0.5
    for place, (start, end) in enumerate(runs(judged)):
        name = None if place else "judged"
        low, high = time[start] - half, time[end - 1] + half
        ax.axvspan(low, high, color=SKY, alpha=0.3, lw=0, zorder=0, label=name)


def _refuse_what_has_no_probabilities(name: str, network: Any) -> None:
    if not is_labelling(network):
        raise ValueError(
            f"estimators must be classifiers all or none, got {found(network)} as {short(name)}."
        )
    if isinstance(network, type) or not hasattr(network, "predict_proba"):
        raise TypeError(
            f"estimators must be fitted, and have predict_proba if they are classifiers, got "
            f"{found(network)} as {short(name)}."
        )


def _probabilities(name: str, network: Any, one: Any, n_steps: int) -> np.ndarray:
    """Return the probabilities of one trial, at its steps."""
    values = np.asarray(network.predict_proba(one)[0], dtype=float)
    if values.ndim != 2 or len(values) < n_steps:
        raise ValueError(
            f"{_EVERY_STEP}, got {found(network)} as {short(name)}, fitted to one label per trial: "
            "fit it to labels (n_trials, n_steps), None where a step is not judged, or see the "
            "trial with TaskDisplay."
        )
    return values[:n_steps]


def _common_classes(estimators: Mapping[str, Any]) -> list[Any]:
    of_each = {name: np.asarray(network.classes_).tolist() for name, network in estimators.items()}
    first, classes = next(iter(of_each.items()))
    for name, other in of_each.items():
        if other != classes:
            raise ValueError(
                f"estimators must have the same classes, got {short(classes)} of {short(first)} "
                f"and {short(other)} of {short(name)}."
            )
    return classes
