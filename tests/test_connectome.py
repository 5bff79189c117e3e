"""Connectomes: a known circuit in every container that people bring, read as it was or refused."""

from __future__ import annotations

import copy
import datetime
import pickle
import warnings
from pathlib import Path

import h5py
import networkx as nx
import numpy as np
import openpyxl
import pandas as pd
import pytest
import scipy.io
import scipy.sparse as sp
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sk_biornn.datasets import read_connectome
from sk_biornn.units import Connectome
from sk_biornn.units.coordinate_names import is_coordinate
from sk_biornn.units.orientation import axes_are_unknown_sides, axis_side
from sk_biornn.units.signs import sign_array

NAMES = ("AVAL", "VA1", "DD1")
# [post, pre]: AVAL drives VA1 (3) and DD1 (1), VA1 drives DD1 (2), DD1 drives VA1 (4) and itself.
W = np.array([[0.0, 0, 0], [3, 0, 4], [1, 2, 5]])
EDGES = [
    ("AVAL", "VA1", 3),
    ("AVAL", "DD1", 1),
    ("VA1", "DD1", 2),
    ("DD1", "VA1", 4),
    ("DD1", "DD1", 5),
]
SIGNS = {"AVAL": 1, "VA1": 1, "DD1": -1}
POSITIONS = {"AVAL": (0.0, 1.0, 2.0), "VA1": (3.0, 4.0, 5.0), "DD1": (6.0, 7.0, 8.0)}
TYPES = {"AVAL": "interneuron", "VA1": "motor", "DD1": "motor"}
ASKED = r"^orientation must be 'pre_by_post' for .* if its rows are .*, 'post_by_pre' if they"
BIG = (648518346349539437, 648518346349539438)  # as floats they are one


def edge_frame(**names):
    frame = pd.DataFrame(EDGES, columns=["pre", "post", "weight"])
    return frame.rename(columns=names)


def square_frame(rows="post", columns="pre"):
    axes = pd.Index(NAMES, name=rows), pd.Index(NAMES, name=columns)
    return pd.DataFrame(W, index=axes[0], columns=axes[1])


def circuit(**parts):
    return Connectome(W, NAMES, **parts)


def check(read, weights=W, names=NAMES):
    """The circuit as it is known, in the order of `names`."""
    assert read.names == tuple(names)
    assert_array_equal(read.weights, weights)


