"""A recording with a gap and some events, and the trials that are cut from it, in two ways."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from figures.style import INK, guide_figure, new_figure
from sk_biornn.datasets import cut_trials
from sk_biornn.plots._style import BLUE, GREEN

RATE, LENGTH, N_UNITS = 10.0, 100, 5  # Hz, steps, units
GAP = (34.0, 37.0)  # s
EVENTS = np.array([6.0, 21.0, 33.0, 52.0, 69.0])
WINDOW = (-2.0, 4.0)


def recording() -> tuple[np.ndarray, np.ndarray]:
    """Return times in s and traces (n_steps, n_units), NaN in the gap."""
    rng, times = np.random.default_rng(3), np.arange(720) / RATE
    bumps = sum(np.where(times >= event, np.exp((event - times) / 2.5), 0) for event in EVENTS)
    drive = rng.standard_normal((len(times), N_UNITS)) * 0.35
    drive[:, :3] += bumps[:, None] * [1.2, 0.8, 1.0] * 0.4
    traces = np.zeros_like(drive)
    for step in range(1, len(times)):
        traces[step] = 0.9 * traces[step - 1] + drive[step]
    traces[(times >= GAP[0]) & (times < GAP[1])] = np.nan
    return times, traces


@guide_figure
def draw() -> Any:
    """Return the recording above, and both sets of trials below."""
    times, traces = recording()
    windows = cut_trials(traces, length=LENGTH, times=times, targets=None)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".* events are left out")
        around = cut_trials(traces, events=EVENTS, window=WINDOW, times=times, targets=None)
    figure = new_figure(4.6)
    above, below = figure.subfigures(2, 1, height_ratios=(1.35, 1))
    draw_recording(above.subplots(), times, traces, windows, around)
    left, right = below.subplots(1, 2, width_ratios=(1.4, 1))
    limit = float(np.nanquantile(np.abs(traces), 0.99))
    draw_trials(left, windows, limit)
    draw_trials(right, around, limit)
    left.set_title(f"length={LENGTH}\n{len(windows.X)} trials of {LENGTH} steps", color=BLUE)
    n_steps = around.X[0].shape[0]
    low, high = (f"{end:g}" for end in WINDOW)
    told = f"events=onsets, window=({low}, {high})\n{len(around.X)} trials of {n_steps} steps"
    right.set_title(told, color=GREEN)
    for place in range(len(around.X)):
        at = place * (n_steps + 8) - WINDOW[0] * RATE
        right.plot([at, at], [-0.5, N_UNITS - 0.5], color=INK, lw=1, ls=(0, (2, 1.5)))
    left.set_yticks(range(N_UNITS), [f"unit {k}" for k in range(N_UNITS)])
    return figure


def draw_recording(ax: Any, times: Any, traces: Any, windows: Any, around: Any) -> None:
    """Draw traces, the gap, events, and where trials begin and end."""
    ax.axvspan(*GAP, facecolor="white", edgecolor="0.75", hatch="/////", lw=0)
    ax.text(np.mean(GAP), -2.55, "missing", ha="center", va="bottom", color="0.35")
    for unit in range(N_UNITS):
        ax.plot(times, unit - traces[:, unit] / 5, color=INK, lw=0.8)
    for row, trials, colour in ((-1.35, windows, BLUE), (N_UNITS - 0.1, around, GREEN)):
        for place, own in enumerate(trials.times):
            start, end = own[0], own[-1]
            ax.plot([start, end], [row, row], color=colour, lw=5, solid_capstyle="butt")
            at = row + (0.75 if row > 0 else -0.7)
            ax.text((start + end) / 2, at, place, color=colour, ha="center", va="center")
    kept = np.isin(np.arange(len(EVENTS)), around.events)
    for event, there in zip(EVENTS, kept, strict=True):
        ax.plot([event, event], [-0.8, N_UNITS - 0.1], color=INK, lw=1, ls=(0, (2, 1.5)), zorder=0)
        if not there:
            ends = np.clip(event + np.array(WINDOW), 0, times[-1])
            ax.plot(ends, [N_UNITS - 0.1] * 2, color="0.8", lw=5, solid_capstyle="butt", zorder=0)
            last = GAP[0] if event < GAP[0] else times[-1]
            ax.text(last, N_UNITS + 0.65, "left out", color="0.35", ha="right", va="center")
    ax.set(ylim=(N_UNITS + 1.1, -2.5), xlim=(0, times[-1]), xlabel="time (s)")
    ax.set_yticks(range(N_UNITS), [f"unit {k}" for k in range(N_UNITS)])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def draw_trials(ax: Any, trials: Any, limit: float) -> None:
    """Draw trials side by side, a row per unit."""
    n_steps = trials.X[0].shape[0]
    for place, trial in enumerate(trials.X):
        start = place * (n_steps + 8)
        edges = (start, start + n_steps, N_UNITS - 0.5, -0.5)
        look = {"cmap": "Greys", "vmin": -limit / 2, "vmax": limit, "interpolation": "nearest"}
        ax.imshow(np.asarray(trial).T, aspect="auto", extent=edges, **look)
        ax.text(start + n_steps / 2, N_UNITS - 0.3, place, ha="center", va="top")
    ax.set(xlim=(0, len(trials.X) * (n_steps + 8) - 8), ylim=(N_UNITS - 0.5, -0.5), yticks=[])
    ax.set_xticks([])
    ax.set_xlabel("trial", labelpad=14)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
