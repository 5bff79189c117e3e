"""What a search of scikit-learn needs to have its networks learn side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import joblib
import numpy as np
import pandas as pd
import sklearn
from sklearn.base import clone, is_classifier
from sklearn.model_selection import check_cv

from sk_biornn._checks import check_choice
from sk_biornn.core import one_of_many
from sk_biornn.ensemble import fit_many
from sk_biornn.ensemble._fit_many import STRATEGIES
from sk_biornn.ensemble._sizes import may_pay
from sk_biornn.ensemble._trials import cut_params, take_trials
from sk_biornn.model_selection._fitted_before import Store, key_of, looking_up

Split = tuple[np.ndarray, np.ndarray]


class StackedSearch:
    """Goes before a search among its bases: fits candidates x folds before they are asked for.

    The search itself is scikit-learn's. It is given an estimator whose `fit` looks up the network
    that has learned from these trials with these parameters, and learns if there is none.
    """

    estimator: Any
    cv: Any
    n_jobs: int | None
    strategy: str
    max_memory: float | None
    stacking_report_: pd.DataFrame

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Search, with networks of one architecture learning side by side.

        Parameters
        ----------
        X, y : array-like or list
            Trials and targets.
        **params : dict
            `groups` of the trials, and what is handed to the `fit` of the estimator, as
            scikit-learn has it.

        Returns
        -------
        self : object
            The search.

        Raises
        ------
        ValueError
            If an argument does not fit.
        """
        check_choice("strategy", self.strategy, STRATEGIES)
        self._reports: list[pd.DataFrame] = []
        self.__dict__.pop("stacking_report_", None)  # of an earlier search
        # Who routes metadata says what goes where, and scikit-learn's search knows how.
        routed = bool(sklearn.get_config().get("enable_metadata_routing"))
        is_network = hasattr(self.estimator, "_epochs_of_fit")
        if self.strategy == "alone" or routed or not is_network:
            super().fit(X, y, **params)  # type: ignore[misc]
        else:
            with self._networks_learn_before(X, y, params):
                super().fit(X, y, **params)  # type: ignore[misc]
        self._finish()
        return self

    @contextmanager
    def _networks_learn_before(self, X: Any, y: Any, params: dict[str, Any]) -> Iterator[None]:
        """Put an estimator that looks networks up, and splits that are made once, in place."""
        prototype, cv, store = self.estimator, self.cv, Store()
        splits = check_cv(cv, y, classifier=is_classifier(prototype))
        fixed = list(splits.split(X, y, params.get("groups")))
        twin = clone(prototype)
        twin.__class__ = looking_up(type(prototype), store)
        self._before = _Before(self, prototype, X, y, params, fixed, store)
        try:
            self.estimator, self.cv = twin, fixed
            # The networks are in this process, and so is what looks them up.
            with joblib.parallel_config(backend="threading"):
                yield
        finally:
            self.estimator, self.cv = prototype, cv
            del self._before
            scorer = getattr(getattr(self, "scorer_", None), "_estimator", None)
            for holder in (getattr(self, "best_estimator_", None), scorer):
                if hasattr(type(holder), "looks_up_for"):
                    holder.__class__ = type(prototype)

    def _run_search(
        self, evaluate_candidates: Callable[..., Any], *, callback_ctx: Any = None
    ) -> Any:
        # scikit-learn hands on the context of its callbacks from 1.9 on.
        context = {} if callback_ctx is None else {"callback_ctx": callback_ctx}
        before = getattr(self, "_before", None)
        if before is None:
            return super()._run_search(evaluate_candidates, **context)  # type: ignore[misc]

        def evaluate(candidate_params: Iterable[Any], *rest: Any, **options: Any) -> Any:
            candidates = list(candidate_params)
            before.fit(candidates)
            return evaluate_candidates(candidates, *rest, **options)

        return super()._run_search(evaluate, **context)  # type: ignore[misc]

    def _finish(self) -> None:
        reports = self.__dict__.pop("_reports")
        if not reports:
            return
        self.stacking_report_ = report = pd.concat(reports, ignore_index=True)
        seconds = report.groupby("candidate")["seconds"]
        results: dict[str, Any] = self.cv_results_  # type: ignore[attr-defined]
        for name, of_candidate in (("mean", seconds.mean()), ("std", seconds.std(ddof=0))):
            times = results[f"{name}_fit_time"]
            times[of_candidate.index] = of_candidate.to_numpy()


class _Before:
    """Fits candidates before the search evaluates them."""

    def __init__(
        self,
        search: StackedSearch,
        prototype: Any,
        X: Any,
        y: Any,
        params: dict[str, Any],
        splits: Sequence[Split],
        store: Store,
    ) -> None:
        self.search, self.prototype, self.store = search, prototype, store
        self.X, self.y, self.splits = X, y, splits
        self.fit_params = {name: value for name, value in params.items() if name != "groups"}
        self.n_before = 0  # candidates

    def fit(self, candidates: Sequence[dict[str, Any]]) -> None:
        """Fit those candidates x folds for which it pays."""
        networks: list[Any] = []
        places: list[tuple[int, int]] = []
        for number, parameters in enumerate(candidates):
            for fold, (train, _) in enumerate(self.splits):
                network = clone(self.prototype)
                network.set_params(**clone(parameters, safe=False))
                if self.search.strategy == "stacked" or may_pay(network, len(train)):
                    networks.append(network)
                    places.append((self.n_before + number, fold))
        self.n_before += len(candidates)
        if networks:
            self._fit(networks, places)

    def _fit(self, networks: list[Any], places: list[tuple[int, int]]) -> None:
        parts = [self.splits[fold][0] for _, fold in places]
        # By parameters as they are before the fit, whose generator may advance.
        keys = []
        for network, part in zip(networks, parts, strict=True):
            X, y = take_trials(part, self.X, self.y)
            keys.append(key_of(network, X, y, cut_params(self.fit_params, part)))
        known = [number for number, key in enumerate(keys) if key is not None]
        if known:
            self._fit_known(
                [networks[number] for number in known],
                [parts[number] for number in known],
                [places[number] for number in known],
                [keys[number] for number in known],
            )

    def _fit_known(
        self,
        networks: list[Any],
        parts: list[np.ndarray],
        places: list[tuple[int, int]],
        keys: list[Any],
    ) -> None:
        start = time.perf_counter()
        with one_of_many():  # an interruption is one of the whole search
            fitted = fit_many(
                networks,
                self.X,
                self.y,
                indices=parts,
                strategy=self.search.strategy,
                max_memory=self.search.max_memory,
                n_jobs=self.search.n_jobs,
                errors="keep",
                **self.fit_params,
            )
        seconds = (time.perf_counter() - start) / len(networks)
        for number, (key, network) in enumerate(zip(keys, fitted, strict=True)):
            self.store.add(key, network, fitted.errors.get(number))
        report = pd.DataFrame(places, columns=["candidate", "fold"])
        self.search._reports.append(report.join(fitted.stacking_report).assign(seconds=seconds))
