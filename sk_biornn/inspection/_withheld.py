"""A recording of which some neurons are withheld."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sk_biornn._checks import is_integer
from sk_biornn._plain import found, is_several, short
from sk_biornn.inspection._as_trials import TrialList
from sk_biornn.units.names import listed

Floats = NDArray[np.float64]


class Recording(NamedTuple):
    """Trials of all neurons, and who is withheld."""

    inputs: TrialList  # in which withheld neurons are 0
    targets: TrialList
    heldout: NDArray[np.int64]

    def take(self, trials: NDArray[np.int64]) -> tuple[Any, Any]:
        """Return inputs and targets of some trials, as a fit takes them."""
        pairs = ((part, [part.arrays[i] for i in trials]) for part in (self.inputs, self.targets))
        inputs, targets = (part.rebuilt(arrays) for part, arrays in pairs)
        return inputs, targets

    def truth(self, trials: NDArray[np.int64]) -> Floats:
        """Return what the withheld neurons do in some trials, all steps one below the other."""
        parts = [self.targets.arrays[i][:, self.heldout] for i in trials]
        return np.concatenate(parts).astype(np.float64)


def numbers_of(heldout: Any, trials: TrialList) -> NDArray[np.int64]:
    """Return the numbers of neurons that are given by name or number."""
    if not is_several(heldout):
        raise TypeError(f"heldout must be a sequence of neurons, got {found(heldout)}.")
    items = list(heldout)
    numbers = [_number(item, trials) for item in items]
    if not numbers or len(set(numbers)) < len(numbers) or len(numbers) == trials.n_columns:
        raise ValueError(
            f"heldout must have some but not all of the {trials.n_columns} neurons, each once, got "
            f"{short(items)}."
        )
    return np.array(numbers, dtype=np.int64)


def _number(item: Any, trials: TrialList) -> int:
    if isinstance(item, str) and trials.names is not None and item in trials.names:
        return trials.names.index(item)
    if is_integer(item) and trials.names is not None and str(item) in trials.names:
        return trials.names.index(str(item))  # cells that are called by numbers
    if is_integer(item) and trials.names is None and 0 <= item < trials.n_columns:
        return int(item)
    known = trials.names
    what = f"below {trials.n_columns}" if known is None else f"among {listed(known)}"
    raise ValueError(
        f"heldout must have {'numbers' if known is None else 'names'} of neurons of X, {what}, got "
        f"{short(item)}."
    )


def withhold(trials: TrialList, heldout: NDArray[np.int64], ahead: int) -> Recording:
    """Return inputs without some neurons, and all neurons `ahead` steps later as targets."""
    inputs, targets = [], []
    for number, array in enumerate(trials.arrays):
        if len(array) <= ahead:
            raise ValueError(
                f"ahead must be less than the number of steps of a trial, {len(array)} in trial "
                f"{number}, got {ahead}."
            )
        shown = array[: len(array) - ahead].copy()
        shown[:, heldout] = 0.0
        inputs.append(shown)
        targets.append(array[ahead:])
    return Recording(trials._replace(arrays=inputs), trials._replace(arrays=targets), heldout)
