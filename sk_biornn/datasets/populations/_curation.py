"""From rows (trials x frames of every population) to samples: averages, smoothing, one step ahead.

The published way (Balwani et al., 2025) draws from one pool for fitting and for judging, and its
two-sided filter puts future frames, the target among them, into the input. Here trials are split
first and the filter looks back only; `legacy=True` is the published filter.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from sk_biornn._checks import check_choice, check_count, check_flag, check_number
from sk_biornn._random import RandomState, make_rng
from sk_biornn.datasets.populations._split_trials import check_rows, split_trials

# Steps of input and target. "post": frames 7 to 13 of both, from one before the event at frame 8.
WINDOWS = {"full": slice(None), "post": slice(7, 14)}


def average_samples(
    rows: Mapping[str, ArrayLike],
    n_samples: int = 2000,
    n_rows: int = 100,
    *,
    random_state: RandomState = None,
) -> np.ndarray:
    """Average rows that are drawn with replacement, for each population independently.

    The sd of an average over samples is that of the rows divided by sqrt(n_rows). Sample i of one
    population has nothing to do with sample i of another: what populations have in common is the
    mean course of the condition, not the single trial.

    Parameters
    ----------
    rows : mapping of str to array-like of shape (n_rows, n_frames)
        Rows of every population.
    n_samples : int, default=2000
        Number of averages.
    n_rows : int, default=100
        Rows drawn for an average.
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Source of randomness; an int gives the same samples each time.

    Returns
    -------
    ndarray of shape (n_samples, n_frames, n_populations)
        Averages, channels in the order of `rows`; float32 if all rows are, else float64.

    Raises
    ------
    TypeError
        If `rows` is no mapping or a count no integer.
    ValueError
        If rows have NaN frames or unequal numbers of frames, or a count is below 1.

    References
    ----------
    Balwani, Wang, Najafi and Choi (2025), Science Advances, doi:10.1126/sciadv.adw4970.

    Examples
    --------
    >>> from sk_biornn.datasets import average_samples, make_population_rows
    >>> rows = make_population_rows(50, random_state=0)
    >>> # 10 samples of 16 frames, 18 populations
    >>> samples = average_samples(rows, 10, random_state=0)
    >>> # V1 L4 pyr: averages spread by a tenth of what single rows do
    >>> single = rows["V1_L4_pyr"].std(axis=0).mean()
    >>> print(f"{samples[..., 0].std(axis=0).mean() / single:.1f}")
    0.1
    """
    checked = check_rows(rows)
    n_samples, n_rows = check_count("n_samples", n_samples), check_count("n_rows", n_rows)
    rng = make_rng(random_state)
    n_frames = next(iter(checked.values())).shape[1]
    samples = np.empty((n_samples, n_frames, len(checked)), np.result_type(*checked.values()))
    for channel, array in enumerate(checked.values()):
        drawn = rng.integers(len(array), size=(n_samples, n_rows))
        samples[:, :, channel] = array[drawn].mean(axis=1)
    return samples


def smooth(
    traces: ArrayLike, sigma: float = 1.0, *, axis: int = 1, legacy: bool = False
) -> np.ndarray:
    """Smooth traces along time with a Gaussian that looks back only.

    With weights w_d = exp(-d**2 / (2 sigma**2)) for d = 0, 1, ... up to 4 sigma::

        out_t = sum_d w_d x_{t-d} / sum_d w_d,    both sums over d <= t

    so that no frame depends on a later one, and the first frames need no padding.

    Parameters
    ----------
    traces : array-like
        Traces, such as (n_samples, n_frames, n_populations).
    sigma : float, default=1.0
        Width in frames; 0 leaves the traces as they are.
    axis : int, default=1
        Axis of time.
    legacy : bool, default=False
        Whether to use the published two-sided filter (`scipy.ndimage.gaussian_filter1d` with
        its defaults), which mixes the future into every frame.

    Returns
    -------
    ndarray of the shape of `traces`
        Smoothed traces; float32 stays float32, else float64.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If `sigma` is negative or the traces are not finite numbers with such an axis.

    Examples
    --------
    >>> import numpy as np
    >>> smooth(np.array([[0.0, 0.0, 1.0, 0.0]])).round(3)
    array([[0.   , 0.   , 0.574, 0.346]])
    """
    sigma = check_number("sigma", sigma, low=0.0)
    values = _numbers(traces)
    if not -values.ndim <= axis < values.ndim or not np.isfinite(values).all():
        raise ValueError(
            f"traces must be finite and have an axis {axis} of time, got shape {values.shape} with "
            f"{int((~np.isfinite(values)).sum())} values that are not finite."
        )
    if sigma == 0:
        return values.copy()
    if check_flag("legacy", legacy):
        from scipy.ndimage import gaussian_filter1d

        return gaussian_filter1d(values, sigma, axis=axis)
    return _look_back(np.moveaxis(values, axis, 0), sigma, axis)


def _numbers(traces: ArrayLike) -> np.ndarray:
    """Return traces as float32 if they are, else as float64."""
    try:
        values = np.asarray(traces)
        return values if values.dtype == np.float32 else values.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError("traces must be an array of numbers, with rows of equal length.") from None


def _look_back(frames: np.ndarray, sigma: float, axis: int) -> np.ndarray:
    """Weighted mean of the present and past frames; time on the first axis."""
    n_back = min(int(4 * sigma + 0.5), len(frames) - 1)
    weights = np.exp(-0.5 * (np.arange(n_back + 1) / sigma) ** 2)
    total = np.zeros(len(frames))
    out = np.zeros_like(frames)
    for back, weight in enumerate(weights):
        out[back:] += weight * frames[: len(frames) - back]
        total[back:] += weight
    out /= total.reshape(-1, *[1] * (frames.ndim - 1)).astype(out.dtype)
    return np.ascontiguousarray(np.moveaxis(out, 0, axis))


def one_step_ahead(
    traces: ArrayLike, window: str = "full", *, sigma: float = 0.0, legacy: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Split traces into inputs and targets one frame later.

    For traces of 16 frames X holds frames 0..14 and y frames 1..15; of both, the window "post"
    keeps the steps 7 to 13.

    Parameters
    ----------
    traces : array-like of shape (n_samples, n_frames, n_populations)
        Traces of at least two frames.
    window : {"full", "post"}, default="full"
        All steps, or those from one before the event at frame 8 (the "half session" of the
        paper).
    sigma : float, default=0.0
        Width of the smoothing in frames, see `smooth`; before the window is cut.
    legacy : bool, default=False
        Whether to smooth on two sides, input and target each for itself, as published: then
        the input contains the future, and y is not X one frame later near the ends.

    Returns
    -------
    X : ndarray of shape (n_samples, n_steps, n_populations)
        Inputs.
    y : ndarray of shape (n_samples, n_steps, n_populations)
        Targets.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If the traces have another shape, are not finite, or are too short for the window.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = one_step_ahead(np.arange(16.0).reshape(1, 16, 1), "post")
    >>> X.ravel().astype(int).tolist(), y.ravel().astype(int).tolist()
    ([7, 8, 9, 10, 11, 12, 13], [8, 9, 10, 11, 12, 13, 14])
    """
    check_choice("window", window, WINDOWS)
    values = _numbers(traces)
    shortest = 2 if window == "full" else WINDOWS[window].stop + 1
    if values.ndim != 3 or values.shape[1] < shortest:
        raise ValueError(
            "traces must have shape (n_samples, n_frames, n_populations) with at least "
            f"{shortest} frames for window={window!r}, got shape {values.shape}."
        )
    if check_flag("legacy", legacy):
        X, y = (smooth(part, sigma, legacy=True) for part in (values[:, :-1], values[:, 1:]))
    else:
        values = smooth(values, sigma)
        X, y = values[:, :-1], values[:, 1:]
    frames = WINDOWS[window]
    return np.ascontiguousarray(X[:, frames]), np.ascontiguousarray(y[:, frames])


