"""Another wiring with the same degrees: connections exchange the units that they lead to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sk_biornn._checks import check_count
from sk_biornn._plain import found, is_several
from sk_biornn._random import RandomState, make_rng
from sk_biornn._sparse import is_sparse
from sk_biornn.units.connectome import Connectome
from sk_biornn.units.order import UnitOrder

Integers = NDArray[np.int64]


def rewire_connectome(
    connectome: Connectome,
    *,
    n_swaps: int = 10,
    within: Any = None,
    random_state: RandomState = None,
) -> Connectome:
    r"""Return a random wiring in which every unit has as many inputs and outputs as before.

    Pairs of connections, a to b and c to d, become a to d and c to b, unless that makes an autapse
    or a second connection between two units: the directed form of the swaps of Maslov and
    Sneppen [1]_. A connection keeps its presynaptic unit and its weight, so that the weights of all
    outputs of a unit, and their sign, are what they were.

    Parameters
    ----------
    connectome : Connectome
        The wiring; its autapses stay as they are.
    n_swaps : int, default=10
        How often every connection is offered an exchange.
    within : "types", array-like of shape (n_units,) or None, default=None
        A label per unit, or the types of the connectome; a Series goes by the names of its index.
        Only connections from the same label to
        the same label exchange their ends, so that every unit has as many inputs from, and outputs
        to, each of the labels as before. None: all connections do.
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Source of randomness; an int gives the same wiring each time.

    Returns
    -------
    Connectome
        Rewired, sparse if `connectome` is, with its names, signs, positions and types.

    Raises
    ------
    TypeError
        If `connectome` is none, or `n_swaps` no integer.
    ValueError
        If `within` has not one label per unit, or there are no types.

    Notes
    -----
    In every round all connections are paired at random, and all exchanges of a round are carried
    out at once. One is left out if what it makes is there, or is made by another pair, or if
    another pair makes what it takes away. These rules are the same when a round is run backwards,
    so that after many rounds all wirings that can be reached are equally likely. By exchanges alone
    not every wiring can be: three units in a circle, each joined to the next one only, do not turn
    around (Berger and Müller-Hannemann [2]_).

    References
    ----------
    .. [1] S. Maslov, K. Sneppen, "Specificity and stability in topology of protein networks",
       Science, 2002. doi:10.1126/science.1065103
    .. [2] A. Berger, M. Müller-Hannemann, "Uniform sampling of digraphs with a fixed degree
       sequence", Graph-Theoretic Concepts in Computer Science, 2010.
       doi:10.1007/978-3-642-16926-7_21

    Examples
    --------
    >>> from sk_biornn.datasets import make_brain_wiring, rewire_connectome
    >>> brain = make_brain_wiring(500, random_state=0)
    >>> null = rewire_connectome(brain, random_state=0)
    >>> before, after = brain.weights > 0, null.weights > 0
    >>> (before.sum(axis=0) != after.sum(axis=0)).sum().item()  # out-degrees
    0
    >>> (before.sum(axis=1) != after.sum(axis=1)).sum().item()  # in-degrees
    0
    >>> # connections, and how many of them are where they were
    >>> before.nnz, before.multiply(after).nnz
    (9700, 1680)
    """
    if not isinstance(connectome, Connectome):
        raise TypeError(
            f"connectome must be a Connectome, got {found(connectome)}; "
            "sk_biornn.datasets.read_connectome makes one of a matrix."
        )
    n_swaps = check_count("n_swaps", n_swaps)
    labels = _labels(connectome, within)
    rng, n_units = make_rng(random_state), connectome.n_units
    edges = sp.coo_array(connectome.weights)
    post, pre = (side.astype(np.int64) for side in edges.coords)
    moving = post != pre
    blocks = labels[post[moving]] * (labels.max() + 1) + labels[pre[moving]]
    post[moving] = swapped(post[moving], pre[moving], blocks, n_units, n_swaps, rng)
    weights = sp.coo_array((edges.data, (post, pre)), shape=edges.shape)
    return replace(connectome, weights=weights if connectome.is_sparse else weights.toarray())


def _labels(connectome: Connectome, within: Any) -> Integers:
    """Return a whole number per unit, the same for the same label."""
    n_units = connectome.n_units
    if within is None:
        return np.zeros(n_units, dtype=np.int64)
    if isinstance(within, str):
        if within != "types" or connectome.types is None:
            raise ValueError(
                f"within must be None, a label per unit, or 'types' of a connectome that has them, "
                f"got {within!r} for {connectome!r}."
            )
        within = connectome.types
    if is_sparse(within) or not is_several(within) or isinstance(within, (dict, set, frozenset)):
        raise TypeError(f"within must be None, 'types' or a label per unit, got {found(within)}.")
    # What has labels is put in the order of the units; a plain list is in it.
    labels = list(UnitOrder(connectome.names, "connectome").arranged(within, "within", (0,)))
    if len(labels) != n_units:
        raise ValueError(f"within must have one label per unit, {n_units}, got {len(labels)}.")
    place: dict[Any, int] = {}
    return np.array([place.setdefault(label, len(place)) for label in labels], dtype=np.int64)


def swapped(
    post: Integers,
    pre: Integers,
    blocks: Integers,
    n_units: int,
    n_rounds: int,
    rng: np.random.Generator,
) -> Integers:
    """Return the units that connections lead to after rounds of exchanges within blocks.

    Parameters
    ----------
    post, pre : ndarray of int of shape (n_edges,)
        The two ends of each connection, no two alike and no autapse.
    blocks : ndarray of int of shape (n_edges,)
        Block of each connection.
    n_units, n_rounds : int
        Number of units, and of rounds.
    rng : Generator
        Source of randomness.

    Returns
    -------
    ndarray of int of shape (n_edges,)
        The new postsynaptic units.
    """
    post = post.copy()
    for _ in range(n_rounds):
        one, other = _paired(blocks, rng)
        allowed = _allowed(post, pre, one, other, n_units)
        one, other = one[allowed], other[allowed]
        post[one], post[other] = post[other], post[one]
    return post


def _paired(blocks: Integers, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """Pair connections of the same block at random; of an odd number one is left out."""
    order = rng.permutation(len(blocks))
    of_block = blocks[order]
    if len(order) and of_block.min() != of_block.max():
        order = order[np.argsort(of_block, kind="stable")]
        of_block = blocks[order]
    _, first, sizes = np.unique(of_block, return_index=True, return_counts=True)
    number = np.arange(len(order)) - np.repeat(first, sizes)
    one = np.flatnonzero((number % 2 == 0) & (number + 1 < np.repeat(sizes, sizes)))
    return order[one], order[one + 1]


def _allowed(
    post: Integers, pre: Integers, one: Integers, other: Integers, n_units: int
) -> NDArray[np.bool_]:
    """Whether pairs may exchange their ends, by rules that are the same backwards."""
    there = pre * n_units + post
    order = np.argsort(there)
    made = np.concatenate([pre[one] * n_units + post[other], pre[other] * n_units + post[one]])
    order_made = np.argsort(made)
    in_order, known = made[order_made], there[order]
    same = in_order[1:] == in_order[:-1]
    place = np.minimum(np.searchsorted(known, in_order), len(known) - 1)
    exists = known[place] == in_order
    bad = np.empty(len(made), dtype=bool)
    bad[order_made] = exists | np.append(same, False) | np.append(False, same)
    wanted = np.zeros(len(there), dtype=bool)  # by a pair that would make it
    wanted[order[place[exists]]] = True
    autapse = (pre[one] == post[other]) | (pre[other] == post[one])
    return ~(bad[: len(one)] | bad[len(one) :] | wanted[one] | wanted[other] | autapse)
