"""Population tables, connection probabilities and the rules between areas."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sk_biornn.biology import (
    BALWANI2025_BETWEEN_AREAS,
    BetweenAreas,
    block_labels,
    block_probabilities,
    check_populations,
    cortical_populations,
    draw_synapses,
    excitatory_inhibitory_populations,
    unit_index,
    unit_labels,
    unit_ranges,
    unit_signs,
    unit_tau,
)
from sk_biornn.biology.prior import column_signs
from sk_biornn.datasets import load_connection_probabilities, read_connection_probabilities
from sk_biornn.units.names import cell_type_name, layer_name, name_key, population_name

# Population, first unit, end: the table of the paper's network, in its order.
PAPER_RANGES = [
    *(("V1_L4_pyr", 0, 192), ("V1_L4_sst", 192, 224), ("V1_L4_vip", 224, 240)),
    *(("V1_L23_pyr", 240, 432), ("V1_L23_sst", 432, 464), ("V1_L23_vip", 464, 480)),
    *(("V1_L5_pyr", 480, 672), ("V1_L5_sst", 672, 704), ("V1_L5_vip", 704, 720)),
    *(("LM_L4_pyr", 720, 912), ("LM_L4_sst", 912, 944), ("LM_L4_vip", 944, 960)),
    *(("LM_L23_pyr", 960, 1152), ("LM_L23_sst", 1152, 1184), ("LM_L23_vip", 1184, 1200)),
    *(("LM_L5_pyr", 1200, 1392), ("LM_L5_sst", 1392, 1424), ("LM_L5_vip", 1424, 1440)),
]
# Densities within an area as printed by the published code, in the order of its network.
PAPER_DENSITIES = """
.10 .22 0    .05 .04 0    0    .19 0
.04 .01 .14  .17 0   .14  .08  .04 .20
0   .22 .03  0   .13 .05  .02  .14 0
.07 .33 0    .06 .23 .05  0    .15 0
.04 .05 .25  .30 .05 .14  0    .05 0
.02 .21 0    .16 .30 .01  0    .13 0
0   .08 0    .08 0   0    .04  .15 0
.03 .04 .11  .04 0   0    .10  .03 .05
.11 .07 .04  0   0   .04  .02  .10 .03
"""
# Densities between whole layers that follow from them, post <- pre.
PAPER_LAYERS = {
    ("L4", "L4"): 0.09524,
    ("L4", "L2/3"): 0.05702,
    ("L4", "L5"): 0.03360,
    ("L2/3", "L4"): 0.09031,
    ("L2/3", "L2/3"): 0.11098,
    ("L2/3", "L5"): 0.01804,
    ("L5", "L4"): 0.02009,
    ("L5", "L2/3"): 0.05564,
    ("L5", "L5"): 0.05533,
}


def table(**changes):
    """Three populations; `changes` replaces columns."""
    columns = {"population": ["E", "PV", "SST"], "n_units": [80, 12, 8], "sign": [1, -1, -1]}
    return pd.DataFrame({**columns, **changes})


def long_pairs(names, value=0.5):
    rows = [(pre, post, value) for pre in names for post in names]
    return pd.DataFrame(rows, columns=["pre", "post", "probability"])


# Names


@pytest.mark.parametrize("name", ["L23", "l2/3", "2/3", "Layer 2/3", "L2/3 ", "layer23"])
def test_layers_have_one_spelling(name):
    assert layer_name(name) == "L2/3"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ViP", "VIP"), ("VIP", "VIP"), (" pyr", "Pyr"), ("Sst", "SST"), ("Lamp5", "Lamp5")],
)
def test_cell_types_have_one_spelling(name, expected):
    assert cell_type_name(name) == expected


def test_what_is_no_layer_number_stays_as_it_is():
    assert layer_name("L4") == "L4" and layer_name(5) == "L5" and layer_name("deep") == "deep"


def test_population_names_map_to_area_layer_and_type():
    assert population_name("V1", "L2/3", "ViP") == "V1_L23_vip"
    assert population_name(None, "L4", "Pyr") == "L4_pyr"
    assert name_key("V1 L2/3: Pyr") == name_key("V1_L23_pyr")


# The paper's network


def test_the_paper_network():
    populations = cortical_populations()
    ranges = unit_ranges(populations)
    assert [(name, part.start, part.stop) for name, part in ranges.items()] == PAPER_RANGES
    assert populations["sign"].tolist() == [1, -1, -1] * 6
    assert populations.columns.tolist() == [
        *("population", "n_units", "sign", "area", "layer", "cell_type")
    ]


def test_units_of_the_paper_network():
    populations = cortical_populations()
    index, labels, signs = (f(populations) for f in (unit_index, unit_labels, unit_signs))
    for number, (name, start, end) in enumerate(PAPER_RANGES):
        assert (index[start:end] == number).all() and (labels[start:end] == name).all()
        assert (signs[start:end] == (1 if name.endswith("pyr") else -1)).all()
    assert index.shape == labels.shape == signs.shape == (1440,)
    assert signs.dtype == np.float64 and index.dtype == np.intp


def test_layers_and_areas_of_the_paper_network():
    populations = cortical_populations()
    assert_array_equal(unit_index(populations, "layer"), np.arange(1440) // 240)
    assert_array_equal(unit_index(populations, "area"), np.arange(1440) // 720)
    assert block_labels(populations, "area") == ["V1", "LM"]
    assert block_labels(populations, "cell_type") == ["Pyr", "SST", "VIP"]
    of_column = np.repeat([0, 1, 2], [192, 32, 16])  # 12 : 2 : 1, in all six layers alike
    assert_array_equal(unit_index(populations, "cell_type"), np.tile(of_column, 6))
    assert block_labels(populations) == [name for name, _, _ in PAPER_RANGES]


def test_cell_types_of_all_layers_in_any_spelling_are_one_block():
    populations = table(cell_type=["pyr", "VIP", "ViP"])
    assert block_labels(populations, "cell_type") == ["Pyr", "VIP"]
    assert_array_equal(unit_index(populations, "cell_type"), [0] * 80 + [1] * 20)
    with pytest.raises(ValueError, match="populations must have cell_type of every population"):
        block_labels(table(cell_type=["Pyr", "VIP", None]), "cell_type")


def test_a_column_without_a_name():
    populations = cortical_populations((), ["L4", "L23"], {"pyr": 4, "PV": 1}, scaling=2)
    assert populations["population"].tolist() == ["L4_pyr", "L4_pv", "L23_pyr", "L23_pv"]
    assert populations["n_units"].tolist() == [8, 2, 8, 2]
    assert populations["layer"].tolist() == ["L4", "L4", "L2/3", "L2/3"]
    assert "area" not in populations
    assert block_labels(populations, "layer") == ["L4", "L23"]


def test_blocks_that_are_not_neighbours_are_one_block():
    populations = table(layer=["L4", "L5", "4"])
    assert block_labels(populations, "layer") == ["L4", "L5"]
    assert_array_equal(unit_index(populations, "layer"), [0] * 80 + [1] * 12 + [0] * 8)


def test_time_constants_per_unit():
    assert unit_tau(table()) is None
    assert unit_tau(table(tau=[None, None, np.nan])) is None
    assert_array_equal(unit_tau(table(tau=[20, 10, 30])), [20.0] * 80 + [10.0] * 12 + [30.0] * 8)
    by_type = cortical_populations(("V1",), tau={"pyr": 20, "sst": 15.0, "ViP": 10})
    assert by_type["tau"].tolist() == [20.0, 15.0, 10.0] * 3


@given(st.integers(1, 300), st.floats(0, 1))
def test_two_populations_have_the_signs_of_the_fraction(n_units, fraction):
    populations = excitatory_inhibitory_populations(n_units, fraction)
    assert_array_equal(unit_signs(populations), column_signs(n_units, None, fraction))


# Tables of one's own


def test_a_table_is_copied_and_put_in_order():
    given_table = table(
        layer=["L23", None, "4"], cell_type=["pyr", "ViP", np.nan], colour=[1, 2, 3]
    ).set_index(pd.Index([7, 8, 9]))
    before = given_table.copy()
    checked = check_populations(given_table, n_units=100)
    pd.testing.assert_frame_equal(given_table, before)
    assert checked.index.tolist() == [0, 1, 2]
    assert checked["layer"].tolist() == ["L2/3", None, "L4"]
    assert checked["cell_type"].tolist() == ["Pyr", "VIP", None]
    assert checked["colour"].tolist() == [1, 2, 3]
    pd.testing.assert_frame_equal(check_populations(checked), checked)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"population": ["E", "PV", "E"]}, "different names, got 'E' and 'E'"),
        ({"population": ["V1_L23_ViP", "PV", "V1_L2/3_VIP"]}, "'V1_L23_ViP' and 'V1_L2/3_VIP'"),
        ({"population": ["E", None, "SST"]}, "a name in every row"),
        ({"sign": [1, -1, 2]}, r"sign must be -1, 0 or 1 for every population, got .*2.* for SST"),
        ({"sign": [1, "minus", -1]}, "got 'minus' for PV"),
        ({"sign": [1, np.nan, -1]}, "for PV"),
        ({"n_units": [80, 0, 8]}, r"n_units must be a positive integer.* for PV"),
        ({"n_units": [80, 1.5, 8]}, r"got .*1\.5.* for PV"),
        ({"n_units": [80, None, 8]}, "for PV"),
        ({"n_units": ["many", 12, 8]}, "got 'many' for E"),
        ({"n_units": [True, True, True]}, "n_units must .* got True for E"),
        ({"n_units": np.array([80, 12, 0])}, "got 0 for SST"),  # not np.int64(0)
        ({"sign": [True, False, False]}, "sign must be -1, 0 or 1 .* got True for E"),
        ({"sign": [1, np.False_, -1]}, "got False for PV"),
        ({"sign": [1, -1, 2]}, r"got 2 for SST"),
        ({"tau": [10.0, -1.5, 10.0]}, r"got -1\.5 for PV"),
        ({"tau": [10.0, None, 10.0]}, "tau must be a positive number of ms .* for PV"),
        ({"tau": [10.0, 10.0, 0.0]}, "for SST"),
    ],
)
def test_bad_tables_are_refused(changes, message):
    with pytest.raises(ValueError, match=message) as info:
        check_populations(table(**changes))
    assert "\n" not in str(info.value)


def test_populations_must_add_up():
    with pytest.raises(ValueError, match=r"must add up to n_units=96 units, got 100\."):
        check_populations(table(), n_units=96)


def test_a_table_needs_its_columns_and_rows():
    with pytest.raises(ValueError, match="got no column sign"):
        check_populations(table().drop(columns="sign"))
    with pytest.raises(ValueError, match="got no rows"):
        check_populations(table().iloc[:0])
    with pytest.raises(TypeError, match="populations must be a DataFrame, got dict"):
        check_populations({"population": ["E"]})


@pytest.mark.parametrize("level", ["layer", "area", "cell_type"])
def test_levels_need_their_columns(level):
    with pytest.raises(ValueError, match=f"for level='{level}'"):
        unit_index(table(), level)
    with pytest.raises(ValueError, match="level must be one of"):
        unit_index(table(), "cell")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cell_types": {"Pyr": 4, "Lamp5": 1}}, "signs must give a sign .* none for Lamp5"),
        (
            {"cell_types": {"Pyr": 0}},
            "cell_types.* must be an integer of at least 1, got 0",
        ),
        ({"scaling": 0}, "scaling must be an integer of at least 1, got 0"),
        ({"tau": {"Pyr": 20}}, "tau must give a value for every cell type, got none for SST"),
        ({"areas": ("V1", "v1")}, "different names"),
        ({"layers": ()}, "no rows"),
    ],
)
def test_bad_cortical_populations_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        cortical_populations(**arguments)


@pytest.mark.parametrize("number", [1.5, np.float64(1.5), "2", True])
@pytest.mark.parametrize("name", ["scaling", "cell_types"])
def test_what_is_no_integer_is_of_the_wrong_type(name, number):
    value = number if name == "scaling" else {"Pyr": number}
    with pytest.raises(TypeError, match=rf"^{name}.* must be an integer of at least 1, got "):
        cortical_populations(**{name: value})


def test_one_string_is_no_sequence_of_areas():
    with pytest.raises(TypeError, match="areas must be a sequence of names, got 'V1'"):
        cortical_populations("V1")
    with pytest.raises(TypeError, match="cell_types must map"):
        cortical_populations(cell_types=["Pyr"])


def test_signs_of_other_types_can_be_given():
    populations = cortical_populations((), ["L1"], {"Lamp5": 3, "Pyr": 1}, signs={"Lamp5": -1})
    assert populations["sign"].tolist() == [-1, 1]


@pytest.mark.parametrize(
    ("n_units", "fraction", "error"),
    [(0, 0.5, ValueError), (2.5, 0.5, TypeError), (10, 1.5, ValueError), (10, None, TypeError)],
)
def test_bad_two_populations_are_refused(n_units, fraction, error):
    with pytest.raises(error, match=r"(n_units|excitatory_fraction) must be"):
        excitatory_inhibitory_populations(n_units, fraction)


def test_messages_show_plain_numbers():
    with pytest.raises(TypeError, match=r"n_units must be an integer of at least 1, got 1\.5\.$"):
        excitatory_inhibitory_populations(np.float64(1.5))
    with pytest.raises(ValueError, match=r"fraction must be a number in \[0, 1\], got 1\.5\.$"):
        excitatory_inhibitory_populations(10, np.float64(1.5))
    with pytest.raises(ValueError, match=r"probability must be a number in \[0, 1\], got 2\.0\.$"):
        BetweenAreas("LM", "V1", np.float64(2.0))


# Connection probabilities: the published table


def test_the_paper_table():
    probabilities = load_connection_probabilities()
    assert probabilities.shape == (12, 12)
    assert "doi:10.1126/sciadv.adw4970" in probabilities.attrs["source"]
    assert probabilities.index.names == ["post_layer", "post_cell_type"]
    assert probabilities.columns.names == ["pre_layer", "pre_cell_type"]
    # A known asymmetric pair: SST reaches Pyr of L4 at .22, Pyr reaches SST of L4 at .04.
    assert probabilities.loc[("L4", "Pyr"), ("L4", "SST")] == 0.22
    assert probabilities.loc[("L4", "SST"), ("L4", "Pyr")] == 0.04
    assert probabilities.loc[("L6", "SST"), ("L6", "Pyr")] == 0.12


def test_layers_of_the_paper_table_can_be_chosen():
    part = load_connection_probabilities(layers=["L5", "L4"])
    assert part.shape == (6, 6)
    assert part.loc[("L5", "Pyr"), ("L4", "SST")] == 0.08
    with pytest.raises(ValueError, match="layers must be one of"):
        load_connection_probabilities(layers=["L7"])
    with pytest.raises(ValueError, match=r"name must be one of \['balwani2025'\]"):
        load_connection_probabilities("allen")


def test_layers_of_the_paper_table_are_known_in_any_spelling():
    pd.testing.assert_frame_equal(
        load_connection_probabilities(layers=["L23", "layer 5"]),
        load_connection_probabilities(layers=["L2/3", "L5"]),
    )
    for layers in ("L4", 4):
        with pytest.raises(TypeError, match=f"layers must be a sequence of layers, got {layers!r}"):
            load_connection_probabilities(layers=layers)
    with pytest.raises(ValueError, match="layers must be different layers, got L2/3, L2/3"):
        load_connection_probabilities(layers=["L23", "L2/3"])
    with pytest.raises(ValueError, match="layers must be different layers, got none"):
        load_connection_probabilities(layers=[])


def test_blocks_of_the_paper_network():
    blocks = block_probabilities(
        cortical_populations(), load_connection_probabilities(), BALWANI2025_BETWEEN_AREAS
    )
    densities = np.array(PAPER_DENSITIES.split(), dtype=float).reshape(9, 9)
    zero = np.zeros((9, 9))
    assert_array_equal(blocks.density, np.block([[densities, zero], [zero, densities]]))
    random = np.zeros((18, 18))
    random[9:12, 3] = 0.3  # feed-forward: V1 L2/3 Pyr to LM L4
    random[3:6, 15] = 0.3  # feedback: LM L5 Pyr to V1 L2/3
    random[6:9, 15] = 0.3  # and to V1 L5
    assert_array_equal(blocks.random, random)


def test_layer_densities_of_the_paper_network():
    populations = cortical_populations(("V1",))
    density = block_probabilities(populations, load_connection_probabilities()).density
    sizes = populations["n_units"].to_numpy()
    synapses = density * np.outer(sizes, sizes)
    for (post, pre), expected in PAPER_LAYERS.items():
        rows, columns = (populations["layer"] == layer for layer in (post, pre))
        measured = synapses[np.ix_(rows, columns)].sum() / 240**2
        assert_allclose(measured, expected, atol=6e-6)


def test_expected_density_of_the_whole_network():
    populations = cortical_populations()
    blocks = block_probabilities(
        populations, load_connection_probabilities(), BALWANI2025_BETWEEN_AREAS
    )
    sizes = populations["n_units"].to_numpy()
    assert_allclose(sizes @ sum(blocks) @ sizes / 1440**2, 0.0498, atol=5e-5)


# Connection probabilities: the two forms, by name and by layer and type


def shuffled_long(square, seed=0):
    """The same table in long form, rows in any order."""
    rows = [(*pre, *post, square.loc[post, pre]) for post in square.index for pre in square.columns]
    headings = ["pre_layer", "pre_cell_type", "post_layer", "post_cell_type", "probability"]
    return pd.DataFrame(rows, columns=headings).sample(frac=1, random_state=seed)


def test_both_forms_give_the_same_blocks():
    populations, square = cortical_populations(), load_connection_probabilities()
    expected = block_probabilities(populations, square).density
    assert_array_equal(block_probabilities(populations, shuffled_long(square)).density, expected)
    turned = square.sample(frac=1, random_state=1).sample(frac=1, axis=1, random_state=2)
    assert_array_equal(block_probabilities(populations, turned).density, expected)


def test_orientation_of_the_long_form():
    pairs = long_pairs(["E", "PV", "SST"], 0.0)
    pairs.loc[(pairs["pre"] == "E") & (pairs["post"] == "SST"), "probability"] = 0.7
    density = block_probabilities(table(), pairs).density
    assert density[2, 0] == 0.7 and density.sum() == 0.7


def test_probabilities_by_names_in_any_spelling():
    populations = cortical_populations(("V1",), ("L2/3",))
    names = ["V1 L2/3 ViP", "V1_L23_Pyr", "v1_l23_sst"]
    values = np.arange(9).reshape(3, 3) / 10
    density = block_probabilities(populations, pd.DataFrame(values, names, names)).density
    assert_array_equal(density, values[np.ix_([1, 2, 0], [1, 2, 0])])


MIXED = [("Pyr", "Pyr", 0.1), ("Pyr", "VIP", 0.2), ("ViP", "Pyr", 0.3), ("VIP", "VIP", 0.4)]


def pyr_and_vip(rows):
    """A table of two populations and a long one of their pairs."""
    two = pd.DataFrame({"population": ["Pyr", "VIP"], "n_units": [8, 2], "sign": [1, -1]})
    return two, pd.DataFrame(rows, columns=["pre", "post", "probability"])


def test_one_name_in_two_spellings_is_one_population():
    density = block_probabilities(*pyr_and_vip(MIXED)).density
    assert_array_equal(density, [[0.1, 0.3], [0.2, 0.4]])
    two, _ = pyr_and_vip([])
    square = pd.DataFrame([[0.1, 0.3], [0.2, 0.4]], ["Pyr", "vip"], ["pyr", "ViP"])
    assert_array_equal(block_probabilities(two, square).density, square)


def test_a_pair_given_twice_in_two_spellings_is_refused():
    rows = [*MIXED, ("ViP", "ViP", 0.9), ("Pyr", "ViP", 0.8)]
    with pytest.raises(ValueError, match="every pair once, got pre VIP to post VIP twice"):
        block_probabilities(*pyr_and_vip(rows))
    square = pd.DataFrame(np.eye(3), ["Pyr", "VIP", "ViP"], ["Pyr", "VIP", "ViP"])
    with pytest.raises(ValueError, match="name its rows once, got VIP twice"):
        block_probabilities(pyr_and_vip([])[0], square)


def test_probabilities_by_names_may_lie_between_areas():
    populations = cortical_populations(("V1", "LM"), ("L4",), {"Pyr": 2}, scaling=1)
    pairs = long_pairs(["V1_L4_pyr", "LM_L4_pyr"], 0.5)
    assert_array_equal(block_probabilities(populations, pairs).density, np.full((2, 2), 0.5))
    within = pairs[pairs["pre"] == pairs["post"]]
    assert_array_equal(block_probabilities(populations, within).density, np.eye(2) / 2)
    rule = BetweenAreas("LM", "V1", 0.2)
    blocks = block_probabilities(populations, within, [rule])
    assert_array_equal(blocks.random, [[0, 0], [0.2, 0]])
    with pytest.raises(ValueError, match="got pre V1_L4_pyr to post LM_L4_pyr in both"):
        block_probabilities(populations, pairs, [rule])


def test_without_probabilities_areas_are_full_inside():
    populations = cortical_populations(("V1", "LM"), ("L4",))
    blocks = block_probabilities(populations)
    assert_array_equal(blocks.density, np.kron(np.eye(2), np.ones((3, 3))))
    assert not blocks.random.any()


@pytest.mark.parametrize(
    ("probabilities", "message"),
    [
        (long_pairs(["E", "PV", "SST", "VIP"]), "name populations that exist.* got VIP;"),
        (long_pairs(["E", "PV"]), "every pair within an area, got none for pre SST to post E"),
        (long_pairs(["E", "PV", "SST"]).iloc[1:], "got none for pre E to post E"),
        (long_pairs(["E", "PV", "SST"], 1.5), r"in \[0, 1\], got 1.5 for pre E to post E"),
        (long_pairs(["E", "PV", "SST"], -0.1), r"in \[0, 1\], got -0.1"),
        (long_pairs(["E", "PV", "SST"], "high"), "must hold numbers, got 'high'"),
        (
            pd.concat([long_pairs(["E", "PV", "SST"])] * 2),
            "every pair once, got pre E to post E twice",
        ),
        (pd.DataFrame(np.eye(2), ["E", "PV"], ["E", "SST"]), "on one side only"),
        (pd.DataFrame(np.eye(2), ["E", "E"], ["E", "E"]), "name its rows once, got E twice"),
        (
            pd.DataFrame(
                np.eye(2), pd.Index(["E", "PV"], name="pre"), pd.Index(["E", "PV"], name="pre")
            ),
            "the postsynaptic side on one axis and the presynaptic on the other",
        ),
        (load_connection_probabilities(), "populations must have layer"),
    ],
)
def test_bad_probabilities_are_refused(probabilities, message):
    with pytest.raises(ValueError, match=message) as info:
        block_probabilities(table(), probabilities)
    assert "\n" not in str(info.value)


def test_probabilities_must_be_a_table():
    with pytest.raises(TypeError, match="connection_probabilities must be a DataFrame, got ndarra"):
        block_probabilities(table(), np.eye(3))


def test_a_layer_without_probabilities_is_refused():
    with pytest.raises(ValueError, match="got none for pre L2/3 Pyr to post L4 Pyr and 71 more"):
        block_probabilities(cortical_populations(), load_connection_probabilities(layers=["L4"]))


# Rules between areas


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (BetweenAreas("LM_L6", "V1_L23_pyr"), "that exist, got LM_L6"),
        (BetweenAreas("V1_L4", "V1_L23_pyr"), "of different areas"),
        (BetweenAreas("LM", "V1_L23"), "one rule for a pair.* pre V1_L23_pyr to post LM_L4_pyr"),
    ],
)
def test_bad_rules_are_refused(rule, message):
    rules = [*BALWANI2025_BETWEEN_AREAS, rule]
    with pytest.raises(ValueError, match=message):
        block_probabilities(cortical_populations(), None, rules)


def test_rules_check_themselves():
    assert BetweenAreas(["LM_L4"], "V1") == BetweenAreas(("LM_L4",), "V1", 0.3)
    with pytest.raises(ValueError, match=r"probability must be a number in \[0, 1\], got 1.2"):
        BetweenAreas("LM", "V1", 1.2)
    with pytest.raises(TypeError, match="pre must be a name or a tuple of names, got 3"):
        BetweenAreas("LM", 3)


RULE = BetweenAreas("LM", "V1_L23_pyr")


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        (RULE, "a single one"),
        ((rule for rule in [RULE]), "generator"),  # would be used up at the second fit
        (iter([RULE]), "list_iterator"),
        (None, "NoneType"),
        ("LM", "str"),
        ([RULE, ("LM", "V1", 0.3)], r"\('LM', 'V1', 0.3\) in it"),
    ],
)
def test_rules_come_in_a_list_or_tuple(rules, found):
    expected = rf"between_areas must be a list or tuple of BetweenAreas objects, got {found}\.$"
    with pytest.raises(TypeError, match=expected):
        block_probabilities(cortical_populations(), None, rules)


def test_several_names_in_a_rule():
    populations = cortical_populations()
    together = BetweenAreas(("V1_L23", "V1_L5"), "LM_L5_pyr", 0.3)
    one = block_probabilities(populations, None, [BALWANI2025_BETWEEN_AREAS[0], together])
    three = block_probabilities(populations, None, BALWANI2025_BETWEEN_AREAS)
    assert_array_equal(one.random, three.random)


# Synapses


def test_synapses_are_drawn_with_the_probability_of_their_block():
    populations = cortical_populations()
    random = block_probabilities(populations, None, BALWANI2025_BETWEEN_AREAS).random
    drawn = draw_synapses(populations, random, 0)
    index = unit_index(populations)
    for post, pre in itertools.product(range(18), repeat=2):
        block = drawn[np.ix_(index == post, index == pre)]
        sd = np.sqrt(random[post, pre] * (1 - random[post, pre]) / block.size)
        assert abs(block.mean() - random[post, pre]) <= 4 * sd
    assert_array_equal(drawn, draw_synapses(populations, random, 0))
    assert (drawn != draw_synapses(populations, random, 1)).any()


def test_probability_one_and_zero_are_certain():
    drawn = draw_synapses(table(), [[1, 0, 1]] * 3, 0)
    assert_array_equal(drawn, np.repeat([[1, 0, 1]] * 100, [80, 12, 8], axis=1))


@pytest.mark.parametrize("value", [np.eye(2), np.full((3, 3), 1.1), np.full((3, 3), np.nan)])
def test_bad_probabilities_of_synapses_are_refused(value):
    with pytest.raises(ValueError, match="probabilities must"):
        draw_synapses(table(), value)


# Files


@pytest.fixture
def write(tmp_path):
    """Writes lines to a CSV file and returns its path."""

    def write_lines(*lines):
        path = tmp_path / "pairs.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write_lines


def published_lines():
    """The paper's table with the columns, spelling and labels of the published file."""
    square = load_connection_probabilities()
    heading = (
        "connection-probability,pre-layer,post-layer,pre-cell-type,post-cell-type,presynaptic,"
        "postsynaptic"
    )
    lines = [heading]
    for pre, post in itertools.product(square.columns, square.index):
        a, b = (name[1].replace("VIP", "ViP") for name in (pre, post))
        value = square.loc[post, pre]
        lines.append(f"{value},{pre[0]},{post[0]},{a},{b},{pre[0]}: {a},{post[0]}: {b}")
    return lines


