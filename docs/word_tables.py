"""The tables of the words that arguments take, printed where people read them.

    python docs/word_tables.py      write the table of the README anew

The guide's tables are written whenever it is built. A test says when the README is behind.
"""

from __future__ import annotations

from pathlib import Path

from sk_biornn.biology.constraints import LAWS
from sk_biornn.biology.pruning import PRUNERS
from sk_biornn.biology.regularizers import PENALTIES
from sk_biornn.core.activations import ACTIVATIONS
from sk_biornn.core.observations import OBSERVATIONS

README = Path(__file__).parents[1] / "README.md"
START, END = "<!-- laws: python docs/word_tables.py writes this table -->\n", "<!-- end of laws -->"
NO_LAW = "| `None` | | not at all: the unconstrained network to compare with |\n"
TABLES = {
    "laws": LAWS.rst("dale"),
    "penalties": PENALTIES.rst("regularizer"),
    "pruners": PRUNERS.rst("pruning"),
    "activations": ACTIVATIONS.rst("activation"),
    "observations": OBSERVATIONS.rst("observation"),
}


def with_table(readme: str) -> str:
    """Return the text of the README with the table of laws as it is now."""
    before, _, rest = readme.partition(START)
    _, _, after = rest.partition(END)
    return before + START + "\n" + LAWS.markdown("dale", "projection") + NO_LAW + "\n" + END + after


def write_tables(folder: Path) -> None:
    """Write the tables of the guide, `laws.inc` and others; unchanged ones keep their date."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in TABLES.items():
        path = folder / f"{name}.inc"
        if not path.exists() or path.read_text(encoding="utf-8") != table:
            path.write_text(table, encoding="utf-8")


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