def population_samples(
    rows: Mapping[str, ArrayLike],
    *,
    sizes: Mapping[str, float] | None = None,
    groups: Mapping[str, ArrayLike] | None = None,
    n_samples: int | Mapping[str, int] = 2000,
    n_rows: int = 100,
    sigma: float = 1.0,
    window: str = "full",
    legacy: bool = False,
    random_state: RandomState = None,
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Make inputs and targets of every split from rows: split, average, smooth, one step ahead.

    Trials are split before they are averaged, so that no row has part in two splits, and the
    filter looks back only, so that no input contains its target.

    Parameters
    ----------
    rows : mapping of str to array-like of shape (n_rows, n_frames)
        Rows of every population.
    sizes : mapping of str to float or int, or None, default=None
        Splits, see `split_trials`; ``{"train": 1.0}`` is the one pool of the publication.
    groups : mapping of str to array-like of shape (n_rows,) or None, default=None
        Label of every row, such as the mouse, to be kept together; see `split_trials`.
    n_samples : int or mapping of str to int, default=2000
        Samples of every split, or of each by name.
    n_rows : int, default=100
        Rows averaged to a sample.
    sigma : float, default=1.0
        Width of the smoothing in frames; 0 leaves it out. Where it is not 0 the target holds
        part of the input's last frame, and persistence predicts better than it would otherwise.
    window : {"full", "post"}, default="full"
        All steps, or the seven from one before the event, see `one_step_ahead`.
    legacy : bool, default=False
        Whether to smooth as published, which leaks the future; see `one_step_ahead`.
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Source of randomness; an int gives the same samples each time.

    Returns
    -------
    dict of str to tuple of two ndarrays
        (X, y) by split, each (n_samples, n_steps, n_populations).

    Raises
    ------
    TypeError
        If an argument is of another kind.
    ValueError
        If an argument is out of its range or the rows do not fit.

    References
    ----------
    Balwani, Wang, Najafi and Choi (2025), Science Advances, doi:10.1126/sciadv.adw4970.

    Examples
    --------
    >>> from sk_biornn.datasets import make_population_rows, population_samples
    >>> rows = make_population_rows(60, random_state=0)
    >>> samples = population_samples(
    ...     rows, n_samples={"train": 100, "test": 20},
    ...     sizes={"train": 0.8, "test": 0.2}, random_state=0,
    ... )
    >>> X, y = samples["test"]
    >>> X.shape, y.shape
    ((20, 15, 18), (20, 15, 18))
    """
    rng = make_rng(random_state)
    parts = split_trials(rows, sizes, groups=groups, random_state=rng)
    counts = n_samples if isinstance(n_samples, Mapping) else dict.fromkeys(parts, n_samples)
    missing = [split for split in parts if split not in counts]
    if missing:
        raise ValueError(f"n_samples must have a number for every split, none for {missing[0]}.")
    return {
        split: one_step_ahead(
            average_samples(part, counts[split], n_rows, random_state=rng),
            window,
            sigma=sigma,
            legacy=legacy,
        )
        for split, part in parts.items()
    }
