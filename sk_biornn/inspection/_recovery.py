"""What can be recovered from how much data: known circuits, fitted with what is known of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn._checks import check_count, check_number
from sk_biornn._plain import short
from sk_biornn._random import RandomState, make_rng
from sk_biornn._vocabulary import filled
from sk_biornn.inspection._known_circuit import KnownCircuit, Recording, make_known_circuit
from sk_biornn.inspection._recovery_scores import (
    READINGS,
    Truth,
    given_readings,
    reading_bullets,
    readings,
)
from sk_biornn.inspection._recovery_settings import (
    SETTINGS,
    Arguments,
    common_arguments,
    settings_of,
)

_LEARNING_RATE, _BATCH = 0.02, 40
_NO_STEP = 1e-30  # a learning rate that moves no weight by as much as it is rounded
_KEYS = ["n_units", "observed_fraction", "setting", "reading", "n_trials"]


class Recovery(NamedTuple):
    """What `recovery_benchmark` returns."""

    results: pd.DataFrame
    summary: pd.DataFrame


@filled(settings=SETTINGS.bullets(), readings=reading_bullets())
def recovery_benchmark(
    settings: Any = None,
    *,
    n_units: Any = (12, 24, 48),
    n_trials: Any = (5, 20, 80, 320),
    n_seeds: int = 5,
    observed_fraction: Any = 0.5,
    circuit: Mapping[str, Any] | None = None,
    estimator: Any = None,
    n_steps: int = 40,
    n_updates: int = 1000,
    n_new_trials: int = 100,
    n_bootstrap: int = 2000,
    confidence: float = 0.95,
    n_jobs: int | None = None,
    random_state: RandomState = 0,
) -> Recovery:
    """Simulate known circuits, fit networks to recordings of them, and compare with the truth.

    Each seed is a circuit of its own (`make_known_circuit`), of which some units are recorded while
    known input is given. Each setting is told something of the circuit (signs, densities, wiring,
    ...), and fits the recordings of 5 trials, of 20, and so on. Everything else is the same: the
    trials of a smaller amount are the first of a larger one, and new trials and the seed of the
    networks are the same in all settings. The amount 0 is the network before it has seen any data:
    what a reading owes to what the network was told, or to chance.

    Parameters
    ----------
    settings : str, sequence of str, mapping or None, default=None
        What networks are told of the circuit, see Notes. None: all settings. A mapping has settings
        of one's own, name: function of a `KnownCircuit` that returns arguments of the estimator.
    n_units : int or sequence of int, default=(12, 24, 48)
        Sizes of the circuits.
    n_trials : int or sequence of int, default=(5, 20, 80, 320)
        Amounts of data; 0 is added.
    n_seeds : int, default=5
        Number of circuits of each size. The first are the same however many there are.
    observed_fraction : float or sequence of float, default=0.5
        Shares of the units that are recorded.
    circuit : mapping or None, default=None
        Further arguments of `make_known_circuit`, such as its noise.
    estimator : regressor or None, default=None
        The network, whose other arguments the settings leave as they are. None: a
        `DaleRNNRegressor` that learns with batches of 40 trials, a learning rate of 0.02 that falls
        to 0 as a cosine, and gradients of norm 1 at most.
    n_steps : int, default=40
        Steps of a trial.
    n_updates : int, default=1000
        Steps of the optimiser in each fit, whatever the amount of data.
    n_new_trials : int, default=100
        Trials on which predictions and hidden rates are compared with the truth.
    n_bootstrap : int, default=2000
        Samples of the bootstrap, which draws seeds (circuits) with replacement.
    confidence : float, default=0.95
        Of the intervals of the summary.
    n_jobs : int or None, default=None
        Number of joblib's jobs; the result does not depend on it.
    random_state : int, numpy RandomState, numpy Generator or None, default=0
        From which the seeds are drawn.

    Returns
    -------
    Recovery
        ``results``, a DataFrame with a row for each circuit (`n_units`, `observed_fraction`,
        `seed`), `setting`, amount (`n_trials`) and `reading`; `value`; and `given`, whether the
        setting is told the answer. ``summary``, a row for each size, setting, reading and amount:
        `given`, `n` (circuits), `mean` with its interval `low` to `high`, and `gain`, the mean of
        the paired differences from the network without data, with `gain_low` to `gain_high`.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If an argument is out of its range, or there is no such setting.

    See Also
    --------
    identifiability : What the data at hand determine, where no truth is known.
    make_known_circuit : The circuits.

    Notes
    -----
    Settings, each of which is told what it says, and what those before it since "Dale" are told:

    {settings}

    Readings:

    {readings}

    All settings know the input, who is recorded (by a positive gain of its own), the transfer
    function and, but for those that learn it, the time constants. They do not know input weights,
    biases or the noise. Intervals from few seeds are too narrow.

    References
    ----------
    Beiran and Litwin-Kumar (2025), Prediction of neural activity in connectome-constrained
    recurrent networks, Nature Neuroscience, doi:10.1038/s41593-025-02080-4: networks of known
    wiring and unknown physiology, of which some units are recorded.

    Examples
    --------
    >>> from sk_biornn.inspection import recovery_benchmark
    >>> results, summary = recovery_benchmark(
    ...     ["free", "wiring"], n_units=12, n_trials=10, n_seeds=2, n_updates=30)
    >>> results.columns.tolist()
    ['n_units', 'observed_fraction', 'seed', 'setting', 'n_trials', 'reading', 'value', 'given']
    >>> of_signs = summary.query("reading == 'signs' and n_trials == 10").set_index("setting")
    >>> bool(of_signs.loc["wiring", "mean"] > of_signs.loc["free", "mean"])    # it was told
    True
    """
    found = settings_of(settings)
    cases = [
        (size, fraction)
        for size in _numbers("n_units", n_units, 2)
        for fraction in _fractions(observed_fraction)
    ]
    amounts = [0, *_numbers("n_trials", n_trials, 1)]
    n_seeds = check_count("n_seeds", n_seeds)
    lengths = {
        "n_steps": check_count("n_steps", n_steps, low=2),
        "n_new_trials": check_count("n_new_trials", n_new_trials, low=2),
        "n_updates": check_count("n_updates", n_updates),
    }
    if circuit is not None and not isinstance(circuit, Mapping):
        raise TypeError(
            f"circuit must be a mapping of arguments of make_known_circuit, got {short(circuit)}."
        )
    n_bootstrap = check_count("n_bootstrap", n_bootstrap)
    confidence = check_number(
        "confidence", confidence, low=0.0, high=1.0, open_low=True, open_high=True
    )
    network = _network() if estimator is None else estimator
    seeds = make_rng(random_state).integers(2**31, size=(n_seeds, 4))
    jobs = [
        _Job(size, fraction, k, seeds[k], name, arguments, amounts, dict(circuit or {}), **lengths)
        for size, fraction in cases
        for k in range(n_seeds)
        for name, arguments in found.items()
    ]
    results = pd.concat(_carried_out(jobs, network, n_jobs), ignore_index=True)
    return Recovery(results, recovery_summary(results, n_bootstrap, confidence))


class _Job(NamedTuple):
    """All amounts of data of one circuit in one setting."""

    n_units: int
    observed_fraction: float
    seed: int
    seeds: NDArray[np.int64]  # of the circuit, its trials, new trials, and the networks
    setting: str
    arguments: Arguments
    amounts: list[int]
    circuit: dict[str, Any]
    n_steps: int
    n_new_trials: int
    n_updates: int


def _carried_out(jobs: list[_Job], network: Any, n_jobs: int | None) -> list[pd.DataFrame]:
    from joblib import Parallel, delayed

    return list(Parallel(n_jobs=n_jobs)(delayed(_rows)(job, network) for job in jobs))


def _rows(job: _Job, network: Any) -> pd.DataFrame:
    """Return the readings of one circuit in one setting."""
    from sk_biornn.core import one_of_many

    circuit = make_known_circuit(
        job.n_units,
        **{"observed_fraction": job.observed_fraction, **job.circuit},
        random_state=int(job.seeds[0]),
    )
    truth = Truth(circuit, circuit.record(job.n_new_trials, job.n_steps, int(job.seeds[2])))
    recording = circuit.record(max(*job.amounts, 2), job.n_steps, int(job.seeds[1]))
    network = _told(network, circuit, job)
    tables = []
    with one_of_many():
        for amount in job.amounts:
            fitted = _fitted(network, recording, amount, job.n_updates)
            values, given = readings(fitted, truth), given_readings(fitted, circuit)
            tables.append(_table(job, amount, values, given))
    return pd.concat(tables, ignore_index=True)


def _told(network: Any, circuit: KnownCircuit, job: _Job) -> Any:
    from sklearn.base import clone

    arguments = {**common_arguments(circuit), **job.arguments(circuit)}
    return clone(network).set_params(**arguments, random_state=int(job.seeds[3]))


def _fitted(network: Any, recording: Recording, amount: int, n_updates: int) -> Any:
    """Return a network fitted to the first trials, with as many steps as with any other number."""
    from sklearn.base import clone

    network = clone(network)
    X, y = recording.X[: max(amount, 2)], recording.y[: max(amount, 2)]
    if amount == 0:
        still = {"max_iter": 1, "finetune_iter": 0, "learning_rate_init": _NO_STEP}
        return network.set_params(**still).fit(X, np.zeros_like(y))  # the targets play no part
    batch = network.batch_size if isinstance(network.batch_size, int) else 200
    n_epochs = math.ceil(n_updates / math.ceil(amount / batch))
    if network.pruning is None:
        return network.set_params(max_iter=n_epochs).fit(X[:amount], y[:amount])
    dense = max(1, n_epochs // 2)
    epochs = {"max_iter": dense, "finetune_iter": n_epochs - dense}
    return network.set_params(**epochs).fit(X[:amount], y[:amount])


def _network() -> Any:
    from sk_biornn.estimators import DaleRNNRegressor

    return DaleRNNRegressor(
        batch_size=_BATCH,
        learning_rate_init=_LEARNING_RATE,
        learning_rate="cosine",
        max_grad_norm=1.0,
    )


def _table(job: _Job, amount: int, values: dict[str, float], given: set[str]) -> pd.DataFrame:
    exist = [reading for reading in READINGS if np.isfinite(values[reading])]
    return pd.DataFrame(
        {
            "n_units": job.n_units,
            "observed_fraction": job.observed_fraction,
            "seed": job.seed,
            "setting": job.setting,
            "n_trials": amount,
            "reading": exist,
            "value": [values[reading] for reading in exist],
            "given": [reading in given for reading in exist],
        }
    )


def recovery_summary(
    results: pd.DataFrame, n_bootstrap: int = 2000, confidence: float = 0.95
) -> pd.DataFrame:
    """Return means over circuits and bootstrap intervals; see `recovery_benchmark`."""
    rows = []
    for key, table in results.groupby(_KEYS[:-1], sort=False):
        by_seed = table.pivot(index="seed", columns="n_trials", values="value")
        given = table.groupby("n_trials")["given"].any()
        for amount in by_seed.columns:
            pairs = by_seed[[0, amount]].dropna().to_numpy()
            values, gains = by_seed[amount].dropna().to_numpy(), pairs[:, -1] - pairs[:, 0]
            rows.append(
                {
                    **dict(zip(_KEYS, (*key, amount), strict=True)),
                    "given": bool(given[amount]),
                    "n": len(values),
                    **_interval(values, n_bootstrap, confidence, ("mean", "low", "high")),
                    **_interval(gains, n_bootstrap, confidence, ("gain", "gain_low", "gain_high")),
                }
            )
    return pd.DataFrame(rows)


def _interval(
    values: NDArray[np.float64], n_bootstrap: int, confidence: float, names: Sequence[str]
) -> dict[str, float]:
    """Return a mean and its percentile bootstrap; of a single value there is no interval."""
    if len(values) < 2:
        mean = float(values.mean()) if len(values) else float("nan")
        return dict(zip(names, (mean, float("nan"), float("nan")), strict=True))
    drawn = np.random.default_rng(0).integers(len(values), size=(n_bootstrap, len(values)))
    low, high = np.quantile(
        values[drawn].mean(axis=1), [(1 - confidence) / 2, (1 + confidence) / 2]
    )
    return dict(zip(names, (float(values.mean()), float(low), float(high)), strict=True))


def _numbers(name: str, values: Any, low: int) -> list[int]:
    values = [values] if np.ndim(values) == 0 else list(values)
    found = sorted({check_count(name, value, low=low) for value in values})
    if not found:
        raise ValueError(f"{name} must have at least one number, got none.")
    return found


def _fractions(values: Any) -> list[float]:
    values = [values] if np.ndim(values) == 0 else list(values)
    if not values:
        raise ValueError("observed_fraction must have at least one number, got none.")
    return [
        check_number("observed_fraction", value, low=0.0, high=1.0, open_low=True)
        for value in values
    ]
