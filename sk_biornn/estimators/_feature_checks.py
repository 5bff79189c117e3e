"""Numbers that are features by their shape, on a scale where a network learns nothing: told."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from sk_biornn.estimators._trials import Trials

_FAR = 10.0  # of a mean from 0, in the unit of the initial input weights and in deviations
_OTHER_SCALE = 10.0  # deviations of training between the means, or deviations of validation in them


def warn_of_far_features(trials: Trials) -> None:
    """Warn if the mean of a feature is further from 0 than 10, and than 10 of its deviations.

    Networks of 32 units on `make_perceptual_decision_making` with z-scored features and a constant
    added to them decide 81 to 91 % of held-out trials rightly with a constant of 0, and 52 %, which
    is chance, with one of 10 and more. Counts of a mean up to 100 pass, whose deviation is its
    root, and so do rare and frequent events (0 and 1). Tables of static stimuli are not looked at:
    scikit-learn's own checks fit some with a mean of 100.
    """
    if trials.is_static:
        return
    means = _means(trials)
    far = np.flatnonzero(np.abs(means) > _FAR)
    if not len(far):
        return
    sds = _deviations(trials, means, far)
    far, sds = far[beyond := np.abs(means[far]) > _FAR * sds], sds[beyond]
    if not len(far):
        return
    worst = int(np.argmax(np.abs(means[far])))
    warnings.warn(
        f"X has a mean of {means[far[worst]]:.3g} and a standard deviation of {sds[worst]:.2g} in "
        f"feature {far[worst]}, and the like in {len(far)} of {len(means)}: so far from 0 a network"
        " hardly learns; scale X, with sk_biornn.preprocessing.TrialScaler in a pipeline.",
        UserWarning,
        stacklevel=2,
    )


def warn_of_other_scale(training: Trials, validation: Trials) -> None:
    """Warn if validation trials are not on the scale of training: one of them was not transformed.

    They are not if the mean of a feature differs by more than 10 standard deviations of training,
    or if at least half of the features that vary have more than 10 times their deviation.
    """
    features = np.arange(training.x.shape[-1])
    means, others = _means(training), _means(validation)
    sds, wide = _deviations(training, means, features), _deviations(validation, others, features)
    varies = sds > 1e-9 * np.abs(means)  # else rounding
    if not varies.any():
        return
    shifts = np.abs(others - means)[varies] / sds[varies]
    widths = wide[varies] / sds[varies]
    if shifts.max() <= _OTHER_SCALE and np.median(widths) <= _OTHER_SCALE:
        return
    worst = np.flatnonzero(varies)[np.argmax(np.maximum(shifts, widths))]
    warnings.warn(
        f"validation has a mean of {others[worst]:.3g} and a standard deviation of "
        f"{wide[worst]:.2g} in feature {worst} of X, where training has {means[worst]:.3g} and "
        f"{sds[worst]:.2g}: a pipeline does not transform validation=, so that early stopping "
        "judges trials of another scale; pass validation_groups= instead, or transformed trials.",
        UserWarning,
        stacklevel=2,
    )


def _means(trials: Trials) -> NDArray[np.float64]:
    """Return the mean of each feature over all steps; padding, which is 0, is none."""
    x = trials.x[:, :1] if trials.is_static else trials.x
    count = len(x) * x.shape[1] if trials.lengths is None else int(trials.lengths.sum())
    with np.errstate(over="ignore"):
        return np.asarray(x.sum(axis=(0, 1), dtype=np.float64) / count)


def _deviations(
    trials: Trials, means: NDArray[np.float64], features: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the standard deviations of some features."""
    steps = trials.x[:, 0] if trials.is_static else trials.x[trials.valid]
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.sqrt(np.square(steps[:, features] - means[features]).mean(axis=0)))
