"""Read a connectome, whatever it comes in."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sk_biornn._checks import check_choice, check_number, is_flag, refusal
from sk_biornn._plain import found, is_several, plain, plain_frame, real_array
from sk_biornn.datasets.connectomes._arrange import FACTS, connectome_of
from sk_biornn.datasets.connectomes._arrays import file_matrix
from sk_biornn.datasets.connectomes._edges import Choice
from sk_biornn.datasets.connectomes._graphs import graph_wiring, is_graph, read_graph
from sk_biornn.datasets.connectomes._names import unit_names
from sk_biornn.datasets.connectomes._orientation import refuse_orientation, refuse_unsaid, turned
from sk_biornn.datasets.connectomes._spreadsheets import sheet_cells
from sk_biornn.datasets.connectomes._tables import (
    Reading,
    cells_wiring,
    frame_wiring,
    text_wiring,
)
from sk_biornn.datasets.connectomes._wiring import Wiring
from sk_biornn.units.connectome import Connectome
from sk_biornn.units.names import listed
from sk_biornn.units.orientation import ORIENTATIONS

TEXT = (".csv", ".tsv", ".tab", ".txt", ".dat", ".edges", ".edgelist")
SHEETS = (".xlsx", ".xlsm")
GRAPHS = (".graphml", ".gml", ".gexf")
MATRICES = (".mat", ".npy", ".npz")


def read_connectome(
    path_or_object: Any,
    *,
    pre: str = "pre",
    post: str = "post",
    weight: str | float | None = None,
    type: str | Sequence[str] | Mapping[str, Any] | None = None,
    names: Iterable[str] | str | None = None,
    signs: Any = None,
    positions: Any = None,
    types: Any = None,
    orientation: str | None = None,
    fill_missing: float | None = None,
    key: str | None = None,
    sparse: str | bool = "auto",
) -> Connectome:
    r"""Read a wiring diagram from a file, a table, a graph or a matrix, as weights [post, pre].

    What cannot be understood without a guess is refused, and the message says what to add.

    Parameters
    ----------
    path_or_object : path, DataFrame, graph, sparse or dense matrix, or Connectome
        A file: a list of edges or a square in text (.csv, .tsv, .txt, .edgelist, also .gz; with any
        separator) or a spreadsheet (.xlsx); a graph (.graphml, .gml, .gexf); a matrix in .mat (all
        versions), .npy or .npz. Or the same in memory: a frame, a graph of networkx, a sparse or
        plain matrix, an xarray with named dimensions.
    pre, post : str, default="pre", "post"
        Columns of an edge list that name the two sides. Without columns of these names, the usual
        ones are looked for: source and target, from and to, presynaptic and postsynaptic, sender
        and receiver, axon and dendrite, pre_pt_root_id and post_pt_root_id, bodyId_pre and
        bodyId_post.
    weight : str, number or None, default=None
        Column of an edge list, or attribute of edges, that holds the weights; a number is the
        weight of every row, so that 1 counts rows. None: the one with a usual name, such as weight,
        synapses, syn_count, sections or size; without one, rows are counted, with a warning if
        there are other numbers.
    type : str, list of str, dict or None, default=None
        Which kinds of connections to read, where a column `type` tells several apart, such as
        "chemical", or both in a list; their weights are summed. A dict gives the column, as in
        ``{"nt_type": ["GABA"]}``.
    names : iterable of str, str or None, default=None
        Neurons to read, in this order. Edge lists may lack some, which become units without
        connections, with a warning. For a matrix without labels, the names of its rows, or, as one
        str, the variable of the file that holds them. None: all, in the order of the source; all of
        an edge list, whatever their kind of connection, sorted; without names "0", "1" and so on.
    signs : mapping, Series, array-like or None, default=None
        +1, -1 or 0 (free) by name; an array is in the order of `names`, or of the source if that
        has an order.
    positions : mapping, DataFrame, array-like or None, default=None
        Coordinates by name, likewise; a frame has the names in its index, and coordinates only in
        its columns, up to three.
    types : mapping, Series, array-like or None, default=None
        Types of the neurons, likewise.
    orientation : {"post_by_pre", "pre_by_post"} or None, default=None
        Which side the rows of a square are. None: axes or a corner such as ``pre\post`` say it;
        frames and matrices in memory that say nothing are [post, pre], as everywhere in this
        package. A file that says nothing is refused unless it is symmetric, and so is a frame whose
        axes have two names of which neither is known for a side.
    fill_missing : float or None, default=None
        Weight of empty cells and of edges without one. None: they are an error.
    key : str or None, default=None
        Sheet, or variable of a .mat or .npz file, where there are several.
    sparse : "auto", True or False, default="auto"
        Whether the weights are a sparse array (`csr_array`), whose memory is that of the
        connections. "auto": if they come as edges, a graph or a sparse matrix, of more than 5000
        neurons. False makes a plain array of them, of up to 20,000 neurons.

    Returns
    -------
    Connectome
        Weights [post, pre], sparse or not, names, and signs, positions and types where they are
        known.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If openpyxl or h5py is needed and not installed.
    TypeError
        If an argument is of another type, or the object none of those above.
    ValueError
        If a source can be read in two ways, is damaged, empty or not square, or holds weights that
        are missing or text, or ids that have lost digits.

    Warns
    -----
    UserWarning
        If edges name neurons that are not among `names`, or `names` has some that no edge names:
        how many, and whom. If rows are counted though there are numbers that may be weights. If
        signs, positions or types of a graph are not known of all neurons, and left out; or if they
        are given by name, `names` is None, and the source lacks some of the neurons.

    See Also
    --------
    sk_biornn.units.Connectome : What is returned.
    load_microns : A published field of the MICrONS data.

    Notes
    -----
    Rows of the same pair are summed. A row of an edge list is a connection from `pre` to `post`,
    except that electrical synapses (a `type` of "electrical", "gap junction" or the like) join
    both: they get one weight in both directions, also where the table lists them once per pair.

    Edges of graphs lead from `pre` to `post`, those of undirected graphs in both directions. Nodes
    are named by their attribute `name` or `label` if all have another one. Signs, positions and
    types are their attributes `sign` (a number, "excitatory" or "inhibitory"), `position`, `pos` or
    `x`, `y`, `z`, and `type` or `cell_type`. Drawing programs write `x` and `y` of the page there:
    give `positions` if so.

    Arrays of MATLAB 7.3 are turned back: the file holds them transposed. Neurons may be called
    "NA", "nan" or "None"; whole numbers become text. Ids beyond 2**53 that were floats on their way
    have lost digits and are refused.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sk_biornn.datasets import read_connectome
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "worm.csv"
    >>> lines = ["pre;post;synapses", "AWCL;AIYL;2", "AWCL;AIYL;1", "AIYL;RIAL;5"]
    >>> _ = path.write_text("\n".join(lines))
    >>> worm = read_connectome(
    ...     path, names=["AWCL", "AIYL", "RIAL"], signs=[1, -1, 1]
    ... )
    >>> worm
    Connectome(3 units, 2 edges, with signs)
    >>> worm.to_frame()
    pre   AWCL  AIYL  RIAL
    post
    AWCL   0.0   0.0   0.0
    AIYL   3.0   0.0   0.0
    RIAL   0.0   5.0   0.0
    """
    _check_texts(pre=pre, post=post)
    _check_texts(key=key, none=True)
    check_choice("orientation", orientation, [None, *ORIENTATIONS])
    if not is_flag(sparse) and sparse != "auto":
        expected = "True, False or 'auto'"
        raise refusal("sparse", expected, sparse, right_type=isinstance(sparse, str))
    if fill_missing is not None:
        fill_missing = check_number("fill_missing", fill_missing)
    variable = names if isinstance(names, str) else None
    asked = None if names is None or variable is not None else _asked_names(names)
    choice = Choice(weight, type, asked, fill_missing)
    wiring = _wiring(path_or_object, Reading(pre, post, orientation, choice), key, variable)
    given = dict(zip(FACTS, (signs, positions, types), strict=True))
    connectome, left_out = connectome_of(wiring, asked, given, sparse)
    for note in (*wiring.notes, *left_out):
        warnings.warn(note, UserWarning, stacklevel=2)
    return connectome


def _wiring(source: Any, reading: Reading, key: str | None, variable: str | None) -> Wiring:
    """Read a source by its kind."""
    if isinstance(source, (str, PathLike)):
        return _file_wiring(Path(source), reading, key, variable)
    if key is not None or variable is not None:
        argument = "key" if key is not None else "names, as one text,"
        raise ValueError(f"{argument} must be of a file; what came is {found(source)}.")
    return _object_wiring(source, reading)


def _file_wiring(path: Path, reading: Reading, key: str | None, variable: str | None) -> Wiring:
    if not path.is_file():
        raise FileNotFoundError(f"no file of a connectome at {path}.")
    kind = path.suffix.lower()
    if kind == ".gz" and (inner := Path(path.stem).suffix.lower()) in (*TEXT, *GRAPHS):
        kind = inner
    if key is not None and kind not in (*SHEETS, *MATRICES):
        raise ValueError(f"key must be None for {path}, which has no sheets or variables.")
    if variable is not None and kind not in MATRICES:
        raise ValueError(f"names must be several names for {path}, got {variable!r}.")
    if kind in TEXT:
        return text_wiring(path, reading)
    if kind in MATRICES:
        matrix, names = file_matrix(path, key, variable)
        names = None if names is None else unit_names(names, f"the variable {variable} of {path}")
        wiring = _matrix_wiring(matrix, str(path), reading, names)
        refuse_unsaid(wiring.weights, reading.orientation, str(path))
        return wiring
    if kind in SHEETS:
        return cells_wiring(sheet_cells(path, key), str(path), reading)
    if kind in GRAPHS:
        refuse_orientation(reading.orientation, str(path), "whose edges lead from pre to post")
        return graph_wiring(read_graph(path, kind), str(path), reading.choice)
    raise ValueError(
        f"{path} must be a file of one of the kinds {', '.join((*TEXT, *SHEETS, *GRAPHS))}, "
        f"{', '.join(MATRICES)}; read another one with its library and pass the table or matrix."
    )


def _object_wiring(source: Any, reading: Reading) -> Wiring:
    source = plain_frame(source)
    if isinstance(source, Connectome):
        known = {fact: getattr(source, fact) for fact in FACTS}
        known = {fact: list(value) for fact, value in known.items() if value is not None}
        refuse_orientation(reading.orientation, "a Connectome", "which is [post, pre]")
        return Wiring("the connectome", source.weights, list(source.names), known=known)
    if is_graph(source):
        refuse_orientation(reading.orientation, "a graph", "whose edges lead from pre to post")
        return graph_wiring(source, "the graph", reading.choice)
    if hasattr(source, "dims") and hasattr(source, "to_pandas"):  # xarray
        source = source.to_pandas()
    if isinstance(source, pd.Series) and source.index.nlevels == 2:
        source = source.rename("weight").reset_index()
    if isinstance(source, pd.DataFrame):
        return frame_wiring(source, reading)
    if sp.issparse(source) or (is_several(source) and not isinstance(source, (Mapping, pd.Series))):
        return _matrix_wiring(source, "the matrix", reading, None)
    raise TypeError(
        "path_or_object must be a path, a DataFrame, a graph of networkx or a matrix, got "
        f"{found(source)}."
    )


def _matrix_wiring(matrix: Any, where: str, reading: Reading, names: list[str] | None) -> Wiring:
    """Take a matrix without labels, which is [post, pre] unless the caller says otherwise."""
    if hasattr(matrix, "tocoo"):
        entries = matrix.tocoo()
        values = real_array(entries.data, where, truth_values=True)
        matrix = sp.csr_array((values, (entries.row, entries.col)), shape=entries.shape)
        values = matrix.data
    else:
        matrix = values = real_array(plain(matrix, where), where, truth_values=True)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.shape[0]:
        raise ValueError(f"{where} must be a square matrix, got shape {matrix.shape}.")
    if np.isnan(values).any() and reading.choice.fill_missing is not None:
        values[np.isnan(values)] = reading.choice.fill_missing
    if not np.isfinite(values).all():
        raise ValueError(
            f"{where} must hold finite numbers, got NaN or infinity; fill_missing=0 sets NaN."
        )
    return Wiring(where, turned(matrix, reading.orientation), names)


def _asked_names(names: Any) -> list[str]:
    if not is_several(names) or isinstance(names, (Mapping, set, frozenset)):
        raise TypeError(f"names must be several names in an order, got {found(names)}.")
    asked = unit_names(names, "names")
    twice = [name for name, count in Counter(asked).items() if count > 1]
    if twice or not asked:
        text = f"{listed(twice)} twice" if twice else "none"
        raise ValueError(f"names must name every neuron once, got {text}.")
    return asked


def _check_texts(*, none: bool = False, **arguments: Any) -> None:
    for argument, value in arguments.items():
        if not isinstance(value, str) and not (none and value is None):
            raise TypeError(f"{argument} must be a text, got {found(value)}.")
