"""Tables in text: what the cells are is known beforehand, or the file is refused."""

from __future__ import annotations

import csv
import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sk_biornn.datasets import read_connection_probabilities
from sk_biornn.datasets._text_numbers import text_numbers
from sk_biornn.datasets._text_tables import SEPARATORS, read_text_table

EDGES = [["pre", "post", "weight"], ["AVAL", "AVAR", "3"], ["AVAR", "VA1", "5"]]


@pytest.fixture
def write(tmp_path):
    """Write a text, byte for byte."""

    def write_text(text, encoding="utf-8"):
        path = tmp_path / "table.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write_text


def is_edge_list(heading):
    return {"pre", "post"} <= set(heading)


def lines_of(cells, separator=","):
    return "\n".join(separator.join(row) for row in cells) + "\n"


@pytest.mark.parametrize("separator", [*SEPARATORS, "   "])
def test_every_separator_is_found(write, separator):
    table = read_text_table(write(lines_of(EDGES, separator)))
    assert table.cells == EDGES and table.lines == [1, 2, 3]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_ends_of_lines_and_byte_order_marks_are_no_cells(write, end, encoding):
    text = end.join(",".join(row) for row in EDGES) + end
    assert read_text_table(write(text, encoding)).cells == EDGES


def test_a_compressed_file_is_read(write):
    assert read_text_table(write(gzip.compress(lines_of(EDGES).encode()))).cells == EDGES
    with pytest.raises(ValueError, match=r"table.csv is a damaged gzip file\.$"):
        read_text_table(write(gzip.compress(lines_of(EDGES).encode())[:-12]))


@given(
    cells=st.integers(2, 4).flatmap(
        lambda width: st.lists(
            st.lists(st.text("ab ,;\t|.1", max_size=4), min_size=width, max_size=width),
            min_size=2,
            max_size=5,
        )
    ),
    separator=st.sampled_from([",", ";", "\t", "|"]),
)
def test_a_table_is_read_as_it_was_written_or_refused(tmp_path_factory, cells, separator):
    path = tmp_path_factory.mktemp("any") / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL).writerows(cells)
    try:
        read = read_text_table(path)
    except ValueError:
        return
    expected = [[cell.strip() for cell in row] for row in cells]
    assert read.cells == [row for row in expected if any(row)]


def test_names_with_commas_and_decimal_commas_leave_one_separator(write):
    text = "pre;post;weight\nL2/3, Pyr;L4, Pyr;0,5\nL4, Pyr;L2/3, Pyr;1,25\n"
    table = read_text_table(write(text), is_edge_list)
    assert table.separator == ";" and table.cells[1] == ["L2/3, Pyr", "L4, Pyr", "0,5"]
    square = "0,5;1,5\n2,5;3,5\n"  # with commas it would be 2 x 3
    assert read_text_table(write(square)).cells == [["0,5", "1,5"], ["2,5", "3,5"]]
    assert read_text_table(write("0,5 1,5\n2,5 3,5\n")).cells == [["0,5", "1,5"], ["2,5", "3,5"]]
    assert read_text_table(write("0, 1\n2, 3\n")).cells == [["0", "1"], ["2", "3"]]


def test_a_known_heading_decides(write):
    text = "pre post,weight\nA B,1\nB C,2\n"  # two columns either way
    with pytest.raises(ValueError, match="may be separated by a comma or white space: every row"):
        read_text_table(write(text))
    table = read_text_table(write(text), lambda cells: cells[0] == "pre post")
    assert table.separator == ","


def test_what_a_spreadsheet_says_of_its_separator_is_believed(write):
    table = read_text_table(write("sep=;\na,b;c\n1,5;2\n"))
    assert table.cells == [["a,b", "c"], ["1,5", "2"]] and table.lines == [2, 3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "pre,post,weight\nA,B,0,5\n",
            "by a comma, .* more values than .*: 4 in line 2, 3 in .*; a ",
        ),
        ("pre,post,weight\nA,B,1\nC,D\n", "by a comma, .* fewer values than .*: 2 in line 3, 3 in"),
        ("pre;post;w\nA;B;0,5\nC;D;E;1\n", "by a semicolon, .* more values than .*: 4 in line 3"),
        ("pre\tpost\nA B\n", "by a tab, and has a row with fewer values"),
        ("pre\nA\nB\n", "its cells are not separated by a comma, a semicolon, a tab, a bar or whi"),
        ('pre,post\n"A,B\n', "or a quote is not closed"),
        ("", "table.csv is empty"),
        ("\n \n", "table.csv is empty"),
        ("# only\n# comments\n", "has no rows"),
        (b"pre,post\n\xe4,b\n", "is not a CSV file in UTF-8 .*; save it as such"),
        (b"PK\x03\x04\x00\x00", "it holds bytes that no text has"),
    ],
)
def test_what_no_separator_fits_is_refused_in_one_sentence(write, text, message):
    with pytest.raises(ValueError, match=message) as info:
        read_text_table(write(text), is_edge_list)
    assert "table.csv" in str(info.value) and "\n" not in str(info.value)


