"""Network metrics as scorers of `GridSearchCV`, `cross_validate` and their like."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from sk_biornn._blas import one_blas_thread
from sk_biornn._checks import check_choice, choice_text, refusal
from sk_biornn._plain import short
from sk_biornn._sparse import is_sparse
from sk_biornn._wrapped import each_within, within
from sk_biornn.metrics._assortativity import assortativity
from sk_biornn.metrics._modularity import modularity
from sk_biornn.metrics._small_worldness import small_worldness
from sk_biornn.metrics._step_scorers import (
    STEP_SCORERS,
    StepScorer,
    step_name_of,
    step_scorer,
)
from sk_biornn.metrics._weight_entropy import weight_entropy

_ATTRIBUTES = {"recurrent": "W_rec_", "input": "W_in_", "readout": "W_out_"}
# What a metric may ask for besides the weights, and where a fitted estimator has it.
_FACTS = {"coordinates": "coordinates", "signs": "signs_"}


class WeightScorer:
    """Score a fitted estimator by its weights.

    A scorer in the sense of scikit-learn: ``scorer(estimator, X, y)`` is a number, and X, y and
    sample weights, which do not matter here, may be left out.

    Parameters
    ----------
    func : callable
        ``func(W, **kwargs) -> float``, a function of a weight matrix W[post, pre]. If it has
        parameters called `coordinates` or `signs` that `kwargs` do not contain, it is given those
        of the estimator.
    weight : {"recurrent", "input", "readout"}, default="recurrent"
        The matrix: `W_rec_`, `W_in_` or `W_out_` of the estimator.
    greater_is_better : bool, default=True
        Whether a search should look for high values. If not, the score is the negative value.
    **kwargs : dict
        Further arguments of `func`.

    Notes
    -----
    The estimator may be wrapped: of a pipeline the last step counts, of a search the best
    estimator, of an ensemble with `estimators_` the mean over its members. If the weights are not
    finite, the score is NaN, which a search ranks last, and `func` is not asked.

    References
    ----------
    .. [1] The scorers of scikit-learn,
       https://scikit-learn.org/stable/modules/model_evaluation.html

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> def share_of_positive(W):
    ...     return np.mean(W > 0)
    >>> network = SimpleNamespace(W_rec_=np.array([[1.0, -1.0], [2.0, 0.0]]))
    >>> WeightScorer(share_of_positive)(network)
    0.5
    >>> WeightScorer(modularity, quantile=None)
    WeightScorer(modularity, quantile=None)
    """

    def __init__(
        self,
        func: Callable[..., float],
        *,
        weight: str = "recurrent",
        greater_is_better: bool = True,
        **kwargs: Any,
    ) -> None:
        if not callable(func):
            raise TypeError(f"func must be a function of a weight matrix, got {short(func)}.")
        check_choice("weight", weight, _ATTRIBUTES)
        self.func = func
        self.weight = weight
        self.greater_is_better = greater_is_better
        self.kwargs = kwargs

    def __call__(self, estimator: Any, X: Any = None, y: Any = None, **_: Any) -> float:
        with one_blas_thread():
            values = [self._value(network) for network in _networks(estimator, self._attribute)]
        return float(np.mean(values)) * (1 if self.greater_is_better else -1)

    def __repr__(self) -> str:
        name = getattr(self.func, "__name__", repr(self.func))
        weight = [] if self.weight == "recurrent" else [f"weight={self.weight!r}"]
        sign = [] if self.greater_is_better else ["greater_is_better=False"]
        arguments = [f"{key}={value!r}" for key, value in self.kwargs.items()]
        return f"WeightScorer({', '.join([name, *weight, *sign, *arguments])})"

    @property
    def _attribute(self) -> str:
        return _ATTRIBUTES[self.weight]

    def _value(self, network: Any) -> float:
        weights: Any = getattr(network, self._attribute)
        weights = weights if is_sparse(weights) else np.asarray(weights)
        if not np.isfinite(weights.tocoo().data if is_sparse(weights) else weights).all():
            return float("nan")
        value = self.func(weights, **self._facts_of(network), **self.kwargs)
        if np.ndim(value) != 0:
            name = getattr(self.func, "__name__", repr(self.func))
            raise TypeError(f"{name} must return a number to be a score, got {type(value)}.")
        return float(value)

    def _facts_of(self, network: Any) -> dict[str, Any]:
        """Arguments of `func` that the network itself knows."""
        try:
            parameters = inspect.signature(self.func).parameters
        except ValueError:  # a function written in C may not tell
            return {}
        asked = [fact for fact in _FACTS if fact in parameters and fact not in self.kwargs]
        known = {fact: getattr(network, _FACTS[fact], None) for fact in asked}
        for fact in asked:
            if known[fact] is None and parameters[fact].default is inspect.Parameter.empty:
                raise ValueError(
                    f"{fact} must be given, to the scorer or to {type(network).__name__}."
                )
        return {fact: value for fact, value in known.items() if value is not None}

    def _accept_sample_weight(self) -> bool:
        """Tell a search not to warn: sample weights are accepted, and cannot matter."""
        return True


def _networks(estimator: Any, attribute: str) -> list[Any]:
    """Return the fitted networks within an estimator, whatever it is wrapped in."""
    networks = list(each_within(estimator, lambda e: hasattr(e, attribute) or not within(e)))
    for network in networks:
        if not hasattr(network, attribute):
            from sklearn.exceptions import NotFittedError

            raise NotFittedError(
                f"a fitted estimator with the weights {attribute} is needed, "
                f"got {type(network).__name__}."
            )
    return networks


#: Scorer of `modularity` of the recurrent weights.
modularity_scorer = WeightScorer(modularity)
#: Scorer of `small_worldness` of the recurrent weights.
small_worldness_scorer = WeightScorer(small_worldness)
#: Scorer of `assortativity` of the recurrent weights.
assortativity_scorer = WeightScorer(assortativity)
#: Scorer of `weight_entropy` of the recurrent weights.
entropy_scorer = WeightScorer(weight_entropy)


def bio_scoring(*names: str) -> dict[str, WeightScorer | StepScorer]:
    """Return scorers by name, for the `scoring` of a search.

    Parameters
    ----------
    *names : str
        Functions of `sk_biornn.metrics` that return one number, such as "modularity" or
        "density"; "entropy" for "weight_entropy". ``"neg_"`` before a name, as in scikit-learn,
        makes low values the better ones. Or scorers of targets at every step: "step_accuracy",
        "step_balanced_accuracy", "step_f1", "step_log_loss", "step_r2",
        "step_neg_mean_squared_error", in which high is good as they are.

    Returns
    -------
    dict of str to WeightScorer or StepScorer
        One scorer per name, in the same order.

    Raises
    ------
    ValueError
        If there is no metric of that name.

    Notes
    -----
    scikit-learn's "accuracy" and its other scorers of what a network answers do not know of steps;
    "step_accuracy" does, and is the same where there is one label per trial.

    Examples
    --------
    >>> bio_scoring("step_accuracy", "modularity", "neg_wiring_cost")
    {'step_accuracy': StepScorer('accuracy_score'), 'modularity': WeightScorer(modularity),
     'neg_wiring_cost': WeightScorer(wiring_cost, greater_is_better=False)}
    """
    return {name: _scorer_of(name) for name in names}


def _scorer_of(name: str) -> WeightScorer | StepScorer:
    """Return the scorer of a metric, which may be of any file of this room."""
    from sk_biornn import metrics

    if isinstance(name, str) and name in STEP_SCORERS:
        return step_scorer(name)
    plain = str(name).removeprefix("neg_")
    plain = "weight_entropy" if plain == "entropy" else plain
    candidates = (getattr(metrics, public) for public in metrics.__all__)
    functions = {func.__name__: func for func in candidates if _is_scalar_metric(func)}
    if plain not in functions:
        expected = choice_text(sorted([*functions, *STEP_SCORERS]))
        error = refusal("names", expected, name, right_type=isinstance(name, str))
        meant = step_name_of(name)
        if meant is not None:
            raise ValueError(f"{error} What a network answers is scored by {meant!r}.")
        raise error
    return WeightScorer(functions[plain], greater_is_better=not name.startswith("neg_"))


def _is_scalar_metric(thing: Any) -> bool:
    """Whether `thing` is a function of W that returns one number."""
    if not inspect.isfunction(thing):
        return False
    signature = inspect.signature(thing)
    return next(iter(signature.parameters), "") == "W" and signature.return_annotation in (
        "float",
        "int",
    )
