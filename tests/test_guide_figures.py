"""The figures of the guide: whole, legible, and on every page, with a text for who cannot see."""

from __future__ import annotations

import functools
import importlib
import re
import sys
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest

from sk_biornn.biology.constraints import LAWS

matplotlib = pytest.importorskip("matplotlib")

DOCS = Path(__file__).parents[1] / "docs"
SHARED = {"__init__", "page_tables", "schema", "style"}
FIGURES = sorted(path.stem for path in (DOCS / "figures").glob("*.py") if path.stem not in SHARED)
GUIDE = re.findall(r"^   (\w+)$", DOCS.joinpath("guide.rst").read_text(encoding="utf-8"), re.M)
STUDIES = {"study", "study_cell_types", "study_inductive_bias", "study_pruning"}
PAGES = sorted({*GUIDE, *STUDIES, "first_fit", "which_estimator"})
WITHOUT_FIGURE = {"words"}  # tables
PLOT = re.compile(r"\n\.\. plot:: figures/(\w+)\.py draw\n((?:   .*\n|\n)+)")
SMALLEST = 8  # points
WIDEST = 5.6  # inches, see figures/style.py
SLACK = 2  # pixels at 100 per inch


@functools.cache
def drawn(name):
    """The figure and all texts in it that are seen."""
    matplotlib.use("agg")
    sys.path.insert(0, str(DOCS))
    try:
        figure = importlib.import_module(f"figures.{name}").draw()
    finally:
        sys.path.remove(str(DOCS))
    texts, draw = [], matplotlib.text.Text.draw

    def note(text, renderer):
        if text.get_visible() and text.get_text().strip():
            texts.append(text)
        draw(text, renderer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matplotlib.text.Text, "draw", note)
        figure.draw_without_rendering()
    matplotlib.pyplot.close(figure)
    return figure, texts


@functools.cache
def plots_of(page):
    """Name, options and caption of each figure of a page."""
    found = {}
    for name, block in PLOT.findall(DOCS.joinpath(f"{page}.rst").read_text(encoding="utf-8")):
        options, _, caption = block.strip("\n").partition("\n\n")
        alt = re.search(r":alt:((?:.*)(?:\n      .*)*)", options)
        found[name] = alt and " ".join(alt[1].split()), " ".join(caption.split())
    return found


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_cut_off(name):
    figure, texts = drawn(name)
    width, height = figure.get_size_inches()
    box, slack = figure.get_tightbbox(), SLACK / figure.dpi
    assert width <= WIDEST
    assert box.x0 >= -slack and box.y0 >= -slack
    assert box.x1 <= width + slack and box.y1 <= height + slack
    for text in texts:
        edges = text.get_window_extent()
        assert edges.x0 >= -SLACK and edges.x1 <= figure.bbox.x1 + SLACK, text.get_text()
        assert edges.y0 >= -SLACK and edges.y1 <= figure.bbox.y1 + SLACK, text.get_text()


@pytest.mark.parametrize("name", FIGURES)
def test_every_text_can_be_read(name):
    _, texts = drawn(name)
    assert texts
    small = {text.get_text() for text in texts if text.get_fontsize() < SMALLEST}
    assert not small


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_covers_another(name):
    _, texts = drawn(name)
    boxes = [(text.get_text(), text.get_window_extent().padded(-SLACK)) for text in texts]
    covered = [
        (one, other)
        for (one, box), (other, its) in combinations(boxes, 2)
        if min(box.width, box.height, its.width, its.height) > 0 and box.overlaps(its)
    ]
    assert not covered


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_says_what_it_shows_and_stands_on_one_page(name):
    drawn(name)
    module = sys.modules[f"figures.{name}"]
    assert module.__doc__.count(".") >= 1 and module.draw.__doc__
    pages = [page.stem for page in DOCS.glob("*.rst") if name in plots_of(page.stem)]
    assert len(pages) == 1


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_a_figure(page):
    plots = plots_of(page)
    assert bool(plots) != (page in WITHOUT_FIGURE)
    for name, (alt, caption) in plots.items():
        assert name in FIGURES
        assert alt and len(alt) > 30, name
        assert 1 <= len(re.findall(r"[.?!](?= [A-Z]|$)", caption)) <= 4, name


def imported(name):
    drawn(name)
    return sys.modules[f"figures.{name}"]


def test_every_law_of_signs_has_a_panel():
    assert list(imported("sign_rules").TITLES) == ["None", *LAWS]


