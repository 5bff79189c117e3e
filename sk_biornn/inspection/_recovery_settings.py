"""What a network is told of a known circuit before it is fitted: the settings of the benchmark."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from sk_biornn._plain import short
from sk_biornn._vocabulary import Vocabulary
from sk_biornn.inspection._known_circuit import KnownCircuit

Arguments = Callable[[KnownCircuit], dict[str, Any]]


class RecoverySetting(NamedTuple):
    """One row of the table of settings."""

    name: str
    arguments: Arguments
    formula: str  # the arguments in short
    meaning: str


def common_arguments(circuit: KnownCircuit) -> dict[str, Any]:
    """Return what every setting is told: sizes, time constants, and who is recorded."""
    recorded = np.zeros((len(circuit.observed), circuit.n_units), dtype=bool)
    recorded[np.arange(len(circuit.observed)), circuit.observed] = True
    return {
        "n_units": circuit.n_units,
        "autapses": False,
        "activation": "tanh",
        "rectify": True,
        "readout_from": "rate",
        "readout_mask": recorded,
        "readout_signs": np.ones(circuit.n_units),
        "dt": circuit.dt,
        "tau": circuit.tau,
    }


def _free(circuit: KnownCircuit) -> dict[str, Any]:
    return {"dale": None}


def _dale(circuit: KnownCircuit) -> dict[str, Any]:
    return {"signs": circuit.signs}


def _densities(circuit: KnownCircuit) -> dict[str, Any]:
    names = list(circuit.probabilities.index)
    return {
        "signs": circuit.signs,
        "recurrent_init": "balanced",  # many small weights, of which enough can be kept
        "pruning": "top-prob",
        "blocks": np.array([names.index(name) for name in circuit.types]),
        "density": circuit.probabilities.to_numpy(),
    }


def _wiring(circuit: KnownCircuit) -> dict[str, Any]:
    return {"signs": circuit.signs, "mask": circuit.connectome != 0}


def _time_constants(circuit: KnownCircuit) -> dict[str, Any]:
    """Have the types share time constants that start in the middle, on a scale of ratios."""
    names, firsts = np.unique(circuit.types.astype(str), return_index=True)
    middle = float(np.exp(np.log(circuit.tau[firsts]).mean()))
    return {
        "blocks": np.searchsorted(names, circuit.types.astype(str)),
        "learn_tau": "type",
        "tau": np.full(circuit.n_units, middle),
    }


def _wiring_and_tau(circuit: KnownCircuit) -> dict[str, Any]:
    return {**_wiring(circuit), **_time_constants(circuit)}


def _connectome(circuit: KnownCircuit) -> dict[str, Any]:
    return {**_wiring(circuit), "recurrent_init": circuit.connectome}


def _physiology(circuit: KnownCircuit) -> dict[str, Any]:
    arguments = {**_wiring(circuit), **_time_constants(circuit)}
    return {
        **arguments,
        "recurrent_init": circuit.connectome,
        "plasticity": "type_gains",
    }


SETTINGS = Vocabulary(
    RecoverySetting("free", _free, "dale=None", "weights of any sign between all pairs"),
    RecoverySetting("Dale", _dale, "signs=", "the sign of each unit is known"),
    RecoverySetting(
        "densities",
        _densities,
        "signs=, blocks=, density=, pruning='top-prob', recurrent_init='balanced'",
        "and the share of connected pairs, type by type",
    ),
    RecoverySetting("wiring", _wiring, "signs=, mask=", "and who is connected with whom"),
    RecoverySetting(
        "wiring, not tau",
        _wiring_and_tau,
        "signs=, mask=, blocks=, learn_tau='type'",
        "the same, but the time constants are not known: one per type is learned",
    ),
    RecoverySetting(
        "connectome",
        _connectome,
        "signs=, mask=, recurrent_init=",
        "and the number of contacts, from which every weight starts",
    ),
    RecoverySetting(
        "physiology",
        _physiology,
        "signs=, mask=, recurrent_init=, blocks=, plasticity='type_gains', learn_tau='type'",
        "contacts and cell types are known; a gain per pair of types, time constants per type, "
        "inputs and biases are learned",
    ),
)


def settings_of(settings: Any) -> dict[str, Arguments]:
    """Return the settings by name, from None (all), words, or a mapping of own ones."""
    if settings is None:
        settings = list(SETTINGS)
    if isinstance(settings, str):
        settings = [settings]
    if isinstance(settings, Mapping):
        for name, arguments in settings.items():
            if not callable(arguments):
                raise TypeError(
                    "settings must map names to functions of a circuit that return arguments of "
                    f"the estimator, got {short(arguments)} for {name!r}."
                )
        found = dict(settings)
    else:
        for name in settings:
            if name not in SETTINGS:
                raise ValueError(f"settings must be among {list(SETTINGS)}, got {name!r}.")
        found = {name: SETTINGS[name].arguments for name in settings}
    if not found:
        raise ValueError("settings must have at least one, got none.")
    return found
