"""Where the names of other packages are documented: inventories for intersphinx, made here.

intersphinx would fetch them; a build must not ask the network, so those few that the pages name
are written down. A row is a name and the page of it.
"""

from __future__ import annotations

import zlib
from pathlib import Path

SITES = {
    "sklearn": "https://scikit-learn.org/stable/",
    "numpy": "https://numpy.org/doc/stable/",
    "scipy": "https://docs.scipy.org/doc/scipy/",
    "pandas": "https://pandas.pydata.org/docs/",
    "torch": "https://docs.pytorch.org/docs/stable/",
    "matplotlib": "https://matplotlib.org/stable/",
}
PAGES = {
    "sklearn": "modules/generated/{name}.html#{name}",
    "numpy": "reference/generated/{name}.html#{name}",
    "scipy": "reference/generated/{name}.html#{name}",
    "pandas": "reference/api/{name}.html#{name}",
    "torch": "generated/{name}.html#{name}",
    "matplotlib": "api/_as_gen/{name}.html#{name}",
}
OTHERS = {
    "sklearn.base.clone": "function",
    "sklearn.linear_model.LogisticRegression": "class",
    "sklearn.linear_model.Ridge": "class",
    "sklearn.model_selection.GridSearchCV": "class",
    "sklearn.model_selection.GroupKFold": "class",
    "sklearn.model_selection.HalvingGridSearchCV": "class",
    "sklearn.model_selection.HalvingRandomSearchCV": "class",
    "sklearn.model_selection.RandomizedSearchCV": "class",
    "sklearn.model_selection.TimeSeriesSplit": "class",
    "sklearn.model_selection.cross_val_score": "function",
    "sklearn.model_selection.cross_validate": "function",
    "sklearn.model_selection.train_test_split": "function",
    "sklearn.pipeline.Pipeline": "class",
    "sklearn.pipeline.make_pipeline": "function",
    "sklearn.preprocessing.StandardScaler": "class",
    "numpy.ndarray": "class",
    "scipy.sparse.csr_array": "class",
    "pandas.DataFrame": "class",
    "pandas.Series": "class",
    "torch.nn.RNN": "class",
    "torch.nn.Module": "class",
    "torch.optim.Adam": "class",
}


def inventory(site: str) -> bytes:
    """Return the inventory of one site, in version 2 of Sphinx's format."""
    rows = [
        f"{name} py:{kind} 1 {PAGES[site].format(name=name)} -\n"
        for name, kind in OTHERS.items()
        if name.split(".")[0] == site
    ]
    head = (
        "# Sphinx inventory version 2\n"
        f"# Project: {site}\n# Version: \n"
        "# The remainder of this file is compressed using zlib.\n"
    )
    return head.encode() + zlib.compress("".join(rows).encode())


def write_inventories(folder: Path) -> dict[str, tuple[str, str]]:
    """Write all of them; return what `intersphinx_mapping` is to be."""
    folder.mkdir(parents=True, exist_ok=True)
    mapping = {}
    for site, address in SITES.items():
        path = folder / f"{site}.inv"
        path.write_bytes(inventory(site))
        mapping[site] = (address, str(path))
    return mapping