@pytest.fixture
def write(tmp_path):
    def write_text(text, name="edges.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_text


# The value


def test_a_connectome_is_what_was_given_and_cannot_be_changed():
    given = W.copy()
    read = Connectome(
        given, list(NAMES), signs=[1, 1, -1], positions=np.eye(3), types=["i", "m", "m"]
    )
    given[0, 0] = 9
    check(read)
    assert read.n_units == 3 and read.types == ("i", "m", "m")
    assert repr(read) == "Connectome(3 units, 5 edges, with signs, positions, types)"
    for array in (read.weights, read.signs, read.positions):
        assert array.dtype == np.float64
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7
    with pytest.raises(AttributeError):
        read.weights = W
    assert repr(Connectome([[True]], ["A"])) == "Connectome(1 unit, 1 edge)"


def test_copies_stay_read_only():
    for other in (
        copy.deepcopy(circuit(signs=[1, 1, -1])),
        pickle.loads(pickle.dumps(circuit(signs=[1, 1, -1]))),
    ):
        check(other)
        assert not other.weights.flags.writeable and not other.signs.flags.writeable


def test_a_subset_has_the_order_that_was_asked_for():
    whole = circuit(
        signs=[1, 1, -1], positions=list(POSITIONS.values()), types=list(TYPES.values())
    )
    part = whole.subset(["DD1", "AVAL"])
    check(part, [[5, 1], [0, 0]], ["DD1", "AVAL"])
    assert part.signs.tolist() == [-1, 1] and part.types == ("motor", "interneuron")
    assert part.positions.tolist() == [[6, 7, 8], [0, 1, 2]]
    check(whole.subset(np.array(NAMES)))


@pytest.mark.parametrize(
    ("names", "kind", "message"),
    [
        (["AVAL", "AVAR"], ValueError, "among the 3 names of the connectome, which AVAR is not"),
        (["AVAL", "AVAL"], ValueError, "every unit once, got AVAL twice"),
        ([], ValueError, "at least one unit"),
        ("AVAL", TypeError, "several names in an order, got str 'AVAL'"),
        ({"AVAL"}, TypeError, "several names in an order, got set"),
        ([0], TypeError, "must be texts, got 0"),
    ],
)
def test_a_subset_of_other_names_is_refused(names, kind, message):
    with pytest.raises(kind, match=message):
        circuit().subset(names)


@pytest.mark.parametrize(
    ("parts", "kind", "message"),
    [
        ({"weights": W[:2]}, ValueError, r"square matrix .* got shape \(2, 3\)"),
        ({"weights": np.empty((0, 0)), "names": []}, ValueError, r"got shape \(0, 0\)"),
        ({"weights": W * np.nan}, ValueError, "got NaN or infinity"),
        ({"weights": W.astype(str)}, ValueError, "weights must be a square matrix"),
        (
            {"weights": square_frame()},
            TypeError,
            "weights must be a plain array, got DataFrame; read",
        ),
        ({"names": NAMES[:2]}, ValueError, "one text per unit, 3 in all, got 2"),
        ({"names": ["A", "B", "A"]}, ValueError, "every unit once, got A twice"),
        ({"names": ["A", " ", "B"]}, ValueError, "must not be empty"),
        ({"names": [1, 2, 3]}, TypeError, "names must be texts, got 1"),
        ({"names": "ABC"}, TypeError, "sequence of 3 texts, got str 'ABC'"),
        ({"names": {"A", "B", "C"}}, TypeError, "sequence of 3 texts, got set"),
        ({"signs": [1, 2, 3]}, ValueError, "only -1, 0 and 1"),
        ({"signs": [1, -1]}, ValueError, r"one value per unit, shape \(3,\)"),
        ({"signs": pd.Series([1, 1, -1])}, TypeError, "signs must be a plain array, got Series"),
        ({"positions": np.zeros((2, 3))}, ValueError, "one position per unit"),
        ({"positions": np.full((3, 3), np.nan)}, ValueError, "positions must be finite"),
        ({"positions": POSITIONS}, TypeError, "positions must be a plain array, got dict"),
        ({"types": ["a"]}, ValueError, "types must have one text per unit"),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts, kind, message):
    with pytest.raises(kind, match=message):
        Connectome(**{"weights": W, "names": NAMES, **parts})


def test_graph_and_frame_hold_the_same_circuit():
    whole = circuit(
        signs=[1, 1, -1], positions=list(POSITIONS.values()), types=list(TYPES.values())
    )
    graph, frame = whole.to_networkx(), whole.to_frame()
    assert sorted(graph.edges(data="weight")) == sorted(EDGES)
    assert graph.nodes["DD1"] == {"name": "DD1", "sign": -1, "position": (6, 7, 8), "type": "motor"}
    assert_array_equal(nx.to_numpy_array(graph, nodelist=NAMES), W.T)  # networkx is [pre, post]
    pd.testing.assert_frame_equal(
        frame, square_frame(), check_index_type=False, check_column_type=False
    )
    frame.iloc[0, 0] = 9
    for source in (graph, whole.to_frame(), whole):
        check(read_connectome(source))
    again = read_connectome(graph)
    assert again.types == whole.types
    assert_array_equal(again.signs, whole.signs)
    assert_array_equal(again.positions, whole.positions)
    assert nx.DiGraph(circuit().to_networkx()).nodes["AVAL"] == {"name": "AVAL"}


# Edge lists


SIDES = [
    ("pre", "post"),
    ("source", "target"),
    ("from", "to"),
    ("Presynaptic", "Postsynaptic"),
    ("pre_pt_root_id", "post_pt_root_id"),
    ("pre_root_id", "post_root_id"),
    ("bodyId_pre", "bodyId_post"),
    ("Source neuron", "Target neuron"),
    ("from_id", "to_id"),
    ("neuron_pre", "neuron_post"),
    ("sender", "receiver"),
    ("axon", "dendrite"),
    ("presyn", "postsyn"),
    ("presynId", "postsynId"),
    ("origin", "target"),
    ("Upstream", "Downstream"),
]
WEIGHTS = ["weight", "synapses", "n_synapses", "syn_count", "count", "em_sections", "Size", "N"]


@pytest.mark.parametrize(("pre", "post"), SIDES)
@pytest.mark.parametrize("swap", [False, True])
def test_columns_of_edges_are_found_by_their_usual_names(pre, post, swap):
    frame = edge_frame(pre=pre, post=post)
    frame = frame[[post, "weight", pre]] if swap else frame
    check(read_connectome(frame, names=NAMES))


@pytest.mark.parametrize("weight", WEIGHTS)
def test_the_weight_is_found_by_its_usual_names(weight):
    check(read_connectome(edge_frame(weight=weight), names=NAMES))


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt", "a.csv.gz"])
@pytest.mark.parametrize("separator", [",", "\t", ";", " "])
def test_edges_in_text_are_read(tmp_path, name, separator):
    edge_frame().to_csv(tmp_path / name, sep=separator, index=False)
    check(read_connectome(tmp_path / name, names=NAMES))
    check(read_connectome(str(tmp_path / name), names=NAMES))


def test_decimal_commas_are_decimals(write):
    path = write("pre;post;weight\nA;B;0,5\nB;A;1,25\n")
    check(read_connectome(path), [[0, 1.25], [0.5, 0]], "AB")


def test_edges_in_a_spreadsheet_are_read(tmp_path):
    edge_frame().to_excel(tmp_path / "a.xlsx", index=False)
    check(read_connectome(tmp_path / "a.xlsx", names=NAMES))
    with pd.ExcelWriter(tmp_path / "b.xlsx") as book:
        edge_frame().to_excel(book, sheet_name="male", index=False)
        edge_frame().iloc[:2].to_excel(book, sheet_name="female", index=False, startrow=2)
        pd.DataFrame().to_excel(book, sheet_name="empty")
    with pytest.raises(ValueError, match=r"key must say which sheet of .*b.xlsx to read, male, fe"):
        read_connectome(tmp_path / "b.xlsx")
    with pytest.raises(
        ValueError, match=r"key must be a sheet of .*which has male, female, got 'x'"
    ):
        read_connectome(tmp_path / "b.xlsx", key="x")
    assert read_connectome(tmp_path / "b.xlsx", key="female", names=NAMES).weights.sum() == 4


def test_names_of_a_list_of_edges_are_sorted_whatever_the_order_of_its_rows():
    for frame in (edge_frame(), edge_frame().iloc[::-1]):
        assert read_connectome(frame).names == ("AVAL", "DD1", "VA1")
    numbers = pd.DataFrame({"pre": [10, 9], "post": [9, 100]})
    assert read_connectome(numbers).names == ("9", "10", "100")


def test_rows_of_one_pair_are_summed_and_rows_without_weight_counted():
    frame = pd.concat([edge_frame(), edge_frame().iloc[:1]])
    assert read_connectome(frame, names=NAMES).weights[1, 0] == 6
    check(read_connectome(edge_frame().drop(columns="weight"), names=NAMES), W > 0)
    check(read_connectome(edge_frame(), weight=1, names=NAMES), W > 0)
    check(read_connectome(edge_frame(weight="w"), weight="w", names=NAMES))
    counted = frame.groupby(["pre", "post"]).weight.sum()  # a Series with both sides in its index
    assert read_connectome(counted, names=NAMES).weights[1, 0] == 6
    assert read_connectome(counted.to_frame("n_syn"), names=NAMES).weights[1, 0] == 6


def test_several_columns_are_asked_about_and_named():
    frame = edge_frame(pre="source", post="target").assign(synapses=1)
    with pytest.raises(
        ValueError, match="may be the weight, weight, synapses: choose with weight="
    ):
        read_connectome(frame)
    check(read_connectome(frame, weight="weight", names=NAMES))
    twice = edge_frame(pre="pre_id", post="post_id").assign(pre_name="A", post_name="B")
    with pytest.raises(
        ValueError, match="sides, pre_id and post_id; pre_name and post_name: choose"
    ):
        read_connectome(twice)
    check(read_connectome(twice, pre="pre_id", post="post_id", names=NAMES))
    check(read_connectome(edge_frame().assign(source="paper", target="cell"), names=NAMES))


def test_a_column_that_is_there_twice_is_refused(write):
    frame = edge_frame().set_axis(["pre", "post", "n"], axis=1).assign(m=1)
    frame.columns = ["pre", "post", "n", "n"]
    for source in (frame, write(frame.to_csv(index=False))):
        with pytest.raises(ValueError, match="must have every column once, got n twice"):
            read_connectome(source)
    named = edge_frame().set_axis(pd.Index([7] * 5, name="pre"))  # the column counts
    check(read_connectome(named, names=NAMES))


def test_columns_that_do_not_say_the_direction_are_asked_about(write):
    frame = edge_frame(pre="Neuron 1", post="Neuron 2")
    with pytest.raises(ValueError, match="must have columns that say which side is which"):
        read_connectome(frame)
    text = frame.to_csv(index=False)
    with pytest.raises(
        ValueError, match=r"name them with pre= and post=.*got the columns 'Neuron 1'"
    ):
        read_connectome(write(text))
    for source in (frame, write(text)):
        check(read_connectome(source, pre="Neuron 1", post="Neuron 2", names=NAMES))
    with pytest.raises(
        ValueError, match=r"^pre must be a column of .*where 'x' is not; it has Neuron 1"
    ):
        read_connectome(frame, pre="x", post="Neuron 2")
    with pytest.raises(ValueError, match="must be two columns"):
        read_connectome(frame, pre="Neuron 1", post="Neuron 1")


def test_one_kind_is_chosen_where_there_are_several():
    frame = edge_frame().assign(type=["chemical"] * 3 + ["modulatory"] * 2)
    with pytest.raises(
        ValueError, match="which of the kinds chemical, modulatory in the column type"
    ):
        read_connectome(frame)
    chemical = np.where(W <= 3, W, 0)
    check(read_connectome(frame, type="chemical", names=NAMES), chemical)
    check(read_connectome(frame, type="modulatory", names=NAMES), W - chemical)
    check(read_connectome(frame, type=["modulatory", "chemical"], names=NAMES))
    check(read_connectome(edge_frame().assign(type="chemical"), names=NAMES))
    with pytest.raises(
        ValueError, match=r"among the kinds chemical, modulatory .*got 'electrical'"
    ):
        read_connectome(frame, type="electrical")
    other = frame.rename(columns={"type": "nt_type"})
    with pytest.raises(
        ValueError, match=r"dict of the column and its kinds .*none by a usual name"
    ):
        read_connectome(other, type="chemical")
    check(read_connectome(other, type={"nt_type": "chemical"}, names=NAMES), chemical)
    with pytest.raises(TypeError, match="type must be a text, a list of texts or a dict, got 3"):
        read_connectome(frame, type=3)


@pytest.mark.parametrize("kind", ["electrical", "gap junction", "EJ"])
def test_electrical_synapses_join_both_neurons(kind):
    once = pd.DataFrame(
        {"pre": ["A", "B", "C"], "post": ["B", "C", "C"], "type": kind, "n": [1, 2, 3]}
    )
    joined = [[0, 1, 0], [1, 0, 2], [0, 2, 3]]
    check(read_connectome(once), joined, "ABC")
    both = pd.concat([once, once.iloc[:2].rename(columns={"pre": "post", "post": "pre"})])
    check(read_connectome(both), joined, "ABC")
    with pytest.raises(
        ValueError, match="electrical synapses once per pair, or all of them in both"
    ):
        read_connectome(both.iloc[:4])
    mixed = pd.concat(
        [once, pd.DataFrame({"pre": ["B"], "post": ["A"], "type": "chemical", "n": 8})]
    )
    check(read_connectome(mixed, type=["chemical", kind]), [[0, 9, 0], [1, 0, 2], [0, 2, 3]], "ABC")
    check(read_connectome(mixed, type="chemical"), [[0, 8, 0], [0, 0, 0], [0, 0, 0]], "ABC")


def test_edges_of_unknown_neurons_and_unknown_names_are_counted_in_a_warning_each():
    with pytest.warns(UserWarning) as caught:
        read = read_connectome(edge_frame(), names=["DD1", "CANL", "VA1"])
    check(read, [[5, 0, 2], [0, 0, 0], [4, 0, 0]], ["DD1", "CANL", "VA1"])
    assert [str(warning.message) for warning in caught] == [
        "2 of 5 edges of the table are left out: they name 1 neurons that are not among names "
        "(AVAL).",
        "1 of 3 names are in no row of the table, and become units without connections: CANL.",
    ]
    assert {warning.filename for warning in caught} == {__file__}
    with pytest.raises(
        ValueError, match="names of neurons in the table, such as AVAL, DD1, VA1, got"
    ):
        read_connectome(edge_frame(), names=["X"])


def test_a_neuron_without_edges_of_its_own_kind_is_known():
    """A name that is in the source is not misspelt, though nothing of the kind leads to it."""
    frame = edge_frame().assign(type=["a", "b", "a", "a", "a"])
    frame.loc[5] = ["RIS", "AVAL", 1, "b"]
    read = read_connectome(frame, type="a", names=[*NAMES, "RIS"])
    assert not read.weights[3].any() and not read.weights[:, 3].any()
    graph = graph_of()
    graph.add_node("RIS")
    check(read_connectome(graph, names=["RIS", "DD1"]), [[0, 0], [0, 5]], ["RIS", "DD1"])
    with pytest.raises(ValueError, match=r"neurons in the graph, such as AVAL.*, got RIX"):
        read_connectome(graph, names=["RIX", "DD1"])
    named = pd.Series(dict.fromkeys([*NAMES, "RIS"], 1.0))
    assert read_connectome(square_frame(), signs=named, names=NAMES).signs.tolist() == [1, 1, 1]


@pytest.mark.parametrize("kind", [dict, pd.Series])
def test_neurons_that_the_source_lacks_are_told(kind):
    """A neuron without edges, or a misspelt one, does not vanish from what is given by name."""
    listed = [*NAMES, "RIS"]
    facts = {"signs": kind(dict.fromkeys(listed, 1.0)), "types": kind(dict.fromkeys(listed, "a"))}
    for source, way in (
        (edge_frame(), "makes units without connections of these"),
        (square_frame(), "names= chooses those that are meant"),
    ):
        with pytest.warns(UserWarning, match=way) as caught:
            read = read_connectome(source, **facts)
        check(read.subset(NAMES))
        assert [str(warning.message).partition("; ")[0] for warning in caught] == [
            "signs, types of 1 neuron are left out, since the table has none of this name (RIS)"
        ]
        assert caught[0].filename == __file__
        assert read_connectome(source, names=NAMES, **facts).types == ("a",) * 3
    with pytest.warns(UserWarning, match=r"types of 1 neuron .* \(RIS\); ") as caught:
        read_connectome(edge_frame(), signs=kind(dict.fromkeys(NAMES, 1.0)), types=facts["types"])
    assert len(caught) == 1
    with pytest.warns(UserWarning, match="1 of 4 names are in no row"):
        read = read_connectome(edge_frame(), names=listed, **facts)
    assert read.names[3] == "RIS" and not read.weights[3].any()


def test_positions_of_neurons_that_the_source_lacks_are_told():
    places = pd.DataFrame(np.zeros((5, 2)), [*NAMES, "RIS", "RIX"], ["x", "y"])
    with pytest.warns(UserWarning, match="positions of 2 neurons .* none of these names"):
        read_connectome(edge_frame(), positions=places)


@pytest.mark.parametrize("column", ["contacts", "p", "foo", "cleft_score", "n_contacts"])
def test_numbers_that_are_not_read_are_named_in_one_warning(write, tmp_path, column):
    frame = edge_frame(weight=column)
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    graph = nx.from_pandas_edgelist(frame, "pre", "post", edge_attr=column, create_using=nx.DiGraph)
    text = write(frame.to_csv(index=False))
    for source in (frame, frame.astype(str), text, tmp_path / "a.xlsx", graph):
        with pytest.warns(UserWarning) as caught:
            check(read_connectome(source, names=NAMES), W > 0)
        (only,) = caught
        assert f"are counted: the numbers in {column} are not read" in str(only.message)
        assert f'weight="{column}" reads one, weight=1 counts' in str(only.message)
        check(read_connectome(source, weight=1, names=NAMES), W > 0)
        if not isinstance(source, pd.DataFrame) or source is frame:
            check(read_connectome(source, weight=column, names=NAMES))


def test_several_numbers_that_are_not_read_are_named_together():
    frame = edge_frame(weight="contacts").assign(p=[0.5, np.nan, 0.1, 0.2, 0.3], note="-")
    with pytest.warns(
        UserWarning, match=r"the numbers in contacts, p are not read, .* weight=\"con"
    ):
        read_connectome(frame)


@pytest.mark.parametrize(
    "column",
    [
        *("x_um", "ctr_pt_position_y", "z", "pre_x", "synapse_id", "bodyid", "Unnamed: 0", "index"),
        *("pre_layer", "post_nucleus_id", "edge_ids", ""),
    ],
)
def test_ids_places_and_facts_of_neurons_are_no_lost_weights(write, column):
    frame = edge_frame(weight=column)
    check(read_connectome(frame, names=NAMES), W > 0)
    check(read_connectome(write(frame.to_csv(index=False)), names=NAMES), W > 0)
    check(read_connectome(frame.assign(**{column: "text"}), names=NAMES), W > 0)
    for nothing in (True, None, np.nan, pd.NA, ""):
        check(read_connectome(edge_frame(weight="foo").assign(foo=nothing), names=NAMES), W > 0)


# Ids and names


def test_huge_ids_keep_their_digits(tmp_path, write):
    text = f"pre,post\n{BIG[0]},{BIG[1]}\n"
    names = tuple(map(str, BIG))
    edges = pd.DataFrame({"pre": [BIG[0]], "post": [BIG[1]]})
    edges.astype(str).to_excel(tmp_path / "ids.xlsx", index=False)
    edges.to_excel(tmp_path / "numbers.xlsx", index=False)
    for source in (
        write(text),
        edges,
        edges.astype("Int64"),
        edges.astype(str),
        tmp_path / "ids.xlsx",
    ):
        check(read_connectome(source), [[0, 0], [1, 0]], names)
        check(read_connectome(source, names=BIG), [[0, 0], [1, 0]], names)
    with pytest.raises(
        ValueError, match="has lost its last digits"
    ):  # spreadsheets know 15 of them
        read_connectome(tmp_path / "numbers.xlsx")


@pytest.mark.parametrize("text", ["6.48518346349539E+17", "648518346349539437.0", "6,5e+17"])
def test_ids_that_lost_their_digits_are_refused(tmp_path, write, text):
    message = (
        "column pre of .* must hold whole ids, got 6.*which has lost its last digits as a float"
    )
    with pytest.raises(ValueError, match=message):
        read_connectome(write(f"pre;post\n{text};A\n"))
    frame = pd.DataFrame({"pre": [float(BIG[0])], "post": [1]})
    with pytest.raises(ValueError, match=message):
        read_connectome(frame)
    book = openpyxl.Workbook()
    book.active.append(["pre", "post"])
    book.active.append([float(BIG[0]), 1])  # as a spreadsheet program saves it
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(ValueError, match=message):
        read_connectome(tmp_path / "a.xlsx")


def test_float_ids_are_whole_and_small_or_refused():
    frame = pd.DataFrame({"pre": [1.0, 2.0], "post": [2.0, 3.0]})
    assert read_connectome(frame).names == ("1", "2", "3")
    with pytest.raises(ValueError, match=r"whole ids, got 9007199254740992.0"):
        read_connectome(frame + 2.0**53 - 1)
    with pytest.raises(ValueError, match=r"whole ids, got 16777216.0, which has lost"):
        read_connectome((frame + 2.0**24 - 1).astype(np.float32))
    with pytest.raises(ValueError, match=r"whole ids or texts, got 1.5"):
        read_connectome(frame + 0.5)
    with pytest.raises(
        ValueError, match=r"column post .* everywhere, got none in row 1; keep_default_na"
    ):
        read_connectome(frame.assign(post=[np.nan, 1]))
    with pytest.raises(TypeError, match="texts or whole numbers, got True"):
        read_connectome(frame.assign(pre=[True, False]))


@pytest.mark.parametrize("name", ["NA", "nan", "None", "null", "N/A", "1e5", "inf", "TRUE"])
def test_neurons_may_have_the_names_of_nothing(write, name):
    read = read_connectome(write(f"pre,post,weight\n{name},B,2\nB,{name},3\n"), names=[name, "B"])
    check(read, [[0, 3], [2, 0]], [name, "B"])


def test_among_numbers_na_is_no_neuron(write):
    with pytest.raises(ValueError, match="an id on both sides of every edge, got 'NA'"):
        read_connectome(write("pre,post\n1,2\nNA,2\n"))
    with pytest.raises(
        ValueError, match=r"column pre of .* must name a neuron everywhere, got none in row 2"
    ):
        read_connectome(write("pre,post,w\n1,2,3\n,2,4\n"))


def test_names_that_became_dates_are_refused(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["pre", "post"])
    book.active.append([datetime.datetime(2024, 12, 1), "A"])
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(
        ValueError, match=r"date 2024-12-01 .*: spreadsheets make dates of names such"
    ):
        read_connectome(tmp_path / "a.xlsx")


# Weights


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A,B,x", "must hold numbers, got 'x'"),
        ("A,B,", "none in 1 of 1 places; fill_missing=0"),
        ("A,B,NA", "none in 1 of 1 places"),
        ("A,B,inf", "finite numbers, got infinity"),
    ],
)
def test_weights_that_are_no_numbers_are_refused(write, text, message):
    with pytest.raises(ValueError, match=message):
        read_connectome(write(f"pre,post,weight\n{text}\n"))


