"""Eight metrics of weights, each of a matrix in which it is low and of one in which it is high."""

from __future__ import annotations

from typing import Any

import numpy as np

from figures.style import INK, guide_figure, low_and_high, new_figure, without_frame
from sk_biornn import metrics
from sk_biornn.initializers import recurrent_weights
from sk_biornn.plots._style import GREY, weight_colours

N = 12
SIGNS = np.repeat([1.0, -1.0], [9, 3])
ALL = np.ones((N, N), dtype=bool)


def random(kind: str, signs: np.ndarray = SIGNS, **options: Any) -> np.ndarray:
    """Return initial weights of a kind."""
    rng = np.random.default_rng(0)
    return recurrent_weights(kind, signs=signs, mask=ALL, rng=rng, **options)


def few_and_many() -> tuple[np.ndarray, np.ndarray]:
    """Return weights of which all but a few are alike, and weights of all sizes."""
    rng = np.random.default_rng(1)
    alike = 0.02 * rng.normal(size=(N, N))
    alike[rng.integers(0, N, 3), rng.integers(0, N, 3)] = 1.0
    return alike, rng.uniform(-1, 1, (N, N))


def near_and_far() -> tuple[np.ndarray, np.ndarray]:
    """Return connections of neighbours on a line, and as many of distant units."""
    near = np.eye(N, k=1) + np.eye(N, k=-1)
    return 0.7 * near, 0.7 * np.fliplr(near)


def sparse(share: float) -> np.ndarray:
    """Return weights of which a share exists."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(N, N)) * (rng.permutation(N * N).reshape(N, N) < share * N * N)


def wrong(n_wrong: int) -> np.ndarray:
    """Return weights with column signs, of which some are wrong."""
    W = np.abs(sparse(0.5)) * SIGNS
    there = np.argwhere(W)
    for i, j in np.random.default_rng(0).permutation(there)[:n_wrong]:
        W[i, j] *= -1
    return W


FREE = np.zeros(N)
EXAMPLES = {
    "weight_entropy": few_and_many(),
    "wiring_cost": near_and_far(),
    "ei_balance": (random("uniform", -SIGNS), random("uniform")),
    "svd_entropy": (np.outer(np.linspace(0.4, 1, N), SIGNS), random("orthogonal", FREE)),
    "singular_value_gap": (random("orthogonal", FREE), random("uniform")),
    "spectral_radius": (
        random("dale_gaussian", spectral_radius=0.3), random("dale_gaussian", spectral_radius=1.5),
    ),
    "density": (sparse(0.1), sparse(0.9)),
    "dale_violations": (wrong(0), wrong(6)),
}  # fmt: skip
OPTIONS = {
    "wiring_cost": {"coordinates": np.arange(N, dtype=float)[:, None]},
    "dale_violations": {"signs": SIGNS},
}
LIMIT = 1.0  # where colours end, the same in all panels


def draw_example(ax: Any, name: str, which: int) -> float | str:
    """Draw one of the two matrices of a metric, and return its value."""
    W = EXAMPLES[name][which]
    ax.imshow(W, cmap=weight_colours(), vmin=-LIMIT, vmax=LIMIT, interpolation="nearest")
    without_frame(ax)
    ax.spines[:].set(visible=True, color=GREY, linewidth=0.6)
    if name == "dale_violations":
        for i, j in np.argwhere(W * SIGNS < 0):
            ax.plot(j, i, "x", color=INK, ms=4.5, mew=1.3)
    value = getattr(metrics, name)(W, **OPTIONS.get(name, {}))
    return str(value) if isinstance(value, int) else float(value)


@guide_figure
def draw() -> Any:
    """Return the figure: sixteen matrices W[post, pre], their values below."""
    figure = new_figure(5.9)
    low_and_high(figure, list(EXAMPLES), draw_example)
    return figure
