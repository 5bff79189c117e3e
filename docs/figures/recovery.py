"""How much of known circuits is recovered, by amount of data and by what a network is told."""

from __future__ import annotations

from typing import Any

from recovery_tables import SIZE, measured

from figures.style import guide_figure, new_figure
from sk_biornn.plots._style import BLACK, BLUE, GREEN, ORANGE

PANELS = {
    "prediction": "prediction (R2)",
    "signs": "signs (balanced accuracy)",
    "strengths": "strengths (r)",
    "hidden rates": "hidden units (r)",
}
LOOKS = {
    "free": (BLACK, "o", "nothing"),
    "Dale": (ORANGE, "s", "signs"),
    "wiring": (BLUE, "^", "signs and wiring"),
    "physiology": (GREEN, "D", "wiring and contacts; learns gains"),
}
FLOORS = {"prediction": 0.8, "signs": 0.4}


@guide_figure
def draw() -> Any:
    """Return a panel per reading, a line per setting."""
    rows = measured()
    rows = rows[rows["n_units"] == SIZE]
    amounts = sorted(rows["n_trials"].unique())
    figure = new_figure(4.1)
    axes = figure.subplots(2, 2, sharex=True)
    for ax, (reading, title) in zip(axes.flat, PANELS.items(), strict=True):
        for setting, (colour, marker, label) in LOOKS.items():
            own = rows[(rows["reading"] == reading) & (rows["setting"] == setting)]
            own = own.set_index("n_trials").loc[amounts]
            if own["given"].any():
                continue
            low = FLOORS.get(reading, -0.1)
            own = own[own["mean"] > low]  # predictions before any training are far below
            at = [amounts.index(n) for n in own.index]
            ax.fill_between(at, own["low"], own["high"], color=colour, alpha=0.13, lw=0)
            ax.plot(at, own["mean"], color=colour, marker=marker, ms=4.5, label=label)
        ax.set(title=title, ylim=(low, 1.0 + 0.04 * (1 - low)))
        ax.title.set_ha("left")
        ax.title.set_x(0)
    for ax in axes[1]:
        ax.set_xticks(range(len(amounts)), amounts)
        ax.set_xlabel("trials")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, title="told", loc="outside upper center", ncols=2)
    return figure
