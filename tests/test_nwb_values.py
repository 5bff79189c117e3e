"""What NWB files of real writers hold: values in units, depths with units, nothing twice."""

from __future__ import annotations

import re
import shutil
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nwb_files import (
    FLASH,
    OMISSIONS,
    add_plane,
    add_series,
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

from sk_biornn.datasets import load_nwb_populations, load_nwb_traces
from sk_biornn.datasets.nwb._depth import depth_in_numbers, depth_in_words

TIME = -0.75 + np.arange(16) / 10.7
SST = "Sst-IRES-Cre/wt"


def ophys_file(dff: np.ndarray | None = None, stimuli=None, **plane):
    """An NWB file in memory, to which more can be added, and the table of its cells."""
    file = new_file()
    add_subject(file, "m1", SST)
    table = add_plane(file, ramps(2) if dff is None else dff, **plane)
    add_stimuli(file, presentations() if stimuli is None else stimuli)
    return file, table


def change_rows(path: Path, **options) -> np.ndarray:
    (rows,) = load_nwb_populations(path, events="change", **options).rows["change"].values()
    return rows


def expected_rows(slope: float = 1.5, offset: float = 0.0) -> np.ndarray:
    """Mean of two cells whose dF/F is t and 2 t, at the changes of flashes 8, 16 and 34."""
    onsets = 10 + FLASH * np.array([8, 16, 34])
    return slope * (onsets[:, None] + TIME) + offset


def in_units(path: Path, holder: str = "dff", name: str = "traces") -> np.ndarray:
    """What pynwb itself says the values are."""
    from pynwb import NWBHDF5IO

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with NWBHDF5IO(str(path), "r") as io:
            return io.read().processing["ophys"][holder][name].get_data_in_units()


# Values


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16, np.uint8])
def test_values_are_in_units(tmp_path, dtype):
    """A scaled and shifted integer, as recordings are kept small: 100 * 0.01 + 5 = 6."""
    data = (np.arange(535)[:, None] % 200 + np.array([0, 50])).astype(dtype)
    path = write_experiment(tmp_path / "a.nwb", dff=data, conversion=0.01, offset=5.0)
    traces = load_nwb_traces(path)
    assert traces.values[100].tolist() == pytest.approx([6.0, 6.5])
    np.testing.assert_allclose(traces.values, in_units(path), rtol=1e-6)
    if dtype != np.float32:  # in which pynwb computes what is in it
        np.testing.assert_array_equal(traces.values, in_units(path))


def test_rows_of_populations_are_in_units(tmp_path):
    path = write_experiment(tmp_path / "a.nwb", dff=ramps(2), conversion=0.01, offset=-3.0)
    np.testing.assert_allclose(change_rows(path), expected_rows(0.015, -3.0), rtol=1e-12)


@given(
    conversion=st.floats(-1e3, 1e3).filter(lambda value: abs(value) > 1e-3),
    offset=st.floats(-1e3, 1e3),
)
def test_channels_have_conversions_of_their_own(conversion, offset):
    """A series of the core has none, one of an extension may; the formula is pynwb's."""
    from types import SimpleNamespace

    from sk_biornn.datasets.nwb._series import Series
    from sk_biornn.datasets.nwb._values import values_in_units

    data, channels = np.arange(6).reshape(3, 2), np.array([2.0, 3.0])
    traces = SimpleNamespace(
        data=data,
        conversion=conversion,
        offset=offset,
        channel_conversion=channels,
        timestamps=None,
    )
    found = values_in_units(Path("a.nwb"), Series("traces", "DfOverF", traces, None), 2)
    expected = [[offset + conversion * value * channels[c] for c, value in enumerate(row)]
                for row in data.tolist()]  # fmt: skip
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("name", "value"), [("conversion", np.nan), ("offset", np.inf)])
def test_a_conversion_that_is_no_number_is_refused(tmp_path, name, value):
    path = write_experiment(tmp_path / "a.nwb", dff=ramps(2), **{name: value})
    with pytest.raises(ValueError, match=f"with a {name} that is not finite"):
        load_nwb_populations(path)


