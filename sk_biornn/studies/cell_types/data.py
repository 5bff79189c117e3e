"""Trials of one condition: synthetic, or the published arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sk_biornn.studies._digest import digest
from sk_biornn.studies._repeatable import seed_of
from sk_biornn.studies.cell_types.presets import CellTypePreset

_SPLIT = {"train": 0.8, "test": 0.2}


class Data(NamedTuple):
    """Inputs and targets of shape (n_trials, n_steps, 18); the target is one step ahead."""

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def make_data(
    preset: CellTypePreset, condition: str, simulation: int, random_state: int, folder: Any
) -> Data:
    """Return the trials of a condition, from a folder of published arrays if there is one."""
    if folder is not None:
        return _from_arrays(preset, condition, random_state, folder)
    from sk_biornn.datasets import make_population_rows, population_samples

    which = "all" if preset.published else simulation
    seeds = [seed_of(random_state, condition, which, purpose) for purpose in ("rows", "samples")]
    rows = make_population_rows("paper", condition=condition, random_state=seeds[0])
    samples = population_samples(
        rows,
        sizes={"train": 1.0} if preset.published else _SPLIT,
        n_samples={"train": preset.n_samples, "test": preset.n_test_samples},
        window=preset.window,
        legacy=preset.published,
        random_state=seeds[1],
    )
    return Data(*samples["train"], *samples.get("test", samples["train"]))


def input_data(preset: CellTypePreset, folder: Any) -> dict[str, str]:
    """Return the digest of the published arrays of every condition; nothing without a folder."""
    if folder is None:
        return {}
    from sk_biornn.datasets import load_population_arrays

    return {
        condition: digest(*load_population_arrays(folder, condition, window=preset.window))
        for condition in preset.conditions
    }


def _from_arrays(preset: CellTypePreset, condition: str, random_state: int, folder: Any) -> Data:
    """Read the published samples; rows had part in several, so that a split is no clean one."""
    from sklearn.model_selection import train_test_split

    from sk_biornn.datasets import load_population_arrays

    X, y = load_population_arrays(folder, condition, window=preset.window)
    X, y = X.astype(np.float32), y.astype(np.float32)
    if preset.published:
        return Data(X, y, X, y)
    seed = seed_of(random_state, condition, "split")
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=_SPLIT["test"], random_state=seed
    )
    return Data(X_train, y_train, X_test, y_test)
