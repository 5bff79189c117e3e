"""Population rows from NWB files: files that pynwb writes here, with answers known beforehand."""

from __future__ import annotations

import contextlib
import re
import shutil
import sys
import warnings
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nwb_files import (
    CHANGES,
    FLASH,
    OMISSIONS,
    add_plane,
    add_stimuli,
    add_subject,
    new_file,
    presentations,
    ramps,
    replace_data,
    timestamps,
    write,
    write_experiment,
)

from sk_biornn.datasets import load_nwb_populations
from sk_biornn.datasets.nwb._choice import DISJOINT, layers_of
from sk_biornn.datasets.nwb._file import _experience
from sk_biornn.datasets.nwb._rows import find_windows, interpolate

SST = "Sst-IRES-Cre/wt;Ai148(TIT2L-GC6f-ICL-tTA2)/wt"
VIP = "Vip-IRES-Cre/wt;Ai148(TIT2L-GC6f-ICL-tTA2)/wt"
TIME = -750 + 1000 * np.arange(16) / 10.7


@pytest.fixture(scope="module")
def one_plane(tmp_path_factory) -> Path:
    """L2/3 pyramidal cells of V1: three cells whose dF/F is t, 2 t and 3 t."""
    return write_experiment(tmp_path_factory.mktemp("nwb") / "plane.nwb")


def onset(index: int) -> float:
    return 10 + FLASH * index


# What is in the rows


def test_rows_are_the_mean_over_cells_at_the_common_times(one_plane):
    data = load_nwb_populations(one_plane)
    assert data.time == pytest.approx(TIME)
    expected = {
        "change": [8, 16, 34],  # 27 is left out: the image at 26 was omitted
        "pre_change": [7, 15, 33],
        "omission": list(OMISSIONS),
    }
    assert list(data.rows) == list(expected)
    for event, flashes in expected.items():
        assert list(data.rows[event]) == ["V1_L23_pyr"]
        times = np.array([onset(k) for k in flashes])[:, None] + TIME / 1000
        np.testing.assert_allclose(data.rows[event]["V1_L23_pyr"], 2 * times, rtol=1e-12)


def test_metadata_has_a_line_per_row(one_plane):
    data = load_nwb_populations(one_plane)
    table = data.metadata.query("event == 'pre_change'").reset_index(drop=True)
    assert table["trial"].tolist() == [8, 16, 34]  # the change that they precede
    assert table["time"].tolist() == [onset(7), onset(15), onset(33)]
    assert table["image"].tolist() == ["im000", "im001", "im003"]  # what was shown, not what came
    same = {
        "population": "V1_L23_pyr", "area": "V1", "layer": "L2/3", "cell_type": "Pyr",
        "mouse": "m1", "session": "11", "experiment": "1", "plane": "imaging_plane_1",
        "depth": 175.0, "experience": "Familiar", "cre_line": "Slc17a7-IRES2-Cre", "n_cells": 3,
    }  # fmt: skip
    for name, value in same.items():
        assert (table[name] == value).all(), name
    omission = data.metadata.query("event == 'omission'")
    assert (omission["image"] == "omitted").all()
    lines = data.metadata.groupby("event")["population"].value_counts()
    assert {event: len(rows["V1_L23_pyr"]) for event, rows in data.rows.items()} == {
        event: lines[event, "V1_L23_pyr"] for event in data.rows
    }


def test_facts_in_the_laboratorys_extension_come_first(tmp_path, one_plane):
    """As in the data set itself: ids, depth and session type are kept in an extension."""
    facts = {
        "ophys_experiment_id": 951980471,
        "ophys_session_id": 951410079,
        "imaging_depth": 300,
        "session_type": "OPHYS_5_images_B_passive",
    }
    path = write_experiment(tmp_path / "a.nwb", facts=facts)
    data = load_nwb_populations(path)
    assert list(data.rows["change"]) == ["V1_L4_pyr"]
    line = data.metadata.iloc[0]
    assert (line["experiment"], line["session"], line["depth"]) == ("951980471", "951410079", 300)
    assert line["experience"] == "Novel >1"
    plain = load_nwb_populations(one_plane)
    np.testing.assert_array_equal(
        data.rows["change"]["V1_L4_pyr"], plain.rows["change"]["V1_L23_pyr"]
    )


def test_counts_and_files_say_what_was_left_out(one_plane):
    data = load_nwb_populations(one_plane)
    counts = data.counts.set_index(["event", "population"])
    assert len(counts) == 3 * 18  # all populations that there could be
    row = counts.loc["change", "V1_L23_pyr"]
    assert row.to_dict() == {
        "n_events": 4, "n_unclean": 1, "n_unseen": 0, "n_trials": 3, "n_mice": 1, "n_sessions": 1,
        "n_experiments": 1, "n_shared": 0, "n_cells": 3,
    }  # fmt: skip
    assert counts.drop(index="V1_L23_pyr", level="population").to_numpy().sum() == 0
    assert data.files.to_dict("records") == [
        {"path": str(one_plane), "status": "read", "reason": ""}
    ]
    assert data.cells["cell"].tolist() == [1000, 1001, 1002]
    assert data.cells["roi"].tolist() == [100, 101, 102]
    assert "1 mice, 1 experiments" in data.DESCR


