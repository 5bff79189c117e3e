"""What stands in single backquotes is a link where it names something public, and code otherwise.

`DaleRNNClassifier` needs no module in front of it, nor does `GridSearchCV`. Names of arguments are
code, even where a function has the same name (`density`); with its module such a function is a
link.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re

from docutils import nodes

import sk_biornn
from inventories import OTHERS

NAME = re.compile(r"[A-Za-z_][\w.]*")


def public_modules() -> list[str]:
    """Names of the modules that the user may import from, the package first."""
    found = [info.name for info in pkgutil.iter_modules(sk_biornn.__path__, "sk_biornn.")]
    return ["sk_biornn", *sorted(name for name in found if "._" not in name)]


def offered_names(module_name: str) -> list[str]:
    """What a module's `__all__` offers, without modules and what the top of the package offers."""
    module = importlib.import_module(module_name)
    at_the_top = set() if module is sk_biornn else set(sk_biornn.__all__)
    names = [name for name in getattr(module, "__all__", []) if not name.startswith("_")]
    names = [name for name in names if not inspect.ismodule(getattr(module, name))]
    return [name for name in names if name not in at_the_top]


def arguments_of(thing: object) -> set[str]:
    try:
        return set(inspect.signature(thing).parameters)
    except (TypeError, ValueError):  # no callable, or one without a signature
        return set()


def short_names() -> dict[str, str]:
    """Return {name: full name} of what one name alone can only mean."""
    homes: dict[str, list[str]] = {}
    arguments: set[str] = set()
    for module_name in public_modules():
        for name in offered_names(module_name):
            homes.setdefault(name, []).append(module_name)
            arguments |= arguments_of(getattr(importlib.import_module(module_name), name))
    own = {
        name: f"{modules[0]}.{name}"
        for name, modules in homes.items()
        if name not in arguments and len({id(thing(home, name)) for home in modules}) == 1
    }
    return {full.rpartition(".")[2]: full for full in OTHERS if full[0] != "."} | own


def thing(module_name: str, name: str) -> object:
    return getattr(importlib.import_module(module_name), name)


KNOWN = short_names()


def full_name(text: str) -> str | None:
    """Return the full name of what `text` names, or None where it is code."""
    if not NAME.fullmatch(text):
        return None
    if text.startswith("sk_biornn."):
        return text
    first, dot, rest = text.partition(".")
    return KNOWN[first] + dot + rest if first in KNOWN else None


def name_role(role, rawtext, text, lineno, inliner, options=None, content=()):
    full = full_name(text)
    if full is None:
        return [nodes.literal(rawtext, text)], []
    domain = inliner.document.settings.env.get_domain("py")
    return domain.role("obj")("py:obj", rawtext, f"{text} <{full}>", lineno, inliner, {}, [])


def setup(app) -> dict[str, bool]:
    app.add_role("name", name_role)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
