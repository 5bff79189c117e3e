"""What makes a network a classifier: labels in, decisions out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import ClassifierMixin
from sklearn.model_selection import train_test_split
from sklearn.utils import assert_all_finite
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from sk_biornn._checks import check_flag
from sk_biornn._plain import short, short_text
from sk_biornn._unjudged import warn_of_text
from sk_biornn.core import alone, cross_entropy
from sk_biornn.estimators._base import BaseRNN
from sk_biornn.estimators._fitted import FittedClassifier
from sk_biornn.estimators._labels import read_classes, read_labels
from sk_biornn.estimators._rules import Choice, check_rules
from sk_biornn.estimators._running import blank_padding, cut_trials
from sk_biornn.estimators._targets import Targets, check_lengths_agree, check_weights, require_y
from sk_biornn.estimators._trials import Trials


@dataclass(kw_only=True, eq=False, repr=False)
class RNNClassifier(ClassifierMixin, FittedClassifier, BaseRNN):
    """Adds labels, class weights and probabilities to the base."""

    class_weight: Any = None
    two_classes: str = "log-odds"

    _loss = staticmethod(cross_entropy)

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        validation: Any = None,
        validation_groups: Any = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like or list
            Trials: an array (n_trials, n_steps, n_features), in which trailing all-NaN steps are
            padding; a list of (n_steps_i, n_features) arrays; or (n_trials, n_features), one
            static stimulus per trial, held for `n_static_steps` steps.
        y : array-like of shape (n_trials,) or (n_trials, n_steps), or list
            A label per trial, decided at its last step, or a label per step (a list of arrays for
            trials of unequal length). None, NA or a masked entry is not judged, nor NaN in labels
            per step.
        sample_weight : array-like of shape (n_trials,) or (n_trials, n_steps), list or None
            Weight of each trial in the loss; a trial of weight 0 is as if it were not there. Or,
            with labels per step, weight of each step (a list of arrays for trials of unequal
            length): a step of weight 0 is not judged, and penalties on activity do not ask for it.
            None: 1.
        validation : tuple (X, y) or None, default=None
            Trials and targets on which `early_stopping` judges; all of `X` is then for training. A
            pipeline does not transform them: use `validation_groups` there.
        validation_groups : array-like of shape (n_trials,) or None, default=None
            A label per trial, its session or animal for instance: `early_stopping` then holds out
            `validation_fraction` of the groups, each as a whole.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If an argument does not fit (its name, what was expected and what came are said), or if
            the loss becomes non-finite.
        TypeError
            If an argument is of another type.

        Warns
        -----
        UserWarning
            If a feature of trials has a mean further from 0 than 10, and than 10 of its standard
            deviations, or if validation trials are on another scale than those of training. If
            labels per step are a masked array of which nothing is masked and -1 is a class.
        """
        held_out = {"validation": validation, "validation_groups": validation_groups}
        return alone(self._epochs_of_fit(X, y, sample_weight, **held_out))

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one more epoch, from the weights as they are.

        It does not prune; after a fit that did, it goes on under the pruned mask.

        Parameters
        ----------
        X, y : array-like
            Trials and labels, as in `fit`.
        classes : array-like or None, default=None
            All labels that will ever come; read at the first call.
        sample_weight : array-like of shape (n_trials,) or (n_trials, n_steps), list or None
            Weight of each trial, or of each step, as in `fit`. None: 1.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If an argument does not fit, or with `early_stopping=True`.
        """
        if check_flag("early_stopping", self.early_stopping):
            raise ValueError("partial_fit does not support early_stopping=True.")
        resume = hasattr(self, "W_rec_")
        options = {"max_iter": 1, "may_prune": False, "classes": classes}
        return self._fit(X, y, sample_weight, resume=resume, **options)

    @classmethod
    def from_weights(
        cls,
        W_rec: Any,
        W_in: Any,
        W_out: Any,
        b_rec: Any = None,
        b_out: Any = None,
        *,
        classes: Any,
        every_step: bool = False,
        **parameters: Any,
    ) -> Self:
        """Return an estimator that is as if a fit had left these weights.

        Parameters
        ----------
        W_rec : array-like or sparse matrix of shape (n_units, n_units)
            Recurrent weights W[post, pre]; the entries of a sparse one are the mask, unless `mask`
            is given.
        W_in : array-like of shape (n_units, n_features)
            Input weights.
        W_out : array-like of shape (n_outputs, n_units)
            Read-out weights: one row, the log-odds of the second of two classes, or one per class.
        b_rec : array-like of shape (n_units,) or None, default=None
            Biases of the units; None: 0.
        b_out : array-like of shape (n_outputs,) or None, default=None
            Biases of the read-out; None: 0.
        classes : array-like of shape (n_classes,)
            Labels, in ascending order.
        every_step : bool, default=False
            Whether there is a decision at every step, or at the last one.
        **parameters : object
            Arguments of the constructor; `n_units` is that of the weights.

        Returns
        -------
        object
            The fitted estimator; it predicts, is saved, and can be trained further.

        Raises
        ------
        ValueError
            If shapes do not fit together, or weights contradict the classes, or the signs and masks
            of the arguments.

        Examples
        --------
        >>> import numpy as np
        >>> from sk_biornn import DaleRNNClassifier
        >>> clf = DaleRNNClassifier.from_weights(
        ...     W_rec=[[0.0, -0.5], [0.5, 0.0]], W_in=[[1.0], [0.0]],
        ...     W_out=[[0.0, 1.0]], b_out=[-0.1], signs=[1, -1],
        ...     classes=["left", "right"],
        ... )
        >>> (
        ...     clf.predict(np.ones((1, 3, 1))).tolist(),
        ...     clf.predict(np.zeros((1, 3, 1))).tolist(),
        ... )
        (['right'], ['left'])
        """
        given = {"w_in": W_in, "w_rec": W_rec, "b_rec": b_rec, "w_out": W_out, "b_out": b_out}
        known, n_outputs = read_classes(classes), len(np.atleast_2d(W_out))
        if n_outputs != len(known) and not (n_outputs == 1 and len(known) == 2):
            raise ValueError(
                f"W_out must have a row per class, {len(known)}, or one row for two classes, got "
                f"{n_outputs}."
            )
        if len(known) == 2:
            parameters = {"two_classes": "log-odds" if n_outputs == 1 else "softmax", **parameters}
        every_step = check_flag("every_step", every_step)
        return cls._of_weights(given, parameters, classes_=known, _every_step=every_step)

    def _check_targets(
        self, y: Any, trials: Trials, *, resume: bool, classes: Any = None
    ) -> Targets:
        require_y(self, y)
        labels, missing = read_labels(y, trials, resume and self._every_step)
        every_step = labels.ndim == 2
        check_lengths_agree(trials, labels, every_step)
        if resume:
            self._check_kind(labels)
        counted = trials.valid & ~missing if every_step else ~missing
        _require_judged(counted)
        if labels.dtype.kind == "f":
            assert_all_finite(labels[counted], input_name="y")
        check_classification_targets(labels[counted])
        warn_of_text(labels[counted], self._known_classes(classes, resume))
        self._set_classes(np.unique(labels[counted]), classes, resume)
        codes = np.zeros(labels.shape, dtype=np.int64)
        codes[counted] = np.searchsorted(self.classes_, labels[counted])
        weights = counted.astype(trials.x.dtype)
        self._every_step = every_step
        one_output = len(self.classes_) == 2 and self.two_classes == "log-odds"
        n_outputs = 1 if one_output else len(self.classes_)
        return Targets(codes, weights, every_step, n_outputs)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_rules(self, {"two_classes": Choice(("log-odds", "softmax"))})

    def _check_kind(self, labels: np.ndarray) -> None:
        """Refuse labels per step where the fit had one per trial, and the reverse."""
        if (labels.ndim == 2) != self._every_step:
            wanted = "step (n_trials, n_steps)" if self._every_step else "trial (n_trials,)"
            raise ValueError(
                f"y must have one label per {wanted}, as in the fit, got shape {labels.shape}."
            )

    def _known_classes(self, classes: Any, resume: bool) -> np.ndarray:
        if resume:
            return self.classes_
        return np.array([]) if classes is None else read_classes(classes)

    def _set_classes(self, found: np.ndarray, classes: Any, resume: bool) -> None:
        known = None if classes is None else read_classes(classes)
        if not resume:
            self.classes_ = found if known is None else known
        elif known is not None and not np.array_equal(known, self.classes_):
            raise ValueError(
                f"classes must be those of the first call, {self.classes_.tolist()}, got "
                f"{known.tolist()}."
            )
        self._check_alike(found)
        if not np.isin(found, self.classes_).all():
            new = found[~np.isin(found, self.classes_)][:3].tolist()
            raise ValueError(
                f"y must contain only the classes {self.classes_.tolist()} known from classes= or "
                f"an earlier fit, got {new}."
            )
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs trials of at least 2 classes, got only one class: "
                f"{self.classes_.tolist()}."
            )

    def _check_alike(self, labels: np.ndarray) -> None:
        """Refuse codes where the classes are words, and the reverse."""
        if (labels.dtype.kind in "OSU") != (self.classes_.dtype.kind in "OSU"):
            raise ValueError(
                f"y must have labels like {self.classes_[:3].tolist()}, got {labels.dtype}."
            )

    def _weigh(
        self, trials: Trials, targets: Targets, sample_weight: Any, resume: bool
    ) -> tuple[Trials, Targets]:
        trials, targets = super()._weigh(trials, targets, sample_weight, resume)
        present = np.unique(targets.values[targets.weights > 0])
        if sample_weight is not None and len(present) < 2 and not resume:
            raise ValueError(
                f"{type(self).__name__} needs at least 2 classes with positive sample_weight, got "
                "one class."
            )
        return trials, self._weigh_classes(targets)

    def _weigh_classes(self, targets: Targets) -> Targets:
        """Multiply class weights into the targets' weights; a class is counted where it counts."""
        if self.class_weight is None:
            return targets
        weights = targets.weights * self._class_weights(targets)[targets.values]
        if not weights.any():
            raise ValueError(
                "class_weight must be positive for a class of y that is there, got "
                f"{short(self.class_weight)}."
            )
        return targets._replace(weights=weights)

    def _weigh_alike(self, targets: Targets, training: Targets) -> Targets:
        if self.class_weight is None:
            return targets
        of_class = self._class_weights(training)
        return targets._replace(weights=targets.weights * of_class[targets.values])

    def _class_weights(self, targets: Targets) -> np.ndarray:
        """Return the weight of each class (n_classes,)."""
        present = self.classes_[targets.values[targets.weights > 0]]
        if isinstance(self.class_weight, str) and len(np.unique(present)) < len(self.classes_):
            raise ValueError(
                "class_weight='balanced' needs trials of every class, got only "
                f"{np.unique(present).tolist()}; pass a dict of weights to go on with such trials."
            )
        try:
            of_class = np.asarray(
                compute_class_weight(self.class_weight, classes=self.classes_, y=present),
                dtype=np.float64,
            )
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"class_weight must be 'balanced', None or a dict of numbers by class, got "
                f"{short(self.class_weight)} ({short_text(error)})."
            ) from None
        if not (np.isfinite(of_class).all() and (of_class >= 0).all() and of_class.any()):
            raise ValueError(
                "class_weight must be non-negative and finite, with a positive one, got "
                f"{short(self.class_weight)}."
            )
        return of_class

    def _check_held_out(self, held: Targets, way_out: str) -> None:
        if not held.weights.any():
            raise ValueError(
                "early_stopping needs at least one judged label of positive weight among the "
                f"validation trials, got none; {way_out}."
            )

    def _split(self, targets: Targets, seed: int) -> tuple[np.ndarray, np.ndarray]:
        if targets.every_step:
            return super()._split(targets, seed)
        return self._stratified(targets, seed)

    def _stratified(self, targets: Targets, seed: int) -> tuple[np.ndarray, np.ndarray]:
        try:
            kept, held = train_test_split(
                np.arange(len(targets.values)),
                test_size=self.validation_fraction,
                stratify=targets.values,
                random_state=seed,
            )
        except ValueError as error:
            raise ValueError(
                "early_stopping needs trials of every class to train and to validate, which "
                f"validation_fraction={self.validation_fraction} of {len(targets.values)} trials "
                f"does not give ({error})"
            ) from None
        return np.sort(kept), np.sort(held)

    def _score_outputs(self, outputs: np.ndarray, targets: Targets) -> float:
        hits = _codes(outputs) == targets.values
        return float(np.average(hits, weights=targets.weights))

    def decision_function(self, X: Any) -> Any:
        """Return the read-out: log-odds, or one score per class.

        Parameters
        ----------
        X : array-like or list
            Trials, as in `fit`.

        Returns
        -------
        ndarray of shape (n_trials,) or (n_trials, n_classes)
            Log-odds of the second of two classes, or the logits of the softmax; with a step axis
            after the trials when the labels were per step (NaN after the end of a trial; an
            object array of one array per trial for a list X).

        Raises
        ------
        ValueError
            If X does not fit the fitted network.
        """
        scores, trials = self._scores(X)
        values = scores
        if scores.shape[-1] == 1:
            values = scores[..., 0]
        elif scores.shape[-1] == 2:  # the log-odds of a softmax
            values = scores[..., 1] - scores[..., 0]
        return blank_padding(values, trials) if self._every_step else values

    def predict_proba(self, X: Any) -> Any:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like or list
            Trials, as in `fit`.

        Returns
        -------
        ndarray of shape (n_trials, n_classes) or (n_trials, n_steps, n_classes)
            Probabilities that sum to 1, in the order of `classes_` (NaN after the end of a trial;
            an object array of one array per trial for a list X with labels per step).

        Raises
        ------
        ValueError
            If X does not fit the fitted network.
        """
        scores, trials = self._scores(X)
        if scores.shape[-1] == 1:
            second = expit(scores[..., 0])
            values = np.stack([1 - second, second], axis=-1)
        else:
            values = softmax(scores, axis=-1)
        return blank_padding(values, trials) if self._every_step else values

    def predict(self, X: Any) -> Any:
        """Return the most probable label of each trial, or of each step.

        Parameters
        ----------
        X : array-like or list
            Trials, as in `fit`.

        Returns
        -------
        ndarray of shape (n_trials,) or (n_trials, n_steps)
            Labels; steps after the end of a trial repeat its last label (an object array of one
            array per trial for a list X with labels per step).

        Raises
        ------
        ValueError
            If X does not fit the fitted network.
        """
        scores, trials = self._scores(X)
        labels = self.classes_[_codes(scores)]
        if self._every_step and trials.ragged_list:
            return cut_trials(labels, trials)
        if not self._every_step or trials.lengths is None:
            return labels
        last = labels[np.arange(len(labels)), trials.lengths - 1]
        return np.where(trials.valid, labels, last[:, None])

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of correct decisions.

        With labels per step, searches take it by default, or ``bio_scoring("step_accuracy")`` and
        the like (`sk_biornn.metrics`); scikit-learn's own scorers do not know of steps.

        Parameters
        ----------
        X : array-like or list
            Trials, as in `fit`.
        y : array-like of shape (n_trials,) or (n_trials, n_steps), or list
            Labels, as in `fit`; with labels per step every judged step of every trial counts once.
        sample_weight : array-like of shape (n_trials,) or (n_trials, n_steps), list or None
            Weight of each trial, or of each step, as in `fit`. None: 1.

        Returns
        -------
        float
            Accuracy in [0, 1].

        Raises
        ------
        ValueError
            If X or y does not fit.
        """
        require_y(self, y)
        scores, trials = self._scores(X)
        labels, missing = read_labels(y, trials, self._every_step)
        self._check_kind(labels)
        check_lengths_agree(trials, labels, self._every_step)
        self._check_alike(labels)
        counted = trials.valid & ~missing if self._every_step else ~missing
        if labels.dtype.kind == "f":
            assert_all_finite(labels[counted], input_name="y")
        warn_of_text(labels[counted], self.classes_)
        weights = check_weights(sample_weight, trials, self._every_step)
        weights = weights.reshape(len(counted), *(-1,) * (counted.ndim - 1)) * counted
        _require_judged(weights > 0)
        hits = self.classes_[_codes(scores)] == labels
        return float(np.average(hits[counted], weights=weights[counted]))

    def _scores(self, X: Any) -> tuple[np.ndarray, Trials]:
        check_is_fitted(self, "W_rec_")
        return self._run(X, self._every_step)


def _require_judged(judged: np.ndarray) -> None:
    if not judged.any():
        raise ValueError(
            "y must have at least one label to be judged, not missing and of positive "
            "sample_weight, got none."
        )


def _codes(scores: np.ndarray) -> np.ndarray:
    """Return the index of the most probable class."""
    if scores.shape[-1] == 1:
        # Even odds go to the first class, as equal scores do below.
        return (scores[..., 0] > 0).astype(np.int64)
    return scores.argmax(axis=-1)
