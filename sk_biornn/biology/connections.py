"""Which population connects to which, and how densely: matrices aligned to a population table.

`block_probabilities(populations, connection_probabilities, between_areas)` gives two matrices of
shape (k, k), post in the rows, for the k populations of the table:

* ``density``: the target densities to which the weights of a block are pruned, from the table of
  connection probabilities;
* ``random``: the probability with which each synapse of a block exists at random, from the rules
  between areas, for which no weights say where they belong.

A block has one or the other, and where both are 0 it has no synapses. `draw_synapses` draws the
second kind.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sk_biornn._checks import check_flag, check_number
from sk_biornn._distinct import distinct_integers
from sk_biornn._plain import real_array, short
from sk_biornn._random import RandomState, make_rng
from sk_biornn.biology.populations import check_populations, unit_index
from sk_biornn.units.connection_table import label_text, square_table
from sk_biornn.units.names import listed, name_key, population_name


@dataclass(frozen=True)
class BetweenAreas:
    """Random synapses from some populations of one area to some of another.

    Parameters
    ----------
    post : str or tuple of str
        Receiving populations: the name of one ("LM_L4_pyr"), of all populations of a layer of an
        area ("LM_L4"), or of an area ("LM"); or several such names.
    pre : str or tuple of str
        Sending populations, in the same way.
    probability : float, default=0.3
        Probability of each synapse, independently, in [0, 1].

    Raises
    ------
    TypeError
        If `post` or `pre` is no name and no tuple of names, or `probability` not a number.
    ValueError
        If `probability` is not in [0, 1].

    Examples
    --------
    >>> BetweenAreas(post="LM_L4", pre="V1_L23_pyr", probability=0.3)
    BetweenAreas(post='LM_L4', pre='V1_L23_pyr', probability=0.3)
    """

    post: str | tuple[str, ...]
    pre: str | tuple[str, ...]
    probability: float = 0.3

    def __post_init__(self) -> None:
        for side in ("post", "pre"):
            names = getattr(self, side)
            if isinstance(names, list):
                object.__setattr__(self, side, names := tuple(names))
            listing = (names,) if isinstance(names, str) else names
            if not (
                isinstance(listing, tuple)
                and listing
                and all(isinstance(name, str) and name for name in listing)
            ):
                raise TypeError(f"{side} must be a name or a tuple of names, got {short(names)}.")
        check_number("probability", self.probability, low=0.0, high=1.0)


#: The rules of Balwani et al. (2025), doi:10.1126/sciadv.adw4970: feed-forward from the pyramidal
#: cells of V1 L2/3 to LM L4, feedback from those of LM L5 to V1 L2/3 and V1 L5.
BALWANI2025_BETWEEN_AREAS = (
    BetweenAreas(post="LM_L4", pre="V1_L23_pyr", probability=0.3),
    BetweenAreas(post="V1_L23", pre="LM_L5_pyr", probability=0.3),
    BetweenAreas(post="V1_L5", pre="LM_L5_pyr", probability=0.3),
)


class BlockProbabilities(NamedTuple):
    """Densities of the blocks of a network; row = postsynaptic, column = presynaptic population.

    Parameters
    ----------
    density : ndarray of shape (n_populations, n_populations)
        Share of synapses to be kept by pruning; 0 where there is none of this kind.
    random : ndarray of shape (n_populations, n_populations)
        Probability of each synapse, drawn at random; 0 where there is none of this kind.

    Examples
    --------
    >>> BlockProbabilities(np.array([[0.1]]), np.array([[0.0]])).density.item()
    0.1
    """

    density: NDArray[np.float64]
    random: NDArray[np.float64]


def block_probabilities(
    populations: pd.DataFrame,
    connection_probabilities: pd.DataFrame | None = None,
    between_areas: Collection[BetweenAreas] = (),
) -> BlockProbabilities:
    """Return the target density and the random probability of every block.

    Parameters
    ----------
    populations : DataFrame
        A population table, see `check_populations`.
    connection_probabilities : DataFrame or None, default=None
        Square [post, pre], or long with columns `pre`, `post`, `probability`. Labelled by the
        names of the populations, or by pairs (layer, cell type), which then hold within every
        area; of these the table may have more than the network (a layer 6, say). Every pair within
        an area must be given. None: density 1 within areas.
    between_areas : list or tuple of BetweenAreas, default=()
        Rules for pairs in different areas. A pair without rule, and without probability, has no
        synapses. An iterator is refused: it would be used up at the second call.

    Returns
    -------
    BlockProbabilities
        `density` and `random`, each (n_populations, n_populations), post in rows.

    Raises
    ------
    TypeError
        If an argument is of another kind.
    ValueError
        If a probability is outside [0, 1] or given twice, names a population that does not exist,
        or is missing for a pair within an area.

    Examples
    --------
    >>> from sk_biornn.biology import cortical_populations
    >>> from sk_biornn.datasets import load_connection_probabilities
    >>> blocks = block_probabilities(
    ...     cortical_populations(), load_connection_probabilities(),
    ...     BALWANI2025_BETWEEN_AREAS,
    ... )
    >>> blocks.density[:3, :3]
    array([[0.1 , 0.22, 0.  ],
           [0.04, 0.01, 0.14],
           [0.  , 0.22, 0.03]])
    >>> int((blocks.random > 0).sum())
    9
    """
    table = check_populations(populations)
    areas = table["area"].to_numpy() if "area" in table else np.zeros(len(table))
    # An unknown area (None) is one of its own kind: such populations count as neighbours.
    within = areas[:, np.newaxis] == areas[np.newaxis, :]
    if connection_probabilities is None:
        density = np.where(within, 1.0, np.nan)
    else:
        density = _aligned(table, square_table(connection_probabilities), within)
    random = _random_blocks(table, between_areas, within)
    both = np.argwhere((density > 0) & (random > 0))
    if len(both):
        post, pre = table["population"].to_numpy()[both[0]]
        raise ValueError(
            f"between_areas must name pairs that connection_probabilities does not give, got pre "
            f"{pre} to post {post} in both."
        )
    return BlockProbabilities(np.nan_to_num(density, nan=0.0), random)


def draw_synapses(
    populations: pd.DataFrame,
    probabilities: ArrayLike,
    random_state: RandomState = None,
    *,
    sparse: bool = False,
) -> Any:
    """Draw which synapses exist, each independently with the probability of its block.

    Parameters
    ----------
    populations : DataFrame
        A population table.
    probabilities : array-like of shape (n_populations, n_populations)
        Probability of a synapse [post, pre], such as the `random` of `block_probabilities`.
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Source of randomness; an int gives the same synapses each time.
    sparse : bool, default=False
        Whether to return a sparse array, whose memory and time are those of the synapses: their
        number is drawn for every block, binomial(n_post n_pre, p), and then as many different
        pairs. Other synapses than the dense ones of the same seed, of the same distribution.

    Returns
    -------
    bool ndarray, or csr_array of bool, of shape (n_units, n_units)
        True where a synapse [post, pre] exists; all of them at probability 1, none at 0.

    Raises
    ------
    ValueError
        If the table is not valid, or `probabilities` has another shape or values outside [0, 1].

    Examples
    --------
    >>> from sk_biornn.biology import excitatory_inhibitory_populations
    >>> table = excitatory_inhibitory_populations(3)
    >>> draw_synapses(table, [[0, 1], [1, 0]]).astype(int)
    array([[0, 0, 1],
           [0, 0, 1],
           [1, 1, 0]])
    >>> draw_synapses(table, [[0, 1], [1, 0]], sparse=True).astype(int).toarray()
    array([[0, 0, 1],
           [0, 0, 1],
           [1, 1, 0]])
    """
    check_flag("sparse", sparse)
    table = check_populations(populations)
    index, shape = unit_index(table), (len(table),) * 2
    values = real_array(probabilities, "probabilities")
    if values.shape != shape:
        raise ValueError(
            f"probabilities must have shape {shape}, one value per pair of populations, got shape "
            f"{values.shape}."
        )
    if not ((values >= 0) & (values <= 1)).all():
        wrong = values[~((values >= 0) & (values <= 1))][0]
        raise ValueError(f"probabilities must be in [0, 1], got {wrong}.")
    if sparse:
        return _draw_blocks(np.bincount(index, minlength=len(table)), values, random_state)
    return make_rng(random_state).random((len(index),) * 2) < values[np.ix_(index, index)]


def _draw_blocks(
    n_units: NDArray[np.int64], probabilities: NDArray[np.float64], random_state: RandomState
) -> Any:
    """Draw the number of synapses of every block, and which they are."""
    import scipy.sparse as sp

    rng = make_rng(random_state)
    n_pairs = np.multiply.outer(n_units, n_units)
    counts = rng.binomial(n_pairs, probabilities)
    block, pair = distinct_integers(n_pairs.ravel(), counts.ravel(), rng)
    to, by = np.divmod(block, len(n_units))
    start = np.cumsum(n_units) - n_units
    post, pre = start[to] + pair // n_units[by], start[by] + pair % n_units[by]
    there = np.ones(len(post), dtype=bool)
    return sp.coo_array((there, (post, pre)), shape=(n_units.sum(),) * 2).tocsr()


def _aligned(
    table: pd.DataFrame, square: pd.DataFrame, within: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Probabilities in the order of the populations; NaN between areas where none is given."""
    labels = list(square.index)
    if isinstance(square.index, pd.MultiIndex):
        place = {label: number for number, label in enumerate(labels)}
        wanted: list[Any] = _layers_and_types(table)
    else:
        place = {name_key(label): number for number, label in enumerate(labels)}
        wanted = [name_key(name) for name in table["population"]]
        unknown = [label for label in labels if name_key(label) not in wanted]
        if unknown:
            raise ValueError(
                f"connection_probabilities must name populations that exist, or pairs (layer, "
                f"cell_type), got {listed(unknown)}; the populations are "
                f"{listed(table['population'])}."
            )
    # Place -1 is the row of NaN that is added below: a population of which nothing is given.
    rows = np.array([place.get(label, -1) for label in wanted])
    values = np.pad(square.to_numpy(), ((0, 1), (0, 1)), constant_values=np.nan)
    aligned = values[np.ix_(rows, rows)]
    by_type = isinstance(square.index, pd.MultiIndex)
    _check_given(table, wanted if by_type else None, np.isnan(aligned) & within)
    return np.where(within, aligned, np.nan) if by_type else aligned


