"""Targets of a classifier: labels become codes of classes, some of them held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets

from sk_biornn._unjudged import warn_of_text
from sk_biornn.estimators._class_weights import WeighedClassesRNN
from sk_biornn.estimators._labels import read_classes, read_labels
from sk_biornn.estimators._rules import Choice, check_rules
from sk_biornn.estimators._targets import Targets, check_lengths_agree, require_y
from sk_biornn.estimators._trials import Trials


@dataclass(kw_only=True, eq=False, repr=False)
class LabelledRNN(WeighedClassesRNN):
    """Knows the classes, codes labels by them, and splits trials so that each part has all."""

    two_classes: str = "log-odds"

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_rules(self, {"two_classes": Choice(("log-odds", "softmax"))})

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
        require_judged(counted)
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


def require_judged(judged: np.ndarray) -> None:
    if not judged.any():
        raise ValueError(
            "y must have at least one label to be judged, not missing and of positive "
            "sample_weight, got none."
        )