def test_cells_can_be_kept(one_plane):
    data = load_nwb_populations(one_plane, events="change", keep_cells=True)
    rows = data.rows["change"]["V1_L23_pyr"].reshape(3, 3, 16)  # trials, cells
    times = np.array([onset(k) for k in (8, 16, 34)])[:, None] + TIME / 1000
    expected = times[:, None] * np.arange(1, 4)[:, None]
    np.testing.assert_allclose(rows, expected, rtol=1e-12)
    assert data.metadata["cell"].tolist() == [1000, 1001, 1002] * 3
    assert data.metadata["trial"].tolist() == [8] * 3 + [16] * 3 + [34] * 3
    mean = load_nwb_populations(one_plane, events="change").rows["change"]["V1_L23_pyr"]
    np.testing.assert_allclose(rows.mean(axis=1), mean, rtol=1e-12)


def test_another_time_base(one_plane):
    data = load_nwb_populations(
        one_plane, events=["omission"], window_start=-100, n_frames=4, frame_rate=20
    )
    assert data.time == pytest.approx([-100, -50, 0, 50], abs=1e-9)
    first = data.rows["omission"]["V1_L23_pyr"][0]
    np.testing.assert_allclose(first, 2 * (onset(12) + data.time / 1000), rtol=1e-12)


@pytest.mark.parametrize("rate", [10.71, 31.0])
def test_recordings_of_other_rates_share_the_time_base(tmp_path, rate):
    """One that has a rate and a start instead of timestamps, too."""
    n_times = int(50 * rate)
    dff = ramps(2, 3.0 + np.arange(n_times) / rate)
    path = write_experiment(tmp_path / "a.nwb", dff=dff, rate=rate, starting_time=3.0)
    rows = load_nwb_populations(path, events="change").rows["change"]["V1_L23_pyr"]
    np.testing.assert_allclose(rows[0], 1.5 * (onset(8) + TIME / 1000), rtol=1e-12)


def test_rows_feed_the_curation(one_plane):
    from sk_biornn.datasets import split_trials

    data = load_nwb_populations(one_plane, events="change", keep_cells=True)
    splits = split_trials(
        data.rows["change"],
        {"train": 2 / 3, "test": 1 / 3},
        groups={"V1_L23_pyr": data.metadata["trial"]},
        random_state=0,
    )
    assert [len(part["V1_L23_pyr"]) for part in splits.values()] == [6, 3]


# Windows


def test_omissions_are_looked_for_in_the_window_only(one_plane):
    """Changes at 8 and 16 have omissions in the trials around them, but not within 750 ms."""
    data = load_nwb_populations(one_plane, events="change", clean_windows=False)
    assert data.metadata["trial"].tolist() == list(CHANGES)
    long = load_nwb_populations(one_plane, events="change", window_start=-3001, n_frames=33)
    # From 3 s before on: 12 precedes 16, 30 precedes 34, 26 precedes 27.
    assert long.metadata["trial"].tolist() == [8]
    assert long.counts.query("population == 'V1_L23_pyr'")["n_unclean"].tolist() == [3]


@given(
    kinds=st.lists(
        st.sampled_from(["repeat"] * 4 + ["change", "omitted"]), min_size=1, max_size=30
    ),
    start=st.floats(-2.5, 0.0),
    length=st.floats(0.0, 2.5),
    event=st.sampled_from(["change", "pre_change", "omission"]),
)
def test_windows_equal_a_loop(kinds, start, length, event):
    stimuli = pd.DataFrame(
        {
            "start": FLASH * np.arange(len(kinds)),
            "stop": FLASH * np.arange(len(kinds)) + 0.25,
            "is_change": [kind == "change" for kind in kinds],
            "omitted": [kind == "omitted" for kind in kinds],
            "is_flash": True,
            "active": True,
        }
    )
    expected = []
    for k, kind in enumerate(kinds):
        if kind != ("omitted" if event == "omission" else "change") or (k, event) == (
            0,
            "pre_change",
        ):
            continue
        shown = k - 1 if event == "pre_change" else k
        begin, end = FLASH * shown + start, FLASH * shown + (start + length)
        others = [
            j
            for j, other in enumerate(kinds)
            if other != "repeat" and (j != k or event == "pre_change")
        ]
        if not any(FLASH * j <= end and FLASH * j + 0.25 > begin for j in others):
            expected.append(k)
    windows = find_windows(
        stimuli, event, np.array([start, start + length]), active=None, clean=True
    )
    assert windows.trial.tolist() == expected
    assert windows.n_events - windows.n_unclean == len(expected)