def test_sign_rules_keep_signs():
    kept_weights = imported("sign_rules").kept_weights
    for rule in LAWS:
        for sign in (1, -1):
            _, weights = kept_weights(rule, sign)
            assert ((1 if rule == "nonnegative" else sign) * weights >= 0).all()


def signed(text):
    return float(text.replace("+-", "").replace("+", ""))


def test_the_cost_of_the_law_is_that_of_the_tables():
    """Each row of the csv stands in a table of `study.rst` or `dale.rst`."""
    rows = pd.read_csv(DOCS / "dale_cost.csv")
    study = DOCS.joinpath("study.rst").read_text(encoding="utf-8")
    study = study[study.index("What it gave") :]
    own = DOCS.joinpath("dale.rst").read_text(encoding="utf-8")
    cell = r"     - \S+ \(([-+.\d]+) \[([-+.\d]+), ([-+.\d]+)\]\)\n"
    for law in rows["condition"].unique():
        found = re.search(rf"   \* - `{law}`\n{cell * 3}", study).groups()
        named = {"flip-flop": found[:3], "wave": found[3:6], "digits": found[6:]}
        of_law = rows[rows["condition"] == law].set_index("task")
        for task, numbers in named.items():
            row = of_law.loc[task, ["estimate", "low", "high"]]
            assert [signed(number) for number in numbers] == row.tolist()
        difference = re.search(rf'   \* - `"{law}"`\n     - \S+\n     - (\S+) \+- (\S+)\n', own)
        middle, half = (signed(number) for number in difference.groups())
        row = of_law.loc["MNIST", ["estimate", "low", "high"]].tolist()
        assert row == pytest.approx([middle, middle - half, middle + half])
    assert set(rows["processor"]) == {"AMD EPYC, family 26, model 2"}


@pytest.mark.parametrize("name", ["graph_metrics", "weight_metrics"])
def test_low_is_lower_than_high(name):
    texts = [text.get_text() for ax in drawn(name)[0].axes for text in [ax.xaxis.label]]
    values = [float(text.replace("\N{MINUS SIGN}", "-")) for text in texts]
    assert all(low < high for low, high in zip(values[::2], values[1::2], strict=True))
    assert len(values) == 2 * len(imported(name).EXAMPLES)


def test_captions_say_what_is_drawn():
    """Those that compare: on this machine, as on any."""
    spectra, losses = drawn("start_spectra")[0].axes
    gaps = {line.get_label().strip('"'): line.get_ydata() for line in spectra.lines}
    assert max(gaps, key=lambda kind: gaps[kind][0] / gaps[kind][1]) == "uniform"
    medians = [line.get_ydata()[9] for line in losses.lines if line.get_linewidth() > 2]
    assert medians.index(max(medians)) == list(gaps).index("uniform")

    functional, permuted, *_ = drawn("functional_start")[0].axes[0].lines
    assert functional.get_ydata() == pytest.approx(permuted.get_ydata())

    titles = [ax.get_title(loc="left") for ax in drawn("penalty_on_wire")[0].axes]
    (free, score), (cheap, other) = (
        map(float, re.search(r"wire ([\d.]+), test R² ([\d.]+)", title).groups())
        for title in titles
    )
    assert cheap < free / 2 and other > score - 0.1

    sizes, strengths = drawn("choosing_size")[0].axes
    scores = sizes.lines[0].get_ydata()
    assert scores[0] < scores[-1] and abs(scores[-1] - scores[-2]) < 0.1
    score, wire = (line.get_ydata() for line in strengths.lines)
    between = strengths.lines[0].get_xdata() == 1e-2
    assert wire[between] < 0.3 and score[between] > score[0] - 0.1

    rates = drawn("choosing_training")[0].axes[0].lines[0].get_ydata()
    assert rates.max() > 0.9 and rates[0] < 0.5 and rates[-1] < 0.5


def test_a_first_fit_is_the_one_of_the_page_and_answers_a_new_trial():
    network, X, y = imported("first_fit").fitted()
    assert network.score(X, y) > 0.8
    page = DOCS.joinpath("first_fit.rst").read_text(encoding="utf-8")
    first = page.split("DaleRNNRegressor(", 1)[1].split(")", 1)[0]
    names = ("n_units", "max_iter", "batch_size", "learning_rate_init", "max_grad_norm")
    for name in (*names, "random_state"):
        assert f"{name}={getattr(network, name)}," in first.replace("\n", ",\n")