def test_timestamps_of_another_unit_are_refused(tmp_path):
    path = write_experiment(tmp_path / "a.nwb")
    with h5py.File(path, "a") as file:
        file["processing/ophys/dff/traces/timestamps"].attrs["unit"] = "milliseconds"
    for load in (load_nwb_populations, load_nwb_traces):
        with pytest.raises(ValueError, match="timestamps of dF/F in milliseconds, which must be"):
            load(path)


def test_a_single_cell_may_have_one_dimension(tmp_path):
    path = write_experiment(tmp_path / "a.nwb", dff=timestamps())
    np.testing.assert_allclose(change_rows(path), expected_rows(1.0), rtol=1e-12)
    assert load_nwb_traces(path).values.shape == (535, 1)
    several = replace_data(write_experiment(tmp_path / "b.nwb"), timestamps())
    with pytest.raises(ValueError, match=r"shape \(535,\) .* with the 3 cells of its table"):
        load_nwb_populations(several)


@pytest.mark.parametrize("clock", [{}, {"rate": 10.71, "starting_time": 0.0}])
@pytest.mark.parametrize("n_cells", [1, 2])
def test_axes_the_wrong_way_round_are_understood(tmp_path, n_cells, clock):
    right = write_experiment(tmp_path / "a.nwb", dff=ramps(n_cells), **clock)
    wrong = write_experiment(tmp_path / "b.nwb", dff=ramps(n_cells), **clock)
    replace_data(wrong, ramps(n_cells).T)
    np.testing.assert_array_equal(change_rows(wrong), change_rows(right))
    np.testing.assert_array_equal(load_nwb_traces(wrong).values, ramps(n_cells))


def test_as_many_cells_as_samples_are_taken_as_the_format_has_them(tmp_path):
    data = np.arange(16.0).reshape(4, 4)
    path = write_experiment(tmp_path / "a.nwb", dff=data, timestamps=np.arange(4.0))
    np.testing.assert_array_equal(load_nwb_traces(path).values, data)


def test_a_number_of_timestamps_that_fits_neither_axis_is_refused(tmp_path):
    path = write_experiment(tmp_path / "a.nwb", dff=ramps(2))
    replace_data(path, timestamps()[:-1], "processing/ophys/dff/traces/timestamps")
    with pytest.raises(ValueError, match="534 timestamps for 535 samples of dF/F"):
        load_nwb_traces(path)
    replace_data(path, ramps(2).T)
    with pytest.raises(ValueError, match=r"dF/F of shape \(2, 535\) .* with the 2 cells"):
        load_nwb_traces(path)


def infinite_file(folder: Path) -> Path:
    dff = ramps(3)
    dff[[5, 236], 1] = np.inf, -np.inf
    return write_experiment(folder / "a.nwb", dff=dff)


def test_infinite_values_are_refused_or_missing(tmp_path):
    path = infinite_file(tmp_path)
    sentence = (
        "has infinite dF/F in 1 of 3 cells of imaging_plane_1, such as cell {}: infinite='nan' "
        r"reads them as missing\.$"
    )
    with pytest.raises(ValueError, match=sentence.format(1001)):
        load_nwb_populations(path)
    with pytest.raises(ValueError, match=sentence.format(101)):
        load_nwb_traces(path)
    data = load_nwb_populations(path, events="change", infinite="nan")
    assert data.metadata["n_cells"].tolist() == [
        3,
        2,
        3,
    ]  # -inf is at 22.0 s, in the window of flash 16
    with pytest.warns(UserWarning, match="NaN in dF/F of 1 of 3 cells, at 2 of 535 steps"):
        traces = load_nwb_traces(path, infinite="nan")
    assert np.isnan(traces.values[[5, 236], 1]).all()
    assert np.isnan(traces.values).sum() == 2


def test_infinite_values_of_invalid_cells_do_not_matter(tmp_path):
    dff = ramps(3)
    dff[:, 2] = np.inf
    path = write_experiment(tmp_path / "a.nwb", dff=dff, valid=[True, True, False])
    np.testing.assert_allclose(change_rows(path), expected_rows(), rtol=1e-12)


# Nothing twice