def test_a_file_as_published_is_read(write):
    read = read_connection_probabilities(write(*published_lines()))
    expected = load_connection_probabilities()
    pd.testing.assert_frame_equal(read.loc[expected.index, expected.columns], expected)
    assert read.attrs["source"] == "pairs.csv"
    populations = cortical_populations()
    assert_array_equal(
        block_probabilities(populations, read).density,
        block_probabilities(populations, expected).density,
    )


def test_labels_of_layer_and_type_together_are_read(write):
    pairs = [line.split(",") for line in published_lines()]
    short = [",".join((p[5], p[6], p[0])) for p in pairs]
    read = read_connection_probabilities(write(*short))
    expected = load_connection_probabilities()
    pd.testing.assert_frame_equal(
        read.loc[expected.index, expected.columns], expected, check_names=True
    )


def test_names_of_populations_are_read(write):
    path = write("pre,post,probability", "E,E,0.1", "E, I,.4", "I,E,0.5", "I,I,1")
    read = read_connection_probabilities(path, names=["E", "I", "VIP"])
    assert read.loc["I", "E"] == 0.4 and read.loc["E", "I"] == 0.5
    assert read.index.name == "post" and read.columns.name == "pre"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["pre,post,probability", "E,E,0.1", "E,I,0.1", "I,I,0"], "none for pre I to post E"),
        (["pre,post,probability", "E,E,0.1", "E,E,0.1"], "every pair once"),
        (["pre,post,probability", "E,E,1.1"], r"values in \[0, 1\], got 1.1"),
        (["pre,post,probability", "E,E,"], "got none for pre E to post E"),
        (["pre,post,probability", "E,E,nan"], "got none for pre E to post E"),
        (["pre,post,probability", "E,E,x"], "hold numbers, got 'x'"),
        (["pre,post,probability,Probability", "E,E,0,1"], "every column once, got 'probability'"),
        (["pre,post,probability"], "has no rows"),
        (["pre,post,weight", "E,E,0.1"], "columns pre, post and probability"),
        (["pre,probability", "E,0.1"], "columns pre, post and probability"),
        (["pre,post,probability", "E,E,0.1,2,3"], "more values than its heading"),
        (["pre,post,probability", "X,X,0.1"], "known populations only, got X"),
        (["pre,post,probability", "E,E,0.1", "E, ,0.1", ",E,0.1", ",,0.1"], "got an empty name"),
        (
            [
                "pre-layer,pre-cell-type,post-layer,post-cell-type,probability",
                *("L4,,L4,,0.1", "L4,,L4,Pyr,0.1", "L4,Pyr,L4,,0.1", "L4,Pyr,L4,Pyr,0.1"),
            ],
            "must name both sides of every pair, got an empty name",
        ),
    ],
)
def test_bad_files_are_refused_and_named(write, lines, message):
    with pytest.raises(ValueError, match=message) as info:
        read_connection_probabilities(write(*lines), names=["E", "I"])
    assert "pairs.csv" in str(info.value)


