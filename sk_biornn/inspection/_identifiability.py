"""Which blocks of the recurrent weights the data determine: curvature of the loss, and seeds."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn import _structure
from sk_biornn._checks import check_count, check_number
from sk_biornn._plain import plain, short, without_mask
from sk_biornn._random import RandomState, make_rng
from sk_biornn._sparse import is_sparse
from sk_biornn.inspection._networks import Blocks, blocks_of, networks_in, same_blocks

Array = NDArray[np.float64]

DETERMINED, WEAK = 0.1, 0.5  # relative errors up to which a block is, or is weakly, determined
_CHANGE = 0.1  # of a block, whose cost is told
_SINGULAR = 1e-12  # of the largest curvature: what is below it is none

ADVICE = (
    "determined",
    "weakly determined",
    "not determined by these data",
    "no weights",
)


def identifiability(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    blocks: Mapping[str, Any] | None = None,
    level: str = "population",
    labels: Any = None,
    n_probes: int = 4,
    step: float = 1e-3,
    equally_good: float = 0.05,
    random_state: RandomState = 0,
) -> pd.DataFrame:
    r"""Tell which blocks of the recurrent weights the data determine.

    The loss L is curved along a block of weights that the data determine, and flat along one that
    they do not. For the strength of a block b, W_b -> (1 + e) W_b, the curvature is

        c_b = d^2 L / d e^2 = w_b' H w_b,

    with H the Hessian of the loss and w_b the weights of the block. What of it is left when all
    other blocks may change in strength, too, is 1 / (C^-1)_bb, C being the matrix of all w_b' H
    w_b'; of a regressor, with the H of Gauss and Newton, whose targets are the predictions: what
    residuals add to it is noise. Products with H are central differences of gradients, in double
    precision, without penalties.

    Parameters
    ----------
    estimator : estimator, ensemble, or sequence of estimators
        A fitted network, alone or in a pipeline; or networks that differ in their seed
        (`SeedEnsemble`), whose spread is told too.
    X : array-like or list
        Trials, as in `fit`; best those of the fit.
    y : array-like, list or None, default=None
        Targets, as in `fit`. None, for a regressor: what the network predicts, with the last loss
        of its training as what is left to explain.
    blocks : mapping or None, default=None
        Blocks of one's own, name: bool (n_units, n_units) that marks weights [post, pre], or a pair
        (post, pre) of names of populations. None: all pairs of populations.
    level : {"population", "layer", "area", "cell_type"}, default="population"
        What the populations are, see `population_interactions`.
    labels : array-like of shape (n_units,), DataFrame or None, default=None
        Population of every unit, or a table of populations. None: `populations_`.
    n_probes : int, default=4
        Random directions in a block, with which the mean curvature of its single weights is
        estimated (Hutchinson).
    step : float, default=1e-3
        Step of the differences, a share of the weights of a block.
    equally_good : float, default=0.05
        Seeds whose loss is at most 1 + `equally_good` times the least one are compared; the others
        did not fit.
    random_state : int, numpy RandomState, numpy Generator or None, default=0
        Source of the random directions.

    Returns
    -------
    DataFrame
        One row per block, indexed by ``block``:

        - ``n_weights``: weights that may differ from 0, and ``mean``, their mean modulus;
        - ``curvature``: c_b; ``curvature_left``: when other blocks may make up for it;
        - ``increase``: by what share of the loss a change of the block by 10 % raises it, c_b / 200
          L, and ``increase_left`` when others may make up for it;
        - ``increase_single``: the same when each weight changes on its own, in random directions,
          by 10 % of the root mean square of the block: how well its pattern is known;
        - ``error``: standard error of the strength of the block, as a share of it;
        - with several networks, ``spread``: standard deviation over seeds of the mean modulus, as a
          share of its mean, and ``n_seeds``, those that fit equally well; other numbers are means
          over these;
        - ``advice``: "determined" if ``error`` and ``spread`` are at most 0.1, "weakly determined"
          up to 0.5, else "not determined by these data"; "no weights" where there are none, or all
          are 0.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If an argument does not fit, or y is None for a classifier.

    See Also
    --------
    recovery_benchmark : What is recovered of known circuits.
    population_interactions : The mean weights of blocks.

    Notes
    -----
    The error is that of least squares, or of maximum likelihood for a classifier, with N judged
    targets whose residuals are independent: sqrt(2 L / (N c)), or 1 / sqrt(N c). Residuals that are
    correlated in time carry less, and the error is larger than it says. Other blocks make up by
    their strengths only; that input weights, biases or patterns could, too, is not in it.

    Curvature is local. Networks with other signs or wiring may fit as well, of which it knows
    nothing: seeds may (``spread``), and :doc:`/recovery` shows how much. So "determined" means:
    given all else that this network assumes and has found.

    References
    ----------
    Gutenkunst, Waterfall, Casey, Brown, Myers and Sethna (2007), Universally sloppy parameter
    sensitivities in systems biology models, PLoS Computational Biology 3,
    doi:10.1371/journal.pcbi.0030189.

    Hutchinson (1990), A stochastic estimator of the trace of the influence matrix for Laplacian
    smoothing splines, Communications in Statistics 19, doi:10.1080/03610919008812866.

    Examples
    --------
    Units of the third population have no synapse onto a recorded one:

    >>> import numpy as np
    >>> from sk_biornn import DaleRNNRegressor
    >>> from sk_biornn.inspection import identifiability
    >>> groups = np.repeat(["E", "I", "apart"], 4)
    >>> mask = np.ones((12, 12), dtype=bool)
    >>> mask[:8, 8:] = False
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((40, 15, 3))
    >>> y = np.cumsum(X, axis=1) / 4
    >>> reg = DaleRNNRegressor(
    ...     signs=np.where(groups == "I", -1, 1), n_units=12, mask=mask, max_iter=50,
    ...     learning_rate_init=0.01, readout_mask=np.tile(groups == "E", (3, 1)), random_state=0)
    >>> table = identifiability(reg.fit(X, y), X, y, labels=groups)
    >>> table.loc["apart <- E", "advice"], table.loc["E <- apart", "advice"]
    ('not determined by these data', 'no weights')
    >>> bool(table.loc["E <- E", "increase"] > 0)
    True
    """
    options = _Options(
        check_count("n_probes", n_probes),
        check_number("step", step, low=0.0, high=0.1, open_low=True),
        make_rng(random_state),
    )
    equally_good = check_number("equally_good", equally_good, low=0.0)
    networks = _fitted_in(estimator)
    X = _as_the_network_sees(estimator, X)
    marks = _marks(networks, blocks, level, labels)
    runs = [_Run(network, X, y) for network in networks]
    losses = np.array([run.loss for run in runs])
    runs = [run for run in runs if run.loss <= (1 + equally_good) * losses.min()]
    tables = [_of_one(run, marks, options) for run in runs]
    table = _over_seeds(tables) if len(networks) > 1 else tables[0]
    table["advice"] = _advice(table)
    return table


class _Options(NamedTuple):
    n_probes: int
    step: float
    rng: np.random.Generator


class _Run:
    """One network on the data: its loss and gradient as a function of its recurrent weights."""

    def __init__(self, network: Any, X: Any, y: Any) -> None:
        self.start, self.network = network, copy.copy(network)
        self.meets_targets = y is None
        self.places = _places(network)
        self.weights = self._numbers_of(network.W_rec_)
        self.is_classifier = hasattr(network, "classes_")
        self.X, self.y = X, own_targets(network, X, y) if y is None else y
        found = self._found(self.weights)
        self.n_entries = found.n_entries
        self.loss = float(network.loss_curve_[-1]) if y is None else found.loss

    def without_residuals(self) -> _Run:
        """Return the same network on targets that it meets: its Hessian is that of Gauss-Newton."""
        if self.meets_targets:
            return self
        other = copy.copy(self)
        other.y = own_targets(self.start, self.X, self.y)
        return other

    def gradient(self, weights: Array) -> Array:
        """Return the gradient at other recurrent weights, a number per weight that may exist."""
        return self._numbers_of(self._found(weights).gradients["W_rec_"])

    def _numbers_of(self, matrix: Any) -> Array:
        """Return the entries that may differ from 0, in the order of their places."""
        if is_sparse(matrix):
            return _structure.values_on(self.network.mask_, matrix).astype(np.float64)
        return np.asarray(matrix[self.places], dtype=np.float64)

    def _found(self, weights: Array) -> Any:
        own = np.zeros(self.network.W_rec_.shape)
        if is_sparse(self.network.W_rec_):
            own = _structure.with_values(self.network.mask_, weights)
        else:
            own[self.places] = weights
        self.network.W_rec_ = own
        return self.network.loss_gradient(self.X, self.y)

    def hessian_times(self, direction: Array, step: float) -> Array:
        """Return H v by central differences of the gradient."""
        after = self.gradient(self.weights + step * direction)
        before = self.gradient(self.weights - step * direction)
        return (after - before) / (2 * step)

    def error_of(self, curvature: Array) -> Array:
        """Return the standard error of what has this curvature; infinite where there is none."""
        scale = 1.0 if self.is_classifier else 2 * self.loss
        with np.errstate(divide="ignore"):
            return np.sqrt(scale / (self.n_entries * np.maximum(curvature, 0.0)))


def _places(network: Any) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows and columns of the weights that may differ from 0."""
    if is_sparse(network.W_rec_):
        return _structure.posts_of(network.mask_), _structure.pres_of(network.mask_)
    mask = getattr(network, "mask_", None)
    mask = np.ones(network.W_rec_.shape, dtype=bool) if mask is None else mask
    posts, pres = np.nonzero(mask)
    return posts, pres


