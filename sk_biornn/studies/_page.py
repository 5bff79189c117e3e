"""The page of a study: one file of HTML that needs nothing else, the same for the same folder."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import sk_biornn
from sk_biornn.studies._about import About, Caption
from sk_biornn.studies._gathered import Gathered
from sk_biornn.studies._options import command_of
from sk_biornn.studies._page_facts import facts, runs_text, state
from sk_biornn.studies._page_html import Anchors, Markup, element, joined
from sk_biornn.studies._page_style import SCRIPT, STYLE
from sk_biornn.studies._page_svg import inline_svg
from sk_biornn.studies._page_tables import (
    MOST_ROWS,
    file_table,
    printed_table,
    settings_table,
    without_other_tasks,
)
from sk_biornn.studies._report import count
from sk_biornn.studies._told import Answer, Note, PrintedTable, parts_of

_SECTIONS = (
    "Answers",
    "What was done",
    "Figures",
    "Tables",
    "All numbers",
    "How it was carried out",
    "References",
)


def page_of(found: Gathered) -> str:
    """Return the page of one study."""
    about, anchors = about_of(found), Anchors()
    makers = (_answers, _methods, _figures, _tables, _numbers, _circumstances, _references)
    names = [anchors.name(title) for title in _SECTIONS]  # before anything else takes them
    contents = [make(found, about, anchors) for make in makers]
    sections = [
        section
        for section in zip(_SECTIONS, names, contents, strict=True)
        if section[2] is not None
    ]
    links = [element("li", element("a", title, href=f"#{name}")) for title, name, _ in sections]
    head = element(
        "header",
        element("p", "Study report, sk_biornn", class_="kind"),
        element("h1", about.title),
        element("p", about.question, class_="question") if about.question else None,
        state(found),
        facts(found),
        element("nav", element("ul", *links), aria_label="sections"),
    )
    body = [
        element("section", _heading("h2", title, name), content, aria_labelledby=name)
        for title, name, content in sections
    ]
    return _document(about.title, about.question, joined([head, element("main", joined(body))]))


def index_of(studies: list[tuple[Gathered, str]]) -> str:
    """Return the page that leads to those of several studies, each with its address."""
    items = []
    for found, address in studies:
        about = about_of(found)
        link = element("a", about.title, href=address)
        ended = None if not found.missing else "This study has not ended. "
        items.append(
            element(
                "li",
                element("h2", link),
                element("p", about.question) if about.question else None,
                _list_of_answers(found),
                element("p", ended, f"Runs: {runs_text(found)}.", class_="quiet"),
            )
        )
    title = "Study reports"
    head = element(
        "header",
        element("p", "sk_biornn", class_="kind"),
        element("h1", title),
        element("p", f"{len(items)} studies, a page each." if len(items) > 1 else "One study."),
    )
    main = element("main", element("ul", *items, class_="studies"))
    return _document(title, "Questions and answers of several studies.", joined([head, main]))


def about_of(found: Gathered) -> About:
    """Return what is known of the study before; of one that says nothing, its name."""
    title = f"The study {found.study.name}"
    return found.study.about or About(title=title, question="", methods=())


def _document(title: str, description: str, content: Markup) -> str:
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name_="description", content=description),
        element("meta", name_="generator", content=f"sk_biornn {sk_biornn.__version__}"),
        element("title", title),
        element("style", Markup(STYLE)),
    )
    footer = element(
        "footer",
        element("p", f"Drawn up by sk_biornn {sk_biornn.__version__}; ", _AGAIN, class_="quiet"),
    )
    body = element("body", content, footer, element("script", Markup(SCRIPT)))
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


_AGAIN = joined([element("code", "sk-biornn report DIR"), " draws it up again."], "")


def _heading(level: str, title: str, name: str) -> Markup:
    link = element("a", "#", href=f"#{name}", class_="anchor", aria_label="link to this place")
    return element(level, title, link, id=name)


# ------------------------------------------------------------------ sections


def _answers(found: Gathered, about: About, anchors: Anchors) -> Markup | None:
    return _list_of_answers(found)


def _methods(found: Gathered, about: About, anchors: Anchors) -> Markup | None:
    return joined(element("p", text) for text in about.methods) if about.methods else None


def _list_of_answers(found: Gathered) -> Markup | None:
    answers = [part for part in parts_of(found.told) if isinstance(part, Answer)]
    rows = [
        element("div", element("dt", answer.to), element("dd", _sentence(answer.sentence)))
        for answer in answers
    ]
    return element("dl", *rows, class_="answers") if rows else None


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _figures(found: Gathered, about: About, anchors: Anchors) -> Markup | None:
    figures = [
        _figure(number, name, fill, about, anchors)
        for number, (name, fill) in enumerate(found.drawings(), start=1)
    ]
    return joined(figures) if figures else None


def _figure(number: int, name: str, fill: Any, about: About, anchors: Anchors) -> Markup:
    caption = about.figures.get(name, Caption(title=name, text="", alt=f"figure {name}"))
    place = anchors.name(f"figure {name}")
    picture = inline_svg(fill, place, caption.alt)
    box = element("div", picture, class_="scroll", tabindex="0", role="region", aria_label=name)
    numbered = element("b", f"Figure {number}. {caption.title}.")
    return element("figure", box, element("figcaption", numbered, f" {caption.text}"), id=place)


def _tables(found: Gathered, about: About, anchors: Anchors) -> Markup | None:
    parts = list(_parts(found, anchors))
    return joined(parts) if parts else None


def _parts(found: Gathered, anchors: Anchors) -> Iterator[Markup]:
    for part in parts_of(found.told):
        if isinstance(part, PrintedTable):
            name = anchors.name(part.title)
            yield _heading("h3", part.title, name)
            if part.about:
                yield element("p", part.about, class_="quiet")
            yield printed_table(part, name)
        elif isinstance(part, Note):
            yield element("p", part.text, class_="note")
        elif isinstance(part, str):
            yield element("pre", part)


def _numbers(found: Gathered, about: About, anchors: Anchors) -> Markup | None:
    tables = {**found.tables, "times": found.times} if found.tables else {}
    parts = [_details(name, tables[name], found, about, anchors) for name in tables]
    return joined(parts) if parts else None


def _details(name: str, table: Any, found: Gathered, about: About, anchors: Anchors) -> Markup:
    """Return the table of a file, to be opened."""
    what = about.tables.get(name, _TIMES if name == "times" else "")
    place, n_rows = anchors.name(f"table {name}"), count(len(table), "row")
    file = f"{name}.csv"
    said = f": {what} ({n_rows})" if what else f": {n_rows}"
    title = element("summary", element("b", file, id=place), said)
    beside = f"All is in {file}, beside this page." if found.is_finished else ""
    if len(table) > MOST_ROWS:
        note = element("p", "More rows than a page has room for. ", beside, class_="quiet")
        return element("details", title, note)
    renamed = [
        f" The column {new} is called {old} there."
        for old, new in about.headings.items()
        if old in table and found.is_finished
    ]
    note = element("p", "Numbers with six digits. ", beside, *renamed, class_="quiet")
    return element("details", title, note, file_table(table, about.headings, place))


_TIMES = "a row per run: seconds, when it ended, and on which processor"


def _circumstances(found: Gathered, about: About, anchors: Anchors) -> Markup:
    settings = {name: value for name, value in found.settings.items() if name != "study"}
    settings = without_other_tasks(settings)
    parts = [
        (_heading("h3", title, anchors.name(title)), settings_table(content, about.headings))
        for title, content in (("Settings", settings), ("Versions", found.versions))
        if content
    ]
    known = _same_again(found) if found.study.again is not None else None
    return joined([known, *(piece for part in parts for piece in part)])


def _same_again(found: Gathered) -> Markup:
    """Return the command that carries the study out again."""
    command = command_of(found.study.name, found.study.again, found.settings, found.versions)
    if command is None:
        text = (
            "These settings are those of no preset: the same study again is one call from Python."
        )
        return element("p", text)
    data = " (DIR is the folder of the data)" if " DIR" in command else ""
    said = element("p", f"The same study again, from the command line{data}:")
    return joined([said, element("pre", element("code", command), class_="command")])


def _references(found: Gathered, about: About, anchors: Anchors) -> Markup:
    items = [element("li", paper.text, " ", _link(paper.link)) for paper in about.papers]
    version = found.versions.get("sk_biornn", sk_biornn.__version__)
    software = f"sk_biornn {version}, the software that carried this study out."
    return element("ol", *items, element("li", software), class_="references")


def _link(address: str) -> Markup | None:
    return element("a", address, href=address) if address.startswith("https://") else None
