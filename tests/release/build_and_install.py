"""Build sdist and wheel, look into both, install the wheel into an empty environment, try it there.

    python tests/release/build_and_install.py                   everything (about a minute)
    python tests/release/build_and_install.py --keep dist       and leave the two files in dist/
    python tests/release/build_and_install.py --without-torch   only what never imports torch

The files are built from what git knows, in a copy, so that nothing that lies about gets in; the
wheel is built of the sdist, as a packager would. pip installs everything by constraints.txt.
"""

from __future__ import annotations

import argparse
import email
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
# What is of the repository and not of a release.
NOT_RELEASED = (".ci/", ".github/", ".gitignore", ".pre-commit-config.yaml", "recipe/")
TOOLS = ("build", "setuptools")


def run(*command: object, cwd: Path | None = None) -> str:
    """Run a command apart from this Python's environment; its output only matters if it fails."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    result = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=clean, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if result.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{result.stdout[-4000:]}")
    return result.stdout


def step(text: str, since: list[float]) -> None:
    """Print what was done and how long it took."""
    print(f"==> Package: {text} ({time.monotonic() - since[-1]:.0f} s)", flush=True)
    since.append(time.monotonic())


def new_environment(folder: Path) -> Path:
    """Return the interpreter of a virtual environment with pip and nothing else."""
    venv.create(folder, with_pip=True, clear=True)
    return folder / ("Scripts" if os.name == "nt" else "bin") / "python"


def known_files() -> list[str]:
    """Return what git would commit of the working tree; without git, all files of an sdist."""
    if not (ROOT / ".git").exists():
        return [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()]
    listed = run("git", "ls-files", "-co", "--exclude-standard", "-z", cwd=ROOT).split("\0")
    return [name for name in listed if name and (ROOT / name).is_file()]


def copy_of(names: list[str], folder: Path) -> Path:
    """Copy these files into a folder and return it."""
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    return folder


def check_sdist(path: Path, names: list[str]) -> None:
    """Everything that belongs to a release is in, tests and documentation included."""
    with tarfile.open(path) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    missing = [name for name in names if name not in inside and not name.startswith(NOT_RELEASED)]
    if missing:
        raise SystemExit(f"{path.name} lacks {missing[:10]}: see MANIFEST.in.")


def check_wheel(path: Path, names: list[str]) -> None:
    """The package, whole, and nothing beside it; the metadata has what an index shows."""
    with zipfile.ZipFile(path) as archive:
        inside = set(archive.namelist())
        metadata = next(name for name in inside if name.endswith(".dist-info/METADATA"))
        facts = email.message_from_bytes(archive.read(metadata))
    wanted = {name for name in names if name.startswith("sk_biornn/")}
    strange = {name for name in inside - wanted if ".dist-info/" not in name}
    if wanted - inside or strange:
        raise SystemExit(f"{path.name} lacks {wanted - inside or 'nothing'}, has also {strange}.")
    needed = ("Version", "Summary", "Requires-Python", "License", "Project-URL")
    if absent := [name for name in needed if not facts[name]]:
        raise SystemExit(f"{path.name} says nothing of {absent}.")
    check_tag(facts["Version"])
    if facts["Requires-Python"] != ">=3.11" or "# sk_biornn" not in facts.get_payload()[:2000]:
        raise SystemExit(f"{path.name} is for Python {facts['Requires-Python']}, or has no README.")


def check_tag(version: str) -> None:
    """A commit that is tagged as a release is that release: tag v0.1.0, version 0.1.0."""
    if not (ROOT / ".git").exists():
        return
    tags = run("git", "tag", "--points-at", "HEAD", cwd=ROOT).split()
    if wrong := [tag for tag in tags if tag.startswith("v") and tag != f"v{version}"]:
        raise SystemExit(f"The commit has the tag {wrong[0]}, and its version is {version}.")


def requirements_without_torch(wheel: Path) -> list[str]:
    """Return what the wheel requires, without extras and without torch."""
    with zipfile.ZipFile(wheel) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        facts = email.message_from_bytes(archive.read(metadata))
    lines = [line for line in facts.get_all("Requires-Dist") if "extra ==" not in line]
    return [line for line in lines if not line.startswith("torch")]


def install(python: Path, wheel: Path, without_torch: bool, newest: bool) -> None:
    """Install the wheel and what it requires, in the versions of constraints.txt or the newest."""
    pip = [python, "-m", "pip", "install", "-q", *([] if newest else ["-c", CONSTRAINTS])]
    if not without_torch:
        run(*pip, wheel)
        run(python, "-m", "pip", "check")
        return
    run(*pip, *requirements_without_torch(wheel))
    run(*pip, "--no-deps", wheel)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="build_and_install.py", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--keep", type=Path, help="a folder for sdist and wheel")
    parser.add_argument("--without-torch", action="store_true", help="what never imports torch")
    parser.add_argument("--newest", action="store_true", help="newest versions, no constraints")
    asked = parser.parse_args()
    since = [time.monotonic()]
    with tempfile.TemporaryDirectory() as name:
        folder, names = Path(name), known_files()
        builder = new_environment(folder / "builder")
        run(builder, "-m", "pip", "install", "-q", "-c", CONSTRAINTS, *TOOLS)
        source = copy_of(names, folder / "source")
        run(builder, "-m", "build", "--no-isolation", "--outdir", folder / "dist", source)
        (sdist,), (wheel,) = folder.glob("dist/*.tar.gz"), folder.glob("dist/*.whl")
        step(f"built {sdist.name} and {wheel.name}", since)
        check_sdist(sdist, names)
        check_wheel(wheel, names)
        python = new_environment(folder / "empty")
        install(python, wheel, asked.without_torch, asked.newest)
        version = ".".join(map(str, sys.version_info[:3]))
        step(f"both are whole; installed into an empty environment, Python {version}", since)
        only = ["--without-torch"] if asked.without_torch else []
        told = run(python, "-I", ROOT / "tests" / "release" / "smoke.py", *only, cwd=folder)
        if not asked.without_torch:
            run(python.with_name("sk-biornn"), "study", "--help", cwd=folder)
        step(told.strip(), since)
        if asked.keep:
            asked.keep.mkdir(parents=True, exist_ok=True)
            for path in (sdist, wheel):
                shutil.copy2(path, asked.keep)


if __name__ == "__main__":
    main()
