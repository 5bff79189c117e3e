"""Where the input of a population comes from, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn._plain import plain
from sk_biornn.inspection._networks import Blocks, blocks_of, one_network_in, weights_of
from sk_biornn.inspection._skill import is_list_of_trials

if TYPE_CHECKING:
    from sklearn.utils import Bunch


def current_decomposition(estimator: Any, X: Any, *, labels: Any = None) -> Bunch:
    """Split the current into each population by where it comes from.

    The current into unit i at step t is the argument of its transfer function,
    sum_j W_rec[i, j] r_j(t - 1) + sum_k W_in[i, k] x_k(t) + b_rec[i], with r(-1) = 0. It is
    averaged over the units of the receiving (post) population and summed over those of the sending
    (pre) one.

    Parameters
    ----------
    estimator : object
        A fitted estimator, or a pipeline or search of one network (`X` is what its last step
        sees).
    X : array-like or list
        Trials, as in `predict`.
    labels : array-like of shape (n_units,), DataFrame or None, default=None
        Population of every unit, or a table of populations. None: the `populations_` of the
        estimator.

    Returns
    -------
    sklearn.utils.Bunch
        ``recurrent`` (n_trials, n_steps, n_post, n_pre), from each population to each;
        ``input`` (n_trials, n_steps, n_post), from `X`; ``bias`` (n_post,); ``total`` (n_trials,
        n_steps, n_post), the whole current, equal to ``recurrent.sum(-1) + input + bias``;
        ``populations``, the names along both population axes. float64; NaN after the end of a
        shorter trial. Rates are dimensionless, and so are currents.

    Raises
    ------
    ValueError
        If there is no fitted network, `X` does not fit it, or there are no labels.

    Notes
    -----
    `total` is a sum over all units, not over populations: that the parts agree with it is a check.
    Noise is not part of it: networks run without noise after the fit.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn import DaleRNNRegressor
    >>> from sk_biornn.inspection import current_decomposition
    >>> X = np.random.default_rng(0).standard_normal((20, 5, 2))
    >>> reg = DaleRNNRegressor(n_units=6, max_iter=2, random_state=0).fit(X, X)
    >>> current = current_decomposition(reg, X, labels=["E"] * 5 + ["I"])
    >>> current.recurrent.shape, current.populations
    ((20, 5, 2, 2), ['E', 'I'])
    >>> # trials and steps in which I excites
    >>> int((current.recurrent[..., 1] > 0).sum())
    0
    >>> parts = current.recurrent.sum(-1) + current.input + current.bias
    >>> print(f"{np.abs(parts - current.total).max():.6f}")
    0.000000
    """
    from sklearn.utils import Bunch

    network = one_network_in(estimator)
    if not hasattr(network, "W_rec_"):
        raise ValueError("estimator must be a fitted estimator with W_rec_, got a weight matrix.")
    blocks = blocks_of(network, labels)
    rates = _padded(network.hidden_states(X, kind="rate"))
    x = _held(_padded(X), rates.shape[1])
    sent = np.zeros_like(rates)  # r_{t-1}
    sent[:, 1:] = rates[:, :-1]
    # NaN, not a current, after the end of a trial: r_{t-1} still exists at its first absent step.
    sent[np.isnan(rates)] = np.nan

    indicator = blocks.indicator()
    average = indicator / indicator.sum(axis=1, keepdims=True)  # (n_populations, n_units)
    weights, w_in = weights_of(network), np.asarray(network.W_in_, dtype=np.float64)
    bias = np.asarray(network.b_rec_, dtype=np.float64)
    return Bunch(
        recurrent=_by_sender(average @ weights, sent, blocks),
        input=x @ (average @ w_in).T,
        bias=average @ bias,
        total=sent @ (average @ weights).T + (x @ w_in.T + bias) @ average.T,
        populations=list(blocks.labels),
    )


def _by_sender(
    weights: NDArray[np.float64], sent: NDArray[np.float64], blocks: Blocks
) -> NDArray[np.float64]:
    """Return the current (..., n_post, n_pre) that mean weights (n_post, n_units) carry."""
    n_populations = len(blocks.labels)
    currents = np.empty((*sent.shape[:2], n_populations, n_populations))
    for pre in range(n_populations):
        members = blocks.of_unit == pre
        currents[..., pre] = sent[..., members] @ weights[:, members].T
    return currents


def _padded(values: Any) -> NDArray[np.float64]:
    """Return an array, with NaN after the end of shorter trials."""
    values = plain(values, "X")
    if not is_list_of_trials(values):
        return np.asarray(values, dtype=np.float64)
    trials = [np.asarray(trial, dtype=np.float64) for trial in values]
    shape = (max(len(trial) for trial in trials), *trials[0].shape[1:])
    padded = np.full((len(trials), *shape), np.nan)
    for row, trial in zip(padded, trials, strict=True):
        row[: len(trial)] = trial
    return padded


def _held(x: NDArray[np.float64], n_steps: int) -> NDArray[np.float64]:
    """Return inputs at every step; a static stimulus (n_trials, n_features) is held."""
    if x.ndim == 2:
        return np.broadcast_to(x[:, None], (len(x), n_steps, x.shape[1]))
    return x[:, :n_steps]
