"""What is read off a fitted network, against the circuit that made its data."""

from __future__ import annotations

import textwrap
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

from sk_biornn.inspection._known_circuit import KnownCircuit, Recording
from sk_biornn.inspection._networks import weights_of

Array = NDArray[np.float64]

_ZERO = 1e-12  # of the largest weight: what is below it is none

READINGS = {
    "prediction": "R2 of the rates of recorded units on new trials, without noise",
    "signs": "balanced accuracy of the signs of the true synapses; a weight of 0 is wrong",
    "weights": "correlation with the true weights, over the true synapses",
    "strengths": "the same of their moduli: what is beyond the signs",
    "all pairs": "correlation over all pairs of different units",
    "recorded pairs": "correlation over all pairs of different recorded units",
    "synapses": "area under the ROC curve of |w| as a sign of a synapse; 0.5 is chance",
    "interactions": "correlation of the mean |w| between cell types, over pairs of types",
    "gains": "correlation of the logarithms of the gains between cell types",
    "tau": "share of the squared error of log(tau) that is gone; 0: no better than the start",
    "hidden rates": "mean correlation of hidden units with those of the same number, new trials",
    "hidden rates, matched": "the same, matched one to one to the truth on other trials",
}


def reading_bullets(width: int = 92) -> str:
    """Return the readings as a list for a docstring; `width` is that of a line."""
    items = (f'- "{name}": {meaning}.' for name, meaning in READINGS.items())
    return "\n".join(textwrap.fill(item, width, subsequent_indent="  ") for item in items)


class Truth(NamedTuple):
    """A circuit, and new trials of it."""

    circuit: KnownCircuit
    new: Recording


def readings(network: Any, truth: Truth) -> dict[str, float]:
    """Return all readings of one fitted network; NaN where one does not exist."""
    circuit = truth.circuit
    W = weights_of(network)
    W = np.asarray(W.todense() if hasattr(W, "todense") else W, dtype=np.float64)
    rates = np.asarray(network.hidden_states(truth.new.X, "rate"), dtype=np.float64)
    predicted = np.asarray(network.predict(truth.new.X), dtype=np.float64)
    return {
        "prediction": _r2(truth.new.expected[..., circuit.observed], predicted),
        **weight_readings(W, circuit),
        "tau": _tau_reading(network, circuit),
        **hidden_readings(rates, truth),
    }


def weight_readings(W: Array, circuit: KnownCircuit) -> dict[str, float]:
    """Return what is read off a weight matrix [post, pre]."""
    W = np.where(abs(W) > _ZERO * abs(W).max(initial=0.0), W, 0.0)
    synapses, different = circuit.W != 0, ~np.eye(circuit.n_units, dtype=bool)
    recorded = np.zeros_like(different)
    recorded[np.ix_(circuit.observed, circuit.observed)] = True
    own, true = W[synapses], circuit.W[synapses]
    return {
        "signs": _sign_accuracy(own, true),
        "weights": correlation(own, true),
        "strengths": correlation(abs(own), abs(true)),
        "all pairs": correlation(W[different], circuit.W[different]),
        "recorded pairs": correlation(W[different & recorded], circuit.W[different & recorded]),
        "synapses": _auc(abs(W[different]), synapses[different]),
        "interactions": correlation(
            _by_types(abs(W), circuit).ravel(), _by_types(abs(circuit.W), circuit).ravel()
        ),
        "gains": _gain_reading(W, circuit),
    }


def given_readings(network: Any, circuit: KnownCircuit) -> set[str]:
    """Return the readings that the arguments of the network settle before any data."""
    given = set()
    mask = getattr(network, "mask_", None)
    mask = (
        None if mask is None else np.asarray(mask.todense() if hasattr(mask, "todense") else mask)
    )
    if getattr(network, "dale", None) is not None and np.array_equal(network.signs_, circuit.signs):
        given.add("signs")
    if mask is not None and np.array_equal(mask != 0, circuit.W != 0):
        given.add("synapses")
    return given


