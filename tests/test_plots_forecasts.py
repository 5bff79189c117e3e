"""The picture of forecasts shows the numbers of the table."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from sk_biornn.baselines import ARBaseline
from sk_biornn.inspection import forecast_skill
from sk_biornn.plots import ForecastDisplay


@pytest.fixture(scope="module")
def table():
    x = np.random.default_rng(0).standard_normal((8, 25, 2)).cumsum(axis=1)
    X, y = x[:, :-1], x[:, 1:]
    networks = {"a network": ARBaseline(3).fit(X, y), "$x$": ARBaseline(2).fit(X, y)}
    return forecast_skill(networks, X, y, horizons=(1, 2, 5, 15), train=(X, y), n_bootstrap=20)


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    plt.close("all")


@pytest.mark.parametrize("value", ["skill", "r2", "mse"])
def test_lines_and_bands_are_the_numbers(table, value):
    display = ForecastDisplay.from_table(table).plot(value=value, dt=0.5, bands="all", floor=-99)
    names = ["persistence", "mean", "AR", "VAR", "a network", "$x$"][value == "skill" :]
    assert list(display.lines_) == names
    for name, line in display.lines_.items():
        rows = table[table["model"] == name]
        np.testing.assert_allclose(line.get_xdata(), [0.5, 1, 2.5, 7.5])
        np.testing.assert_allclose(line.get_ydata(), rows[value])
    assert len(display.ax_.collections) == len(names)
    band = display.ax_.collections[-1].get_paths()[0].vertices[:, 1]  # of $x$
    rows = table[table["model"] == "$x$"]
    assert (band.min(), band.max()) == pytest.approx(
        (rows[f"{value}_low"].min(), rows[f"{value}_high"].max())
    )
    greys = [plt.matplotlib.colors.to_rgb(display.lines_[n].get_color()) for n in names[:-2]]
    assert all(len(set(grey)) == 1 for grey in greys)
    colours = [plt.matplotlib.colors.to_rgb(display.lines_[n].get_color()) for n in names[-2:]]
    assert all(len(set(colour)) > 1 for colour in colours) and colours[0] != colours[1]
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert r"\$x\$" in labels
    last = table[table["horizon"] == 15].set_index("model")[value]
    ends = [last[name.replace("\\", "")] for name in labels]
    assert np.all(np.diff(ends) <= 0)
    display.figure_.canvas.draw()


def test_what_runs_away_does_not_set_the_scale(table):
    wild = table.copy()
    wild.loc[wild["model"] == "VAR", ["skill", "skill_low"]] = -1e200
    display = ForecastDisplay.from_table(wild, models=["a network"]).plot()
    assert display.models == ["a network"]
    low, high = display.ax_.get_ylim()
    assert -0.7 < low < -0.5 and high < 1.2
    assert len(display.ax_.collections) == 1
    display.figure_.canvas.draw()
    assert ForecastDisplay.from_table(table).plot(bands="none").ax_.collections[:] == []


def test_ticks_are_the_horizons_that_have_room(table):
    ax = ForecastDisplay.from_table(table).plot().ax_
    assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "2", "5", "15"]
    near = table.assign(horizon=table["horizon"].replace(15, 100))
    ax = ForecastDisplay.from_table(near).plot().ax_
    assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "100"]


def test_models_are_known_without_attributes(table, tmp_path):
    table.to_csv(tmp_path / "table.csv", index=False)
    display = ForecastDisplay.from_table(pd.read_csv(tmp_path / "table.csv"))
    assert display.models == ["a network", "$x$"]
    ax = plt.figure().add_subplot()
    plain = display.table.drop(columns=["skill_low"])
    shown = ForecastDisplay.from_table(plain).plot(ax, colors={"AR": "red"})
    assert shown.ax_ is ax and not ax.collections and shown.lines_["AR"].get_color() == "red"


@pytest.mark.parametrize(
    "options, kind, words",
    [
        ({"value": "R2"}, ValueError, "value must be one of"),
        ({"dt": 0}, ValueError, "dt must be a number greater than 0"),
        ({"bands": True}, TypeError, "bands must be one of"),
        ({"ax": 3}, TypeError, "ax must be None or a matplotlib Axes"),
        ({"floor": "low"}, TypeError, "floor must be a"),
    ],
)
def test_what_does_not_fit_is_refused(table, options, kind, words):
    with pytest.raises(kind, match=words):
        ForecastDisplay.from_table(table).plot(**options)


def test_tables_that_do_not_fit_are_refused(table):
    with pytest.raises(TypeError, match="table must be a DataFrame of forecast_skill"):
        ForecastDisplay.from_table([1])
    with pytest.raises(ValueError, match="table must have the column 'horizon'"):
        ForecastDisplay.from_table(table.drop(columns="horizon"))
    with pytest.raises(ValueError, match="table must have the column 'skill'"):
        ForecastDisplay.from_table(table[["model", "horizon"]])
    with pytest.raises(ValueError, match="table must have one row per model and horizon"):
        ForecastDisplay.from_table(pd.concat([table, table]))
    with pytest.raises(ValueError, match=r"models must be among .* got 'z'"):
        ForecastDisplay.from_table(table, models=["z"])
    with pytest.raises(TypeError, match="models must be a sequence of names"):
        ForecastDisplay.from_table(table, models="AR")
    with pytest.raises(ValueError, match="value must be a column of the table, 'mse' is none"):
        ForecastDisplay.from_table(table.drop(columns="mse")).plot(value="mse")
