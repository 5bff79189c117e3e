"""What other packages do: one table, `comparison.csv`, printed in the README and in the guide.

    python docs/comparison_tables.py      write the table of the README anew

The guide's tables are written whenever it is built. A test says when the README is behind.
"""

from __future__ import annotations

import csv
from pathlib import Path

TABLE = Path(__file__).with_name("comparison.csv")
README = Path(__file__).parents[1] / "README.md"
START = "<!-- comparison: python docs/comparison_tables.py writes this table -->\n"
END = "<!-- end of comparison -->"
FOOTNOTES = ("PsychRNN", "nn4n", "NeuroGym", "flyvis")  # numbered so, in both places
# The guide has two tables of packages, since one of all aspects would be too wide.
PARTS = {
    "made": ("made for", "interface", "computes with", "tasks"),
    "keeps": ("Dale's law", "wiring", "penalties", "pruning", "recordings"),
}


def rows() -> list[list[str]]:
    """Return the head, aspect and packages, and a row per aspect."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def markdown() -> str:
    """Return the table with a row per aspect."""
    (_, *packages), *body = rows()
    linked = [
        f"[{name}][{FOOTNOTES.index(name) + 1}]" if name in FOOTNOTES else name for name in packages
    ]
    lines = [["", *linked], ["---"] * (len(packages) + 1), *body]
    return "".join(f"| {' | '.join(line)} |\n".replace("|  |", "| |", 1) for line in lines)


def rst(aspects: tuple[str, ...]) -> str:
    """Return a table with a row per package, of some aspects."""
    (_, *packages), *body = rows()
    columns = {aspect: cells for aspect, *cells in body}
    lines = [".. list-table::", "   :header-rows: 1", "   :stub-columns: 1", ""]
    table = [["", *aspects]]
    for place, name in enumerate(packages):
        note = f" [{FOOTNOTES.index(name) + 1}]_" if name in FOOTNOTES else ""
        table.append([name + note, *(columns[aspect][place] for aspect in aspects)])
    for row in table:
        cells = ["\\-" if cell == "-" else cell for cell in row]  # a dash alone begins a list
        lines += [f"   {'*' if k == 0 else ' '} - {cell}".rstrip() for k, cell in enumerate(cells)]
    return "\n".join(lines) + "\n"


def with_table(readme: str) -> str:
    """Return the text of the README with the table as it is now."""
    before, _, rest = readme.partition(START)
    _, _, after = rest.partition(END)
    return before + START + "\n" + markdown() + "\n" + END + after


def write_tables(folder: Path) -> None:
    """Write the tables of the guide; unchanged ones keep their date."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, aspects in PARTS.items():
        path, table = folder / f"{name}.inc", rst(aspects)
        if not path.exists() or path.read_text(encoding="utf-8") != table:
            path.write_text(table, encoding="utf-8")


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
