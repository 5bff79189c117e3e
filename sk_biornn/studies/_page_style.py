"""How a page looks, on a screen, a phone and paper, and the few lines that sort its tables."""

from __future__ import annotations

STYLE = """
:root { --paper: #fff; --ink: #1b1f24; --quiet: #57606a; --line: #d5dbe1; --tint: #f5f7f9;
  --accent: #00598c; --warn: #9a3b00; --warn-tint: #fff4ec;
  --figure: "DejaVu Sans", Verdana, Geneva, sans-serif;
  --mono: "DejaVu Sans Mono", ui-monospace, Menlo, Consolas, monospace; }
@media screen and (prefers-color-scheme: dark) {
  :root { --paper: #14181c; --ink: #e4e8ec; --quiet: #9fabb7; --line: #343c45; --tint: #1c2228;
    --accent: #7cc4f0; --warn: #ffb27d; --warn-tint: #2c2019; } }
* { box-sizing: border-box; }
html { color-scheme: light dark; -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 68rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto,
  "Helvetica Neue", "Liberation Sans", Arial, sans-serif; overflow-wrap: break-word; }
a { color: var(--accent); }
h1 { font-size: 2rem; line-height: 1.2; margin: .2rem 0 .6rem; letter-spacing: -.01em; }
h2 { font-size: 1.35rem; line-height: 1.3; margin: 3rem 0 1rem; padding-top: 1rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; line-height: 1.35; margin: 2rem 0 .3rem; }
h3:first-child { margin-top: 0; }
p { margin: 0 0 .9rem; max-width: 46rem; }
.kind { color: var(--quiet); font-size: .9rem; margin: 0; }
.question { font-size: 1.25rem; line-height: 1.4; margin-bottom: 1.2rem; }
.quiet, figcaption, .note { color: var(--quiet); font-size: .9rem; }
.anchor { text-decoration: none; margin-left: .4em; opacity: 0; }
:is(h2, h3):hover .anchor, .anchor:focus { opacity: .7; }
nav ul { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; padding: 0;
  margin: 1.5rem 0 0; }
.facts { display: flex; flex-wrap: wrap; gap: 1px; background: var(--line); overflow: hidden;
  border: 1px solid var(--line); border-radius: .5rem; margin: 1.2rem 0; }
.facts div { background: var(--tint); padding: .6rem .9rem; flex: 1 1 auto; min-width: 7rem; }
.facts dt { color: var(--quiet); font-size: .8rem; }
.facts dd { margin: 0; font-variant-numeric: tabular-nums; }
.state { border: 1px solid; border-left-width: .3rem; border-color: var(--warn);
  background: var(--warn-tint); border-radius: .3rem; padding: .8rem 1rem; margin: 1.2rem 0; }
.state p:last-child { margin: 0; }
.state ul { margin: .4rem 0 0; padding-left: 1.2rem; max-height: 14rem; overflow: auto; }
.answers { margin: 0; }
.answers > div { border-left: .25rem solid var(--accent); padding: .1rem 0 .1rem 1rem;
  margin: 0 0 1.1rem; max-width: 50rem; }
.answers dt { font-weight: 650; }
.answers dd { margin: 0; }
.scroll { overflow: auto; max-width: 100%; margin: .6rem 0 1.4rem; }
.scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
details .scroll { max-height: 34rem; border: 1px solid var(--line); border-radius: .3rem; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .32rem .8rem; text-align: left; vertical-align: baseline; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
.sortable tbody tr:hover > * { background: var(--tint); }
thead th { font-weight: 600; border-bottom: 2px solid var(--quiet); background: var(--paper); }
tbody th { font-weight: 500; }
.sortable thead th { position: sticky; top: 0; z-index: 1; }
.sortable tbody th, .sortable thead th:first-child { position: sticky; left: 0;
  background: var(--paper); }
.sortable thead th:first-child { z-index: 2; }
.number { text-align: right; }
[data-pad]::after { content: attr(data-pad); visibility: hidden; }
th button { all: unset; cursor: pointer; font: inherit; }
th button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
th button::after { content: "\\2195"; opacity: .35; margin-left: .35em; font-weight: 400; }
th[aria-sort=ascending] button::after { content: "\\2191"; opacity: 1; }
th[aria-sort=descending] button::after { content: "\\2193"; opacity: 1; }
.settings th, .settings td { white-space: normal; overflow-wrap: anywhere; }
.settings > tbody > tr > th { width: 14rem; min-width: 8rem; color: var(--quiet); }
.inner th, .inner td { padding: .15rem .9rem .15rem 0; border: 0; }
.inner th, .inner td:first-child { white-space: nowrap; }
.inner thead th { color: var(--quiet); font-weight: 500; background: none; }
pre { overflow: auto; background: var(--tint); padding: 1rem; border-radius: .3rem; }
.command { white-space: pre-wrap; }
code { font: .92em var(--mono); overflow-wrap: anywhere; }
figure { margin: 0 0 2.5rem; }
figure .scroll { background: #fff; border: 1px solid var(--line); border-radius: .4rem;
  padding: .6rem; margin: .6rem 0; }
figure svg { display: block; margin: 0 auto; height: auto; width: 100%; color: #000;
  max-width: calc(var(--width) * 1.4); min-width: min(var(--width), 30rem); }
figure svg * { stroke-linejoin: round; stroke-linecap: butt; }
figure svg text { white-space: pre; }
figcaption { max-width: 50rem; }
figcaption b { color: var(--ink); }
details { border-bottom: 1px solid var(--line); padding: .5rem 0; }
summary { cursor: pointer; }
summary b { font: 600 .92em var(--mono); }
.studies { list-style: none; padding: 0; }
.studies > li { border: 1px solid var(--line); border-radius: .5rem; padding: 1.1rem 1.3rem;
  margin: 0 0 1.2rem; background: var(--tint); }
.studies h2 { border: 0; padding: 0; margin: 0 0 .3rem; }
footer { margin-top: 4rem; border-top: 1px solid var(--line); padding-top: 1rem; }
@media (max-width: 40rem) {
  body { padding: 1.2rem 1rem 3rem; }
  h1 { font-size: 1.6rem; }
  .question { font-size: 1.1rem; }
  th, td { padding: .3rem .6rem; } }
@media (max-width: 62rem) {
  .settings > tbody > tr > th, .settings > tbody > tr > td { display: block; width: auto;
    border: 0; padding: .1rem 0; }
  .settings > tbody > tr > td { padding-bottom: .6rem; border-bottom: 1px solid var(--line); }
  .settings td { max-width: calc(100vw - 2rem); overflow-x: auto; } }
@media print {
  @page { margin: 1.6cm; }
  html { color-scheme: light; }
  body { padding: 0; max-width: none; font-size: 10pt; }
  nav, .anchor, th button::after { display: none; }
  h2 { margin-top: 1.6rem; }
  h2, h3 { break-after: avoid; }
  tr, figure, .answers > div { break-inside: avoid; }
  thead { display: table-header-group; }
  .scroll, details .scroll { overflow: visible; max-height: none; border: 0; }
  .sortable thead th, .sortable tbody th { position: static; }
  table { font-size: 8pt; }
  th, td { padding: .15rem .5rem; white-space: normal; }
  figure svg { min-width: 0; max-width: 100%; }
  .references a::after { content: " (" attr(href) ")"; } }
"""

SCRIPT = """
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0], first = [...body.rows];
  heads.forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    const text = row => row.cells[place].textContent.trim();
    const isNumber = head.classList.contains("number");
    const number = cell => parseFloat(cell.replace("[", ""));
    const compare = (a, b) => isNumber ? number(a) - number(b)
      : a.localeCompare(b, "en", {numeric: true});
    const isEmpty = cell => cell === "" || cell === "-";
    button.addEventListener("click", () => {
      const next = {null: "ascending", ascending: "descending"}[head.getAttribute("aria-sort")];
      heads.forEach(other => other.removeAttribute("aria-sort"));
      if (!next) return body.append(...first);
      head.setAttribute("aria-sort", next);
      const sign = next === "ascending" ? 1 : -1;
      body.append(...[...first].sort((a, b) => {
        const [x, y] = [text(a), text(b)];
        return isEmpty(x) - isEmpty(y) || (isEmpty(x) ? 0 : sign * compare(x, y));
      }));
    });
  });
}
"""
