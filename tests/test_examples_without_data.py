"""The examples on the worm's recording, where there is none: they say so, and draw nothing."""

from __future__ import annotations

import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(params=["plot_dale_celegans.py", "plot_celegans_cell_types.py"])
def script(request, monkeypatch, tmp_path):
    monkeypatch.setenv("SK_BIORNN_TEST_DATA", str(tmp_path))
    return EXAMPLES / request.param


def test_without_data_it_says_so_and_draws_nothing(script, capsys):
    plt.close("all")
    names = runpy.run_path(str(script))
    assert names["recording"] is None and "table" not in names
    assert "kipped" in capsys.readouterr().out
    assert plt.get_fignums() == []


def test_it_runs_where_a_script_does_not_know_its_name(script, monkeypatch, capsys):
    monkeypatch.chdir(EXAMPLES)
    exec(compile(script.read_text(encoding="utf-8"), "cell", "exec"), {"__name__": "__main__"})
    assert "kipped" in capsys.readouterr().out
