"""What makes a network one of populations: blocks, channels and read-outs by population."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sk_biornn._plain import plain_frame, short
from sk_biornn.biology.connections import block_probabilities, draw_synapses
from sk_biornn.biology.populations import (
    check_populations,
    excitatory_inhibitory_populations,
    unit_index,
    unit_labels,
    unit_signs,
    unit_tau,
)
from sk_biornn.estimators._base import BaseRNN
from sk_biornn.estimators._population_arguments import (
    check_order,
    check_sizes,
    checked_rules,
    density_in_order,
)
from sk_biornn.estimators._population_table import table_of_signs
from sk_biornn.estimators._pruning import PruningPlan, pruning_plan
from sk_biornn.estimators._rules import Choice, Flag, check_rules
from sk_biornn.estimators._validation import Targets, Trials


@dataclass(kw_only=True, eq=False, repr=False)
class PopulationRNN(BaseRNN):
    """Adds a table of populations, and what follows from it, to the base."""

    populations: Any = None
    connection_probabilities: Any = None
    between_areas: Any = None
    input_mask: Any = "population"
    readout: str = "population"
    freeze_readout: bool = True

    _drawn = None  # bool (n_units, n_units): synapses that chance allows; None: all
    _drawn_with = None  # (n_populations, n_populations): their probabilities

    def recurrent_frame(self) -> pd.DataFrame:
        """Return the recurrent weights with the population of every unit.

        Returns
        -------
        DataFrame of shape (n_units, n_units)
            `W_rec_`, rows labelled "post" and columns labelled "pre" by names of populations.

        Raises
        ------
        NotFittedError
            If the network has not been fitted.
        """
        check_is_fitted(self, "W_rec_")
        labels = unit_labels(self.populations_)
        post, pre = pd.Index(labels, name="post"), pd.Index(labels, name="pre")
        return pd.DataFrame(self.W_rec_, index=post, columns=pre)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_rules(self, {"readout": Choice(("population", "dense")), "freeze_readout": Flag()})
        if isinstance(self.input_mask, str) and self.input_mask != "population":
            raise ValueError(
                f"input_mask must be 'population', None or an array, got {short(self.input_mask)}."
            )
        if self.populations is not None and self.signs is not None:
            raise ValueError(
                "signs must be None when populations is given, which has the signs, got both."
            )
        table = self._table()
        if self.populations is not None:
            check_sizes(self, table)
        if checked_rules(self.between_areas) or self.connection_probabilities is not None:
            if self.blocks is not None:
                raise ValueError(
                    "blocks must be None when connection_probabilities or between_areas is given, "
                    "whose blocks are the populations, got both."
                )

    # -------------------------------------------------------------- what the table says of units

    @property
    def _n_units(self) -> int:
        return self.n_units if self.populations is None else int(self._table()["n_units"].sum())

    def _table(self) -> pd.DataFrame:
        if self.populations is not None:
            return check_populations(self.populations)
        if self.signs is not None:
            return table_of_signs(super()._unit_signs())
        return excitatory_inhibitory_populations(self.n_units, self.excitatory_fraction)

    @property
    def _signs_are_given(self) -> bool:
        return super()._signs_are_given or self.populations is not None

    def _unit_signs(self) -> np.ndarray:
        return super()._unit_signs() if self.populations is None else unit_signs(self._table())

    def _time_constants(self) -> Any:
        if self.tau is not None or self.dt is None or self.populations is None:
            return self.tau
        return unit_tau(self._table())

    # -------------------------------------------------------------- synapses

    def _resolve_prior(self, resume: bool) -> None:
        super()._resolve_prior(resume)
        self.populations_ = self._table()
        self._draw_synapses(resume)
        if self.pruning is None and self._drawn is not None:
            if self._drawn.shape == self.mask_.shape:  # others are refused later
                self.mask_ &= self._drawn

    def _block_probabilities(self):
        """Return densities and probabilities of the blocks, or None where none are given."""
        rules = checked_rules(self.between_areas)
        if self.connection_probabilities is None and not rules:
            return None
        return block_probabilities(self.populations_, self.connection_probabilities, rules)

    def _draw_synapses(self, resume: bool) -> None:
        """Draw the synapses between areas and, when no pruning follows, within them.

        A fit that goes on keeps the earlier draw, unless the probabilities are others now.
        """
        blocks, probabilities = self._block_probabilities(), None
        if blocks is not None and self.pruning is None:
            probabilities = blocks.density + blocks.random
        elif blocks is not None:
            probabilities = np.where(blocks.random > 0, blocks.random, 1.0)
        if resume and _equal(probabilities, self._drawn_with):
            return
        self._drawn_with, self._drawn = probabilities, None
        if probabilities is not None:
            self._drawn = draw_synapses(self.populations_, probabilities, self._rng)

    def _pruning_plan(self) -> PruningPlan | None:
        density, blocks = self._target_density(), self.blocks
        of_populations = self.populations is not None or np.shape(density) != (2, 2)
        if blocks is None and np.ndim(density) == 2 and of_populations:
            blocks = unit_index(self.populations_)
            if len(density) != len(self.populations_):
                raise ValueError(
                    "density must be a number or have a row and a column for each of the "
                    f"{len(self.populations_)} populations, got shape {np.shape(density)}."
                )
        return pruning_plan(self, density, blocks, self._drawn)

    def _target_density(self) -> Any:
        """Return the density of the whole, or of the blocks; between areas all drawn synapses."""
        density, blocks = self.density, self._block_probabilities()
        if self.pruning is None:
            return density
        density = plain_frame(density)
        if isinstance(density, pd.DataFrame):
            density = density_in_order(self.populations_["population"], density)
        if blocks is None and density is None:
            raise ValueError(
                "density or connection_probabilities must be given when pruning is, got neither."
            )
        if blocks is None:
            return density
        if self.connection_probabilities is not None and density is not None:
            raise ValueError(
                "density must be None when connection_probabilities is given, which has the "
                "densities, got both."
            )
        within = blocks.density if density is None else np.asarray(density) * blocks.density
        return np.where(blocks.random > 0, 1.0, within)

    # -------------------------------------------------------------- channels and outputs

    def _allowed_inputs(self) -> np.ndarray | None:
        if not isinstance(self.input_mask, str):
            return super()._allowed_inputs()
        if self.populations is None:
            return None
        self._check_one_each(
            "X", "channel", self.n_features_in_, "input_mask='population'", "input_mask=None"
        )
        check_order("X", "channel", getattr(self, "feature_names_in_", None), self.populations_)
        return unit_index(self.populations_)[:, None] == np.arange(self.n_features_in_)

    def _allowed_readout(self, n_outputs: int) -> np.ndarray | None:
        mask = super()._allowed_readout(n_outputs)
        if self.populations is None or self.readout == "dense":
            return mask
        self._check_one_each("y", "output", n_outputs, "readout='population'", "readout='dense'")
        own = np.arange(n_outputs)[:, None] == unit_index(self.populations_)
        return own if mask is None else own & mask

    def _check_targets(self, y: Any, *arguments: Any, **options: Any) -> Targets:
        targets = super()._check_targets(y, *arguments, **options)
        names = list(getattr(y, "columns", ()))
        if self.populations is not None and self.readout == "population":
            if len(names) == len(self._table()):
                check_order("y", "output", names, self._table())
        return targets

    def _check_one_each(self, name: str, what: str, found: int, because: str, else_: str) -> None:
        names = self.populations_["population"].tolist()
        if found != len(names):
            raise ValueError(
                f"{name} must have one {what} per population with {because}, {len(names)} "
                f"({', '.join(names)}), got {found}; {else_} takes any number."
            )

    def _trainable(self) -> tuple[str, ...]:
        every = super()._trainable()
        return every[:-2] if self.freeze_readout else every  # w_out and b_out are the last

    def _draw_weights(self, trials: Trials, targets: Targets) -> dict[str, np.ndarray]:
        """Scale the read-out of a population to its own number of units."""
        weights = super()._draw_weights(trials, targets)
        if self.populations is None or self.readout == "dense":
            return weights
        sizes, n_units = self.populations_["n_units"].to_numpy(), self._n_units
        scale = np.sqrt(n_units / sizes)
        if self.feedforward_init == "glorot_uniform":
            scale = np.sqrt((n_units + len(sizes)) / (sizes + 1))
        scale = scale.astype(trials.x.dtype)
        return {
            **weights,
            "w_out": weights["w_out"] * scale[:, None],
            "b_out": weights["b_out"] * scale,
        }


def _equal(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    return a is b if a is None or b is None else np.array_equal(a, b)