def own_targets(network: Any, X: Any, y: Any = None) -> Any:
    """Return targets that the network meets exactly, of which those are judged that are in y."""
    if hasattr(network, "classes_"):
        raise ValueError("y must be given for a classifier, got None.")
    if y is None and not network.loss_curve_:
        raise ValueError("y must be given for a network that was not trained here, got None.")
    own = network.predict(X)
    if y is None:
        return own
    if own.dtype == object:
        return [_where_judged(*trial) for trial in zip(y, own, strict=True)]
    return _where_judged(without_mask(plain(y, "y"), np.nan, np.float64), own)


def _where_judged(y: Any, own: Array) -> Array:
    y = np.asarray(y, dtype=np.float64).reshape(own.shape)
    return np.where(np.isfinite(y), own, np.nan)


def _fitted_in(estimator: Any) -> list[Any]:
    networks = networks_in(estimator, "estimator")
    for network in networks:
        if not hasattr(network, "loss_gradient"):
            raise TypeError(
                "estimator must hold fitted networks of this package, which can tell the gradient "
                f"of their loss, got {short(network)}."
            )
    return networks


def _as_the_network_sees(estimator: Any, X: Any) -> Any:
    """Return X after the steps of a pipeline that come before the network."""
    return estimator[:-1].transform(X) if hasattr(estimator, "steps") else X


