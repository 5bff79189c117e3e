"""The lowest versions that setup.cfg allows, as constraints for pip.

    python tests/release/lowest.py                  every floor but that of torch
    python tests/release/lowest.py --torch          with torch's

torch has a line of its own: an old release from a general index brings gigabytes of GPU libraries,
so that `make lowest` takes the version of constraints.txt unless it is told another.
"""

from __future__ import annotations

import argparse
import configparser
import re
from pathlib import Path

SETUP = Path(__file__).parents[2] / "setup.cfg"
EXTRAS = ("plots", "neuro", "dask", "skops", "test")
FLOOR = re.compile(r"(?P<name>[A-Za-z0-9._-]+)\s*>=\s*(?P<version>[0-9][0-9.]*)")


def floors(path: Path = SETUP) -> dict[str, str]:
    """Return name: lowest version, of what the package and its tests need."""
    setup = configparser.ConfigParser()
    setup.read(path, encoding="utf-8")
    blocks = [setup["options"]["install_requires"]]
    blocks += [setup["options.extras_require"][name] for name in EXTRAS]
    lines = [line for block in blocks for line in block.strip().splitlines()]
    found = [FLOOR.match(line.strip()) for line in lines]
    return {match["name"]: match["version"] for match in found if match}


def main() -> None:
    parser = argparse.ArgumentParser(prog="lowest.py", description=__doc__.splitlines()[0])
    parser.add_argument("--torch", action="store_true", help="the floor of torch, too")
    asked = parser.parse_args()
    for name, version in floors().items():
        if asked.torch or name != "torch":
            print(f"{name}=={version}")


if __name__ == "__main__":
    main()
