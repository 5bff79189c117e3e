"""What a part of the network is for: cut it, and see what the prediction loses."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sk_biornn._checks import is_integer
from sk_biornn._output_names import output_names_of, refuse_other_outputs
from sk_biornn._plain import plain, refuse_masked, refuse_sparse
from sk_biornn._sparse import is_sparse
from sk_biornn.inspection._networks import (
    blocks_of,
    networks_in,
    one_network_in,
    order_of,
    units_named,
)
from sk_biornn.inspection._skill import flat_outputs, output_names
from sk_biornn.units.connectome import Connectome
from sk_biornn.units.labels import as_mask
from sk_biornn.units.names import listed
from sk_biornn.units.order import UnitOrder

Part = str | int | Sequence[str] | Sequence[int] | NDArray[Any] | tuple[str, str]


def silence(estimator: Any, part: Part, *, labels: Any = None) -> Any:
    """Return a copy of a fitted estimator with a part of its network cut.

    Units are cut from everything: their weights in `W_rec_` (both rows and columns), their columns
    of `W_out_`, their rows of `W_in_` and their entries of `b_rec_` become exactly 0. Of an edge
    class only the weights from the one side to the other do.

    Parameters
    ----------
    estimator : object
        A fitted estimator; a pipeline, search or ensemble that holds one is copied as a whole, and
        every network in it is cut.
    part : str, int, list of str or int, bool ndarray (n_units,), or tuple of two str
        A population by name, or all populations of a layer ("V1_L23"), an area ("V1") or a cell
        type ("PV") of the table of populations; a unit by number, or by its name if the network has
        `unit_names_`; a list of such names, or of numbers, for all of them at once; True for every
        unit of the part; or an edge class (post, pre): the weights from `pre` to `post`, each a
        name as above. A name that several levels have means the unit before the population, the
        layer, the area and the cell type.
    labels : array-like of shape (n_units,), DataFrame or None, default=None
        Population of every unit, or a table of populations. None: the `populations_` of the
        estimator.

    Returns
    -------
    object
        The copy; the estimator itself is as before. The cut synapses are also taken from `mask_`
        and from the argument `mask`, and the read-out of cut units from the argument
        `readout_mask`, where there are such.

    Raises
    ------
    ValueError
        If there is no fitted network, no such name or no such unit.
    TypeError
        If `part` is of another kind.

    See Also
    --------
    silencing_effect : What the cut does to the prediction.

    Notes
    -----
    It is the trained network that is cut; the rest was trained together with the part, and might
    have made up for it in a network trained without.

    The cut lasts when the copy is trained further (`partial_fit`, or `fit` with `warm_start`) and
    when a network is trained afresh with its arguments. What leads into cut units, `W_in_` and
    `b_rec_`, may then move again; it reaches neither other units nor the read-out.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn import DaleRNNRegressor
    >>> from sk_biornn.inspection import silence
    >>> X = np.random.default_rng(0).standard_normal((20, 5, 2))
    >>> reg = DaleRNNRegressor(n_units=6, max_iter=2, random_state=0).fit(X, X)
    >>> groups = ["E", "E", "E", "E", "I", "I"]
    >>> cut = silence(reg, ("E", "I"), labels=groups)        # no inhibition of E
    >>> (
    ...     bool((cut.W_rec_[:4, 4:] == 0).all()),
    ...     bool((reg.W_rec_[:4, 4:] == 0).all()),
    ... )
    (True, False)
    >>> bool((silence(reg, 3).W_out_[:, 3] == 0).all())
    True
    >>> # both populations
    >>> bool((silence(reg, ["E", "I"], labels=groups).W_out_ == 0).all())
    True
    """
    cut = copy.deepcopy(estimator)
    for network in networks_in(cut, "estimator"):
        _cut(network, part, labels)
    return cut


def _cut(network: Any, part: Part, labels: Any) -> None:
    """Cut a part of one network, in place."""
    if not hasattr(network, "W_rec_"):
        raise ValueError("estimator must hold fitted estimators with W_rec_, got a weight matrix.")
    n_units = np.shape(network.W_rec_)[0]
    if _is_edge_class(part):
        post, pre = (units_named(network, name, labels) for name in part)
        _cut_synapses(network, np.ix_(post, pre))
        return
    units = _units(network, part, labels, n_units)
    columns = (slice(None), units)
    _cut_synapses(network, units)
    _cut_synapses(network, columns)
    _zero(network, "W_out_", columns)
    _forbid(network, "readout_mask", "W_out_", columns)
    _zero(network, "W_in_", units)
    _zero(network, "b_rec_", units)


def _cut_synapses(network: Any, where: Any) -> None:
    _zero(network, "W_rec_", where)
    _zero(network, "mask_", where)
    _forbid(network, "mask", "W_rec_", where)


def _is_edge_class(part: Any) -> TypeGuard[tuple[str, str]]:
    return isinstance(part, tuple) and len(part) == 2 and all(isinstance(p, str) for p in part)


def _units(network: Any, part: Any, labels: Any, n_units: int) -> NDArray[np.intp]:
    """Return the units that are given by names, by numbers or by a boolean array."""
    if _is_marks(part):
        marks = order_of(network).arranged(part, "part", (0,))
        return _marked(np.asarray(marks, dtype=bool), n_units)
    entries = _entries(part)
    if entries and all(isinstance(entry, str) for entry in entries):
        return np.unique(np.concatenate([units_named(network, name, labels) for name in entries]))
    names = order_of(network).names
    if names is not None and entries and all(is_integer(name) for name in names):
        entries = _numbers_of(names, entries)
    if not entries or not all(is_integer(number) for number in entries):
        raise TypeError(
            "part must be the name of a population, layer, area or cell type, the number of a "
            "unit, a list of names or of numbers, a boolean array of shape (n_units,), or a tuple "
            f"(post, pre) of two names, got {_described(part)}."
        )
    units = np.array(entries, dtype=np.intp)
    outside = units[(units < 0) | (units >= n_units)]
    if len(outside):
        raise ValueError(f"part must hold units from 0 to {n_units - 1}, got {listed(outside)}.")
    return units


def _numbers_of(names: tuple[Any, ...], entries: list[Any]) -> list[Any]:
    """Return the numbers of units whose names are numbers themselves: the names are meant."""
    place = {name: number for number, name in enumerate(names)}
    unknown = [entry for entry in entries if is_integer(entry) and entry not in place]
    if unknown:
        raise ValueError(
            f"part must name units of the network ({listed(names, 20)}), got {listed(unknown)}."
        )
    return [place.get(entry, entry) if is_integer(entry) else entry for entry in entries]


def _entries(part: Any) -> list[Any]:
    """Return the names or numbers in `part`; a tuple holds numbers, or is an edge class."""
    part = part.tolist() if hasattr(part, "tolist") else part
    if isinstance(part, tuple) and any(isinstance(entry, str) for entry in part):
        return [part]
    return list(part) if isinstance(part, (list, tuple, range)) else [part]


def _is_marks(part: Any) -> bool:
    """Whether `part` is a boolean array; a list of True and False is none."""
    return str(getattr(part, "dtype", None)) in ("bool", "boolean") and part.ndim > 0


def _marked(marks: NDArray[np.bool_], n_units: int) -> NDArray[np.intp]:
    if marks.shape != (n_units,):
        raise ValueError(
            f"part must be of shape ({n_units},) if it is boolean, got shape {marks.shape}."
        )
    if not marks.any():
        raise ValueError("part must be True for at least one unit, got False for all.")
    return np.flatnonzero(marks)


def _described(item: Any) -> str:
    """Return an argument for a message, without the entries of a long one."""
    if isinstance(item, np.ndarray) and item.ndim:
        return f"an array of {item.dtype} of shape {item.shape}"
    text = repr(item.item() if isinstance(item, np.generic) else item)
    return text if len(text) <= 60 else f"an object of type {type(item).__name__}"


_UNIT_AXES = {"mask": (0, 1), "readout_mask": (1,)}  # the other axis is outputs


def _zero(network: Any, name: str, where: Any) -> None:
    """Set entries of a fitted array to 0 (False), in an array of its own."""
    array = getattr(network, name, None)
    if is_sparse(array):
        setattr(network, name, _without(array, where))
    elif array is not None:
        array = np.array(array)
        array[where] = 0
        setattr(network, name, array)


def _without(matrix: Any, where: Any) -> Any:
    """Return a sparse matrix without the entries of some rows, in some columns."""
    entries = matrix.tocoo()
    axes = where if isinstance(where, tuple) else (where, slice(None))
    cut = np.ones(entries.nnz, dtype=bool)
    for axis, ends, size in zip(axes, (entries.row, entries.col), matrix.shape, strict=True):
        marks = np.zeros(size, dtype=bool)
        marks[axis if isinstance(axis, slice) else np.ravel(axis)] = True
        cut &= marks[ends]
    left = (entries.data[~cut], (entries.row[~cut], entries.col[~cut]))
    return csr_array(left, shape=matrix.shape)


def _forbid(network: Any, argument: str, weights: str, where: Any) -> None:
    """Take entries out of the mask that further training reads, an argument of the estimator."""
    from sk_biornn.biology.prior import matrix_mask  # loads torch

    if hasattr(network, argument):
        shape, axes = np.shape(getattr(network, weights)), _UNIT_AXES[argument]
        units = order_of(network)
        outputs = getattr(network, "output_names_", None)
        channels = UnitOrder(None if outputs is None else tuple(outputs), "y")
        given = getattr(network, argument)
        if isinstance(given, Connectome) and network.signs is None and given.signs is not None:
            network.signs = given  # which it had through the mask
        mask = units.arranged(as_mask(given), argument, axes, channels)
        if is_sparse(mask):
            left = _without(mask, where)
            if units.names is not None and isinstance(given, Connectome):
                left = Connectome(left, units.names)
            setattr(network, argument, left)
            return
        allowed = matrix_mask(argument, mask, shape)
        allowed = np.ones(shape, dtype=bool) if allowed is None else allowed
        allowed[where] = False
        setattr(network, argument, units.labelled(allowed, axes))


def silencing_effect(
    estimators: Any,
    X: Any,
    y: Any,
    parts: Sequence[Part] | Mapping[str, Part] | None = None,
    *,
    labels: Any = None,
    outputs: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return what silencing each part does to the prediction of each output, run by run.

    Parameters
    ----------
    estimators : estimator, or sequence of estimators
        Fitted runs, ensembles included.
    X : array-like or list
        Trials, as in `predict`; best such that the fit has not seen.
    y : array-like or list
        Targets in the shape of the prediction; NaN is not scored. Labels for a classifier.
    parts : sequence or mapping of str to parts, or None, default=None
        What to silence, one after the other (see `silence`). The keys of a mapping name the parts
        in the table: ``{"all inhibition": ["PV", "SST"]}``. A single part must stand in a list,
        too: ``[("E", "I")]`` is the edge class, ``["E", "I"]`` are two populations, one after the
        other (``[["E", "I"]]`` both at once), and a bare ``("E", "I")`` is refused. None: every
        population.
    labels : array-like of shape (n_units,), DataFrame or None, default=None
        Population of every unit, or a table of populations. None: the `populations_` of each
        estimator.
    outputs : sequence of str or None, default=None
        Names of the outputs. None: those of the columns of y in the fit, if they had names; the
        populations if there is one output for each; else 0, 1, 2 and so on; the classes of a
        classifier.

    Returns
    -------
    DataFrame
        Columns `run`, `part`, `output`; `mse` and `mse_silenced`, the mean squared errors before
        and after (for a classifier of its probabilities: the Brier score of a class);
        `effect` = mse_silenced - mse; `change`, the root mean squared difference between the two
        predictions, in the unit of y. One row per run, part and output.

    Raises
    ------
    ValueError
        If a part does not exist, or y does not have the shape of the prediction, or its columns
        other names than in the fit or another order.
    TypeError
        If a part is of another kind, or is not in a list.

    See Also
    --------
    silence : The cut itself.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn import DaleRNNRegressor
    >>> from sk_biornn.inspection import silencing_effect
    >>> X = np.random.default_rng(0).standard_normal((20, 5, 2))
    >>> runs = [
    ...     DaleRNNRegressor(n_units=6, max_iter=2, random_state=seed).fit(X, X)
    ...     for seed in (0, 1)
    ... ]
    >>> table = silencing_effect(
    ...     runs, X, X, ["I", ("E", "I")], labels=["E"] * 5 + ["I"]
    ... )
    >>> # 2 runs x 2 outputs
    >>> table.groupby("part", sort=False)["effect"].count().to_dict()
    {'I': 4, 'E <- I': 4}
    >>> both = silencing_effect(
    ...     runs, X, X, {"all units": ["E", "I"]}, labels=["E"] * 5 + ["I"]
    ... )
    >>> both["part"].unique().tolist()
    ['all units']
    """
    tables = []
    for run, estimator in enumerate(_runs(estimators)):
        intact = _prediction(estimator, X)
        target = _targets(estimator, y, intact)
        names = _output_names(estimator, labels, outputs, intact.shape[1])
        for part_name, part in _named_parts(parts, estimator, labels).items():
            silenced = _prediction(silence(estimator, part, labels=labels), X)
            tables.append(
                pd.DataFrame(
                    {
                        "run": run,
                        "part": part_name,
                        "output": names,
                        **_effect(target, intact, silenced),
                    }
                )
            )
    return pd.concat(tables, ignore_index=True)