def _marks(
    networks: list[Any], blocks: Any, level: str, labels: Any
) -> dict[str, NDArray[np.bool_]]:
    """Return (n_weights,) marks of each block, of the weights that may exist in any network."""
    n_units = networks[0].W_rec_.shape[0]
    if blocks is not None and not isinstance(blocks, Mapping):
        raise TypeError(
            f"blocks must be None or a mapping of names to blocks, got {short(blocks)}."
        )
    known: Blocks | None = None
    if blocks is None:
        known = same_blocks(networks, labels, level, "estimator")
        blocks = {f"{post} <- {pre}": (post, pre) for post in known.labels for pre in known.labels}
    elif not blocks:
        raise ValueError("blocks must have at least one, got none.")
    elif any(isinstance(block, tuple) for block in blocks.values()):
        known = blocks_of(networks[0], labels, level)
    return {name: _mark(name, block, known, n_units) for name, block in blocks.items()}


def _mark(name: str, block: Any, populations: Blocks | None, n_units: int) -> NDArray[np.bool_]:
    """Return which weights [post, pre] are in a block, (n_units, n_units)."""
    if populations is not None and isinstance(block, tuple):
        unknown = [side for side in block if side not in populations.labels]
        if unknown or len(block) != 2:
            raise ValueError(
                f"blocks must name two of {populations.labels}, got {short(block)} for {name!r}."
            )
        post, pre = (populations.of_unit == populations.labels.index(side) for side in block)
        return np.logical_and.outer(post, pre)
    marks = np.asarray(block)
    if marks.dtype != bool or marks.shape != (n_units, n_units):
        raise ValueError(
            f"blocks must be pairs of names or bool of shape ({n_units}, {n_units}), got "
            f"{marks.dtype} of shape {marks.shape} for {name!r}."
        )
    return marks


