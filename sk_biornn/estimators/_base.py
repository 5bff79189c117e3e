"""The base of all estimators: how a fit goes from arguments to weights."""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

import numpy as np
import torch

from sk_biornn._random import make_rng
from sk_biornn.biology.constraints import LAWS, Constraint, FixedMask, NonNegative
from sk_biornn.biology.prior import matrix_mask, synapse_mask
from sk_biornn.core import (
    History,
    Optimisation,
    RNNParams,
    Spaces,
    WeightSpace,
    sum_of_two,
    train,
    within,
)
from sk_biornn.estimators import _boundary as boundary
from sk_biornn.estimators._loss import bind_loss
from sk_biornn.estimators._phases import train_prune_train
from sk_biornn.estimators._pruning import PruningPlan, pruning_plan
from sk_biornn.estimators._running import ATTRIBUTES, RunningRNN
from sk_biornn.estimators._synapses import bind_synapses
from sk_biornn.estimators._validation import Targets, Trials, check_trials, check_weights
from sk_biornn.initializers import (
    biases,
    input_weights,
    lift_zeros,
    readout_weights,
    recurrent_weights,
)


class BaseRNN(RunningRNN):
    """Fits; the leaves add what differs between decisions and numbers.

    A leaf provides `_check_targets(y, trials, ...) -> Targets`, `_loss` (of `core.losses`) and
    `_score_outputs(outputs, targets) -> float`. Think twice before adding anything here.
    """

    _pruned_to = None  # the goal of the pruning that `mask_` is the result of

    def _fit(self, *arguments: Any, **options: Any):
        """Fit; a fit that is refused or diverges leaves the estimator as it was."""
        before = dict(vars(self))
        rng = before.get("_rng")  # the one thing that a fit which goes on changes in place
        stream = None if rng is None else copy.deepcopy(rng.bit_generator.state)
        try:
            return self._fit_or_raise(*arguments, **options)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            if rng is not None:
                rng.bit_generator.state = stream
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
        **target_options,
    ):
        self._check_parameters()
        device = boundary.resolve_device(self.device)
        trials = check_trials(self, X, reset=not resume, n_static_steps=self.n_static_steps)
        targets = self._check_targets(y, trials, resume=resume, **target_options)
        self.n_steps_ = trials.n_steps  # padding included, of which nothing is computed
        trials, targets = self._weigh(trials, targets, sample_weight, resume)
        trials = trials.without_padding()
        targets = targets.first_steps(trials.n_steps)
        if not resume:
            self._rng = make_rng(self.random_state)
            self._split_seed = int(self._rng.integers(2**31))
        self._resolve_prior(resume)
        self._masks(targets.n_outputs)  # refused before work is done
        plan = self._pruning_plan()
        if resume:
            self._check_resumable(targets)
            weights = self._weight_arrays()
        else:
            weights = self._draw_weights(trials, targets)
        self._cut_to_masks(weights, targets.n_outputs)
        training, monitor = self._hold_out(trials, targets, device)
        earlier = self._history(targets.n_outputs) if resume else None
        train = partial(self._train, *training, device, monitor)
        if plan is None or not may_prune or self._pruned_to == plan.goal:
            params, history = train(weights, max_iter, earlier)
            weights = boundary.to_arrays(params)
        else:
            weights, history = train_prune_train(self, plan, train, weights, max_iter, earlier)
        self._store(weights, history)
        return self

    def _weigh(
        self, trials: Trials, targets: Targets, sample_weight: Any, resume: bool
    ) -> tuple[Trials, Targets]:
        """Multiply trial weights into the targets' weights and drop trials of weight zero."""
        if sample_weight is None:
            return trials, targets
        weights = check_weights(sample_weight, trials)
        kept = np.flatnonzero(weights)
        per_entry = weights.reshape(-1, *(1,) * (targets.weights.ndim - 1))
        weighed = targets.weights * per_entry
        targets = targets._replace(weights=weighed, trial_weights=weights).take(kept)
        if not targets.weights.any():
            raise ValueError(
                "y must have at least one entry that is not NaN in trials of positive "
                "sample_weight, got none."
            )
        return trials.take(kept), targets

    def _resolve_prior(self, resume: bool) -> None:
        """Set the signs of the columns and the allowed synapses."""
        earlier_mask = self.mask_ if resume and self.pruning is not None else None
        signs = self._unit_signs()
        constraint = self._constraint()
        if isinstance(constraint, NonNegative) and self._signs_are_given and (signs < 0).any():
            raise ValueError(
                "signs must not contain -1 when all weights are non-negative (dale), got "
                f"{int((signs < 0).sum())} inhibitory units."
            )
        in_force = getattr(constraint, "signs_in_force", None)
        self.signs_ = signs if in_force is None else in_force(signs)
        self.mask_ = synapse_mask(self._n_units, self.mask, self.autapses)
        self._go_on_pruned(earlier_mask)

    def _pruning_plan(self) -> PruningPlan | None:
        return pruning_plan(self, self.density, self.blocks)

    def _go_on_pruned(self, earlier_mask: np.ndarray | None) -> None:
        """Stay under the pruned mask of the earlier fit, or forget that it was pruned."""
        if self._pruned_to is None or earlier_mask is None:
            self.W_dense_ = self.achieved_density_ = self.n_iter_dense_ = self._pruned_to = None
        elif earlier_mask.shape == self.mask_.shape:  # others are refused later
            self.mask_ &= earlier_mask

    def _draw_weights(self, trials: Trials, targets: Targets) -> dict[str, np.ndarray]:
        """Draw all initial weights, from the one generator of this fit."""
        n_units, n_features, n_outputs = self._n_units, self.n_features_in_, targets.n_outputs
        kind = self.feedforward_init
        weights = {
            "w_rec": self._initial_recurrent_weights(),
            "w_in": input_weights(n_units, n_features, self._rng, kind),
            "b_rec": self._initial_biases(kind),
            "w_out": readout_weights(n_outputs, n_units, self._rng, kind),
            "b_out": biases(n_outputs, n_units, self._rng, kind),
        }
        return {name: array.astype(trials.x.dtype) for name, array in weights.items()}

    def _initial_biases(self, kind: str) -> np.ndarray:
        drawn = biases(self._n_units, self._n_units, self._rng, kind)
        if self._has_two_biases:
            drawn = drawn + biases(self._n_units, self._n_units, self._rng, kind)
        return drawn

    def _cut_to_masks(self, weights: dict[str, np.ndarray], n_outputs: int) -> None:
        """Set what the masks do not allow to zero."""
        for name, mask in self._masks(n_outputs).items():
            weights[name] = np.where(mask, weights[name], 0).astype(weights[name].dtype)

    def _check_resumable(self, targets: Targets) -> None:
        """Refuse to go on from weights of other sizes than the arguments and targets ask for."""
        for name, fitted, wanted in (
            ("n_units", len(self.W_rec_), self._n_units),
            ("y's number of outputs", len(self.W_out_), targets.n_outputs),
        ):
            if fitted != wanted:
                raise ValueError(
                    f"{name} must be {fitted}, as in the earlier fit that is continued, got "
                    f"{wanted}."
                )

    def _initial_recurrent_weights(self) -> np.ndarray:
        init = self.recurrent_init
        if isinstance(init, str) and init == "auto":
            init = "orthogonal" if self.dale is None else "dale_orthogonal"
        weights = recurrent_weights(
            init,
            signs=self.signs_,
            mask=self.mask_,
            rng=self._rng,
            spectral_radius=self.spectral_radius,
        )
        if getattr(self._constraint(), "freezes_zeros", False) and isinstance(init, str):
            return lift_zeros(weights, self.signs_, self.mask_)
        return weights

    def _masks(self, n_outputs: int) -> dict[str, np.ndarray]:
        """Return which entries are allowed, of the weights (but the recurrent) where some are not.

        What is not allowed is zero from the start and has no gradient, so that it never moves.
        """
        masks = {
            "w_in": self._allowed_inputs(),
            "b_rec": None if self.recurrent_bias else np.zeros(self._n_units, dtype=bool),
            "w_out": self._allowed_readout(n_outputs),
        }
        return {name: mask for name, mask in masks.items() if mask is not None}

    def _allowed_inputs(self) -> np.ndarray | None:
        return matrix_mask("input_mask", self.input_mask, (self._n_units, self.n_features_in_))

    def _allowed_readout(self, n_outputs: int) -> np.ndarray | None:
        return matrix_mask("readout_mask", self.readout_mask, (n_outputs, self._n_units))

    def _hold_out(self, trials: Trials, targets: Targets, device: torch.device):
        """Set validation trials aside when stopping early; return the rest and the monitor."""
        if not self.early_stopping:
            return (trials, targets), None
        train_indices, test_indices = self._split(targets)
        self._check_held_out(targets.take(test_indices))
        held_trials, held_targets = trials.take(test_indices), targets.take(test_indices)
        dynamics = self._dynamics(device, boundary.torch_dtype(trials.x.dtype), self._n_units)

        def monitor(params: RNNParams) -> float:
            try:
                outputs = boundary.predict_outputs(
                    params, held_trials, dynamics, held_targets.every_step
                )
            except boundary.ActivityError:
                return float("nan")  # no weights are worse
            return self._score_outputs(outputs, held_targets)

        return (trials.take(train_indices), targets.take(train_indices)), monitor

    def _check_held_out(self, held: Targets) -> None:
        """Refuse validation trials that cannot be scored; a leaf may say when."""

    def _split(self, targets: Targets) -> tuple[np.ndarray, np.ndarray]:
        """Return the indices of training and validation trials, the same in a resumed fit."""
        n_trials = len(targets.values)
        n_held = int(np.ceil(self.validation_fraction * n_trials))
        if n_held >= n_trials:
            raise ValueError(
                f"early_stopping needs at least 2 trials, one to train and one to validate, with "
                f"validation_fraction={self.validation_fraction}; got {n_trials} sample(s)."
            )
        order = make_rng(self._split_seed).permutation(n_trials)
        return np.sort(order[n_held:]), np.sort(order[:n_held])

    @torch.inference_mode(False)
    @torch.enable_grad()
    def _train(
        self,
        trials: Trials,
        targets: Targets,
        device: torch.device,
        monitor: Any,
        weights: dict[str, np.ndarray],
        max_iter: int,
        history: History | None,
        epochs: range | None = None,
    ) -> tuple[RNNParams, History]:
        """Cross into torch, bind what the prior says, and run the training loop."""
        dtype = boundary.torch_dtype(weights["w_rec"].dtype)
        signs = boundary.to_tensor(self.signs_, device, dtype)
        mask = boundary.to_tensor(self.mask_, device)
        synapses = bind_synapses(self._constraint(), signs, mask)
        history = history or History()
        history.optimiser_state = synapses.contract(history.optimiser_state)
        params, history = train(
            boundary.to_params(weights, dtype, device),
            bind_loss(self, trials, targets, device, dtype, synapses),
            self._spaces(synapses.space, targets.n_outputs, dtype, device),
            trials.n_trials,
            self._optimisation(trials.n_trials, max_iter),
            self._rng,
            lengths=trials.lengths,
            monitor=monitor,
            on_epoch=self._after_epoch,
            history=history,
            epochs=epochs,
        )
        history.optimiser_state = synapses.expand(history.optimiser_state)
        return params, history

    def _spaces(
        self, w_rec: WeightSpace, n_outputs: int, dtype: torch.dtype, device: torch.device
    ) -> Spaces:
        """Return where each tensor may be: on its mask, and in its place if it is frozen."""
        spaces = Spaces(w_rec=w_rec)
        for name, mask in self._masks(n_outputs).items():
            space = within(boundary.to_tensor(mask, device, dtype))
            spaces = spaces._replace(**{name: space})
        if self._has_two_biases:
            spaces = spaces._replace(b_rec=sum_of_two(spaces.b_rec))
        frozen = {
            name: getattr(spaces, name)._replace(trainable=False)
            for name in set(RNNParams._fields) - set(self._trainable())
        }
        return spaces._replace(**frozen)

    def _note(self, outputs: torch.Tensor, values: torch.Tensor, weights: torch.Tensor) -> None:
        """See the outputs of every training batch; a leaf may keep account of them."""

    def _trainable(self) -> tuple[str, ...]:
        return RNNParams._fields

    @staticmethod
    def _transform(outputs: torch.Tensor) -> torch.Tensor:
        """Turn the read-out into what the loss compares with the target."""
        return outputs

    def _constraint(self) -> Constraint:
        if self.dale is None:
            return FixedMask()
        return LAWS[self.dale].make() if isinstance(self.dale, str) else self.dale

    def _optimisation(self, n_trials: int, max_iter: int) -> Optimisation:
        size = min(200, n_trials) if self.batch_size == "auto" else min(self.batch_size, n_trials)
        return Optimisation(
            solver=self.solver,
            learning_rate_init=float(self.learning_rate_init),
            learning_rate=self.learning_rate,
            epsilon=float(self.epsilon),
            max_grad_norm=None if self.max_grad_norm is None else float(self.max_grad_norm),
            max_iter=int(max_iter),
            batch_size=int(size),
            shuffle=bool(self.shuffle),
            n_iter_no_change=int(self.n_iter_no_change),
            tol=float(self.tol),
        )

    def _after_epoch(self, params: RNNParams, history: History) -> bool:
        """Report, and let the user's function see the network as it is now."""
        if self.verbose:
            score = f", validation score {history.scores[-1]:.4f}" if history.scores else ""
            print(f"epoch {len(history.losses)}: loss {history.losses[-1]:.6f}{score}")
        if self.on_epoch is None:
            return False
        self._show(boundary.to_arrays(params), history)
        return bool(self.on_epoch(self))

    def _show(self, weights: dict[str, np.ndarray], history: History) -> None:
        """Set the attributes that say what the network is now and how it came there."""
        for name, array in weights.items():
            setattr(self, ATTRIBUTES[name], array)
        self.loss_curve_ = list(history.losses)
        self.best_loss_, self.n_iter_ = min(self.loss_curve_), len(self.loss_curve_)

    def _history(self, n_outputs: int) -> History:
        """Return that of the earlier fit, to be continued."""
        history = boundary.to_history(self._optimiser_state)
        moments = (history.optimiser_state or {}).get("state", {})
        for name, mask in self._masks(n_outputs).items():
            momentum = moments.get(RNNParams._fields.index(name), {}).get("exp_avg")
            if momentum is not None:
                momentum *= torch.from_numpy(mask)  # what a new mask forbids does not roll on
        history.losses, history.scores = list(self.loss_curve_), [*(self.validation_scores_ or [])]
        return history

    def _store(self, weights: dict[str, np.ndarray], history: History) -> None:
        """Set the fitted attributes; only now has the earlier fit been replaced."""
        self._show(weights, history)
        self.validation_scores_ = list(history.scores) if self.early_stopping else None
        self._optimiser_state = boundary.from_history(history)
