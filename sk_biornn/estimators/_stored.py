"""Whether a network is stored as its synapses, and why some networks need a matrix."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from sk_biornn import _structure
from sk_biornn._plain import short
from sk_biornn._sparse import MOST_UNITS, is_sparse
from sk_biornn.biology.constraints import Constraint
from sk_biornn.biology.prior import matrix_mask
from sk_biornn.biology.pruning import PRUNERS
from sk_biornn.estimators import _boundary as boundary
from sk_biornn.estimators._penalties import asked_penalties
from sk_biornn.initializers._stored import STORED_INITIALIZERS

if TYPE_CHECKING:
    from sk_biornn.estimators._parameters import RNNParameters

# Measured on one thread (float32, 64 trials of 20 steps; tests/benchmarks/bench_sparse.py
# --density): a step on the synapses of 512 to 4096 units is 1.6 to 2.1 times as fast as a dense one
# at a density of 0.16, and 1.1 to 1.6 times at 0.24. From 4096 units on a matrix, its gradient and
# what Adam remembers of it, 256 MiB, weigh more than all else; below, users of sparse masks keep
# the arrays that they had.
LARGEST_DENSITY = 0.2
LEAST_UNITS = 4096
WAY_OUT = "sparse=False keeps a matrix"


def stored_structure(
    network: RNNParameters, mask: Any, n_units: int, constraint: Constraint
) -> Any | None:
    """Return which synapses exist if only they are stored; None where matrices are.

    Parameters
    ----------
    network : RNNParameters
        Its arguments; `sparse` is among them.
    mask : object
        Allowed synapses, in the order of the units.
    n_units : int
        Number of units.
    constraint : Constraint
        The law of its weights.

    Returns
    -------
    csr_array or None
        The structure.

    Raises
    ------
    ValueError
        If what is asked for needs a matrix, and `sparse` is True or the network too large for one;
        or if the mask is none of that many units, or allows all synapses.
    """
    asked = network.sparse
    if not asked or (asked == "auto" and not _pays(mask, n_units)):
        return None
    refusal = next(_refusals(network, constraint), None)
    if refusal is not None:
        if asked != "auto":
            raise refusal
        if n_units <= MOST_UNITS:
            return None
        of_mask = f"for a sparse mask of {n_units} units"
        raise type(refusal)(str(refusal).replace("with sparse=True", of_mask))
    if mask is None:
        raise ValueError(
            "mask must say which synapses exist with sparse=True, got None, which allows all; "
            f"{WAY_OUT}."
        )
    structure = _checked(mask, n_units)
    if structure.nnz == n_units**2:
        raise ValueError(
            f"mask must leave out some synapses with sparse=True, got one that allows all; "
            f"{WAY_OUT}."
        )
    return structure if network.autapses else _structure.without_autapses(structure)


def _pays(mask: Any, n_units: int) -> bool:
    """Whether a mask came sparse, and is that of a network for which that counts."""
    if not is_sparse(mask) or n_units < LEAST_UNITS:
        return False
    return n_units > MOST_UNITS or mask.nnz <= LARGEST_DENSITY * float(n_units) ** 2


def _checked(mask: Any, n_units: int) -> Any:
    shape = (n_units, n_units)
    if not is_sparse(mask):
        return _structure.structure_of(matrix_mask("mask", mask, shape))
    if mask.shape != shape:  # in the words of a matrix of that shape, which takes no memory
        matrix_mask("mask", np.broadcast_to(np.False_, mask.shape), shape)
    # The entries alone are asked what a whole matrix would be; those of one pair agree if any is 1.
    entries = mask.tocoo()
    matrix_mask("mask", entries.data[:, None], (len(entries.data), 1))
    there = sp.coo_array((entries.data != 0, (entries.row, entries.col)), shape=shape)
    return _structure.structure_of(there)


def _refusals(network: RNNParameters, constraint: Constraint) -> Iterator[Exception]:
    """Yield what speaks against storing synapses alone, as what is raised for it."""
    if boundary.resolve_device(network.device).type != "cpu":
        yield ValueError(
            f"device must be 'cpu' with sparse=True, got {short(network.device)}; {WAY_OUT}."
        )
    if not is_by_synapse(constraint, "bind"):
        yield _needs_matrix("dale", "a law that treats synapses one by one", network.dale)
    if not _knows_its_circuit(constraint):
        expected = "a law with a method of_inputs beside in_circuit"
        yield _needs_matrix("dale", expected, network.dale)
    for penalty, named in zip(asked_penalties(network), _names_of_penalties(network), strict=True):
        if not is_by_synapse(penalty, "bind"):
            expected = "'weight', 'spatial', 'rate', 'silent_units' or an object with by_synapse"
            yield _needs_matrix("regularizer", expected, named)
    init = network.recurrent_init
    if isinstance(init, str) and init not in ("auto", *STORED_INITIALIZERS):
        expected = f"one of {['auto', *STORED_INITIALIZERS]} or a matrix"
        yield _needs_matrix("recurrent_init", expected, init)
    if hasattr(init, "sample") and not _gives_synapses(init):
        expected = "a name, a matrix or an initializer with sample_sparse"
        yield _needs_matrix("recurrent_init", expected, init)
    pruner = network.pruning
    if pruner is not None:
        pruner = PRUNERS[pruner].make() if isinstance(pruner, str) else pruner
        if not _prunes_synapses(pruner) or getattr(pruner, "legacy", False):
            expected = "a pruner with a method prune_synapses and without legacy formulas"
            yield _needs_matrix("pruning", expected, network.pruning)
    for name in ("connection_probabilities", "between_areas"):
        if getattr(network, name, None) is not None:
            yield _needs_matrix(name, "None, and the wiring be a mask that is drawn before", "one")


def _gives_synapses(init: Any) -> bool:
    return hasattr(init, "__array__") or hasattr(init, "sample_sparse")


def _needs_matrix(name: str, expected: str, value: Any) -> ValueError:
    return ValueError(f"{name} must be {expected} with sparse=True, got {short(value)}; {WAY_OUT}.")


def _names_of_penalties(network: RNNParameters) -> list[Any]:
    """Return what the user calls the penalties that the arguments ask for."""
    asked = network.regularizer
    items = [] if asked is None else asked if isinstance(asked, list) else [asked]
    return [*(["rate_penalty"] if network.rate_penalty > 0 else []), *items]


def _knows_its_circuit(constraint: Constraint) -> bool:
    """Whether a law that asks for the mask of its circuit can do with the number of synapses."""
    for cls in type(constraint).__mro__:
        if "of_inputs" in vars(cls):
            return True
        if "in_circuit" in vars(cls):
            return False
    return True


def _prunes_synapses(pruner: Any) -> bool:
    """Whether a pruner has a method `prune_synapses` that does what its `prune` does."""
    for cls in type(pruner).__mro__:
        own = vars(cls)
        if "prune_synapses" in own:
            return True
        if "prune" in own or (
            "_keep" in own and "n_entries" not in signature(own["_keep"]).parameters
        ):
            return False
    return False


def is_by_synapse(part: Any, method: str) -> bool:
    """Whether a law or a penalty says that it treats every synapse by itself.

    It says so of the method beside it. A class that derives from it and has a method of its own has
    to say so again: its author may not know that the promise is there.
    """
    for cls in type(part).__mro__:
        if "by_synapse" in vars(cls):
            return bool(part.by_synapse)
        if method in vars(cls):
            return False
    return False