# Comments


def test_comments_are_no_rows(write):
    text = "# from the paper\n#, with a comma, and another\n" + lines_of(EDGES) + "# the end\n"
    assert read_text_table(write(text)).cells == EDGES
    in_between = lines_of(EDGES[:2]) + "# interneurons\n" + lines_of(EDGES[2:])
    assert read_text_table(write(in_between)).lines == [1, 2, 4]


def test_the_heading_may_be_the_last_comment(write):
    table = read_text_table(write("# White 1986\n# pre,post,weight\nA,B,3\n"), is_edge_list)
    assert table.cells == [["pre", "post", "weight"], ["A", "B", "3"]]
    with pytest.raises(ValueError, match="fewer values than its heading has columns: 2 in line 2"):
        read_text_table(write("# pre,post,weight\nA,B\n"), is_edge_list)


def test_a_row_that_looks_like_a_comment_is_refused_and_a_quoted_one_read(write):
    with pytest.raises(ValueError, match="a comment or a row whose first cell is '#1': line 3"):
        read_text_table(write("pre,post\nA,B\n#1,B\n"))
    table = read_text_table(write('pre,post\nA,B\n"#1",B\n'))
    assert table.cells[2] == ["#1", "B"]


def test_a_square_as_r_writes_it_has_a_corner(write):
    table = read_text_table(write('"A" "B"\n"A" 0 1\n"B" 2 0\n'))
    assert table.cells == [["", "A", "B"], ["A", "0", "1"], ["B", "2", "0"]]
    with pytest.raises(ValueError, match="more values"):  # an edge list with a decimal comma
        read_text_table(write("pre,post,w\n1,2,0,5\n2,3,0,7\n"))


# Numbers


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1", "2.5", "-.5", "1e3", "+4."], [1, 2.5, -0.5, 1000, 4]),
        (["1", "2,5", "-,5", "1,5e3"], [1, 2.5, -0.5, 1500]),
        (["1,250", "0,500"], [1.25, 0.5]),  # the second can be no thousand
        (["1,234,", "", "NA"], None),
        (["", "NA", "nan", "None", "#N/A", "null", " 7 "], [np.nan] * 6 + [7]),
        (["inf", "-Infinity", "1e999"], [np.inf, -np.inf, np.inf]),
        (["1,234"], None),
        (["1,234", "2.5"], None),
        (["1.234,5"], None),
        (["1,234,567"], None),
        (["1_000"], None),
        (["0x10"], None),
        (["١٢"], None),
        (["3 synapses"], None),
        (["True"], None),
    ],
)
def test_numbers_have_a_point_or_a_comma_and_nothing_is_guessed(tmp_path, cells, numbers):
    if numbers is None:
        with pytest.raises(ValueError, match=r"must h.*, got "):
            text_numbers(cells, tmp_path)
    else:
        np.testing.assert_array_equal(text_numbers(cells, tmp_path), numbers)


def test_a_number_of_thousands_is_told_both_readings(tmp_path):
    with pytest.raises(ValueError, match=r"got '12,500', which could be 12500 or 12.500\.$"):
        text_numbers(["12,500", "3"], tmp_path)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_decimal_points_and_commas_give_the_same_numbers(values):
    texts = [repr(value) for value in values]
    np.testing.assert_array_equal(text_numbers(texts, "a.csv"), values)
    commas = [*(text.replace(".", ",") for text in texts), "0,5"]
    np.testing.assert_array_equal(text_numbers(commas, "a.csv"), [*values, 0.5])


# The loaders that read text


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_probabilities_are_read_with_any_separator(write, separator):
    text = "# ours\npre,post,probability\nE,I,0.5\nI,E,0.25\nE,E,NA\nI,I,0\n".replace(
        ",", separator
    )
    if separator != ",":
        text = text.replace(".", ",")
    table = read_connection_probabilities(write(text), fill_missing=0.125)
    expected = pd.DataFrame([[0.125, 0.25], [0.5, 0.0]], index=["E", "I"], columns=["E", "I"])
    pd.testing.assert_frame_equal(table.loc[["E", "I"], ["E", "I"]], expected, check_names=False)


def test_probabilities_in_a_square_may_have_decimal_commas(write):
    table = read_connection_probabilities(
        write("pre/post;E;I\nE;0,1;0,4\nI;0,5;NA\n"), fill_missing=0
    )
    assert table.loc["I", "E"] == 0.4 and table.loc["E", "I"] == 0.5 and table.loc["I", "I"] == 0
