"""What the outputs of a regressor stand for: the distribution of the data, and the indicator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sk_biornn._checks import check_count
from sk_biornn._plain import short
from sk_biornn._random import make_rng
from sk_biornn.core import computing
from sk_biornn.core.deviance import deviance_explained
from sk_biornn.core.observation_model import Observation
from sk_biornn.core.observations import OBSERVATIONS
from sk_biornn.estimators._base import BaseRNN
from sk_biornn.estimators._calcium import (
    calcium_tau_of,
    check_calcium_tau,
    fixed_decay,
    learned_decay,
)
from sk_biornn.estimators._fitted import FittedRegressor
from sk_biornn.estimators._loss import Play
from sk_biornn.estimators._observing import Observing
from sk_biornn.estimators._own_parameters import given_parameters, moments_of, own_parameters
from sk_biornn.estimators._physiology import Extra
from sk_biornn.estimators._rules import Choice, Rule, check_rules
from sk_biornn.estimators._running import blank_padding
from sk_biornn.estimators._state import FitState
from sk_biornn.estimators._targets import Targets
from sk_biornn.estimators._trials import Trials

_FILTERED = ("gaussian", "gamma")  # what an indicator shows; the others are rid of it, or counted

_RULES: dict[str, Rule] = {
    "observation": Choice(tuple(OBSERVATIONS)),
    "output_activation": Choice(("identity", "tanh")),
}


class ObservedRNN(FittedRegressor, BaseRNN):
    """Adds to a network what it takes to see spikes, events or fluorescence."""

    observation: str
    calcium_tau: Any
    output_activation: str

    # -------------------------------------------------------------- what the arguments say

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_rules(self, _RULES)
        if self.observation != "gaussian" and self.output_activation != "identity":
            raise ValueError(
                "output_activation must be 'identity' with observation="
                f"{self.observation!r}, which has a link of its own, got "
                f"{self.output_activation!r}."
            )
        if self.calcium_tau is not None and self.observation not in _FILTERED:
            raise ValueError(
                f"calcium_tau must be None with observation={self.observation!r}, of which no "
                f"indicator makes a low-pass ('gaussian' and 'gamma' take one), got "
                f"{short(self.calcium_tau)}."
            )

    def _check_run(self) -> None:
        check_calcium_tau(self.calcium_tau)
        if self.calcium_tau is not None and self.dt is None:
            raise ValueError("dt must be given (in ms) with calcium_tau, got None.")
        super()._check_run()

    def _uses_dt(self) -> bool:
        return self.calcium_tau is not None

    def _model(self) -> Observation:
        """Return the distribution of the fit, whatever the argument says by now."""
        return OBSERVATIONS[getattr(self, "_observation", self.observation)]

    @property
    def _learns_decay(self) -> bool:
        return isinstance(self.calcium_tau, str)

    # -------------------------------------------------------------- what is learned with weights

    def _extras(self, state: FitState, trials: Trials, targets: Targets) -> dict[str, Extra]:
        extras = super()._extras(state, trials, targets)
        model = OBSERVATIONS[self.observation]
        if self._learns_decay:
            extras["decay"] = learned_decay(trials, targets)
        elif self.calcium_tau is not None:
            extras["decay"] = fixed_decay(self._given_tau(targets.n_outputs), float(self.dt or 0))
        if model.own:
            extras["observation"] = own_parameters(model, targets)
        return extras

    def _unlearned(self) -> frozenset[str]:
        unlearned = super()._unlearned()
        return unlearned if self._learns_decay else unlearned | {"decay"}

    def _extras_before(self, trials: Trials) -> dict[str, NDArray[Any]]:
        before = super()._extras_before(trials)
        if not self._learns_decay:
            before.pop("decay", None)
        return before

    def _with_weights(
        self, state: FitState, targets: Targets, dtype: Any, resume: bool
    ) -> FitState:
        """Have the read-out start at the mean of the data."""
        if resume and self._observation != self.observation:
            raise ValueError(
                f"observation must be {self._observation!r}, as in the earlier fit that is "
                f"continued, got {self.observation!r}."
            )
        self._observation = self.observation
        state = super()._with_weights(state, targets, dtype, resume)
        if resume or self.observation == "gaussian":
            return state
        model, moments = OBSERVATIONS[self.observation], moments_of(targets)
        bias = model.readout(model.nearest_mean(moments), model.start(moments))
        return replace(state, weights={**state.weights, "b_out": bias.astype(dtype)})

    def _play(self, n_epochs: int, extras: Mapping[str, Extra]) -> Play:
        play = super()._play(n_epochs, extras)._replace(observing=self._observing())
        if self.observation != "gaussian":
            return play._replace(reason_alone="outputs that are not compared by squared error")
        if self.calcium_tau is not None:
            return play._replace(reason_alone="outputs that an indicator filters")
        return play

    def _observing(self) -> Observing | None:
        model = self._model() if hasattr(self, "_observation") else None
        model = None if model is None or model.name == "gaussian" else model
        if model is None and self.calcium_tau is None:
            return None
        return Observing(observation=model)

    def _observed_as(self) -> Observation | None:
        return None if self.observation == "gaussian" else OBSERVATIONS[self.observation]

    # -------------------------------------------------------------- how it is judged

    def _loss_observed(
        self,
        outputs: torch.Tensor,
        values: torch.Tensor,
        weights: torch.Tensor,
        own: torch.Tensor | None,
    ) -> torch.Tensor:
        model = self._observed_as()
        if model is None:
            return super()._loss_observed(outputs, values, weights, own)
        return model.loss(outputs, own, values, weights)

    def _score_observed(
        self, outputs: np.ndarray, targets: Targets, own: np.ndarray | None
    ) -> float:
        if self.observation == "gaussian":
            return super()._score_observed(outputs, targets, own)
        return self._d2(outputs, targets.values, targets.weights, own)

    def _d2(
        self,
        outputs: np.ndarray,
        values: np.ndarray,
        weights: np.ndarray,
        own: np.ndarray | None,
    ) -> float:
        """Return the deviance explained, the mean over outputs that are judged."""
        model, n_outputs = self._model(), outputs.shape[-1]
        own = np.empty((0, n_outputs)) if own is None else own
        flat = (array.reshape(-1, n_outputs) for array in (outputs, values, weights))
        readout, y, w = flat
        each = deviance_explained(model, readout, own, y, w)
        return float(np.nanmean(each)) if np.isfinite(each).any() else float("nan")

    def _means(self, outputs: np.ndarray) -> np.ndarray:
        """Return the means of what is observed, of outputs before the link."""
        model, own = self._model(), self._own()
        if model.name == "gaussian":
            return outputs
        with torch.no_grad(), computing():
            given = None if own is None else torch.from_numpy(own.astype(outputs.dtype))
            return model.mean(torch.from_numpy(outputs), given).numpy()

    # -------------------------------------------------------------- what is seen of it

    def _own(self) -> np.ndarray | None:
        return getattr(self, "observation_params_", None)

    @property
    def observation_(self) -> pd.DataFrame | None:
        """Parameters of the distribution beside its mean, (n_parameters, n_outputs), by name."""
        check_is_fitted(self, "W_rec_")
        own, names = self._own(), getattr(self, "output_names_", None)
        if own is None:
            return None
        index = pd.Index([each.name for each in self._model().own], name="parameter")
        columns = range(own.shape[1]) if names is None else list(names)
        return pd.DataFrame(own, index=index, columns=pd.Index(columns, name="output"))

    @property
    def calcium_tau_(self) -> NDArray[np.float64] | None:
        """Time constant of the indicator of every output in ms, (n_outputs,)."""
        check_is_fitted(self, "W_rec_")
        decay = getattr(self, "calcium_decay_", None)
        if decay is None:
            return None
        if not self._learns_decay:
            return self._given_tau(len(decay))
        return np.asarray(-float(self.dt or 0) / np.log(decay.astype(np.float64)))

    def _given_tau(self, n_outputs: int) -> NDArray[np.float64]:
        return calcium_tau_of(self.calcium_tau, getattr(self, "output_names_", None), n_outputs)

    def sample_y(self, X: Any, n_samples: int = 1, random_state: Any = 0) -> Any:
        """Draw data as the fitted network expects them.

        Every entry is drawn from its own distribution, given the means: what is shared by entries
        is in the means alone.

        Parameters
        ----------
        X : array-like or list
            Trials, as in `fit`.
        n_samples : int, default=1
            Number of draws of every entry.
        random_state : int, RandomState, Generator or None, default=0
            Seed of the draws.

        Returns
        -------
        ndarray of shape (..., n_samples)
            Draws, in the shape of what `predict` returns, with the samples along a last axis; NaN
            after the end of a shorter trial (an object array of one array per trial for a list X
            with targets at every step).

        Raises
        ------
        ValueError
            If X does not fit, or with ``observation="gaussian"``, which says nothing of a spread.

        Examples
        --------
        >>> import numpy as np
        >>> from sk_biornn import DaleRNNRegressor
        >>> X = np.random.default_rng(0).standard_normal((20, 10, 1))
        >>> reg = DaleRNNRegressor(
        ...     n_units=8, observation="poisson", max_iter=5, random_state=0
        ... )
        >>> spikes = reg.fit(X, X > 0).sample_y(X, n_samples=100)
        >>> # 100 counts per trial, step and output, about the predicted rates
        >>> round(float(spikes.mean() / reg.predict(X).mean()), 1)
        1.0
        """
        check_is_fitted(self, "W_rec_")
        model = self._model()
        if model.name == "gaussian":
            raise ValueError(
                "sample_y needs an observation that says how data spread about their mean, such "
                "as 'poisson', got 'gaussian'."
            )
        n_samples = check_count("n_samples", n_samples)
        every_step, n_outputs, flat = self._target_shape
        outputs, trials = self._run(X, every_step)
        mean = self._means(outputs.astype(np.float64))
        own = self._own()
        own = np.empty((0, n_outputs)) if own is None else own.astype(np.float64)
        shape = (*mean.shape, n_samples)
        drawn = model.sample(
            np.broadcast_to(mean[..., None], shape), own[..., None], make_rng(random_state)
        ).astype(outputs.dtype)
        if every_step:
            return blank_padding(drawn, trials)
        return drawn[:, 0] if flat else drawn

    # -------------------------------------------------------------- doors

    def _observe_as_given(self, observation_parameters: Any) -> Self:
        """Take up what a fit would have left beside weights; for `from_weights`."""
        model, n_outputs = OBSERVATIONS[self.observation], len(self.W_out_)
        self._observation = self.observation
        dtype = self.W_rec_.dtype
        if self._learns_decay:
            raise ValueError(
                "calcium_tau must be a number or one per output for given weights, got 'learned'."
            )
        if self.calcium_tau is not None:
            decay = np.exp(-float(self.dt or 0) / self._given_tau(n_outputs))
            self.calcium_decay_ = decay.astype(dtype)
        own = given_parameters(observation_parameters, model, n_outputs)
        if own is not None:
            self.observation_params_ = own.astype(dtype)
        return self
