"""The plan of the house: which room may import which, and what `import sk_biornn` costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sk_biornn

PACKAGE = Path(sk_biornn.__file__).parent
TOP = sk_biornn.__all__
LEAVES = {"activity", "datasets", "initializers", "inspection", "metrics", "plots"}
# Rooms whose estimators files of networks hold; `io` finds them by their public names.
OF_FILES = {"baselines", "ensemble", "preprocessing"}

# room: the rooms it may import besides itself. A room is a folder or a public file of the package;
# the files with a leading underscore are the floor on which every room stands.
ALLOWED = {
    "core": set(),
    "units": set(),
    "activity": set(),
    "biology": {"core", "units"},
    "datasets": {"activity", "units"},
    "metrics": {"units"},
    "preprocessing": set(),
    "initializers": {"activity", "biology", "core", "metrics", "units"},
    # estimators only to fit known circuits
    "inspection": {"baselines", "biology", "core", "estimators", "metrics", "units"},
    "plots": {"inspection", "metrics", "units"},
    "estimators": {"biology", "core", "initializers", "metrics", "units"},
    "io": {"biology", "core", "estimators", "initializers", "units"} | OF_FILES,
    "ensemble": {"biology", "core", "estimators", "initializers", "metrics"},
    "baselines": {"estimators", "units"},
    "model_selection": {"core", "ensemble", "estimators"},
    "studies": {"biology", "core", "ensemble", "estimators", "io", "units"} | LEAVES,
    "cli": {"studies"},
}
# Imports of other people's packages that a room must not contain, inside functions included.
FORBIDDEN = {
    "core": {"sklearn", "pandas", "networkx", "bct", "matplotlib"},
    "units": {"sklearn", "torch", "bct", "matplotlib"},
    "activity": {"torch", "pandas", "networkx", "bct", "matplotlib"},
    "biology": {"sklearn", "matplotlib"},
    "metrics": {"torch", "matplotlib"},
    "preprocessing": {"torch", "networkx", "bct", "matplotlib"},
    "datasets": {"torch", "matplotlib"},
    "plots": {"torch"},
}
FILES = sorted(PACKAGE.rglob("*.py"))
# Study: the other studies that it may build on. What they share lies above their folders.
STUDIES = {"cell_types": set(), "dale": set(), "inductive_bias": set(), "pruning": {"dale"}}


def room_of(path: Path) -> str:
    """First part of the path below the package: 'biology', 'cli', '_random', '__init__'."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_names(path: Path) -> Iterator[str]:
    """Dotted names that a file imports, wherever in the file the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_rooms(path: Path) -> set[str]:
    """Rooms of the package that a file imports; the names at the top live elsewhere."""
    parts = [name.split(".") for name in imported_names(path)]
    names = {part[1] for part in parts if part[0] == "sk_biornn" and len(part) > 1}
    at_top = {name: "io" if name in sk_biornn._OF_FILES else "estimators" for name in TOP}
    return {at_top.get(name, name) for name in names}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    room = room_of(path)
    rooms = {name for name in imported_rooms(path) if not name.startswith("_")} - {room}
    if room in ("__init__", "__main__"):  # the shop window and `python -m sk_biornn`
        return
    allowed = set() if room.startswith("_") else ALLOWED[room]
    assert rooms <= allowed, f"{room} may import {sorted(allowed)}, imports {sorted(rooms)}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_room_keeps_its_foreign_packages_out(path):
    foreign = {name.split(".")[0] for name in imported_names(path)}
    assert not foreign & FORBIDDEN.get(room_of(path), set())


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "studies").rglob("_*.py")), ids=lambda path: path.name
)
def test_what_studies_share_knows_none_of_them(path):
    if path.stem != "__init__":
        assert studies_in(path) == set()


@pytest.mark.parametrize("study", STUDIES)
def test_a_study_builds_on_no_other_but_those_it_says(study):
    for path in (PACKAGE / "studies" / study).glob("*.py"):
        assert studies_in(path) - {study} <= STUDIES[study], path


def studies_in(path: Path) -> set[str]:
    """Studies whose files a file imports."""
    parts = [name.split(".") for name in imported_names(path)]
    return {part[2] for part in parts if part[:2] == ["sk_biornn", "studies"]} & set(STUDIES)


def test_every_study_has_a_rule():
    folders = {path.parent.name for path in (PACKAGE / "studies").glob("*/__init__.py")}
    assert folders == set(STUDIES)


def test_every_room_of_the_house_has_a_rule():
    rooms = {room_of(path) for path in FILES}
    assert {room for room in rooms if not room.startswith("_")} <= set(ALLOWED)


def test_allowed_imports_have_no_cycle():
    """A room that could be reached from itself would have no place in the order of the house."""
    remaining = dict(ALLOWED)
    while remaining:
        ground = {room for room, below in remaining.items() if not below & set(remaining)}
        assert ground, f"cycle among {sorted(remaining)}"
        remaining = {room: below for room, below in remaining.items() if room not in ground}


def heavy_modules_after(statement: str, heavy: set[str]) -> set[str]:
    """Those of `heavy` that a fresh interpreter has loaded after `statement`."""
    code = f"import sys; {statement}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return heavy & set(run.stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    heavy = {"torch", "matplotlib", "networkx", "bct"}
    assert heavy_modules_after("import sk_biornn", heavy) == set()


@pytest.mark.parametrize(
    "room", ["units", "activity", "metrics", "datasets", "preprocessing", "plots"]
)
def test_rooms_of_facts_and_pictures_do_not_load_torch(room):
    heavy = {"torch", "matplotlib", "bct"} | ({"networkx"} if room == "units" else set())
    assert heavy_modules_after(f"import sk_biornn.{room}", heavy) == set()


def test_a_fit_does_not_load_the_compiler_of_torch():
    """A second of work in every process; the optimisers of torch load it at their first step."""
    fit = (
        "import numpy as np; from sk_biornn import DaleRNNRegressor; "
        "X = np.ones((4, 3, 2)); DaleRNNRegressor(n_units=3, max_iter=1).fit(X, X)"
    )
    assert heavy_modules_after(fit, {"torch", "torch._dynamo", "sympy"}) == {"torch"}
