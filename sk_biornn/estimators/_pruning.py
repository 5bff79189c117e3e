"""What the pruning arguments mean: who prunes, to which density, in how many steps."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn import _structure
from sk_biornn._plain import plain_frame, short
from sk_biornn._sparse import is_sparse
from sk_biornn.biology._blocks import block_densities, check_densities, synapse_densities
from sk_biornn.biology.pruning import PRUNERS, Pruner
from sk_biornn.estimators._circuit import Circuit
from sk_biornn.estimators._parameters import RNNParameters


class DensityWarning(UserWarning):
    """A network has fewer weights than pruning was asked to keep."""


@dataclass(frozen=True, eq=False)
class PruningPlan:
    """Who prunes, to which density, of which blocks, and whether in one step or along a curve."""

    pruner: Pruner
    density: NDArray[np.float64]  # a number, or (n_blocks, n_blocks)
    blocks: NDArray[np.intp] | None
    gradual: bool
    synapses: NDArray[np.bool_] | None = None  # those that may be kept at all; None: every one
    by_population: bool = False  # whether blocks are the populations

    def prune(
        self, W: np.ndarray, density: Any, mask: np.ndarray, rng: np.random.Generator
    ) -> tuple[NDArray[np.bool_], Any]:
        """Return the synapses that stay, and the share of all entries that they are.

        `W` is a matrix, or values of synapses where `mask` is sparse.
        """
        if is_sparse(mask):
            return self._prune_synapses(W, density, mask, rng)
        mask = mask if self.synapses is None else mask & self.synapses
        kept, achieved = self.pruner.prune(
            W, density, mask=mask, blocks=self.blocks, random_state=rng
        )
        kept = np.asarray(kept)
        if kept.shape != W.shape or kept.dtype != bool:
            raise ValueError(
                "pruning must have a method prune that returns which synapses stay, bool of shape "
                f"{W.shape}, and their share, got {kept.dtype} of shape {kept.shape}."
            )
        return kept, achieved

    def _prune_synapses(
        self, values: np.ndarray, density: Any, structure: Any, rng: np.random.Generator
    ) -> tuple[NDArray[np.bool_], Any]:
        pruner: Any = self.pruner
        kept, achieved = pruner.prune_synapses(
            values,
            density,
            post=_structure.posts_of(structure),
            pre=_structure.pres_of(structure),
            n_units=structure.shape[0],
            blocks=self.blocks,
            random_state=rng,
        )
        kept = np.asarray(kept)
        if kept.shape != values.shape or kept.dtype != bool:
            raise ValueError(
                "pruning must have a method prune_synapses that returns which synapses stay, bool "
                f"of shape {values.shape}, and their share, got {kept.dtype} of shape {kept.shape}."
            )
        return kept, achieved

    def densities(self, there: np.ndarray, mask: Any) -> Any:
        """Return the share of entries that are there, per block; of a matrix, or of synapses."""
        if not is_sparse(mask):
            return block_densities(there, self.density, self.blocks)
        ends = _structure.posts_of(mask), _structure.pres_of(mask)
        return synapse_densities(there, self.density, self.blocks, *ends, mask.shape[0])

    def rehearse(self, W: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> None:
        """Have the user's own object prune once, so that it fails before the training."""
        if self.pruner not in [word.make() for word in PRUNERS.values()]:
            self.prune(W, self.density, mask, copy.deepcopy(rng))

    def density_after(self, epoch: int, n_epochs: int, start: Any) -> NDArray[np.float64]:
        """Return the density after an epoch (from 1): d + (start - d) (1 - epoch / n_epochs)^3."""
        # Zhu and Gupta (2017): fast while much can go, slow towards the end. Never upwards.
        above = np.maximum(start - self.density, 0.0)
        return self.density + above * (1 - epoch / n_epochs) ** 3

    @property
    def goal(self) -> tuple[Any, ...]:
        """What a fit that is continued compares with the earlier one's."""
        blocks = None if self.blocks is None else self.blocks.tolist()
        synapses = None if self.synapses is None else np.packbits(self.synapses).tobytes()
        return self.pruner, self.density.tolist(), blocks, synapses


def pruning_plan(
    parameters: RNNParameters,
    circuit: Circuit,
    density: Any,
    blocks: Any,
    *,
    synapses: Any = None,
    by_population: bool = False,
) -> PruningPlan | None:
    """Return what the arguments ask for, or None without pruning; refuse what does not fit."""
    asked = parameters.pruning
    blocks = circuit.order.arranged(blocks, "blocks", (0,))
    if asked is None:
        if density is not None:
            raise ValueError(
                "pruning must be given when density is, got pruning=None with "
                f"density={short(density)}."
            )
        of_types = parameters.plasticity == "type_gains" or parameters.learn_tau == "type"
        if blocks is not None and not of_types:
            raise ValueError(
                "pruning must be given when blocks is, got None; of types, which are blocks too, "
                "plasticity='type_gains' and learn_tau='type' ask."
            )
        return None
    if density is None:
        raise ValueError(
            f"density must be given when pruning is, got None with pruning={short(asked)}."
        )
    if isinstance(plain_frame(density), pd.DataFrame):
        raise TypeError(
            "density must be a number or an array in the order of the blocks, got a DataFrame, "
            "whose labels say nothing here; pass its to_numpy()."
        )
    if blocks is None and np.shape(density) == (2, 2):
        blocks = _excitatory_and_inhibitory(circuit.unit_signs)
    target = check_densities(density, blocks, circuit.n_units)
    blocks = None if blocks is None else np.asarray(blocks).astype(np.intp)
    pruner = PRUNERS[asked].make() if isinstance(asked, str) else asked
    gradual = parameters.pruning_schedule == "cubic"
    return PruningPlan(pruner, target, blocks, gradual, synapses, by_population)


def _excitatory_and_inhibitory(signs: np.ndarray) -> NDArray[np.intp]:
    if (signs == 0).any():
        raise ValueError(
            "blocks must say the block of each unit when density is a matrix and signs has units "
            "of sign 0, got None."
        )
    return (signs < 0).astype(np.intp)
