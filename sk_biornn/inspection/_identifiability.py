"""Which blocks of the recurrent weights the data determine: curvature of the loss, and seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn._checks import check_choice, check_count, check_number
from sk_biornn._plain import short
from sk_biornn._random import RandomState, make_rng
from sk_biornn.inspection._curvature import Bowl, LossOfWeights
from sk_biornn.inspection._networks import Blocks, blocks_of, networks_in, same_blocks

Array = NDArray[np.float64]

DETERMINED, WEAK = (
    0.1,
    0.5,
)  # relative errors and shifts up to which a block is, or is weakly, determined
_CHANGE = 0.1  # of a block, whose cost is told
_MANY, _TOO_MANY = 1000, 20_000  # weights, each of which costs two gradients and a row of numbers

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
    compensation: str = "auto",
    n_probes: int = 4,
    step: float = 1e-3,
    equally_good: float = 0.05,
    random_state: RandomState = 0,
) -> pd.DataFrame:
    r"""Tell which blocks of the recurrent weights the data determine.

    The loss L is curved along a block of weights that the data determine, and flat along one that
    they do not. For the strength of a block b, W_b -> (1 + e) W_b, the curvature is

        c_b = d^2 L / d e^2 = w_b' H w_b,

    with H the Hessian of the loss and w_b the weights of the block. But what a block does others
    can do, too. What is left of its curvature when all else makes up for it as well as it can is

        1 / (q_b' H^-1 q_b),

    where q_b says by how much each weight changes the mean modulus of the block, which is what
    `population_interactions` tells. Products with H are central differences of gradients, in double
    precision, without penalties.

    Parameters
    ----------
    estimator : estimator, ensemble, or sequence of estimators
        A fitted network, alone or in a pipeline; or networks that differ in their seed
        (`SeedEnsemble`), whose spread is told too.
    X : array-like or list
        Trials, as in `fit`; best those of the fit.
    y : array-like, list or None, default=None
        Targets, as in `fit`. None, for a regressor with `observation` "gaussian": what the network
        predicts, with the last loss of its training as what is left to explain.
    blocks : mapping or None, default=None
        Blocks of one's own, name: bool (n_units, n_units) that marks weights [post, pre], or a pair
        (post, pre) of names of populations. None: all pairs of populations.
    level : {"population", "layer", "area", "cell_type"}, default="population"
        What the populations are, see `population_interactions`.
    labels : array-like of shape (n_units,), DataFrame or None, default=None
        Population of every unit, or a table of populations. None: `populations_`.
    compensation : {"auto", "weights", "blocks"}, default="auto"
        What may make up for a change of a block. "weights": all recurrent and input weights, biases
        and whatever else training moves; two gradients for each of them. "blocks": other blocks, by
        their strength alone, so that errors are too small. "auto": weights where there are at most
        1000, else blocks; ``attrs["compensation"]`` says which.
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
        - ``curvature``: c_b; ``curvature_left``: what is left when all else makes up for it;
        - ``increase``: by what share of the loss a change of the block by 10 % raises it, c_b / 200
          L, and ``increase_left`` when all else makes up for it;
        - ``increase_single``: the same when each weight changes on its own, in random directions,
          by 10 % of the root mean square of the block: how well its pattern is known;
        - ``error``: standard error of the strength of the block, as a share of it;
        - ``shift``: by which share the strength would change on the way to the minimum of the loss,
          of which the fit stopped short (a step of Gauss and Newton);
        - with several networks, ``spread``: standard deviation over seeds of the mean modulus, as a
          share of its mean, and ``n_seeds``, those that fit equally well; other numbers are means
          over these;
        - ``advice``: "determined" if ``error``, ``shift`` (whatever its sign) and ``spread`` are at
          most 0.1, "weakly determined" up to 0.5, else "not determined by these data"; "no weights"
          where there are none, or all are 0.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If an argument does not fit, or y is None where the loss is no mean of squares.

    See Also
    --------
    recovery_benchmark : What is recovered of known circuits.
    population_interactions : The mean weights of blocks.

    Notes
    -----
    The error is that of least squares, or of maximum likelihood (classifiers, counts of spikes),
    with N judged targets that are independent: sqrt(2 L / (N c)), or 1 / sqrt(N c), c being the
    curvature that is left. Residuals that are correlated in time carry less, and the error is
    larger than it says. For ``curvature_left`` of least squares H is that of Gauss and Newton,
    whose targets are the predictions: what residuals add to it is noise. ``curvature`` and
    ``increase`` are those of the loss as it is, residuals included, which can lower them, even
    below 0, where the network fits badly: then ``curvature_left`` can be the larger one. Where
    targets are met, as with y = None, what is left is never more than the whole.

    The slope of a rectified unit jumps where it falls silent. With residuals ``curvature`` then
    depends on which units do so within `step`; step=0.1 counts all that do within the change of
    10 % that ``increase`` tells of.

    With `plasticity` other than "synapses" weights move by their gains: blocks change in strength,
    and inputs and biases make up for it.

    Curvature is local. Networks with other signs or wiring may fit as well, of which it knows
    nothing: seeds may (``spread``), and :doc:`/recovery` shows how much. So "determined" means:
    given all that this network assumes, and near what it has found. Errors are those of a network
    at the minimum: where ``shift`` is larger than ``error``, train longer.

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
    ...     signs=np.where(groups == "I", -1, 1), n_units=12, mask=mask,
    ...     max_iter=50, learning_rate_init=0.01,
    ...     readout_mask=np.tile(groups == "E", (3, 1)), random_state=0,
    ... )
    >>> table = identifiability(
    ...     reg.fit(X, y), X, y, labels=groups, compensation="blocks"
    ... )
    >>> table.loc["apart <- E", "advice"], table.loc["E <- apart", "advice"]
    ('not determined by these data', 'no weights')
    >>> bool(table.loc["E <- E", "increase"] > 0)
    True
    """
    check_choice("compensation", compensation, ("auto", "weights", "blocks"))
    n_probes = check_count("n_probes", n_probes)
    step = check_number("step", step, low=0.0, high=0.1, open_low=True)
    equally_good = check_number("equally_good", equally_good, low=0.0)
    networks = _fitted_in(estimator)
    X = _as_the_network_sees(estimator, X)
    marks = _marks(networks, blocks, level, labels)
    losses = [LossOfWeights(network, X, y) for network in networks]
    least = min(loss.loss for loss in losses)
    losses = [loss for loss in losses if loss.loss <= (1 + equally_good) * least]
    if compensation == "auto":
        compensation = "weights" if len(losses[0].weights) <= _MANY else "blocks"
    if compensation == "weights" and len(losses[0].weights) > _TOO_MANY:
        raise ValueError(
            f"compensation must be 'blocks' for more than {_TOO_MANY} weights, got 'weights' for "
            f"{len(losses[0].weights)}."
        )
    options = _Options(compensation, n_probes, step, make_rng(random_state))
    tables = [_of_one(loss, marks, options) for loss in losses]
    table = _over_seeds(tables) if len(networks) > 1 else tables[0]
    table["advice"] = _advice(table)
    table.attrs["compensation"] = compensation
    return table


class _Options(NamedTuple):
    compensation: str
    n_probes: int
    step: float
    rng: np.random.Generator


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


def _of_one(
    loss: LossOfWeights, marks: dict[str, NDArray[np.bool_]], options: _Options
) -> pd.DataFrame:
    """Return the table of one network."""
    own = np.stack([mark[loss.places] for mark in marks.values()])
    n_weights = own.sum(axis=1)
    blocks = own * loss.recurrent
    rms = np.sqrt(_mean(np.square(blocks), n_weights))
    there = rms > 0
    curvature, left, single, shift = np.full((4, len(own)), np.nan)
    for k in np.flatnonzero(there):
        strength = loss.padded(blocks[k])
        curvature[k] = strength @ loss.hessian_times(strength, options.step)
        single[k] = _trace(loss, loss.padded(rms[k] * own[k]), options)
    left[there], shift[there] = _with_compensation(loss, blocks[there], options)
    share = _CHANGE**2 / 2 / loss.loss if loss.loss > 0 else np.inf
    return pd.DataFrame(
        {
            "n_weights": n_weights,
            "mean": _mean(abs(blocks), n_weights),
            "curvature": curvature,
            "curvature_left": left,
            "increase": share * curvature,
            "increase_left": share * left,
            "increase_single": share * single,
            "error": np.where(there, _error(loss, left), np.nan),
            "shift": shift,
        },
        index=pd.Index(list(marks), name="block"),
    )


def _with_compensation(
    loss: LossOfWeights, blocks: Array, options: _Options
) -> tuple[Array, Array]:
    """Return what is left of the curvature of blocks, and how far they are from the minimum."""
    strengths = loss.padded(blocks)
    # By how much a change of weights raises the mean modulus of a block, as a share of it.
    measures = np.sign(strengths) / abs(strengths).sum(axis=1, keepdims=True)
    is_given = getattr(loss.start, "plasticity", "synapses") != "synapses"
    directions = strengths
    if options.compensation == "weights" and is_given:
        directions = np.concatenate([strengths, loss.single_weights(len(loss.recurrent))])
    elif options.compensation == "weights":
        directions = loss.single_weights(0)
    C = loss.without_residuals().hessian_between(directions, options.step)
    bowl = Bowl(C, measures @ directions.T)
    return bowl.left_over(), bowl.way_to_minimum(directions @ loss.gradient(loss.weights))


def _error(loss: LossOfWeights, curvature: Array) -> Array:
    """Return the standard error of what has this curvature; infinite where there is none."""
    scale = 1.0 if loss.is_likelihood else 2 * loss.loss
    with np.errstate(divide="ignore"):
        return np.sqrt(scale / (loss.n_entries * np.maximum(curvature, 0.0)))


def _mean(of_blocks: Array, n_weights: NDArray[np.intp]) -> Array:
    return of_blocks.sum(axis=1) / np.maximum(n_weights, 1)


def _trace(loss: LossOfWeights, sizes: Array, options: _Options) -> float:
    """Estimate sum_i s_i^2 H_ii: the mean of v' H v over v = s with random signs."""
    values = []
    for _ in range(options.n_probes):
        direction = sizes * options.rng.choice([-1.0, 1.0], size=len(sizes))
        values.append(direction @ loss.hessian_times(direction, options.step))
    return float(np.mean(values))


def _over_seeds(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Return means over networks that fit equally well, and the spread of the mean weights."""
    table = sum(tables[1:], tables[0]) / len(tables)
    table["n_weights"] = tables[0]["n_weights"]
    table["shift"] = np.mean([abs(own["shift"]) for own in tables], axis=0)  # signs would cancel
    means = np.stack([own["mean"].to_numpy() for own in tables])
    sd = means.std(axis=0, ddof=1) if len(tables) > 1 else np.full(len(table), np.nan)
    average = means.mean(axis=0)
    with np.errstate(invalid="ignore"):
        table["spread"] = np.where(average > 0, sd / np.where(average > 0, average, 1.0), np.nan)
    table["n_seeds"] = len(tables)
    return table


def _advice(table: pd.DataFrame) -> list[str]:
    error = np.maximum(table["error"].to_numpy(), abs(table["shift"].to_numpy()))
    if "spread" in table:
        error = np.where(np.isnan(error), np.nan, np.fmax(error, table["spread"]))
    number = np.select([np.isnan(error), error <= DETERMINED, error <= WEAK], [3, 0, 1], 2)
    return [ADVICE[k] for k in number]