def _check_given(table: pd.DataFrame, labels: list[Any] | None, missing: NDArray[np.bool_]) -> None:
    if not missing.any():
        return
    names = list(table["population"]) if labels is None else [label_text(label) for label in labels]
    pairs = dict.fromkeys((names[pre], names[post]) for post, pre in np.argwhere(missing))
    pre, post = next(iter(pairs))
    more = f" and {len(pairs) - 1} more" if len(pairs) > 1 else ""
    raise ValueError(
        "connection_probabilities must give every pair within an area, got none for pre "
        f"{pre} to post {post}{more}."
    )


def _layers_and_types(table: pd.DataFrame) -> list[Any]:
    for column in ("layer", "cell_type"):
        if column not in table or table[column].isna().any():
            raise ValueError(
                f"populations must have {column} for connection_probabilities by (layer, "
                "cell_type); give them by names of populations otherwise."
            )
    return list(zip(table["layer"], table["cell_type"], strict=True))


def _random_blocks(
    table: pd.DataFrame, rules: Collection[BetweenAreas], within: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Probability of a random synapse in every block; 0 without rule."""
    _check_rules(rules)
    members = _members(table)
    names = table["population"].to_numpy()
    random = np.full(within.shape, np.nan)
    for rule in rules:
        block = np.ix_(_chosen(members, rule.post), _chosen(members, rule.pre))
        if within[block].any():
            raise ValueError(
                f"between_areas must connect populations of different areas, got {rule}."
            )
        if not np.isnan(random[block]).all():
            post, pre = (names[choice.ravel()[0]] for choice in block)
            raise ValueError(
                f"between_areas must have one rule for a pair of populations, got two such as for "
                f"pre {pre} to post {post}."
            )
        random[block] = rule.probability
    return np.nan_to_num(random, nan=0.0)


def _is_scalar(value: Any) -> bool:
    return getattr(value, "ndim", 1) == 0


def _check_rules(rules: Any) -> None:
    """Refuse what is no collection of rules, such as one rule, or a generator."""
    expected = "between_areas must be a list or tuple of BetweenAreas objects, got"
    if not isinstance(rules, Collection) or isinstance(rules, (str, bytes)) or _is_scalar(rules):
        what = "a single one" if isinstance(rules, BetweenAreas) else type(rules).__name__
        raise TypeError(f"{expected} {what}.")
    others = [rule for rule in rules if not isinstance(rule, BetweenAreas)]
    if others:
        raise TypeError(f"{expected} {short(others[0])} in it.")


def _members(table: pd.DataFrame) -> dict[str, list[int]]:
    """Find what every name in a rule stands for: a population, a layer of an area, an area."""
    members: dict[str, list[int]] = {}
    for number, row in enumerate(table.to_dict("records")):
        area, layer = row.get("area"), row.get("layer")
        names = [row["population"], area, population_name(area, layer, None) if layer else None]
        for key in {name_key(name) for name in names if name is not None}:
            members.setdefault(key, []).append(number)
    return members


def _chosen(members: dict[str, list[int]], names: str | tuple[str, ...]) -> list[int]:
    names = (names,) if isinstance(names, str) else names
    unknown = [name for name in names if name_key(name) not in members]
    if unknown:
        raise ValueError(
            "between_areas must name populations, layers of an area (such as 'LM_L4') or areas "
            f"that exist, got {listed(unknown)}."
        )
    return sorted({number for name in names for number in members[name_key(name)]})