def test_what_the_recording_does_not_hold_is_not_invented(tmp_path):
    """It begins within the window of the first change, and 16 is in a gap of half a second."""
    times = timestamps()
    kept = (times > onset(8) - 0.7) & ~((times > onset(16)) & (times < onset(16) + 0.5))
    times = times[kept]
    path = write_experiment(tmp_path / "a.nwb", dff=ramps(2, times), timestamps=times)
    data = load_nwb_populations(path, events="change")
    assert data.metadata["trial"].tolist() == [34]
    row = data.counts.query("population == 'V1_L23_pyr'").iloc[0]
    assert row[["n_events", "n_unclean", "n_unseen", "n_trials"]].tolist() == [4, 1, 2, 1]


def test_interpolation_is_numpys_within_the_recording():
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.uniform(0.8, 1.2, 50))
    values = rng.standard_normal((50, 3))
    at = rng.uniform(times[0], times[-1], (7, 5))
    at[0, :2] = times[0], times[-1]
    found = interpolate(times, values, at)
    for cell in range(3):
        np.testing.assert_allclose(found[..., cell], np.interp(at, times, values[:, cell]))
    outside = interpolate(times, values, np.array([[times[0] - 1e-9, times[-1] + 1e-9]]))
    assert np.isnan(outside).all()


def test_cells_without_a_finite_trace_do_not_count_in_that_trial(tmp_path):
    dff = ramps(3)
    near_first = np.abs(timestamps() - onset(8)) < 0.2
    dff[near_first, 2] = np.nan  # the third cell at the first change
    dff[np.abs(timestamps() - onset(16)) < 0.2] = np.nan  # all cells at the second
    data = load_nwb_populations(write_experiment(tmp_path / "a.nwb", dff=dff), events="change")
    assert data.metadata["trial"].tolist() == [8, 34]
    assert data.metadata["n_cells"].tolist() == [2, 3]
    rows = data.rows["change"]["V1_L23_pyr"]
    np.testing.assert_allclose(rows[0], 1.5 * (onset(8) + TIME / 1000), rtol=1e-12)
    np.testing.assert_allclose(rows[1], 2.0 * (onset(34) + TIME / 1000), rtol=1e-12)
    kept = load_nwb_populations(tmp_path / "a.nwb", events="change", keep_cells=True)
    assert kept.metadata["cell"].tolist() == [1000, 1001, 1000, 1001, 1002]


def test_invalid_rois_are_left_out(tmp_path):
    path = write_experiment(tmp_path / "a.nwb", n_cells=3, valid=[True, False, True])
    data = load_nwb_populations(path, events="change", keep_cells=True)
    assert data.cells["cell"].tolist() == [1000, 1002]
    first = data.rows["change"]["V1_L23_pyr"][1]
    np.testing.assert_allclose(first, 3 * (onset(8) + TIME / 1000), rtol=1e-12)


def test_cells_not_matched_across_days_keep_their_roi_as_id(tmp_path):
    path = write_experiment(tmp_path / "a.nwb", n_cells=2, matched=False)
    assert load_nwb_populations(path).cells["cell"].tolist() == [100, 101]


# Which population, which session


def test_files_of_many_populations_mice_and_sessions(tmp_path):
    """Populations come in the order of the paper, rows in the order of the files."""
    kinds = [
        ("V1_L5_pyr", {"depth": 375}),
        ("V1_L23_sst", {"depth": 200, "genotype": SST, "mouse": "m2"}),
        ("V1_L23_sst", {"depth": 249, "genotype": SST, "mouse": "m3"}),
        ("LM_L5_vip", {"depth": 300, "genotype": VIP, "structure": "VISl"}),
        ("V1_L4_pyr", {"depth": 250}),
    ]
    for number, (_, options) in enumerate(kinds):
        write_experiment(
            tmp_path / f"{number}.nwb", experiment=number, session=50 + number, n_cells=1, **options
        )
    (tmp_path / "notes.txt").write_text("not a recording")
    data = load_nwb_populations(tmp_path, events="change")
    assert list(data.rows["change"]) == ["V1_L4_pyr", "V1_L23_sst", "V1_L5_pyr", "LM_L5_vip"]
    sst = data.metadata.query("population == 'V1_L23_sst'")
    assert sst["mouse"].tolist() == ["m2"] * 3 + ["m3"] * 3
    assert sst["session"].tolist() == ["51"] * 3 + ["52"] * 3
    counts = data.counts.set_index("population").loc["V1_L23_sst"]
    assert counts[["n_trials", "n_mice", "n_sessions", "n_experiments", "n_cells"]].tolist() == [
        6, 2, 2, 2, 2,
    ]  # fmt: skip
    assert [Path(path).name for path in data.files["path"]] == [f"{k}.nwb" for k in range(5)]


