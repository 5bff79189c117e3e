"""Scorers of targets at every step: what is not judged, and what is padding, does not count."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from sk_biornn._checks import check_choice, check_flag
from sk_biornn._output_names import refuse_other_outputs
from sk_biornn._plain import short
from sk_biornn._wrapped import attribute_within
from sk_biornn.metrics._step_entries import label_entries, number_entries

if TYPE_CHECKING:
    from sklearn.utils.metadata_routing import MetadataRequest

_RESPONSES = ("labels", "probabilities", "numbers")


class StepScorer:
    """Score the predictions of all judged steps at once.

    A scorer in the sense of scikit-learn, ``scorer(estimator, X, y, sample_weight=None)``. The
    judged steps of all trials are laid one after the other and given to a metric::

        func(y[judged], predictions[judged], sample_weight=weights[judged])

    Not judged are entries of `y` that are None, NaN, NA or masked, steps after the end of a trial,
    and entries of weight 0. Nor are the first `burn_in` steps of each trial, where a regressor has
    that parameter: `score` leaves them out, too. To compare networks that differ in it on the same
    steps, set the longest `burn_in` to NaN in `y`, or give it a weight of 0. Targets at the last
    step of a trial are one entry per trial.

    Parameters
    ----------
    func : callable or str
        ``func(y_true, y_pred, *, sample_weight, **kwargs) -> float``, or the name of one in
        `sklearn.metrics`. For probabilities it is also given ``labels=``, the classes.
    response : {"labels", "probabilities", "numbers"}, default="labels"
        What is compared with `y`: `predict` of a classifier, `predict_proba`, or `predict` of a
        regressor. Numbers are judged output by output; the score is the mean over outputs that
        have a judged entry.
    greater_is_better : bool, default=True
        Whether high values of `func` are good. If not, the score is the negative value.
    **kwargs : dict
        Further arguments of `func`.

    Raises
    ------
    TypeError
        If `func` is no function and no name, or an argument of another type.
    ValueError
        If `response` is unknown; by a call, if scikit-learn has no metric of that name, if `y` or
        weights do not fit the predictions, if outputs of `y` have other names than in the fit or
        another order, or if nothing is judged.

    Notes
    -----
    The estimator may be a network, a pipeline, a search or an ensemble: all that is asked of it is
    `predict`, or `predict_proba` and `classes_`. Trials are what `fit` takes: arrays, padded or
    not, and lists of arrays or data frames.

    scikit-learn's own scorers know no steps: ``scoring="accuracy"`` with two classes is the share
    of trials without any error, and ``"f1"`` or ``"r2"`` refuse labels and numbers per step.

    References
    ----------
    .. [1] The scorers of scikit-learn,
       https://scikit-learn.org/stable/modules/model_evaluation.html

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> always_on = SimpleNamespace(
    ...     predict=lambda X: np.ones((len(X), 4), dtype=int)
    ... )
    >>> X, y = np.zeros((2, 4, 1)), [[None, None, 1, 0], [None, None, 1, 1]]
    >>> step_accuracy(always_on, X, y)
    0.75
    >>> StepScorer("recall_score", pos_label=0)(always_on, X, y)
    0.0
    >>> step_accuracy(always_on, X, y, sample_weight=[[1, 1, 1, 5], [1, 1, 1, 1]])
    0.375
    """

    def __init__(
        self,
        func: Callable[..., float] | str,
        *,
        response: str = "labels",
        greater_is_better: bool = True,
        **kwargs: Any,
    ) -> None:
        if not callable(func) and not isinstance(func, str):
            raise TypeError(
                "func must be a function of targets and predictions, or the name of one in "
                f"sklearn.metrics, got {short(func)}."
            )
        check_choice("response", response, _RESPONSES)
        self.func = func
        self.response = response
        self.greater_is_better = check_flag("greater_is_better", greater_is_better)
        self.kwargs = kwargs

    def __call__(self, estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
        score = self._of_numbers if self.response == "numbers" else self._of_labels
        return score(estimator, X, y, sample_weight) * (1 if self.greater_is_better else -1)

    def __repr__(self) -> str:
        name = getattr(self.func, "__name__", repr(self.func))
        response = [] if self.response == "labels" else [f"response={self.response!r}"]
        sign = [] if self.greater_is_better else ["greater_is_better=False"]
        arguments = [f"{key}={value!r}" for key, value in self.kwargs.items()]
        return f"StepScorer({', '.join([name, *response, *sign, *arguments])})"

    def set_score_request(self, *, sample_weight: bool | str | None) -> Self:
        """Say whether a search may pass sample weights on, with metadata routing of scikit-learn.

        Parameters
        ----------
        sample_weight : bool, str or None
            Whether they are wanted, or their name among what is passed; None: an error if they
            come.

        Returns
        -------
        StepScorer
            The scorer itself.
        """
        self._request = sample_weight
        return self

    def get_metadata_routing(self) -> MetadataRequest:
        """Return what is asked of metadata routing; scikit-learn calls it.

        Returns
        -------
        MetadataRequest
            The request of sample weights.
        """
        from sklearn.utils.metadata_routing import MetadataRequest

        request = MetadataRequest(owner=self)
        request.score.add_request(param="sample_weight", alias=getattr(self, "_request", None))
        return request

    def _of_labels(self, estimator: Any, X: Any, y: Any, sample_weight: Any) -> float:
        of_classes = self.response == "probabilities"
        predictions = estimator.predict_proba(X) if of_classes else estimator.predict(X)
        entries = label_entries(X, y, predictions, sample_weight, of_classes=of_classes)
        classes = {"labels": estimator.classes_} if of_classes else {}
        if of_classes and not np.isin(entries.y, estimator.classes_).all():
            raise ValueError(
                f"y must contain only the classes {short(list(estimator.classes_))} of the fit to "
                f"have a probability, got {short(np.setdiff1d(entries.y, estimator.classes_)[0])}."
            )
        return self._value(entries.y, entries.predictions, entries.weights, **classes)

    def _of_numbers(self, estimator: Any, X: Any, y: Any, sample_weight: Any) -> float:
        refuse_other_outputs(estimator, y)
        burn_in = attribute_within(estimator, "burn_in", 0)
        entries = number_entries(X, y, estimator.predict(X), sample_weight, burn_in)
        y, predictions, weights = entries
        values = []
        for target, prediction in zip(y.T, predictions.T, strict=True):
            judged = np.isfinite(target)
            if judged.any():
                of_entries = None if weights is None else weights[judged]
                values.append(self._value(target[judged], prediction[judged], of_entries))
        return float(np.mean(values))

    def _value(
        self, y: NDArray[Any], predictions: NDArray[Any], weights: Any, **classes: Any
    ) -> float:
        func = _metric(self.func) if isinstance(self.func, str) else self.func
        return float(func(y, predictions, sample_weight=weights, **classes, **self.kwargs))

    def _accept_sample_weight(self) -> bool:
        """Tell a search to pass sample weights on."""
        return True


def _metric(name: str) -> Callable[..., float]:
    import sklearn.metrics  # here, so that to load this room does not load scikit-learn

    if name not in sklearn.metrics.__all__:
        like = f"{name}_score"
        way = f"; {like!r} is one" if like in sklearn.metrics.__all__ else ""
        raise ValueError(
            f"func must be the name of a function in sklearn.metrics, got {name!r}{way}."
        )
    return getattr(sklearn.metrics, name)


#: Accuracy over all judged steps.
step_accuracy = StepScorer("accuracy_score")
#: Mean over labels of the share of their judged steps that are recognised.
step_balanced_accuracy = StepScorer("balanced_accuracy_score")
#: F1 over all judged steps.
step_f1 = StepScorer("f1_score", average="macro")
#: Minus the cross-entropy of the judged steps: larger is better.
step_log_loss = StepScorer("log_loss", response="probabilities", greater_is_better=False)
#: R2 of the judged steps.
step_r2 = StepScorer("r2_score", response="numbers")
#: Minus the mean squared error of the judged steps: larger is better.
step_neg_mean_squared_error = StepScorer(
    "mean_squared_error", response="numbers", greater_is_better=False
)

STEP_SCORERS = {
    "step_accuracy": step_accuracy,
    "step_balanced_accuracy": step_balanced_accuracy,
    "step_f1": step_f1,
    "step_log_loss": step_log_loss,
    "step_neg_mean_squared_error": step_neg_mean_squared_error,
    "step_r2": step_r2,
}


def step_scorer(name: str) -> StepScorer:
    """Return a copy, whose requests of metadata are its own."""
    return copy.copy(STEP_SCORERS[name])


def step_name_of(name: Any) -> str | None:
    """Return the scorer that is meant by a name of scikit-learn, "step_f1" by "f1_macro"."""
    plain = str(name).removesuffix("_macro").removesuffix("_score").removeprefix("neg_")
    for known in STEP_SCORERS:
        if plain == known.removeprefix("step_").removeprefix("neg_"):
            return known
    return None
