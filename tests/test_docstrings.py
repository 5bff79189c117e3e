"""Every public object has a complete numpydoc docstring, as it stands at run time.

At run time, because docstrings that are put together from shared parts do not exist in the source.
The list of checks is the table [tool.numpydoc_validation] of pyproject.toml.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from numpydoc.validate import validate

import sk_biornn
from sk_biornn.estimators._documentation import _in_place_of

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
CHECKS = set(tomllib.loads(PYPROJECT.read_text())["tool"]["numpydoc_validation"]["checks"])
NO_EXAMPLE = {"EX01"}
# The engine room is described for those who work in it; users do not call it.
NOT_FOR_CORE = {"EX01", "PR01", "PR08", "RT01"}


def public_modules() -> list[str]:
    """The package and every module below it whose path has no leading underscore."""
    found = [info.name for info in pkgutil.walk_packages(sk_biornn.__path__, "sk_biornn.")]
    return ["sk_biornn", *(name for name in found if "._" not in name)]


def public_methods(cls: type) -> list[str]:
    """Public methods and properties that the package itself defines, own or inherited."""
    names = []
    for name, member in inspect.getmembers_static(cls):
        function = inspect.unwrap(getattr(member, "fget", None) or getattr(cls, name))
        if (
            not name.startswith("_")
            and (inspect.isroutine(function) or isinstance(member, property))
            and str(getattr(function, "__module__", "")).startswith("sk_biornn")
        ):
            names.append(name)
    return names


def public_objects() -> dict[str, Any]:
    """Public classes, their methods, and functions by dotted name, each object once."""
    objects: dict[str, Any] = {}
    modules = public_modules()
    for module_name in modules:
        module = importlib.import_module(module_name)
        for name in getattr(module, "__all__", []):
            thing = getattr(module, name)
            seen = any(thing is other for other in objects.values())
            if seen or not (inspect.isclass(thing) or inspect.isroutine(thing)):
                continue
            dotted = f"{module_name}.{name}"
            if dotted in modules:  # the name of a module, too: numpydoc might validate that
                dotted = f"{thing.__module__}.{name}"
            objects[dotted] = thing
            for method in public_methods(thing) if inspect.isclass(thing) else []:
                objects[f"{dotted}.{method}"] = getattr(thing, method)
    return objects


OBJECTS = public_objects()


@pytest.mark.parametrize("module_name", public_modules())
def test_all_lists_only_what_exists(module_name):
    module = importlib.import_module(module_name)
    missing = [name for name in getattr(module, "__all__", []) if not hasattr(module, name)]
    assert not missing


@pytest.mark.parametrize("module_name", public_modules())
def test_public_module_says_what_it_is(module_name):
    assert importlib.import_module(module_name).__doc__, f"{module_name} has no docstring"


def checks_for(name: str) -> set[str]:
    thing = OBJECTS[name]
    is_method = name.rpartition(".")[0] in OBJECTS
    is_protocol = getattr(thing, "_is_protocol", False)
    is_exception = inspect.isclass(thing) and issubclass(thing, BaseException)
    checks = set(CHECKS)
    if is_method or is_protocol or is_exception:
        checks -= NO_EXAMPLE
    if is_protocol:  # it is not called: its signature is typing's
        checks -= {"PR01"}
    return checks - NOT_FOR_CORE if name.startswith("sk_biornn.core.") else checks


@pytest.mark.parametrize("name", OBJECTS)
def test_docstring(name):
    checks = checks_for(name)
    errors = [f"{code}: {text}" for code, text in validate(name)["errors"] if code in checks]
    assert not errors, f"{name}:\n  " + "\n  ".join(errors)


def test_the_walk_finds_the_main_entrance():
    """Without it, an empty list of objects would pass as faultless."""
    assert {"sk_biornn.DaleRNNClassifier", "sk_biornn.DaleRNNClassifier.fit"} <= set(OBJECTS)


@pytest.mark.parametrize("indent", ["", "    "])
def test_shared_texts_lie_as_far_in_as_their_place(indent):
    """Python 3.13 takes the indentation of docstrings off before a decorator sees them."""
    doc = f"A network.\n\n{indent}Parameters\n{indent}{{parameters}}\n{indent}Notes\n"
    text = "n_units : int\n    Number of units.\nmask : array-like\n    Synapses."
    found = inspect.cleandoc(_in_place_of("{parameters}", text, doc))
    assert found == f"A network.\n\nParameters\n{text}\nNotes"