def test_two_series_of_one_plane_are_refused_or_chosen_from(tmp_path):
    file, table = ophys_file()
    add_series(file, table, 10 * ramps(2), "DfOverF", name="smooth")  # in the same DfOverF
    path = write(file, tmp_path / "a.nwb")
    with pytest.raises(ValueError, match="would count twice") as raised:
        load_nwb_populations(path)
    for text in ("ophys/dff/smooth and ophys/dff/traces", "imaging_plane_1", "series="):
        assert text in str(raised.value)
    for name in ("traces", "dff/traces", "ophys/dff/traces", ["traces", "other"]):
        np.testing.assert_allclose(change_rows(path, series=name), expected_rows(), rtol=1e-12)
    smooth = change_rows(path, series="smooth")
    np.testing.assert_allclose(smooth, expected_rows(15.0), rtol=1e-12)


@pytest.mark.parametrize("rois", [[0, 1], [1], [0]])
def test_two_holders_with_the_same_cells_are_refused(tmp_path, rois):
    """Whether they share all cells or some: of the plane there is one row per trial."""
    file, table = ophys_file()
    add_series(file, table, ramps(2)[:, rois], "DfOverF", holder_name="more", rois=rois)
    path = write(file, tmp_path / "a.nwb")
    with pytest.raises(ValueError, match="two series of dF/F of imaging_plane_1, ophys/dff/tr"):
        load_nwb_populations(path)
    assert len(change_rows(path, series="dff/traces")) == 3


def test_what_is_chosen_among_planes_keeps_its_own_depth(tmp_path):
    """The metadata of the file do not say which of its planes is 100 um deep."""
    file = new_file(imaging_depth=100)
    add_subject(file, "m1", SST)
    for number, depth in ((1, 175), (2, 275)):
        add_plane(file, ramps(2), number=number, description=f"at depth {depth} um")
    add_stimuli(file, presentations())
    path = write(file, tmp_path / "a.nwb")
    data = load_nwb_populations(path, events="change", series="dff_2/traces")
    assert set(data.metadata["depth"]) == {275.0}
    data = load_nwb_populations(path, events="change", depths={"imaging_plane_1": 300})
    assert data.metadata["depth"].unique().tolist() == [300.0, 275.0]


def test_a_series_that_does_not_exist_is_named_with_those_that_do(tmp_path):
    path = write_experiment(tmp_path / "a.nwb")
    sentence = "no series that is called 'races', which series= asks for: it has ophys/dff/traces"
    for load in (load_nwb_populations, load_nwb_traces):
        with pytest.raises(ValueError, match=sentence):
            load(path, series="races")


def test_a_series_that_is_linked_to_is_one(tmp_path):
    file, _ = ophys_file()
    path = write(file, tmp_path / "a.nwb")
    with h5py.File(path, "a") as file:
        module = file["processing/ophys"]
        again = module.create_group("dff_again")
        again.attrs.update({k: v for k, v in module["dff"].attrs.items() if k != "object_id"})
        again.attrs["object_id"] = "0c5f3b0e-0000-4000-8000-000000000000"
        again["traces"] = h5py.SoftLink("/processing/ophys/dff/traces")
    np.testing.assert_allclose(change_rows(path), expected_rows(), rtol=1e-12)


@pytest.mark.parametrize(
    ("rois", "sentence"),
    [([0, 0], "names the cell in row 0 of its table twice"), ([0, 7], "row 7 of a table")],
)
def test_cells_are_named_once_and_exist(tmp_path, rois, sentence):
    path = write_experiment(tmp_path / "a.nwb", dff=ramps(2))
    with h5py.File(path, "a") as file:
        file["processing/ophys/dff/traces/rois"][:] = rois
    for load in (load_nwb_populations, load_nwb_traces):
        with pytest.raises(ValueError, match=sentence):
            load(path)


def test_presentations_that_are_listed_twice_are_refused(tmp_path):
    file, _ = ophys_file()
    add_stimuli(file, presentations().iloc[:20], "All")
    path = write(file, tmp_path / "a.nwb")
    sentence = "the presentation at 10 s twice, in All_presentations and Natural_Images_present"
    with pytest.raises(ValueError, match=sentence):
        load_nwb_populations(path)


