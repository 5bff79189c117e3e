"""The page of a study: whole, escaped, the numbers of its tables, the same for the same folder."""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import http.server
import json
import re
import shlex
import shutil
import threading
from html.parser import HTMLParser
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
import study_tables
from browser import in_a_browser, visit
from test_study_frame import STUDY as LETTERS
from test_study_frame import Run

from sk_biornn import studies
from sk_biornn._records import NEVER_REPEATED, as_json, sealed
from sk_biornn.cli import main
from sk_biornn.studies import (
    CELL_TYPE_STUDY,
    DALE_STUDY,
    INDUCTIVE_BIAS_STUDY,
    PRUNING_STUDY,
    About,
    Answer,
    Caption,
    Note,
    Paper,
    PrintedTable,
    run_study,
    write_report,
)
from sk_biornn.studies._options import command_of
from sk_biornn.studies._page_facts import time_text, when_text
from sk_biornn.studies._page_html import Anchors, Markup, element
from sk_biornn.studies._page_style import SCRIPT
from sk_biornn.studies._page_tables import _are_numbers, _pads, settings_table
from sk_biornn.studies._times import note_time, processor
from sk_biornn.studies._told import filled, parts_of
from sk_biornn.studies._write_report import KNOWN

PHONE, DESKTOP = 390, 1085  # pixels
HOSTILE = (
    "<script>alert(1)",
    '"><img src=x onerror=alert(2)>',
    "&lt;b&gt; $x^^$ {0}",
    "a'b`c\x1b[31m",
)