@pytest.mark.parametrize(
    ("depth", "cell_type", "area", "experience", "disjoint", "paper"),
    [
        (0, "Pyr", "V1", "Familiar", ["L2/3"], ["L2/3"]),
        (249.5, "SST", "LM", "Familiar", ["L2/3"], ["L2/3"]),
        (250, "Pyr", "V1", "Familiar", ["L4"], ["L4", "L2/3"]),
        (294, "VIP", "V1", "Familiar", ["L4"], ["L4"]),
        (295, "VIP", "V1", "Familiar", ["L5"], ["L4", "L5"]),
        (300, "SST", "V1", "Familiar", ["L5"], ["L4", "L5"]),
        (300, "SST", "V1", "Novel 1", ["L5"], ["L4"]),
        (320, "SST", "V1", "Novel 1", ["L5"], ["L4", "L5"]),
        (300, "SST", "LM", "Novel 1", ["L5"], ["L4", "L5"]),
        (355, "Pyr", "LM", "Novel 1", ["L4"], ["L4", "L5"]),
        (355, "Pyr", "LM", "Familiar", ["L4"], ["L4"]),
        (355, "Pyr", "V1", "Novel 1", ["L4"], ["L4"]),
        (370, "Pyr", "V1", "Familiar", ["L5"], ["L4", "L5"]),
        (500, "Pyr", "V1", "Familiar", ["L5"], ["L5"]),
        (501, "Pyr", "V1", "Familiar", [], []),
    ],
)
def test_layers_by_depth(depth, cell_type, area, experience, disjoint, paper):
    assert layers_of(depth, cell_type, area, experience, DISJOINT) == disjoint
    assert layers_of(depth, cell_type, area, experience, "paper") == paper


def test_overlapping_bins_of_the_paper_are_reported(tmp_path):
    path = write_experiment(tmp_path / "a.nwb", depth=300, genotype=SST, n_cells=1)
    paper = load_nwb_populations(path, events="change", depth_bins="paper")
    assert list(paper.rows["change"]) == ["V1_L4_sst", "V1_L5_sst"]
    np.testing.assert_array_equal(*paper.rows["change"].values())
    assert paper.counts.query("n_trials > 0")["n_shared"].tolist() == [1, 1]
    disjoint = load_nwb_populations(path, events="change")
    assert list(disjoint.rows["change"]) == ["V1_L5_sst"]
    assert disjoint.counts["n_shared"].sum() == 0


@pytest.mark.parametrize(
    ("bins", "population"),
    [
        ({"L23": (0, 100), "L4": (100, 200)}, "V1_L4_sst"),
        ({"SST": {"L2/3": (100, 400)}, "Pyr": {"L4": (100, 400)}}, "V1_L23_sst"),
        ({"sst": {"superficial": (0, 175)}}, "V1_superficial_sst"),  # its own upper bound
    ],
)
def test_bins_of_ones_own(tmp_path, bins, population):
    path = write_experiment(tmp_path / "a.nwb", depth=175, genotype=SST)
    data = load_nwb_populations(path, events="change", depth_bins=bins)
    assert list(data.rows["change"]) == [population]
    assert population in set(data.counts["population"])


def test_areas_and_types_of_ones_own(tmp_path):
    path = write_experiment(tmp_path / "a.nwb", structure="VISal", genotype="Pvalb-IRES-Cre/wt")
    data = load_nwb_populations(
        path, events="change", areas={"VISal": "AL"}, cell_types={"Pvalb-IRES-Cre": "PV"}
    )
    assert list(data.rows["change"]) == ["AL_L23_pv"]


@pytest.mark.parametrize(
    ("options", "arguments", "reason"),
    [
        ({"structure": "VISal"}, {}, "structure VISal is not asked for"),
        ({"depth": 600}, {}, "depth 600 um of Pyr is in no bin"),
        ({"genotype": "Ntsr1-Cre_GN220/wt"}, {}, "Cre line Ntsr1-Cre_GN220 is not asked for"),
        ({}, {"experience": "novel"}, "experience is Familiar"),
        (
            {"stimuli": presentations(active=np.arange(40) < 5)},
            {"active": True},
            "no event of that kind",
        ),
        (
            {"stimuli": presentations(is_change=False)},
            {"events": "change"},
            "no event of that kind",
        ),
    ],
)
def test_what_is_not_asked_for_is_filtered_not_refused(tmp_path, options, arguments, reason):
    path = write_experiment(tmp_path / "a.nwb", **options)
    with pytest.warns(UserWarning, match=rf"no rows were found in 1 files .* such as .*{reason}"):
        data = load_nwb_populations(path, **arguments)
    assert data.files["status"].tolist() == ["filtered"]
    assert reason in data.files["reason"][0]
    assert all(rows == {} for rows in data.rows.values())
    assert len(data.metadata) == 0 and "mouse" in data.metadata


