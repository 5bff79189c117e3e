"""From traces to initial weights: a synthetic recording, its correlations, one draw of weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage

from figures.style import INK, guide_figure, name_panel, new_figure
from sk_biornn.datasets import make_functional_connectome
from sk_biornn.initializers import BioWeightInitializer, FunctionalConnectivity
from sk_biornn.plots._style import STRENGTHS, difference_colours

N_NEURONS, N_TRACES = 24, 8


@guide_figure
def draw() -> Any:
    """Return three panels; both matrices have the neurons in the same order."""
    field = make_functional_connectome(N_NEURONS, random_state=0)
    correlation = FunctionalConnectivity("correlation").fit_transform(field.traces)
    weights = BioWeightInitializer().fit(field).sample(random_state=0)
    order = leaves_list(linkage(correlation, "average", optimal_ordering=True))
    figure = new_figure(2.5)
    traces, together, initial = figure.subplots(1, 3)
    draw_traces(traces, field.traces[0][:, order], field.frame / 1000)
    name_panel(traces, "a  traces")

    np.fill_diagonal(correlation, np.nan)
    size = float(np.nanmax(np.abs(correlation)))
    span = {"cmap": difference_colours(), "vmin": -size, "vmax": size}
    draw_matrix(together, correlation[np.ix_(order, order)], "correlation", span)
    name_panel(together, "b  active together")
    span = {"cmap": STRENGTHS, "vmin": 0, "vmax": float(np.quantile(weights, 0.99))}
    draw_matrix(initial, weights[np.ix_(order, order)], "weight", span)
    name_panel(initial, "c  initial weights")
    return figure


def draw_traces(ax: Any, traces: np.ndarray, dt: float) -> None:
    """Draw some neurons one above another."""
    shown = traces[:, :: N_NEURONS // N_TRACES]
    shown = (shown - shown.mean(axis=0)) / (5 * shown.std(axis=0))
    time = dt * np.arange(len(shown))
    for row, trace in enumerate(shown.T):
        ax.plot(time, trace - row, color=INK, lw=0.8)
    ax.set(xlabel="time (s)", ylabel="neurons", yticks=[], xlim=(0, time[-1]))
    ax.spines["left"].set_visible(False)


def draw_matrix(ax: Any, matrix: np.ndarray, label: str, look: dict[str, Any]) -> None:
    """Draw a matrix with its scale below."""
    image = ax.imshow(matrix, interpolation="nearest", **look)
    ax.set(xticks=[], yticks=[], xlabel="neurons")
    ax.spines[:].set_visible(False)
    extend = "max" if look["vmin"] == 0 else "neither"
    bar = ax.figure.colorbar(image, ax=ax, location="bottom", aspect=14, extend=extend, label=label)
    bar.outline.set_visible(False)
