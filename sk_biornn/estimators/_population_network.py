"""What makes a network one of populations: blocks, channels and read-outs by population."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._plain import plain_frame, short
from sk_biornn.biology._population_units import index_of_checked, signs_of_checked
from sk_biornn.biology.connections import (
    BlockProbabilities,
    block_probabilities,
    draw_synapses,
)
from sk_biornn.biology.populations import (
    check_populations,
    excitatory_inhibitory_populations,
    unit_labels,
    unit_tau,
)
from sk_biornn.estimators._base import BaseRNN
from sk_biornn.estimators._circuit import Circuit, Size, Units
from sk_biornn.estimators._fitted import FittedPopulations
from sk_biornn.estimators._population_arguments import (
    check_order,
    check_sizes,
    checked_rules,
    density_in_order,
)
from sk_biornn.estimators._population_table import table_of_signs
from sk_biornn.estimators._pruning import PruningPlan, pruning_plan
from sk_biornn.estimators._rules import Choice, Flag, check_rules
from sk_biornn.estimators._state import FitState
from sk_biornn.units.order import UnitOrder


@dataclass(kw_only=True, eq=False, repr=False)
class PopulationRNN(FittedPopulations, BaseRNN):
    """Adds a table of populations, and what follows from it, to the base."""

    populations: Any = None
    connection_probabilities: Any = None
    between_areas: Any = None
    input_mask: Any = "population"
    readout: str = "population"
    freeze_readout: bool = True

    def _unit_labels(self) -> Sequence[Any]:
        """Return the population of each unit where nothing names the units themselves."""
        names = self.unit_names_
        return unit_labels(self.populations_).tolist() if names is None else names

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_rules(self, {"readout": Choice(("population", "dense")), "freeze_readout": Flag()})
        words = ("population", "observed") if self._has_observed() else ("population",)
        if isinstance(self.input_mask, str) and self.input_mask not in words:
            raise ValueError(
                f"input_mask must be {' or '.join(map(repr, words))}, None or an array, got "
                f"{short(self.input_mask)}."
            )
        if self.populations is not None and self.signs is not None:
            raise ValueError(
                "signs must be None when populations is given, which has the signs, got both."
            )
        if checked_rules(self.between_areas) or self.connection_probabilities is not None:
            if self.blocks is not None:
                raise ValueError(
                    "blocks must be None when connection_probabilities or between_areas is given, "
                    "whose blocks are the populations, got both."
                )

    # -------------------------------------------------------------- what the table says of units

    def _units(self, earlier: UnitOrder | None = None) -> Units:
        """Return the units of the table, which is checked here and nowhere else in a fit."""
        if self.populations is None:
            units = super()._units(earlier)
            if not units.are_given:
                table = excitatory_inhibitory_populations(self.n_units, self.excitatory_fraction)
            else:
                table = table_of_signs(units.signs)
            return units._replace(populations=table)
        table = check_populations(self.populations)
        check_sizes(self, table)
        return Units(signs_of_checked(table), True, table, self._unit_order(earlier))

    def _time_constants(self, populations: Any = None) -> Any:
        if self.tau is not None or self.dt is None or self.populations is None:
            return self.tau
        return unit_tau(populations)

    def _has_time_constants(self) -> bool:
        if self.tau is not None or self.dt is None or self.populations is None:
            return self.tau is not None
        # `unit_tau` refuses a table that has none.
        return not self._uses_dt() or "tau" in getattr(plain_frame(self.populations), "columns", ())

    # -------------------------------------------------------------- synapses

    def _make_circuit(
        self, size: Size, generator: np.random.Generator, earlier: FitState | None
    ) -> Circuit:
        """Add the synapses that chance allows: between areas and, when no pruning follows, within.

        A fit that goes on keeps the earlier draw, unless the probabilities are others now.
        """
        circuit = super()._make_circuit(size, generator, earlier)
        self.populations_ = circuit.table
        probabilities = self._probabilities(circuit.table)
        drawn = None
        if earlier is not None and _equal(probabilities, earlier.circuit.drawn_with):
            drawn = earlier.circuit.drawn
        elif probabilities is not None:
            drawn = draw_synapses(circuit.table, probabilities, generator)
        circuit = replace(circuit, drawn=drawn, drawn_with=probabilities)
        return circuit.without(drawn) if drawn is not None and self.pruning is None else circuit

    def _probabilities(self, table: pd.DataFrame) -> np.ndarray | None:
        """Return the probability of a synapse, per pair of populations; None without chance."""
        blocks = self._block_probabilities(table)
        if blocks is None:
            return None
        if self.pruning is None:
            return blocks.density + blocks.random
        return np.where(blocks.random > 0, blocks.random, 1.0)

    def _block_probabilities(self, table: pd.DataFrame) -> BlockProbabilities | None:
        """Return densities and probabilities of the blocks, or None where none are given."""
        rules = checked_rules(self.between_areas)
        if self.connection_probabilities is None and not rules:
            return None
        return block_probabilities(table, self.connection_probabilities, rules)

    def _pruning_plan(self, circuit: Circuit) -> PruningPlan | None:
        table = circuit.table
        density, blocks = self._target_density(table), self.blocks
        of_populations = self.populations is not None or np.shape(density) != (2, 2)
        if blocks is None and np.ndim(density) == 2 and of_populations:
            blocks = index_of_checked(table)
            if len(density) != len(table):
                raise ValueError(
                    "density must be a number or have a row and a column for each of the "
                    f"{len(table)} populations, got shape {np.shape(density)}."
                )
        return pruning_plan(
            self,
            circuit,
            density,
            blocks,
            synapses=circuit.drawn,
            by_population=self.blocks is None,
        )

    def _target_density(self, table: pd.DataFrame) -> Any:
        """Return the density of the whole, or of the blocks; between areas all drawn synapses."""
        density, blocks = self.density, self._block_probabilities(table)
        if self.pruning is None:
            return density
        density = plain_frame(density)
        if isinstance(density, pd.DataFrame):
            density = density_in_order(table["population"], density)
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

    def _allowed_inputs(self, n_features: int, units: Units) -> np.ndarray | None:
        if not isinstance(self.input_mask, str) or self.input_mask != "population":
            return super()._allowed_inputs(n_features, units)
        if self.populations is None:
            return None
        table = units.table
        else_ = "input_mask='observed'" if self._has_observed() else "input_mask=None"
        _check_one_each(table, "X", "channel", n_features, "input_mask='population'", else_)
        check_order("X", "channel", getattr(self, "feature_names_in_", None), table)
        return index_of_checked(table)[:, None] == np.arange(n_features)

    def _allowed_readout(self, n_outputs: int, units: Units) -> np.ndarray | None:
        mask = super()._allowed_readout(n_outputs, units)
        if not self._reads_populations():
            return mask
        table = units.table
        _check_one_each(table, "y", "output", n_outputs, "readout='population'", "readout='dense'")
        check_order("y", "output", getattr(self, "output_names_", None), table)
        own = np.arange(n_outputs)[:, None] == index_of_checked(table)
        return own if mask is None else own & mask

    def _reads_populations(self) -> bool:
        """Whether output k reads population k."""
        of_table = self.populations is not None and self.readout == "population"
        return of_table and not self._has_observed()

    def _frozen(self) -> tuple[str, ...]:
        frozen = super()._frozen()
        is_frozen = self.freeze_readout and not self._has_observed()
        return (*frozen, "W_out", "b_out") if is_frozen else frozen

    def _draw_weights(
        self, circuit: Circuit, size: Size, generator: np.random.Generator, dtype: Any
    ) -> dict[str, np.ndarray]:
        """Scale the read-out of a population to its own number of units."""
        weights = super()._draw_weights(circuit, size, generator, dtype)
        if not self._reads_populations():
            return weights
        sizes, n_units = circuit.table["n_units"].to_numpy(), circuit.n_units
        # From +-1 / sqrt(n_units) to +-1 / sqrt(size); Keras' bound counts outputs too, here one.
        scale = np.sqrt(n_units / sizes)
        if self.feedforward_init == "glorot_uniform":
            scale = np.sqrt((n_units + len(sizes)) / (sizes + 1))
        scale = scale.astype(dtype)
        return {
            **weights,
            "w_out": weights["w_out"] * scale[:, None],
            "b_out": weights["b_out"] * scale,
        }


def _check_one_each(
    table: pd.DataFrame, name: str, what: str, found: int, because: str, else_: str
) -> None:
    names = table["population"].tolist()
    if found != len(names):
        raise ValueError(
            f"{name} must have one {what} per population with {because}, {len(names)} "
            f"({', '.join(names)}), got {found}; {else_} takes any number."
        )


def _equal(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    return a is b if a is None or b is None else np.array_equal(a, b)
