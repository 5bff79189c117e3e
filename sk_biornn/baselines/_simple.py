"""Nothing changes; and: it is as it is on average."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn.baselines._base import Floats, TrialBaseline, reads_own
from sk_biornn.estimators._trials import Trials


class Persistence(TrialBaseline):
    """Predicts that the next value is the present one.

    Parameters
    ----------
    feedback : sequence of (str or int) or None, default=None
        Column of X that each output is the next value of, by name or number. None: that of the
        same name, or, where X or y has no names, of the same number.

    Attributes
    ----------
    own_features_ : ndarray of int of shape (n_outputs,)
        Column of X that each output goes on from.
    n_outputs_ : int
        Number of outputs.
    n_features_in_ : int
        Number of features: the last axis of X.
    feature_names_in_ : ndarray of str
        Names of the features, when X was a data frame, or a list of them.
    output_names_ : ndarray of str
        Names of the outputs, when y was one.

    Raises
    ------
    TypeError
        By `fit`, if an argument is of another type.
    ValueError
        By `fit`, if an argument does not fit.

    See Also
    --------
    ARBaseline : The past of each channel.
    sk_biornn.inspection.forecast_skill : Networks against baselines, by horizon.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.baselines import Persistence
    >>> ramp = np.arange(6.0).reshape(1, 6, 1)
    >>> model = Persistence().fit(ramp[:, :-1], ramp[:, 1:])
    >>> model.predict(ramp)[0, :, 0].tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    >>> model.forecast(ramp, 3)[0, :, 0].tolist()
    [5.0, 5.0, 5.0]
    """

    def __init__(self, feedback: Any = None) -> None:
        self.feedback = feedback

    def _learn(self, trials: Trials, targets: Floats, weights: Floats) -> None:
        """Nothing is learnt but which column is which."""

    def _next(self, windows: Floats) -> Floats:
        return windows[..., 0, self.own_features_]

    def _reads(self) -> NDArray[np.bool_]:
        return reads_own(self)


class MeanBaseline(TrialBaseline):
    """Predicts the mean of the targets of training, whatever comes in.

    Attributes
    ----------
    mean_ : ndarray of shape (n_outputs,)
        Mean of each output.
    n_outputs_ : int
        Number of outputs.
    n_features_in_ : int
        Number of features: the last axis of X.
    feature_names_in_ : ndarray of str
        Names of the features, when X was a data frame, or a list of them.
    output_names_ : ndarray of str
        Names of the outputs, when y was one.

    Raises
    ------
    ValueError
        By `fit`, if an argument does not fit.

    See Also
    --------
    Persistence : The present value.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.baselines import MeanBaseline
    >>> X = np.arange(6.0).reshape(1, 6, 1)
    >>> MeanBaseline().fit(X[:, :-1], X[:, 1:]).forecast(X, 2)[0, :, 0].tolist()
    [3.0, 3.0]
    """

    _has_feedback = False

    mean_: Floats

    def _learn(self, trials: Trials, targets: Floats, weights: Floats) -> None:
        judged = np.where(np.isfinite(targets), weights[:, :, None], 0.0)
        total = judged.sum(axis=(0, 1))
        sums = (judged * np.nan_to_num(targets)).sum(axis=(0, 1))
        self.mean_ = sums / np.where(total > 0, total, 1.0)  # 0 where nothing is known

    def _next(self, windows: Floats) -> Floats:
        return np.broadcast_to(self.mean_, (*windows.shape[:-2], self.n_outputs_)).copy()

    def _reads(self) -> NDArray[np.bool_]:
        return np.zeros(self.n_features_in_, dtype=bool)
