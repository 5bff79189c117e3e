"""Synthetic two-photon traces of cortical populations around an image flash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sk_biornn._checks import check_choice, check_count, check_number
from sk_biornn._random import RandomState, make_rng
from sk_biornn.units.names import cell_type_name, layer_name, population_name

if TYPE_CHECKING:
    import pandas as pd

N_FRAMES = 16
FRAME = 1000.0 / 10.7  # ms
EVENT = 8  # frame of the event; images come every 8 frames (0.75 s), so one before at frame 0
PEAK = 3.0  # frames from an image to the peak of the response
EXPERIENCES = ("familiar", "novel")
EVENTS = ("change", "no_change", "omission")
CONDITIONS = tuple(f"{experience}_{event}" for experience in EXPERIENCES for event in EVENTS)
AREAS, LAYERS, TYPES = ("V1", "LM"), ("L4", "L2/3", "L5"), ("Pyr", "SST", "VIP")
SCALE = {"V1": 1.0, "LM": 0.85, "L4": 1.0, "L2/3": 0.9, "L5": 0.8}


class Response(NamedTuple):
    """Mean dF/F of a cell type: level between images, and what an event adds at its peak."""

    level: float
    repeated: float  # an image like the one before; below 0 the image suppresses
    changed: float  # another image
    ramp: float  # rise from an omission to the last frame
    noise: float  # sd of one row


RESPONSES = {
    ("Pyr", "familiar"): Response(-0.02, 0.05, 0.11, 0.0, 0.05),
    ("Pyr", "novel"): Response(-0.02, 0.09, 0.17, 0.0, 0.05),
    ("SST", "familiar"): Response(0.0, 0.13, 0.20, 0.0, 0.12),
    ("SST", "novel"): Response(-0.02, 0.06, 0.10, 0.0, 0.12),
    ("VIP", "familiar"): Response(0.15, -0.13, -0.27, 0.18, 0.15),
    ("VIP", "novel"): Response(0.02, 0.14, 0.28, 0.0, 0.15),
    # An assumption, not from data, which has no PV: 1.4 times Pyr, with the noise of fewer cells.
    ("PV", "familiar"): Response(-0.028, 0.07, 0.154, 0.0, 0.1),
    ("PV", "novel"): Response(-0.028, 0.126, 0.238, 0.0, 0.1),
}
KNOWN_TYPES = tuple(dict.fromkeys(cell_type for cell_type, _ in RESPONSES))
GAIN_SD = 0.3  # of a row's response; the responses of two rows of one population differ by it
MEMORY = 0.7  # correlation of the noise of neighbouring frames
# Rows of the published curation (familiar change, novel no-change), in the order of the network.
PAPER_ROWS = {
    "familiar": (
        *(6182, 2326, 990, 9015, 8806, 11453, 1990, 1725, 351),
        *(6080, 2710, 3763, 8060, 4668, 12379, 888, 1115, 2304),
    ),
    "novel": (
        *(2370, 1519, 563, 2764, 2790, 4133, 987, 561, 243),
        *(2154, 1117, 1648, 2456, 2290, 3467, 521, 257, 1360),
    ),
}


def make_population_traces(
    n_trials: int = 200,
    *,
    condition: str = "familiar_change",
    populations: pd.DataFrame | None = None,
    n_rows: int = 100,
    noise_level: float = 1.0,
    random_state: RandomState = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Make synthetic population traces around an image flash, to be predicted one step ahead.

    Nothing was recorded: the traces imitate means, range and noise of two-photon recordings of
    the visual cortex (dF/F at 10.7 Hz, 16 frames, images at frames 0 and 8). Each trial is the
    mean of `n_rows` independent rows of `make_population_rows`, for each population::

        X = frames 0..14,    y = frames 1..15

    The course of PV is an assumption: those recordings have no PV cells.

    Parameters
    ----------
    n_trials : int, default=200
        Number of trials.
    condition : str, default="familiar_change"
        "familiar" or "novel", then "_change" (another image at frame 8), "_no_change" (the same
        again) or "_omission" (none).
    populations : DataFrame or None, default=None
        Population table with the columns `population`, `cell_type` (Pyr, SST, VIP or PV)
        and optionally `area` and `layer`; its order is that of the channels. None: the 18
        populations of `sk_biornn.biology.cortical_populations`.
    n_rows : int, default=100
        Rows averaged to a trial; the noise falls as its square root.
    noise_level : float, default=1.0
        Factor of the noise of a row; 0 leaves the means.
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Source of randomness; an int gives the same trials each time.

    Returns
    -------
    X : ndarray of shape (n_trials, 15, n_populations), float32
        dF/F of every population.
    y : ndarray of shape (n_trials, 15, n_populations), float32
        The same one frame later.

    Raises
    ------
    TypeError
        If an argument is of another kind.
    ValueError
        If an argument is out of its range, or a cell type is not known.

    See Also
    --------
    make_population_rows : The single rows.
    population_samples : The way from measured rows to trials.

    References
    ----------
    Garrett et al. (2020), Experience shapes activity dynamics and stimulus coding of VIP
    inhibitory cells, eLife 9, doi:10.7554/eLife.50340.

    Balwani, Wang, Najafi and Choi (2025), Constructing biologically constrained RNNs via Dale's
    backpropagation and topologically informed pruning, Science Advances,
    doi:10.1126/sciadv.adw4970.

    Examples
    --------
    >>> from sk_biornn.datasets import make_population_traces
    >>> X, y = make_population_traces(
    ...     20, condition="familiar_omission", random_state=0
    ... )
    >>> X.shape, y.shape, str(X.dtype)
    ((20, 15, 18), (20, 15, 18), 'float32')
    >>> bool((X[:, 1:] == y[:, :-1]).all())
    True
    """
    n_trials, n_rows = check_count("n_trials", n_trials), check_count("n_rows", n_rows)
    responses = _responses(condition, populations)
    noise_level = check_number("noise_level", noise_level, low=0.0)
    rng = make_rng(random_state)
    traces = np.empty((n_trials, N_FRAMES, len(responses)), dtype=np.float32)
    for channel, (mean, noise) in enumerate(responses.values()):
        rows = _draw_rows(n_trials * n_rows, mean, noise * noise_level, noise_level, rng)
        traces[:, :, channel] = rows.reshape(n_trials, n_rows, N_FRAMES).mean(axis=1)
    return np.ascontiguousarray(traces[:, :-1]), np.ascontiguousarray(traces[:, 1:])


