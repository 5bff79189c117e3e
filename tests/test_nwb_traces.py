"""Whole traces from NWB files of several writers, made by pynwb with answers known beforehand."""

from __future__ import annotations

import dataclasses
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from nwb_files import (
    EVENT_DETECTION,
    add_plane,
    add_series,
    new_file,
    ramps,
    timestamps,
    write,
    write_experiment,
)

from sk_biornn.datasets import Traces, load_nwb_populations, load_nwb_traces

CLOCK = {"rate": 10.0, "starting_time": 2.0}
DATA = np.arange(12.0).reshape(4, 3)


@pytest.fixture(scope="module")
def allen(tmp_path_factory) -> Path:
    """As the AllenSDK writes it: dF/F, two kinds of fluorescence, the neuropil, events."""
    file = new_file()
    table = add_plane(file, ramps(3), valid=[True, False, True])
    for number, name in enumerate(("corrected_fluorescence", "demixed_trace", "neuropil_trace")):
        add_series(file, table, ramps(3) + number + 1, "Fluorescence", holder_name=name)
    add_series(
        file, table, 1 * (ramps(3) > 50), EVENT_DETECTION, name="event_detection", noise_std=0.1
    )
    return write(file, tmp_path_factory.mktemp("nwb") / "allen.nwb")


@pytest.fixture(scope="module")
def suite2p(tmp_path_factory) -> Path:
    """As suite2p and neuroconv write it: two planes, each with three series of one type."""
    file = new_file()
    for number in (1, 2):
        series = {"name": f"Plane{number}", **CLOCK}
        data = number * DATA
        held = {"holder": "Fluorescence", "holder_name": "Fluorescence"}
        table = add_plane(file, data, number=number, **held, **series)
        for factor, name in ((10, "Neuropil"), (100, "Deconvolved")):
            add_series(file, table, factor * data, "Fluorescence", holder_name=name, **series)
    return write(file, tmp_path_factory.mktemp("nwb") / "suite2p.nwb")


def test_values_times_and_cells(allen):
    traces = load_nwb_traces(allen)
    np.testing.assert_array_equal(traces.values, ramps(3))
    np.testing.assert_array_equal(traces.times, timestamps())
    assert traces.values.dtype == traces.times.dtype == np.float64
    expected = pd.DataFrame(
        {
            "roi": [100, 101, 102],
            "cell_specimen_id": [1000, 1001, 1002],
            "valid_roi": [True, False, True],
        }
    )
    pd.testing.assert_frame_equal(traces.cells, expected)
    assert (traces.plane, traces.series, traces.unit) == (
        "imaging_plane_1", "ophys/dff/traces", "NA",
    )  # fmt: skip
    with pytest.raises(dataclasses.FrozenInstanceError):
        traces.values = ramps(1)


def test_events_are_found_by_their_type(allen):
    traces = load_nwb_traces(allen, kind="events")
    np.testing.assert_array_equal(traces.values, (ramps(3) > 50).astype(float))
    assert traces.series == "ophys/event_detection"


def test_several_series_of_a_kind_are_named_and_chosen_from(allen):
    with pytest.raises(ValueError) as raised:
        load_nwb_traces(allen, "Fluorescence")
    assert str(raised.value) == (
        f"{allen} has 2 series of fluorescence, ophys/corrected_fluorescence/traces (of "
        "imaging_plane_1) and ophys/demixed_trace/traces (of imaging_plane_1): choose one by "
        "series=."
    )
    for number, name in enumerate(("corrected_fluorescence", "demixed_trace", "neuropil_trace")):
        traces = load_nwb_traces(allen, "Fluorescence", series=f"{name}/traces")
        np.testing.assert_array_equal(traces.values, ramps(3) + number + 1)
    # "traces" is the name of four series, of which one is dF/F.
    np.testing.assert_array_equal(load_nwb_traces(allen, series="traces").values, ramps(3))


def test_several_planes_are_named_and_chosen_from(suite2p):
    for choice in ({"plane": "imaging_plane_2"}, {"series": "Plane2"}):
        for kind, factor in (("Fluorescence", 2), ("events", 200)):
            traces = load_nwb_traces(suite2p, kind, **choice)
            np.testing.assert_array_equal(traces.values, factor * DATA)
            np.testing.assert_allclose(traces.times, [2.0, 2.1, 2.2, 2.3])
            assert traces.cells["roi"].tolist() == [200, 201, 202]
    with pytest.raises(ValueError, match="choose one by series= or plane="):
        load_nwb_traces(suite2p, "events")
    with pytest.raises(
        ValueError, match=r"plane 'p', which plane= asks for: .*g_plane_1, imaging_plane_2"
    ):
        load_nwb_traces(suite2p, "events", plane="p")
    neuropil = load_nwb_traces(suite2p, "Fluorescence", series="Neuropil/Plane1")
    np.testing.assert_array_equal(neuropil.values, 10 * DATA)


