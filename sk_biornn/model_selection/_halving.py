"""Searches that give the better candidates more, whose networks learn side by side."""

from __future__ import annotations

# scikit-learn's halving is experimental and has to be asked for; its results may change there.
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV, HalvingRandomSearchCV

from sk_biornn.model_selection._arguments import constructor
from sk_biornn.model_selection._stacked import StackedSearch


class StackedHalvingGridSearchCV(StackedSearch, HalvingGridSearchCV):
    """`sklearn.model_selection.HalvingGridSearchCV` whose networks learn side by side.

    All candidates begin with few trials, or few epochs; the better ones go on to the next
    iteration with `factor` times as many. The candidates and folds of one iteration go together,
    see `sk_biornn.ensemble.fit_many`. Candidates, scores, ranks and the best estimator are those of
    `HalvingGridSearchCV`, which is experimental in scikit-learn.

    Parameters
    ----------
    estimator : estimator
        A network of this package; any other estimator is searched as by `HalvingGridSearchCV`.
    param_grid : dict or list of dict
        Values to try, by parameter.
    factor, resource, max_resources, min_resources, aggressive_elimination : object
        As in `HalvingGridSearchCV`. ``resource="n_samples"`` counts trials;
        ``resource="max_iter"`` counts epochs, and needs `max_resources`.
    cv, scoring, refit, error_score, return_train_score, random_state, n_jobs, verbose : object
        As in `HalvingGridSearchCV`. Jobs share the networks that learn; the scores are computed by
        threads.
    strategy : {"auto", "stacked", "alone"}, default="auto"
        "auto": side by side where it pays; "stacked": wherever it can be; "alone":
        `HalvingGridSearchCV`.
    max_memory : float or None, default=None
        Bytes that a stack may take; None: half of what is free.
    checkpoint : str, Path or None, default=None
        A folder in which fits are kept, as in `StackedGridSearchCV`.

    Attributes
    ----------
    stacking_report_ : DataFrame
        As in `StackedGridSearchCV`; `candidate` is the row of `cv_results_`.

    See Also
    --------
    sklearn.model_selection.HalvingGridSearchCV : All other attributes and methods.

    References
    ----------
    K. Jamieson, A. Talwalkar. Non-stochastic best arm identification and hyperparameter
    optimization. AISTATS 2016, PMLR 51:240-248.

    Examples
    --------
    >>> from sk_biornn import DaleRNNRegressor
    >>> from sk_biornn.datasets import make_flip_flop
    >>> from sk_biornn.model_selection import StackedHalvingGridSearchCV
    >>> X, y = make_flip_flop(60, n_steps=20, random_state=0)
    >>> network = DaleRNNRegressor(
    ...     n_units=12, regularizer="weight", random_state=0
    ... )
    >>> grid = {"regu_strength": [0.0, 1e-3, 1e-2, 1e-1]}
    >>> search = StackedHalvingGridSearchCV(
    ...     network, grid, cv=3, resource="max_iter", max_resources=8, factor=2,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> search.n_candidates_, search.n_resources_
    ([4, 2, 1], [2, 4, 8])
    >>> search.stacking_report_.groupby("candidate")["stack"].max().tolist()
    [12, 12, 12, 12, 6, 6, 3]
    """

    __init__ = constructor(HalvingGridSearchCV)


class StackedHalvingRandomSearchCV(StackedSearch, HalvingRandomSearchCV):
    """`sklearn.model_selection.HalvingRandomSearchCV` whose networks learn side by side.

    Parameters
    ----------
    estimator : estimator
        A network of this package; any other estimator is searched as by `HalvingRandomSearchCV`.
    param_distributions : dict or list of dict
        Distributions or values to draw from, by parameter.
    n_candidates : "exhaust" or int, default="exhaust"
        Number of candidates of the first iteration; "exhaust": as many as the last iteration needs
        to use all resources.
    factor, resource, max_resources, min_resources, aggressive_elimination : object
        As in `StackedHalvingGridSearchCV`.
    cv, scoring, refit, error_score, return_train_score, random_state, n_jobs, verbose : object
        As in `HalvingRandomSearchCV`.
    strategy : {"auto", "stacked", "alone"}, default="auto"
        As in `StackedHalvingGridSearchCV`.
    max_memory : float or None, default=None
        Bytes that a stack may take; None: half of what is free.
    checkpoint : str, Path or None, default=None
        A folder in which fits are kept, as in `StackedGridSearchCV`.

    Attributes
    ----------
    stacking_report_ : DataFrame
        As in `StackedHalvingGridSearchCV`.

    See Also
    --------
    sklearn.model_selection.HalvingRandomSearchCV : All other attributes and methods.

    Examples
    --------
    >>> from scipy.stats import loguniform
    >>> from sk_biornn import DaleRNNRegressor
    >>> from sk_biornn.datasets import make_flip_flop
    >>> from sk_biornn.model_selection import StackedHalvingRandomSearchCV
    >>> X, y = make_flip_flop(60, n_steps=20, random_state=0)
    >>> network = DaleRNNRegressor(
    ...     n_units=12, max_iter=3, regularizer="weight", random_state=0
    ... )
    >>> space = {"regu_strength": loguniform(1e-4, 1e-1)}
    >>> search = StackedHalvingRandomSearchCV(
    ...     network, space, cv=3, factor=2, random_state=0
    ... )
    >>> search.fit(X, y).n_candidates_, search.n_resources_
    ([10, 5, 3, 2], [6, 12, 24, 48])
    """

    __init__ = constructor(HalvingRandomSearchCV)
