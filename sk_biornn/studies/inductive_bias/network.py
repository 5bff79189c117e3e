"""What a network of the study is made of: a cortical field, trials, and the estimator itself.

The field is measured or synthetic; of it and of the variant come positions, initial weights and the
penalty of the estimator.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from sk_biornn.studies._repeatable import digest, seed_of
from sk_biornn.studies.inductive_bias.design import TASKS, InductiveBiasVariant
from sk_biornn.studies.inductive_bias.settings import InductiveBiasSettings
from sk_biornn.units.positions import unit_positions

FUNCTIONAL_RADIUS = 0.95  # spectral radius of functional weights, as published
PARTS = ("train", "validation", "test")


# ------------------------------------------------------------------ field and trials


class Source(NamedTuple):
    """Where the files of a measured field lie, whether pickled ones may be read, what they hold.

    A field with another digest is refused; None allows any.
    """

    data_home: str | None = None
    allow_pickle: bool = False
    expected: str | None = None


class Field(NamedTuple):
    """Facts about a circuit of n neurons; matrices are [post, pre]."""

    connectome: np.ndarray
    matrices: dict[str, np.ndarray]
    positions: np.ndarray
    grid: tuple[int, int, int]

    @property
    def n_units(self) -> int:
        """Return the number of neurons."""
        return len(self.connectome)


def field_of(settings: InductiveBiasSettings, simulation: int, source: Source) -> Field:
    """Return the field in which the networks of a simulation are placed."""
    changes = settings.field == "synthetic" and settings.field_per_simulation
    seed = seed_of(settings.random_state, "field", simulation if changes else "all")
    return _load(
        settings.field,
        settings.number_of_nodes,
        settings.network_grid,
        settings.matrices,
        seed,
        source,
    )


def input_data(settings: InductiveBiasSettings, source: Source) -> dict[str, str]:
    """Return the digest of the measured field as its files are now; nothing for a synthetic one."""
    if settings.field == "synthetic":
        return {}
    _load.cache_clear()  # files may have changed since an earlier study
    return {"field": digest_of(field_of(settings, 0, source))}


def digest_of(field: Field) -> str:
    """Return the fingerprint of what a field holds."""
    matrices = field.matrices.values()
    return digest(field.connectome, field.positions, np.asarray(field.grid), *matrices)


@lru_cache(maxsize=2)  # a worker meets the tasks and variants of one simulation after another
def _load(
    name: str,
    n_units: int | None,
    grid: Any,
    matrices: tuple[str, ...],
    seed: int,
    source: Source,
) -> Field:
    from sk_biornn.datasets import load_microns, make_functional_connectome

    if name == "synthetic":
        assert n_units is not None, "the settings saw to it"
        pieces = make_functional_connectome(n_units, grid=grid, random_state=seed)
    else:
        session, scan, field = (int(part) for part in name.split("_"))
        pieces = load_microns(
            session,
            scan,
            field,
            grid=grid,
            data_home=source.data_home,
            allow_pickle=source.allow_pickle,
        )
        if n_units is not None and n_units != len(pieces.connectome):
            raise ValueError(
                f"number_of_nodes must be {len(pieces.connectome)}, as many as field {name} has, "
                f"or None, got {n_units}."
            )
    found = Field(
        np.asarray(pieces.connectome, dtype=float),
        {matrix: pieces[matrix] for matrix in matrices},
        pieces.positions,
        pieces.grid,
    )
    if source.expected not in (None, digest_of(found)):
        raise ValueError(f"the files of field {name} have changed since the study began.")
    return found


class Part(NamedTuple):
    """Trials of one part of the data."""

    X: np.ndarray
    y: np.ndarray


@lru_cache(maxsize=2)  # variants follow one another, and share their trials
def make_parts(task: str, counts: tuple[int, int, int], seed: int) -> dict[str, Part]:
    """Draw all trials of one simulation and split them: no trial is in two parts."""
    from sk_biornn import datasets

    generate: Any = getattr(datasets, TASKS[task].make)
    X, y = generate(sum(counts), random_state=seed)
    X.setflags(write=False)
    y.setflags(write=False)
    ends = np.cumsum(counts)
    return {
        name: Part(X[end - count : end], y[end - count : end])
        for name, count, end in zip(PARTS, counts, ends, strict=True)
    }


# ------------------------------------------------------------------ the estimator


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
