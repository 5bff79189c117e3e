"""`fit_many`: fits estimators as their own `fit` would, many of them at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from joblib import effective_n_jobs

from sk_biornn._callbacks import take_over
from sk_biornn._checks import check_choice, check_count, check_number, is_integer, refusal
from sk_biornn._log import is_read, logger
from sk_biornn._plain import is_several, short
from sk_biornn._progress import Progress
from sk_biornn.ensemble._by_epochs import check_fit_params
from sk_biornn.ensemble._elsewhere import (
    Given,
    check_cluster,
    cluster_for_fits,
    in_jobs,
    one_thread_there,
)
from sk_biornn.ensemble._lockstep import Member, carry
from sk_biornn.ensemble._trials import cut_params, take_trials
from sk_biornn.estimators._boundary import resolve_device

STRATEGIES = ("auto", "stacked", "alone")
ERRORS = ("raise", "keep")


class FittedNetworks(list[Any]):
    """The estimators that `fit_many` was given, fitted, and how that was done.

    Attributes
    ----------
    stacking_report : DataFrame
        A row per estimator: `stack`, the largest number of networks, itself included, that it
        learned side by side with; `reason`, why it learned alone, empty if it did not.
    errors : dict of int to Exception
        What fits ended with that did not come to an end, by number of the estimator.
    """

    stacking_report: pd.DataFrame
    errors: dict[int, BaseException]


def fit_many(
    estimators: Sequence[Any],
    X: Any,
    y: Any,
    *,
    indices: Sequence[Any] | None = None,
    strategy: str = "auto",
    device: str | None = None,
    max_memory: float | None = None,
    n_jobs: int | None = None,
    errors: str = "raise",
    verbose: int = 0,
    **fit_params: Any,
) -> FittedNetworks:
    """Fit estimators, those of one architecture side by side.

    Every estimator becomes what its own ``fit`` would make of it: the same seeds are drawn, the
    same batches taken, and weights differ by rounding only. Networks of one architecture
    learn in stacks, whose every step is one product of stacks of matrices. They may differ in
    seeds, initial weights, signs, masks, positions, strengths of penalties and of noise, learning
    rates, the order of batches, the trials they learn from and their lengths, and in when they
    stop; those that differ in more are in other stacks. A network that diverges or stops leaves its
    stack, and the others go on.

    Parameters
    ----------
    estimators : sequence of estimators
        Networks of this package, each another object; they are fitted in place. Other estimators
        are fitted by their own `fit`.
    X, y : array-like or list
        Trials and targets, as the estimators take them.
    indices : sequence of int arrays or None, default=None
        Per estimator the trials of `X` that it learns from, such as the training part of a fold;
        None: all.
    strategy : {"auto", "stacked", "alone"}, default="auto"
        "auto": stacks where they pay, by a rule from measured times; "stacked": wherever it can be;
        "alone": never.
    device : str or None, default=None
        Where all networks learn: their argument `device` from then on. None: where that says.
    max_memory : float or None, default=None
        Bytes that a stack may take; None: half of what is free.
    n_jobs : int or None, default=None
        Number of joblib's jobs, among which the estimators are divided. Other processes have
        copies: of a Generator that estimators share, and of what `on_epoch` writes to.
    errors : {"raise", "keep"}, default="raise"
        What becomes of a fit that fails: "raise" raises the first error when all others have come
        to their ends, "keep" leaves the estimator as it was and notes the error in `errors`.
    verbose : int, default=0
        1 shows a bar of epochs on the standard error with the median and the worst training loss,
        about ten lines where no bar can be drawn; 2 a line per epoch.
    **fit_params : object
        Handed to the fit of every estimator: `sample_weight`, `validation`, `validation_groups`.
        With `indices`, what there is one of per trial is cut as `X` is.

    Returns
    -------
    FittedNetworks
        The estimators in their order, with `stacking_report` and `errors`.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If an argument does not fit, or a fit fails.
    KeyboardInterrupt
        If it comes before a network has finished an epoch; those that have are fitted.

    Warns
    -----
    ConvergenceWarning
        If fits are interrupted from the keyboard: networks keep what their last epoch left.

    Examples
    --------
    >>> from sk_biornn import DaleRNNRegressor
    >>> from sk_biornn.datasets import make_flip_flop
    >>> from sk_biornn.ensemble import fit_many
    >>> X, y = make_flip_flop(100, n_steps=20, random_state=0)
    >>> networks = [
    ...     DaleRNNRegressor(n_units=16, max_iter=3, random_state=k)
    ...     for k in range(6)
    ... ]
    >>> fitted = fit_many(networks, X, y)
    >>> fitted[0] is networks[0], fitted.stacking_report["stack"].tolist()
    (True, [6, 6, 6, 6, 6, 6])
    """
    estimators = _checked_estimators(estimators)
    check_choice("strategy", strategy, STRATEGIES)
    check_choice("errors", errors, ERRORS)
    if max_memory is not None:
        max_memory = check_number("max_memory", max_memory, low=0.0, open_low=True)
    parts = _checked_indices(indices, len(estimators))
    check_count("verbose", int(verbose) if isinstance(verbose, bool) else verbose, low=0)
    if any(hasattr(estimator, "_epochs_of_fit") for estimator in estimators):
        check_fit_params(fit_params)
    check_cluster(estimators=estimators, X=X, y=y, **fit_params)
    groups = _divided(len(estimators), n_jobs)
    here = len(groups) == 1 and cluster_for_fits() is None
    options: dict[str, Any] = {"strategy": strategy, "max_memory": max_memory, "verbose": verbose}
    had = _devices_of(estimators, device)
    try:
        _set_devices(estimators, [None if before is None else device for before in had])
        if here:
            ended = _fit_here(estimators, X, y, fit_params, parts, **options)
        else:
            ended = _fit_elsewhere(groups, estimators, X, y, fit_params, parts, n_jobs, options)
    except BaseException:  # they are left as they were
        _set_devices(estimators, had)
        raise
    failed = [error is not None for *_, error in ended]
    _set_devices(estimators, [before if f else None for before, f in zip(had, failed, strict=True)])
    return _report(estimators, ended, errors)


def _devices_of(estimators: Sequence[Any], device: str | None) -> list[Any]:
    """Return the device that each would have to leave; None where it stays, or has none."""
    if device is None:
        return [None] * len(estimators)
    resolve_device(device)  # refused before anything is changed
    return [estimator.get_params().get("device") for estimator in estimators]


def _set_devices(estimators: Sequence[Any], devices: Sequence[Any]) -> None:
    """Have estimators learn on these devices; None: where they do."""
    for estimator, device in zip(estimators, devices, strict=True):
        if device is not None:
            estimator.set_params(device=device)


_Ended = tuple[int, "str | None", "BaseException | None"]  # largest stack, why alone, error


def _fit_here(
    estimators: Sequence[Any],
    X: Any,
    y: Any,
    fit_params: dict[str, Any],
    parts: Sequence[Any],
    *,
    strategy: str,
    max_memory: float | None,
    verbose: int,
) -> list[_Ended]:
    members = [
        Member(_epochs(estimator, X, y, fit_params, part))
        for estimator, part in zip(estimators, parts, strict=True)
    ]
    never = "strategy='alone'" if strategy == "alone" else ""
    with _watching(estimators, verbose) as watch:
        always = strategy == "stacked"
        carry(members, always=always, never=never, watch=watch, max_memory=max_memory)
    return [(m.largest_stack, m.reason, m.error) for m in members]


def _fit_elsewhere(
    groups: Sequence[Sequence[int]],
    estimators: Sequence[Any],
    X: Any,
    y: Any,
    fit_params: dict[str, Any],
    parts: Sequence[Any],
    n_jobs: int | None,
    options: dict[str, Any],
) -> list[_Ended]:
    def some(items: Sequence[Any], group: Sequence[int]) -> list[Any]:
        return [items[number] for number in group]

    given = Given(X, y, fit_params)
    jobs = [(some(estimators, group), some(parts, group), options) for group in groups]
    results = in_jobs(_fit_and_return, jobs, given, n_jobs)
    ended: list[Any] = [None] * len(estimators)
    for group, (fitted, of_group) in zip(groups, results, strict=True):
        for number, twin, end in zip(group, fitted, of_group, strict=True):
            take_over(estimators[number], twin)
            ended[number] = end
    return ended


def _fit_and_return(
    estimators: list[Any], parts: list[Any], options: Any, given: Given
) -> tuple[list[Any], list[_Ended]]:
    with one_thread_there():
        X, y, fit_params = given.X, given.y, given.fit_params
        return estimators, _fit_here(estimators, X, y, fit_params, parts, **options)


def _epochs(estimator: Any, X: Any, y: Any, fit_params: dict[str, Any], part: Any) -> Any:
    """Yield the epochs of a fit; that of a foreign estimator has none.

    A generator that has not begun holds nothing but the trial numbers.
    """
    X, y = take_trials(part, X, y)
    params = cut_params(fit_params, part)
    if hasattr(estimator, "_epochs_of_fit"):
        return (yield from estimator._epochs_of_fit(X, y, **params))
    return estimator.fit(X, y, **params)


def _report(estimators: Sequence[Any], ended: Sequence[_Ended], errors: str) -> FittedNetworks:
    fitted = FittedNetworks(estimators)
    fitted.stacking_report = pd.DataFrame(
        [
            {"stack": max(1, stack), "reason": _reason(estimator, stack, why, error)}
            for estimator, (stack, why, error) in zip(estimators, ended, strict=True)
        ]
    )
    _note(fitted.stacking_report)
    fitted.errors = {number: error for number, (*_, error) in enumerate(ended) if error is not None}
    for error in fitted.errors.values():
        if errors == "raise" or isinstance(error, KeyboardInterrupt):
            raise error
    return fitted


def _note(report: pd.DataFrame) -> None:
    """Note in the log how many networks learned side by side, and why others did not."""
    if not is_read():
        return
    found = Counter(zip(report["stack"], report["reason"], strict=True))
    for (stack, reason), number in found.items():
        how = f"side by side, {stack} at a time" if stack > 1 else f"alone ({reason})"
        logger.info("fit_many: %d of %d networks %s", number, len(report), how)


def _reason(estimator: Any, stack: int, why: str | None, error: BaseException | None) -> str:
    if stack > 1:
        return ""
    if error is not None and why is None:
        return "its fit ended with an error"
    if not hasattr(estimator, "_epochs_of_fit"):
        return f"{type(estimator).__name__} is no network of this package"
    return why or "no other network of its architecture and its sizes of batches"


def _checked_estimators(estimators: Any) -> list[Any]:
    several = isinstance(estimators, (list, tuple)) or (
        isinstance(estimators, np.ndarray) and estimators.dtype == object
    )
    if not several or not len(estimators):
        raise refusal(
            "estimators",
            "a list of at least one estimator",
            estimators,
            right_type=several,
        )
    for estimator in estimators:
        if isinstance(estimator, type) or not hasattr(estimator, "fit"):
            raise TypeError(
                f"estimators must hold objects with a method fit, got {short(estimator)}."
            )
    if len({id(estimator) for estimator in estimators}) < len(estimators):
        raise ValueError(
            "estimators must be another object each, got one of them twice; clone() makes more."
        )
    return list(estimators)


def _checked_indices(indices: Any, n_estimators: int) -> list[Any]:
    if indices is None:
        return [None] * n_estimators
    if not is_several(indices):
        raise TypeError(
            f"indices must be None or one array of trial numbers per estimator, got "
            f"{short(indices)}."
        )
    parts = list(indices)
    if len(parts) != n_estimators:
        raise ValueError(
            f"indices must have one array per estimator, {n_estimators}, got {len(parts)}."
        )
    return [None if part is None else _whole_numbers(part) for part in parts]


def _whole_numbers(part: Any) -> np.ndarray:
    array = np.asarray(part)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise TypeError(
            "indices must hold arrays of trial numbers, (n_trials_of_the_estimator,) of int, got "
            f"{array.dtype} of shape {array.shape}."
        )
    return array


def _divided(n_estimators: int, n_jobs: int | None) -> list[Sequence[int]]:
    """Return which estimators each job fits: neighbours, which are often of one kind, apart."""
    if n_jobs is not None and not is_integer(n_jobs):
        raise refusal("n_jobs", "None or an integer", n_jobs, right_type=False)
    if n_jobs == 0:
        raise ValueError("n_jobs must be a positive integer, a negative one or None, got 0.")
    cluster = cluster_for_fits()
    n_groups = cluster.n_slots() if cluster is not None else effective_n_jobs(n_jobs)
    n_groups = min(n_estimators, max(1, n_groups))
    return [range(first, n_estimators, n_groups) for first in range(n_groups)]


@contextmanager
def _watching(
    estimators: Sequence[Any], verbose: int
) -> Iterator[Callable[[Sequence[Member]], None]]:
    """Yield what is to be told of every round; it shows the median and the worst loss."""
    numbers = (getattr(estimator, "max_iter", None) for estimator in estimators)
    most = max((number for number in numbers if is_integer(number)), default=1)
    name = f"{len(estimators)} networks"
    progress, failed = Progress(most, "epoch", name=name, verbose=verbose), True

    def watch(members: Sequence[Member]) -> None:
        if not verbose:
            return
        losses = [member.loss for member in members if member.loss == member.loss]
        shown = f"median loss {np.median(losses):.4g}, worst {max(losses):.4g}" if losses else ""
        progress.step(shown)

    try:
        yield watch
        failed = False
    finally:
        progress.close(failed=failed)
