"""The next frame as a linear function of the last ones: of each channel's own, or of all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sk_biornn._checks import check_count, check_number
from sk_biornn._plain import real_array
from sk_biornn._sparse import dense
from sk_biornn.baselines._base import Floats, TrialBaseline, earlier, reads_own
from sk_biornn.baselines._least_squares import ALPHAS, Flags, Moments, left_out_errors, ridge, total
from sk_biornn.estimators._trials import Trials
from sk_biornn.units.labels import as_mask
from sk_biornn.units.order import UnitOrder

_FOLDS = 10  # parts of the training trials, each of which is left out in turn


class _Rows(NamedTuple):
    """All steps that are learnt from: the frames that lead to them, and their targets."""

    frames: Floats  # (n_rows, order, n_features), the latest first
    targets: Floats  # (n_rows, n_outputs), NaN where they are not scored
    weights: Floats  # (n_rows,)
    parts: NDArray[np.int64]  # (n_rows,): which part of the training data each is in


class _Problem(NamedTuple):
    """A regression of some outputs on features that they share."""

    outputs: NDArray[np.int64]
    moments: list[Moments]  # of each part of the training data
    allowed: Flags | None = None
    free: Flags | None = None


class LinearBaseline(TrialBaseline):
    """Learns by ridge regression, with a penalty that is given or chosen on trials left out."""

    order: int
    alpha: Any

    alpha_: float
    intercept_: Floats

    @property
    def _memory(self) -> int:  # type: ignore[override]  # a number elsewhere
        return int(self.order)

    def _check_arguments(self) -> None:
        check_count("order", self.order)
        if isinstance(self.alpha, str):
            if self.alpha != "auto":
                raise ValueError(
                    f"alpha must be a number of at least 0 or 'auto', got {self.alpha!r}."
                )
        else:
            check_number("alpha", self.alpha, low=0.0)

    def _problems(self, rows: _Rows) -> Iterator[_Problem]:
        raise NotImplementedError

    def _keep(self, outputs: NDArray[np.int64], coef: Floats) -> None:
        """Store the weights (n_weights, n_outputs) of some outputs."""
        raise NotImplementedError

    def _learn(self, trials: Trials, targets: Floats, weights: Floats) -> None:
        rows = _rows(trials, targets, weights, self._memory)
        middle = rows.frames[:, 0].mean(axis=0)  # sums of squares are exact around it
        middle_y = np.nan_to_num(_column_means(rows.targets))
        rows = rows._replace(frames=rows.frames - middle, targets=rows.targets - middle_y)
        problems = list(self._problems(rows))
        self.alpha_ = _chosen(problems) if isinstance(self.alpha, str) else float(self.alpha)
        self.intercept_ = np.zeros(self.n_outputs_)
        for problem in problems:
            sums = total(problem.moments)
            coef, intercept = ridge(sums, self.alpha_, problem.allowed, problem.free)
            self._keep(problem.outputs, coef)
            self.intercept_[problem.outputs] = intercept
        window = np.broadcast_to(middle, (self._memory, len(middle)))
        self.intercept_ += middle_y - (self._next(window) - self.intercept_)


class ARBaseline(LinearBaseline):
    r"""Predicts every channel from its own last frames: an autoregression per channel.

    .. math:: \hat y_k(t) = c_k + \sum_{l=0}^{p-1} a_{kl} \, x_k(t - l),

    where y(t) is x(t + 1), usually. It minimises the mean squared error plus
    :math:`\alpha \sum_l \mathrm{var}(x_k) \, a_{kl}^2`.

    Parameters
    ----------
    order : int, default=1
        Number p of frames, the present one included.
    alpha : float or "auto", default=0.0
        Strength of the ridge penalty, in units of the variance of the channel. "auto": of 13
        values from 1e-4 to 100 the one that predicts best what is left out, see `RidgeVAR`.
    feedback : sequence of (str or int) or None, default=None
        Column of X that each output is the next value of, by name or number. None: that of the
        same name, or, where X or y has no names, of the same number.

    Attributes
    ----------
    coef_ : ndarray of shape (n_outputs, order)
        Weights of the last frames, the present one first.
    intercept_ : ndarray of shape (n_outputs,)
        Intercepts.
    alpha_ : float
        The strength of the penalty.
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
        By `fit`, if an argument does not fit, or if no trial has `order` steps.

    See Also
    --------
    RidgeVAR : All channels predict each other.
    sk_biornn.inspection.forecast_skill : Networks against baselines, by horizon.

    Notes
    -----
    At the first steps of a trial there are fewer than p frames. The first frame then stands for
    those that would come before it. Predictions are made so; these steps are not learnt from.

    Examples
    --------
    An oscillation is no AR(1), and exactly an AR(2), x(t+1) = 2 cos(w) x(t) - x(t-1):

    >>> import numpy as np
    >>> from sk_biornn.baselines import ARBaseline
    >>> wave = np.sin(0.3 * np.arange(60)).reshape(1, 60, 1)
    >>> X, y = wave[:, :-1], wave[:, 1:]
    >>> model = ARBaseline(order=2).fit(X, y)
    >>> model.coef_.round(3).tolist(), round(float(2 * np.cos(0.3)), 3)
    ([[1.911, -1.0]], 1.911)
    >>> ahead = np.sin(0.3 * np.arange(60, 80))
    >>> bool(np.abs(model.forecast(wave, 20)[0, :, 0] - ahead).max() < 1e-6)
    True
    """

    coef_: Floats

    def __init__(self, order: int = 1, alpha: float | str = 0.0, feedback: Any = None) -> None:
        self.order = order
        self.alpha = alpha
        self.feedback = feedback

    def _problems(self, rows: _Rows) -> Iterator[_Problem]:
        self.coef_ = np.zeros((self.n_outputs_, self.order))
        for output, own in enumerate(self.own_features_):
            outputs = np.array([output])
            moments = _moments(rows, rows.frames[:, :, own], outputs)
            if moments:
                yield _Problem(outputs, moments)

    def _keep(self, outputs: NDArray[np.int64], coef: Floats) -> None:
        self.coef_[outputs] = coef.T

    def _next(self, windows: Floats) -> Floats:
        own = windows[..., self.own_features_]
        return (own * self.coef_.T).sum(axis=-2) + self.intercept_

    def _reads(self) -> Flags:
        return reads_own(self)


class RidgeVAR(LinearBaseline):
    r"""Predicts every channel from the last frames of all, or of its partners: a linear network.

    .. math:: \hat y(t) = c + \sum_{l=0}^{p-1} A_l \, x(t - l), \quad A_l\ [post, pre],

    where y(t) is x(t + 1), usually. For each output it minimises the mean squared error plus
    :math:`\alpha \sum_{l, j} \mathrm{var}(x_j) \, A_{l,kj}^2` over all j but its own channel: the
    own past is not penalised, so that a strong penalty leaves an autoregression per channel.

    Parameters
    ----------
    order : int, default=1
        Number p of frames, the present one included.
    alpha : float or "auto", default=1.0
        Strength of the ridge penalty, in units of the variance of a channel. "auto": of 13 values
        from 1e-4 to 100 the one with the least squared error, in units of the variance of each
        output, of what is left out. Left out are in turn ten parts of the training trials, whole
        trials in the order in which they come (ten stretches, where there is one trial). Nothing
        is computed twice: sums of squares of a part are taken out of those of all.
    mask : array-like of bool of shape (n_outputs, n_features) or None, default=None
        Which channels may act on which output, [post, pre]: a connectome. The own past may always.
        A data frame is put in the order of the names of y and X. None: all on all.
    feedback : sequence of (str or int) or None, default=None
        Column of X that each output is the next value of, by name or number. None: that of the
        same name, or, where X or y has no names, of the same number.

    Attributes
    ----------
    coef_ : ndarray of shape (order, n_outputs, n_features)
        Weights A_l, the present frame first: ``coef_[0]`` is W[post, pre].
    intercept_ : ndarray of shape (n_outputs,)
        Intercepts.
    alpha_ : float
        The strength of the penalty.
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
        By `fit`, if an argument does not fit, or if no trial has `order` steps.

    See Also
    --------
    ARBaseline : Each channel's own past only.
    sk_biornn.inspection.forecast_skill : Networks against baselines, by horizon.

    Notes
    -----
    At the first steps of a trial there are fewer than p frames. The first frame then stands for
    those that would come before it. Predictions are made so; these steps are not learnt from.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.baselines import RidgeVAR
    >>> rng = np.random.default_rng(0)
    >>> A = np.array([[0.8, 0.0], [0.4, 0.5]])               # 0 acts on 1
    >>> x = np.zeros((1, 2000, 2))
    >>> for t in range(1999):
    ...     x[0, t + 1] = A @ x[0, t] + rng.standard_normal(2)
    >>> X, y = x[:, :-1], x[:, 1:]
    >>> RidgeVAR(alpha=0.0).fit(X, y).coef_[0].round(1).tolist()
    [[0.8, 0.0], [0.4, 0.5]]
    >>> wiring = np.array([[False, False], [True, False]])
    >>> model = RidgeVAR(alpha="auto", mask=wiring).fit(X, y)
    >>> model.alpha_ < 0.01, float(model.coef_[0, 0, 1])
    (True, 0.0)
    """

    coef_: Floats

    def __init__(
        self, order: int = 1, alpha: float | str = 1.0, mask: Any = None, feedback: Any = None
    ) -> None:
        self.order = order
        self.alpha = alpha
        self.mask = mask
        self.feedback = feedback

    def _problems(self, rows: _Rows) -> Iterator[_Problem]:
        self.coef_ = np.zeros((self.order, self.n_outputs_, self.n_features_in_))
        own = np.zeros((self.n_outputs_, self.n_features_in_), dtype=bool)
        own[np.arange(self.n_outputs_), self.own_features_] = True
        mask = self._mask()
        free = np.tile(own, self.order)
        allowed = None if mask is None else np.tile(mask | own, self.order)
        features = rows.frames.reshape(len(rows.frames), -1)
        for outputs in _scored_alike(rows.targets):
            moments = _moments(rows, features, outputs)
            if moments:
                chosen = None if allowed is None else allowed[outputs]
                yield _Problem(outputs, moments, chosen, free[outputs])

    def _mask(self) -> Flags | None:
        if self.mask is None:
            return None
        outputs = UnitOrder(_as_names(getattr(self, "output_names_", None)), "y")
        features = UnitOrder(_as_names(getattr(self, "_feature_labels", None)), "X")
        mask = outputs.arranged(as_mask(self.mask), "mask", (0,), features)
        values = real_array(dense(mask, "mask"), "mask", "an array of bool", truth_values=True)
        shape = (self.n_outputs_, self.n_features_in_)
        if values.shape != shape or not np.isin(values, (0, 1)).all():
            found = f"shape {values.shape}" if values.shape != shape else "other values"
            raise ValueError(
                f"mask must be bool of shape (n_outputs, n_features) = {shape}, [post, pre], got "
                f"{found}."
            )
        return values.astype(bool)

    def _keep(self, outputs: NDArray[np.int64], coef: Floats) -> None:
        by_lag = coef.reshape(self.order, self.n_features_in_, len(outputs))
        self.coef_[:, outputs] = by_lag.swapaxes(1, 2)

    def _next(self, windows: Floats) -> Floats:
        flat = windows.reshape(*windows.shape[:-2], -1)
        return flat @ self.coef_.swapaxes(1, 2).reshape(flat.shape[-1], -1) + self.intercept_

    def _reads(self) -> Flags:
        return np.asarray((self.coef_ != 0).any(axis=(0, 1)))


def _rows(trials: Trials, targets: Floats, weights: Floats, order: int) -> _Rows:
    """Return the steps that have `order` frames and a target that is scored."""
    scored = np.asarray(np.isfinite(targets).any(axis=2))
    scored[:, : order - 1] = False
    of_trial, steps = np.nonzero(scored)
    if not len(steps):
        raise ValueError(
            f"order must be at most the number of the last step of a trial that is scored, "
            f"{_last_scored(targets)}, got {order}."
        )
    frames = trials.x.astype(np.float64)[of_trial[:, None], earlier(steps, order)]
    kept = (of_trial, steps)
    return _Rows(frames, targets[kept], weights[kept], _parts(of_trial, trials.n_trials))


def _last_scored(targets: Floats) -> int:
    return int(np.flatnonzero(np.isfinite(targets).any(axis=(0, 2))).max()) + 1


def _parts(of_trial: NDArray[np.int64], n_trials: int) -> NDArray[np.int64]:
    """Return which part of the data each row is in: whole trials, or stretches of a single one."""
    if n_trials == 1:
        return np.arange(len(of_trial)) * _FOLDS // len(of_trial)
    return of_trial * min(_FOLDS, n_trials) // n_trials


def _column_means(values: Floats) -> Floats:
    known = np.isfinite(values)
    counts = known.sum(axis=0)
    return np.where(known, values, 0.0).sum(axis=0) / np.where(counts > 0, counts, np.nan)


def _scored_alike(targets: Floats) -> Iterator[NDArray[np.int64]]:
    """Yield the outputs that are scored in the same rows."""
    scored = np.isfinite(targets)
    if (scored == scored[:, :1]).all():
        yield np.arange(targets.shape[1])
        return
    _, kinds = np.unique(np.packbits(scored, axis=0), axis=1, return_inverse=True)
    for kind in range(int(kinds.max()) + 1):
        yield np.flatnonzero(kinds.ravel() == kind)


def _moments(rows: _Rows, features: Floats, outputs: NDArray[np.int64]) -> list[Moments]:
    """Return the sums over the scored rows of each part; none where nothing is scored."""
    scored = np.isfinite(rows.targets[:, outputs[0]])
    found = []
    for part in np.unique(rows.parts[scored]):
        kept = scored & (rows.parts == part)
        targets = rows.targets[np.ix_(kept, outputs)]
        found.append(Moments.of(features[kept], targets, rows.weights[kept]))
    return found


def _chosen(problems: list[_Problem]) -> float:
    """Return the strength of the penalty with which what is left out is predicted best."""
    errors = np.zeros(len(ALPHAS))
    for problem in problems:
        sums = total(problem.moments)
        variances = sums.n * np.maximum(sums.variances(), 0.0)
        scale = np.divide(1.0, variances, out=np.zeros_like(variances), where=variances > 0)
        for place, alpha in enumerate(ALPHAS):
            left_out = left_out_errors(problem.moments, alpha, problem.allowed, problem.free)
            errors[place] += left_out @ scale
    return float(ALPHAS[int(np.argmin(errors))])


def _as_names(names: Any) -> tuple[Any, ...] | None:
    return None if names is None else tuple(names)
