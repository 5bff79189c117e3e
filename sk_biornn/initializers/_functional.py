"""From recorded activity to a matrix of functional connectivity."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import _check_feature_names, check_is_fitted, validate_data

from sk_biornn._blas import single_blas_thread
from sk_biornn._checks import check_choice, check_number
from sk_biornn._plain import conversion_of, found, plain, refuse_dates, refuse_masked
from sk_biornn.activity import correlation, partial_correlation, precision, spike_count_tiling
from sk_biornn.activity._correlation import CENTERS, check_shrinkage
from sk_biornn.activity._spike_trains import (
    TIME_UNITS,
    SpikeTrains,
    in_order,
    is_spike_trains,
    read_spike_trains,
)
from sk_biornn.activity._tiling import tiling_of_trains
from sk_biornn.activity.recordings import is_several, time_first, unit_names, without_padding

KINDS = ("correlation", "partial_correlation", "precision", "sttc")
FLOATS = [np.float64, np.float32]


# No `set_output`: the rows of the output are neurons, those of a DataFrame that comes in are steps.
# scikit-learn has no types that would tell mypy of its class keyword.
class FunctionalConnectivity(  # type: ignore[call-arg]
    OneToOneFeatureMixin, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    """Functional connectivity of recorded neurons: traces or spike trains to one matrix.

    ======================  =====================================================================
    kind                    value of neurons i and j
    ======================  =====================================================================
    "correlation"           Pearson correlation, in [-1, 1]
    "precision"             P_ij of the inverse P of the shrunk correlation matrix; a *negative*
                            entry means that i and j are active together, all others held fixed
    "partial_correlation"   -P_ij / sqrt(P_ii P_jj), in [-1, 1]; the sign is that of the relation
    "sttc"                  spike time tiling coefficient, in [-1, 1]
    ======================  =====================================================================

    The spike time tiling coefficient of two spike trains is, with T_A the share of the recording
    within +-window of a spike of A and P_A the share of the spikes of A within +-window of one of
    B::

        STTC = 1/2 [ (P_A - T_B) / (1 - P_A T_B) + (P_B - T_A) / (1 - P_B T_A) ]

    It does not depend on the firing rates, as a correlation of spike counts does.

    Parameters
    ----------
    kind : {"correlation", "partial_correlation", "precision", "sttc"}, default="correlation"
        Which measure; see above.
    center : {"each", "all"}, default="each"
        Several recordings or trials, of all kinds but "sttc": whether each loses its own mean (so
        that slow drifts between them do not correlate neurons) or all lose the common one.
    shrinkage : "ledoit_wolf" or float, default="ledoit_wolf"
        Of "precision" and "partial_correlation": weight of the identity, in [0, 1], when the
        correlation matrix is shrunk towards it. "ledoit_wolf": the weight of least expected
        squared error. At 0 a singular matrix is inverted on its range.
    window : float, default=100.0
        Of "sttc": two spikes are near if they differ by `window` or less, always in ms; at most an
        eighth of the recording.
    dt : float or None, default=None
        Of "sttc" with binned counts: width of a bin, in ms. Bins are near if their indices differ
        by window / dt, rounded down, or less.
    t_start : float, default=0.0
        Of "sttc" with event times: start of the recording, in `time_unit`.
    t_stop : float or None, default=None
        Of "sttc": end of the recording, in `time_unit`. If it is given, `X` holds event times.
        Spike trains of pynapple and neo need none, they know when their recording began and ended.
    time_unit : {"ms", "s"}, default="ms"
        Of "sttc" with event times: unit of `t_start`, `t_stop` and of times that are plain numbers.
        Those of pynapple (in s) and neo have their own unit and are converted from it.

    Attributes
    ----------
    connectivity_ : ndarray of shape (n_neurons, n_neurons)
        The matrix of the data of `fit`; symmetric, 1 on the diagonal (but for "precision").
    n_features_in_ : int
        Number of neurons.
    feature_names_in_ : ndarray of shape (n_neurons,)
        Names of the neurons, if `X` came with names: a DataFrame, a dict of spike trains, a
        TsGroup of pynapple (its index), an array of xarray with a coordinate of names.

    See Also
    --------
    BioWeightInitializer : From such matrices to initial weights.

    Notes
    -----
    No value is ever NaN. A neuron with a constant trace, or without a spike, has 0 with every
    other neuron and 1 with itself: nothing is known about it.

    Several recordings (a list, or the trials of a 3-D array) give one matrix: covariances and
    coincidences are added up over them, none is counted across the border of two recordings.
    Trailing steps that are NaN in all neurons are taken as padding and left out.

    Traces are brought to unit variance before they are shrunk, so that "precision" does not depend
    on the unit of a trace.

    A transformer whose output is neurons by neurons cannot hold scikit-learn's rule that there is
    one row of output per row of input; all its other rules for transformers hold.

    References
    ----------
    Cutts and Eglen (2014), Detecting pairwise correlations in spike trains: an objective comparison
    of methods and application to the study of retinal waves, Journal of Neuroscience 34,
    doi:10.1523/JNEUROSCI.2767-14.2014.

    Ledoit and Wolf (2004), A well-conditioned estimator for large-dimensional covariance matrices,
    Journal of Multivariate Analysis 88, doi:10.1016/S0047-259X(03)00096-4.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.initializers import FunctionalConnectivity
    >>> rng = np.random.default_rng(0)
    >>> traces = rng.standard_normal((500, 3))
    >>> traces[:, 2] += traces[:, 1]
    >>> FunctionalConnectivity().fit_transform(traces).round(1) + 0.0
    array([[1. , 0. , 0. ],
           [0. , 1. , 0.7],
           [0. , 0.7, 1. ]])

    Spike times in ms, of a recording of 1 s; the second neuron follows the first:

    >>> trains = [[100, 400, 700], [105, 408, 703], [250, 900]]
    >>> sttc = FunctionalConnectivity("sttc", window=10, t_stop=1000)
    >>> sttc.fit(trains).connectivity_.round(2)
    array([[ 1.  ,  1.  , -0.05],
           [ 1.  ,  1.  , -0.05],
           [-0.05, -0.05,  1.  ]])

    The same in s, by name; `window` stays in ms:

    >>> trains = {
    ...     "a": [0.1, 0.4, 0.7], "b": [0.105, 0.408, 0.703], "c": [0.25, 0.9],
    ... }
    >>> sttc = FunctionalConnectivity(
    ...     "sttc", window=10, t_stop=1, time_unit="s"
    ... ).fit(trains)
    >>> sttc.connectivity_.round(2)[2], sttc.feature_names_in_
    (array([-0.05, -0.05,  1.  ]), array(['a', 'b', 'c'], dtype=object))
    """

    def __init__(
        self,
        kind: str = "correlation",
        *,
        center: str = "each",
        shrinkage: float | str = "ledoit_wolf",
        window: float = 100.0,
        dt: float | None = None,
        t_start: float = 0.0,
        t_stop: float | None = None,
        time_unit: str = "ms",
    ) -> None:
        self.kind = kind
        self.center = center
        self.shrinkage = shrinkage
        self.window = window
        self.dt = dt
        self.t_start = t_start
        self.t_stop = t_stop
        self.time_unit = time_unit

    def fit(self, X: Any, y: Any = None) -> Self:
        """Compute the matrix of a recording.

        Parameters
        ----------
        X : array-like, list, dict or TsGroup of pynapple
            One recording (n_steps, n_neurons), a list of recordings, or trials of shape
            (n_trials, n_steps, n_neurons); of xarray, the dimension called time is that of the
            steps. With "sttc" also spike trains: a TsGroup of pynapple, a list of SpikeTrain of
            neo or, with `t_stop`, a list or dict with the event times of each neuron.
        y : Ignored
            Not used; here for the interface.

        Returns
        -------
        FunctionalConnectivity
            The transformer itself, with `connectivity_`.

        Raises
        ------
        TypeError
            If a parameter is of another type.
        ValueError
            If a parameter or `X` does not fit, or `window` is longer than an eighth of the
            recording: the coefficients of all neurons then approach 1.

        Warns
        -----
        UserWarning
            If `X` has more neurons than steps, as an array (cells, frames) has; or if the window
            around the spikes covers nearly all of the recording.
        """
        self._check_parameters()
        self.connectivity_ = self._connectivity(X, reset=True)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the matrix of another recording of the same neurons.

        Parameters
        ----------
        X : array-like or list
            As in `fit`.

        Returns
        -------
        ndarray or DataFrame of shape (n_neurons, n_neurons)
            Functional connectivity of `X` alone; the data of `fit` play no part. A DataFrame, by
            name, if the neurons have names.

        Raises
        ------
        ValueError
            If `X` does not fit the parameters or the number or names of the neurons.

        Warns
        -----
        UserWarning
            As in `fit`.
        """
        check_is_fitted(self, "connectivity_")
        self._check_parameters()
        return self._named(self._connectivity(X, reset=False))

    def _named(self, matrix: np.ndarray) -> Any:
        """Return a matrix with the names of the neurons, which tell weights whose they are."""
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            return matrix
        import pandas as pd

        return pd.DataFrame(matrix, index=names, columns=names)

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> np.ndarray:
        """Compute the matrix of a recording and return it.

        Parameters
        ----------
        X : array-like or list
            As in `fit`.
        y : Ignored
            Not used; here for the interface.
        **fit_params : dict
            Not used; here for the interface.

        Returns
        -------
        ndarray of shape (n_neurons, n_neurons)
            A copy of `connectivity_`; a DataFrame, by name, if the neurons have names.
        """
        self.fit(X, y)
        return self._named(self.connectivity_.copy())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.positive_only = self.kind == "sttc"
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @single_blas_thread
    def _connectivity(self, X: Any, *, reset: bool) -> np.ndarray:
        if self.kind == "sttc" and (self.t_stop is not None or is_spike_trains(X)):
            return tiling_of_trains(self._spike_trains(X, reset), self.window)
        if is_spike_trains(X):
            raise TypeError(
                f"X must be recordings (n_steps, n_neurons) when kind={self.kind!r}, got "
                f"{found(X)}; spike trains are for kind='sttc'."
            )
        recordings = self._recordings(X, reset)
        is_sttc = self.kind == "sttc"
        matrix = self._of_counts(recordings) if is_sttc else self._of_traces(recordings)
        return matrix.astype(np.result_type(*{part.dtype for part in recordings}), copy=False)

    def _of_traces(self, recordings: list[np.ndarray]) -> np.ndarray:
        if self.kind == "correlation":
            return correlation(recordings, center=self.center)
        measure = precision if self.kind == "precision" else partial_correlation
        return measure(recordings, center=self.center, shrinkage=self.shrinkage)

    def _of_counts(self, counts: list[np.ndarray]) -> np.ndarray:
        if self.dt is None:
            raise ValueError(
                "dt must be the width of a bin in ms when kind='sttc' and X holds counts, got None "
                "(or give t_stop, if X is a list of event times)."
            )
        if any(part.min(initial=0) < 0 for part in counts):
            raise ValueError(
                "Negative values in data: X must hold counts when kind='sttc', got a negative one."
            )
        return spike_count_tiling(counts, dt=self.dt, window=self.window)

    def _recordings(self, X: Any, reset: bool) -> list[np.ndarray]:
        """Return one float array (n_steps_i, n_neurons) per recording, padding left out."""
        refuse_masked(X, "X")
        refuse_dates(X, "X")
        X = _with_names(plain(X, "X"))
        if not is_several(X):
            return [self._recording(X, reset)]
        if len(X) == 0:
            raise ValueError("X must hold at least one recording, got none.")
        return [
            self._recording(without_padding(part), reset and index == 0)
            for index, part in enumerate(X)
        ]

    def _recording(self, part: Any, reset: bool) -> np.ndarray:
        with conversion_of("X"):
            return validate_data(self, part, reset=reset, dtype=FLOATS)

    def _spike_trains(self, X: Any, reset: bool) -> SpikeTrains:
        trains = read_spike_trains(
            X, "X", time_unit=self.time_unit, t_start=self.t_start, t_stop=self.t_stop
        )
        if not reset and hasattr(self, "feature_names_in_"):
            trains = in_order(trains, self.feature_names_in_)
        _check_feature_names(self, _names_only(trains.names), reset=reset)
        if reset:
            self.n_features_in_ = len(trains.times)
        elif len(trains.times) != self.n_features_in_:
            raise ValueError(
                f"X has {len(trains.times)} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input."
            )
        return trains

    def _check_parameters(self) -> None:
        check_choice("kind", self.kind, KINDS)
        check_choice("center", self.center, CENTERS)
        check_choice("time_unit", self.time_unit, TIME_UNITS)
        check_shrinkage(self.shrinkage)
        check_number("window", self.window, low=0.0)
        start = check_number("t_start", self.t_start)
        if self.dt is not None:
            check_number("dt", self.dt, low=0.0, open_low=True)
        if self.t_stop is not None:
            check_number("t_stop", self.t_stop, low=start, open_low=True)


def _with_names(X: Any) -> Any:
    """Return arrays of xarray and frames of pynapple as what scikit-learn takes, with names."""
    if isinstance(X, (list, tuple)):
        return [_with_names(part) for part in X] if any(hasattr(part, "ndim") for part in X) else X
    if isinstance(X, pd.DataFrame) or getattr(X, "ndim", 0) != 2:
        return time_first(X, "X")
    names = unit_names(X, "X")
    X = time_first(X, "X")
    return X if names is None else pd.DataFrame(np.asarray(X), columns=names)


def _names_only(names: list[str] | None) -> Any:
    """Return what scikit-learn reads names from: a frame without rows, or a list without names."""
    return [] if names is None else pd.DataFrame(columns=names)