def _of_one(run: _Run, marks: dict[str, NDArray[np.bool_]], options: _Options) -> pd.DataFrame:
    """Return the table of one network."""
    own = np.stack([mark[run.places] for mark in marks.values()])
    n_weights = own.sum(axis=1)
    strengths = own * run.weights
    rms = np.sqrt(_mean(np.square(strengths), n_weights))
    there = rms > 0
    C = _between(run, strengths, there, options.step)
    single = np.full(len(own), np.nan)
    for k in np.flatnonzero(there):
        single[k] = np.square(rms[k]) * _trace(run, own[k], rms[k], options)
    curvature, left = np.diag(C), np.full(len(own), np.nan)
    if not run.is_classifier:  # least squares: without what residuals add, which is noise
        C = _between(run.without_residuals(), strengths, there, options.step)
    left[there] = left_over(C[np.ix_(there, there)])
    share = _CHANGE**2 / 2 / run.loss if run.loss > 0 else np.inf
    return pd.DataFrame(
        {
            "n_weights": n_weights,
            "mean": _mean(abs(strengths), n_weights),
            "curvature": curvature,
            "curvature_left": left,
            "increase": share * curvature,
            "increase_left": share * left,
            "increase_single": share * single,
            "error": np.where(there, run.error_of(left), np.nan),
        },
        index=pd.Index(list(marks), name="block"),
    )


def _between(run: _Run, strengths: Array, there: NDArray[np.bool_], step: float) -> Array:
    """Return the curvatures w_b' H w_b' of all pairs of blocks, NaN where a block is empty."""
    C = np.full((len(strengths), len(strengths)), np.nan)
    for k in np.flatnonzero(there):
        C[k, there] = strengths[there] @ run.hessian_times(strengths[k], step)
    return C


def _mean(of_blocks: Array, n_weights: NDArray[np.intp]) -> Array:
    return of_blocks.sum(axis=1) / np.maximum(n_weights, 1)


def _trace(run: _Run, mark: NDArray[np.bool_], rms: float, options: _Options) -> float:
    """Estimate the trace of the Hessian of a block: the mean of v' H v over random signs v."""
    values = []
    for _ in range(options.n_probes):
        signs = mark * options.rng.choice([-1.0, 1.0], size=len(mark))
        values.append(signs @ run.hessian_times(rms * signs, options.step) / rms)
    return float(np.mean(values))


def left_over(C: Array) -> Array:
    """Return the curvature of each direction when all others may make up for it: 1 / (C^-1)_bb.

    Flat directions of C take all curvature from the blocks that have part in them.
    """
    values, vectors = np.linalg.eigh((C + C.T) / 2)
    smallest = _SINGULAR * abs(values).max(initial=0.0)
    flat = values <= smallest
    part = np.square(vectors)
    inverse = part[:, ~flat] @ (1 / values[~flat]) if (~flat).any() else np.zeros(len(C))
    lost = part[:, flat].sum(axis=1) > 1e-6
    with np.errstate(divide="ignore"):
        return np.where(lost | (inverse == 0), 0.0, 1 / np.where(inverse == 0, 1.0, inverse))


def _over_seeds(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Return means over networks that fit equally well, and the spread of the mean weights."""
    table = sum(tables[1:], tables[0]) / len(tables)
    table["n_weights"] = tables[0]["n_weights"]
    means = np.stack([own["mean"].to_numpy() for own in tables])
    sd = means.std(axis=0, ddof=1) if len(tables) > 1 else np.full(len(table), np.nan)
    average = means.mean(axis=0)
    with np.errstate(invalid="ignore"):
        table["spread"] = np.where(average > 0, sd / np.where(average > 0, average, 1.0), np.nan)
    table["n_seeds"] = len(tables)
    return table


def _advice(table: pd.DataFrame) -> list[str]:
    error = table["error"].to_numpy()
    if "spread" in table:
        error = np.fmax(error, np.where(np.isnan(error), np.nan, table["spread"]))
    number = np.select([np.isnan(error), error <= DETERMINED, error <= WEAK], [3, 0, 1], 2)
    return [ADVICE[k] for k in number]