def test_missing_and_text_weights_in_a_frame_are_refused():
    for missing in (np.nan, None, pd.NA):
        frame = edge_frame().astype(object)
        frame.loc[1, "weight"] = missing
        with pytest.raises(
            ValueError, match=r"column weight of the table .* got none in 1 of 5 places"
        ):
            read_connectome(frame)
        check(read_connectome(frame, fill_missing=1, names=NAMES))
    with pytest.raises(ValueError, match="must hold numbers, got '3'"):
        read_connectome(edge_frame().astype(str))
    with pytest.raises(ValueError, match="must hold numbers, got 'x'"):
        read_connectome(square_frame().astype(object).replace(5.0, "x"))
    with pytest.raises(ValueError, match="the table has no edges"):
        read_connectome(edge_frame().iloc[:0])


# Squares


def test_named_axes_of_a_frame_decide():
    check(read_connectome(square_frame()))
    for rows, columns in (("pre", "post"), ("source", "target"), ("from", None), (None, "post")):
        turned = square_frame().T.rename_axis(index=rows, columns=columns)
        check(read_connectome(turned))
        check(read_connectome(turned, orientation="pre_by_post"))
        with pytest.raises(
            ValueError, match="must be 'pre_by_post' or None for the table, whose axes"
        ):
            read_connectome(turned, orientation="post_by_pre")
    pivoted = edge_frame().pivot_table(index="pre", columns="post", values="weight", fill_value=0)
    with pytest.raises(
        ValueError, match=r"square, .* shape \(3, 2\) and AVAL on one side only; pass"
    ):
        read_connectome(pivoted)
    whole = pivoted.reindex(index=NAMES, columns=NAMES, fill_value=0)
    check(read_connectome(whole))
    with pytest.raises(ValueError, match="two sides, got 'pre' and 'presynaptic neuron'"):
        read_connectome(square_frame("pre", "presynaptic neuron"))


