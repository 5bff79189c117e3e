"""Connections by distance, drawn without asking every pair of units.

Two nodes of a k-d tree are a block of pairs, whose probabilities are at most that of their smallest
distance. So many pairs of the block are drawn as if all had that probability, and each of them
stays with the share that its own distance has of it: every pair is then joined with its own
probability, independently, exactly. Blocks are halved until few pairs are drawn in vain.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from sk_biornn._checks import check_flag
from sk_biornn._distinct import distinct_integers
from sk_biornn._plain import found, is_several, real_array
from sk_biornn._random import RandomState, make_rng
from sk_biornn.datasets.wirings._tree import Nodes, kd_tree
from sk_biornn.units.connectome import Connectome
from sk_biornn.units.order import UnitOrder

_FEW = 8.0  # draws in a block that need not be halved
_TIGHT = 1.25  # or whose largest probability is at most so much above its smallest
_ALL = 0.25  # above this probability every pair is looked at
_EQUAL = 1 + 1e-9  # but for rounding
_LOOKS = 4096  # distances, on a line and on a logarithmic one, at which a law is looked at
_BLOCKS_AT_ONCE, _DRAWS_AT_ONCE = 1 << 18, 1 << 21  # bound the memory

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Probability = Callable[[Floats], Any]


def sample_connectome(
    positions: Any,
    probability_of_distance: Probability,
    *,
    autapses: bool = False,
    names: Iterable[str] | None = None,
    signs: Any = None,
    types: Any = None,
    random_state: RandomState = None,
) -> Connectome:
    r"""Draw who contacts whom by distance, each pair independently of all others.

    Unit j contacts unit i with probability :math:`p(|x_i - x_j|)`, exactly, however far apart they
    are: there is no cut-off. Time and memory are those of the connections, not of the n_units ** 2
    pairs, so that a brain of a hundred thousand neurons takes seconds.

    Parameters
    ----------
    positions : array-like of shape (n_units, n_dimensions)
        Where the units are, in any unit of length; a frame goes by its index, the names of units.
    probability_of_distance : callable
        Given an array of distances, their probabilities in [0, 1], in an array of the same shape;
        it must not rise with distance, as ``lambda d: 0.1 * np.exp(-d / 50)`` does not. One that
        does at some of 8192 distances up to the largest possible one, or between the pairs that are
        drawn, is refused.
    autapses : bool, default=False
        Whether a unit may contact itself, with the probability of distance 0.
    names : iterable of str or None, default=None
        Names of the units, which positions with names are put in the order of; None: those of
        the positions, else "0", "1" and so on.
    signs : array-like of shape (n_units,) or None, default=None
        Signs of the units, which do not matter for who is contacted.
    types : sequence of str or None, default=None
        Types of the units, likewise.
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Source of randomness; an int gives the same connections each time.

    Returns
    -------
    Connectome
        Weights [post, pre], sparse, 1 for every connection; with the positions.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If positions are not finite, or have other names than `names`, or a probability is outside
        [0, 1] or rises with distance.

    See Also
    --------
    sk_biornn.biology.draw_synapses : Connections by populations.
    rewire_connectome : Another wiring with the same degrees.

    Notes
    -----
    Pairs of nodes of a k-d tree [1]_ are blocks of n pairs, whose probabilities are at most P, that
    of the smallest distance between the two boxes. Binomial(n, P) different pairs of a block are
    drawn, and each is kept with probability p / P.

    With u units per volume in three dimensions and :math:`p = p_0 e^{-d / \lambda}`, a unit far
    from the borders has :math:`8 \pi \lambda^3 p_0 u` connections of each direction on average;
    in two dimensions, :math:`2 \pi \lambda^2 p_0 u` with u units per area.

    References
    ----------
    .. [1] J. L. Bentley, "Multidimensional binary search trees used for associative searching",
       Communications of the ACM, 1975. doi:10.1145/361002.361007

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.datasets import sample_connectome
    >>> positions = np.random.default_rng(0).random((2000, 3)) * 200  # um
    >>> tissue = sample_connectome(
    ...     positions, lambda d: 0.2 * np.exp(-d / 20), random_state=0
    ... )
    >>> post, pre = tissue.weights.tocoo().coords
    >>> length = np.linalg.norm(positions[post] - positions[pre], axis=1)
    >>> # connections of a unit, and their mean length; of two units: 132 um
    >>> round(len(length) / 2000, 1), round(float(length.mean()))
    (6.3, 50)
    """
    if not callable(probability_of_distance):
        raise TypeError(
            "probability_of_distance must be a function of distances, got "
            f"{found(probability_of_distance)}."
        )
    check_flag("autapses", autapses)
    places, labels = _in_order(positions, names)
    rng, n_units = make_rng(random_state), len(places)
    _refuse_if_rising(probability_of_distance, np.ptp(places, axis=0))
    sequence, levels = kd_tree(places)
    placed = places[sequence]
    drawn = [
        _connections(nodes, blocks, placed, probability_of_distance, rng)
        for nodes, blocks in _blocks(levels, probability_of_distance)
    ]
    post, pre = (sequence[np.concatenate(side)] for side in zip(*drawn, strict=True))
    if not autapses:
        post, pre = post[post != pre], pre[post != pre]
    weights = sp.coo_array((np.ones(len(post)), (post, pre)), shape=(n_units, n_units))
    return Connectome(weights, labels, signs=signs, positions=places, types=types)


def _in_order(positions: Any, names: Any) -> tuple[Floats, Any]:
    """Return positions in the order of the names, which are their own where there are no others."""
    if isinstance(positions, pd.DataFrame):  # whose axes may be called anything
        positions = positions.rename_axis(index=None, columns=None)
    if is_several(names):
        names = list(names)
    is_text = isinstance(names, list) and all(isinstance(name, str) for name in names)
    order = (
        UnitOrder(tuple(names), "names")
        if is_text
        else UnitOrder.of({"positions": (positions, (0,))})
    )
    places = _checked(order.arranged(positions, "positions", (0,)))
    own = range(len(places)) if order.names is None else order.names
    return places, tuple(map(str, own)) if names is None else names


def _checked(positions: Any) -> Floats:
    places = real_array(positions, "positions", "an array of numbers (n_units, n_dimensions)")
    if places.ndim != 2 or not places.size:
        raise ValueError(
            "positions must have one position per unit, shape (n_units, n_dimensions), got shape "
            f"{places.shape}."
        )
    if not np.isfinite(places).all():
        raise ValueError("positions must be finite, got NaN or infinity.")
    return places


def _blocks(
    levels: list[Nodes], probability: Probability
) -> Iterator[tuple[Nodes, tuple[Integers, Integers, Floats]]]:
    """Yield blocks that need not be halved: nodes of the two sides, and the largest probability."""
    waiting = np.zeros((2, 1), dtype=np.int64)  # post and pre
    for level, nodes in enumerate(levels):
        halved = [np.empty((2, 0), dtype=np.int64)]
        for start in range(0, waiting.shape[1], _BLOCKS_AT_ONCE):
            post, pre = waiting[:, start : start + _BLOCKS_AT_ONCE]
            most, done = _settled(nodes, post, pre, probability)
            done |= level == len(levels) - 1
            kept = done & (most > 0)
            yield nodes, (post[kept], pre[kept], most[kept])
            post, pre = 2 * post[~done], 2 * pre[~done]
            halved += [np.stack([post + i, pre + j]) for i in (0, 1) for j in (0, 1)]
        waiting = np.concatenate(halved, axis=1)


def _settled(
    nodes: Nodes, post: Integers, pre: Integers, probability: Probability
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the largest probability of each block, and whether it need not be halved."""
    nearest, farthest = nodes.distances(post, pre)
    most, least = _values(probability, nearest), _values(probability, farthest)
    rising = least > most * _EQUAL
    if rising.any():
        raise _rising(farthest[rising][0])
    n_drawn = nodes.size[post] * nodes.size[pre] * np.where(most > _ALL, 1.0, most)
    tight = (most <= _TIGHT * least) & (n_drawn <= _DRAWS_AT_ONCE)
    return most, tight | (n_drawn <= _FEW)