def _sign_accuracy(own: Array, true: Array) -> float:
    rates = [
        np.mean(np.sign(own[true * sign > 0]) == sign)
        for sign in (1, -1)
        if (true * sign > 0).any()
    ]
    return float(np.mean(rates)) if rates else float("nan")


def _by_types(matrix: Array, circuit: KnownCircuit) -> Array:
    """Return the mean of a matrix between types, over all pairs of units, autapses included."""
    indicator = (circuit.gains.index.to_numpy()[:, None] == circuit.types).astype(np.float64)
    sizes = indicator.sum(axis=1)
    return indicator @ matrix @ indicator.T / np.outer(sizes, sizes)


def _gain_reading(W: Array, circuit: KnownCircuit) -> float:
    """Compare mean |w| over mean contacts, of the true synapses of each pair of types."""
    synapses = circuit.connectome != 0
    contacts = _by_types(abs(circuit.connectome), circuit)
    strength = _by_types(abs(W) * synapses, circuit)
    there = contacts > 0
    if not there.any():
        return float("nan")
    ratio = strength[there] / contacts[there]
    smallest = _ZERO * ratio.max() if ratio.max() > 0 else 1.0
    return correlation(np.log(np.maximum(ratio, smallest)), np.log(circuit.gains.to_numpy()[there]))


def _tau_reading(network: Any, circuit: KnownCircuit) -> float:
    learned = getattr(network, "learn_tau", False)
    if learned is False:
        return float("nan")
    true, start = np.log(circuit.tau), np.log(np.broadcast_to(network.tau, circuit.tau.shape))
    left, at_start = np.square(np.log(network.tau_) - true), np.square(start - true)
    return float(1 - left.sum() / at_start.sum()) if at_start.any() else float("nan")


def hidden_readings(rates: Array, truth: Truth) -> dict[str, float]:
    """Return how well rates of hidden units are those of the circuit, by number and matched.

    Units are matched on the first half of the trials and compared on the second.
    """
    hidden = truth.circuit.hidden
    if not len(hidden):
        return {"hidden rates": float("nan"), "hidden rates, matched": float("nan")}
    half = len(rates) // 2
    own, true = rates[..., hidden], truth.new.expected[..., hidden]
    before = correlations(own[:half], true[:half])
    after = correlations(own[half:], true[half:])
    return {
        "hidden rates": float(np.diag(after).mean()),
        "hidden rates, matched": float(after[linear_sum_assignment(-before)].mean()),
    }


def correlations(a: Array, b: Array) -> Array:
    """Return the correlations of the last axes of two arrays; 0 with what does not vary."""
    a, b = (_standardised(x.reshape(-1, x.shape[-1])) for x in (a, b))
    return a.T @ b


def _standardised(x: Array) -> Array:
    """Return columns of mean 0 and length 1, or 0 where a column does not vary."""
    varies = np.ptp(x, axis=0) > 0
    x = x - x.mean(axis=0)
    norm = np.sqrt(np.square(x).sum(axis=0))
    return np.where(varies, x / np.where(varies & (norm > 0), norm, 1.0), 0.0)


def correlation(a: Array, b: Array) -> float:
    """Return Pearson's correlation; 0 if an estimate does not vary, NaN if the truth does not."""
    if len(b) < 2 or np.ptp(b) == 0:
        return float("nan")
    return float(correlations(a[:, None], b[:, None])[0, 0])


def _auc(scores: Array, positive: NDArray[np.bool_]) -> float:
    """Return the chance that a pair with a synapse has the higher score; ties count half."""
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if n_positive == 0 or n_negative == 0:
        return float("nan")
    ranks = rankdata(scores)[positive].sum()
    return float((ranks - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def _r2(y: Array, prediction: Array) -> float:
    """Return the mean over outputs of 1 - sum (y - p)^2 / sum (y - mean y)^2."""
    y, prediction = (x.reshape(-1, x.shape[-1]) for x in (y, prediction))
    variance = np.square(y - y.mean(axis=0)).sum(axis=0)
    errors = np.square(y - prediction).sum(axis=0)
    return float(np.mean(1 - errors[variance > 0] / variance[variance > 0]))
