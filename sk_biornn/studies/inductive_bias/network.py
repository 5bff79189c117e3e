"""From a variant to an estimator: initial weights, positions and penalty."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_biornn.studies.inductive_bias.design import InductiveBiasVariant
from sk_biornn.studies.inductive_bias.field import Field
from sk_biornn.studies.inductive_bias.settings import InductiveBiasSettings
from sk_biornn.units.positions import unit_positions

FUNCTIONAL_RADIUS = 0.95  # spectral radius of functional weights, as published


def make_network(
    variant: InductiveBiasVariant,
    settings: InductiveBiasSettings,
    field: Field,
    strength: float,
    weights_seed: int,
    seed: int,
) -> Any:
    """Return the estimator of one run, not fitted."""
    from sk_biornn.estimators import Adam
    from sk_biornn.studies.inductive_bias.classifier import CountingClassifier

    return CountingClassifier(
        n_units=field.n_units,
        dale=_sign_constraint(settings),
        recurrent_init=initial_weights(variant, settings, field, weights_seed),
        feedforward_init="glorot_uniform",
        coordinates=_coordinates(variant, settings, field),
        unit_cube=settings.unit_cube_grid or variant.space != "grid",
        connectome=field.connectome if variant.penalty == "communicability_emd" else None,
        regularizer=variant.penalty,
        regu_strength=strength,
        emd_strength=settings.emd_strength,
        activation=settings.activation_function,
        noise_level=settings.noise_level,
        max_iter=settings.epochs,
        batch_size=settings.batch_size,
        learning_rate_init=settings.learning_rate,
        solver=Adam(settings.epsilon, "keras" if settings.keras_training else "torch"),
        two_classes="softmax" if settings.keras_training else "log-odds",
        random_state=seed,
    )


def _sign_constraint(settings: InductiveBiasSettings) -> Any:
    """Return the argument `dale` of the estimator."""
    from sk_biornn.biology import NonNegative

    if not settings.sign_constraint:
        return None
    return NonNegative(momentum="kept" if settings.keras_training else "cut")


def _coordinates(
    variant: InductiveBiasVariant, settings: InductiveBiasSettings, field: Field
) -> np.ndarray | None:
    """Return where the units stand."""
    if variant.space == "grid":
        return unit_positions(
            field.grid, field.n_units, unit_cube=False, grid_order=settings.grid_order
        )
    return field.positions if variant.space == "measured" else None


def strengths_of(
    variant: InductiveBiasVariant, settings: InductiveBiasSettings
) -> tuple[float, ...]:
    """Return the strengths to try, strongest first."""
    if variant.penalty == "weight" and settings.weight_strength is not None:
        return (settings.weight_strength,)
    return tuple(sorted(settings.regu_strength, reverse=True))


def initial_weights(
    variant: InductiveBiasVariant, settings: InductiveBiasSettings, field: Field, seed: int
) -> np.ndarray:
    """Draw the recurrent weights of a variant from their own seed.

    The same seed gives all variants with functional weights one matrix, and the permuted ones the
    same matrix with its neurons in another order.
    """
    if variant.weights == "random":
        return _random_weights(settings, field.n_units, seed)
    from sk_biornn.initializers import BioWeightInitializer

    initializer = BioWeightInitializer(
        matrices=settings.matrices,
        spectral_radius=FUNCTIONAL_RADIUS,
        permute=variant.weights == "permuted",
    )
    return initializer.fit(field.matrices).sample(random_state=seed)


def _random_weights(settings: InductiveBiasSettings, n_units: int, seed: int) -> np.ndarray:
    from sk_biornn.initializers import recurrent_weights

    name = settings.random_network_initialization
    if settings.truncated_normal and name.endswith("_normal"):
        name += "_truncated"
    weights = recurrent_weights(
        name,
        signs=np.zeros(n_units),
        mask=np.ones((n_units, n_units), dtype=bool),
        rng=np.random.default_rng(seed),
    )
    if not settings.sign_constraint:
        return weights
    if not settings.rescale_nonnegative:
        return np.maximum(weights, 0.0)
    weights = np.abs(weights)
    return weights * (FUNCTIONAL_RADIUS / np.abs(np.linalg.eigvals(weights)).max())
