"""A synthetic imaging field: wiring, spikes, traces and functional connectivity of one circuit."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from sk_biornn._blas import one_blas_thread
from sk_biornn._checks import check_count, check_flag, check_number
from sk_biornn._random import RandomState, make_rng
from sk_biornn.activity import correlation, precision, spike_count_tiling
from sk_biornn.datasets.microns._circuit import calcium, column_signs, simulate, wiring
from sk_biornn.units.grid import check_grid, grids_of
from sk_biornn.units.positions import to_unit_cube

if TYPE_CHECKING:
    from sklearn.utils import Bunch

DESCRIPTION = """\
Synthetic: no animal was recorded. {n} neurons at random places in a box of {box} um were wired by
chance (distance-dependent, log-normal strengths, {n_excitatory} excitatory), their spikes were
simulated on that wiring, and functional connectivity was computed from the simulated activity.

connectome   ({n}, {n}) strength of each synapse, [post, pre], without sign
signs        ({n},) +1 excitatory, -1 inhibitory neuron
sttc         ({n}, {n}) spike time tiling coefficient of the spikes, window {window:g} ms
correlation  ({n}, {n}) Pearson correlation of the traces
precision    ({n}, {n}) inverse of the shrunk correlation of the traces
positions    ({n}, 3) {positions}
grid         {grid}, for networks without positions
names        {n} names
spikes       {spikes} (n_trials, n_steps, n_units), spikes per {dt:g} ms
traces       {traces} (n_trials, n_frames, n_units), calcium-like, frames of {frame:g} ms
"""


def make_functional_connectome(
    n_units: int = 96,
    *,
    excitatory_fraction: float = 0.8,
    box: Any = (400.0, 400.0, 200.0),
    density: float = 0.15,
    length_scale: float = 150.0,
    weight_sigma: float = 1.0,
    gain: float = 0.8,
    inhibitory_gain: float = 4.0,
    rate: float = 4.0,
    tau: float = 20.0,
    n_trials: int = 20,
    trial_duration: float = 15_000.0,
    dt: float = 5.0,
    frame: float = 100.0,
    calcium_tau: float = 700.0,
    noise_level: float = 0.5,
    window: float = 50.0,
    unit_cube: bool = True,
    grid: Any = None,
    random_state: RandomState = None,
) -> Bunch:
    """Make a synthetic imaging field: wiring, activity simulated on it, functional connectivity.

    The same pieces as `load_microns` returns, from a circuit that is known, so that studies run
    without data. It is synthetic: what a network gains from it says nothing about cortex.

    Wiring: neurons lie uniformly in a box; j contacts i with probability proportional to
    exp(-d_ij / length_scale); strengths are log-normal, those of inhibitory neurons
    `inhibitory_gain` times larger. Activity: spikes of a Poisson network (Hawkes process) whose
    rates are linear above 0::

        rate_i(t) = max(0, rate + sum_j W_ij sum_{spikes s of j} exp(-(t - s) / tau) / tau)

    so that a spike of j causes, or prevents, W_ij spikes of i. Traces: spikes summed over frames,
    an exponential decay, and white noise. Then the spike time tiling coefficient of the spikes,
    and correlation and precision of the traces, as by `FunctionalConnectivity`.

    Parameters
    ----------
    n_units : int, default=96
        Number of neurons, at least 2.
    excitatory_fraction : float, default=0.8
        Share of excitatory neurons, in [0, 1]; they come first.
    box : sequence of three floats, default=(400, 400, 200)
        Sides of the box, in um.
    density : float, default=0.15
        Mean connection probability of two different neurons, in [0, 1].
    length_scale : float, default=150.0
        Distance over which the connection probability falls by a factor e, in um.
    weight_sigma : float, default=1.0
        Sd of the logarithm of the strengths.
    gain : float, default=0.8
        Spectral radius of the excitatory wiring, in [0, 1): below 1 activity cannot run away.
    inhibitory_gain : float, default=4.0
        Strength of inhibitory over excitatory synapses.
    rate : float, default=4.0
        Rate of each neuron without input, in Hz.
    tau : float, default=20.0
        Decay of the effect of a spike, in ms.
    n_trials : int, default=20
        Number of trials, simulated side by side.
    trial_duration : float, default=15000.0
        Duration of a trial, in ms; in all, 5 minutes are recorded by default.
    dt : float, default=5.0
        Step of the simulation and bin of the spikes, in ms; one spike per step at most.
    frame : float, default=100.0
        Time between two frames of the traces, in ms; rounded down to whole steps.
    calcium_tau : float, default=700.0
        Decay of the traces, in ms.
    noise_level : float, default=0.5
        Sd of the noise of the traces; one spike has height 1.
    window : float, default=50.0
        Window of the spike time tiling coefficient, in ms.
    unit_cube : bool, default=True
        Whether to scale the positions to [0, 1] along each axis. False: in um.
    grid : tuple of three ints or None, default=None
        Grid for networks without positions. None: the most compact one.
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Source of randomness; an int gives the same field each time.

    Returns
    -------
    sklearn.utils.Bunch
        ``connectome`` (n, n), strengths without sign, [post, pre]; ``signs`` (n,); ``sttc``,
        ``correlation``, ``precision`` (n, n), symmetric; ``positions`` (n, 3); ``grid``;
        ``names`` (list of n str); ``spikes`` (n_trials, n_steps, n), uint8; ``traces`` (n_trials,
        n_frames, n), float32; ``dt``, ``frame``; ``DESCR``. Other arrays are float64.

    Raises
    ------
    TypeError
        If an argument is of another kind.
    ValueError
        If an argument is out of its range, or `grid` does not fit `n_units`.

    See Also
    --------
    load_microns : The same pieces of measured cortex.

    References
    ----------
    Hawkes (1971), Spectra of some self-exciting and mutually exciting point processes, Biometrika
    58, doi:10.1093/biomet/58.1.83.

    Song, Sjostrom, Reigl, Nelson and Chklovskii (2005), Highly nonrandom features of synaptic
    connectivity in local cortical circuits, PLoS Biology 3, doi:10.1371/journal.pbio.0030068: the
    log-normal strengths.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.datasets import make_functional_connectome
    >>> field = make_functional_connectome(24, random_state=0)
    >>> # connected units are nearer to each other than others
    >>> apart = np.linalg.norm(
    ...     field.positions[:, None] - field.positions, axis=-1
    ... )
    >>> connected = field.connectome > 0
    >>> print(f"{apart[connected].mean():.1f} {apart[~connected].mean():.1f}")
    0.6 0.7
    >>> print(field.DESCR.split(":")[0])
    Synthetic
    """
    n_units = check_count("n_units", n_units, low=2)
    n_trials = check_count("n_trials", n_trials)
    grid = grids_of(n_units)[0] if grid is None else check_grid(grid, n_units)
    unit_cube = check_flag("unit_cube", unit_cube)
    dt = check_number("dt", dt, low=0.0, open_low=True)
    n_steps, n_frame_steps = _steps_of(trial_duration, frame, dt)
    window = check_number("window", window, low=0.0)
    box = _check_box(box)
    rng = make_rng(random_state)
    with one_blas_thread():
        positions = rng.random((n_units, 3)) * box
        signs = column_signs(n_units, excitatory_fraction)
        W = wiring(
            positions, signs, density, length_scale, weight_sigma, gain, inhibitory_gain, rng
        )
        rate = check_number("rate", rate, low=0.0)
        tau = check_number("tau", tau, low=0.0, open_low=True)
        shape = {"n_trials": n_trials, "n_steps": n_steps}
        spikes = simulate(W, rate=rate, tau=tau, dt=dt, **shape, rng=rng)
        traces = calcium(spikes, n_frame_steps, dt, calcium_tau, noise_level, rng)
        field = _field(W, signs, spikes, traces, dt, window)
    field.positions = to_unit_cube(positions) if unit_cube else positions
    field.grid, field.frame = grid, n_frame_steps * dt
    field.DESCR = _describe(field, box, window, unit_cube)
    return field


def _field(
    W: np.ndarray,
    signs: np.ndarray,
    spikes: np.ndarray,
    traces: np.ndarray,
    dt: float,
    window: float,
) -> Bunch:
    """Return the wiring, the recording, and what is computed of it."""
    from sklearn.utils import Bunch

    return Bunch(
        connectome=np.abs(W),
        signs=signs,
        **_functional_matrices(spikes, traces, dt, window),
        names=[f"neuron_{index}" for index in range(len(W))],
        spikes=spikes,
        traces=traces,
        dt=dt,
    )


def _steps_of(trial_duration: float, frame: float, dt: float) -> tuple[int, int]:
    """Return the steps of the simulation in a trial and in a frame."""
    n_steps = _n_steps("trial_duration", trial_duration, dt)
    n_frame_steps = _n_steps("frame", frame, dt)
    if n_frame_steps > n_steps:
        raise ValueError(f"frame must be at most trial_duration={trial_duration:g}, got {frame:g}.")
    return n_steps, n_frame_steps


def _describe(field: Bunch, box: Any, window: float, unit_cube: bool) -> str:
    return DESCRIPTION.format(
        n=len(field.signs),
        n_excitatory=int((field.signs > 0).sum()),
        box=" x ".join(f"{side:g}" for side in box),
        window=window,
        positions="scaled to the unit cube" if unit_cube else "in um",
        grid=field.grid,
        spikes=field.spikes.shape,
        traces=field.traces.shape,
        dt=field.dt,
        frame=field.frame,
    )


def _functional_matrices(
    spikes: np.ndarray, traces: np.ndarray, dt: float, window: float
) -> dict[str, np.ndarray]:
    """Return what `FunctionalConnectivity` computes of all trials together."""
    with warnings.catch_warnings():  # made here with steps first, however few they are
        warnings.filterwarnings("ignore", message="a recording must be")
        return {
            "sttc": spike_count_tiling(spikes, dt=dt, window=window),
            "correlation": correlation(traces),
            "precision": precision(traces),
        }


def _n_steps(name: str, duration: Any, dt: float) -> int:
    duration = check_number(name, duration, low=0.0, open_low=True)
    n_steps = math.floor(duration / dt + 1e-9)
    if n_steps < 1:
        raise ValueError(f"{name} must be at least one step, dt={dt:g} ms, got {duration:g}.")
    return n_steps


def _check_box(box: Any) -> np.ndarray:
    try:
        sides = np.asarray(box, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"box must be three positive lengths in um, got {box!r}.") from None
    if sides.shape != (3,) or not (np.isfinite(sides) & (sides > 0)).all():
        raise ValueError(f"box must be three positive lengths in um, got {box!r}.")
    return sides
