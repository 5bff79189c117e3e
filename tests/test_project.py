"""What surrounds the code agrees with it: versions, pins, and the README's own lines."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sk_biornn

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture(scope="module")
def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def normalised(requirement: str) -> str:
    """'Scikit_Learn>=1.6' -> 'scikit-learn'."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement).group()
    return re.sub(r"[-_.]+", "-", name).lower()


def test_one_version_everywhere(setup_cfg):
    version = setup_cfg["metadata"]["version"]
    assert sk_biornn.__version__ == version
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_everything_a_target_installs_is_pinned(setup_cfg):
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {normalised(line) for line in lines if "==" in line and not line.startswith("#")}
    extras = setup_cfg["options.extras_require"]
    installed = [setup_cfg["options"]["install_requires"]]
    installed += [extras[name] for name in ("plots", "skops", "dask", "docs", "test", "dev")]
    names = {normalised(line) for block in installed for line in block.strip().splitlines()}
    assert names - {"sk-biornn"} <= pinned


def test_package_is_marked_as_typed():
    assert (Path(sk_biornn.__file__).parent / "py.typed").is_file()


def test_readme_names_existing_make_targets():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"make ([a-z]+)", README))
    assert {"study", "test"} <= named
    assert named <= set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_readme_snippet_runs(snippet):
    exec(compile(snippet, "README.md", "exec"), {})


def test_quick_start_is_short():
    assert len(SNIPPETS) >= 2
    assert len(SNIPPETS[0].splitlines()) < 15


ASK = """
import os, runpy, sys, traceback
root, *scripts = sys.argv[1:]
usual = [path for path in sys.path if path not in ("", root)]  # of Python itself
failed = []
for script in scripts:
    folder = os.path.dirname(script)
    before = set(sys.modules)
    sys.path[:], sys.argv[:] = [folder, root, *usual], [script, "--help"]
    print("asked", os.path.basename(script))
    try:
        runpy.run_path(script, run_name="__main__")
        failed.append(script)
    except SystemExit as end:
        failed += [script] if end.code else []
    except BaseException:
        traceback.print_exc()
        failed.append(script)
    for name in set(sys.modules) - before:  # a module beside one script is none beside another
        if os.path.dirname(getattr(sys.modules[name], "__file__", None) or "") == folder:
            del sys.modules[name]
sys.exit(", ".join(failed) or 0)
"""


def test_benchmarks_can_be_asked_what_they_do():
    """One that imports what has gone says so here, and not when somebody wants a number."""
    scripts = sorted(ROOT.glob("tests/benchmarks/bench_*.py"))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(
        [sys.executable, "-c", ASK, str(ROOT), *map(str, scripts)],
        cwd=ROOT.anchor, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-2000:]
    _, *answers = result.stdout.split("asked ")
    assert len(answers) == len(scripts) > 9
    for script, answer in zip(scripts, answers, strict=True):
        assert answer.startswith(f"{script.name}\nusage: {script.name}"), answer