@pytest.mark.parametrize(
    ("holder", "place", "kind"),
    [
        ("DfOverF", "ophys/DfOverF/RoiResponseSeries", "DfOverF"),
        ("DfOverF", "imaging/my traces/x", "DfOverF"),
        ("Fluorescence", "ophys/DfOverF/RoiResponseSeries", "DfOverF"),
        ("Fluorescence", "imaging/Fluorescence/dFF", "DfOverF"),
        (None, "ophys/deltaF_over_F", "DfOverF"),
        ("Fluorescence", "imaging/Fluorescence/RoiResponseSeries", "Fluorescence"),
        ("Fluorescence", "ophys/Fluorescence/neuropil_corrected", "Fluorescence"),
        (None, "ophys/raw_fluorescence", "Fluorescence"),
        ("Fluorescence", "ophys/Fluorescence/Deconvolved", "events"),
        ("DfOverF", "ophys/DfOverF/events", "events"),
        (None, "imaging/inferred_spikes", "events"),
    ],
)
def test_each_kind_is_found_under_the_names_in_use(tmp_path, holder, place, kind):
    file = new_file()
    table = add_plane(file, DATA, holder="Fluorescence", holder_name="Neuropil", **CLOCK)
    module, *names = place.split("/")
    where = {"module": module, "holder_name": names[0], "name": names[-1]}
    add_series(file, table, 7 * DATA, holder, **where, **CLOCK)
    path = write(file, tmp_path / "a.nwb")
    traces = load_nwb_traces(path, kind)
    assert traces.series == place
    np.testing.assert_array_equal(traces.values, 7 * DATA)
    other = "events" if kind == "DfOverF" else "DfOverF"
    with pytest.raises(ValueError, match=f"which kind='{kind}' reads"):
        load_nwb_traces(path, other)


def test_series_among_the_acquired_data_and_of_no_kind(tmp_path):
    file = new_file()
    table = add_plane(file, DATA, holder="Fluorescence", holder_name="Neuropil", **CLOCK)
    add_series(file, table, 3 * DATA, None, name="roi_traces", module="acquisition", **CLOCK)
    path = write(file, tmp_path / "a.nwb")
    with pytest.raises(ValueError, match=r"it has .*roi_traces.*, which series= reads by its name"):
        load_nwb_traces(path)
    np.testing.assert_array_equal(load_nwb_traces(path, series="roi_traces").values, 3 * DATA)


def test_some_cells_of_a_table_in_another_order(tmp_path):
    """The region says which cell a column is of."""
    file = new_file()
    table = add_plane(file, DATA, holder="Fluorescence", holder_name="Neuropil", **CLOCK)
    table.add_column("kind", "d", data=["a", "b", "c"])
    add_series(file, table, DATA[:, :2], "DfOverF", holder_name="d", rois=[2, 0], **CLOCK)
    traces = load_nwb_traces(write(file, tmp_path / "a.nwb"))
    assert traces.cells["roi"].tolist() == [102, 100]
    assert traces.cells["kind"].tolist() == ["c", "a"]
    frame = traces.to_frame()
    assert frame[102].tolist() == DATA[:, 0].tolist()
    assert (frame.index.name, frame.columns.name) == ("time", "roi")
    np.testing.assert_allclose(frame.index, [2.0, 2.1, 2.2, 2.3])


def test_columns_of_several_values_per_cell_are_left_out(tmp_path):
    file = new_file()
    table = add_plane(file, DATA, **CLOCK)
    table.add_column("centre", "d", data=np.zeros((3, 2)))
    table.add_column("neighbours", "d", data=[1, 2, 2], index=[1, 2, 3])
    columns = load_nwb_traces(write(file, tmp_path / "a.nwb")).cells.columns.tolist()
    assert columns == ["roi", "cell_specimen_id", "valid_roi"]


def test_cells_need_not_be_of_a_plane(tmp_path):
    from hdmf.common import DynamicTable

    file = new_file()
    table = DynamicTable(name="cells", description="d", id=[5, 6, 7])
    file.create_processing_module("ophys", "d").add(table)
    add_series(file, table, DATA, "DfOverF", **CLOCK)
    path = write(file, tmp_path / "a.nwb")
    traces = load_nwb_traces(path)
    assert traces.plane is None and traces.cells["roi"].tolist() == [5, 6, 7]
    with pytest.raises(ValueError, match="does not say which imaging plane ophys/dff/traces is of"):
        load_nwb_populations(path)


