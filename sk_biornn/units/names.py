"""Names of layers, cell types and populations: one spelling for the many in use."""

from __future__ import annotations

import re
from collections.abc import Iterable

CELL_TYPES = {name.casefold(): name for name in ("Pyr", "SST", "VIP", "PV")}
# The gene and its protein; Htr3a is no other name of VIP, whose cells are some of its cells.
CELL_TYPES |= dict.fromkeys(("pvalb", "parvalbumin"), "PV")
# What the transmitter of a type implies for all its synapses (Dale's law).
SIGN_OF_CELL_TYPE = {"Pyr": 1, "SST": -1, "VIP": -1, "PV": -1}


def cell_type_name(name: object) -> str:
    """'ViP' -> 'VIP', 'Pvalb' -> 'PV'; a type that is not known stays as it is written."""
    text = str(name).strip()
    return CELL_TYPES.get(text.casefold(), text)


def layer_name(name: object) -> str:
    """'L23', 'l2/3', '2/3', 'layer 2/3' -> 'L2/3'; what is no layer number stays as it is."""
    text = str(name).strip()
    match = re.fullmatch(r"(?:layer|l)?\s*(\d)(?:/?(\d))?", text, flags=re.IGNORECASE)
    return text if match is None else "L" + "/".join(digit for digit in match.groups() if digit)


def population_name(area: object, layer: object, cell_type: object) -> str:
    """('V1', 'L2/3', 'Pyr') -> 'V1_L23_pyr', as the paper's files are called; None is left out."""
    parts = (
        None if area is None else str(area).strip(),
        None if layer is None else layer_name(layer).replace("/", ""),
        None if cell_type is None else cell_type_name(cell_type).lower(),
    )
    return "_".join(part for part in parts if part)


def name_key(name: object) -> str:
    """Return what two spellings of one name share: 'V1 L2/3: Pyr' -> 'v1_l23_pyr'."""
    return re.sub(r"[\s:_-]+", "_", str(name).strip().replace("/", "").casefold())


def listed(names: Iterable[object], limit: int = 3) -> str:
    """Return the first few of some names, for a message."""
    texts = [str(name) for name in names]
    more = f" and {len(texts) - limit} more" if len(texts) > limit else ""
    return ", ".join(texts[:limit]) + more
