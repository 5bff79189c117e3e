"""How large, how long, and to which densities: the settings of the study of pruning."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from sk_biornn.studies.dale.settings import ARMS, DaleArm, DalePreset
from sk_biornn.studies.dale.settings import FAIR as DALE_FAIR
from sk_biornn.studies.dale.settings import PAPER as DALE_PAPER
from sk_biornn.studies.dale.settings import QUICK as DALE_QUICK

# The fifteen densities of the published figure.
DENSITIES = (
    0.0,
    0.01,
    0.0862,
    0.1623,
    0.2385,
    0.3146,
    0.3908,
    0.4669,
    0.5431,
    0.6192,
    0.6954,
    0.7715,
    0.8477,
    0.9238,
    1.0,
)
METHODS = ("top-prob", "magnitude", "random")
# The formulas of the published figure, which keep more than they are asked to, zeros among it.
LEGACY, LEGACY_RANDOM = "top-prob-legacy", "random-legacy"
FINETUNED = 0.0862  # the density at which the original trains on


@dataclass(frozen=True)
class PruningPreset:
    """Settings of a study of pruning.

    Parameters
    ----------
    name : str
        Name on the command line.
    training : DalePreset
        The dense networks: their size, trials, epochs and number of simulations, as in the study
        of Dale's law.
    init : {"paper", "ours"}
        Initial weights of the dense networks.
    methods : tuple of str
        Who prunes: "top-prob", "magnitude" and "random", which keep as many weights as they are
        asked to; "top-prob-legacy" and "random-legacy", by the formulas of the published figure.
    densities : tuple of float
        Shares of all entries of the recurrent matrix that are kept.
    finetuned : tuple of float
        Those of the densities at which the pruned network is fine-tuned. At 1 it is the dense
        network, the control: dense, same number of epochs, with a new optimiser.
    finetune_iter : int
        Epochs of that training.

    Examples
    --------
    >>> from sk_biornn.studies import PRUNING_PRESETS
    >>> PRUNING_PRESETS["paper"].finetuned
    (0.0862, 1.0)
    """

    name: str
    training: DalePreset
    init: str
    methods: tuple[str, ...]
    densities: tuple[float, ...]
    finetuned: tuple[float, ...]
    finetune_iter: int

    @property
    def arm(self) -> DaleArm:
        """Return the arm of the study of Dale's law that the dense networks are."""
        return next(arm for arm in ARMS if arm.key == f"projection/{self.init}")

    def describe(self) -> dict[str, Any]:
        """Return the settings as JSON can hold them.

        Returns
        -------
        dict
            Every setting by name.

        Examples
        --------
        >>> from sk_biornn.studies import PRUNING_PRESETS
        >>> PRUNING_PRESETS["quick"].describe()["finetune_iter"]
        6
        """
        return {**dataclasses.asdict(self), "training": dataclasses.asdict(self.training)}


QUICK = PruningPreset(
    name="quick",
    training=dataclasses.replace(DALE_QUICK, n_simulations=2),
    init="ours",
    methods=METHODS,
    densities=(0.01, *DENSITIES[2::3]),
    finetuned=(FINETUNED, 1.0),
    finetune_iter=6,
)
PAPER = PruningPreset(
    name="paper",
    training=DALE_PAPER,
    init="paper",
    methods=(LEGACY, LEGACY_RANDOM, *METHODS),
    densities=DENSITIES,
    finetuned=(FINETUNED, 1.0),
    finetune_iter=40,
)
FAIR = PruningPreset(
    name="fair",
    training=DALE_FAIR,
    init="ours",
    methods=METHODS,
    densities=DENSITIES,
    finetuned=DENSITIES[1:],
    finetune_iter=10,
)
#: The presets of the study of pruning by name: `quick`, `paper`, `fair`.
PRESETS = {preset.name: preset for preset in (QUICK, PAPER, FAIR)}

# Mean test errors over 5 runs in the published figure, over DENSITIES; mean squared errors.
PUBLISHED = {
    ("flip-flop", LEGACY_RANDOM): (
        *(0.626, 0.624, 0.597, 0.580, 0.567, 0.551, 0.599, 0.512),
        *(0.494, 0.418, 0.462, 0.340, 0.199, 0.081, 0.0010),
    ),
    ("flip-flop", LEGACY): (
        *(0.626, 0.616, 0.703, 0.585, 0.594, 0.430, 0.238, 0.0946),
        *(0.0025, 0.0017, 0.0016, 0.0011, 0.0011, 0.0010, 0.0010),
    ),
    ("wave", LEGACY_RANDOM): (
        *(0.241, 0.238, 0.207, 0.184, 0.155, 0.127, 0.109, 0.0898),
        *(0.0786, 0.0490, 0.0319, 0.0240, 0.0134, 0.0109, 0.0063),
    ),
    ("wave", LEGACY): (
        *(0.241, 0.235, 0.178, 0.129, 0.100, 0.103, 0.119, 0.105),
        *(0.0562, 0.0308, 0.0186, 0.0104, 0.0075, 0.0064, 0.0063),
    ),
}
