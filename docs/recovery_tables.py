"""The tables of the page on recovery, from what the benchmark measured.

`python examples/plot_recovery.py full` measures, and writes `recovery.csv` anew.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

MEASURED = Path(__file__).with_name("recovery.csv")
SETTINGS = ["free", "Dale", "densities", "wiring", "wiring, not tau", "connectome", "physiology"]
READINGS = {
    "prediction": "prediction",
    "signs": "signs",
    "recorded pairs": "recorded pairs",
    "strengths": "strengths",
    "interactions": "interactions",
    "gains": "gains",
    "hidden rates": "hidden rates",
}
SIZE, MOST = 24, 320


def measured() -> pd.DataFrame:
    """Return the rows of circuits of which half of the units are recorded."""
    rows = pd.read_csv(MEASURED)
    return rows[rows["observed_fraction"] < 1]


def of_amount(n_trials: int) -> str:
    """Return a table of readings (columns) by setting, for one amount of data."""
    rows = measured()
    rows = rows[(rows["n_units"] == SIZE) & (rows["n_trials"] == n_trials)]
    cells = [["setting", *READINGS.values()]]
    for setting in SETTINGS:
        own = rows[rows["setting"] == setting].set_index("reading")
        cells.append([setting, *(cell(own.loc[reading], n_trials) for reading in READINGS)])
    return as_rst(cells)


def of_sizes() -> str:
    """Return a table of two readings by setting and number of units, at the largest amount."""
    rows = measured()
    rows = rows[rows["n_trials"] == MOST]
    sizes = sorted(rows["n_units"].unique())
    columns = [(reading, size) for reading in ("strengths", "hidden rates") for size in sizes]
    cells = [["setting", *(f"{reading}, {size}" for reading, size in columns)]]
    for setting in SETTINGS:
        own = rows[rows["setting"] == setting].set_index(["reading", "n_units"])
        cells.append([setting, *(cell(own.loc[column], MOST) for column in columns)])
    return as_rst(cells)


def cell(row: pd.Series, n_trials: int) -> str:
    """Return a mean with its interval; a dash where the setting is told the answer."""
    if row["given"]:
        return "told"
    if n_trials == 0:
        return f"{row['mean']:.2f}"
    return f"{row['mean']:.2f} ({row['low']:.2f}, {row['high']:.2f})"


def as_rst(cells: list[list[str]]) -> str:
    """Return a table whose first row is the head."""
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in cells:
        for place, text in enumerate(row):
            lines.append(f"   {'*' if place == 0 else ' '} - {text}")
    return "\n".join(lines) + "\n"


def write_tables(folder: Path) -> None:
    """Write the tables of the page; unchanged ones keep their date."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {f"trials_{n}": of_amount(n) for n in (0, 20, MOST)} | {"sizes": of_sizes()}
    for name, table in tables.items():
        path = folder / f"{name}.inc"
        if not path.exists() or path.read_text(encoding="utf-8") != table:
            path.write_text(table, encoding="utf-8")
