"""What a part of the network is for: cut it, and see what the prediction loses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sk_biornn._output_names import output_names_of, refuse_other_outputs
from sk_biornn._plain import plain, refuse_masked, refuse_sparse
from sk_biornn.inspection._networks import blocks_of, one_network_in
from sk_biornn.inspection._parts import Part, described, is_edge_class, is_marks
from sk_biornn.inspection._silence import silence
from sk_biornn.inspection._skill import flat_outputs, output_names


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
    if is_edge_class(parts):
        names = tuple(map(str, parts))
        raise TypeError(
            f"parts must be a list or mapping of parts, got the tuple {names}: write [{names}] for "
            f"the edge class, or {list(names)} for two populations."
        )
    if isinstance(parts, str) or not isinstance(parts, Sequence):
        raise TypeError(f"parts must be a list or mapping of parts, got {described(parts)}.")
    return {_part_name(part): part for part in parts}


def _part_name(part: Any) -> str:
    if is_edge_class(part):
        return " <- ".join(part)
    if is_marks(part):
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
