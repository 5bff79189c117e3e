"""How large, how long, on which data: the settings of the study of cell types."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

CONDITIONS = (
    "familiar_change",
    "familiar_no_change",
    "familiar_omission",
    "novel_change",
    "novel_no_change",
    "novel_omission",
)
# Pairs that the original compares, always the second minus the first.
PAIRS = (
    ("familiar_no_change", "familiar_change"),
    ("familiar_no_change", "familiar_omission"),
    ("familiar_change", "familiar_omission"),
    ("novel_no_change", "novel_change"),
    ("novel_no_change", "novel_omission"),
    ("novel_change", "novel_omission"),
    ("familiar_no_change", "novel_no_change"),
    ("familiar_change", "novel_change"),
    ("familiar_omission", "novel_omission"),
)
DENSE_SAME_EPOCHS = "dense, same epochs"
ARMS = ("dale", "unconstrained", DENSE_SAME_EPOCHS)
WINDOWS = ("full", "post")


@dataclass(frozen=True)
class CellTypePreset:
    """Settings of a study of cell types.

    Parameters
    ----------
    name : str
        Name on the command line.
    scaling : int
        Units per VIP population; SST have twice and Pyr twelve times as many, 90 times this in all.
    conditions : tuple of str
        Which activity is learnt, "familiar_change" and so on.
    n_simulations : int
        Networks per condition and model.
    arms : tuple of str
        Models that are compared. "dale" is trained densely, pruned to the connection
        probabilities and fine-tuned; "unconstrained" is the same without Dale's law; "dense, same
        epochs" is not pruned, and trained for the same number of epochs, with a new optimiser too.
    max_iter, finetune_iter : int
        Epochs before and after pruning.
    window : {"full", "post"}
        All 15 steps, or the 7 from one before the event.
    batch_size : int
        Samples per step.
    learning_rate : float
        Of Adam at the start; it falls to a tenth and rises again every 20 epochs.
    n_samples, n_test_samples : int
        Averages of 100 rows to train and to test on.
    published : bool
        As published: samples are not split, so that test and training are the same; the filter
        looks ahead; every unit sees every channel and has no bias; Adam's momentum is kept where
        Dale's law stops a weight; the pruning formula (``TopProbPruning(legacy="cell-types")``)
        keeps more than it is asked to; and every network learns the same samples. False: repaired,
        with biases of the units, and every simulation has rows of its own.

    Examples
    --------
    >>> from sk_biornn.studies import CELL_TYPE_PRESETS
    >>> CELL_TYPE_PRESETS["quick"].n_units
    360
    """

    name: str
    scaling: int
    conditions: tuple[str, ...]
    n_simulations: int
    arms: tuple[str, ...]
    max_iter: int
    finetune_iter: int
    window: str
    batch_size: int = 200
    learning_rate: float = 1e-3
    n_samples: int = 2000
    n_test_samples: int = 500
    published: bool = False

    @property
    def n_units(self) -> int:
        """Return the number of units: two areas of three layers of 15 times `scaling`."""
        return 90 * self.scaling

    def describe(self) -> dict[str, Any]:
        """Return the settings as JSON can hold them.

        Returns
        -------
        dict
            Every setting by name.

        Examples
        --------
        >>> from sk_biornn.studies import CELL_TYPE_PRESETS
        >>> CELL_TYPE_PRESETS["fair"].describe()["window"]
        'full'
        """
        return dataclasses.asdict(self)


QUICK = CellTypePreset(
    name="quick",
    scaling=4,
    conditions=("familiar_change", "familiar_omission"),
    n_simulations=3,
    arms=ARMS,
    max_iter=70,
    finetune_iter=50,
    window="full",
    batch_size=50,
    learning_rate=5e-3,
    n_samples=300,
    n_test_samples=200,
)
PAPER = CellTypePreset(
    name="paper",
    scaling=16,
    conditions=CONDITIONS,
    n_simulations=5,
    arms=("dale", "unconstrained"),
    max_iter=70,
    finetune_iter=50,
    window="full",
    published=True,
)
FAIR = CellTypePreset(
    name="fair",
    scaling=16,
    conditions=CONDITIONS,
    n_simulations=10,
    arms=ARMS,
    max_iter=70,
    finetune_iter=50,
    window="full",
)
#: The presets of the study of cell types by name: `quick`, `paper`, `fair`.
PRESETS = {preset.name: preset for preset in (QUICK, PAPER, FAIR)}
