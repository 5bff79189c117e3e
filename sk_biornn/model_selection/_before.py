"""Fits the candidates of a search before it asks for them, or finds that they are kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from joblib import parallel_config
from sklearn.base import clone

from sk_biornn._cluster import active_cluster
from sk_biornn.core import one_of_many
from sk_biornn.ensemble import fit_many
from sk_biornn.ensemble._sizes import may_pay
from sk_biornn.ensemble._trials import cut_params, take_trials
from sk_biornn.model_selection._digest import Digest
from sk_biornn.model_selection._fitted_before import Key, Store, digests_of, key_of

Split = tuple[np.ndarray, np.ndarray]


class _Fit(NamedTuple):
    """A candidate on the training part of a fold."""

    candidate: int
    fold: int
    network: Any
    train: np.ndarray
    key: Key


class Before:
    """Has candidates ready before the search evaluates them.

    Parameters
    ----------
    twin : estimator
        What the candidates are made of; it looks fits up in `store`.
    X, y : object
        All trials and targets.
    params : dict
        What the search was given besides.
    store : Store
        Where fits are found.
    options : dict or None
        Of `fit_many`; None: nothing is fitted before.
    why_alone : str
        The reason in the report of what is not fitted before.
    """

    def __init__(
        self,
        twin: Any,
        X: Any,
        y: Any,
        params: dict[str, Any],
        store: Store,
        options: dict[str, Any] | None,
        why_alone: str,
    ) -> None:
        self.twin, self.X, self.y, self.store, self.options = twin, X, y, store, options
        self.why_alone = why_alone
        self.groups = params.get("groups")
        self.fit_params = {name: value for name, value in params.items() if name != "groups"}
        cluster = active_cluster()  # asked here: the search itself will be in this process
        self.backend: dict[str, Any] = {}
        if cluster is not None:
            self.backend = {"backend": "dask", "client": cluster.client, **cluster.options}
        self.reports: list[pd.DataFrame] = []
        self.n_candidates = 0
        self._learned_from: dict[int, dict[str, Digest]] = {}  # by fold

    def splits(self, cv: Any) -> list[Split]:
        """Return the folds, made once."""
        return list(cv.split(self.X, self.y, groups=self.groups))

    def fit(self, candidates: Sequence[dict[str, Any]], splits: Sequence[Split]) -> None:
        """Fit those candidates x folds for which it pays, and which are not kept."""
        todo: list[_Fit] = []
        self._learned_from.clear()  # of other folds
        for number, parameters in enumerate(candidates, start=self.n_candidates):
            for fold, (train, _) in enumerate(splits):
                network = clone(self.twin)
                network.set_params(**clone(parameters, safe=False))
                todo.extend(self._to_do(number, fold, network, train))
        self.n_candidates += len(candidates)
        if self.store.folder is not None:  # equal fits are one there
            todo = list({fit.key: fit for fit in reversed(todo)}.values())[::-1]
        if todo:
            self._fit(todo)

    def _to_do(self, candidate: int, fold: int, network: Any, train: np.ndarray) -> list[_Fit]:
        pays = self.options is not None and (
            self.options["strategy"] == "stacked" or may_pay(network, len(train))
        )
        if not pays and self.store.folder is None:
            self._report_one(candidate, fold, 1, self.why_alone, np.nan)
            return []
        # By parameters as they are before the fit, whose generator may advance.
        if fold not in self._learned_from:
            X, y = take_trials(train, self.X, self.y)
            self._learned_from[fold] = digests_of(X, y, cut_params(self.fit_params, train))
        key = key_of(network, self._learned_from[fold])
        if self.store.folder is not None:
            seconds = self.store.folder.seconds_of(self.store.name_of(key))
            if seconds is not None:
                self._report_one(candidate, fold, 0, "kept in the checkpoint", seconds)
                return []
        if not pays or not key.is_told:
            why = str(key.unkept) if pays else self.why_alone
            self._report_one(candidate, fold, 1, why, np.nan)
        return [_Fit(candidate, fold, network, train, key)] if pays and key.is_told else []

    def _fit(self, todo: Sequence[_Fit]) -> None:
        start = time.perf_counter()
        # An interruption is one of the whole search.
        with one_of_many(), parallel_config(**self.backend) if self.backend else nullcontext():
            fitted = fit_many(
                [fit.network for fit in todo],
                self.X,
                self.y,
                indices=[fit.train for fit in todo],
                errors="keep",
                **(self.options or {}),
                **self.fit_params,
            )
        seconds = (time.perf_counter() - start) / len(todo)
        for number, (fit, network) in enumerate(zip(todo, fitted, strict=True)):
            self.store.add(fit.key, network, fitted.errors.get(number))
        places = [(fit.candidate, fit.fold) for fit in todo]
        report = pd.DataFrame(places, columns=["candidate", "fold"])
        self.reports.append(report.join(fitted.stacking_report).assign(seconds=seconds))

    def _report_one(
        self, candidate: int, fold: int, stack: int, reason: str, seconds: float
    ) -> None:
        self.reports.append(report_of([(candidate, fold)], stack, reason, seconds))


def report_of(
    places: Sequence[tuple[int, int]], stack: int, reason: str, seconds: float
) -> pd.DataFrame:
    """Return rows of the report, of candidates and folds that have the rest in common."""
    report = pd.DataFrame(places, columns=["candidate", "fold"])
    return report.assign(stack=stack, reason=reason, seconds=seconds)
