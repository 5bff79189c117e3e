"""Sphinx configuration: numpydoc, an API reference made from `__all__`, and the gallery."""

from __future__ import annotations

import configparser
import os
import re
import sys
from pathlib import Path

# Before scipy is imported, as in the tests; one thread keeps the examples' numbers the same.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent / "_ext")]

import comparison_tables
import names
import recovery_tables
import word_tables
from api_pages import write_api_pages
from changelog import write_changelog
from inventories import write_inventories
from numpydoc.xref import DEFAULT_LINKS

import sk_biornn

HERE = Path(__file__).parent


def edit_links(setup_cfg: Path) -> dict[str, str]:
    """Where a page can be edited: in the `Source` of setup.cfg, unless that is a placeholder."""
    parser = configparser.ConfigParser()
    parser.read(setup_cfg, encoding="utf-8")
    rows = parser.get("metadata", "project_urls", fallback="").split("\n")
    urls = dict(re.split(r"\s*=\s*", row, maxsplit=1) for row in rows if "=" in row)
    source = urls.get("Source", "https://example.org")
    if "example.org" in source:
        return {}
    return {"edit_page_url_template": source + "/edit/main/docs/{{ file_name }}"}


project = "sk_biornn"
author = "sk_biornn developers"
copyright = "2026, sk_biornn developers"
version = release = sk_biornn.__version__

extensions = [
    "matplotlib.sphinxext.plot_directive",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    # Ours, in _ext
    "descriptions",
    "dois",
    "figure_files",
    "mathml",
    "names",
    "parameter_groups",
]
templates_path = ["_templates"]
exclude_patterns = [
    "_build",
    "_ext",
    "_templates",
    "gallery/**/*.ipynb",
    "**sg_execution_times.rst",
]
default_role = "name"  # a link where it names something public, code otherwise
nitpicky = False
toc_object_entries_show_parents = "hide"

autodoc_typehints = "none"  # numpydoc's Parameters say it, with shapes and units
autosummary_generate = True
numpydoc_xref_param_type = True
numpydoc_xref_aliases = {word: word for word in DEFAULT_LINKS} | names.KNOWN
numpydoc_xref_ignore = "all"
numpydoc_class_members_toctree = False
numpydoc_show_class_members = False  # the class template lists them

intersphinx_mapping = write_inventories(HERE / "generated" / "inventories")
html_math_renderer = "mathml"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_context = {"default_mode": "auto"} | edit_links(HERE.parent / "setup.cfg")
html_theme = "pydata_sphinx_theme"
html_title = "sk_biornn"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_favicon = "_static/favicon.svg"
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": f"sk_biornn {release}"},
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "navbar_end": ["theme-switcher"],
    "use_edit_page_button": "edit_page_url_template" in html_context,
    "footer_end": [],
}
html_sidebars = {"index": [], "gallery/**plot_*": []}  # code of examples is wide

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
    "write_computation_times": False,  # its tables load scripts from elsewhere
    "image_srcset": ["2x"],
}

# The guide's figures, see figures/__init__.py: vectors, the same bytes for the same picture.
os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
plot_formats = ["svg"]
plot_html_show_formats = False
plot_html_show_source_link = False
plot_rcparams = {"svg.hashsalt": "guide"}

# Before Sphinx looks for source files: autosummary then finds the tables by itself.
write_api_pages(HERE / "generated" / "api")
write_changelog(HERE.parent / "CHANGELOG.md", HERE / "generated" / "changelog.rst")
word_tables.write_tables(HERE / "generated" / "words")
recovery_tables.write_tables(HERE / "generated" / "recovery")
comparison_tables.write_tables(HERE / "generated" / "comparison")


def skip_foreign_members(app, what, name, obj, skip, options):
    """Leave out what a class inherits from elsewhere (scikit-learn, tuple): documented there."""
    if what not in ("class", "exception"):
        return skip
    function = getattr(obj, "fget", None) or obj
    home = str(getattr(function, "__module__", None))
    return skip if home.split(".")[0] == "sk_biornn" else True


def setup(app):
    app.connect("autodoc-skip-member", skip_foreign_members)