@pytest.mark.parametrize(
    ("active", "expected"), [(True, [8, 16]), (False, [34]), (None, [8, 16, 34])]
)
def test_active_and_passive_presentations(tmp_path, active, expected):
    stimuli = presentations(active=np.arange(40) < 20)
    path = write_experiment(tmp_path / "a.nwb", stimuli=stimuli)
    data = load_nwb_populations(path, events="change", active=active)
    assert data.metadata["trial"].tolist() == expected


def test_who_takes_all_events_needs_no_column_that_tells_them_apart(tmp_path):
    path = write_experiment(tmp_path / "a.nwb", stimuli=presentations(active=None))
    data = load_nwb_populations(path, events="change", active=None)
    assert data.metadata["trial"].tolist() == [8, 16, 34]


def test_the_session_type_says_active_where_no_column_does(tmp_path):
    for name in ("OPHYS_2_images_A_passive", "OPHYS_1_images_A"):
        write_experiment(
            tmp_path / f"{name}.nwb",
            stimuli=presentations(active=None),
            facts={"session_type": name},
            experiment=int(name[6]),
        )
    assert load_nwb_populations(tmp_path, events="change").metadata["experiment"].unique() == ["1"]
    passive = load_nwb_populations(tmp_path, events="change", active=False)
    assert passive.metadata["experiment"].unique() == ["2"]


@pytest.mark.parametrize(
    ("session_type", "is_image_novel", "experience"),
    [
        ("OPHYS_1_images_A", False, "Familiar"),
        ("OPHYS_3_images_A", None, "Familiar"),
        ("OPHYS_4_images_B", True, "Novel 1"),
        ("OPHYS_4_images_B", None, "Novel 1"),
        ("OPHYS_4_images_B", False, "Novel >1"),
        ("OPHYS_6_images_B", None, "Novel >1"),
        ("something else", False, "Familiar"),
        ("something else", True, "Novel 1"),
        ("something else", None, None),
    ],
)
def test_experience_is_inferred(session_type, is_image_novel, experience):
    assert _experience(None, session_type, is_image_novel) == experience
    assert _experience("Novel >1", session_type, is_image_novel) == "Novel >1"


@pytest.mark.parametrize(("novel", "wanted"), [(True, "novel"), (False, "familiar")])
def test_experience_is_filtered(tmp_path, novel, wanted):
    path = write_experiment(tmp_path / "a.nwb", stimuli=presentations(is_image_novel=novel))
    data = load_nwb_populations(path, experience=wanted)
    assert data.files["status"].tolist() == ["read"]
    assert set(data.metadata["experience"]) == {"Novel 1" if novel else "Familiar"}


def test_flags_may_be_numbers_with_gaps_and_tables_several(tmp_path):
    """As the data set has them: a table per stimulus, missing truth values as NaN."""
    flags = {name: presentations()[name].astype(float) for name in ("is_change", "omitted")}
    flags["is_change"][0] = np.nan
    file = new_file()
    add_subject(file, "m1", None, driver_line=["Slc17a7-IRES2-Cre", "Camk2a-tTA"])
    add_plane(file, ramps(1))
    add_stimuli(file, presentations(**flags, stop_time=np.nan))
    add_stimuli(file, pd.DataFrame({"start_time": [1.0], "stop_time": [9.0]}), "spontaneous")
    data = load_nwb_populations(write(file, tmp_path / "a.nwb"), events=["change", "omission"])
    assert data.metadata["time"].tolist() == [onset(k) for k in (8, 16, 34, *OMISSIONS)]


def test_changes_can_be_inferred_from_the_images(tmp_path):
    """The image after an omission is compared with the one before it: 27 follows 25."""
    path = write_experiment(tmp_path / "a.nwb", stimuli=presentations(is_change=None))
    with pytest.raises(ValueError, match="infer_changes=True infers it from image_name"):
        load_nwb_populations(path)
    data = load_nwb_populations(path, events="change", infer_changes=True, clean_windows=False)
    assert data.metadata["trial"].tolist() == list(CHANGES)


def test_several_planes_in_a_file_have_their_own_depths(tmp_path):
    file = new_file(imaging_depth=1)
    add_subject(file, "m1", SST)
    for number, (structure, depth) in enumerate((("VISp", 200), ("VISl", 275)), start=1):
        text = f"(512, 512) field of view in {structure} at depth {depth} um"
        add_plane(file, ramps(number), structure=structure, number=number, description=text)
    add_stimuli(file, presentations())
    data = load_nwb_populations(write(file, tmp_path / "a.nwb"), events="change")
    assert list(data.rows["change"]) == ["V1_L23_sst", "LM_L4_sst"]
    assert data.metadata["depth"].unique().tolist() == [200, 275]
    assert data.cells["cell"].tolist() == [1000, 2000, 2001]