class Page(HTMLParser):
    """What a page is made of; a tag that does not end where it should is an error."""

    VOID = frozenset(("meta", "br", "hr", "img", "link", "input"))

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[str]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        assert len(dict(attributes)) == len(attributes)
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if "td" in self.open or "th" in self.open:
            self.tables[-1][-1][-1] += data

    def values(self, attribute: str) -> list[str]:
        return [found[attribute] for _, found in self.tags if attribute in found]

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def read(path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


# ------------------------------------------------------------------ folders made up


def leave(folder, study, tables, settings):
    """Write what a study would leave, of tables that are made up."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    content = as_json({"study": study.name, **settings})
    (folder / "settings.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def dale(folder, n_runs=6):
    results, curves = study_tables.dale(2, n_runs=n_runs)
    plan = DALE_STUDY.plan("quick", tasks=["flip-flop", "wave"], simulations=n_runs)
    return leave(folder, DALE_STUDY, {"results": results, "curves": curves}, plan.described)


def pruning(folder):
    plan = PRUNING_STUDY.plan("quick", tasks=["flip-flop", "wave"], simulations=6)
    return leave(folder, PRUNING_STUDY, {"results": study_tables.pruning(2, 6)}, plan.described)


def inductive_bias(folder):
    results, curves = study_tables.inductive_bias(1, n_runs=5)
    plan = INDUCTIVE_BIAS_STUDY.plan("quick", tasks=["one-choice-inference"], simulations=5)
    tables = {"results": results, "curves": curves}
    return leave(folder, INDUCTIVE_BIAS_STUDY, tables, plan.described)


def cell_types(folder):
    losses, blocks = study_tables.cell_types(2)
    keys = losses[["condition", "arm", "simulation"]].drop_duplicates()
    scores = {"mse": 0.002, "r2": 0.9, "correlation": 0.95, "mse_persistence": 0.01, "skill": 0.5}
    results = keys.merge(pd.DataFrame({"stage": ["dense", "pruned", "sparse"]}), how="cross")
    results = results.assign(**scores, beats_persistence=17, n_populations=18, error=np.nan)
    plan = CELL_TYPE_STUDY.plan("quick", simulations=2)
    tables = {"results": results, "losses": losses, "blocks": blocks}
    return leave(folder, CELL_TYPE_STUDY, tables, plan.described)


MADE_UP = {
    "dale": (DALE_STUDY, dale),
    "pruning": (PRUNING_STUDY, pruning),
    "inductive-bias": (INDUCTIVE_BIAS_STUDY, inductive_bias),
    "cell-types": (CELL_TYPE_STUDY, cell_types),
}
DRAWN = {"dale", "pruning"}  # the others draw of weights, too


@pytest.fixture(scope="module", params=MADE_UP)
def made_up(request, tmp_path_factory):
    """The page of every study, as it is parsed, and where it came from."""
    study, make = MADE_UP[request.param]
    folder = make(tmp_path_factory.mktemp("page") / request.param)
    with pytest.MonkeyPatch.context() as patch:
        if request.param not in DRAWN:
            patch.setattr("sk_biornn.studies._report.matplotlib_is_here", lambda: False)
        (page,) = write_report(folder)
    assert page == folder / "report.html"
    return study, folder, read(page)


@pytest.fixture
def no_figure(monkeypatch):
    """Leave the slowest part out where it is not what is tested."""
    monkeypatch.setattr("sk_biornn.studies._report.matplotlib_is_here", lambda: False)


# ------------------------------------------------------------------ what a page is


def assert_whole(page: Page) -> None:
    """Names are unique and known, and nothing is loaded from anywhere."""
    names = page.values("id")
    assert len(names) == len(set(names))
    for key in ("href", "src", "xlink:href", "srcset", "data", "action", "poster"):
        for tag, attributes in page.tags:
            address = attributes.get(key, "#")
            if address.startswith("#"):
                assert address == "#" or address[1:] in names
            elif tag == "a":
                assert address.startswith("https://") or address.endswith("/report.html")
            else:
                assert tag == "image" and address.startswith("data:image/png;base64,")
    for reference in re.findall(r"url\(([^)]*)\)", " ".join([*page.texts, *page.values("style")])):
        assert reference.startswith("#") and reference[1:] in names
    for labels in page.values("aria-labelledby"):
        assert set(labels.split()) <= set(names)
    assert not {"link", "img", "iframe", "object", "embed", "form", "base"} & {
        tag for tag, _ in page.tags
    }
    assert "@import" not in page.text and not [key for key in page.tags if "onerror" in key[1]]
    assert len(page.named("style")) == len(page.named("script")) == 1 and SCRIPT in page.texts
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    (policy,) = (tag["content"] for tag in page.named("meta") if "http-equiv" in tag)
    assert "default-src 'none'" in policy and f"script-src 'sha256-{digest}'" in policy
    style = "".join(text for text in page.texts if "@media" in text)
    for medium in ("@media print", "@page", "(prefers-color-scheme: dark)", "(max-width: 40rem)"):
        assert medium in style
    assert len(page.named("h1")) == 1 and page.named("html") == [{"lang": "en"}]


def test_pages_are_whole_and_need_nothing_else(made_up):
    study, folder, page = made_up
    assert_whole(page)
    assert study.about.title in page.text and study.about.question in page.text
    assert all(paper.link in page.values("href") for paper in study.about.papers)
    assert (folder / "report.html").stat().st_size < 2e6
    drawn = page.named("svg")
    assert len(drawn) == (len(study.report.figures) if folder.name in DRAWN else 0)
    assert all(svg["role"] == "img" and len(svg["aria-label"]) > 40 for svg in drawn)


def tables_of(study, folder):
    """The tables in the folder and those made of them, with no help of what writes pages."""
    tables = {name: pd.read_csv(folder / f"{name}.csv") for name in study.report.reads}
    settings = json.loads((folder / "settings.json").read_text())
    return {**study.report.conclude(tables, settings), **tables}


def test_printed_tables_and_answers_are_those_of_the_terminal(made_up):
    study, folder, page = made_up
    told = parts_of(study.report.sentences(tables_of(study, folder)))
    printed = [part for part in told if isinstance(part, PrintedTable)]
    answers = [part for part in told if isinstance(part, Answer)]
    assert printed and answers
    expected = [list(map(list, zip(*filled(p.lines, p.keys), strict=True))) for p in printed]
    assert page.tables[: len(printed)] == expected
    for part in answers:
        assert " ".join(part.sentence[1:].split()) in page.text
    (note,) = (part for part in told if isinstance(part, Note))
    assert note.text in page.text
    heads = {cell for table in page.tables for cell in table[0]}
    assert not heads & {"arm", "arms"} and heads & {"condition", "model", "method", "variant"}


def test_tables_of_files_have_their_numbers(made_up):
    study, folder, page = made_up
    shown = 0
    for table in tables_of(study, folder).values():
        names = [study.about.headings.get(name, name) for name in table]
        found = [cells for cells in page.tables if cells[0] == names]
        if len(table) > 600:
            assert not found
            continue
        shown += 1
        (rows,) = (cells[1:] for cells in found if len(cells) == len(table) + 1)
        for place, name in enumerate(table):
            cells = [row[place] for row in rows]
            if pd.api.types.is_numeric_dtype(table[name]) and table[name].dtype != bool:
                numbers = np.array([float(cell or "nan") for cell in cells])
                # A spread of equal numbers is 0 but for the rounding of older pandas.
                wanted = table[name].astype(float)
                np.testing.assert_allclose(numbers, wanted, rtol=1e-5, atol=1e-7)
            else:
                assert cells == ["" if pd.isna(v) else str(v) for v in table[name]]
    assert shown >= 2


def test_every_study_has_words_for_all_that_it_shows(made_up):
    study, _, _ = made_up
    assert set(study.about.figures) == set(study.report.figures)
    assert set(study.about.tables) == set(study.report.tables)
    assert study.about.question.endswith("?") and study.about.papers
    assert KNOWN[study.name] in studies.__all__ and getattr(studies, KNOWN[study.name]) is study


def test_facts_are_those_of_the_folder(made_up):
    study, folder, page = made_up
    settings = json.loads((folder / "settings.json").read_text())
    n_runs = len(study.planned(settings))
    assert f"{n_runs}, none failed" in page.text and "This study has not ended" not in page.text
    rows = {row[0]: row[1] for table in page.tables for row in table if len(row) == 2}
    assert rows["random_state"] == "0"


@pytest.mark.parametrize("name", MADE_UP)
def test_settings_say_which_runs_there_are(name):
    study = MADE_UP[name][0]
    plan = study.plan("quick", simulations=2)
    assert tuple(study.planned(as_json(plan.described))) == plan.runs and len(plan.runs) > 2


COMMANDS = {
    "dale": [
        "--preset quick --simulations 3 --random-state 0 --tasks flip-flop wave digits",
        "--preset fair --simulations 2 --random-state 7 --tasks wave --arms abs/ours square/ours",
    ],
    "pruning": [
        "--preset quick --simulations 2 --random-state 0 --tasks flip-flop wave digits",
        "--preset paper --simulations 3 --random-state 1 --tasks digits",
    ],
    "inductive-bias": [
        "--preset quick --simulations 3 --random-state 0",
        "--preset tuned --simulations 4 --random-state 2 --variants W 'WD*C' --sign-constraint "
        "--no-rescale-nonnegative --noise-level 0.1 --regu-strength 0.3 0.01",
    ],
    "cell-types": [
        "--preset quick --simulations 3 --random-state 0",
        "--preset paper --simulations 1 --random-state 3 --conditions novel_change "
        "--arms dale 'dense, same epochs' --window post",
    ],
}  # fmt: skip


def plan_of(study, options):
    """What the command line plans with options."""
    from sk_biornn.cli import _commands

    command = next(one for one in _commands.STUDIES if one.name == study.name)
    parser = _commands.Parser()
    _commands.add_study(parser.add_subparsers())
    arguments = parser.parse_args(["study", study.name, *shlex.split(options)])
    choices = _commands._choices(command, arguments)
    return study.plan(choices.pop("preset"), **choices)


@pytest.mark.parametrize(
    ("name", "options"), [(name, each) for name, several in COMMANDS.items() for each in several]
)
def test_the_command_that_is_shown_is_the_one_with_these_settings(name, options):
    study = MADE_UP[name][0]
    settings = as_json({"study": name, **plan_of(study, options).described})
    command = command_of(name, study.again, settings, {})
    assert shlex.split(command) == ["sk-biornn", "study", name, *shlex.split(options)]
    assert as_json({"study": name, **plan_of(study, options).described}) == settings
    assert command_of(name, study.again, settings, {"device": "cuda"}) == f"{command} --device cuda"


@pytest.mark.parametrize("name", MADE_UP)
def test_of_settings_that_no_preset_has_no_command_is_shown(name):
    study = MADE_UP[name][0]
    settings = as_json(study.plan("quick", simulations=2).described)
    preset = "name" if "name" in settings else "preset"
    assert command_of(name, study.again, {**settings, preset: "own"}, {}) is None
    assert command_of(name, study.again, {}, {}) is None
    other = {"dale": "n_units", "pruning": "init", "cell-types": "scaling"}
    if name in other:
        assert command_of(name, study.again, {**settings, other[name]: 5}, {}) is None


def test_the_page_shows_the_command_and_the_budgets_of_its_tasks(made_up):
    study, _, page = made_up
    assert f"sk-biornn study {study.name} --preset quick --simulations " in page.text
    assert "mnist" not in page.text


# ------------------------------------------------------------------ a study of letters


def planned(described):
    return [Run(letter, i) for letter in described["letters"] for i in range(2)]


def tell(tables):
    """A table, an answer, a note and a text."""
    lines = [["letter", "mean"]]
    lines += [[row.letter, f"{row.number:.1f}"] for row in tables["summary"].itertuples()]
    table = PrintedTable(title=f"means of {lines[-1][0]}", lines=lines, about="all of them")
    return [table, Answer(to=lines[-1][0], sentence="yes."), Note(text="a <note>"), "a <text>"]


def draw(folder, tables):
    """A figure with the names of the letters in it."""

    def fill(figure):
        ax = figure.subplots()
        ax.plot([1, 2, 3], label="<b>&amp;")
        ax.set_title(tables["summary"]["letter"].iloc[-1].replace("$", r"\$"))
        ax.legend()

    yield "figure", fill
    yield "<other>", fill


STUDY = dataclasses.replace(
    LETTERS,
    report=dataclasses.replace(LETTERS.report, sentences=tell, draw=draw, figures=("figure",)),
    planned=planned,
    keeps_weights=None,
)


def test_whatever_comes_from_files_shows_itself(tmp_path, monkeypatch):
    def fail(record, run, plan):
        record["number"] = 7
        if run.simulation and run.letter == HOSTILE[0]:
            raise RuntimeError("</script><script>alert(3)</script>")

    about = About(
        title=HOSTILE[0],
        question=HOSTILE[1],
        methods=(HOSTILE[2],),
        papers=(
            Paper(text="<i>", link="javascript:alert(4)"),
            Paper(text="safe", link="https://x"),
        ),
        figures={"figure": Caption(title="<u>", text='"', alt='"><img src=y>')},
        tables={"results": "<tr>"},
        headings={"number": "<th>"},
    )
    study = dataclasses.replace(STUDY, job=fail, about=about, name="<study>")
    with monkeypatch.context() as patch:
        patch.setattr("sk_biornn.studies._report.matplotlib_is_here", lambda: False)
        letters = [name.replace("/", "") for name in HOSTILE]
        run_study(study, "</style><b>", output=tmp_path, letters=letters)
    (path,) = write_report(tmp_path, study=study)
    page = read(path)
    assert_whole(page)
    shown = HOSTILE[3].replace("\x1b", "\ufffd")
    for text in (*HOSTILE[:3], shown, "</style><b>", "</script><script>alert(3)</script>", "<th>"):
        assert " ".join(text.split()) in page.text, text
    assert '"><img src=y>' in page.values("aria-label")
    assert "javascript:alert(4)" not in page.values("href") and "https://x" in page.values("href")
    assert page.text.count("<b>&amp;") >= 2  # of the legend of both figures
    names = {tag for tag, _ in page.tags}
    assert not names & {"img", "b1", "i", "u"}


def test_the_same_folder_gives_the_same_bytes_wherever_it_lies(tmp_path, monkeypatch):
    first = tmp_path / "first"
    run_study(STUDY, output=first)
    (page,) = write_report(first, study=STUDY)
    content = page.read_bytes()
    shutil.copytree(first, tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        import matplotlib

        patch.setitem(matplotlib.rcParams, "font.size", 20)
        (again,) = write_report("elsewhere", study=STUDY)
    assert again.read_bytes() == content
    assert write_report(first, study=STUDY) == [page] and page.read_bytes() == content
    assert not list(first.glob(".*~"))


def test_a_page_of_what_was_there_before_does_not_stay(tmp_path, no_figure):
    run_study(STUDY, output=tmp_path)
    (page,) = write_report(tmp_path, study=STUDY)
    run_study(STUDY, output=tmp_path, resume=True)
    assert not page.exists()
    write_report(tmp_path, study=STUDY)
    run_study(STUDY, output=tmp_path, overwrite=True)
    assert not page.exists()


def test_of_a_study_that_has_not_ended_the_page_says_what_is_missing(tmp_path, no_figure):
    run_study(STUDY, output=tmp_path, letters=("a", "B"))
    for name in ("results.csv", "summary.csv", "times.csv", "runs/a_001.json", "runs/B_000.json"):
        (tmp_path / name).unlink()
    before = sorted(path.name for path in tmp_path.rglob("*"))
    (path,) = write_report(tmp_path, study=STUDY)
    assert sorted(p.name for p in tmp_path.rglob("*")) == sorted([*before, "report.html"])
    page = read(path)
    assert_whole(page)
    assert "This study has not ended. 2 runs of 4 are missing" in page.text
    assert "letter a simulation 1" in page.text and "letter B simulation 0" in page.text
    assert "letter a simulation 0" not in page.text
    assert "letter B simulation 1: RuntimeError: letters are small here" in page.text
    assert "2 of 4, 1 failed" in page.text
    number = json.loads((tmp_path / "runs" / "a_000.json").read_text())["number"]
    assert page.tables[0] == [["letter", "mean"], ["a", f"{number:.1f}"]]
    for record in (tmp_path / "runs").glob("*.json"):
        record.unlink()
    (path,) = write_report(tmp_path, study=STUDY)
    assert "no run has ended yet" in read(path).text and "4 runs of 4 are" in read(path).text


def test_levels_that_files_read_as_nothing_are_not_missing(tmp_path, no_figure):
    run_study(STUDY, output=tmp_path, letters=("a", "NA"))
    assert "has not ended" not in read(write_report(tmp_path, study=STUDY)[0]).text
    for name in ("results.csv", "runs/NA_000.json"):
        (tmp_path / name).unlink()
    assert "1 run of 4 is missing" in read(write_report(tmp_path, study=STUDY)[0]).text


def test_figures_are_drawn_of_finished_studies_alone(tmp_path):
    run_study(STUDY, output=tmp_path, simulations=1)
    assert len(read(write_report(tmp_path, study=STUDY)[0]).named("svg")) == 2
    (tmp_path / "results.csv").unlink()
    page = read(write_report(tmp_path, study=STUDY)[0])
    assert not page.named("svg") and "figures are drawn of all" in page.text


def test_all_runs_may_have_failed(tmp_path, no_figure):
    run_study(STUDY, output=tmp_path, letters=("B",))
    page = read(write_report(tmp_path, study=STUDY)[0])
    assert_whole(page)
    assert "all runs failed" in page.text and "2 runs failed:" in page.text


def test_a_text_is_told_as_it_is(tmp_path, no_figure):
    run_study(LETTERS, output=tmp_path)
    page = read(write_report(tmp_path, study=LETTERS)[0])
    assert_whole(page)
    text = studies.report_study(LETTERS, tmp_path)
    assert len(page.named("pre")) == 1 and text in page.text
    assert "The study letters" in page.text


# ------------------------------------------------------------------ folders


def test_several_studies_get_a_page_that_leads_to_theirs(tmp_path, no_figure, capsys):
    pruning(tmp_path / "a pruning & more")
    dale(tmp_path / "z")
    (tmp_path / "no study").mkdir()
    found = write_report(tmp_path)
    assert found == [
        tmp_path / "report.html",
        *(tmp_path / name / "report.html" for name in ("z", "a pruning & more")),
    ]
    page = read(found[0])
    assert_whole(page)
    links = [unquote(href) for href in page.values("href") if not href.startswith("#")]
    assert [tmp_path / link for link in links] == found[1:]
    for study in (DALE_STUDY, PRUNING_STUDY):
        assert study.about.title in page.text and study.about.question in page.text
    before = found[0].read_bytes()
    found[0].unlink()
    assert main(["report", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert found[0].read_bytes() == before
    assert "==> dale" in printed and "==> pruning" in printed
    assert printed.splitlines()[-1] == f"pages: {', '.join(map(str, found))}"


def test_the_command_names_what_is_missing(tmp_path, no_figure, capsys):
    dale(tmp_path, n_runs=2)
    (tmp_path / "results.csv").unlink()
    (tmp_path / "versions.json").write_text("{}")
    (tmp_path / "runs").mkdir()
    assert main(["report", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines() == ["no run has ended yet", f"page: {tmp_path / 'report.html'}"]
    assert "44 of 44 runs are missing (flip-flop unconstrained/paper simulation 0, " in err
    assert "and 39 more); --resume goes on." in err


def test_folders_of_older_versions_are_shown_and_taken_up(tmp_path, no_figure):
    run_study(STUDY, output=tmp_path)
    for path in (tmp_path / "runs").glob("*.json"):
        record = json.loads(path.read_text())
        older = {name: record[name] for name in record if name not in ("ended", "processor")}
        assert older == sealed(older)
        path.write_text(json.dumps(older))
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").glob("*.json")}
    run_study(STUDY, output=tmp_path, resume=True)
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert pd.read_csv(tmp_path / "times.csv")[["ended", "processor"]].isna().all(axis=None)
    page = read(write_report(tmp_path, study=STUDY)[0])
    assert "4, none failed" in page.text and "UTC" not in page.text
    for name in ("times.csv", "versions.json", "settings.json"):
        (tmp_path / name).unlink()
    page = read(write_report(tmp_path, study=STUDY)[0])
    assert "4, none failed" in page.text


def test_records_say_when_they_ended_and_where(tmp_path, no_figure):
    run_study(STUDY, output=tmp_path)
    times = pd.read_csv(tmp_path / "times.csv")
    assert list(times) == ["letter", "simulation", *NEVER_REPEATED]
    assert set(times["processor"]) == {processor()} and processor()
    ended = pd.to_datetime(times["ended"], utc=True)
    assert (ended <= pd.Timestamp.now("UTC")).all()
    page = read(write_report(tmp_path, study=STUDY)[0])
    assert processor() in page.text and f"{ended.max():%H:%M} UTC" in page.text
    record = {}
    note_time(record, 0.0)
    assert set(record) == set(NEVER_REPEATED) and sealed(record)["seal"] == sealed({})["seal"]


def test_a_gpu_that_was_used_is_named(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    record = {}
    note_time(record, 0.0)
    assert record["processor"] == f"{processor()} + a GPU"


def test_without_a_list_of_processors_the_system_is_asked(monkeypatch):
    def refuse(*args, **kwargs):
        raise FileNotFoundError

    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr("platform.processor", lambda: "")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert processor.__wrapped__() == "x86_64"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.123, "0.12 s"), (12.3, "12 s"), (90, "1.5 min"), (3599, "60.0 min"), (7200, "2.0 h")],
)
def test_times_have_the_unit_that_suits_them(seconds, text):
    assert time_text(seconds) == text


def test_facts_span_days(tmp_path):
    times = pd.DataFrame(
        {
            "seconds": [60.0, 30.0, 1.0],
            "ended": ["2026-02-01T00:00:30+00:00", "2026-02-01T12:30:00+01:00", None],
        }
    )
    assert when_text(times) == "2026-01-31 23:59 to 2026-02-01 11:30 UTC"
    assert when_text(times.iloc[1:]) == "2026-02-01 11:29 to 11:30 UTC"
    assert when_text(times.iloc[2:]) == when_text(times[["seconds"]]) == ""


@pytest.mark.parametrize(
    ("folder", "kind", "sentence"),
    [
        (3, TypeError, "folder must be a path, got 3."),
        ("no-such-folder", FileNotFoundError, "there is no folder 'no-such-folder'."),
    ],
)
def test_what_is_no_folder_is_refused(folder, kind, sentence):
    with pytest.raises(kind) as refusal:
        write_report(folder)
    assert sentence in str(refusal.value)


def test_what_is_no_study_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no study: neither"):
        write_report(tmp_path)
    with pytest.raises(TypeError, match="study must be a Study or None, got str 'dale'"):
        write_report(tmp_path, study="dale")
    (tmp_path / "settings.json").write_text('{"study": ["dale"]}')
    with pytest.raises(ValueError, match="must name a study among"):
        write_report(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("settings.json", "[1]", "settings.json must hold settings by name"),
        ("settings.json", '{"study": "letters", "letters": 3}', "settings.json is not as the"),
        (
            "settings.json",
            '{"study": "letters"}',
            "settings.json is not as the study letters wrote",
        ),
        ("versions.json", "[]", "versions.json must hold versions by name"),
        ("versions.json", "{", "versions.json is not valid JSON"),
        ("times.csv", "a\n1\n", "times.csv' is not the table of a study"),
        ("times.csv", "seconds\nx\n", "has tables that are not as a study wrote them"),
        ("times.csv", "seconds,ended\n1,0001-01-01T00:00:00+00:00\n", "not as a study wrote them"),
        ("versions.json", '{"a": ' * 900 + "1" + "}" * 900, "not as a study wrote them"),
        ("results.csv", "", "results.csv' is damaged"),
        ("results.csv", "letter,simulation,number,error\na,0,x,\n", "not as a study wrote them"),
    ],
)
def test_damaged_folders_are_refused_in_a_sentence(name, content, sentence, tmp_path, no_figure):
    run_study(STUDY, output=tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError) as refusal:
        write_report(tmp_path, study=STUDY)
    said = str(refusal.value)
    assert sentence in said and str(tmp_path) in said and "\n" not in said
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("folder", [".", "a"])
def test_short_names_of_folders_are_not_taken_for_sentences(
    folder, tmp_path, monkeypatch, no_figure
):
    run_study(STUDY, output=tmp_path / "a")
    table = "letter,simulation,number,error\na,0,x.a,\n"
    (tmp_path / "a" / "results.csv").write_text(table)
    monkeypatch.chdir(tmp_path / "a" if folder == "." else tmp_path)
    with pytest.raises(ValueError, match="has tables that are not as a study wrote them"):
        write_report(folder, study=STUDY)


def test_settings_of_an_editor_are_no_study(tmp_path, no_figure):
    run_study(STUDY, output=tmp_path / "letters")
    (tmp_path / ".vscode").mkdir()
    (tmp_path / ".vscode" / "settings.json").write_text('{"files.eol": "x"} // of an editor')
    assert write_report(tmp_path, study=STUDY)[1] == tmp_path / "letters" / "report.html"


def test_a_place_that_cannot_be_written_is_refused(tmp_path, no_figure):
    run_study(STUDY, output=tmp_path)
    (tmp_path / "report.html").mkdir()  # nothing can be written over a folder, whoever asks
    with pytest.raises(ValueError, match=r"cannot be written .* copy the folder"):
        write_report(tmp_path, study=STUDY)
    assert not list(tmp_path.glob(".*~"))


def test_of_files_that_cannot_be_written_or_read_the_command_says_just_that(
    tmp_path, monkeypatch, no_figure, capsys
):
    dale(tmp_path / "dale")

    def refuse(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr("sk_biornn.studies._files.write_text", refuse)
        assert main(["report", str(tmp_path / "dale")]) == 2
    said = capsys.readouterr().err
    assert "cannot be written (Permission denied)" in said and "resume" not in said
    for folder in ("dale", ""):
        with monkeypatch.context() as patch:
            patch.setattr("pathlib.Path.is_file", refuse)
            assert main(["report", str(tmp_path / folder)]) == 2
        said = capsys.readouterr().err
        assert "cannot be read (Permission denied)" in said and "resume" not in said


def test_a_report_tells_nothing_but_parts():
    with pytest.raises(TypeError, match="PrintedTable, Answer or Note, got 3"):
        parts_of([3])


# ------------------------------------------------------------------ small pieces


def test_elements_escape_what_is_no_markup():
    inner = element("b", "<", 1, None, class_="a", data_x=True, hidden=False)
    assert inner == '<b class="a" data-x>&lt;1</b>' and isinstance(inner, Markup)
    assert element("p", "\ud800\0\x7f") == "<p>?\ufffd\ufffd</p>"
    assert element("p", inner, title='"&') == f'<p title="&quot;&amp;">{inner}</p>'
    anchors = Anchors()
    names = [anchors.name(text) for text in ("A b", "a-b", "a b 2", "a b", "!!", "")]
    assert names == ["a-b", "a-b-2", "a-b-2-2", "a-b-3", "part", "part-2"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "-.5", "+2e-03"], True),
        (["0.1 [0.05, 0.2]", "", "-"], True),
        (["17.5 of 18", "3 (1 failed)"], True),
        (["[0.1, 0.2]", "[-1e-05, +3]"], True),
        (["10 %", "5%"], True),
        (["5-HT", "1"], False),
        (["W", "WD"], False),
        (["", "-"], False),
    ],
)
def test_columns_of_numbers_are_known(cells, expected):
    assert _are_numbers(cells) is expected


def test_points_stand_below_one_another():
    assert _pads(["1", "-.25", "0.5", "", "-"]) == [".00", None, "0", None, None]
    assert _pads(["1", "2e-3"]) == [None, None] and _pads(["1", "20"]) == [None, None]


def test_settings_within_settings_get_tables():
    settings = {
        "n": 1, "flag": True, "nothing": None, "empty": {}, "names": ["a", "b"],
        "arms": [{"arm": "x", "f": 1.5}, {"arm": "y"}], "tasks": {"t": {"n": 2}, "u": {"m": 0}},
        "deep": {"one": {"two": {"three": [1, 2]}}, "four": False},
    }  # fmt: skip
    page = Page(settings_table(settings, {"arms": "conditions", "arm": "condition"}))
    rows = {row[0]: row[1:] for table in page.tables for row in table if row}
    assert rows["n"] == ["1"] and rows["flag"] == ["yes"] and rows["nothing"] == ["none"]
    assert rows["empty"] == ["none"] and rows["names"] == ["a, b"]
    assert rows["x"] == ["1.5"] and rows["y"] == [""]
    assert rows["t"] == ["2", ""] and rows["u"] == ["", "0"]
    assert "conditions" in rows and "condition" in rows and rows["four"] == ["no"]


# ------------------------------------------------------------------ in a browser

WRAPPER = """<!doctype html><meta charset="utf-8"><title>visit</title>
<iframe id="page" style="width: %dpx; height: 800px; border: 0"></iframe>
<script>
const frame = document.getElementById("page"), found = {};
async function visit(page) {
  await new Promise(done => { frame.onload = done; frame.src = "/" + page; });
  const inside = frame.contentDocument;
  inside.querySelectorAll("details").forEach(one => one.open = true);
  await new Promise(done => setTimeout(done, 50));
  const table = inside.querySelector("table.sortable"), orders = [];
  const cells = place => [...table.tBodies[0].rows].map(row => row.cells[place].textContent);
  for (const head of table.tHead.rows[0].cells) {
    const seen = [cells(head.cellIndex)];
    for (let click = 0; click < 3; click++) {
      head.querySelector("button").click();
      seen.push([head.getAttribute("aria-sort"), cells(head.cellIndex)]);
    }
    orders.push(seen);
  }
  const wide = [...inside.querySelectorAll("figure svg text")].length;
  found[page] = {width: inside.scrollingElement.scrollWidth, orders, wide};
}
async function run(pages) {
  for (const page of pages) await visit(page);
  await fetch("/report", {method: "POST", body: JSON.stringify(found)});
}
run(%s).catch(error => fetch("/report", {method: "POST", body: JSON.stringify(String(error))}));
</script>"""


class Served(http.server.SimpleHTTPRequestHandler):
    """Serves pages, and one that opens them in turn and reports."""

    def do_GET(self):
        if self.path != "/visit":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.wrapper)

    def do_POST(self):
        self.server.report = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
        self.server.reported.set()

    def log_message(self, *args):
        pass


@in_a_browser
@pytest.mark.parametrize("window", [PHONE, DESKTOP])
def test_in_a_browser_tables_sort_and_no_page_is_wider_than_its_window(
    window, tmp_path, monkeypatch
):
    dale(tmp_path / "site" / "dale")
    run_study(STUDY, output=tmp_path / "site" / "letters", letters=("a", "B", "c"))
    write_report(tmp_path / "site" / "letters", study=STUDY)
    write_report(tmp_path / "site" / "dale")
    monkeypatch.setattr("sk_biornn.studies._report.matplotlib_is_here", lambda: False)
    for make in (pruning, inductive_bias, cell_types):
        write_report(make(tmp_path / "site" / make.__name__))
    drawn = ["dale/report.html", "letters/report.html"]
    pages = [
        *drawn,
        *(f"{name}/report.html" for name in ("pruning", "inductive_bias", "cell_types")),
    ]
    handler = functools.partial(Served, directory=str(tmp_path / "site"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.wrapper = (WRAPPER % (window, json.dumps(pages))).encode()
        server.reported, server.report = threading.Event(), None
        said = visit(server, tmp_path, seconds=120)
    assert not [line for line in said if "favicon" not in line]
    report = server.report
    assert set(report) == set(pages)
    assert {page: found["width"] for page, found in report.items() if found["width"] > window} == {}
    for page, found in report.items():
        assert (found["wide"] > 5) is (page in drawn)
        for before, *clicks in found["orders"]:
            assert [state for state, _ in clicks] == ["ascending", "descending", None]
            up, down, back = (cells for _, cells in clicks)
            assert back == before and sorted(up) == sorted(down) == sorted(before)
            for order, direction in ((up, 1), (down, -1)):
                shown = [cell for cell in order if cell not in ("", "-")]
                assert order[: len(shown)] == shown  # those without a value come last
                keys = list(map(leading, shown)) if _are_numbers(before) else shown
                assert keys[::direction] == sorted(keys)


def leading(cell: str) -> float:
    """The number with which a cell begins, or an interval in it."""
    return float(cell.split()[0].strip("[,"))
