"""What makes a network a classifier: labels in, decisions out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import ClassifierMixin
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import check_is_fitted

from sk_biornn._checks import check_flag
from sk_biornn._unjudged import warn_of_text
from sk_biornn.core import alone, cross_entropy
from sk_biornn.estimators._judged_labels import LabelledRNN, require_judged
from sk_biornn.estimators._labels import read_classes, read_labels
from sk_biornn.estimators._running import blank_padding, cut_trials
from sk_biornn.estimators._targets import Targets, check_lengths_agree, check_weights, require_y
from sk_biornn.estimators._trials import Trials


@dataclass(kw_only=True, eq=False, repr=False)
class RNNClassifier(ClassifierMixin, LabelledRNN):
    """Adds labels, class weights and probabilities to the base."""

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
        require_judged(weights > 0)
        hits = self.classes_[_codes(scores)] == labels
        return float(np.average(hits[counted], weights=weights[counted]))

    def _scores(self, X: Any) -> tuple[np.ndarray, Trials]:
        check_is_fitted(self, "W_rec_")
        return self._run(X, self._every_step)


def _codes(scores: np.ndarray) -> np.ndarray:
    """Return the index of the most probable class."""
    if scores.shape[-1] == 1:
        # Even odds go to the first class, as equal scores do below.
        return (scores[..., 0] > 0).astype(np.int64)
    return scores.argmax(axis=-1)