# Bad files: one sentence each


def spoil_first_chunk(path: Path, name: str) -> None:
    """Overwrite data that have a check sum, as on a failing disk."""
    with h5py.File(path, "a") as file:
        whole = file[name]
        values, attributes = whole[:], dict(whole.attrs)
        del file[name]
        checked = file.create_dataset(name, data=values, chunks=True, fletcher32=True)
        checked.attrs.update(attributes)
        where = checked.id.get_chunk_info(0).byte_offset
    with path.open("r+b") as raw:
        raw.seek(where)
        raw.write(b"spoilt")


def bad_files(folder: Path) -> dict[str, tuple[Path, str]]:
    """Every kind of bad file, and what must be said of it."""
    from pynwb.testing.mock.ecephys import mock_ElectricalSeries
    from pynwb.testing.mock.file import mock_NWBFile

    def made(name: str, **options) -> Path:
        return write_experiment(folder / f"{name}.nwb", **options)

    def without(column: str, **options) -> Path:
        return made(f"no {column}", stimuli=presentations(**{column: None}), **options)

    whole = made("whole")
    truncated = folder / "truncated.nwb"
    truncated.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    text = folder / "text.nwb"
    text.write_text("mouse,depth\n1,175\n")
    plain = folder / "plain.nwb"
    with h5py.File(plain, "w") as file:
        file["dff"] = np.zeros(3)
    rotten, no_rate = folder / "rotten.nwb", made("no rate", rate=10.71)
    shutil.copy(whole, rotten)
    with h5py.File(no_rate, "a") as file:
        file["processing/ophys/dff/traces/starting_time"].attrs["rate"] = 0.0

    def lacking(part: str) -> Path:
        path = folder / f"no {part.replace('/', ' ')}.nwb"
        shutil.copy(whole, path)
        with h5py.File(path, "a") as file:
            del file[part]
        return path

    spoil_first_chunk(rotten, "processing/ophys/dff/traces/data")

    ephys = mock_NWBFile()
    mock_ElectricalSeries(nwbfile=ephys)
    no_stimuli = new_file()
    add_subject(no_stimuli, "m1", SST)
    add_plane(no_stimuli, ramps(1))
    no_subject = new_file()
    add_plane(no_subject, ramps(1))
    add_stimuli(no_subject, presentations())
    backwards = timestamps()[::-1].copy()
    return {
        "no dF/F": (write(new_file(), folder / "no dff.nwb"), "no dF/F traces"),
        "electrodes": (
            write(ephys, folder / "ephys.nwb"),
            r"no dF/F traces: there is no DfOverF in its processing modules \(none\)",
        ),
        "no is_change": (
            without("is_change"),
            "stimulus presentations without the column is_change",
        ),
        "no omitted": (without("omitted"), "stimulus presentations without the column omitted"),
        "no active": (
            without("active"),
            "without the column active, and no session_type",
        ),
        "odd flags": (
            made("odd", stimuli=presentations(omitted="perhaps")),
            "column omitted .* not True or False, but 'perhaps'",
        ),
        "no presentations": (
            write(no_stimuli, folder / "no stimuli.nwb"),
            r"no stimulus presentations: no table of intervals is called \*_presentations",
        ),
        "empty plane": (
            made("empty", dff=np.zeros((len(timestamps()), 0))),
            "an empty plane: no valid cell in imaging_plane_1",
        ),
        "no valid cell": (
            made("invalid", n_cells=2, valid=[False, False]),
            "an empty plane: no valid cell",
        ),
        "truncated": (truncated, "not a readable NWB file: it is truncated, part of it is missing"),
        "text": (text, "not a readable NWB file: it is not an HDF5 file"),
        "plain HDF5": (plain, "not a readable NWB file: .*NWB version"),
        "no data": (
            lacking("processing/ophys/dff/traces/data"),
            r"dF/F of shape \(0,\) in imaging_plane_1",
        ),
        "no rois": (
            lacking("processing/ophys/dff/traces/rois"),
            r"file: its part processing/ophys/dff/traces could not be read \(missing .*'rois'\)",
        ),
        "no start_time": (
            lacking("intervals/Natural_Images_presentations/start_time"),
            r"part intervals/Natural_Images_presentations could not be read \(it has no start_time",
        ),
        "no imaging": (
            lacking("general/optophysiology"),
            r"part .*/cell_specimen_table could not be read \(missing argument 'imaging_plane'\)",
        ),
        "no cells": (
            lacking("processing/ophys/image_segmentation/cell_specimen_table"),
            "not a readable NWB file: a part that it must have is missing",
        ),
        "no finite": (
            made("nan", dff=np.full((len(timestamps()), 2), np.nan)),
            "an empty plane: no finite sample of dF/F in imaging_plane_1",
        ),
        "no rate": (no_rate, "dF/F at a rate of 0 Hz, but a rate must be positive"),
        "one sample": (
            made("one sample", dff=np.ones((1, 2)), rate=10.71),
            "has 1 sample of dF/F in time, at least 2 are needed",
        ),
        "short": (
            made("short", dff=ramps(2)[:80], timestamps=timestamps()[:80]),
            "in no whole window around an event asked for: it was recorded from 0.0 to 7.4 s, "
            "images were shown from 10.0 to 39.2 s",
        ),
        "rotten": (rotten, "is damaged: Can't .*read data"),
        "missing": (folder / "missing.nwb", "does not exist"),
        "no depth": (made("no depth", description="somewhere"), "how deep imaging_plane_1 is"),
        "no structure": (made("no structure", structure=""), "which structure imaging_plane_1 is"),
        "no subject": (write(no_subject, folder / "no subject.nwb"), "which mouse it is of"),
        "no mouse": (made("no mouse", mouse=None), "which mouse it is of"),
        "no genotype": (made("no genotype", genotype=None), "Cre line .* it has no genotype"),
        "wild type": (made("wild type", genotype="wt/wt"), "genotype is 'wt/wt'"),
        "timestamps": (
            made("timestamps", dff=ramps(2, backwards), timestamps=backwards),
            "timestamps of dF/F that do not increase",
        ),
    }


