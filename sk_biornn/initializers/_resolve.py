"""From what the user names, hands over or describes to initial recurrent weights."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from sk_biornn import metrics
from sk_biornn.initializers._base import Initializer, single_blas_thread
from sk_biornn.initializers._classical import Normal, Orthogonal, Uniform
from sk_biornn.initializers._dale import Balanced, DaleSpectral, SignedUniform

INITIALIZERS: dict[str, Initializer] = {
    "dale_orthogonal": DaleSpectral("flat"),
    "dale_gaussian": DaleSpectral("gaussian"),
    "balanced": Balanced(),
    "uniform": SignedUniform(),
    "orthogonal": Orthogonal(),
    "glorot_normal": Normal(1.0),
    "he_normal": Normal(2.0),
    "he_uniform": Uniform(2.0),
}

# Worse than every initialiser made for training: Gaussian weights have 0.956 and 1.0 at 128 units.
_LEAST_ENTROPY, _GREATEST_GAP, _SMALLEST_NETWORK = 0.85, 5.0, 20


class ConditioningWarning(UserWarning):
    """Initial recurrent weights from which a network learns slowly or not at all."""


def recurrent_weights(
    init: Any,
    *,
    signs: np.ndarray,
    mask: np.ndarray,
    rng: np.random.Generator,
    spectral_radius: float | None = None,
) -> np.ndarray:
    """Return initial recurrent weights that obey signs and mask exactly.

    Parameters
    ----------
    init : str, array-like of shape (n_units, n_units) or object
        Name of an initialiser; weights W[post, pre], which are copied; or an object with a method
        ``sample(*, signs, mask, rng)``.
    signs : ndarray of shape (n_units,)
        +1 excitatory, -1 inhibitory, 0 free.
    mask : bool ndarray of shape (n_units, n_units)
        Allowed synapses.
    rng : numpy.random.Generator
        Source of randomness.
    spectral_radius : float or None, default=None
        Rescale to this largest absolute eigenvalue.

    Returns
    -------
    ndarray of shape (n_units, n_units)
        Weights W[post, pre], float64.

    Raises
    ------
    ValueError
        If the name is unknown, if an array has another shape, is not finite or contradicts signs
        or mask, or if a matrix of spectral radius 0 is to be rescaled.

    Warns
    -----
    ConditioningWarning
        If an array or the weights of an object are badly conditioned. The named initialisers do
        not warn: to ask for one by name, the published "uniform" too, is a choice.

    Examples
    --------
    >>> import numpy as np
    >>> signs, mask = np.array([1.0, 1.0, -1.0]), ~np.eye(3, dtype=bool)
    >>> W = recurrent_weights("balanced", signs=signs, mask=mask, rng=np.random.default_rng(0))
    >>> bool((W * signs >= 0).all()), W.diagonal().tolist()
    (True, [0.0, 0.0, 0.0])
    """
    if isinstance(init, str):
        if init not in INITIALIZERS:
            raise ValueError(
                f"recurrent_init must be one of {['auto', *INITIALIZERS]}, an array or an "
                f"initializer object, got {init!r}."
            )
        weights = INITIALIZERS[init].sample(signs=signs, mask=mask, rng=rng)
    elif hasattr(init, "sample"):
        weights = _checked(init.sample(signs=signs, mask=mask, rng=rng), signs, mask)
        _warn_if_ill_conditioned(weights)
    else:
        weights = _checked(init, signs, mask)
        _warn_if_ill_conditioned(weights)
    return weights if spectral_radius is None else _rescaled(weights, spectral_radius)


def _checked(init: Any, signs: np.ndarray, mask: np.ndarray) -> np.ndarray:
    try:
        weights = np.array(init, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"recurrent_init must be a name, a numeric array or an initializer object, got "
            f"{type(init).__name__}."
        ) from None
    if weights.shape != mask.shape:
        raise ValueError(f"recurrent_init must have shape {mask.shape}, got {weights.shape}.")
    if not np.isfinite(weights).all():
        raise ValueError("recurrent_init must be finite, got NaN or infinite weights.")
    for wrong, what in (
        (~mask & (weights != 0), "are off the mask"),
        (weights * signs < 0, "contradict the sign of their column (Dale's law)"),
    ):
        if wrong.any():
            post, pre = np.argwhere(wrong)[0].tolist()
            raise ValueError(
                f"recurrent_init has {int(wrong.sum())} weights that {what}, the first at "
                f"[post={post}, pre={pre}]: {weights[post, pre]:g}."
            )
    return weights


@single_blas_thread
def _rescaled(weights: np.ndarray, radius: float) -> np.ndarray:
    found = metrics.spectral_radius(weights)
    if found <= 0:
        raise ValueError(
            f"spectral_radius={radius} cannot be reached: the initial recurrent weights have "
            "spectral radius 0."
        )
    return weights * (radius / found)


def _warn_if_ill_conditioned(weights: np.ndarray) -> None:
    if len(weights) < _SMALLEST_NETWORK:
        return
    entropy, gap = metrics.svd_entropy(weights), metrics.singular_value_gap(weights)
    if entropy < _LEAST_ENTROPY or gap > _GREATEST_GAP:
        warnings.warn(
            f"recurrent_init is badly conditioned (SVD entropy {entropy:.2f}, ratio of its first "
            f"two singular values {gap:.1f}): training may be slow; compare "
            "recurrent_init='dale_orthogonal'.",
            ConditioningWarning,
            stacklevel=2,
        )
