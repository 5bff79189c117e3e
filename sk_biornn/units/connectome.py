"""A wiring diagram as one value: who is connected to whom, and what is known of the neurons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn._plain import found, is_several, real_array, short
from sk_biornn._sparse import MOST_UNITS, canonical, is_sparse
from sk_biornn.units.names import listed
from sk_biornn.units.signs import sign_array

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

MATRIX = "a square matrix of finite numbers, [post, pre]"
LABELLED = "; read_connectome aligns what carries labels"


@dataclass(frozen=True, eq=False, repr=False)
class Connectome:
    """Wiring diagram of named neurons: weights, and signs, positions and types where known.

    `sk_biornn.datasets.read_connectome` makes one of a file, a table or a graph; estimators take
    it as `mask` or as `connectome`. Nothing in it can be changed: `subset` gives another one.

    Parameters
    ----------
    weights : array-like or sparse matrix of shape (n_units, n_units)
        Weight of the connection from neuron `pre` to neuron `post` at [post, pre]; 0 where there
        is none. Its unit is that of the source: number of synapses, sections, conductance. Sparse
        weights stay sparse, so that a whole brain takes the memory of its connections.
    names : sequence of str, of length n_units
        Names of the neurons, each another one.
    signs : array-like of shape (n_units,) or None, default=None
        +1 for excitatory, -1 for inhibitory neurons, 0 for those that are free.
    positions : array-like of shape (n_units, n_dimensions) or None, default=None
        Where the neurons are, in any unit of length.
    types : sequence of str, of length n_units, or None, default=None
        Type of every neuron.

    Attributes
    ----------
    weights : ndarray, or scipy.sparse.csr_array where they were given sparse
        As given, float64 and read-only; a sparse one has an entry per connection, in order.
    signs, positions : ndarray or None
        As given, float64 and read-only; None where not known.
    names, types : tuple of str
        As given; None where `types` are not known.

    Raises
    ------
    TypeError
        If a name or a type is no text, or what is given carries labels, which could contradict
        `names`.
    ValueError
        If the shapes do not fit each other, a value is not finite or a name stands twice.

    See Also
    --------
    sk_biornn.datasets.read_connectome : Reads files, tables, graphs and matrices.

    Examples
    --------
    >>> from sk_biornn.units import Connectome
    >>> worm = Connectome([[0, 0], [3, 0]], names=["AWCL", "AIYL"], signs=[1, -1])
    >>> worm
    Connectome(2 units, 1 edge, with signs)
    >>> worm.to_frame().loc["AIYL", "AWCL"]  # [post, pre]: from AWCL to AIYL
    np.float64(3.0)

    The same, with the memory of one connection:

    >>> import scipy.sparse as sp
    >>> worm = Connectome(
    ...     sp.coo_array(([3], ([1], [0])), shape=(2, 2)), names=["AWCL", "AIYL"]
    ... )
    >>> (
    ...     worm.weights.nnz,
    ...     worm.subset(["AIYL", "AWCL"]).to_frame().to_numpy().tolist(),
    ... )
    (1, [[0.0, 3.0], [0.0, 0.0]])
    """

    weights: Any
    names: tuple[str, ...]
    signs: NDArray[np.float64] | None = None
    positions: NDArray[np.float64] | None = None
    types: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Check every part against the others, and keep read-only copies."""
        weights = _weights(self.weights)
        n_units = weights.shape[0]
        names = _texts(self.names, "names", n_units)
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise ValueError(f"names must name every unit once, got {listed(twice)} twice.")
        checked = {"weights": weights, "names": names}
        if self.signs is not None:
            _refuse_labels(self.signs, "signs")
            checked["signs"] = _read_only(sign_array(self.signs, n_units))
        if self.positions is not None:
            checked["positions"] = _positions(self.positions, n_units)
        if self.types is not None:
            checked["types"] = _texts(self.types, "types", n_units, empty=True)
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        """Say how large it is and what is known, and none of the numbers."""
        known = [
            name for name in ("signs", "positions", "types") if getattr(self, name) is not None
        ]
        n_edges = self.weights.nnz if self.is_sparse else int(np.count_nonzero(self.weights))
        counts = [f"{self.n_units} unit{'s' * (self.n_units != 1)}"]
        counts.append(f"{n_edges} edge{'s' * (n_edges != 1)}")
        return f"Connectome({', '.join(counts)}{', with ' if known else ''}{', '.join(known)})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and unpickle through the constructor: NumPy would make the arrays writable."""
        return type(self), (self.weights, self.names, self.signs, self.positions, self.types)

    @property
    def n_units(self) -> int:
        """Number of neurons."""
        return len(self.names)

    @property
    def is_sparse(self) -> bool:
        """Whether the weights are a sparse array, which has an entry per connection."""
        return is_sparse(self.weights)

    def subset(self, names: Iterable[str]) -> Connectome:
        """Return the neurons that are named, in this order, and the connections among them.

        Parameters
        ----------
        names : iterable of str
            Names of neurons of this connectome, each once.

        Returns
        -------
        Connectome
            Of these neurons only.

        Raises
        ------
        TypeError
            If `names` is one text instead of several, has no order or holds other things.
        ValueError
            If a name is not known or stands twice, or there is none.

        Examples
        --------
        >>> from sk_biornn.units import Connectome
        >>> three = Connectome(
        ...     [[0, 0, 5], [1, 0, 0], [0, 2, 0]], names=["A", "B", "C"]
        ... )
        >>> three.subset(["C", "A"]).to_frame()
        pre     C    A
        post
        C     0.0  0.0
        A     5.0  0.0
        """
        places = self._places(names)
        rows = self.weights[places]
        return type(self)(
            rows[:, places],
            tuple(self.names[place] for place in places),
            signs=None if self.signs is None else self.signs[places],
            positions=None if self.positions is None else self.positions[places],
            types=None if self.types is None else tuple(self.types[place] for place in places),
        )

    def to_networkx(self) -> nx.DiGraph:
        """Return a graph whose edges lead from `pre` to `post` and carry their `weight`.

        Returns
        -------
        networkx.DiGraph
            One node per neuron, in their order, with the attribute `name` and, where known, `sign`
            (int), `position` (tuple of float) and `type`.

        Examples
        --------
        >>> from sk_biornn.units import Connectome
        >>> graph = Connectome([[0, 0], [3, 0]], names=["AWCL", "AIYL"]).to_networkx()
        >>> list(graph.edges(data="weight"))
        [('AWCL', 'AIYL', 3.0)]
        """
        import networkx as nx

        graph = nx.DiGraph()
        for place, name in enumerate(self.names):
            graph.add_node(name, name=name, **self._known(place))
        rows, columns = self.weights.nonzero()
        weights = self.weights.data if self.is_sparse else self.weights[rows, columns]
        for post, pre, weight in zip(rows, columns, weights, strict=True):
            graph.add_edge(self.names[pre], self.names[post], weight=float(weight))
        return graph

    def to_frame(self) -> pd.DataFrame:
        """Return the weights as a frame whose rows are named "post" and whose columns "pre".

        Returns
        -------
        pandas.DataFrame of shape (n_units, n_units)
            A copy of the weights, labelled by the names of the neurons on both sides.

        Raises
        ------
        ValueError
            If the weights are sparse, and those of more than 20,000 neurons.
        """
        import pandas as pd

        if self.is_sparse and self.n_units > MOST_UNITS:
            raise ValueError(
                f"to_frame must be asked of at most {MOST_UNITS} neurons, got {self.n_units}, "
                f"whose frame would take {8e-9 * self.n_units**2:.0f} GB; subset(names) takes a "
                "part, and weights holds the connections."
            )
        weights = self.weights.toarray() if self.is_sparse else self.weights.copy()
        axes = {side: pd.Index(self.names, dtype=object, name=side) for side in ("post", "pre")}
        return pd.DataFrame(weights, index=axes["post"], columns=axes["pre"])

    def _places(self, names: Iterable[str]) -> list[int]:
        if not is_several(names) or isinstance(names, (dict, set, frozenset)):
            raise TypeError(f"names must be several names in an order, got {found(names)}.")
        asked = list(names)
        other = [name for name in asked if not isinstance(name, str)]
        if other:
            raise TypeError(f"names must be texts, got {short(other[0])}; pass str() of each.")
        place = {name: number for number, name in enumerate(self.names)}
        unknown = [name for name in asked if name not in place]
        if unknown:
            raise ValueError(
                f"names must be among the {self.n_units} names of the connectome, which "
                f"{listed(unknown)} {'is' if len(unknown) == 1 else 'are'} not."
            )
        twice = [name for name, count in Counter(asked).items() if count > 1]
        if twice:
            raise ValueError(f"names must name every unit once, got {listed(twice)} twice.")
        if not asked:
            raise ValueError("names must name at least one unit, got none.")
        return [place[name] for name in asked]

    def _known(self, place: int) -> dict[str, Any]:
        """Attributes of one neuron."""
        known: dict[str, Any] = {}
        if self.signs is not None:
            known["sign"] = int(self.signs[place])
        if self.positions is not None:
            known["position"] = tuple(self.positions[place].tolist())
        if self.types is not None:
            known["type"] = self.types[place]
        return known