def test_columns_in_another_order_are_brought_into_that_of_the_rows(write):
    check(read_connectome(square_frame()[["DD1", "AVAL", "VA1"]]))
    check(read_connectome(square_frame(None, None)[["DD1", "AVAL", "VA1"]]))
    check(read_connectome(square_frame().iloc[[2, 0, 1]], names=NAMES))
    path = write(square_frame("post/pre")[["DD1", "AVAL", "VA1"]].to_csv())
    check(read_connectome(path))
    check(read_connectome(square_frame(), names=["DD1", "AVAL"]), [[5, 1], [0, 0]], ["DD1", "AVAL"])


@pytest.mark.parametrize(("pre", "post"), SIDES)
def test_axes_have_the_names_that_columns_have(write, pre, post):
    for rows, columns in ((pre, post), (pre, None), (None, post)):
        turned = square_frame().T.rename_axis(index=rows, columns=columns)
        check(read_connectome(turned))
        check(read_connectome(square_frame(columns, rows)))
    check(read_connectome(xr.DataArray(square_frame(post, pre))))
    check(read_connectome(write(square_frame(f"{post}/{pre}".replace(" ", "_")).to_csv())))


@pytest.mark.parametrize("axes", [("Neuron 1", "Neuron 2"), ("i", "j"), ("row", "col")])
def test_axes_of_two_unknown_names_are_asked_about(axes):
    frame = square_frame(*axes)
    for source in (frame, xr.DataArray(frame)):
        with pytest.raises(ValueError, match=f"the axes '{axes[0]}' and '{axes[1]}' of the table"):
            read_connectome(source)
        check(read_connectome(source, orientation="post_by_pre"))
        check(read_connectome(source, orientation="pre_by_post"), W.T)
    check(read_connectome(frame + frame.T.to_numpy()), W + W.T)
    check(read_connectome(square_frame("cell", "cell")))
    check(read_connectome(square_frame("cell", None)))


@pytest.mark.parametrize(
    ("name", "side"),
    [
        *(("bodyId_pre", "pre"), ("fromNode", "pre"), ("presynId", "pre"), ("type_post", "post")),
        *(("pre-synaptic cell", "pre"), ("RECEIVER", "post"), ("target region", "post")),
        *(("pre_to_post", None), ("prey", None), ("token", None), ("neuron", None), (0, None)),
    ],
)
def test_the_side_of_an_axis(name, side):
    assert axis_side(name) == side


@pytest.mark.parametrize(
    ("rows", "columns", "unknown"),
    [
        *(("i", "j", True), ("Neuron 1", "Neuron 2", True), ("cell", "Cell ", False)),
        *(
            ("i", None, False),
            (None, None, False),
            ("dim_0", "dim_1", False),
            ("index", "j", False),
        ),
        *(("i", "post", False), ("post", "i", False), ("pre", "post", False)),
    ],
)
def test_axes_that_nobody_knows(rows, columns, unknown):
    assert axes_are_unknown_sides(rows, columns) == unknown


