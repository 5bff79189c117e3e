"""The base of all estimators: how a fit goes from arguments to weights."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Self

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from sk_biornn import _structure
from sk_biornn._callbacks import WithCallbacks, callbacks_ended
from sk_biornn._checks import check_flag
from sk_biornn._random import make_rng
from sk_biornn._sparse import is_sparse
from sk_biornn.biology._prices import OfWeights
from sk_biornn.core import Epochs, alone, computing
from sk_biornn.estimators import _boundary as boundary
from sk_biornn.estimators._circuit import Circuit, Size
from sk_biornn.estimators._feature_checks import warn_of_far_features
from sk_biornn.estimators._gains import with_wiring
from sk_biornn.estimators._given_weights import (
    arranged,
    read_weights,
    refuse_contradictions,
    weights_order,
)
from sk_biornn.estimators._held_out import check_ways, read_groups
from sk_biornn.estimators._initial import draw_weights
from sk_biornn.estimators._loss import Judgement, bind_loss
from sk_biornn.estimators._loss_gradient import LossGradient, loss_and_gradients
from sk_biornn.estimators._penalties import bind_penalties
from sk_biornn.estimators._phases import train_prune_train
from sk_biornn.estimators._physiology import Extra
from sk_biornn.estimators._pruning import PruningPlan, pruning_plan
from sk_biornn.estimators._running import NAMES
from sk_biornn.estimators._shown import ShownRNN
from sk_biornn.estimators._state import FitState
from sk_biornn.estimators._targets import (
    Targets,
    check_weights,
    refuse_nothing_judged,
    weights_of_entries,
)
from sk_biornn.estimators._training import Training
from sk_biornn.estimators._trials import Trials, check_trials
from sk_biornn.estimators._watch import Watch, watching


class BaseRNN(WithCallbacks, ShownRNN):
    """Fits; the leaves add what differs between decisions and numbers.

    A leaf provides `_check_targets(y, trials, ...) -> Targets`, `_loss` (of `core.losses`) and
    `_score_outputs(outputs, targets) -> float`; a family, how it makes its circuit. What trains is
    given values, and calls back only to report an epoch and for the loss. Think twice before adding
    anything here.
    """

    def _fit(self, *arguments: Any, **options: Any) -> Self:
        return alone(self._fit_by_epochs(*arguments, **options))

    def _epochs_of_fit(
        self, X: Any, y: Any, sample_weight: Any = None, **held_out: Any
    ) -> Epochs[Self]:
        """Return what `fit` does, epoch by epoch."""
        resume = check_flag("warm_start", self.warm_start) and hasattr(self, "W_rec_")
        options = {"resume": resume, "max_iter": self.max_iter, **held_out}
        return self._fit_by_epochs(X, y, sample_weight, **options)

    def _fit_by_epochs(self, *arguments: Any, **options: Any) -> Epochs[Self]:
        """Fit; a fit that is refused or diverges leaves the estimator as it was."""
        before = dict(self.__dict__)
        try:
            with callbacks_ended(self):
                return (yield from self._fit_or_raise(*arguments, **options))
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def _fit_or_raise(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        resume: bool,
        max_iter: int,
        may_prune: bool = True,
        validation: Any = None,
        validation_groups: Any = None,
        **target_options: Any,
    ) -> Epochs[Self]:
        self._check_parameters()
        check_ways(self.early_stopping, validation, validation_groups)
        device = boundary.resolve_device(self.device)
        given, held = (X, y, sample_weight), (validation, validation_groups)
        trials, targets, held_out = self._read(*given, *held, resume, **target_options)
        state = self._start(Size(self.n_features_in_, targets.n_outputs), trials, resume)
        plan = self._pruning_plan(state.circuit)
        if self.early_stopping and held_out is None:
            (trials, targets), held_out = self._hold_out(state, trials, targets)
        extras = self._extras(state, trials, targets)
        if resume:
            extras = {**self._learned_before(), **extras}
        state = self._with_weights(state, targets, trials.x.dtype, resume)
        state = self._with_extras(state, extras, trials, targets, resume)
        prunes = plan is not None and may_prune and not state.has_reached(plan.goal)
        finetune = int(self.finetune_iter) if prunes else 0
        with watching(self, max_iter + finetune, given) as watch:
            training = self._training(state, trials, targets, device, held_out, extras, watch)
            watch.begins(state, trials, device)
            if plan is None or not prunes:
                state = yield from training.run(state, max_iter)
            else:
                state = yield from train_prune_train(training, plan, state, max_iter, finetune)
            self._show(state)
            self.__dict__.pop("_frames", None)
            watch.ends(state)
        self._tell_of_interruption(state)
        return self

    def _read(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation: Any,
        validation_groups: Any,
        resume: bool,
        **target_options: Any,
    ) -> tuple[Trials, Targets, tuple[Trials, Targets] | None]:
        """Return the trials and targets of a fit, and those that the user holds out."""
        trials = check_trials(self, X, reset=not resume, n_static_steps=self.n_static_steps)
        self.__dict__.setdefault("_n_axes", 2 if trials.is_static else 3)  # of `from_weights`
        targets = self._check_targets(y, trials, resume=resume, **target_options)
        self.n_steps_ = trials.n_steps  # padding included, of which nothing is computed
        if validation_groups is not None:
            trials = trials._replace(groups=read_groups(validation_groups, trials.n_trials))
        trials, targets = self._weigh(trials, targets, sample_weight, resume)
        held_out = None
        if validation is not None:
            held_out = self._read_validation(validation, trials, targets)
        if not resume:
            warn_of_far_features(trials)
        # Steps that no trial has would change no number, and cost time.
        trials = trials.without_padding()
        return trials, targets.first_steps(trials.n_steps), held_out

    # -------------------------------------------------------------- where a fit begins

    def _start(self, size: Size, trials: Trials, resume: bool) -> FitState:
        """Return the state of the earlier fit, or one of no weights; both in the circuit of now."""
        if resume:
            earlier = self._state.with_own_generator()
            return self._resumed(earlier, self._make_circuit(size, earlier.generator, earlier))
        generator = make_rng(self.random_state)
        # Drawn even if nothing is held out: early stopping changes no initial weight.
        split_seed = int(generator.integers(2**31))
        return FitState(self._make_circuit(size, generator, None), {}, generator, split_seed)

    def _resumed(self, earlier: FitState, circuit: Circuit) -> FitState:
        """Stay under the mask to which the earlier fit was pruned, or forget that it was pruned."""
        pruned = earlier.pruned if self.pruning is not None else None
        if pruned is None or pruned.goal is None:
            return replace(earlier.in_circuit(circuit), pruned=None)
        return earlier.in_circuit(circuit.without(self.mask_))

    def _pruning_plan(self, circuit: Circuit) -> PruningPlan | None:
        return pruning_plan(self, circuit, self.density, self.blocks)

    def _with_weights(
        self, state: FitState, targets: Targets, dtype: Any, resume: bool
    ) -> FitState:
        """Return the state with the weights from which training starts, cut to the masks."""
        if resume:
            self._check_resumable(targets, state.circuit)
            weights = self._weight_arrays()
            weights["w_rec"] = state.circuit.taken(weights["w_rec"])
        else:
            size = Size(self.n_features_in_, targets.n_outputs)
            weights = self._draw_weights(state.circuit, size, state.generator, dtype)
        # Drawn whole and cut here, so that a mask changes none of the other weights.
        for name, mask in state.circuit.masks().items():
            weights[name] = np.where(mask, weights[name], 0).astype(weights[name].dtype)
        earlier = self._state.circuit if resume else None
        return with_wiring(self, replace(state, weights=weights), earlier)

    def _draw_weights(
        self, circuit: Circuit, size: Size, generator: np.random.Generator, dtype: Any
    ) -> dict[str, np.ndarray]:
        weights = draw_weights(self, self._constraint(), circuit, size, generator)
        return {name: array.astype(dtype) for name, array in weights.items()}

    def _check_resumable(self, targets: Targets, circuit: Circuit) -> None:
        """Refuse to go on from weights of other sizes than the arguments and targets ask for."""
        for name, fitted, wanted in (
            ("n_units", self.W_rec_.shape[0], circuit.n_units),
            ("y's number of outputs", len(self.W_out_), targets.n_outputs),
        ):
            if fitted != wanted:
                raise ValueError(
                    f"{name} must be {fitted}, as in the earlier fit that is continued, got "
                    f"{wanted}."
                )

    # -------------------------------------------------------------- what is trained on, and how

    def _weigh(
        self, trials: Trials, targets: Targets, sample_weight: Any, resume: bool
    ) -> tuple[Trials, Targets]:
        """Multiply sample weights into the targets' weights and drop trials of weight zero.

        A step of weight zero is one that is not judged: its trial stays, and its activity counts.
        """
        if sample_weight is None:
            return trials, targets
        weights = check_weights(sample_weight, trials, targets.every_step)
        per_entry = weights_of_entries(weights, targets.weights.ndim)
        targets = targets._replace(weights=targets.weights * per_entry)
        if weights.ndim == 1:
            kept = np.flatnonzero(weights)
            trials = trials.take(kept)
            targets = targets._replace(trial_weights=weights).take(kept)
        refuse_nothing_judged(targets.weights)
        return trials, targets

    def _training(
        self,
        state: FitState,
        trials: Trials,
        targets: Targets,
        device: torch.device,
        held_out: tuple[Trials, Targets] | None,
        extras: Mapping[str, Extra],
        watch: Watch,
    ) -> Training:
        """Put together what does not change while the network learns."""
        # A fit that goes on keeps the precision of its weights, whatever that of X.
        dtype, circuit = boundary.torch_dtype(state.weights["w_rec"].dtype), state.circuit
        dynamics = self._dynamics(
            device, dtype, circuit.n_units, circuit.populations, circuit.order
        )
        play = self._play(state.n_iter, extras)
        outputs_of = partial(self._held_out_outputs, dynamics, play, trials)
        tally = self._tally(targets.n_outputs)
        monitor = self._monitor(state, held_out, outputs_of)
        judgement = Judgement(self._transform, self._loss, tally, self._observed_as())
        return Training(
            trials=trials,
            device=device,
            constraint=self._constraint(),
            frozen=frozenset(NAMES[name] for name in self._frozen()),
            extras=extras,
            optimisation=self._optimisation(trials.n_trials),
            bind_loss=partial(bind_loss, self, dynamics, judgement, trials, targets, device, play),
            noisy=self.noise_level > 0 or self.recurrent_noise > 0,
            monitor=monitor,
            report=self._after_epoch,
            watch=watch,
        )

    # -------------------------------------------------------------- doors to a fitted network

    @classmethod
    def _of_weights(
        cls, given: dict[str, Any], parameters: dict[str, Any], **of_targets: Any
    ) -> Self:
        """Return an estimator that is as if a fit had left these weights."""
        weights, size = read_weights(given)
        parameters = _with_mask_of(weights["w_rec"], parameters)
        if parameters.get("populations") is None:
            parameters = {"n_units": weights["w_rec"].shape[0], **parameters}
        network = cls(**parameters)
        network._check_parameters()
        network.n_features_in_, network.n_steps_ = size.n_features, 0
        for name, value in of_targets.items():
            setattr(network, name, value)
        generator = make_rng(network.random_state)
        split_seed = int(generator.integers(2**31))
        order = weights_order(given, network._unit_arguments())
        circuit = replace(network._make_circuit(size, generator, None), order=order)
        weights, _ = read_weights(arranged(given, circuit.order))
        refuse_contradictions(weights, circuit, network.dale)
        weights["w_rec"] = circuit.taken(weights["w_rec"])
        state = FitState(circuit, weights, generator, split_seed)
        network._show(with_wiring(network, state, None))
        return network

    def restart_optimiser(self) -> Self:
        """Forget what the optimiser remembers: the next `partial_fit` or warm start begins afresh.

        Weights, curves and the private generator stay.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.

        Examples
        --------
        >>> from sk_biornn import DaleRNNRegressor
        >>> from sk_biornn.datasets import make_flip_flop
        >>> X, y = make_flip_flop(20, n_steps=10, random_state=0)
        >>> reg = DaleRNNRegressor(n_units=8, max_iter=2, random_state=0).fit(X, y)
        >>> reg.restart_optimiser().partial_fit(X, y).n_iter_
        3
        """
        check_is_fitted(self, "W_rec_")
        self._state = self._state.with_fresh_optimiser()
        return self

    def penalty_value(self) -> float:
        """Return what the penalties on the weights add to the loss, at the weights as they are.

        Returns
        -------
        float
            Sum of the penalties on the recurrent weights alone that `regularizer` asks for; 0
            without any. Those that are given the activity of a batch are not in it.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.

        Examples
        --------
        >>> from sk_biornn import DaleRNNRegressor
        >>> from sk_biornn.datasets import make_flip_flop
        >>> X, y = make_flip_flop(20, n_steps=10, random_state=0)
        >>> reg = DaleRNNRegressor(
        ...     n_units=8, regularizer="weight", regu_strength=0.1, max_iter=2
        ... )
        >>> # "weight" costs the strength times the sum of |W|
        >>> round(reg.fit(X, y).penalty_value() / float(abs(reg.W_rec_).sum()), 3)
        0.1
        """
        check_is_fitted(self, "W_rec_")
        weights = self._weight_arrays()
        dtype, device = boundary.torch_dtype(weights["w_rec"].dtype), torch.device("cpu")
        circuit = self._state.circuit
        with torch.no_grad(), computing():
            w_rec = boundary.to_tensor(circuit.taken(weights["w_rec"]), device, dtype)
            bound = bind_penalties(self, circuit, device, dtype)
            of_weights = [penalty for penalty in bound if isinstance(penalty, OfWeights)]
            return float(sum(penalty(w_rec).item() for penalty in of_weights))

    def loss_gradient(self, X: Any, y: Any, sample_weight: Any = None) -> LossGradient:
        """Return the loss of trials and its gradient, at the weights as they are.

        Parameters
        ----------
        X, y : array-like
            Trials and targets, as in `fit`.
        sample_weight : array-like of shape (n_trials,) or (n_trials, n_steps), list or None
            Weight of each trial, or of each step, as in `fit`. None: 1.

        Returns
        -------
        LossGradient
            ``loss``, the mean over judged targets that training descends, without penalties and
            noise, and of inputs as they were measured, also where training feeds outputs back
            (`horizon`, `teacher_forcing`); ``gradients``, a dict from names of attributes
            (``"W_rec_"`` and so on) to arrays of their shapes; ``n_entries``, how many targets were
            judged. In double precision.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        ValueError
            If X or y does not fit.

        Examples
        --------
        >>> from sk_biornn import DaleRNNRegressor
        >>> from sk_biornn.datasets import make_flip_flop
        >>> X, y = make_flip_flop(20, n_steps=10, random_state=0)
        >>> reg = DaleRNNRegressor(n_units=8, max_iter=2, random_state=0).fit(X, y)
        >>> loss, gradients, n_entries = reg.loss_gradient(X, y)
        >>> sorted(gradients)
        ['W_in_', 'W_out_', 'W_rec_', 'b_out_', 'b_rec_']
        >>> n_entries  # 20 trials of 10 steps
        200
        >>> round(loss / float(((reg.predict(X) - y) ** 2).mean()), 3)
        1.0
        """
        check_is_fitted(self, "W_rec_")
        own = copy.copy(self)  # reading targets sets attributes
        trials = check_trials(own, X, reset=False, n_static_steps=self.n_static_steps)
        targets = own._check_targets(y, trials, resume=True)
        trials, targets = own._weigh(trials, targets, sample_weight, resume=True)
        return loss_and_gradients(own, trials, targets)


def _with_mask_of(w_rec: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    """Have sparse weights without a mask be those of the synapses that they have."""
    if not is_sparse(w_rec) or parameters.get("mask") is not None:
        return parameters
    return {**parameters, "mask": _structure.pattern_of(w_rec)}
