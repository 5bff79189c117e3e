"""Classes that count more or less than others: `class_weight`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from sk_biornn._plain import short, short_text
from sk_biornn.estimators._base import BaseRNN
from sk_biornn.estimators._fitted import FittedClassifier
from sk_biornn.estimators._targets import Targets
from sk_biornn.estimators._trials import Trials


@dataclass(kw_only=True, eq=False, repr=False)
class WeighedClassesRNN(FittedClassifier, BaseRNN):
    """Multiplies the weights of classes into those of targets."""

    class_weight: Any = None

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
