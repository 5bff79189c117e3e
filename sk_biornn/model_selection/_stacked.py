"""What a search of scikit-learn needs to have its networks learn side by side."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Self

import joblib
import numpy as np
import pandas as pd
import sklearn
from sklearn.base import clone, is_classifier
from sklearn.model_selection import check_cv

from sk_biornn._checks import check_choice, check_number
from sk_biornn.ensemble._fit_many import STRATEGIES
from sk_biornn.model_selection._before import Before, report_of
from sk_biornn.model_selection._checkpoint import Checkpoint, open_checkpoint
from sk_biornn.model_selection._fitted_before import Store, is_network, looking_up
from sk_biornn.model_selection._step_names import refuse_names_of_steps


class StackedSearch:
    """Goes before a search among its bases: fits candidates x folds before they are asked for.

    The search itself is scikit-learn's. It is given an estimator whose `fit` looks up the network
    that has learned from these trials with these parameters, and learns if there is none.
    """

    estimator: Any
    cv: Any
    n_jobs: int | None
    scoring: Any
    strategy: str
    max_memory: float | None
    checkpoint: Any
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
        TypeError
            If an argument is of another type.
        ValueError
            If an argument does not fit, `scoring` has the name of a step scorer as text, or
            `checkpoint` is a folder of something else, of other versions or sources, or of a search
            that runs.

        Warns
        -----
        UserWarning
            If fits cannot be kept in `checkpoint`, by parameter and why, or files there are damaged
            or nothing can be restored from them; once each.
        """
        check_choice("strategy", self.strategy, STRATEGIES)
        refuse_names_of_steps(self.scoring)
        if self.max_memory is not None:
            check_number("max_memory", self.max_memory, low=0.0, open_low=True)
        self.__dict__.pop("stacking_report_", None)  # of an earlier search
        # Who routes metadata says what goes where, and scikit-learn's search knows how.
        routed = bool(sklearn.get_config().get("enable_metadata_routing"))
        stacks = self.strategy != "alone" and not routed and is_network(type(self.estimator))
        with open_checkpoint(self.checkpoint) as folder:
            if not stacks and (folder is None or not hasattr(self.estimator, "fit")):
                super().fit(X, y, **params)  # type: ignore[misc]
                self._report_alone(self._why_alone(routed))
                return self
            with self._found_before(X, y, params, folder, stacks=stacks, routed=routed):
                super().fit(X, y, **params)  # type: ignore[misc]
        return self

    @contextmanager
    def _found_before(
        self,
        X: Any,
        y: Any,
        params: dict[str, Any],
        folder: Checkpoint | None,
        *,
        stacks: bool,
        routed: bool,
    ) -> Iterator[None]:
        """Put an estimator that looks fits up in place, and have them there before."""
        prototype, cv, store = self.estimator, self.cv, Store(folder)
        twin = clone(prototype)
        twin.__class__ = looking_up(type(prototype), store)
        options = {"max_memory": self.max_memory, "n_jobs": self.n_jobs, "strategy": self.strategy}
        why = "not so small that a stack pays" if stacks else self._why_alone(routed)
        before = Before(twin, X, y, params, store, options if stacks else None, why)
        try:
            self.estimator = twin
            if not routed:
                self._before = before
                self.cv = check_cv(cv, y, classifier=is_classifier(prototype))
            # The networks are in this process, and so is what looks them up.
            with joblib.parallel_config(backend="threading") if stacks else nullcontext():
                yield
            self._report(before.reports)
        finally:
            self.estimator, self.cv = prototype, cv
            self.__dict__.pop("_before", None)
            scorer = getattr(getattr(self, "scorer_", None), "_estimator", None)
            for holder in (getattr(self, "best_estimator_", None), scorer):
                if hasattr(type(holder), "looks_up_for"):
                    holder.__class__ = type(prototype)

    def __getstate__(self) -> Any:
        """Return what a copy in another process needs, which is not all trials."""
        state: Any = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_before"}

    def _run_search(
        self, evaluate_candidates: Callable[..., Any], *, callback_ctx: Any = None
    ) -> Any:
        # scikit-learn hands on the context of its callbacks from 1.9 on.
        context = {} if callback_ctx is None else {"callback_ctx": callback_ctx}
        before = getattr(self, "_before", None)
        if before is None:
            return super()._run_search(evaluate_candidates, **context)  # type: ignore[misc]

        def evaluate(
            candidate_params: Iterable[Any], cv: Any = None, *rest: Any, **options: Any
        ) -> Any:
            candidates = list(candidate_params)
            splits = before.splits(self.cv if cv is None else cv)
            before.fit(candidates, splits)
            return evaluate_candidates(candidates, check_cv(splits), *rest, **options)

        return super()._run_search(evaluate, **context)  # type: ignore[misc]

    def _why_alone(self, routed: bool) -> str:
        """Return why no candidate learns side by side with others."""
        kind = type(self.estimator)
        if not is_network(kind):
            return f"{kind.__name__} is no network of this package"
        return "metadata routing is enabled" if routed else "strategy='alone'"

    def _report_alone(self, reason: str) -> None:
        """Set the report of a search that scikit-learn has done by itself."""
        n_candidates = len(self.cv_results_["params"])  # type: ignore[attr-defined]
        folds = range(self.n_splits_)  # type: ignore[attr-defined]
        places = list(itertools.product(range(n_candidates), folds))
        self.stacking_report_ = report_of(places, 1, reason, np.nan)

    def _report(self, reports: list[pd.DataFrame]) -> None:
        """Set the report, and the times of candidates of which every fold is in it."""
        if not reports:
            return
        report = pd.concat(reports, ignore_index=True)
        self.stacking_report_ = report.sort_values(["candidate", "fold"], ignore_index=True)
        seconds = report.groupby("candidate")["seconds"]
        whole = seconds.count() == self.n_splits_  # type: ignore[attr-defined]
        results: dict[str, Any] = self.cv_results_  # type: ignore[attr-defined]
        for name, of_candidate in (("mean", seconds.mean()), ("std", seconds.std(ddof=0))):
            known = of_candidate[whole]
            results[f"{name}_fit_time"][known.index] = known.to_numpy()