def _effect(
    target: NDArray[np.float64], intact: NDArray[np.float64], silenced: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Return errors and changes per output, over the entries that are scored."""
    scored = np.isfinite(target) & np.isfinite(intact)
    n = scored.sum(axis=0)
    before, after, change = (
        np.where(scored, np.square(difference), 0).sum(axis=0)
        for difference in (target - intact, target - silenced, silenced - intact)
    )
    with np.errstate(invalid="ignore"):  # an output without scored entries has no error: NaN
        mse, mse_silenced, change = before / n, after / n, np.sqrt(change / n)
    return {
        "mse": mse,
        "mse_silenced": mse_silenced,
        "effect": mse_silenced - mse,
        "change": change,
    }


def _runs(estimators: Any) -> list[Any]:
    """Return estimators that predict on their own: a pipeline stays whole, an ensemble does not."""
    if hasattr(estimators, "estimators_"):
        estimators = estimators.estimators_
    if isinstance(estimators, (list, tuple)):
        return [run for item in estimators for run in _runs(item)]
    one_network_in(estimators)
    return [estimators]


def _named_parts(parts: Any, estimator: Any, labels: Any) -> dict[str, Part]:
    if parts is None:
        return {name: name for name in blocks_of(one_network_in(estimator), labels).labels}
    if isinstance(parts, Mapping):
        return dict(parts)
    if _is_edge_class(parts):
        names = tuple(map(str, parts))
        raise TypeError(
            f"parts must be a list or mapping of parts, got the tuple {names}: write [{names}] for "
            f"the edge class, or {list(names)} for two populations."
        )
    if isinstance(parts, str) or not isinstance(parts, Sequence):
        raise TypeError(f"parts must be a list or mapping of parts, got {_described(parts)}.")
    return {_part_name(part): part for part in parts}


def _part_name(part: Any) -> str:
    if _is_edge_class(part):
        return " <- ".join(part)
    if _is_marks(part):
        part = np.flatnonzero(part)
    part = part.tolist() if hasattr(part, "tolist") else part
    names = isinstance(part, list) and all(isinstance(entry, str) for entry in part)
    return ", ".join(part) if names else str(part)


def _prediction(estimator: Any, X: Any) -> NDArray[np.float64]:
    """Return predictions, or probabilities of classes, with trials and steps pooled."""
    predict = getattr(estimator, "predict_proba", None) or estimator.predict
    return flat_outputs("prediction", predict(X))


def _targets(estimator: Any, y: Any, intact: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return targets in the shape of the pooled prediction."""
    if hasattr(estimator, "classes_"):
        refuse_masked(y, "y")
        refuse_sparse(y, "y")
        y = plain(y, "y")
        ragged = isinstance(y, (list, tuple)) and np.ndim(y[0]) > 0
        flat = np.concatenate([np.ravel(trial) for trial in y]) if ragged else np.ravel(y)
        target = (flat[:, None] == np.asarray(estimator.classes_)).astype(np.float64)
    else:
        refuse_other_outputs(estimator, y)
        target = flat_outputs("y", y)
    if target.shape != intact.shape:
        raise ValueError(
            f"y must fit the prediction, {intact.shape} when trials are pooled, got {target.shape}."
        )
    return target


def _output_names(estimator: Any, labels: Any, outputs: Any, n_outputs: int) -> list[Any]:
    network = one_network_in(estimator)
    if outputs is None and hasattr(estimator, "classes_"):
        outputs = list(estimator.classes_)
    elif outputs is None and output_names_of(estimator) is not None:
        outputs = output_names_of(estimator)
    elif outputs is None and (labels is not None or hasattr(network, "populations_")):
        known = blocks_of(network, labels).labels
        outputs = known if len(known) == n_outputs else None
    return output_names(outputs, n_outputs)
