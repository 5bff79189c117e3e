"""Connection probabilities as the literature prints them: square files, in either orientation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sk_biornn.biology import block_probabilities, check_populations, cortical_populations
from sk_biornn.datasets import load_connection_probabilities, read_connection_probabilities
from sk_biornn.units.names import cell_type_name

# E reaches I with 0.4, I reaches E with 0.5.
EXPECTED = pd.DataFrame(
    [[0.1, 0.5], [0.4, 0.2]],
    index=pd.Index(["E", "I"], name="post"),
    columns=pd.Index(["E", "I"], name="pre"),
)
PRE_BY_POST = ("E,I", "E,0.1,0.4", "I,0.5,0.2")
POST_BY_PRE = ("E,I", "E,0.1,0.5", "I,0.4,0.2")


@pytest.fixture
def write(tmp_path):
    """Write lines to square.csv, the first one behind a corner."""

    def write_lines(corner, heading, *lines):
        path = tmp_path / "square.csv"
        path.write_text("\n".join([f"{corner},{heading}", *lines]) + "\n", encoding="utf-8")
        return path

    return write_lines


@pytest.mark.parametrize(
    ("orientation", "lines"), [("pre_by_post", PRE_BY_POST), ("post_by_pre", POST_BY_PRE)]
)
@pytest.mark.parametrize("corner", ["", "post", "as_typed_rows"])
def test_a_square_file_is_turned_to_post_by_pre(write, corner, orientation, lines):
    read = read_connection_probabilities(write(corner, *lines), orientation=orientation)
    pd.testing.assert_frame_equal(read, EXPECTED)
    assert read.attrs["source"] == "square.csv"


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize(
    ("corner", "orientation", "lines"),
    [
        ("pre\\post", "pre_by_post", PRE_BY_POST),
        ("pre/post", "pre_by_post", PRE_BY_POST),
        ("Presynaptic | Postsynaptic", "pre_by_post", PRE_BY_POST),
        ("post\\pre", "post_by_pre", POST_BY_PRE),
        ("\ufeffPost / Pre", "post_by_pre", POST_BY_PRE),
    ],
)
def test_a_corner_says_the_orientation(write, corner, orientation, lines, given):
    path = write(corner, *lines)
    read = read_connection_probabilities(path, orientation=orientation if given else None)
    pd.testing.assert_frame_equal(read, EXPECTED)


def test_names_may_be_in_another_order_on_the_other_side(write):
    path = write("pre\\post", "I,E", "E,0.4,0.1", "I,0.2,0.5")
    read = read_connection_probabilities(path, names=["E", "I", "VIP"])
    pd.testing.assert_frame_equal(read.loc[["E", "I"], ["E", "I"]], EXPECTED)


def test_layers_and_cell_types_have_one_spelling(write):
    lines = ["L23: ViP,L2/3: PV", "L2/3: Pvalb,0.1,0.2", "layer 2/3: VIP,0.3,0.4"]
    read = read_connection_probabilities(write("post/pre", *lines))
    assert read.shape == (2, 2) and read.index.names == ["post_layer", "post_cell_type"]
    assert read.loc[("L2/3", "PV"), ("L2/3", "VIP")] == 0.1
    assert read.loc[("L2/3", "VIP"), ("L2/3", "PV")] == 0.4


def test_names_of_populations_in_two_spellings_are_one(write):
    read = read_connection_probabilities(write("post/pre", "E,V1_ViP", "V1_VIP,0.4,0.2", "E,0.1,0"))
    assert read.index.tolist() == read.columns.tolist() == ["V1_VIP", "E"]
    assert read.loc["V1_VIP", "E"] == 0.4 and read.loc["E", "E"] == 0.1


def test_the_table_of_the_package_survives_a_square_file(tmp_path):
    expected = load_connection_probabilities()
    labels = [": ".join(label) for label in expected.index]
    square = expected.set_axis(labels, axis=0).set_axis(labels, axis=1)
    for orientation, table in (("post_by_pre", square), ("pre_by_post", square.T)):
        table.to_csv(tmp_path / "square.csv")
        read = read_connection_probabilities(tmp_path / "square.csv", orientation=orientation)
        pd.testing.assert_frame_equal(read, expected)


def test_an_empty_cell_is_a_pair_that_is_not_given(write):
    path = write("pre\\post", "E,I", "E,0.1,", "I,0.5,0.2")
    with pytest.raises(ValueError, match="every pair, got none for pre E to post I; fill_missing"):
        read_connection_probabilities(path)
    read = read_connection_probabilities(path, fill_missing=0.0)
    assert read.loc["I", "E"] == 0.0 and read.loc["E", "I"] == 0.5


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["E,I", "E,0.1,0.2", "I,1.1,0"], r"values in \[0, 1\], got 1.1 for pre I to post E"),
        (["E,I", "E,0.1,-0.2", "I,0,0"], r"values in \[0, 1\], got -0.2 for pre E to post I"),
        (["E,I", "E,0.1,nan", "I,0,0"], "every pair, got none for pre E to post I"),
        (["E,I", "E,0.1,inf", "I,0,0"], r"values in \[0, 1\], got inf"),
        (["E,I", "E,0.1,NA", "I,0,0"], "every pair, got none for pre E to post I"),
        (["E,I", "E,0.1,x", "I,0,0"], "hold numbers, got 'x'"),
        (["E,I", "E,0.1,0.2"], "heading, got I in its heading only"),
        (["E", "E,0.1", "I,0.2"], "heading, got I in its first column only"),
        (["A,B", "E,0.1,0.2", "I,0,0"], "heading, got E, I in its first column only"),
        (["E,I,E", "E,0,0,0", "I,0,0,0"], "every name once in its heading, got E twice"),
        (["E,I", "E,0,0", "I,0,0", "e,0,0"], "every name once in its first column, got e twice"),
        (["E,", "E,0,0", ",0,0"], "both sides of every pair, got an empty name"),
        (["E,X", "E,0,0", "X,0,0"], "known populations only, got X"),
        (["E,I", "E,0,0,0", "I,0,0,0"], "more values than its heading"),
        (["E,I"], "has no rows"),
    ],
)
def test_bad_square_files_are_refused_and_named(write, lines, message):
    with pytest.raises(ValueError, match=message) as info:
        read_connection_probabilities(write("pre\\post", *lines), names=["E", "I"])
    assert "square.csv" in str(info.value) and "\n" not in str(info.value)


@pytest.mark.parametrize("corner", ["", "pre", "post", "pre/pre", "type"])
def test_a_square_that_does_not_say_its_orientation_is_refused(write, corner):
    expected = r"^orientation must be 'pre_by_post' for the square table .*square.csv if its first "
    with pytest.raises(ValueError, match=expected + r".*'post_by_pre' if .*, got None\.$"):
        read_connection_probabilities(write(corner, *PRE_BY_POST))


def test_an_orientation_that_contradicts_the_file_is_refused(write, tmp_path):
    expected = (
        r"^orientation must be 'pre_by_post' or None for .*, whose corner says pre\\post, got"
    )
    with pytest.raises(ValueError, match=f"{expected} 'post_by_pre'"):
        read_connection_probabilities(write("pre\\post", *PRE_BY_POST), orientation="post_by_pre")
    with pytest.raises(ValueError, match=r"^orientation must be None for .*, whose columns say"):
        read_connection_probabilities(
            write("pre", "post,probability", "E,E,0.1"), orientation="post_by_pre"
        )
    with pytest.raises(ValueError, match=r"orientation must be one of \['post_by_pre', 'pre_"):
        read_connection_probabilities(write("", *PRE_BY_POST), orientation="rows")


def test_a_file_that_is_neither_long_nor_square_is_told_both(write):
    path = write("source", "target,weight", "E,I,0.1")
    with pytest.raises(ValueError, match=r"columns pre, post and probability .* or the same names"):
        read_connection_probabilities(path)


# Spellings of cell types


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *[(name, "PV") for name in ("Pvalb", "PVALB", " parvalbumin", "Parvalbumin", "pv")],
        *[("Sst", "SST"), ("Vip", "VIP"), ("Htr3a", "Htr3a")],
    ],
)
def test_genes_name_cell_types(name, expected):
    assert cell_type_name(name) == expected


def test_pvalb_is_pv_in_tables_of_populations():
    table = cortical_populations(("V1",), ("L4",), {"Pyr": 4, "Pvalb": 1}, scaling=1)
    assert table["population"].tolist() == ["V1_L4_pyr", "V1_L4_pv"]
    assert table["sign"].tolist() == [1, -1] and table["cell_type"].tolist() == ["Pyr", "PV"]
    own = pd.DataFrame({"population": ["a"], "n_units": [1], "sign": [-1], "cell_type": ["Pvalb"]})
    assert check_populations(own)["cell_type"].tolist() == ["PV"]


# The files of the literature


@pytest.fixture
def published(data_dir):
    folder = data_dir / "celltype_connectivity"
    if not folder.is_dir():
        pytest.skip(f"no tables of the literature at {folder}")
    return folder


def test_billeh_et_al_says_its_orientation(published):
    path = published / "billeh2020_prob_75um_pre_by_post.csv"
    read = read_connection_probabilities(path)
    assert read.shape == (12, 12)
    # Pfeffer et al. (2013): SST reaches PV, PV hardly reaches SST.
    assert read.loc["PV23", "SST23"] == 0.857 and read.loc["SST23", "PV23"] == 0.03
    raw = pd.read_csv(path, index_col=0)
    assert_array_equal(read.loc[raw.columns, raw.index], raw.to_numpy().T)
    with pytest.raises(ValueError, match="whose corner says"):
        read_connection_probabilities(path, orientation="post_by_pre")


def test_billeh_et_al_becomes_densities_of_populations(published):
    read = read_connection_probabilities(published / "billeh2020_prob_75um_pre_by_post.csv")
    types, layers = {"E": "Pyr", "PV": "PV", "SST": "SST"}, {"23": "L2/3", "4": "L4", "5": "L5"}
    names = {
        f"{a}{b}": f"{layer}: {kind}" for a, kind in types.items() for b, layer in layers.items()
    }
    populations = cortical_populations(
        ("V1",), tuple(layers.values()), {"Pyr": 8, "Pvalb": 2, "Sst": 1}, scaling=1
    )
    kept = list(names)
    table = read.loc[kept, kept].rename(index=names, columns=names)
    density = block_probabilities(populations, table).density
    place = populations["population"].tolist().index
    assert density[place("V1_L23_pv"), place("V1_L23_sst")] == 0.857
    assert density[place("V1_L4_pyr"), place("V1_L23_pyr")] == 0.016
    assert density[place("V1_L23_pyr"), place("V1_L4_pyr")] == 0.14


def test_strengths_in_mv_are_no_probabilities(published):
    with pytest.raises(ValueError, match=r"in \[0, 1\], got 1.49 for pre E23 to post PV23"):
        read_connection_probabilities(published / "billeh2020_upsp_mV_abs_pre_by_post.csv")


def test_campagnola_et_al_needs_the_orientation_as_typed(published):
    path = published / "campagnola2022_L23_pmax_as_typed.csv"
    with pytest.raises(ValueError, match="orientation must be 'pre_by_post' for the square"):
        read_connection_probabilities(path)
    typed = read_connection_probabilities(path, orientation="post_by_pre")
    inferred = read_connection_probabilities(
        published / "campagnola2022_L23_pmax_pre_by_post_INFERRED.csv"
    )
    pd.testing.assert_frame_equal(typed, inferred)
    assert typed.loc["Vip", "Pvalb"] == 0.0 and typed.loc["Pvalb", "Vip"] == 0.04
    assert np.isfinite(typed.to_numpy()).all()


@pytest.mark.parametrize("text", ["pre\\post,A\nA,0.3\n", "post|pre,A\nA,0.3\n"])
def test_a_square_file_of_one_population(tmp_path, text):
    """The array of a frame of one cell is a view that cannot be written to."""
    path = tmp_path / "one.csv"
    path.write_text(text)
    table = read_connection_probabilities(path)
    assert table.loc["A", "A"] == 0.3 and table.shape == (1, 1)
    populations = pd.DataFrame({"population": ["A"], "n_units": [5], "sign": [1]})
    assert block_probabilities(populations, table).density.tolist() == [[0.3]]
    path.write_text(text.replace("0.3", ""))
    assert read_connection_probabilities(path, fill_missing=0.1).loc["A", "A"] == 0.1
