"""A circuit of which everything is known: wiring, signs, gains, time constants, activity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn._blas import one_blas_thread
from sk_biornn._checks import check_count, check_number
from sk_biornn._plain import short
from sk_biornn._random import RandomState, make_rng

Array = NDArray[np.float64]

# Name: sign, share of the units, time constant in ms.
CELL_TYPES = {"Pyr": (1, 0.6, 60.0), "PV": (-1, 0.2, 25.0), "SST": (-1, 0.2, 100.0)}
_FORGETS = 0.8  # of its value, the share that the input keeps from one step to the next


class Recording(NamedTuple):
    """What is recorded of a known circuit, and what is not."""

    X: NDArray[np.float32]  # (n_trials, n_steps, n_features): the known input
    y: NDArray[np.float32]  # (n_trials, n_steps, n_observed): noisy rates of the observed units
    rates: Array  # (n_trials, n_steps, n_units): rates of all units, as they were
    expected: Array  # the same without noise in the units


@dataclass(frozen=True, eq=False)
class KnownCircuit:
    """A recurrent network with cell types, all of whose properties are known.

    The dynamics are those of the estimators::

        z_t = tanh(W_in x_t + b + W r_{t-1} + s xi_t),   r_t = (1 - a) r_{t-1} + a max(z_t, 0)

    with a = dt / tau and s = sqrt(2 / a) * process_noise; see `make_known_circuit`.

    Parameters
    ----------
    W : ndarray of shape (n_units, n_units)
        Weights [post, pre]: `connectome` times the gain of the two cell types.
    connectome : ndarray of shape (n_units, n_units)
        Signed contacts, all of one strength each: what microscopy would show.
    gains : DataFrame of shape (n_types, n_types)
        Strength of the contacts from one type (columns) to another (rows), geometric mean 1.
    probabilities : DataFrame of shape (n_types, n_types)
        Share of the pairs that are connected, as it came out; a unit and itself, which never are,
        count as a pair.
    types, signs : ndarray of shape (n_units,)
        Cell type, and +1 (excitatory) or -1.
    tau : ndarray of shape (n_units,)
        Time constants in ms, the same within a type.
    dt : float
        Step in ms.
    W_in : ndarray of shape (n_units, n_features)
        Input weights.
    b : ndarray of shape (n_units,)
        Biases.
    observed : ndarray of shape (n_observed,)
        The recorded units.
    process_noise, observation_noise : float
        Standard deviations of the noise in the units (`recurrent_noise` of the estimators), and of
        what is added to each recorded value, in units of the rates.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from sk_biornn.inspection import make_known_circuit
    >>> circuit = make_known_circuit(12, random_state=0)
    >>> # the same without its synapses
    >>> cut = replace(circuit, W=0 * circuit.W)
    >>> X = circuit.record(20, random_state=1).X
    >>> # mean rate with synapses and without
    >>> print(f"{circuit.rates(X).mean():.2f} {cut.rates(X).mean():.2f}")
    0.45 0.36
    """

    W: Array
    connectome: Array
    gains: pd.DataFrame
    probabilities: pd.DataFrame
    types: NDArray[Any]
    signs: Array
    tau: Array
    dt: float
    W_in: Array
    b: Array
    observed: NDArray[np.intp]
    process_noise: float
    observation_noise: float

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(self.signs)

    @property
    def hidden(self) -> NDArray[np.intp]:
        """The units that are not recorded."""
        return np.setdiff1d(np.arange(self.n_units), self.observed)

    def rates(self, X: Any, rng: np.random.Generator | None = None) -> Array:
        """Return the rates that an input evokes.

        Parameters
        ----------
        X : array-like of shape (n_trials, n_steps, n_features)
            The input.
        rng : numpy Generator or None, default=None
            Source of the process noise. None: none.

        Returns
        -------
        ndarray of shape (n_trials, n_steps, n_units)
            The rates r_t, from rates of 0 before the first step.
        """
        X = np.asarray(X, dtype=np.float64)
        leak = self.dt / self.tau
        noise = np.sqrt(2 / leak) * self.process_noise
        drive = X @ self.W_in.T + self.b
        if rng is not None:
            drive += noise * rng.standard_normal(drive.shape)
        r, rates = np.zeros((len(X), self.n_units)), np.empty(drive.shape)
        with one_blas_thread():
            for step in range(X.shape[1]):
                z = np.tanh(drive[:, step] + r @ self.W.T)
                r = (1 - leak) * r + leak * np.maximum(z, 0)
                rates[:, step] = r
        return rates

    def record(
        self, n_trials: int = 100, n_steps: int = 40, random_state: RandomState = None
    ) -> Recording:
        """Record trials of random, smooth input.

        Trials do not depend on how many are recorded: the first five of 100 are those of five.

        Parameters
        ----------
        n_trials, n_steps : int, default=100 and 40
            Their number and length.
        random_state : int, numpy RandomState, numpy Generator or None, default=None
            Source of input and noise.

        Returns
        -------
        Recording
            ``X`` (n_trials, n_steps, n_features) and ``y`` (n_trials, n_steps, n_observed),
            float32, for an estimator; ``rates`` and ``expected`` (n_trials, n_steps, n_units), the
            rates with and without process noise.
        """
        n_trials, n_steps = check_count("n_trials", n_trials), check_count("n_steps", n_steps)
        of_trials = make_rng(random_state).spawn(n_trials)
        trials = [self._trial(n_steps, rng) for rng in of_trials]
        X, y, rates = (np.concatenate(parts) for parts in zip(*trials, strict=True))
        return Recording(X, y, rates, self.rates(X))

    def _trial(self, n_steps: int, rng: np.random.Generator) -> tuple[Any, ...]:
        X = _smooth_input(n_steps, self.W_in.shape[1], rng)[None].astype(np.float32)
        rates = self.rates(X, rng)
        y = rates[:, :, self.observed]
        y = y + self.observation_noise * rng.standard_normal(y.shape)
        return X, y.astype(np.float32), rates


def make_known_circuit(
    n_units: int = 24,
    *,
    cell_types: Mapping[str, tuple[int, float, float]] | None = None,
    density: float = 0.3,
    gain_sigma: float = 0.5,
    spectral_radius: float = 1.2,
    observed_fraction: float = 0.5,
    n_features: int = 4,
    process_noise: float = 0.05,
    observation_noise: float = 0.1,
    dt: float = 20.0,
    random_state: RandomState = None,
) -> KnownCircuit:
    """Draw a circuit with cell types, Dale signs and hidden units, of which everything is known.

    Pairs of cell types have connection probabilities between 0.5 and 1.5 times `density`, and every
    connected pair 1 + Poisson(1) contacts. The weight of a synapse is its number of contacts, with
    the sign of its presynaptic unit, times the log-normal gain of its two types. There are no
    autapses. Each unit receives two input channels, with standard normal weights.

    Parameters
    ----------
    n_units : int, default=24
        Number of units, at least two per cell type.
    cell_types : mapping or None, default=None
        Name: (sign, share of the units, time constant in ms). None: Pyr (+1, 0.6, 60), PV (-1,
        0.2, 25) and SST (-1, 0.2, 100).
    density : float, default=0.3
        Mean connection probability, in (0, 0.6].
    gain_sigma : float, default=0.5
        Standard deviation of the logarithm of the gains; 0: every gain is 1.
    spectral_radius : float, default=1.2
        Largest modulus of the eigenvalues of the weights; 0: no synapse at all.
    observed_fraction : float, default=0.5
        Share of the units that are recorded, in (0, 1]; drawn at random, at least one of each type
        where there is room.
    n_features : int, default=4
        Number of input channels.
    process_noise, observation_noise : float, default=0.05 and 0.1
        Noise in the units and of the recording, see `KnownCircuit`.
    dt : float, default=20.0
        Step in ms, at most the shortest time constant.
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Source of randomness.

    Returns
    -------
    KnownCircuit
        The circuit; its method `record` makes trials.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If an argument is out of its range.

    See Also
    --------
    recovery_benchmark : What the estimators find of such circuits.

    Examples
    --------
    >>> from sk_biornn.inspection import make_known_circuit
    >>> circuit = make_known_circuit(24, random_state=0)
    >>> recording = circuit.record(n_trials=5, random_state=1)
    >>> recording.X.shape, recording.y.shape, recording.rates.shape
    ((5, 40, 4), (5, 40, 12), (5, 40, 24))
    >>> circuit.gains.loc["PV"].round(2).to_dict()  # from each type to PV
    {'Pyr': 2.49, 'PV': 1.86, 'SST': 0.25}
    """
    cell_types = _checked_types(CELL_TYPES if cell_types is None else cell_types)
    n_units = check_count("n_units", n_units, low=2 * len(cell_types))
    n_features = check_count("n_features", n_features, low=2)
    density = check_number("density", density, low=0.0, high=0.6, open_low=True)
    sigma = check_number("gain_sigma", gain_sigma, low=0.0)
    radius = check_number("spectral_radius", spectral_radius, low=0.0)
    fraction = check_number(
        "observed_fraction", observed_fraction, low=0.0, high=1.0, open_low=True
    )
    dt = check_number("dt", dt, low=0.0, open_low=True)
    shortest = min(tau for _, _, tau in cell_types.values())
    if dt > shortest:
        raise ValueError(f"dt must be at most the shortest tau, {shortest:g} ms, got {dt:g}.")
    rng = make_rng(random_state)
    of_unit = _types_of_units(n_units, [share for _, share, _ in cell_types.values()])
    names = np.array(list(cell_types), dtype=object)
    signs = np.array([sign for sign, _, _ in cell_types.values()], dtype=np.float64)[of_unit]
    connectome = _contacts(of_unit, len(names), density, rng) * signs
    gains = _gains(len(names), sigma, rng)
    connectome *= radius / _radius(connectome * gains[np.ix_(of_unit, of_unit)])
    connected = _block_means(connectome != 0, of_unit, len(names))
    return KnownCircuit(
        W=connectome * gains[np.ix_(of_unit, of_unit)],
        connectome=connectome,
        gains=_by_types(gains, names),
        probabilities=_by_types(connected, names),
        types=names[of_unit],
        signs=signs,
        tau=np.array([tau for _, _, tau in cell_types.values()], dtype=np.float64)[of_unit],
        dt=dt,
        W_in=_input_weights(n_units, n_features, rng),
        b=rng.uniform(0.0, 0.5, n_units),
        observed=_observed(of_unit, max(1, round(fraction * n_units)), rng),
        process_noise=check_number("process_noise", process_noise, low=0.0),
        observation_noise=check_number("observation_noise", observation_noise, low=0.0),
    )


def _checked_types(cell_types: Any) -> dict[str, tuple[int, float, float]]:
    expected = "a mapping of names to (sign, share of the units, tau in ms)"
    if not isinstance(cell_types, Mapping) or not cell_types:
        raise TypeError(f"cell_types must be {expected}, got {short(cell_types)}.")
    for name, row in cell_types.items():
        if not isinstance(row, tuple) or len(row) != 3 or not all(isinstance(v, Real) for v in row):
            raise TypeError(f"cell_types must be {expected}, got {short(row)} for {name!r}.")
        if row[0] not in (1, -1) or row[1] <= 0 or not 0 < row[2] < np.inf:
            raise ValueError(
                f"cell_types must have signs of 1 or -1, and shares and tau above 0, got {row} for "
                f"{name!r}."
            )
    return dict(cell_types)


def _types_of_units(n_units: int, shares: list[float]) -> NDArray[np.intp]:
    """Return the number of the type of each unit, in the order of the types, at least one each."""
    bounds = np.cumsum(shares) / np.sum(shares) * n_units
    counts = np.maximum(np.diff(np.round(bounds), prepend=0).astype(int), 1)
    counts[np.argmax(counts)] += n_units - counts.sum()
    return np.repeat(np.arange(len(shares)), counts)


def _contacts(
    of_unit: NDArray[np.intp], n_types: int, density: float, rng: np.random.Generator
) -> Array:
    """Return numbers of contacts, and one from a neighbour for whom chance gave none."""
    n_units = len(of_unit)
    probability = density * rng.uniform(0.5, 1.5, (n_types, n_types))
    connected = rng.random((n_units, n_units)) < probability[np.ix_(of_unit, of_unit)]
    np.fill_diagonal(connected, False)
    for unit in np.flatnonzero(~connected.any(axis=1)):
        connected[unit, (unit + 1 + rng.integers(n_units - 1)) % n_units] = True
    return connected * (1.0 + rng.poisson(1.0, connected.shape))


def _gains(n_types: int, sigma: float, rng: np.random.Generator) -> Array:
    """Return log-normal gains between types, of geometric mean 1."""
    gains = np.exp(sigma * rng.standard_normal((n_types, n_types)))
    return np.asarray(gains / np.exp(np.log(gains).mean()))


def _radius(W: Array) -> float:
    return float(np.abs(np.linalg.eigvals(W)).max())


def _block_means(matrix: Any, of_unit: NDArray[np.intp], n_types: int) -> Array:
    indicator = (np.arange(n_types)[:, None] == of_unit).astype(np.float64)
    sizes = indicator.sum(axis=1)
    return indicator @ matrix @ indicator.T / np.outer(sizes, sizes)


def _by_types(values: Array, names: NDArray[Any]) -> pd.DataFrame:
    post, pre = (pd.Index(names, name=side) for side in ("post", "pre"))
    return pd.DataFrame(values, post, pre, dtype=np.float64)


def _input_weights(n_units: int, n_features: int, rng: np.random.Generator) -> Array:
    channels = np.argsort(rng.random((n_units, n_features)), axis=1)[:, :2]
    W_in = np.zeros((n_units, n_features))
    np.put_along_axis(W_in, channels, rng.standard_normal((n_units, 2)), axis=1)
    return W_in


def _observed(
    of_unit: NDArray[np.intp], n_observed: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return units drawn at random, first one of each type."""
    order = rng.permutation(len(of_unit))
    _, firsts = np.unique(of_unit[order], return_index=True)
    order = np.concatenate([order[firsts], np.delete(order, firsts)])
    return np.sort(order[:n_observed])


def _smooth_input(n_steps: int, n_features: int, rng: np.random.Generator) -> Array:
    """Return a stationary autoregressive process of variance 1."""
    x = rng.standard_normal((n_steps, n_features))
    x[1:] *= np.sqrt(1 - _FORGETS**2)
    for step in range(1, n_steps):
        x[step] += _FORGETS * x[step - 1]
    return x
