"""Order and selection of the neurons, and what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sk_biornn.datasets.connectomes._neurons import aligned, is_missing, names_beyond
from sk_biornn.datasets.connectomes._wiring import Wiring, kept
from sk_biornn.units.connectome import Connectome
from sk_biornn.units.names import listed

FACTS = ("signs", "positions", "types")


def connectome_of(
    wiring: Wiring, asked: list[str] | None, given: Mapping[str, Any], sparse: str | bool = "auto"
) -> tuple[Connectome, list[str]]:
    """Bring all that is known into one order; say also what had to be left out."""
    own, names = _own_and_asked(wiring, asked)
    places = _places(names, own, wiring.where)
    known, left_out = _complete(wiring, places, given)
    has_order = wiring.has_order or asked is not None
    for fact, value in given.items():
        if value is not None:
            known[fact] = aligned(fact, value, names, has_order)
    if asked is None:
        left_out += _notes_of_others(wiring, given, names)
    whole = places == list(range(len(own)))
    weights = wiring.weights if whole else wiring.weights[places][:, places]
    return Connectome(kept(weights, sparse, wiring.where), tuple(names), **known), left_out


def _notes_of_others(wiring: Wiring, given: Mapping[str, Any], names: list[str]) -> list[str]:
    """Say which neurons are given facts by name, but are none of the source."""
    facts_of: dict[tuple[str, ...], list[str]] = {}
    for fact, value in given.items():
        if others := names_beyond(fact, value, names):
            facts_of.setdefault(others, []).append(fact)
    way = "names= with all that are known makes units without connections of these"
    way = "names= chooses those that are meant" if wiring.has_order else way
    return [
        f"{', '.join(facts)} of {len(others)} neuron{'s' * (len(others) != 1)} are left out, since "
        f"{wiring.where} has none of {'this name' if len(others) == 1 else 'these names'} "
        f"({listed(others)}); {way}."
        for others, facts in facts_of.items()
    ]


def _own_and_asked(wiring: Wiring, asked: list[str] | None) -> tuple[list[str], list[str]]:
    """Return names in the order of the weights, and those to return, which name what has none."""
    n_units = wiring.weights.shape[0]
    own = wiring.names if wiring.names is not None else asked
    if own is None:
        own = [str(number) for number in range(n_units)]
    if len(own) != n_units:
        raise ValueError(
            f"names must name every row of {wiring.where}, {n_units} in all, got {len(own)}."
        )
    return own, own if asked is None else asked


def _places(names: list[str], own: list[str], where: str) -> list[int]:
    place = {name: number for number, name in enumerate(own)}
    unknown = [name for name in names if name not in place]
    if unknown:
        raise ValueError(
            f"names must be names of neurons in {where}, such as {listed(own)}, got "
            f"{listed(unknown)}."
        )
    return [place[name] for name in names]


def _complete(
    wiring: Wiring, places: list[int], given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Facts of the source that are known of all chosen neurons, and which others are not."""
    known, left_out = {}, []
    for fact, values in wiring.known.items():
        chosen = [values[place] for place in places]
        n_missing = sum(map(is_missing, chosen))
        if n_missing == 0:
            known[fact] = chosen
        elif n_missing < len(chosen) and given[fact] is None:
            left_out.append(
                f"{fact} of {wiring.where} are left out: {n_missing} of {len(chosen)} neurons have "
                f"none; give them with {fact}=."
            )
    return known, left_out
