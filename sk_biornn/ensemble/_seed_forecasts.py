"""Forecasts of an ensemble: every copy goes on by itself, and their mean is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sklearn.utils.validation import check_is_fitted

from sk_biornn._plain import real_array
from sk_biornn.ensemble._members import Members, mean_and_std, member_has


class SeedsThatForecast(Members):
    """Goes on from where trials end, or from one input, where the estimator does."""

    @member_has("forecast")
    def forecast(
        self, X: Any, n_steps: int, *, future: Any = None, return_std: bool = False
    ) -> Any:
        """Return the mean forecast: every copy goes on by itself from where trials end.

        Each copy is fed its own predictions, not their mean, so that forecasts of the copies are
        apart the further the more they look ahead.

        Parameters
        ----------
        X : array-like of shape (n_trials, n_steps, n_features), list, or DataFrame
            What was measured so far.
        n_steps : int
            How many steps to forecast.
        future : array-like, list, DataFrame or None, default=None
            Inputs of the steps to come that no output continues, as the estimator takes them.
        return_std : bool, default=False
            Whether to return the standard deviation over the seeds too (ddof=1).

        Returns
        -------
        ndarray of shape (n_trials, n_steps, n_outputs), or DataFrame, or list of DataFrames
            As the estimator returns it; with `return_std` a tuple of two, the mean and the standard
            deviation.

        Raises
        ------
        ValueError
            As by the estimator, or if `return_std` is asked for of a single seed.
        """
        check_is_fitted(self, "estimators_")
        return self._over_seeds("forecast", X, return_std, n_steps, future=future)

    @member_has("free_run")
    def free_run(
        self,
        first: Any,
        n_steps: int,
        *,
        initial_state: Any = None,
        future: Any = None,
        return_std: bool = False,
    ) -> Any:
        """Return the mean over the copies of what each does by itself from one input on.

        Parameters
        ----------
        first : array-like or DataFrame of shape (n_trials, n_features)
            The first input of each trial.
        n_steps : int
            How many steps to run.
        initial_state : array-like of shape (n_seeds, n_units) or (n_seeds, n_trials, n_units), \
or None, default=None
            Rates r_0 of every copy, in the order of `seeds_`, since units of different seeds are
            different units; those of `hidden_states` at one step, for instance. None: those that
            were learned (`initial_state` of the estimator), or 0.
        future : array-like or None, default=None
            Inputs of the later steps that no output continues, as in `forecast`.
        return_std : bool, default=False
            Whether to return the standard deviation over the seeds too (ddof=1).

        Returns
        -------
        ndarray of shape (n_trials, n_steps, n_outputs) or tuple of two
            Outputs of all steps; the mean and the standard deviation with `return_std`.

        Raises
        ------
        ValueError
            As `forecast`, or if there are not as many states as copies, or they do not fit.
        """
        check_is_fitted(self, "estimators_")
        self._check_return_std(return_std)
        states = self._states_of_copies(initial_state)
        runs = [
            member.free_run(first, n_steps, initial_state=state, future=future)
            for member, state in zip(self.estimators_, states, strict=True)
        ]
        return mean_and_std(runs, return_std)

    def _states_of_copies(self, states: Any) -> Sequence[Any]:
        """Return the state from which each copy starts."""
        n_seeds = len(self.estimators_)
        if states is None:
            return [None] * n_seeds
        states = real_array(states, "initial_state")
        if states.ndim not in (2, 3) or len(states) != n_seeds:
            raise ValueError(
                f"initial_state must have the rates of each of the {n_seeds} copies, shape "
                f"({n_seeds}, n_units) or ({n_seeds}, n_trials, n_units), got shape {states.shape}."
            )
        return list(states)

    def _columns_continued(self, asked_by: str | None = None) -> Any:
        """Return the column of X that each output continues, which is the same for all copies."""
        return self.estimators_[0]._columns_continued(asked_by)
