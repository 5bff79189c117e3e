"""All pictures that the package draws, as thumbnails: without their axes, keys and numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from figures.style import guide_figure, new_figure
from sk_biornn import SpatialRNNRegressor, plots
from sk_biornn.datasets import make_flip_flop

LABELS = np.array([f"layer {k}" for k in (1, 2, 3, 4) for _ in range(6)] + ["I"] * 3)


def thumbnails() -> dict[str, Callable[[Any], Any]]:
    """Return how each picture is drawn into a part of a figure."""
    X, y = make_flip_flop(60, n_steps=30, random_state=0)
    networks = [
        SpatialRNNRegressor(
            n_units=27, coordinates=(3, 3, 3), dale="projection", regularizer="spatial",
            regu_strength=3e-3, learning_rate_init=1e-2, max_iter=15, batch_size=20,
            random_state=seed,
        ).fit(X, y)
        for seed in range(3)
    ]  # fmt: skip
    one = networks[0]
    interactions = plots.InteractionDisplay.from_estimators(networks, labels=LABELS, absolute=False)
    forecast = plots.ForecastDisplay.from_table(forecasts())
    prediction = plots.PredictionDisplay.from_estimators({"network": one}, X[:4], y[:4])
    return {
        "WeightMatrixDisplay": lambda part: plots.WeightMatrixDisplay.from_estimator(
            one, sort=True
        ).plot(part.subplots()),
        "SpatialNetworkDisplay": lambda part: plots.SpatialNetworkDisplay.from_estimator(one).plot(
            part.subplots(), n_wires=80
        ),
        "InteractionDisplay": lambda part: interactions.plot(part.subplots(), kind="bubbles"),
        "SpectrumDisplay": lambda part: plots.SpectrumDisplay.from_estimator(one).plot(
            part.subplots()
        ),
        "TaskDisplay": lambda part: plots.TaskDisplay.from_trials(X, y).plot(part.subplots()),
        "PredictionDisplay": lambda part: prediction.plot(part),
        "LearningCurveDisplay": lambda part: plots.LearningCurveDisplay.from_estimators(
            networks
        ).plot(part.subplots(), log=True),
        "ForecastDisplay": lambda part: forecast.plot(part.subplots(), value="r2"),
        "StudyDisplay": lambda part: plots.StudyDisplay.from_tables(*study()).plot(part),
    }


def forecasts() -> pd.DataFrame:
    """Return a table as `forecast_skill` does, of exponential curves."""
    horizons = np.array([1, 2, 4, 7, 10])
    said = {"network": 0.95**horizons, "AR": 0.85**horizons, "persistence": 0.7**horizons}
    return pd.concat(
        [pd.DataFrame({"model": name, "horizon": horizons, "r2": r2}) for name, r2 in said.items()]
    )


def study() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the two tables of a study, of curves that fall to different ends."""
    rng, epochs = np.random.default_rng(0), np.arange(1, 11)
    results, curves = [], []
    for arm, end in (("unconstrained", 1.0), ("projection", 1.3), ("abs", 2.0)):
        for simulation in range(5):
            run = {"task": "task", "arm": arm, "init": "ours", "simulation": simulation}
            scores = end * np.exp(0.3 * rng.standard_normal()) * (1 + 20 * np.exp(-epochs / 2))
            results.append(run | {"metric": "mse", "score": scores[-1], "baseline_score": 15.0})
            curves += [
                run | {"epoch": epoch, "score": score}
                for epoch, score in zip(epochs, scores, strict=True)
            ]
    return pd.DataFrame(results), pd.DataFrame(curves)


@guide_figure
def draw() -> Any:
    """Return three rows of thumbnails with their names."""
    figure = new_figure(5.4)
    pictures = thumbnails()
    for part, (name, draw_into) in zip(figure.subfigures(3, 3).flat, pictures.items(), strict=True):
        draw_into(part)
        strip(part)
        part.suptitle(name, fontsize=8.5)
    return figure


def strip(part: Any) -> None:
    """Take away what cannot be read at the size of a thumbnail."""
    for legend in list(part.legends):
        legend.remove()
    part.supxlabel("")
    part.supylabel("")
    for ax in part.axes:
        if ax.get_label() == "<colorbar>":
            ax._colorbar.remove()  # with the axes alone, Matplotlib 3.8 goes on laying it out
            continue
        if ax.get_legend():
            ax.get_legend().remove()
        for place in ("left", "center", "right"):
            ax.set_title("", loc=place)
        for text in list(ax.texts):
            text.remove()
        for inner in [ax, *ax.child_axes]:
            inner.set(xlabel="", ylabel="")
            inner.tick_params(which="both", length=0, labelbottom=False, labelleft=False)
