"""A synthetic brain: as many neurons and connections as a real one, and degrees as unequal."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sk_biornn._checks import check_count, check_number
from sk_biornn._random import RandomState, make_rng
from sk_biornn.units.connectome import Connectome

_MOST_ROUNDS = 1000  # of drawing again what came twice

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


def make_brain_wiring(
    n_units: int = 139_255,
    *,
    mean_degree: float = 19.4,
    degree_sigma: float = 1.0,
    degree_correlation: float = 0.7,
    excitatory_fraction: float = 0.6,
    min_synapses: int = 5,
    mean_synapses: float = 12.0,
    synapse_sigma: float = 1.2,
    random_state: RandomState = None,
) -> Connectome:
    r"""Make a wiring of the size of a fly's brain, with unequal degrees and numbers of synapses.

    The published brain of the fly has 139,255 neurons and 2,701,601 connections of at least five
    synapses, 19.4 per neuron ([1]_, snapshot 783). The default has as many, to 0.01 %. It is
    synthetic: who contacts whom is chance, but for the degrees.

    Every neuron has two propensities, to receive and to send, log-normal with the two parameters
    below. Connections are drawn one after the other, the postsynaptic neuron with a probability in
    proportion to the first, the presynaptic one to the second, until there are round(n_units *
    mean_degree) different ones without autapses.

    Parameters
    ----------
    n_units : int, default=139255
        Number of neurons, at least 2.
    mean_degree : float, default=19.4
        Connections per neuron, of each direction; at most a tenth of the other neurons.
    degree_sigma : float, default=1.0
        Sd of the logarithm of the propensities, in [0, 2]. Degrees then have the variance
        :math:`k + k^2 (e^{\sigma^2} - 1)` for the mean k, up to what is lost where two neurons
        would be joined twice; 0 makes it that of a Poisson distribution.
    degree_correlation : float, default=0.7
        Correlation of the logarithms of the two propensities of a neuron, in [-1, 1].
    excitatory_fraction : float, default=0.6
        Share of excitatory neurons, in [0, 1]; they come first.
    min_synapses : int, default=5
        Least number of synapses of a connection.
    mean_synapses : float, default=12.0
        Mean number of synapses of a connection, at least `min_synapses`.
    synapse_sigma : float, default=1.2
        What a connection has above the least is a rounded log-normal number with this sd of its
        logarithm.
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Source of randomness; an int gives the same wiring each time.

    Returns
    -------
    Connectome
        Weights [post, pre], sparse: numbers of synapses, without sign; names "0", "1" and so on,
        and signs.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If an argument is out of its range, or the propensities leave no room for so many
        connections.

    See Also
    --------
    read_connectome : Reads the connections of a real brain.
    sample_connectome : Connections by distance.
    rewire_connectome : Another wiring with the same degrees.

    Notes
    -----
    The logarithms that are normal, the spread of the degrees, the share of excitatory neurons and
    the numbers of synapses are choices, not fits; the number of neurons and of connections, and the
    least number of synapses, are those of [1]_.

    References
    ----------
    .. [1] A. Lin, R. Yang, S. Dorkenwald, et al., "Network statistics of the whole-brain connectome
       of Drosophila", Nature, 2024. doi:10.1038/s41586-024-07968-y

    Examples
    --------
    >>> from sk_biornn.datasets import make_brain_wiring
    >>> brain = make_brain_wiring(2000, random_state=0)
    >>> brain
    Connectome(2000 units, 38800 edges, with signs)
    >>> int(brain.weights.data.min()), int(brain.signs.sum())
    (5, 400)
    """
    n_units = check_count("n_units", n_units, low=2)
    mean_degree = _mean_degree(mean_degree, n_units)
    sigma = check_number("degree_sigma", degree_sigma, low=0.0, high=2.0)
    correlation = check_number("degree_correlation", degree_correlation, low=-1.0, high=1.0)
    fraction = check_number("excitatory_fraction", excitatory_fraction, low=0.0, high=1.0)
    least = check_count("min_synapses", min_synapses)
    mean = check_number("mean_synapses", mean_synapses, low=least)
    spread = check_number("synapse_sigma", synapse_sigma, low=0.0)
    rng = make_rng(random_state)
    receive, send = _propensities(n_units, sigma, correlation, rng)
    post, pre = _connections(receive, send, round(n_units * mean_degree), rng)
    synapses = least + _rounded_log_normal(mean - least, spread, len(post), rng)
    weights = sp.coo_array((synapses, (post, pre)), shape=(n_units, n_units))
    # The small addend keeps 0.29 * 100 = 28.999999999999996 at 29.
    n_excitatory = int(np.floor(fraction * n_units + 1e-9))
    signs = np.where(np.arange(n_units) < n_excitatory, 1.0, -1.0)
    return Connectome(weights, tuple(map(str, range(n_units))), signs=signs)


def _mean_degree(mean_degree: Any, n_units: int) -> float:
    degree, most = check_number("mean_degree", mean_degree, low=0.0), (n_units - 1) / 10
    if degree > most:
        raise ValueError(
            f"mean_degree must be a number in [0, {most:.10g}], a tenth of the other neurons of "
            f"n_units={n_units}, got {degree:.10g}; raise n_units, or lower it."
        )
    return degree


def _propensities(
    n_units: int, sigma: float, correlation: float, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    receive, own = rng.standard_normal((2, n_units))
    send = correlation * receive + np.sqrt(1 - correlation**2) * own
    return np.exp(sigma * receive), np.exp(sigma * send)


def _connections(
    receive: Floats, send: Floats, n_edges: int, rng: np.random.Generator
) -> tuple[Integers, Integers]:
    """Draw ends in proportion to propensities until there are so many different connections."""
    n_units = len(receive)
    keys = np.empty(0, dtype=np.int64)
    for _ in range(_MOST_ROUNDS):
        n_missing = n_edges - len(keys)
        if not n_missing:
            return np.divmod(keys, n_units)
        post, pre = _ends(receive, n_missing, rng), _ends(send, n_missing, rng)
        drawn = (post * n_units + pre)[post != pre]
        keys = np.sort(np.concatenate([keys, drawn]))
        keys = keys[np.diff(keys, prepend=-1) > 0]  # np.unique hashes, and takes longer
    raise ValueError(
        f"mean_degree must leave room for {n_edges} different connections of neurons as unequal as "
        f"these, of which {len(keys)} were found; lower it, or degree_sigma."
    )


def _ends(propensity: Floats, n_ends: int, rng: np.random.Generator) -> Integers:
    ends = np.cumsum(propensity)
    drawn = np.searchsorted(ends, rng.random(n_ends) * ends[-1], side="right")
    return np.minimum(drawn, len(ends) - 1).astype(np.int64)


def _rounded_log_normal(
    mean: float, sigma: float, size: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return rounded log-normal numbers; before rounding they have this mean."""
    if mean == 0:
        return np.zeros(size)
    return np.rint(rng.lognormal(np.log(mean) - sigma**2 / 2, sigma, size))