# Depths


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("(512, 512) field of view in VISp at depth 175 um", 175),
        ("plane at depth 0.35 mm", 350),
        ("16 bit depth 16, at depth 350 um", 350),
        ("field of view 400 um x 400 um at depth 175 um", 175),
        ("512 x 512 um, 350 microns below the pia", 350),
        ("Imaging depth: 350µm.", 350),
        ("a depth of approximately 225.5 μm", 225.5),
        ("depth (um): 350", 350),
        ("imaging_depth_um: 350", 350),
        ("depth [mm] = 0.35", 350),
        ("L2/3, 175 micrometers deep, depth of field 20 um", 175),
        ("depth 175 um (0.175 mm depth)", 175),
        # No unit, no depth, or more than one.
        ("depth 175", None),
        ("16 bit depth 16", None),
        ("bit depth 350 um", None),
        ("V1, 350 um", None),
        ("depth of field 20 um", None),
        ("field of view 400 um wide", None),
        ("at depth. 400 um field of view", None),
        ("depth 150-200 um", None),
        ("150 to 200 um deep", None),
        ("depths 150 and 200 um", None),
        ("depth 350 ± 10 um", None),
        ("at depth 150 um and at depth 200 um", None),
        ("depth 0,35 mm", None),
        ("depth 1,350 um", None),
        ("depth -175 um", None),
        ("depth 3.5e2 um", None),
        ("depth 350 um2", None),
        ("depth 350 nm", None),
        ("depth um 350 mm", None),
        ("350 um from bregma", None),
        ("", None),
    ],
)
def test_depths_in_words(text, depth):
    assert depth_in_words(text) == depth


@pytest.mark.parametrize(
    ("value", "depth"),
    [
        (175, 175), (np.int64(375), 375), (np.float32(275.5), 275.5), ("175", 175),
        ("0.35 mm", 350), ("350 um", 350), (b"350 microns", 350),
        (0.35, None), ("0.35", None), (-175, None), (np.nan, None), (np.inf, None), ("deep", None),
        ("150-200 um", None), (True, None),
    ],
)  # fmt: skip
def test_depths_in_numbers(value, depth):
    """A plain number is one of um, as the AllenSDK has it, and none of 0.35 um."""
    assert depth_in_numbers(value) == depth


@given(
    depth=st.integers(10, 999),
    unit=st.sampled_from([("um", 1), ("µm", 1), ("microns", 1), ("mm", 1000)]),
    frame=st.sampled_from(["{} field at depth {}", "{} bit, imaging depth: {}", "{} Hz, {} deep"]),
    other=st.integers(1, 999),
)
def test_a_depth_is_read_whatever_else_is_said(depth, unit, frame, other):
    name, size = unit
    assert depth_in_words(frame.format(other, f"{depth / size:g} {name}")) == depth


@pytest.mark.parametrize("text", ["depth 175", "at depth 150-200 um", "16 bit depth 16"])
def test_a_depth_that_is_not_clear_is_asked_for(tmp_path, text):
    path = write_experiment(tmp_path / "a.nwb", description=text, genotype=SST, n_cells=2)
    with pytest.raises(ValueError, match=r"how deep imaging_plane_1 is") as raised:
        load_nwb_populations(path)
    assert "depths={'imaging_plane_1': ...} gives it in um" in str(raised.value)
    assert repr(text) in str(raised.value)
    with pytest.raises(ValueError, match=r"depths must name .* got 'plane_1', which is"):
        load_nwb_populations(path, depths={"imaging_plane_1": 275, "plane_1": 275})
    for depths in (275, {"imaging_plane_1": 275}, {"1": 275.0}, {"1/imaging_plane_1": 275}):
        data = load_nwb_populations(path, events="change", depths=depths)
        assert list(data.rows["change"]) == ["V1_L4_sst"]
        assert set(data.metadata["depth"]) == {275.0}


def test_a_depth_in_mm_gives_its_own_layer(tmp_path):
    path = write_experiment(tmp_path / "a.nwb", description="plane at depth 0.35 mm")
    assert list(load_nwb_populations(path).rows["change"]) == ["V1_L4_pyr"]
    metadata = write_experiment(tmp_path / "b.nwb", facts={"imaging_depth": 0.35})
    with pytest.raises(ValueError, match=r"its imaging_depth is .*0\.35"):
        load_nwb_populations(metadata)