def _connections(
    nodes: Nodes,
    blocks: tuple[Integers, Integers, Floats],
    placed: Floats,
    probability: Probability,
    rng: np.random.Generator,
) -> tuple[Integers, Integers]:
    """Draw the connections of blocks; units are counted in the order of the tree."""
    post_nodes, pre_nodes, most = blocks
    n_pairs = nodes.size[post_nodes] * nodes.size[pre_nodes]
    counts = np.where(most > _ALL, n_pairs, rng.binomial(n_pairs, most))
    bound = np.where(most > _ALL, 1.0, most)
    found_post, found_pre = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for part in _slices(counts):
        block, pair = distinct_integers(n_pairs[part], counts[part], rng)
        width = nodes.size[pre_nodes[part]][block]
        post = nodes.start[post_nodes[part]][block] + pair // width
        pre = nodes.start[pre_nodes[part]][block] + pair % width
        distance = np.linalg.norm(placed[post] - placed[pre], axis=1)
        p, limit = _values(probability, distance), bound[part][block]
        above = p > limit * _EQUAL
        if above.any():
            raise _rising(distance[above][0])
        kept = rng.random(len(p)) * limit < p
        found_post.append(post[kept])
        found_pre.append(pre[kept])
    return np.concatenate(found_post), np.concatenate(found_pre)


def _slices(counts: Integers) -> Iterator[slice]:
    """Cut blocks into parts with a bounded number of draws."""
    if not len(counts):
        return
    part = np.cumsum(counts) // _DRAWS_AT_ONCE
    ends = [0, *(np.flatnonzero(np.diff(part)) + 1), len(counts)]
    yield from (slice(*pair) for pair in itertools.pairwise(ends))


def _values(probability: Probability, distances: Floats) -> Floats:
    """Return the probabilities of distances, checked."""
    values = real_array(probability(distances), "probability_of_distance(distances)")
    if values.shape not in ((), distances.shape):
        raise ValueError(
            "probability_of_distance must return an array of the shape of its distances, "
            f"{distances.shape}, got {values.shape}."
        )
    if not ((values >= 0) & (values <= 1)).all():
        wrong = values[~((values >= 0) & (values <= 1))].flat[0]
        raise ValueError(f"probability_of_distance must be in [0, 1], got {wrong:g}.")
    return np.broadcast_to(values, distances.shape)


def _refuse_if_rising(probability: Probability, extent: Floats) -> None:
    """Look at all scales of distance: a law with a peak would be cut off below it."""
    diameter = float(np.linalg.norm(extent))
    shares = np.concatenate([np.linspace(0, 1, _LOOKS), np.geomspace(1e-6, 1, _LOOKS)])
    distances = np.sort(shares) * diameter
    values = _values(probability, distances)
    rising = values[1:] > values[:-1] * _EQUAL
    if rising.any():
        raise _rising(distances[1:][rising][0])


def _rising(distance: float) -> ValueError:
    return ValueError(
        "probability_of_distance must not rise with distance, got a larger probability at "
        f"{distance:g} than at a smaller distance."
    )
