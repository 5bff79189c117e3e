"""A synthetic circuit and its activity: wiring by distance, a Poisson network, calcium traces."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sk_biornn._checks import check_number

WARM_UP = 200.0  # ms that are simulated before the recording begins


def column_signs(n_units: int, excitatory_fraction: Any) -> np.ndarray:
    """+1 for excitatory neurons, which come first, and -1 for inhibitory ones."""
    fraction = check_number("excitatory_fraction", excitatory_fraction, low=0.0, high=1.0)
    # The small addend keeps 0.29 * 100 = 28.999999999999996 at 29.
    n_excitatory = math.floor(fraction * n_units + 1e-9)
    return np.where(np.arange(n_units) < n_excitatory, 1.0, -1.0)


def wiring(
    positions: np.ndarray,
    signs: np.ndarray,
    density: Any,
    length_scale: Any,
    weight_sigma: Any,
    gain: Any,
    inhibitory_gain: Any,
    rng: np.random.Generator,
) -> np.ndarray:
    """Signed strengths [post, pre]: who contacts whom by distance, how strongly by chance.

    `gain` is the spectral radius of their excitatory part.
    """
    density = check_number("density", density, low=0.0, high=1.0)
    length_scale = check_number("length_scale", length_scale, low=0.0, open_low=True)
    weight_sigma = check_number("weight_sigma", weight_sigma, low=0.0)
    inhibitory_gain = check_number("inhibitory_gain", inhibitory_gain, low=0.0)
    n_units = len(signs)
    distance = np.linalg.norm(positions[:, np.newaxis] - positions, axis=-1)
    probability = _with_mean(np.exp(-(distance - distance.min()) / length_scale), density)
    contacts = rng.random((n_units, n_units)) < probability
    strengths = rng.lognormal(0.0, weight_sigma, size=(n_units, n_units))
    return _with_gain(contacts * strengths * np.where(signs > 0, 1.0, -inhibitory_gain), gain)


def _with_mean(profile: np.ndarray, density: float) -> np.ndarray:
    """Scale probabilities to a mean off the diagonal, cutting them at 1; 0 on the diagonal."""
    off = ~np.eye(len(profile), dtype=bool)
    probability = np.where(off, profile, 0.0)
    for _ in range(50):  # what is cut off at 1 is made up for by the others
        probability = np.minimum(probability * (density / probability[off].mean()), 1.0)
        if abs(probability[off].mean() - density) <= 1e-6:
            break
    return probability


def _with_gain(W: np.ndarray, gain: Any) -> np.ndarray:
    gain = check_number("gain", gain, low=0.0, high=1.0, open_high=True)
    excitatory = np.maximum(W, 0.0)
    radius = np.abs(np.linalg.eigvals(excitatory)).max()
    # Without a loop of excitation the radius is 0 and activity dies out by itself.
    scale = gain / radius if radius > 1e-9 * excitatory.max(initial=1.0) else gain
    return W * scale


def simulate(
    W: np.ndarray,
    *,
    rate: float,
    tau: float,
    dt: float,
    n_trials: int,
    n_steps: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Spikes (n_trials, n_steps, n_units), uint8, of all trials side by side.

    W[post, pre] is in spikes caused per spike, `rate` in Hz, `tau` and `dt` in ms.
    """
    n_units = len(W)
    n_warm_up = math.ceil(WARM_UP / dt)
    decay = np.float32(math.exp(-dt / tau))
    kick = (W.T / (tau / 1000.0)).astype(np.float32)  # Hz per spike
    drive = np.zeros((n_trials, n_units), dtype=np.float32)
    spikes = np.zeros((n_trials, n_warm_up + n_steps, n_units), dtype=np.uint8)
    for step in range(n_warm_up + n_steps):
        # P(spike) = 1 - exp(-rate dt): the rate exceeds an exponential variable over dt.
        threshold = rng.standard_exponential((n_trials, n_units), dtype=np.float32)
        threshold /= np.float32(dt / 1000.0)
        spiked = drive + np.float32(rate) > threshold
        spikes[:, step] = spiked
        drive += spiked.astype(np.float32) @ kick
        drive *= decay
    return np.ascontiguousarray(spikes[:, n_warm_up:])


def calcium(
    spikes: np.ndarray,
    n_frame_steps: int,
    dt: float,
    calcium_tau: Any,
    noise_level: Any,
    rng: np.random.Generator,
) -> np.ndarray:
    """Traces (n_trials, n_frames, n_units), float32: decaying sums of spikes, and noise."""
    calcium_tau = check_number("calcium_tau", calcium_tau, low=0.0, open_low=True)
    decay = math.exp(-n_frame_steps * dt / calcium_tau)
    noise_level = check_number("noise_level", noise_level, low=0.0)
    n_trials, n_steps, n_units = spikes.shape
    n_frames = n_steps // n_frame_steps
    whole = spikes[:, : n_frames * n_frame_steps]
    counts = whole.reshape(n_trials, n_frames, n_frame_steps, n_units).sum(axis=2, dtype=np.float32)
    traces = noise_level * rng.standard_normal(counts.shape, dtype=np.float32)
    level = np.zeros((n_trials, n_units), dtype=np.float32)
    for frame in range(n_frames):
        level = np.float32(decay) * level + counts[:, frame]
        traces[:, frame] += level
    return traces