# Before the first image


@pytest.mark.parametrize("spontaneous", [False, True])
def test_what_is_omitted_before_the_first_image_is_no_trial(tmp_path, spontaneous):
    flags = presentations()
    flags.loc[[0, 1], "omitted"] = True
    flags.loc[[0, 1], "image_name"] = "omitted"
    file, _ = ophys_file(stimuli=flags)
    if spontaneous:
        grey = presentations().iloc[:1].assign(start_time=1.0, stop_time=9.0, image_name="nan")
        add_stimuli(file, grey, "spontaneous")
    data = load_nwb_populations(write(file, tmp_path / "a.nwb"), events="omission")
    assert data.metadata["time"].tolist() == [10 + FLASH * k for k in OMISSIONS]
    counts = data.counts.query("population == 'V1_L23_sst'")
    assert counts["n_events"].tolist() == [3]
    # They are none of the presentations, which are counted from the first on.
    assert data.metadata["trial"].tolist() == [k - 2 + spontaneous for k in OMISSIONS]


def test_presentations_without_a_start_are_called_that(tmp_path):
    path = write_experiment(tmp_path / "a.nwb", stimuli=presentations(start_time=np.nan))
    with pytest.raises(ValueError, match="stimulus presentations without a start_time"):
        load_nwb_populations(path)


def test_a_grey_screen_before_a_change_is_no_repeat(tmp_path):
    """The first image counts as a change in some files; nothing was repeated before it."""
    flags = presentations()
    flags.loc[0, "is_change"] = True
    file, _ = ophys_file(stimuli=flags)
    grey = presentations().iloc[:1].assign(start_time=5.0, stop_time=9.0, image_name="nan")
    add_stimuli(file, grey, "spontaneous")
    data = load_nwb_populations(write(file, tmp_path / "a.nwb"), events="pre_change")
    assert data.metadata["time"].tolist() == [10 + FLASH * k for k in (7, 15, 33)]


# Warnings of the libraries are no verdict


def test_what_the_library_deprecates_is_read(tmp_path):
    path = write_experiment(tmp_path / "a.nwb", dff=ramps(2))
    with h5py.File(path, "a") as file:
        file["general/devices/MESO.1"].attrs["manufacturer"] = "Thorlabs"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = change_rows(path)
        values = load_nwb_traces(path).values
        assert warnings.filters[0][0] == "error"  # as they were
    np.testing.assert_allclose(rows, expected_rows(), rtol=1e-12)
    np.testing.assert_array_equal(values, ramps(2))


# What is said


@pytest.mark.parametrize(
    ("options", "arguments", "words"),
    [
        (
            {"facts": {"session_type": "OPHYS_2_images_A_passive"}},
            {},
            "the session is passive, and active=True leaves all of it out (active=False or "
            "active=None takes it)",
        ),
        (
            {"facts": {"session_type": "OPHYS_1_images_A"}},
            {"active": False},
            "the session is active, and active=False leaves all of it out (active=True or "
            "active=None takes it)",
        ),
        (
            {"structure": "VISal"},
            {},
            "structure VISal is not asked for by areas= (VISp, VISl)",
        ),
        (
            {"genotype": "Ntsr1-Cre_GN220/wt"},
            {"cell_types": {"Vip-IRES-Cre": "VIP"}},
            "Cre line Ntsr1-Cre_GN220 is not asked for by cell_types= (Vip-IRES-Cre)",
        ),
        ({"depth": 600}, {}, "depth 600 um of Pyr is in no bin of depth_bins="),
        ({}, {"experience": "novel"}, "experience is Familiar, experience= asks for another"),
    ],
)
def test_what_is_left_out_names_the_argument(tmp_path, options, arguments, words):
    stimuli = presentations(active=None) if "facts" in options else presentations()
    path = write_experiment(tmp_path / "a.nwb", stimuli=stimuli, **options)
    with pytest.warns(UserWarning, match=re.escape(words)):
        data = load_nwb_populations(path, events="change", **arguments)
    assert data.files["reason"][0] == words


