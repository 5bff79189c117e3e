"""What surrounds the code agrees with it: versions, pins, and the README's own lines."""

from __future__ import annotations

import configparser
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

import sk_biornn

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
# Each block of code, and what it prints where that follows.
BLOCKS = r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?"
SNIPPETS = re.findall(BLOCKS, README, flags=re.DOTALL)


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
    version = sk_biornn.__version__
    assert setup_cfg["metadata"]["version"] == "attr: sk_biornn.__version__"
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f'version = "{version}"' in (ROOT / "recipe" / "meta.yaml").read_text(encoding="utf-8")
    assert re.search(
        rf"^## \[.*{re.escape(version)}", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M
    )


def test_the_recipe_needs_what_the_package_needs(setup_cfg):
    recipe = (ROOT / "recipe" / "meta.yaml").read_text(encoding="utf-8")
    needed = setup_cfg["options"]["install_requires"].strip().splitlines()
    needed = ["python" + setup_cfg["options"]["python_requires"], *needed]
    run = re.search(r"\n  run:\n((?:    - .*\n)+)", recipe).group(1)
    found = [line.strip("- ").replace("pytorch", "torch") for line in run.splitlines()]
    assert found == [line.replace(">=", " >=") for line in needed]


def test_the_page_on_releases_has_the_floors_of_setup_cfg(setup_cfg):
    """Rows of its table: the package, the lowest version, its month, and the end by SPEC 0."""
    page = (ROOT / "docs" / "releases.rst").read_text(encoding="utf-8")
    rows = re.findall(r"   \* - (\S+).*\n     - (\d\S+)\n     - (\w+) (\d+)\n     -(.*)\n", page)
    extras = setup_cfg["options.extras_require"]
    lines = [setup_cfg["options"]["install_requires"], extras["plots"], extras["neuro"]]
    floors = dict(line.split(">=") for block in lines for line in block.strip().splitlines())
    floors["python"] = setup_cfg["options"]["python_requires"].removeprefix(">=")
    assert len(rows) == 9
    for name, version, month, year, end in rows:
        assert floors[name.lower()] == version
        window = 3 if name == "Python" else 2
        assert end == (f" {month} {int(year) + window}" if name != "torch" else "")


def test_addresses_stand_in_one_place(setup_cfg):
    """Placeholders are replaced once, when the project has a home."""
    host = re.search(r"https://([^/\s]+)", setup_cfg["metadata"]["project_urls"]).group(1)
    kinds = {".md", ".rst", ".toml", ".cff", ".yaml", ".cfg"}
    files = [*ROOT.glob("*"), *ROOT.glob("docs/*"), *ROOT.glob("recipe/*")]
    holding = [
        path.name
        for path in files
        if path.suffix in kinds and host in path.read_text(encoding="utf-8")
    ]
    assert holding == ["setup.cfg"]


def test_citation_names_every_work_that_the_readme_asks_to_cite():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    section = README[README.index("## Citing") :]
    for work in re.findall(r"(?:doi:|arXiv:)([\w./-]+\w)", section):
        assert work in citation
    assert len(re.findall(r"(?:doi:|arXiv:)", section)) == citation.count("- type: article") == 3


def test_paper_cites_what_its_bibliography_has():
    paper = (ROOT / "paper.md").read_text(encoding="utf-8")
    bibliography = (ROOT / "paper.bib").read_text(encoding="utf-8")
    cited = set(re.findall(r"@([\w:]+\d{4}\w*)", paper))
    assert cited == set(re.findall(r"^@\w+\{(\S+),$", bibliography, flags=re.M))
    sections = re.findall(r"^# (.+)$", paper, flags=re.M)
    assert sections[:5] == [
        "Summary", "Statement of need", "State of the field", "Software design", "Research impact",
    ]  # fmt: skip
    words = len(paper.partition("# Summary")[2].split())
    assert 500 < words < 1750


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


def test_the_workflow_runs_targets_that_exist_on_every_python_that_is_promised(setup_cfg):
    text = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"make ([a-z]+)", text))
    assert {"lowest", "newest", "package"} <= targets
    assert targets <= set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    assert {"run": "bash .ci/run"} in jobs["pinned"]["steps"]
    promised = re.findall(r"Python :: (3\.\d+)", setup_cfg["metadata"]["classifiers"])
    assert jobs["package"]["strategy"]["matrix"]["python-version"] == promised
    runs = {(run["python-version"], run["command"]) for run in _included(jobs["versions"])}
    assert ("3.11", "make lowest") in runs
    assert {python for python, command in runs if "newest" in command} == {"3.11", "3.x"}
    assert "3.11" == setup_cfg["options"]["python_requires"].removeprefix(">=")
    assert "://" not in text  # hosts are variables of the repository


@pytest.mark.parametrize(
    ("tags", "refused"), [("", None), ("v0.1.0\nnightly", None), ("nightly\nv0.2", "v0.2")]
)
def test_a_tag_of_another_version_is_not_packed(tags, refused):
    script = runpy.run_path(str(ROOT / "tests" / "release" / "build_and_install.py"))
    check_tag = script["check_tag"]
    check_tag.__globals__.update(run=lambda *command, cwd: tags)
    if not (ROOT / ".git").exists():
        pytest.skip("tags are git's")
    if refused is None:
        check_tag("0.1.0")
        return
    with pytest.raises(SystemExit, match=f"has the tag {refused}, and its version is 0.1.0"):
        check_tag("0.1.0")


def _included(job):
    return job["strategy"]["matrix"]["include"]


NUMBER = re.compile(r"\d+\.\d+")


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_readme_snippet_runs_and_prints_what_it_says(snippet, capsys):
    code, output = snippet
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    if output:  # other processors round otherwise
        assert NUMBER.sub("#", printed) == NUMBER.sub("#", output)
        numbers = [[float(x) for x in NUMBER.findall(text)] for text in (printed, output)]
        np.testing.assert_allclose(*numbers, atol=0.03)


def test_quick_start_is_short():
    assert len(SNIPPETS) >= 2
    code, output = SNIPPETS[0]
    work = [line for line in code.splitlines() if line and "import" not in line]
    assert len(work) <= 10 and output


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
