"""One trial of each of some tasks: what goes in, what is asked, and when it is judged."""

from __future__ import annotations

from typing import Any

from figures.style import guide_figure, new_figure
from sk_biornn import datasets
from sk_biornn.plots import TaskDisplay

GOALS = ["goal 7", "goal 9", "goal 17", "goal 19"]
# Number of the trial that is shown, arguments, and names of the inputs.
TASKS: dict[str, tuple[int, dict[str, Any], list[str]]] = {
    "make_flip_flop": (3, {"n_steps": 50}, ["pulses"]),
    "make_go_nogo": (2, {}, ["fixation", "no-go", "go"]),
    "make_perceptual_decision_making": (0, {}, ["fixation", "direction 0", "direction 1"]),
    "make_delayed_match_to_sample": (0, {}, ["fixation", "stimulus 0", "stimulus 1"]),
    "make_wave_reconstruction": (0, {}, ["excitatory", "inhibitory"]),
    "make_one_choice_inference": (0, {}, [*GOALS, "left", "up", "right", "down"]),
}


@guide_figure
def draw() -> Any:
    """Return a panel per task."""
    figure = new_figure(5.3)
    for ax, (name, task) in zip(figure.subplots(3, 2).flat, TASKS.items(), strict=True):
        trial, options, names = task
        X, y = getattr(datasets, name)(4, random_state=1, **options)
        TaskDisplay.from_trials(X, y, trial=trial, input_names=names).plot(ax, xlabel="")
        judged = ax.get_legend_handles_labels()
        ax.get_legend().remove()
        ax.set_title(name, family="monospace", fontsize=8, loc="left", pad=4)
    for ax in figure.axes[-2:]:
        ax.set_xlabel("step")
    figure.legend(*judged, loc="outside upper right")
    return figure