@pytest.fixture(scope="module")
def damaged(tmp_path_factory) -> dict[str, tuple[Path, str]]:
    return bad_files(tmp_path_factory.mktemp("bad"))


KINDS = [
    "no dF/F", "electrodes", "no is_change", "no omitted", "no active", "odd flags",
    "no presentations", "empty plane", "no valid cell", "truncated", "text", "plain HDF5",
    "no data", "rotten", "missing", "no depth", "no structure", "no subject", "no mouse",
    "no genotype", "wild type", "timestamps", "no rois", "no start_time", "no imaging", "no cells",
    "no finite", "no rate", "one sample", "short",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_bad_files_are_refused_in_one_sentence(damaged, kind):
    path, sentence = damaged[kind]
    error = FileNotFoundError if kind == "missing" else ValueError
    with pytest.raises(error, match=sentence) as raised:
        load_nwb_populations(path)
    message = str(raised.value)
    assert message.startswith(str(path)) and message.endswith(".") and "\n" not in message
    assert len(message.removeprefix(str(path))) < 250  # no dump of objects


def test_bad_files_can_be_skipped_and_are_recorded(damaged, one_plane):
    assert set(damaged) == set(KINDS)
    kinds = ["truncated", "missing", "no omitted"]
    bad = [damaged[kind][0] for kind in kinds]
    data = load_nwb_populations([*bad[:2], one_plane, bad[2]], on_error="skip")
    alone = load_nwb_populations(one_plane)
    found, expected = (each.rows["change"]["V1_L23_pyr"] for each in (data, alone))
    np.testing.assert_array_equal(found, expected)
    assert data.files["status"].tolist() == ["failed", "failed", "read", "failed"]
    assert data.files["path"].tolist() == [str(path) for path in (*bad[:2], one_plane, bad[2])]
    for reason, kind in zip(data.files["reason"].drop(2), kinds, strict=True):
        assert re.search(damaged[kind][1], reason)


def test_if_every_file_fails_nothing_is_skipped(damaged):
    bad = [damaged[kind][0] for kind in ("no omitted", "missing")]
    expected = "paths must name a file that can be read, got 2 that cannot; the first: "
    with pytest.raises(ValueError, match=expected + ".*without the column omitted"):
        load_nwb_populations(bad, on_error="skip")


def test_if_all_others_are_filtered_there_is_a_warning(damaged, one_plane):
    paths = [damaged["no depth"][0], one_plane]
    expected = r"no rows .* in 2 files \(1 failed, 1 filtered\), such as .*plane.nwb: experience is"
    with pytest.warns(UserWarning, match=expected):
        data = load_nwb_populations(paths, experience="novel", on_error="skip")
    assert data.files["status"].tolist() == ["failed", "filtered"]
    assert data.rows == {"change": {}, "pre_change": {}, "omission": {}}


def test_files_are_closed_afterwards(damaged, one_plane):
    """On some systems an open file cannot be removed or written."""
    for path in (one_plane, damaged["no depth"][0], damaged["rotten"][0]):
        with contextlib.suppress(ValueError):
            load_nwb_populations(path)
        with h5py.File(path, "r+"):  # refused while it is open for reading
            pass


def test_an_experiment_cannot_come_twice(tmp_path, one_plane):
    again = tmp_path / "again.nwb"
    shutil.copy(one_plane, again)
    with pytest.raises(ValueError, match=r"holds experiment 1 again, which is in .*plane\.nwb"):
        load_nwb_populations([one_plane, one_plane])
    data = load_nwb_populations([one_plane, again], events="change", on_error="skip")
    assert data.files["status"].tolist() == ["read", "failed"]
    assert len(data.rows["change"]["V1_L23_pyr"]) == 3


def test_columns_that_do_not_fit_their_cells_are_refused(tmp_path):
    """pynwb itself only warns."""
    path = write_experiment(tmp_path / "a.nwb", n_cells=3)
    replace_data(path, ramps(2))
    with pytest.raises(ValueError, match=r"dF/F of shape \(535, 2\) .* with the 3 cells"):
        load_nwb_populations(path)


def test_a_file_of_a_later_format_is_read_without_a_warning(tmp_path, one_plane):
    from pynwb import NWBHDF5IO

    later = tmp_path / "later.nwb"
    shutil.copy(one_plane, later)
    with h5py.File(later, "a") as file:
        for name in ("core", "hdmf-common"):
            (version,) = file["specifications"][name]
            cached = file["specifications"][name][version]
            text = cached["namespace"].asstr()[()].replace(f'"{version}"', '"99.0.0"')
            del cached["namespace"]
            cached["namespace"] = text
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with NWBHDF5IO(str(later), "r"):
            pass
    assert any("Ignoring" in str(warning.message) for warning in caught)
    expected = load_nwb_populations(one_plane).rows["change"]["V1_L23_pyr"]
    found = load_nwb_populations(later).rows["change"]["V1_L23_pyr"]
    np.testing.assert_array_equal(found, expected)


def test_without_pynwb_the_extra_is_named(monkeypatch, one_plane):
    monkeypatch.setitem(sys.modules, "pynwb", None)
    with pytest.raises(ImportError, match="needs pynwb, which comes with the extra neuro"):
        load_nwb_populations(one_plane, on_error="skip")


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"paths": []}, ValueError, "paths must name at least one file"),
        ({"paths": 3}, TypeError, "paths must be a path or several, got 3"),
        ({"events": ()}, ValueError, "events must name at least one of change"),
        ({"events": "lick"}, ValueError, r"events must be one of \['change', .* got 'lick'"),
        ({"active": "yes"}, TypeError, "active must be True or False, got 'yes'"),
        (
            {"experience": "Novel 1"},
            ValueError,
            "experience must be one of .* got 'Novel 1'",
        ),
        ({"depth_bins": "coarse"}, ValueError, "depth_bins must be 'disjoint', 'paper' or"),
        ({"depth_bins": {}}, TypeError, "depth_bins must be 'disjoint', 'paper' or"),
        ({"depth_bins": {"L4": (3, 2)}}, ValueError, r"0 <= from < to.* got \(3, 2\) for L4"),
        ({"depth_bins": {"L4": 3}}, ValueError, "0 <= from < to.* got 3 for L4"),
        ({"areas": ["VISp"]}, TypeError, r"areas must be a mapping .* got \['VISp'\]"),
        ({"cell_types": {}}, TypeError, "cell_types must be a mapping"),
        ({"window_start": "early"}, TypeError, "window_start must be a finite number, got 'early'"),
        ({"window_start": np.float64("nan")}, ValueError, "a finite number, got nan"),
        ({"n_frames": 0}, ValueError, "n_frames must be an integer of at least 1, got 0"),
        ({"frame_rate": 0}, ValueError, "frame_rate must be a number greater than 0, got 0"),
        ({"keep_cells": 1}, TypeError, "keep_cells must be True or False, got 1"),
        ({"clean_windows": None}, TypeError, "clean_windows must be True or False"),
        ({"infer_changes": 1}, TypeError, "infer_changes must be True or False"),
        ({"on_error": "ignore"}, ValueError, r"on_error must be one of \['raise', 'skip'\]"),
    ],
)
def test_arguments_are_checked(one_plane, arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        load_nwb_populations(**({"paths": one_plane} | arguments))


def test_a_folder_without_recordings_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no file \*.nwb"):
        load_nwb_populations(tmp_path)


def test_experience_that_nothing_tells_is_an_error_only_if_asked_for(tmp_path):
    path = write_experiment(
        tmp_path / "a.nwb",
        stimuli=presentations(is_image_novel=None),
    )
    assert load_nwb_populations(path).metadata["experience"].isna().all()
    with pytest.raises(ValueError, match="how well the mouse knows the images"):
        load_nwb_populations(path, experience="novel")