def _weights(value: Any) -> Any:
    if not is_sparse(value):
        _refuse_labels(value, "weights")
        weights = real_array(value, "weights", MATRIX, truth_values=True)
        _check_square(weights.shape, weights)
        return _read_only(weights)
    entries = value.tocoo().data
    _check_square(value.shape, real_array(entries, "weights", MATRIX, truth_values=True))
    matrix = canonical(value, np.float64)
    for part in (matrix.data, matrix.indices, matrix.indptr):
        part.setflags(write=False)
    return matrix


def _check_square(shape: tuple[int, ...], values: NDArray[np.float64]) -> None:
    if len(shape) != 2 or shape[0] != shape[1] or not shape[0]:
        raise ValueError(f"weights must be {MATRIX}, got shape {shape}.")
    if not np.isfinite(values).all():
        raise ValueError(f"weights must be {MATRIX}, got NaN or infinity.")


def _positions(value: Any, n_units: int) -> NDArray[np.float64]:
    _refuse_labels(value, "positions")
    positions = real_array(value, "positions", "an array of numbers (n_units, n_dimensions)")
    if positions.ndim != 2 or len(positions) != n_units or not positions.shape[1]:
        raise ValueError(
            f"positions must have one position per unit, shape ({n_units}, n_dimensions), got "
            f"shape {positions.shape}."
        )
    if not np.isfinite(positions).all():
        raise ValueError("positions must be finite, got NaN or infinity.")
    return _read_only(positions)


def _texts(value: Any, name: str, n_units: int, *, empty: bool = False) -> tuple[str, ...]:
    if not is_several(value) or isinstance(value, (dict, set, frozenset)):
        raise TypeError(f"{name} must be a sequence of {n_units} texts, got {found(value)}.")
    items = list(value)
    other = [item for item in items if not isinstance(item, str)]
    if other:
        raise TypeError(f"{name} must be texts, got {short(other[0])}; pass str() of each.")
    if len(items) != n_units:
        raise ValueError(f"{name} must have one text per unit, {n_units} in all, got {len(items)}.")
    if not empty and not all(item.strip() for item in items):
        raise ValueError(f"{name} must not be empty, got an empty one.")
    return tuple(str(item) for item in items)


def _refuse_labels(value: Any, name: str) -> None:
    """Refuse frames, series and dicts: taken by position they could lie in another order."""
    if isinstance(value, dict) or hasattr(value, "iloc") or hasattr(value, "dims"):
        raise TypeError(f"{name} must be a plain array, got {type(value).__name__}{LABELLED}.")


def _read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    array = np.ascontiguousarray(array)
    array.setflags(write=False)
    return array
