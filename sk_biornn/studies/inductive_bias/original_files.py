"""The files of the original study, with its names and layout."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from sk_biornn._atomic import write_bytes, write_text
from sk_biornn.studies._files import write_csv
from sk_biornn.studies.inductive_bias.design import TASKS
from sk_biornn.studies.inductive_bias.settings import InductiveBiasSettings

# Name in the files: column of the results, factor. Accuracies are shares there, per cent here.
METRICS = {
    "Accuracy": ("accuracy", 0.01),
    "Loss": ("loss", 1.0),
    "Validation_Accuracy": ("validation_accuracy", 0.01),
    "Validation_Loss": ("validation_loss", 1.0),
    "Modularity": ("modularity", 1.0),
    "SmallWorldness": ("small_worldness", 1.0),
    "Assortativity": ("assortativity", 1.0),
    "Entropy": ("entropy", 1.0),
}
# As published: the accuracy that Keras keeps while it trains, the order of the variants and that of
# the settings, one of which is misspelt.
PUBLISHED_METRICS = {**METRICS, "Accuracy": ("running_accuracy", 0.01)}
PUBLISHED_VARIANTS = (
    *("W*D*C", "WD*C", "WDC", "WD*", "WD", "W"),
    *("W*D*C*", "WD*C*", "W*DC*", "W!D*C", "W!D*C*"),
)
PUBLISHED_CONFIG = (
    *("session", "scan", "field", "simulations", "number_of_nodes", "network_grid"),
    *("sign_constraint", "use_only_sttc", "use_precison_matrix"),
    *("noise_level", "regu_strength", "emd_strength"),
    *("activation_function", "random_network_initialization"),
)
_KERAS_NAMES = {
    "orthogonal": "Orthogonal",
    "he_normal": "HeNormal",
    "he_uniform": "HeUniform",
    "glorot_normal": "GlorotNormal",
}
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # always the same, so that the same study gives the same bytes


def folder_name(settings: InductiveBiasSettings) -> str:
    """Return the name of the folder: the field, what functional weights come from, the signs."""
    source = {True: "_sttc", False: f"_sttc-{_second_matrix(settings)}"}[settings.use_only_sttc]
    return f"{settings.field}{source}" + ("_sign+" if settings.sign_constraint else "")


def _second_matrix(settings: InductiveBiasSettings) -> str:
    return "precision" if settings.use_precision_matrix else "corr"


class Manner(NamedTuple):
    """How the tables are written: which columns of the results, in which order, of which runs."""

    metrics: dict[str, tuple[str, float]]
    variants: list[str]
    leaves_nan_out: bool


def manner_of(settings: InductiveBiasSettings, *, as_published: bool) -> Manner:
    """Return our manner, or that of the original."""
    if not as_published:
        return Manner(METRICS, list(settings.variants), leaves_nan_out=True)
    variants = [name for name in PUBLISHED_VARIANTS if name in settings.variants]
    return Manner(PUBLISHED_METRICS, variants, leaves_nan_out=False)


def write_original_files(
    folder: Path,
    settings: InductiveBiasSettings,
    results: pd.DataFrame,
    n_units: int,
    grid: tuple[int, ...],
    *,
    as_published: bool = False,
) -> None:
    """Write config.txt, the raw tables of every task, metrics.csv, metrics_SD.csv and the zip.

    Names and layout are those of the original; with `as_published` all the rest is, too.
    """
    home = folder / folder_name(settings)
    home.mkdir(exist_ok=True)
    write_text(home / "config.txt", config_text(settings, n_units, grid, as_published=as_published))
    manner = manner_of(settings, as_published=as_published)
    for task in settings.tasks:
        raw = home / f"Task{TASKS[task].number}"
        raw.mkdir(exist_ok=True)
        for metric in METRICS:
            write_csv(
                raw / f"{metric}_raw.csv", raw_table(manner, results, task, metric), index=True
            )

    def mean(values: pd.Series) -> float:
        return values.mean(skipna=manner.leaves_nan_out)

    write_csv(home / "metrics.csv", _over_simulations(settings, manner, results, "", mean))
    write_csv(home / "metrics_SD.csv", _over_simulations(settings, manner, results, "_SD", _sd))
    _write_zip(home, above=home if as_published else home.parent)


def config_text(
    settings: InductiveBiasSettings,
    n_units: int,
    grid: tuple[int, ...],
    *,
    as_published: bool = False,
) -> str:
    """Return the settings of the original, one `name = value` per line."""
    values = _config(settings, n_units, grid)
    if as_published:
        values["use_precison_matrix"] = values["use_precision_matrix"]
        values = {name: values[name] for name in PUBLISHED_CONFIG}
    return "".join(f"{name} = {value}\n" for name, value in values.items())


def _config(
    settings: InductiveBiasSettings, n_units: int, grid: tuple[int, ...]
) -> dict[str, object]:
    measured = settings.field != "synthetic"
    session, scan, field = settings.field.split("_") if measured else ("synthetic",) * 3
    strengths = settings.regu_strength
    return {
        "simulations": settings.simulations,
        "session": session,
        "scan": scan,
        "field": field,
        "number_of_nodes": n_units,
        "network_grid": tuple(grid),
        "sign_constraint": settings.sign_constraint,
        "use_only_sttc": settings.use_only_sttc,
        "use_precision_matrix": settings.use_precision_matrix,
        **{f"TASK{task.number}": name in settings.tasks for name, task in TASKS.items()},
        "noise_level": settings.noise_level,
        "regu_strength": strengths[0] if len(strengths) == 1 else strengths,
        "emd_strength": settings.emd_strength,
        "activation_function": settings.activation_function,
        "random_network_initialization": _KERAS_NAMES[settings.random_network_initialization],
    }


def raw_table(manner: Manner, results: pd.DataFrame, task: str, metric: str) -> pd.DataFrame:
    """Return one metric of one task: a row per simulation, a column per variant."""
    column, factor = manner.metrics[metric]
    runs = results[results["task"] == task]
    table = runs.pivot(index="simulation", columns="variant", values=column).astype(float)
    return (factor * table).reindex(columns=manner.variants).rename_axis(columns=None)


def _over_simulations(
    settings: InductiveBiasSettings,
    manner: Manner,
    results: pd.DataFrame,
    suffix: str,
    statistic: Callable[[pd.Series], float],
) -> pd.DataFrame:
    rows = [
        {
            "Task": f"Task{TASKS[task].number}",
            "Metric": f"{metric}{suffix}",
            **raw_table(manner, results, task, metric).apply(statistic).to_dict(),
        }
        for task in settings.tasks
        for metric in METRICS
    ]
    return pd.DataFrame(rows)


def _sd(values: pd.Series) -> float:
    """Return the standard deviation without NaN, and 0 for fewer than two values."""
    finite = values.dropna()
    return float(np.std(finite, ddof=1)) if len(finite) >= 2 else 0.0


def _write_zip(home: Path, *, above: Path) -> None:
    """Pack what is in `home`, by names from the folder `above`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in home.rglob("*") if path.is_file()):
            info = zipfile.ZipInfo(str(path.relative_to(above)), _ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, path.read_bytes())
    write_bytes(home.with_name(f"{home.name}.zip"), buffer.getvalue())
