"""The searches: scikit-learn's, with the arguments that stacks add."""

from __future__ import annotations

from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

from sk_biornn.model_selection._arguments import constructor
from sk_biornn.model_selection._stacked import StackedSearch


class StackedGridSearchCV(StackedSearch, GridSearchCV):
    """`sklearn.model_selection.GridSearchCV` whose networks learn side by side.

    Candidates and folds of one architecture go together, see `sk_biornn.ensemble.fit_many`; the
    others, and other estimators, are fitted as scikit-learn does. Scores, ranks and the best
    estimator are those of `GridSearchCV`.

    Parameters
    ----------
    estimator : estimator
        A network of this package; any other estimator is searched as by `GridSearchCV`.
    param_grid : dict or list of dict
        Values to try, by parameter.
    scoring, n_jobs, refit, cv, verbose, pre_dispatch, error_score, return_train_score : object
        As in `GridSearchCV`. Jobs share the networks that learn; the scores are computed by
        threads.
    strategy : {"auto", "stacked", "alone"}, default="auto"
        "auto": side by side where it pays; "stacked": wherever it can be; "alone": `GridSearchCV`.
    max_memory : float or None, default=None
        Bytes that a stack may take; None: half of what is free.
    checkpoint : str, Path or None, default=None
        A folder in which every fit is kept as it ends, the one on all trials among them: a search
        that is killed goes on from there. Fits are known by what they depend on, the parameters
        and the trials: those of another search, of a larger grid or with another `scoring`, are
        taken where these are the same. Fits with functions or classes of one's own are kept only
        where these have a `checkpoint_key`, see :doc:`/many_networks`. None: nothing is kept.

    Attributes
    ----------
    stacking_report_ : DataFrame
        A row per candidate and fold: `candidate`, `fold`, `stack`, how many learned together (0:
        kept in the checkpoint), `reason` why it learned alone, and `seconds`, its share of the
        time, which is also the `fit_time` of `cv_results_` (NaN: the search itself has fitted it,
        as it does all of pipelines). With a `checkpoint` equal fits are one, and one row.

    See Also
    --------
    sklearn.model_selection.GridSearchCV : All other attributes and methods.

    Examples
    --------
    >>> from sk_biornn import DaleRNNRegressor
    >>> from sk_biornn.datasets import make_flip_flop
    >>> from sk_biornn.model_selection import StackedGridSearchCV
    >>> X, y = make_flip_flop(60, n_steps=20, random_state=0)
    >>> network = DaleRNNRegressor(
    ...     n_units=12, max_iter=3, regularizer="weight", random_state=0
    ... )
    >>> search = StackedGridSearchCV(
    ...     network, {"regu_strength": [0.0, 1e-3, 1e-2]}, cv=3
    ... )
    >>> search.fit(X, y).stacking_report_["stack"].unique().tolist()
    [9]
    >>> sorted(search.best_params_)
    ['regu_strength']
    """

    __init__ = constructor(GridSearchCV)


class StackedRandomizedSearchCV(StackedSearch, RandomizedSearchCV):
    """`sklearn.model_selection.RandomizedSearchCV` whose networks learn side by side.

    Parameters
    ----------
    estimator : estimator
        A network of this package; any other estimator is searched as by `RandomizedSearchCV`.
    param_distributions : dict or list of dict
        Distributions or values to draw from, by parameter.
    n_iter : int, default=10
        Number of candidates.
    scoring, n_jobs, refit, cv, verbose, pre_dispatch, random_state, error_score, \
return_train_score : object
        As in `RandomizedSearchCV`.
    strategy : {"auto", "stacked", "alone"}, default="auto"
        As in `StackedGridSearchCV`.
    max_memory : float or None, default=None
        Bytes that a stack may take; None: half of what is free.
    checkpoint : str, Path or None, default=None
        A folder in which fits are kept, as in `StackedGridSearchCV`.

    Attributes
    ----------
    stacking_report_ : DataFrame
        As in `StackedGridSearchCV`.

    See Also
    --------
    sklearn.model_selection.RandomizedSearchCV : All other attributes and methods.

    Examples
    --------
    >>> from scipy.stats import loguniform
    >>> from sk_biornn import DaleRNNRegressor
    >>> from sk_biornn.datasets import make_flip_flop
    >>> from sk_biornn.model_selection import StackedRandomizedSearchCV
    >>> X, y = make_flip_flop(60, n_steps=20, random_state=0)
    >>> network = DaleRNNRegressor(
    ...     n_units=12, max_iter=3, regularizer="weight", random_state=0
    ... )
    >>> space = {"regu_strength": loguniform(1e-4, 1e-1)}
    >>> search = StackedRandomizedSearchCV(
    ...     network, space, n_iter=4, cv=3, random_state=0
    ... )
    >>> search.fit(X, y).stacking_report_["stack"].unique().tolist()
    [12]
    """

    __init__ = constructor(RandomizedSearchCV)
