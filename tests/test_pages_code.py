"""Code in the pages fits their column: 79 characters, prompts included."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WIDTH = 79
PAGES = sorted((ROOT / "docs").glob("*.rst"))
EXAMPLES = sorted((ROOT / "examples").rglob("*.py"))
MODULES = sorted((ROOT / "sk_biornn").rglob("*.py"))
PROMPT = re.compile(r"\s*(>>>|\.\.\.)( |$)")
DIRECTIVE = re.compile(r"\s*# doctest: .*")  # which the pages do not show
BLOCK = re.compile(r"(\s*)\.\. code-block:: (python|console|bash)")


def code_lines(page: str) -> list[str]:
    """Return the lines of doctests and of code blocks, these without their indentation."""
    found, block = [], None
    for line in page.splitlines():
        start = BLOCK.match(line)
        indent = len(line) - len(line.lstrip())
        if start:
            block = len(start[1])
        elif block is not None and line.strip() and indent <= block:
            block = None
        elif block is not None:
            found.append(line[block + 3 :])
        if PROMPT.match(line):
            found.append(DIRECTIVE.sub("", line))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_code_of_a_page_fits(page):
    wide = [line for line in code_lines(page.read_text(encoding="utf-8")) if len(line) > WIDTH]
    assert not wide


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda script: script.stem)
def test_an_example_fits(script):
    """Its text, which is read where the script is downloaded, as well as its code."""
    lines = script.read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if len(line) > WIDTH and "http" not in line]


def test_code_of_docstrings_fits():
    wide = []
    for module in MODULES:
        lines = module.read_text(encoding="utf-8").splitlines()
        found = (
            DIRECTIVE.sub("", line).strip()
            for line in lines
            if PROMPT.match(line) and line.startswith("  ")
        )
        wide += [(module.name, line) for line in found if len(line) > WIDTH]
    assert not wide


def test_what_counts_as_code():
    page = "text\n\n>>> a\n... b\nout\n\n.. code-block:: python\n\n   c\n\n   d\ntext\n"
    assert [line for line in code_lines(page) if line] == [">>> a", "... b", "c", "d"]
