"""What other packages do stands in one table, which the README and the guide print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sk_biornn.biology.constraints import LAWS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "different.rst").read_text(encoding="utf-8")


@pytest.fixture
def tables(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import comparison_tables

    return comparison_tables


def test_the_readme_has_the_table(tables):
    text = tables.README.read_text(encoding="utf-8")
    told = "python docs/comparison_tables.py writes the table of the README"
    assert tables.with_table(text) == text, told


def test_the_guide_has_every_aspect_once(tables):
    aspects = [aspect for aspect, *_ in tables.rows()[1:]]
    shown = [aspect for part in tables.PARTS.values() for aspect in part]
    assert sorted(shown) == sorted(aspects)
    assert re.findall(r"generated/comparison/(\w+).inc", PAGE) == list(tables.PARTS)
    for aspects in tables.PARTS.values():
        cells = re.findall(r"^   [* ] -.*$", tables.rst(aspects), re.MULTILINE)
        assert len(cells) == (len(aspects) + 1) * len(tables.rows()[0])


def test_footnotes_are_those_of_both_places(tables):
    readme = tables.README.read_text(encoding="utf-8")
    for number, name in enumerate(tables.FOOTNOTES, start=1):
        assert f"[{name}][{number}]" in readme and f"\n[{number}]: https" in readme
        assert f"{name} [{number}]_" in tables.rst(tables.PARTS["made"])
        assert re.search(rf"^\.\. \[{number}\] .*", PAGE, re.MULTILINE)


def test_facts_of_this_package(tables):
    facts = {aspect: own for aspect, own, *_ in tables.rows()[1:]}
    numbers = {3: "three", 4: "four", 5: "five", 6: "six", 7: "seven"}
    assert facts["Dale's law"].startswith(numbers[len(LAWS)])
    told = re.compile(r"(\S+ to \S+)\s+times\s+(?:as\s+(?:long|much)\s+as\s+)?its\s+bare")
    pages = [PAGE, tables.README.read_text(encoding="utf-8")]
    assert [told.findall(text) for text in pages] == [["1.0 to 1.4"]] * 2
    measured = (ROOT / "docs" / "performance.rst").read_text(encoding="utf-8")
    assert "1.0 to 1.4 times as much" in " ".join(measured.split())