def test_a_frame_that_says_nothing_is_post_by_pre():
    check(read_connectome(square_frame(None, None)))
    check(read_connectome(square_frame(None, None).T, orientation="pre_by_post"))
    check(read_connectome(pd.DataFrame(W), names=NAMES))
    with pytest.raises(ValueError, match="got an index of 0, 1, 2 and the columns AVAL, VA1, DD1"):
        read_connectome(pd.DataFrame(W, columns=NAMES))
    with pytest.raises(ValueError, match="every neuron once, got A twice"):
        read_connectome(pd.DataFrame(W, index=list("AAB"), columns=list("AAB")))


@pytest.mark.parametrize("corner", ["post/pre", r"post\pre", "target | source"])
def test_the_corner_of_a_file_decides(write, corner):
    square = square_frame().rename_axis(index=corner)
    check(read_connectome(write(square.to_csv())))
    words = corner.replace(" ", "").replace("\\", "/").replace("|", "/").split("/")
    turned = square_frame().T.rename_axis(index="/".join(words[::-1]))
    check(read_connectome(write(turned.to_csv(sep=";"))))


def test_a_square_file_that_says_nothing_is_asked_about_unless_symmetric(write, tmp_path):
    square_frame(None, None).to_excel(tmp_path / "a.xlsx")
    for path in (write(square_frame(None, None).to_csv()), tmp_path / "a.xlsx"):
        with pytest.raises(
            ValueError, match=r"^orientation must be 'pre_by_post' for .* if its rows"
        ):
            read_connectome(path)
        check(read_connectome(path, orientation="post_by_pre"))
        check(read_connectome(path, orientation="pre_by_post"), W.T)
    both = square_frame(None, None) + square_frame(None, None).T
    check(read_connectome(write(both.to_csv())), W + W.T)


def test_empty_cells_of_a_square_are_no_zeros_unless_asked(write):
    text = square_frame("post/pre").to_csv().replace("0.0", "")
    with pytest.raises(ValueError, match="got none in 4 of 9 places; fill_missing=0 sets these"):
        read_connectome(write(text))
    check(read_connectome(write(text), fill_missing=0))


def test_numbers_only_are_asked_about(write):
    np.savetxt(path := write("", "a.txt"), W)
    with pytest.raises(ValueError, match=ASKED):
        read_connectome(path)
    check(read_connectome(path, names=NAMES, orientation="post_by_pre"))
    check(read_connectome(path, orientation="pre_by_post"), W.T, "012")
    with pytest.raises(ValueError, match=r"names must name every row of .*3 in all, got 2"):
        read_connectome(write("1 2 3\n2 5 6\n3 6 9\n", "a.txt"), names=["A", "B"])
    with pytest.raises(
        ValueError, match="the same names in its heading and in its first column, got"
    ):
        read_connectome(write("1,2,3\n4,5,6\n"))


def matrix_files(folder, matrix):
    """One matrix in every kind of file that cannot say which way it lies."""
    np.save(folder / "a.npy", matrix)
    np.savez(folder / "a.npz", W=matrix, threshold=0.5, names=np.array(NAMES))
    sp.save_npz(folder / "b.npz", sp.coo_array(matrix))
    scipy.io.savemat(folder / "a.mat", {"W": matrix})
    scipy.io.savemat(folder / "b.mat", {"W": sp.csc_array(matrix)})
    write_v73(folder / "c.mat", W=sp.csc_array(matrix))
    write_v73(folder / "d.mat", W=matrix)
    np.savetxt(folder / "a.txt", matrix)
    return sorted(folder.iterdir())


@pytest.mark.parametrize("orientation", [None, "post_by_pre", "pre_by_post"])
def test_matrices_in_memory_are_post_by_pre_unless_told(orientation):
    given = W.T if orientation == "pre_by_post" else W
    arrays = [given, given.tolist(), given.astype(np.int8), xr.DataArray(given)]
    sparse = [kind(given) for kind in (sp.csr_array, sp.csc_matrix, sp.coo_array, sp.lil_matrix)]
    for source in (*arrays, *sparse):
        check(read_connectome(source, names=NAMES, orientation=orientation))


def test_matrices_in_files_say_their_orientation_or_are_asked(tmp_path):
    files = matrix_files(tmp_path, W)
    for path in files:
        with pytest.raises(ValueError, match=ASKED):
            read_connectome(path, names=NAMES)
        check(read_connectome(path, names=NAMES, orientation="post_by_pre"))
        check(read_connectome(path, names=NAMES, orientation="pre_by_post"), W.T)
    check(read_connectome(tmp_path / "a.npz", names="names", orientation="post_by_pre"))
    for path in matrix_files(tmp_path, W + W.T):
        check(read_connectome(path, names=NAMES), W + W.T)


def test_a_symmetric_matrix_with_gaps_is_symmetric(tmp_path):
    gaps = np.where(np.eye(3) > 0, np.nan, W + W.T)
    np.save(tmp_path / "a.npy", gaps)
    check(
        read_connectome(tmp_path / "a.npy", fill_missing=0), np.where(np.eye(3) > 0, 0, gaps), "012"
    )


def test_an_xarray_says_its_orientation():
    array = xr.DataArray(
        W.T, dims=("pre", "post"), coords={"pre": list(NAMES), "post": list(NAMES)}
    )
    check(read_connectome(array))
    check(read_connectome(array.transpose("post", "pre").isel(pre=[2, 0, 1])))


def test_several_matrices_in_a_file_are_asked_about(tmp_path):
    np.savez(tmp_path / "a.npz", chemical=W, gap=W + W.T, names=np.array(NAMES))
    with pytest.raises(
        ValueError, match=r"key must say which square .* it has several, chemical, gap"
    ):
        read_connectome(tmp_path / "a.npz")
    kept = {"key": "chemical", "names": "names", "orientation": "post_by_pre"}
    check(read_connectome(tmp_path / "a.npz", **kept))
    with pytest.raises(
        ValueError, match=r"key must be a variable of .*has chemical, gap, names, got 'x'"
    ):
        read_connectome(tmp_path / "a.npz", key="x")
    with pytest.raises(
        ValueError, match=r"or a variable of .*which has chemical, gap, names, got 'x'"
    ):
        read_connectome(tmp_path / "a.npz", key="gap", names="x")
    np.savez(tmp_path / "a.npz", names=np.array(NAMES))
    with pytest.raises(ValueError, match=r"it has none among names \(3,\)"):
        read_connectome(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (W[:2], r"the matrix must be a square matrix, got shape \(2, 3\)"),
        (np.empty((0, 0)), r"got shape \(0, 0\)"),
        (np.zeros(4), r"got shape \(4,\)"),
        (np.where(W == 5, np.nan, W), "fill_missing=0 sets NaN"),
        (sp.csr_array(np.where(W == 5, np.inf, W)), "finite numbers, got NaN or infinity"),
        (W.astype(str), "the matrix must be an array of numbers"),
        (W * 1j, "the matrix must be an array of numbers"),
    ],
)
def test_matrices_that_are_no_circuits_are_refused(matrix, message):
    with pytest.raises(ValueError, match=message):
        read_connectome(matrix)


def test_an_edge_list_without_heading_is_no_square(write):
    with pytest.raises(
        ValueError, match=r"must have two columns that say .*got the columns '1', '2'"
    ):
        read_connectome(write("1 2 5\n2 3 6\n3 1 7\n", "a.edgelist"))
    with pytest.raises(
        ValueError, match=r"must have two columns that say .*got the columns '1', '2'"
    ):
        read_connectome(write("1 2 3 4\n2 0 0 0\n3 0 0 0\n", "a.txt"))
    with pytest.raises(ValueError, match=r"list of edges, with a heading such as pre, post"):
        read_connectome(write("A B 5\nB C 6\nC A 7\n", "a.txt"))


