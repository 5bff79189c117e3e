"""Connection probabilities between cell types of the cortex: a published table, and one's own."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from sk_biornn._checks import check_choice, check_number
from sk_biornn._plain import short
from sk_biornn.datasets._text_numbers import text_numbers
from sk_biornn.datasets._text_tables import read_text_table
from sk_biornn.datasets.populations._connection_square import is_square, square_of_file
from sk_biornn.units.connection_table import (
    PROBABILITY,
    column_key,
    label_text,
    square_table,
)
from sk_biornn.units.names import layer_name, listed, name_key
from sk_biornn.units.orientation import ORIENTATIONS

LAYERS, CELL_TYPES = ("L2/3", "L4", "L5", "L6"), ("Pyr", "SST", "VIP")
# Row = postsynaptic, column = presynaptic, in the order of LAYERS and, within a layer, CELL_TYPES.
BALWANI2025 = """
0.06 0.23 0.05  0.07 0.33 0.00  0.00 0.15 0.00  0.00 0.00 0.00
0.30 0.05 0.14  0.04 0.05 0.25  0.00 0.05 0.00  0.00 0.00 0.00
0.16 0.30 0.01  0.02 0.21 0.00  0.00 0.13 0.00  0.00 0.14 0.00
0.05 0.04 0.00  0.10 0.22 0.00  0.00 0.19 0.00  0.00 0.00 0.00
0.17 0.00 0.14  0.04 0.01 0.14  0.08 0.04 0.20  0.00 0.00 0.00
0.00 0.13 0.05  0.00 0.22 0.03  0.02 0.14 0.00  0.00 0.00 0.00
0.08 0.00 0.00  0.00 0.08 0.00  0.04 0.15 0.00  0.00 0.02 0.00
0.04 0.00 0.00  0.03 0.04 0.11  0.10 0.03 0.05  0.00 0.01 0.00
0.00 0.00 0.04  0.11 0.07 0.04  0.02 0.10 0.03  0.00 0.00 0.00
0.00 0.00 0.00  0.00 0.00 0.00  0.00 0.00 0.06  0.01 0.05 0.00
0.00 0.00 0.00  0.00 0.00 0.00  0.02 0.02 0.07  0.12 0.05 0.06
0.00 0.00 0.00  0.00 0.00 0.00  0.00 0.00 0.03  0.00 0.15 0.00
"""
SOURCE = (
    "Balwani, Wang, Najafi and Choi (2025), Science Advances, doi:10.1126/sciadv.adw4970, table "
    "connection-probs-full of the code published with it, which names no source of its own; the "
    "values agree in kind with Campagnola et al. (2022), Science 375, doi:10.1126/science.abj5861."
)


def load_connection_probabilities(
    name: str = "balwani2025", *, layers: Iterable[str] | None = None
) -> pd.DataFrame:
    """Load a published table of connection probabilities between cortical cell types.

    "balwani2025" is the 12 x 12 table of mouse visual cortex (layers 2/3, 4, 5, 6; Pyr, SST, VIP)
    which Balwani et al. (2025) use for V1 and, for want of another, for LM. A 0 stands for
    "none" and for "not found" alike.

    Parameters
    ----------
    name : {"balwani2025"}, default="balwani2025"
        Which table.
    layers : iterable of str or None, default=None
        Layers to keep, in this order, such as "L2/3" ("L23", "2/3" are understood); None keeps
        all.

    Returns
    -------
    DataFrame
        Probability of a synapse, [post, pre]. Rows have the levels `post_layer` and
        `post_cell_type`, columns `pre_layer` and `pre_cell_type`. ``.attrs["source"]`` says where
        the numbers come from.

    Raises
    ------
    TypeError
        If `layers` is a single string, or `name` no text.
    ValueError
        If `name` or a layer is not known, or a layer comes twice.

    See Also
    --------
    read_connection_probabilities : Reads a table of one's own.

    References
    ----------
    Balwani, Wang, Najafi and Choi (2025), Constructing biologically constrained RNNs via Dale's
    backpropagation and topologically informed pruning, Science Advances,
    doi:10.1126/sciadv.adw4970.

    Campagnola et al. (2022), Local connectivity and synaptic dynamics in mouse and human
    neocortex, Science 375, doi:10.1126/science.abj5861.

    Examples
    --------
    >>> from sk_biornn.datasets import load_connection_probabilities
    >>> table = load_connection_probabilities()
    >>> table.loc["L2/3", "L2/3"]
    pre_cell_type    Pyr   SST   VIP
    post_cell_type
    Pyr             0.06  0.23  0.05
    SST             0.30  0.05  0.14
    VIP             0.16  0.30  0.01
    >>> float(table.loc[("L2/3", "SST"), ("L2/3", "Pyr")])  # Pyr to SST
    0.3
    """
    check_choice("name", name, ["balwani2025"])
    pairs = [(layer, cell_type) for layer in LAYERS for cell_type in CELL_TYPES]
    rows = [list(map(float, line.split())) for line in BALWANI2025.strip().splitlines()]
    index = pd.MultiIndex.from_tuples(pairs)
    table = square_table(pd.DataFrame(rows, index=index, columns=index))
    if layers is not None:
        chosen = [(layer, cell_type) for layer in _check_layers(layers) for cell_type in CELL_TYPES]
        table = table.loc[chosen, chosen]
    table.attrs["source"] = SOURCE
    return table


def _check_layers(layers: Iterable[str]) -> list[str]:
    if isinstance(layers, str) or not isinstance(layers, Iterable):
        raise TypeError(f"layers must be a sequence of layers, got {layers!r}.")
    kept = [check_choice("layers", layer_name(layer), LAYERS) for layer in layers]
    if len(set(kept)) < len(kept) or not kept:
        raise ValueError(f"layers must be different layers, got {', '.join(kept) or 'none'}.")
    return kept


def read_connection_probabilities(
    path: str | PathLike[str],
    *,
    orientation: str | None = None,
    names: Iterable[str] | None = None,
    fill_missing: float | None = None,
) -> pd.DataFrame:
    r"""Read a CSV file of connection probabilities: square, or one pair per row (long).

    Commas, semicolons, tabs and spaces separate cells; numbers may have decimal commas; "NA" is an
    empty cell, and lines that begin with # are comments.

    Parameters
    ----------
    path : str or path-like
        Square: the same names in the heading and in the first column, in any order; a cell that
        is empty is a pair that is not given. Long: the columns `pre`, `post`, `probability`; or
        `pre_layer`, `pre_cell_type`, `post_layer`, `post_cell_type`, `probability`, where hyphens
        instead of underscores, `connection-probability`, `presynaptic` and `postsynaptic` are
        understood. A name such as "L2/3: Pyr" is a pair (layer, cell type), in which spellings
        such as "ViP", "Pvalb" and "L23" are understood.
    orientation : {"post_by_pre", "pre_by_post"} or None, default=None
        Which side the first column of a square file names; the heading names the other. None: the
        file is long, or its corner says it, such as ``pre\post`` or ``post/pre`` (rows first).
    names : iterable of str or None, default=None
        Names of populations that may occur, such as the column `population` of a population
        table; another one is an error. Only for tables by names of populations.
    fill_missing : float or None, default=None
        Probability of the pairs that the file does not give. None: such a pair is an error.

    Returns
    -------
    DataFrame
        Square table [post, pre], whatever the orientation of the file. Labels are names of
        populations, or pairs (layer, cell type). ``.attrs["source"]`` is the name of the file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError
        If `names` is a single string, or another argument of another type.
    ValueError
        If columns are missing, a pair is missing or listed twice, a value is not in [0, 1], a
        name is empty, not among `names` or on one side of a square only, or `orientation` is
        missing for a square file, contradicts its corner, or is given for a long file.

    See Also
    --------
    load_connection_probabilities : A published table.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from sk_biornn.datasets import read_connection_probabilities
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "pairs.csv"
    >>> rows = ["pre,post,probability", "E,E,0.1", "E,I,0.4", "I,E,0.5", "I,I,0.2"]
    >>> _ = path.write_text(chr(10).join(rows))
    >>> read_connection_probabilities(path)
    pre     E    I
    post
    E     0.1  0.5
    I     0.4  0.2

    The same as a square with the presynaptic side in its rows, as most are printed:

    >>> _ = path.write_text(chr(10).join([",E,I", "E,0.1,0.4", "I,0.5,0.2"]))
    >>> read_connection_probabilities(path, orientation="pre_by_post")
    pre     E    I
    post
    E     0.1  0.5
    I     0.4  0.2
    """
    if isinstance(names, str) or not (names is None or isinstance(names, Iterable)):
        raise TypeError(f"names must be a sequence of names of populations, got {names!r}.")
    if orientation is not None:
        check_choice("orientation", orientation, ORIENTATIONS)
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file of connection probabilities at {path}.")
    table = _read_square_or_long(path, orientation)
    if any("" in (label if isinstance(label, tuple) else (label,)) for label in table.index):
        raise ValueError(f"{path} must name both sides of every pair, got an empty name.")
    if names is not None:
        _check_known(path, table, names)
    table = _check_complete(path, table, fill_missing)
    table.attrs["source"] = path.name
    return table


def _read_square_or_long(path: Path, orientation: str | None) -> pd.DataFrame:
    cells = read_text_table(path, _is_long).cells
    heading, rows = cells[0], cells[1:]
    if not rows:
        raise ValueError(f"{path} has no rows.")
    if not _is_long(heading):
        table = pd.DataFrame(cells, dtype=object)
        if is_square(table):
            return square_of_file(path, table, orientation)
        raise ValueError(
            f"{path} must have the columns pre, post and probability (or layer and cell type of "
            "both sides), or the same names in its heading and its first column, got the columns "
            f"{', '.join(heading)}."
        )
    if orientation is not None:
        raise ValueError(
            f"orientation must be None for {path}, whose columns say which side is which, got "
            f"{orientation!r}."
        )
    keys = [column_key(column) for column in heading]
    twice = [name for name, key in zip(heading, keys, strict=True) if key and keys.count(key) > 1]
    if twice:
        raise ValueError(f"{path} must have every column once, got {short(twice[0])} twice.")
    long = pd.DataFrame(rows, columns=heading, dtype=object)
    for column in heading:
        if column_key(column) in PROBABILITY:
            long[column] = text_numbers(long[column].tolist(), path)
    return square_table(long, name=str(path))


def _is_long(heading: list[str]) -> bool:
    headings = {column_key(column) for column in heading}
    sides = (
        {f"{side}_layer", f"{side}_cell_type"} <= headings or headings & {side, f"{side}synaptic"}
        for side in ("pre", "post")
    )
    return bool(headings & set(PROBABILITY)) and all(sides)


def _check_known(path: Path, table: pd.DataFrame, names: Iterable[str]) -> None:
    known = {name_key(name) for name in names}
    unknown = [text for text in map(label_text, table.index) if name_key(text) not in known]
    if unknown:
        raise ValueError(f"{path} must name known populations only, got {listed(unknown)}.")


def _check_complete(path: Path, table: pd.DataFrame, fill: float | None) -> pd.DataFrame:
    if fill is not None:
        return table.fillna(check_number("fill_missing", fill, low=0.0, high=1.0))
    missing = [
        f"pre {label_text(table.columns[pre])} to post {label_text(table.index[post])}"
        for post, pre in np.argwhere(table.isna().to_numpy())
    ]
    if missing:
        raise ValueError(
            f"{path} must give every pair, got none for {listed(missing, limit=1)}; fill_missing "
            "sets those that are not given."
        )
    return table