def make_population_rows(
    n_rows: int | str | Mapping[str, int] = 300,
    *,
    condition: str = "familiar_change",
    populations: pd.DataFrame | None = None,
    noise_level: float = 1.0,
    random_state: RandomState = None,
) -> dict[str, np.ndarray]:
    """Make synthetic rows of population activity: one trial of one imaging plane each.

    Nothing was recorded. A row is the mean dF/F over the cells of a plane, 16 frames at 10.7 Hz::

        row(t) = gain * mean(t) + offset + noise(t),    gain ~ N(1, 0.3)

    with noise of correlation 0.7 between neighbouring frames, and an offset of half its sd. The
    mean is a level between images plus a response to every image (frames -8, 0 and 8), of shape
    (u exp(1 - u))**3 with u = (t - image) / 3 frames, so that it peaks at frames 3 and 11. Pyr
    and SST are driven by images, more so by another image; VIP is suppressed by familiar images
    and ramps when one is omitted, and is driven by novel ones.

    PV is an assumption, not taken from data: the recordings that the others imitate have no PV
    cells. It follows Pyr without delay, with 1.4 times its mean, and does not ramp.

    Parameters
    ----------
    n_rows : int, "paper" or mapping of str to int, default=300
        Rows of every population; of each by name; or "paper", the numbers of the published
        curation (351 to 12379 familiar, 243 to 4133 novel) for its 18 populations.
    condition : str, default="familiar_change"
        "familiar" or "novel", then "_change", "_no_change" or "_omission".
    populations : DataFrame or None, default=None
        Population table, as in `make_population_traces`.
    noise_level : float, default=1.0
        Factor of the noise, of the offset and of the spread of the gain.
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Source of randomness; an int gives the same rows each time.

    Returns
    -------
    dict of str to ndarray of shape (n_rows, 16), float32
        Rows of every population, by name, in the order of the table.

    Raises
    ------
    TypeError
        If an argument is of another kind.
    ValueError
        If an argument is out of its range, a cell type is not known, or `n_rows` lacks a
        population.

    See Also
    --------
    population_samples : Averages rows to trials.

    Examples
    --------
    >>> from sk_biornn.datasets import make_population_rows
    >>> rows = make_population_rows(
    ...     "paper", condition="novel_change", random_state=0
    ... )
    >>> {name: len(trials) for name, trials in list(rows.items())[:3]}
    {'V1_L4_pyr': 2370, 'V1_L4_sst': 1519, 'V1_L4_vip': 563}
    >>> rows["LM_L5_sst"].shape  # trials, frames
    (257, 16)
    """
    responses = _responses(condition, populations)
    counts = _row_counts(n_rows, list(responses), condition)
    noise_level = check_number("noise_level", noise_level, low=0.0)
    rng = make_rng(random_state)
    return {
        name: _draw_rows(counts[name], mean, noise * noise_level, noise_level, rng).astype(
            np.float32
        )
        for name, (mean, noise) in responses.items()
    }