def test_pickled_names_are_not_unpickled_and_do_not_hide_the_matrix(tmp_path):
    np.savez(tmp_path / "a.npz", W=W, names=np.array(NAMES, dtype=object))
    check(read_connectome(tmp_path / "a.npz", names=NAMES, orientation="post_by_pre"))
    with pytest.raises(
        ValueError, match=r"names of .* holds Python objects, .*; save it with dtype"
    ):
        read_connectome(tmp_path / "a.npz", names="names")


# MATLAB


def write_v73(path, **variables):
    """Write variables as MATLAB 7.3 does: its columns are the rows of HDF5."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in variables.items():
            if sp.issparse(value):
                columns = sp.csc_array(value)
                group = file.create_group(name)
                group.attrs["MATLAB_sparse"] = np.uint64(columns.shape[0])
                group.attrs["MATLAB_class"] = np.bytes_("double")
                for key, part in (
                    ("data", columns.data),
                    ("ir", columns.indices),
                    ("jc", columns.indptr),
                ):
                    group[key] = part.astype(np.float64 if key == "data" else np.uint64)
            elif isinstance(value, tuple):  # a cell array of texts, (1, n) in MATLAB
                cells = file.create_group("#refs#")
                references = []
                for number, text in enumerate(value):
                    cells[str(number)] = np.array(
                        [[ord(letter)] for letter in text], dtype=np.uint16
                    )
                    references.append([cells[str(number)].ref])
                file.create_dataset(name, data=references, dtype=h5py.ref_dtype)
                file[name].attrs["MATLAB_class"] = np.bytes_("cell")
            else:
                file[name] = np.asarray(value).T
                file[name].attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64")


@pytest.mark.parametrize("matrix", [W, sp.csc_array(W)], ids=["full", "sparse"])
@pytest.mark.parametrize("version", ["5", "4", "7.3"])
def test_matrices_of_matlab_are_as_matlab_shows_them(tmp_path, matrix, version):
    path, scalar = tmp_path / "a.mat", np.array([[0.5]])
    if version == "7.3":
        write_v73(path, W=matrix, threshold=scalar, names=NAMES)
        check(read_connectome(path, names="names", orientation="post_by_pre"))
    elif version == "5":
        cells = np.array(NAMES, dtype=object)
        scipy.io.savemat(
            path, {"W": sp.csc_matrix(matrix), "n": scalar, "names": cells, "c": list(NAMES)}
        )
        check(read_connectome(path, names="names", orientation="post_by_pre"))
        check(read_connectome(path, names="c", orientation="post_by_pre"))
    else:
        scipy.io.savemat(path, {"W": sp.csc_matrix(matrix), "n": scalar}, format="4")
    check(read_connectome(path, names=NAMES, orientation="post_by_pre"))
    check(read_connectome(path, key="W", names=NAMES, orientation="pre_by_post"), W.T)


def test_hdf5_that_is_not_of_matlab_does_not_say_whether_it_is_transposed(tmp_path):
    with h5py.File(tmp_path / "a.mat", "w") as file:
        file["W"] = W
    with pytest.raises(
        ValueError, match=r"HDF5 without the marks of MATLAB, .*transposed: read it with"
    ):
        read_connectome(tmp_path / "a.mat")


# Graphs


def graph_of(kind=nx.DiGraph, **attributes):
    graph = kind()
    graph.add_nodes_from(NAMES)
    graph.add_weighted_edges_from(EDGES)
    for attribute, values in attributes.items():
        nx.set_node_attributes(graph, values, attribute)
    return graph


WRITERS = {"a.graphml": nx.write_graphml, "a.gml": nx.write_gml, "a.gexf": nx.write_gexf}


@pytest.mark.parametrize("file", WRITERS)
@pytest.mark.parametrize("kind", [nx.DiGraph, nx.MultiDiGraph])
def test_graph_files_have_edges_from_pre_to_post(tmp_path, file, kind):
    axes = {
        axis: {name: place[i] for name, place in POSITIONS.items()} for i, axis in enumerate("xyz")
    }
    WRITERS[file](graph_of(kind, sign=SIGNS, cell_type=TYPES, **axes), tmp_path / file)
    read = read_connectome(tmp_path / file)
    check(read)
    assert read.signs.tolist() == [1, 1, -1] and read.types == tuple(TYPES.values())
    assert_array_equal(read.positions, list(POSITIONS.values()))
    check(
        read_connectome(tmp_path / file, names=["DD1", "AVAL"]), [[5, 1], [0, 0]], ["DD1", "AVAL"]
    )
    WRITERS[file](graph_of(kind), tmp_path / f"{file}.gz")
    check(read_connectome(tmp_path / f"{file}.gz"))
    with pytest.raises(
        ValueError, match=r"orientation must be None for .*edges lead from pre to post"
    ):
        read_connectome(tmp_path / file, orientation="post_by_pre")


@pytest.mark.parametrize("file", WRITERS)
def test_an_undirected_graph_leads_both_ways(tmp_path, file):
    graph = nx.Graph()
    graph.add_weighted_edges_from([("A", "B", 2), ("C", "B", 3), ("C", "C", 4)])
    WRITERS[file](graph, tmp_path / file)
    for source in (graph, tmp_path / file):
        check(
            read_connectome(source, names=list("ABC")),
            [[0, 2, 0], [2, 0, 3], [0, 3, 4]],
            "ABC",
        )


def test_nodes_are_named_by_their_attribute_if_all_have_another(tmp_path):
    graph = nx.relabel_nodes(graph_of(), {name: f"n{i}" for i, name in enumerate(NAMES)})
    nx.set_node_attributes(graph, {f"n{i}": name for i, name in enumerate(NAMES)}, "name")
    nx.write_graphml(graph, tmp_path / "igraph.graphml")
    check(read_connectome(tmp_path / "igraph.graphml"))
    nx.set_node_attributes(graph, "same", "name")
    check(read_connectome(graph), W, ("n0", "n1", "n2"))
    check(read_connectome(nx.convert_node_labels_to_integers(graph_of())), W, "012")


def test_parallel_edges_are_summed_and_those_without_weights_counted():
    graph = graph_of(nx.MultiDiGraph)
    graph.add_edge("AVAL", "VA1", weight=7)
    assert read_connectome(graph).weights[1, 0] == 10
    plain = nx.DiGraph([(pre, post) for pre, post, _ in EDGES])
    check(read_connectome(plain, names=NAMES), W > 0)
    plain.edges["AVAL", "VA1"]["weight"] = 3
    with pytest.raises(
        ValueError, match=r"column weight of the graph .* got none in 4 of 5 places"
    ):
        read_connectome(plain)
    kinds = graph_of()
    nx.set_edge_attributes(kinds, {edge[:2]: "a" if edge[2] < 4 else "b" for edge in EDGES}, "type")
    check(read_connectome(kinds, type="a"), np.where(W < 4, W, 0))


def test_facts_that_not_all_nodes_have_are_left_out_and_said():
    graph = graph_of(pos=POSITIONS, sign={"AVAL": "excitatory", "VA1": "E"})
    with pytest.warns(
        UserWarning, match=r"^signs of the graph are left out: 1 of 3 neurons have none"
    ):
        read = read_connectome(graph)
    assert read.signs is None and read.positions is not None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_connectome(graph, signs=SIGNS).signs.tolist() == [1, 1, -1]
        assert read_connectome(graph, names=["VA1", "AVAL"]).signs.tolist() == [1, 1]
    with pytest.raises(ValueError, match="signs must be an array of -1, 0 and 1"):
        read_connectome(graph_of(sign=dict.fromkeys(NAMES, "glutamate")))


# What is known of neurons


def in_order(names, values):
    return [values[name] for name in names]


@given(order=st.permutations(NAMES), names=st.permutations(NAMES))
def test_facts_by_name_are_never_misaligned(order, names):
    signs = pd.Series(in_order(order, SIGNS), index=order)
    places = pd.DataFrame(in_order(order, POSITIONS), index=order)
    types = {name: TYPES[name] for name in order}
    facts = {"signs": signs, "positions": places, "types": types}
    for source in (edge_frame(), square_frame(), graph_of(), circuit()):
        for asked in (names, None):
            read = read_connectome(source, names=asked, **facts)
            assert read.signs.tolist() == in_order(read.names, SIGNS)
            assert list(map(tuple, read.positions)) == in_order(read.names, POSITIONS)
            assert list(read.types) == in_order(read.names, TYPES)
            at = [NAMES.index(name) for name in read.names]
            assert_array_equal(read.weights, W[np.ix_(at, at)])


def test_arrays_follow_the_order_that_the_caller_knows():
    read = read_connectome(edge_frame(), names=NAMES, signs=[1, 1, -1], types=list(TYPES.values()))
    assert read.signs.tolist() == [1, 1, -1] and read.types == tuple(TYPES.values())
    assert read_connectome(W, signs=[1, 1, -1]).signs.tolist() == [1, 1, -1]
    assert read_connectome(square_frame(), positions=np.eye(3)).positions[1, 1] == 1
    with pytest.raises(ValueError, match=r"^signs must be given by name, .* for a list of edges"):
        read_connectome(edge_frame(), signs=[1, 1, -1])
    ids = pd.Series({1: 1, 2: -1})
    assert read_connectome(pd.DataFrame({"pre": [1], "post": [2]}), signs=ids).signs.tolist() == [
        1,
        -1,
    ]


@pytest.mark.parametrize(
    ("facts", "kind", "message"),
    [
        (
            {"signs": {"AVAL": 1, "VA1": 1}},
            ValueError,
            "signs must be given for every neuron, got none for DD1",
        ),
        (
            {"signs": pd.Series([1, 1, -1])},
            ValueError,
            r"names of neurons, such as AVAL, VA1, DD1, as its index, got 0, 1, 2; .* set_axis\(",
        ),
        ({"signs": {0: 1, 1: -1}}, ValueError, "such as AVAL, .* as its keys, got 0, 1.$"),
        (
            {"positions": pd.DataFrame(np.eye(3))},
            ValueError,
            r'as its index, got 0, 1, 2; make .* set_index, such as cells.set_index\("name"\)',
        ),
        (
            {"positions": pd.DataFrame({"segment_id": [1, 2, 3], "x_nm": 0, "y_nm": 1.0})},
            ValueError,
            r'segment_id, x_nm, y_nm, of which segment_id is none; .* such as cells\[\["x_nm", '
            r'"y_nm"\]\], and make the names its index with set_index',
        ),
        (
            {"signs": pd.Series([1, 1, 1, 1], index=[*NAMES, "VA1"])},
            ValueError,
            "once, got VA1 twice",
        ),
        (
            {"signs": pd.Series([1, 1, np.nan], index=NAMES)},
            ValueError,
            "got none for DD1; names= cho",
        ),
        ({"signs": dict.fromkeys(NAMES, 2)}, ValueError, "only -1, 0 and 1"),
        (
            {"signs": square_frame()},
            TypeError,
            "signs must be a dict or a Series by name, got a Data",
        ),
        ({"signs": 1}, TypeError, "signs must be given by name or as an array, got 1"),
        ({"signs": [1, -1]}, ValueError, r"signs must have one value per unit, shape \(3,\)"),
        ({"positions": {**POSITIONS, "VA1": (np.nan, 0, 0)}}, ValueError, "none for VA1"),
        (
            {"positions": pd.DataFrame({"n": NAMES, "x": 0.0})},
            ValueError,
            "of numbers only, got 'n'",
        ),
        (
            {"types": dict(list(TYPES.items())[:2])},
            ValueError,
            "types must be given .* none for DD1",
        ),
        ({"types": [1, 2, 3]}, TypeError, "types must be texts, got 1"),
    ],
)
def test_facts_that_do_not_fit_are_refused(facts, kind, message):
    with pytest.raises(kind, match=message):
        read_connectome(square_frame(), **facts)


CELLS = pd.DataFrame(
    {
        "x_nm": [0.0, 1, 2],
        "y_nm": [3.0, 4, 5],
        "z_nm": [6.0, 7, 8],
        "axon_len_um": 1.0,
        "n_syn_in": 7,
    },
    index=NAMES,
)


def test_positions_are_the_columns_that_are_coordinates():
    xyz = ["x_nm", "y_nm", "z_nm"]
    with pytest.raises(
        ValueError,
        match=r"one to three columns, of coordinates, got x_nm, y_nm, z_nm, axon_len_um, n_syn_in, "
        r'of which axon_len_um, n_syn_in are none; .* cells\[\["x_nm", "y_nm", "z_nm"\]\]\.$',
    ):
        read_connectome(square_frame(), positions=CELLS)
    for wrong in (["x_nm", "axon_len_um"], ["n_syn_in"], [*xyz, "x_nm"], []):
        with pytest.raises(ValueError, match="positions must have one to three columns"):
            read_connectome(square_frame(), positions=CELLS[wrong])
    for right in (xyz, xyz[:2], xyz[::-1]):
        read = read_connectome(square_frame(), positions=CELLS[right].iloc[::-1])
        assert_array_equal(read.positions, CELLS[right])
    labelled = xr.DataArray(CELLS[xyz].iloc[::-1], dims=("neuron", "space"))
    assert_array_equal(read_connectome(square_frame(), positions=labelled).positions, CELLS[xyz])


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        *((name, True) for name in ("x", "Y", "z_um", "soma_x", "ptPositionX", "x (um)", "x1", 0)),
        *((name, True) for name in ("AP", "ml", "depth", "dim_0", "col", "pos2", "1")),
        *((name, False) for name in ("axon_len", "n_syn_in", "segment_id", "size", "expr", "max")),
    ],
)
def test_coordinates_go_by_their_names(name, is_one):
    assert is_coordinate(name) == is_one


@pytest.mark.parametrize("kind", [list, np.array, pd.Series, dict, pd.Categorical])
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["Glu", "ACh", "Glu"], r"got the texts 'Glu', 'ACh'; give each its sign, such as .*\.map"),
        (["exc", "exc", "inhib"], r"got the texts 'exc', 'inhib'; give each its sign"),
        ([True, True, False], r"got truth values; numpy.where\(signs, 1, -1\) makes"),
    ],
)
def test_words_and_truth_values_are_no_signs(kind, words, message):
    signs = dict(zip(NAMES, words, strict=True)) if kind is dict else kind(words)
    signs = signs.set_axis(list(NAMES)) if kind is pd.Series else signs
    with pytest.raises(ValueError, match=f"^signs must be an array of -1, 0 and 1, {message}"):
        read_connectome(square_frame(), signs=signs)
    if kind is not dict:
        with pytest.raises(ValueError, match=f"^signs must be an array of -1, 0 and 1, {message}"):
            sign_array(signs)


# What is refused at the door


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (
            {"path_or_object": 3},
            TypeError,
            "must be a path, a DataFrame, a graph of networkx or a m",
        ),
        ({"path_or_object": {"A": 1}}, TypeError, "path_or_object must be"),
        (
            {"path_or_object": "no/where.csv"},
            FileNotFoundError,
            "no file of a connectome at no/where",
        ),
        ({"pre": 0}, TypeError, "pre must be a text, got 0"),
        ({"key": 0}, TypeError, "key must be a text"),
        ({"key": "a"}, ValueError, "key must be of a file; what came is DataFrame"),
        ({"names": "AVAL"}, ValueError, "names, as one text, must be of a file"),
        ({"names": {"AVAL"}}, TypeError, "several names in an order, got set"),
        ({"names": ["AVAL", "AVAL"]}, ValueError, "every neuron once, got AVAL twice"),
        ({"names": []}, ValueError, "every neuron once, got none"),
        ({"names": [None]}, ValueError, "names must name a neuron everywhere"),
        ({"orientation": "pre"}, ValueError, "orientation must be None or one of"),
        ({"orientation": "pre_by_post"}, ValueError, "None for the table, whose columns say"),
        ({"weight": "w"}, ValueError, "weight must be a column of the table, where 'w' is not"),
        ({"weight": True}, TypeError, "weight must be the name of a column or a number, got True"),
        ({"fill_missing": "0"}, TypeError, "fill_missing must be a finite number"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, kind, message):
    source = arguments.pop("path_or_object", edge_frame())
    with pytest.raises(kind, match=message):
        read_connectome(source, **arguments)


@pytest.mark.parametrize(
    "name", ["a.csv", "a.xlsx", "a.graphml", "a.gml", "a.gexf", "a.mat", "a.npz", "a.npy", "a.xls"]
)
@pytest.mark.parametrize(
    "data", [b"", b"\x00\xff nothing of the kind", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"]
)
def test_damaged_files_are_named_in_one_sentence(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=name) as info:
        read_connectome(tmp_path / name)
    assert "\n" not in str(info.value)


def test_a_whole_brain_is_read_in_parts():
    n_units = 30_000
    chain = pd.DataFrame({"pre": np.arange(n_units - 1), "post": np.arange(1, n_units)})
    with pytest.raises(ValueError, match="has 30000 neurons, whose matrix would take 7 GB; choose"):
        read_connectome(chain, sparse=False)
    with pytest.warns(UserWarning, match="29997 of 29999 edges"):
        check(read_connectome(chain, names=[7, 6, 5]), np.eye(3, k=1), "765")


@given(
    edges=st.lists(
        st.tuples(st.sampled_from("ABCD"), st.sampled_from("ABCD"), st.integers(1, 9)), min_size=1
    )
)
def test_every_container_gives_the_same_circuit(tmp_path_factory, edges):
    folder = tmp_path_factory.mktemp("same")
    weights = np.zeros((4, 4))
    for pre, post, weight in edges:
        weights["ABCD".index(post), "ABCD".index(pre)] += weight
    frame = pd.DataFrame(edges, columns=["from", "to", "count"])
    frame.to_csv(folder / "edges.tsv", sep="\t", index=False)
    made = Connectome(weights, tuple("ABCD"))
    nx.write_graphml(made.to_networkx(), folder / "a.graphml")
    made.to_frame().rename_axis(index="post/pre").to_csv(folder / "square.csv")
    for source in (frame, *folder.iterdir(), made.to_networkx(), made.to_frame()):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".* names are in no row of")
            check(read_connectome(source, names=list("ABCD")), weights, "ABCD")


# Measured connectomes


@pytest.fixture(scope="module")
def worm(data_dir):
    if not (data_dir / "celegans/connectome.npz").is_file():
        pytest.skip("no worm")
    return np.load(data_dir / "celegans/connectome.npz")


@pytest.mark.parametrize(
    ("kind", "array"), [("chemical", "chem_cook2019"), ("electrical", "gap_cook2019")]
)
def test_edges_and_matrix_of_the_worm_are_one_circuit(data_dir, worm, kind, array):
    edges = read_connectome(
        data_dir / "celegans/edges_cook2019.csv", type=kind, names=worm["neuron"]
    )
    check(edges, worm[array].T, worm["neuron"])
    matrix = read_connectome(
        data_dir / "celegans/connectome.npz", key=array, names="neuron", orientation="pre_by_post"
    )
    check(matrix, worm[array].T, worm["neuron"])
    neurons = pd.read_csv(data_dir / "celegans/neurons.csv", keep_default_na=False).set_index(
        "neuron"
    )
    shuffled = neurons.sample(frac=1, random_state=0)
    known = read_connectome(
        data_dir / "celegans/edges_cook2019.csv",
        type=kind,
        names=worm["neuron"],
        signs=shuffled["sign_nt"],
        types=shuffled["type"],
        positions=shuffled[["x_um", "y_um", "z_um"]],
    )
    assert_array_equal(known.signs, neurons.loc[worm["neuron"], "sign_nt"])


def test_the_numbers_of_the_page_are_those_of_the_worm(worm):
    page = (Path(__file__).parents[1] / "docs" / "my_connectome.rst").read_text(encoding="utf-8")
    n_units, n_edges = len(worm["neuron"]), np.count_nonzero(worm["chem_cook2019"])
    assert f"# {n_units} neurons, {n_edges} connections" in page
    first, second = (worm[f"chem_witvliet{brain}"] != 0 for brain in (7, 8))
    seen = worm["in_witvliet7"] & worm["in_witvliet8"]
    first, second = (edges[np.ix_(seen, seen)] for edges in (first, second))
    assert f"share {(first & second).sum() / (first | second).sum():.0%}".replace("%", " %") in page


@pytest.mark.parametrize("file", ["white_1986_whole.csv", "witvliet_2020_8_adult.xlsx"])
def test_tables_of_the_worm_are_those_that_pandas_reads(data_dir, file):
    path = data_dir / "connectome_files" / file
    if not path.is_file():
        pytest.skip(f"no {file}")
    with pytest.raises(
        ValueError, match="which of the kinds chemical, electrical in the column type"
    ):
        read_connectome(path)
    table = (
        pd.read_csv(path, sep="\t", keep_default_na=False)
        if file.endswith("csv")
        else pd.read_excel(path, keep_default_na=False)
    )
    for kind in ("chemical", "electrical"):
        read = read_connectome(path, type=kind)
        rows = table[table["type"] == kind]
        expected = rows.pivot_table(index="post", columns="pre", values="synapses", aggfunc="sum")
        expected = expected.reindex(index=read.names, columns=read.names).fillna(0).to_numpy()
        if kind == "electrical":  # each once, in one direction
            expected = expected + expected.T - np.diag(np.diag(expected))
        assert_array_equal(read.weights, expected)
        assert set(read.names) == set(table["pre"]) | set(table["post"])


def test_synapses_of_microns_are_counted_by_their_huge_ids(data_dir):
    folder = data_dir / "microns_l23"
    if not folder.is_dir():
        pytest.skip("no microns_l23")
    arrays = np.load(folder / "microns_l23_pyramidal.npz")
    ids = arrays["segment_id"]
    table = pd.read_csv(folder / "synapses.csv")
    n_absent = len(set(ids) - set(table["pre"]) - set(table["post"]))
    with pytest.warns(
        UserWarning, match=rf"^{n_absent} of {len(ids)} names are in no row of .*ses"
    ):
        read = read_connectome(folder / "synapses.csv", names=ids)
    check(read, arrays["syn_count"].T, [str(number) for number in ids])
    with pytest.raises(ValueError, match=r"whole ids, got 6.48518346349"):
        read_connectome(pd.read_csv(folder / "synapses.csv", dtype=float))


def test_a_human_connectome_of_matlab_does_not_say_its_orientation(data_dir):
    """Its page calls it symmetric, which tractography from both ends is not."""
    path = data_dir / "connectome_files/human_structural.mat"
    if not path.is_file():
        pytest.skip("no human_structural.mat")
    with pytest.raises(ValueError, match=ASKED):
        read_connectome(path)
    read = read_connectome(path, orientation="pre_by_post")
    assert_array_equal(read.weights, scipy.io.loadmat(path)["sc"].T)
    assert read.n_units == 94 and read.names[:2] == ("0", "1")
