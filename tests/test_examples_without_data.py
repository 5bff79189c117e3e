"""The examples on the worm's recording, where there is none: they show what was measured."""

from __future__ import annotations

import re
import runpy
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from sk_biornn.units import Connectome

EXAMPLES = Path(__file__).parents[1] / "examples" / "own_files"
SCRIPTS = ["plot_dale_celegans.py", "plot_celegans_cell_types.py"]


@pytest.fixture(params=SCRIPTS)
def script(request, monkeypatch, tmp_path):
    monkeypatch.setenv("SK_BIORNN_TEST_DATA", str(tmp_path))
    plt.close("all")
    yield EXAMPLES / request.param
    plt.close("all")


@pytest.fixture(scope="module", params=SCRIPTS)
def example(request, tmp_path_factory):
    """What a script defines when it finds no data."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SK_BIORNN_TEST_DATA", str(tmp_path_factory.mktemp("empty")))
        names = runpy.run_path(str(EXAMPLES / request.param))
    plt.close("all")
    return names


def test_without_data_nothing_is_trained_and_what_was_measured_is_shown(script, capsys):
    names = runpy.run_path(str(script))
    assert names["recording"] is None and "table" not in names
    said = capsys.readouterr().out
    assert "nothing is trained" in said and "connectome" in said
    assert re.search(r"^measured 20\d\d-\d\d-\d\d, \w.*, sk_biornn \d", said, flags=re.MULTILINE)
    assert len(plt.get_fignums()) == 1


def test_it_runs_where_a_script_does_not_know_its_name(script, monkeypatch, capsys):
    monkeypatch.chdir(EXAMPLES)
    exec(compile(script.read_text(encoding="utf-8"), "cell", "exec"), {"__name__": "__main__"})
    assert "nothing is trained" in capsys.readouterr().out


def test_the_tables_are_whole(example):
    table, _ = example["read_results"]()
    assert not table.index.duplicated().any()
    if "QUESTIONS" in example:
        models = {*example["CONTROLS"], *example["baselines_of"](pd.DataFrame())}
        models |= {"connectome", "no synapses", "all to all", "with the unrecorded"}
        assert set(table.loc["one step"].index) == set(table.loc["10 ahead"].index) == models
        without = {"no synapses", "persistence", "AR(1)", "AR(5)"}
        assert set(table.loc["withheld"].index) == models - without
        assert not table["r2"].isna().any()
    else:
        rows = table.groupby("model").agg({"block": "nunique", "seed": "nunique", "error": "size"})
        assert (rows["block"] == 5).all() and (rows["error"] == 5 * rows["seed"]).all()
        assert rows["seed"].value_counts().to_dict() == {1: 5, 3: 8}


def test_what_is_written_is_read(example, tmp_path):
    table, how = example["read_results"]()
    example["write_results"](table, tmp_path / "again.csv")
    again, when = example["read_results"](tmp_path / "again.csv")
    pd.testing.assert_frame_equal(again, table)
    assert when.startswith("measured 20") and when.count(", ") >= 2 == how.count(", ")
    with pytest.raises(FileNotFoundError, match="beside this script"):
        example["read_results"](tmp_path / "nowhere.csv")


def test_files_made_as_the_header_says_are_understood(example, tmp_path, monkeypatch):
    header = (EXAMPLES / "GALLERY_HEADER.rst").read_text(encoding="utf-8")
    _, _, block = header.partition(".. code-block:: python\n")
    code = textwrap.dedent(re.match(r"(\s*\n|   .*\n)*", block)[0])
    rng, everybody = np.random.default_rng(0), list("ABCDE")
    chemical, electrical = rng.poisson(0.7, (5, 5)), np.diag([1, 2], k=3) + np.diag([1, 2], k=-3)
    folder, names = tmp_path / "celegans", ["D", "A", "C"]
    folder.mkdir()
    exec(
        code,
        {
            "folder": folder,
            "traces": rng.standard_normal((40, 3)),
            "names": names,
            "chemical": Connectome(chemical, names=everybody),
            "electrical": Connectome(electrical, names=everybody),
            "sign_of_neuron": {"A": 1, "B": -1, "C": -1, "D": 1, "E": 0},
            "type_of_neuron": dict(zip(everybody, ["s", "s", "i", "m", "m"], strict=True)),
        },
    )
    monkeypatch.setenv("SK_BIORNN_TEST_DATA", str(tmp_path))
    recording, order = example["load_recording"](), [3, 0, 2]
    assert list(recording["neuron"] if "neuron" in recording else recording["trace"]) == names
    np.testing.assert_allclose(np.std(recording["trace"], axis=0), 1, rtol=1e-5)
    if "signs" in recording:
        np.testing.assert_array_equal(recording["signs"], [1, 1, -1])
        expected = chemical[np.ix_(order, order)] > 0
    else:
        assert recording["kind"].to_dict() == {
            "A": "s +", "B": "s -", "C": "i -", "D": "m +", "E": "m 0"
        }  # fmt: skip
        expected = (chemical > 0) & ~np.eye(5, dtype=bool)
    np.testing.assert_array_equal(recording["chemical"], expected)