def test_names_in_two_spellings_are_read_as_one(write):
    lines = ["pre,post,probability", "V1_L4_vip,V1_L4_ViP,0.1"]
    read = read_connection_probabilities(write(*lines))
    assert read.shape == (1, 1) and read.iloc[0, 0] == 0.1
    with pytest.raises(ValueError, match=r"every pair once, got pre .* twice"):
        read_connection_probabilities(write(*lines, "V1_L4_ViP,V1_L4_vip,0.2"))


@pytest.mark.parametrize("names", ["E", 3])
def test_names_are_a_sequence(write, names):
    path = write("pre,post,probability", "E,E,0.1")
    expected = f"names must be a sequence of names of populations, got {names!r}"
    with pytest.raises(TypeError, match=expected):
        read_connection_probabilities(path, names=names)


def test_missing_pairs_can_be_filled(write):
    path = write("pre,post,probability", "E,I,0.4")
    assert_array_equal(
        read_connection_probabilities(path, fill_missing=0.0).loc[["E", "I"], ["E", "I"]],
        [[0, 0], [0.4, 0]],
    )
    with pytest.raises(ValueError, match="fill_missing"):
        read_connection_probabilities(path, fill_missing=2)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file of connection probabilities at"):
        read_connection_probabilities(tmp_path / "none.csv")