def _draw_rows(
    n_rows: int, mean: np.ndarray, noise: float, noise_level: float, rng: np.random.Generator
) -> np.ndarray:
    """Rows (n_rows, n_frames): gain times mean, an offset, and noise that remembers a frame."""
    gain = 1.0 + noise_level * GAIN_SD * rng.standard_normal((n_rows, 1))
    offset = 0.5 * noise * rng.standard_normal((n_rows, 1))
    fluctuation = rng.standard_normal((n_rows, N_FRAMES))
    for frame in range(1, N_FRAMES):
        fluctuation[:, frame] *= np.sqrt(1 - MEMORY**2)
        fluctuation[:, frame] += MEMORY * fluctuation[:, frame - 1]
    return gain * mean + offset + noise * fluctuation


def mean_trace(cell_type: str, condition: str, scale: float = 1.0) -> np.ndarray:
    """Mean dF/F of a population in a condition, 16 frames; `scale` is that of its layer."""
    experience, event = condition.split("_", maxsplit=1)
    response = RESPONSES[cell_type, experience]
    frames = np.arange(N_FRAMES, dtype=np.float64)
    at_event = {"change": response.changed, "no_change": response.repeated, "omission": 0.0}
    images = {-EVENT: response.repeated, 0: response.repeated, EVENT: at_event[event]}
    responses = (height * _image_response(frames - frame) for frame, height in images.items())
    trace = response.level + sum(responses, start=np.zeros(N_FRAMES))
    if event == "omission":
        trace = trace + response.ramp * np.clip((frames - EVENT) / (N_FRAMES - 1 - EVENT), 0, 1)
    return scale * trace


def _image_response(frames: np.ndarray) -> np.ndarray:
    """Response to an image at frame 0: 1 at its peak, 0 before the image."""
    u = np.maximum(frames, 0.0) / PEAK
    return (u * np.exp(1.0 - u)) ** 3


def _responses(
    condition: str, populations: pd.DataFrame | None
) -> dict[str, tuple[np.ndarray, float]]:
    """Mean trace and sd of the noise of every population, by name."""
    check_choice("condition", condition, CONDITIONS)
    experience = condition.split("_")[0]
    responses = {}
    for name, cell_type, area, layer in _table(populations):
        scale = SCALE.get(area, 1.0) * SCALE.get(layer, 1.0)
        noise = RESPONSES[cell_type, experience].noise
        responses[name] = (mean_trace(cell_type, condition, scale), noise)
    return responses


def paper_names() -> list[str]:
    """Return the names of the 18 populations of the paper's network, in its order."""
    return [row[0] for row in _table(None)]


def _table(populations: pd.DataFrame | None) -> list[tuple[str, str, Any, Any]]:
    """Name, cell type, area, layer of every population."""
    if populations is None:
        return [
            (population_name(area, layer, cell_type), cell_type, area, layer)
            for area in AREAS
            for layer in LAYERS
            for cell_type in TYPES
        ]
    for column in ("population", "cell_type"):
        if column not in getattr(populations, "columns", ()):
            raise ValueError(f"populations must be a DataFrame with a column {column}.")
    names = [str(name) for name in populations["population"]]
    types = [cell_type_name(name) for name in populations["cell_type"]]
    if len(set(names)) < len(names) or not names:
        raise ValueError("populations must have rows with different names.")
    for cell_type in types:
        check_choice("cell_type", cell_type, KNOWN_TYPES)
    areas, layers = (
        list(populations[column]) if column in populations.columns else [None] * len(names)
        for column in ("area", "layer")
    )
    return list(zip(names, types, areas, map(layer_name, layers), strict=True))


def _row_counts(n_rows: Any, names: list[str], condition: str) -> dict[str, int]:
    if isinstance(n_rows, str):
        check_choice("n_rows", n_rows, ["paper"])
        n_rows = dict(zip(paper_names(), PAPER_ROWS[condition.split("_")[0]], strict=True))
    if not isinstance(n_rows, Mapping):
        n_rows = dict.fromkeys(names, n_rows)
    missing = [name for name in names if name not in n_rows]
    if missing:
        raise ValueError(f"n_rows must have a number for every population, none for {missing[0]}.")
    return {name: check_count(f"n_rows of {name}", n_rows[name]) for name in names}