def test_irregular_timestamps_are_reported(tmp_path):
    times = np.arange(20) / 10
    times[12:] += 0.5
    path = write_experiment(tmp_path / "a.nwb", dff=ramps(2, times), timestamps=times)
    with pytest.warns(UserWarning, match=r"1 of 19 steps differ from the usual 0\.1 s .*to 0\.6 s"):
        traces = load_nwb_traces(path)
    np.testing.assert_array_equal(traces.times, times)
    jittered = np.arange(20) / 10 + 0.004 * np.array([0, 1] * 10)
    path = write_experiment(tmp_path / "b.nwb", dff=ramps(2, jittered), timestamps=jittered)
    assert load_nwb_traces(path).times[1] == jittered[1]  # without a word


@pytest.mark.parametrize("times", [[0.0, 0.2, 0.1, 0.3], [0.0, np.nan, 0.1, 0.2], [0, 0, 1, 2]])
def test_timestamps_that_do_not_increase_are_refused(tmp_path, times):
    path = write_experiment(tmp_path / "a.nwb", dff=DATA, timestamps=np.array(times, dtype=float))
    with pytest.raises(ValueError, match="timestamps of dF/F that do not increase"):
        load_nwb_traces(path)


def test_gaps_are_reported_with_the_way_out(tmp_path):
    data = DATA.copy()
    data[1, :2], data[2, 0] = np.nan, np.nan
    path = write_experiment(tmp_path / "a.nwb", dff=data, **CLOCK)
    sentence = "NaN in dF/F of 2 of 3 cells, at 2 of 4 steps, .* pass the stretches between gaps as"
    with pytest.warns(UserWarning, match=sentence) as caught:
        traces = load_nwb_traces(path)
    assert Path(caught[0].filename).name == Path(__file__).name  # the line of who called
    np.testing.assert_array_equal(traces.values, data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="pass the stretches"):  # ours is none of the library
            load_nwb_traces(path)


def test_a_series_of_no_cells_of_a_plane_is_refused(tmp_path):
    path = write_experiment(tmp_path / "a.nwb", dff=np.zeros((4, 0)), **CLOCK)
    with pytest.raises(ValueError, match="dF/F of no cell in imaging_plane_1"):
        load_nwb_traces(path)


def test_a_file_without_imaging_is_refused(tmp_path):
    path = write(new_file(), tmp_path / "a.nwb")
    for kind, words in (
        ("DfOverF", r"no dF/F traces: there is no DfOverF in its processing modules \(none\)\.$"),
        ("events", r"no event traces: there is no series of events in its processing modules"),
    ):
        with pytest.raises(ValueError, match=words):
            load_nwb_traces(path, kind)


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"path": 3}, TypeError, "path must be the path of a file, got 3"),
        ({"path": "none.nwb"}, FileNotFoundError, r"none\.nwb does not exist"),
        ({"kind": "spikes"}, ValueError, r"kind must be one of \['DfOverF', .* got 'spikes'"),
        ({"plane": 1}, TypeError, "plane must be None or the name of an imaging plane, got 1"),
        ({"series": ["a"]}, TypeError, r"series must be None or the name of a series, got \['a'\]"),
        ({"series": ""}, TypeError, "series must be None, the name of a series"),
        ({"infinite": "drop"}, ValueError, r"infinite must be one of \['raise', 'nan'\]"),
    ],
)
def test_arguments_are_checked(allen, arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        load_nwb_traces(**({"path": allen} | arguments))


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ValueError, match="path must be the path of a file, got the folder"):
        load_nwb_traces(tmp_path)


def test_without_pynwb_the_extra_is_named(monkeypatch, allen):
    monkeypatch.setitem(sys.modules, "pynwb", None)
    with pytest.raises(
        ImportError, match="load_nwb_traces needs pynwb, which comes with the extra"
    ):
        load_nwb_traces(allen)


def test_traces_feed_a_network(allen):
    from sk_biornn import DaleRNNRegressor

    traces = load_nwb_traces(allen)
    assert isinstance(traces, Traces)
    X = (traces.values[:100] / 50)[None, :, traces.cells["valid_roi"]]
    network = DaleRNNRegressor(n_units=8, max_iter=1, random_state=0).fit(X[:, :-1], X[:, 1:])
    assert network.predict(X).shape == (1, 100, 2)


def test_gaps_are_refused_by_a_network_with_the_way_out_and_taken_as_a_list(tmp_path):
    from sk_biornn import DaleRNNRegressor

    data = np.sin(np.arange(40.0)).reshape(20, 2)
    data[8:10] = np.nan
    path = write_experiment(tmp_path / "a.nwb", dff=data, **CLOCK)
    with pytest.warns(UserWarning, match="pass the stretches between gaps as a list"):
        values = load_nwb_traces(path).values
    network = DaleRNNRegressor(n_units=8, max_iter=1, random_state=0)
    with pytest.raises(ValueError, match="pass the stretches between gaps as a list"):
        network.fit(values[None, :-1], np.zeros((1, 19, 2)))
    stretches = [values[:8], values[10:]]
    network.fit([part[:-1] for part in stretches], [part[1:] for part in stretches])
    assert [len(part) for part in network.predict(stretches)] == [8, 10]
