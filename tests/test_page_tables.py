"""Figures that draw the tables of the pages read all of their numbers."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGE = """
Words | that == look = like none.

.. list-table::
   :header-rows: 1

   * - density
     - `top-prob`
   * - 0.5
     - .59 (.55;
       5)
   * -
     - -.01

Text between.

=====  ==========
units  8 networks
=====  ==========
16     2.30
1,024
=====  ==========
"""


@pytest.fixture
def tables(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    from figures import page_tables

    return page_tables


@pytest.fixture
def page(tables, monkeypatch, tmp_path):
    (tmp_path / "page.rst").write_text(PAGE)
    monkeypatch.setattr(tables, "DOCS", tmp_path)


def test_both_kinds_of_tables(tables, page):
    assert tables.table("page", "density") == [["0.5", ".59 (.55; 5)"], ["", "-.01"]]
    assert tables.table("page", "8 networks", "units") == [["16", "2.30"], ["1,024", ""]]


def test_a_table_that_is_not_there_is_refused(tables, page):
    with pytest.raises(ValueError, match=r"must have one table with .'speed',., has 0"):
        tables.table("page", "speed")


def test_numbers_of_cells(tables):
    cells = [".59 (.55; 5)", "-.01", "1060 ms", "139,255 units", "2.1 GiB", "10"]
    assert [tables.number(cell) for cell in cells] == [0.59, -0.01, 1060, 139255, 2.1, 10]
    assert math.isnan(tables.number(""))


@pytest.mark.parametrize(
    ("page", "head", "shape"),
    [
        ("large", ("network", "one step", "weights, optimiser"), (5, 5)),
        ("large", ("units", ".01", ".24"), (3, 6)),
        ("performance", ("units", "32 networks, B = 200"), (5, 5)),
        ("performance", ("shape", "recorded", "cuDNN"), (4, 8)),
        ("study", ("published", "here"), (6, 4)),
        ("study_cell_types", ("condition", "r, dense"), (6, 5)),
    ],
)
def test_tables_of_the_pages(tables, page, head, shape):
    rows = tables.table(page, *head)
    assert (len(rows), {len(row) for row in rows}) == (shape[0], {shape[1]})


def test_every_run_of_the_study_is_drawn():
    pytest.importorskip("matplotlib")
    sys.path.insert(0, str(DOCS))
    try:
        from figures import study, study_pruning
    finally:
        sys.path.remove(str(DOCS))
    runs = study.runs()
    assert [(task, condition) for task, condition, *_ in runs] == [
        (task, condition) for task in ("flip-flop", "wave") for condition in study.COLOURS
    ]
    assert all(len(errors) == 5 for *_, published, here in runs for errors in (published, here))
    for columns in study_pruning.of_tasks().values():
        assert not any(math.isnan(x) for name in study_pruning.CURVES for x in columns[name])