@pytest.mark.parametrize("form", ["data set", "attribute", "list"])
def test_a_file_of_an_older_format_is_called_that(tmp_path, form):
    path = tmp_path / "old.nwb"
    with h5py.File(path, "w") as file:
        file.create_group("general")
        if form == "attribute":
            file.attrs["nwb_version"] = "1.0.5"
        else:
            file["nwb_version"] = b"NWB-1.0.5" if form == "data set" else [b"NWB-1.0.5"]
    for load in (load_nwb_populations, load_nwb_traces):
        with pytest.raises(ValueError) as raised:
            load(path)
        assert str(raised.value) == (
            f"{path} is of the older format NWB-1.0.5, which pynwb cannot read."
        )


def test_fluorescence_is_offered_where_there_is_no_dff_and_can_be_read(tmp_path):
    holder = {"holder": "Fluorescence", "holder_name": "corrected", "name": "raw"}
    path = write_experiment(tmp_path / "a.nwb", dff=ramps(2), **holder)
    for load in (load_nwb_populations, load_nwb_traces):
        with pytest.raises(ValueError) as raised:
            load(path)
        assert str(raised.value) == (
            f"{path} has no dF/F traces: there is no DfOverF in its processing modules (ophys); it "
            "has Fluorescence (ophys/corrected/raw), which kind='Fluorescence' reads."
        )
    rows = change_rows(path, kind="Fluorescence")
    np.testing.assert_allclose(rows, expected_rows(), rtol=1e-12)
    description = load_nwb_populations(path, kind="Fluorescence").DESCR
    assert "activity (fluorescence)" in description and "dF/F" not in description


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    return write_experiment(tmp_path_factory.mktemp("nwb") / "whole.nwb", n_cells=2)


@pytest.mark.parametrize(
    ("part", "damage"),
    [
        ("intervals/Natural_Images_presentations/id", "empty"),
        ("processing/ophys/dff/traces/timestamps", "text"),
        ("processing/ophys/dff/traces/rois", "text"),
        ("processing/ophys/dff/traces/rois", "gone"),
        ("processing/ophys/dff/traces/rois", "no table"),
        ("processing/ophys/image_segmentation/cell_specimen_table/id", "empty"),
        ("general/subject/age", "no meaning"),
    ],
)
def test_no_damage_shows_the_insides_of_a_library(tmp_path, whole, part, damage):
    path = tmp_path / "a.nwb"
    shutil.copy(whole, path)
    with h5py.File(path, "a") as file:
        attributes = dict(file[part].attrs)
        if damage == "no table":
            del file[part].attrs["table"]
        elif damage == "no meaning":
            file[part].attrs["reference"] = "lunch"
        else:
            del file[part]
        if damage in ("empty", "text"):
            file[part] = np.zeros(0, dtype=np.int64) if damage == "empty" else [b"text"] * 2
            file[part].attrs.update(attributes)
    for load in (load_nwb_populations, load_nwb_traces):
        with pytest.raises(ValueError) as raised:
            load(path)
        text = str(raised.value)
        assert text.startswith(str(path)) and text.endswith(".") and "\n" not in text
        said = text.replace(str(path), "").replace("_presentations", "")
        assert not re.search(r"__|\b_\w|has no attribute|NoneType|ufunc|<class", said)


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"kind": "dff"}, ValueError, r"kind must be one of \['DfOverF', 'Fluorescence', 'events'"),
        ({"series": 3}, TypeError, "series must be None, the name of a series or a list of names"),
        ({"series": []}, TypeError, r"list of names, got \[\]"),
        ({"depths": "175"}, TypeError, "depths must be None, a number of um or a mapping"),
        ({"depths": {}}, TypeError, r"depths must be .* got \{\}"),
        ({"depths": {"p": -1}}, ValueError, r"depths\['p'\] must be a number of at least 0"),
        ({"infinite": None}, TypeError, r"infinite must be one of \['raise', 'nan'\]"),
    ],
)
def test_arguments_are_checked(tmp_path, arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        load_nwb_populations(tmp_path / "any.nwb", **arguments)
