"""Sphinx configuration: numpydoc, an API reference made from `__all__`, and the gallery."""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import sys
from pathlib import Path

# Before scipy is imported, as in the tests; one thread keeps the examples' numbers the same.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

import recovery_tables
import word_tables

import sk_biornn

HERE = Path(__file__).parent

project = "sk_biornn"
author = "sk_biornn developers"
copyright = "2026, sk_biornn developers"
version = release = sk_biornn.__version__

extensions = [
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates", "gallery/**/*.ipynb"]
default_role = "literal"
nitpicky = False

autodoc_typehints = "none"  # numpydoc's Parameters say it, with shapes and units
autosummary_generate = True
numpydoc_class_members_toctree = False
numpydoc_show_class_members = False  # the class template lists them

html_theme = "pydata_sphinx_theme"
html_title = "sk_biornn"
html_show_sourcelink = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "navbar_end": ["theme-switcher"],
    "footer_end": [],
}
html_sidebars = {"first_fit": []}

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_",
    "abort_on_example_error": True,
    "backreferences_dir": "generated/examples_of",
    "doc_module": ("sk_biornn",),
    "download_all_examples": False,
    "reference_url": {"sk_biornn": None},
    "remove_config_comments": True,
    "show_memory": False,
}


def offered_names(module_name: str) -> list[str]:
    """What a module's `__all__` offers, without modules and what the top of the package offers."""
    module = importlib.import_module(module_name)
    at_the_top = set() if module is sk_biornn else set(sk_biornn.__all__)
    names = [name for name in getattr(module, "__all__", []) if not name.startswith("_")]
    names = [name for name in names if not inspect.ismodule(getattr(module, name))]
    return [name for name in names if name not in at_the_top]


def public_rooms() -> list[str]:
    """Modules that offer names to the user."""
    found = [info.name for info in pkgutil.iter_modules(sk_biornn.__path__, "sk_biornn.")]
    names = ["sk_biornn", *sorted(name for name in found if "._" not in name)]
    return [name for name in names if offered_names(name)]


def api_page(module_name: str) -> str:
    """One page of the reference: the module's docstring and a table of its public names."""
    rows = "\n".join(f"   {name}" for name in offered_names(module_name))
    return (
        f"{module_name}\n{'=' * len(module_name)}\n\n"
        f".. automodule:: {module_name}\n   :no-members:\n\n"
        f".. currentmodule:: {module_name}\n\n"
        f".. autosummary::\n   :toctree: ../objects\n   :nosignatures:\n\n{rows}\n"
    )


def write_api_pages() -> None:
    """Write generated/api/<module>.rst for every room; unchanged pages keep their date."""
    folder = HERE / "generated" / "api"
    folder.mkdir(parents=True, exist_ok=True)
    pages = {folder / f"{name}.rst": api_page(name) for name in public_rooms()}
    for path in set(folder.glob("*.rst")) - set(pages):
        path.unlink()
    for path, text in pages.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


# Before Sphinx looks for source files: autosummary then finds the tables by itself.
write_api_pages()
word_tables.write_tables(HERE / "generated" / "words")
recovery_tables.write_tables(HERE / "generated" / "recovery")


def skip_foreign_members(app, what, name, obj, skip, options):
    """Leave out what a class inherits from elsewhere (scikit-learn, tuple): documented there."""
    if what not in ("class", "exception"):
        return skip
    function = getattr(obj, "fget", None) or obj
    home = str(getattr(function, "__module__", None))
    return skip if home.split(".")[0] == "sk_biornn" else True


def setup(app):
    app.connect("autodoc-skip-member", skip_foreign_members)
