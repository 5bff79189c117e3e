"""From what the user names, hands over or describes to initial recurrent weights."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from sk_biornn import metrics
from sk_biornn._blas import single_blas_thread
from sk_biornn._checks import check_number
from sk_biornn._plain import real_array, short
from sk_biornn._random import make_rng
from sk_biornn._sparse import dense
from sk_biornn.initializers._base import (
    Initializer,
    check_matrix,
    check_signs_and_mask,
)
from sk_biornn.initializers._classical import Normal, Orthogonal, TruncatedNormal, Uniform
from sk_biornn.initializers._dale import Balanced, DaleSpectral, SignedUniform
from sk_biornn.metrics._spectral import conditioning
from sk_biornn.units.order import UnitOrder

FOR_DALE: dict[str, Initializer] = {
    "dale_orthogonal": DaleSpectral("flat"),
    "dale_gaussian": DaleSpectral("gaussian", tol=0.02),  # the leading mode is the last to settle
    "balanced": Balanced(),
    "uniform": SignedUniform(),
}
CLASSICAL: dict[str, Initializer] = {
    "orthogonal": Orthogonal(),
    "glorot_normal": Normal(1.0),
    "he_normal": Normal(2.0),
    "he_uniform": Uniform(2.0),
    "glorot_normal_truncated": TruncatedNormal(1.0),
    "he_normal_truncated": TruncatedNormal(2.0),
}
INITIALIZERS = FOR_DALE | CLASSICAL

# Gaussian weights have an SVD entropy of 0.94 (20 units) to 0.97 and a gap of 1.0 to 1.4; uniform
# ones times column signs 0.89 and 10 at 128 units. Smaller networks scatter too much to judge.
LEAST_ENTROPY, GREATEST_GAP, SMALLEST_NETWORK = 0.85, 5.0, 20


class ConditioningWarning(UserWarning):
    """Initial recurrent weights from which a network learns slowly or not at all."""


def recurrent_weights(
    init: Any,
    *,
    signs: np.ndarray,
    mask: np.ndarray,
    rng: np.random.Generator,
    spectral_radius: float | None = None,
    is_fixed: bool = False,
) -> np.ndarray:
    """Return initial recurrent weights that obey signs and mask exactly.

    Parameters
    ----------
    init : str, array-like or sparse matrix of shape (n_units, n_units), or object
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
    is_fixed : bool, default=False
        Whether they are a wiring that is to stay, whatever its spectrum.

    Returns
    -------
    ndarray of shape (n_units, n_units)
        Weights W[post, pre], float64.

    Raises
    ------
    TypeError
        If `init` is None, or `spectral_radius` is not a number.
    ValueError
        If the name is unknown, if an array has another shape, is not finite or contradicts signs
        or mask, or if a matrix of spectral radius 0 is to be rescaled.

    Warns
    -----
    ConditioningWarning
        If the weights of at least 20 units have an SVD entropy below 0.85 or a first singular value
        more than 5 times the second, and the user may not know: they are an array or come from an
        object, or from a classical initialiser to whose weights Dale's law gave signs. Whoever asks
        by name for an initialiser made for Dale's law, the published "uniform" too, has chosen, and
        so has whoever says that they are fixed.

    Examples
    --------
    >>> import numpy as np
    >>> signs, mask = np.array([1.0, 1.0, -1.0]), ~np.eye(3, dtype=bool)
    >>> W = recurrent_weights(
    ...     "balanced", signs=signs, mask=mask, rng=np.random.default_rng(0)
    ... )
    >>> bool((W * signs >= 0).all()), W.diagonal().tolist()
    (True, [0.0, 0.0, 0.0])
    """
    order = UnitOrder.of(
        {"mask": (mask, (0, 1)), "recurrent_init": (init, (0, 1)), "signs": (signs, (0,))}
    )
    signs, mask = order.arranged(signs, "signs", (0,)), order.arranged(mask, "mask", (0, 1))
    init = order.arranged(init, "recurrent_init", (0, 1))
    checked = check_signs_and_mask(signs, mask)
    if not isinstance(signs, np.ndarray) or not isinstance(mask, np.ndarray):
        signs, mask = checked
    rng = rng if isinstance(rng, np.random.Generator) else make_rng(rng)
    weights = _drawn(init, signs, mask, rng)
    may_not_know = not isinstance(init, str) or (init in CLASSICAL and np.any(signs))
    if may_not_know and not is_fixed:
        _warn_if_ill_conditioned(weights)
    return weights if spectral_radius is None else _rescaled(weights, spectral_radius)


def _drawn(init: Any, signs: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw from the named initialiser or the object, or copy the array."""
    expected = f"one of {['auto', *INITIALIZERS]}, an array or an initializer object"
    if isinstance(init, str):
        if init not in INITIALIZERS:
            raise ValueError(f"recurrent_init must be {expected}, got {short(init)}.")
        return INITIALIZERS[init].sample(signs=signs, mask=mask, rng=rng)
    is_matrix = hasattr(init, "__array__")  # data frames have a method `sample` of another kind
    if hasattr(init, "sample") and not isinstance(init, type) and not is_matrix:
        drawn = init.sample(signs=signs, mask=mask, rng=rng)
        return _checked(drawn, signs, mask, "the weights drawn by recurrent_init")
    if init is None:
        raise TypeError(f"recurrent_init must be {expected}, got None.")
    init = dense(init, "recurrent_init", "sparse=True of an estimator stores synapses alone")
    weights = real_array(init, "recurrent_init", expected, truth_values=True)
    return _checked(weights, signs, mask, "recurrent_init")


def _checked(weights: Any, signs: np.ndarray, mask: np.ndarray, name: str) -> np.ndarray:
    """Return a copy of weights that obey signs and mask, or say how they do not."""
    weights = check_matrix(name, weights, mask.shape)
    for wrong, what in (
        (~mask & (weights != 0), "off the mask"),
        (weights * signs < 0, "of the wrong sign for their column (Dale's law)"),
    ):
        if wrong.any():
            post, pre = np.argwhere(wrong)[0].tolist()
            raise ValueError(
                f"{name} must obey signs and mask, got {wrong.sum()} of {wrong.size} weights "
                f"{what}, the first at [post={post}, pre={pre}]: {weights[post, pre]:g}."
            )
    return weights


@single_blas_thread
def _rescaled(weights: np.ndarray, radius: float) -> np.ndarray:
    check_number("spectral_radius", radius, low=0.0, open_low=True)
    found = metrics.spectral_radius(weights)
    if found <= np.finfo(np.float64).eps * np.linalg.norm(weights):
        raise ValueError(
            f"spectral_radius={radius} cannot be reached: the initial recurrent weights have "
            "spectral radius 0."
        )
    return weights * (radius / found)


def _warn_if_ill_conditioned(weights: np.ndarray) -> None:
    if len(weights) < SMALLEST_NETWORK:
        return
    entropy, gap = conditioning(weights)
    if entropy < LEAST_ENTROPY or gap > GREATEST_GAP:
        warnings.warn(
            f"recurrent_init gives badly conditioned weights (SVD entropy {entropy:.2f}, ratio of "
            f"the first two singular values {gap:.1f}): training may be slow; compare "
            "recurrent_init='dale_orthogonal'.",
            ConditioningWarning,
            stacklevel=3,
        )
