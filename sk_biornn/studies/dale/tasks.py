"""The tasks of the study: their trials, their networks and how an answer is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sk_biornn.studies._parts import Data
from sk_biornn.studies._repeatable import digest
from sk_biornn.studies.dale.settings import Budget


def mean_squared_error(y: np.ndarray, prediction: np.ndarray) -> float:
    """Mean over trials, steps and outputs, in float64."""
    return float(np.mean(np.square(np.asarray(prediction, dtype=np.float64) - y)))


def accuracy(y: np.ndarray, prediction: np.ndarray) -> float:
    """Share of right answers, in per cent."""
    return float(100.0 * np.mean(prediction == y))


METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "mse": mean_squared_error,
    "accuracy": accuracy,
}


@dataclass(frozen=True)
class DaleTask:
    """One task.

    Parameters
    ----------
    name : str
        Name on the command line and in the tables.
    estimator : str
        Name of the estimator in `sk_biornn`.
    metric : {"mse", "accuracy"}
        Test score; accuracy is in per cent.
    make_data : callable
        (budget, seed, data_home) -> Data.
    guess : callable
        (data) -> prediction for the test trials that needs no network; its score is the baseline.
    settings : callable or None, default=None
        (column signs) -> further arguments of the estimator.

    Examples
    --------
    >>> from sk_biornn.studies import DALE_PRESETS, DALE_TASKS
    >>> budget = DALE_PRESETS["quick"].budgets["digits"]
    >>> data = DALE_TASKS["digits"].make_data(budget, seed=0, data_home=None)
    >>> data.X_train.shape, data.X_test.shape
    ((1200, 8, 8), (597, 8, 8))
    """

    name: str
    estimator: str
    metric: str
    make_data: Callable[[Budget, int, Any], Data]
    guess: Callable[[Data], np.ndarray]
    settings: Callable[[np.ndarray], dict[str, Any]] | None = None

    def score(self, y: np.ndarray, prediction: np.ndarray) -> float:
        """Return the metric.

        Parameters
        ----------
        y, prediction : ndarray
            Targets and answers.

        Returns
        -------
        float
            Mean squared error, or accuracy in per cent.
        """
        return METRICS[self.metric](y, prediction)


def _flip_flop(budget: Budget, seed: int, data_home: Any) -> Data:
    from sk_biornn.datasets import make_flip_flop

    X, y = make_flip_flop(budget.n_train + budget.n_test, random_state=seed)
    return Data(X[: budget.n_train], y[: budget.n_train], X[budget.n_train :], y[budget.n_train :])


def _wave(budget: Budget, seed: int, data_home: Any) -> Data:
    """Cut chunks from `n_waves` pairs of waves; test chunks from other pairs, or (0) the same."""
    options = dict(budget.data)
    n_waves, n_test_waves = options.pop("n_waves"), options.pop("n_test_waves")
    rng = np.random.default_rng(seed)
    seeds = _seeds_of_different_waves(n_waves + n_test_waves, rng)
    train = _chunks(budget.n_train, seeds[:n_waves], rng, options)
    test = _chunks(budget.n_test, seeds[n_waves:] or seeds, rng, options)
    return Data(*train, *test)


def _seeds_of_different_waves(count: int, rng: np.random.Generator) -> list[int]:
    """Seeds of waves no two of which are alike, so that a test wave was never seen."""
    from sk_biornn._random import make_rng
    from sk_biornn.datasets.tasks._wave_reconstruction import draw_waves

    seeds: dict[tuple[int | float, ...], int] = {}
    while len(seeds) < count:
        seed = int(rng.integers(2**32))
        waves = draw_waves(make_rng(seed))
        seeds.setdefault((*waves.multipliers.tolist(), waves.phase), seed)
    return list(seeds.values())


def _chunks(
    n_chunks: int, wave_seeds: list[int], rng: np.random.Generator, options: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    from sk_biornn.datasets import make_wave_reconstruction

    counts = [len(part) for part in np.array_split(np.arange(n_chunks), len(wave_seeds))]
    parts = [
        make_wave_reconstruction(count, wave_random_state=seed, random_state=rng, **options)
        for count, seed in zip(counts, wave_seeds, strict=True)
        if count
    ]
    X, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return X, y


def _wave_readouts(signs: np.ndarray) -> dict[str, Any]:
    """Excitatory units read out the excitatory wave, inhibitory units the inhibitory one."""
    return {"readout_mask": np.stack([signs > 0, signs < 0])}


def _digits(budget: Budget, seed: int, data_home: Any) -> Data:
    from sk_biornn.datasets import load_sequential_digits

    return _split(*load_sequential_digits(), budget, seed)


def _mnist(budget: Budget, seed: int, data_home: Any) -> Data:
    """Take the published split; a smaller budget has a stratified part of each half."""
    from sk_biornn.datasets import fetch_sequential_mnist

    halves = []
    for subset, count in (("train", budget.n_train), ("test", budget.n_test)):
        X, y = fetch_sequential_mnist(subset=subset, data_home=data_home, download_if_missing=False)
        halves.append(_stratified(X, y, count, seed) if count < len(y) else (X, y))
    return Data(*halves[0], *halves[1])


def _split(X: np.ndarray, y: np.ndarray, budget: Budget, seed: int) -> Data:
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(
        X,
        y,
        train_size=budget.n_train,
        test_size=budget.n_test,
        stratify=y,
        random_state=seed,
    )
    return Data(X_train, y_train, X_test, y_test)


def _stratified(
    X: np.ndarray, y: np.ndarray, count: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.model_selection import train_test_split

    X_part, _, y_part, _ = train_test_split(X, y, train_size=count, stratify=y, random_state=seed)
    return X_part, y_part


def _input_unchanged(data: Data) -> np.ndarray:
    return data.X_test


def _commonest_label(data: Data) -> np.ndarray:
    labels, counts = np.unique(data.y_train, return_counts=True)
    return np.full(len(data.y_test), labels[np.argmax(counts)])


#: The tasks of the study by name, each with its trials, its baseline and how it is scored.
TASKS = {
    task.name: task
    for task in (
        DaleTask(
            "flip-flop",
            "DaleRNNRegressor",
            "mse",
            _flip_flop,
            _input_unchanged,
            lambda signs: {"output_activation": "tanh"},
        ),
        DaleTask("wave", "DaleRNNRegressor", "mse", _wave, _input_unchanged, _wave_readouts),
        DaleTask("digits", "DaleRNNClassifier", "accuracy", _digits, _commonest_label),
        DaleTask("mnist", "DaleRNNClassifier", "accuracy", _mnist, _commonest_label),
    )
}


def input_data(tasks: Iterable[str], data_home: Any = None) -> dict[str, str]:
    """Return the digest of what each task reads from files, by task."""
    if "mnist" not in tasks:
        return {}
    from sk_biornn.datasets import fetch_sequential_mnist

    parts = [
        array
        for subset in ("train", "test")
        for array in fetch_sequential_mnist(
            subset=subset, data_home=data_home, download_if_missing=False
        )
    ]
    return {"mnist": digest(*parts)}


def mnist_is_present(data_home: Any = None) -> bool:
    """Whether the files of MNIST are in the data home, or in `data_home`."""
    from sk_biornn.datasets import fetch_sequential_mnist

    try:
        fetch_sequential_mnist(subset="all", data_home=data_home, download_if_missing=False)
    except FileNotFoundError:
        return False
    return True
