"""The built pages: no dead link, nothing from elsewhere, a text for every picture, phones served.

Skipped where `make docs` has not been run; what needs a browser, where there is no Chromium.
"""

from __future__ import annotations

import functools
import html
import http.server
import json
import re
import threading
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from browser import in_a_browser, visit

DOCS = Path(__file__).parents[1] / "docs"
SITE = DOCS / "_build" / "html"
PHONE = 390  # pixels

pytestmark = pytest.mark.skipif(
    not (SITE / "index.html").exists(), reason="the pages are not built (make docs)"
)

TAG = re.compile(r"<(a|img|link|script|iframe|source|embed|object|video|audio)\b([^>]*)>")
ATTRIBUTE = re.compile(r"([\w-]+)\s*=\s*\"([^\"]*)\"")
ANCHOR = re.compile(r"\b(?:id|name)=\"([^\"]*)\"")
STYLED = re.compile(r"url\(\s*['\"]?(?:https?:)?//|@import\s+['\"]?(?:https?:)?//")
EXTERNAL = ("http:", "https:", "//")
POINTS_ONLY = {"canonical", "alternate", "author", "license", "search", "next", "prev", "index"}


def pages() -> list[Path]:
    return sorted(path for path in SITE.rglob("*.html") if "_static" not in path.parts)


@functools.cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@functools.cache
def anchors_of(path: Path) -> frozenset[str]:
    return frozenset(html.unescape(name) for name in ANCHOR.findall(text_of(path)))


@functools.cache
def tags_of(path: Path) -> list[tuple[str, dict[str, str]]]:
    return [
        (name, {key: html.unescape(value) for key, value in ATTRIBUTE.findall(rest)})
        for name, rest in TAG.findall(text_of(path))
    ]


def addresses(tag: str, attributes: dict[str, str]) -> list[str]:
    """Return what a tag loads or links to, the pictures of a `srcset` among it."""
    listed = [part.split()[0] for part in attributes.get("srcset", "").split(",") if part.strip()]
    return [attributes[key] for key in ("href", "src", "data") if attributes.get(key)] + listed


def target_of(page: Path, address: str) -> tuple[Path, str]:
    """Return the file and the anchor that an internal address names."""
    parts = urlsplit(address)
    if not parts.path:
        return page, unquote(parts.fragment)
    path = (page.parent / unquote(parts.path)).resolve()
    return (path / "index.html" if path.is_dir() else path), unquote(parts.fragment)


def test_no_link_is_dead():
    dead = []
    for page in pages():
        for tag, attributes in tags_of(page):
            for address in addresses(tag, attributes):
                if urlsplit(address).scheme or address.startswith("//"):
                    continue
                path, anchor = target_of(page, address)
                if not path.exists():
                    dead.append((page.relative_to(SITE), address))
                elif anchor and path.suffix == ".html" and anchor not in anchors_of(path):
                    dead.append((page.relative_to(SITE), address))
    assert not dead


def test_nothing_is_loaded_from_elsewhere():
    loaded = []
    for page in pages():
        for tag, attributes in tags_of(page):
            if tag == "a" or POINTS_ONLY & set(attributes.get("rel", "").split()):
                continue
            for address in addresses(tag, attributes):
                if address.startswith(EXTERNAL):
                    loaded.append((page.relative_to(SITE), tag, address))
    for sheet in SITE.rglob("*.css"):
        if STYLED.search(sheet.read_text(encoding="utf-8")):
            loaded.append((sheet.relative_to(SITE), "style", "url(...)"))
    assert not loaded


def test_every_picture_has_a_text():
    """Decoration beside a title may have an empty one, as long as somebody decided so."""
    without = [
        (page.relative_to(SITE), attributes.get("src"))
        for page in pages()
        for tag, attributes in tags_of(page)
        if tag == "img" and "alt" not in attributes
    ]
    assert not without


def test_no_figure_is_named_after_its_script():
    named = [
        (page.relative_to(SITE), attributes["alt"])
        for page in (SITE / "gallery").rglob("plot_*.html")
        for tag, attributes in tags_of(page)
        if tag == "img" and attributes.get("alt", "").startswith("plot ")
    ]
    assert not named


def test_every_page_has_a_description_and_no_raw_formula():
    described = re.compile(r'<meta[^>]*name="description"')
    for page in pages():
        if page.name in ("genindex.html", "py-modindex.html", "search.html"):
            continue
        text = text_of(page)
        assert described.search(text), page
        assert r"\(" not in re.sub(r"(?s)<(script|pre|code)\b.*?</\1>", "", text), page


def test_five_entries_at_the_top():
    bar = re.search(r'(?s)<ul class="bd-navbar-elements.*?</ul>', text_of(SITE / "index.html"))
    shown = re.findall(r'(?s)<a class="nav-link[^>]*>(.*?)</a>', bar.group())
    assert [entry.strip() for entry in shown] == ["Start", "Guide", "Examples", "Studies", "API"]


WRAPPER = """<!doctype html><meta charset="utf-8"><title>widths</title>
<iframe id="page" style="width: %dpx; height: 800px; border: 0"></iframe>
<script>
const frame = document.getElementById("page"), found = {};
async function run(pages) {
  for (const page of pages) {
    await new Promise(done => { frame.onload = done; frame.src = "/" + page; });
    await new Promise(done => setTimeout(done, 60));
    const root = frame.contentDocument.scrollingElement;
    found[page] = [root.scrollWidth, frame.contentDocument.title];
  }
  await fetch("/report", {method: "POST", body: JSON.stringify(found)});
}
run(%s);
</script>"""


class Visit(http.server.ThreadingHTTPServer):
    """Serves the pages and one that opens them in turn, and waits for what this one reports."""

    def __init__(self, addresses: list[str]) -> None:
        super().__init__(("127.0.0.1", 0), functools.partial(Served, directory=str(SITE)))
        self.wrapper = (WRAPPER % (PHONE, json.dumps(addresses))).encode()
        self.reported, self.report = threading.Event(), {}


class Served(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/visit":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.wrapper)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.report = json.loads(body)
        self.send_response(204)
        self.end_headers()
        self.server.reported.set()

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def visited(tmp_path_factory):
    """Open the guide, the examples and some of the reference; return widths and complaints."""
    chosen = [path for path in pages() if path.parent == SITE or "gallery" in path.parts]
    chosen += pages()[:: max(1, len(pages()) // 25)]
    names = sorted({path.relative_to(SITE).as_posix() for path in chosen})
    with Visit(names) as server:
        said = visit(server, tmp_path_factory.mktemp("browser"), seconds=300)
    # The theme tells what it does, in lines of its own.
    return server.report, [line for line in said if "[PST]" not in line]


@in_a_browser
def test_pages_open_without_complaints(visited):
    report, console = visited
    assert len(report) > 30
    assert not console


@in_a_browser
def test_no_page_is_wider_than_a_phone(visited):
    report, _ = visited
    assert {page: width for page, (width, _) in report.items() if width > PHONE} == {}
