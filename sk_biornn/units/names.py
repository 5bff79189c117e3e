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
    """Return the one spelling of a cell type.

    Parameters
    ----------
    name : object
        Name of the type as it is written somewhere; numbers are taken as text.

    Returns
    -------
    str
        "Pyr", "SST", "VIP" or "PV"; a type that is not known stays as it is written.

    Examples
    --------
    >>> [cell_type_name(name) for name in ("ViP", "Pvalb", "Lamp5")]
    ['VIP', 'PV', 'Lamp5']
    """
    text = str(name).strip()
    return CELL_TYPES.get(text.casefold(), text)


def layer_name(name: object) -> str:
    """Return the one spelling of a cortical layer.

    Parameters
    ----------
    name : object
        Name or number of the layer as it is written somewhere.

    Returns
    -------
    str
        "L4", "L2/3" and so on; what is no layer number stays as it is written.

    Examples
    --------
    >>> [
    ...     layer_name(name)
    ...     for name in ("L23", "l2/3", "2/3", "layer 2/3", 4, "CA1")
    ... ]
    ['L2/3', 'L2/3', 'L2/3', 'L2/3', 'L4', 'CA1']
    """
    text = str(name).strip()
    match = re.fullmatch(r"(?:layer|l)?\s*(\d)(?:/?(\d))?", text, flags=re.IGNORECASE)
    return text if match is None else "L" + "/".join(digit for digit in match.groups() if digit)


def population_name(area: object, layer: object, cell_type: object) -> str:
    """Return the name of a population by where it is and what it is made of.

    The names are those of the files of the published cell-type networks [1]_.

    Parameters
    ----------
    area : object or None
        Name of the area; None is left out, here and below.
    layer : object or None
        Name of the layer, in any spelling.
    cell_type : object or None
        Name of the cell type, in any spelling.

    Returns
    -------
    str
        The parts that are given, joined by underscores.

    References
    ----------
    .. [1] A. Balwani, A. Q. Wang, F. Najafi, H. Choi, "Constructing biologically constrained RNNs
       via Dale's backpropagation and topologically informed pruning", Science Advances, 2025.
       doi:10.1126/sciadv.adw4970

    Examples
    --------
    >>> population_name("V1", "L2/3", "Pyr")
    'V1_L23_pyr'
    >>> population_name("LM", None, "Vip")
    'LM_vip'
    """
    parts = (
        None if area is None else str(area).strip(),
        None if layer is None else layer_name(layer).replace("/", ""),
        None if cell_type is None else cell_type_name(cell_type).lower(),
    )
    return "_".join(part for part in parts if part)


def name_key(name: object) -> str:
    """Return what two spellings of one name share: 'V1 L2/3: Pyr' -> 'v1_l23_pyr'."""
    return re.sub(r"[\s:_-]+", "_", str(name).strip().replace("/", "").casefold())


def name_words(name: str) -> list[str]:
    """Return the words of a name in small letters: "Pre_pt-rootId" as pre, pt, root, id."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
    return [word for word in re.split(r"[\W_]+", spaced) if word]


def listed(names: Iterable[object], limit: int = 3) -> str:
    """Return the first few of some names, for a message."""
    texts = [str(name) for name in names]
    more = f" and {len(texts) - limit} more" if len(texts) > limit else ""
    return ", ".join(texts[:limit]) + more
