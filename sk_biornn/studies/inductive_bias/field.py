"""What a simulation is given: a cortical field, measured or synthetic, and trials of its task."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from sk_biornn.studies._repeatable import digest, seed_of
from sk_biornn.studies.inductive_bias.design import TASKS
from sk_biornn.studies.inductive_bias.settings import InductiveBiasSettings

PARTS = ("train", "validation", "test")


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


def make_parts(task: str, counts: tuple[int, int, int], seed: int) -> dict[str, Part]:
    """Draw all trials of one simulation and split them: no trial is in two parts."""
    from sk_biornn import datasets

    generate: Any = getattr(datasets, TASKS[task].make)
    X, y = generate(sum(counts), random_state=seed)
    ends = np.cumsum(counts)
    return {
        name: Part(X[end - count : end], y[end - count : end])
        for name, count, end in zip(PARTS, counts, ends, strict=True)
    }
