"""How much of what is observed the means explain: D^2, which is R^2 where noise is not Gaussian."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sk_biornn.core.observation_model import Array, Moments, Observation
from sk_biornn.core.observations import ZeroInflatedGamma
from sk_biornn.core.threads import computing


def deviance_explained(
    observation: Observation, readout: Array, own: Array, y: Array, weights: Array
) -> Array:
    """Return D^2 of each output.

    D^2 = 1 - sum w d(y, m) / sum w d(y, mean of y), with the deviance d(y, m) = 2 (log p(y | y) -
    log p(y | m)). scikit-learn's `d2_tweedie_score` of power 1 is that of Poisson's distribution,
    of power 2 that of the gamma distribution, and `d2_log_loss_score` that of Bernoulli's. Of
    zero-inflated amplitudes y itself is not the likeliest mean, and D^2 = 1 - exp(2 (l_0 - l)),
    with the mean log-likelihoods l, and l_0 of the mean of y: what R^2 is of Gaussian noise (Cox &
    Snell, 1989; Nagelkerke, 1991, doi:10.1093/biomet/78.3.691).

    Parameters
    ----------
    observation : Observation
        What the read-outs stand for.
    readout, y, weights : ndarray of shape (n, n_outputs)
        Read-outs before the link, data, and their weights. What has no weight is not read.
    own : ndarray of shape (n_own, n_outputs)
        Parameters of the distribution.

    Returns
    -------
    ndarray of shape (n_outputs,)
        At most 1; 0 where all that is judged is one number, NaN where nothing is.
    """
    judged = weights > 0
    moments = Moments.of(y, weights)
    null = np.broadcast_to(observation.readout(observation.nearest_mean(moments), own), y.shape)
    shares = np.where(judged, weights, 0.0) / np.maximum(weights.sum(0), np.finfo(np.float64).tiny)
    with torch.no_grad(), computing():
        values, parameters = _tensor(np.where(judged, y, 1.0)), _tensor(own)

        def mean_of(surprises: Tensor) -> Array:
            return np.asarray(np.where(judged, shares * surprises.numpy(), 0.0).sum(0))

        found, expected = (
            mean_of(observation.surprise(_tensor(each), parameters, values))
            for each in (readout, null)
        )
        least = mean_of(observation.least_surprise(parameters, values))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        if isinstance(observation, ZeroInflatedGamma):
            explained = -np.expm1(2 * (found - expected))
        else:
            explained = 1 - (found - least) / (expected - least)
    # As R^2 has it of targets that do not vary.
    explained = np.where(moments.variance > 0, explained, 0.0)
    return np.where(judged.any(0), explained, np.nan)


def _tensor(array: Array) -> Tensor:
    return torch.from_numpy(np.array(array, dtype=np.float64, order="C"))
