/** What every page of evidence has in common: its style, and that it loads nothing from anywhere. */

/** Holds the style of pages, on screens, phones and paper. */
export const STYLE = `
:root { color-scheme: light; --ink: #1d2125; --soft: #5c6670; --line: #d9dee3; --paper: #fff; --band: #f5f7f8; --accent: #1f6f54; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2.5rem 1.5rem 4rem; font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .6rem; padding-top: .9rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 .4rem; }
p, ul, ol, dl { margin: .5rem 0; max-width: 46rem; }
li { margin: .3rem 0; }
.lead { color: var(--soft); margin: 0 0 1.25rem; }
.note { border-left: 4px solid #e0a030; background: #fdf8ec; padding: .75rem 1.1rem; margin: .5rem 0; overflow-wrap: anywhere; }
.note > :first-child { margin-top: 0; } .note > :last-child { margin-bottom: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; margin: .6rem 0; }
caption { text-align: left; color: var(--soft); font-size: .88rem; padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .38rem .7rem .38rem 0; border-bottom: 1px solid var(--line); }
thead th { border-bottom: 2px solid var(--ink); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 500; }
.files { table-layout: fixed; } .files .path { width: 38%; } .files .rows { width: 5rem; } .files th { overflow-wrap: anywhere; padding-right: .7rem; }
.stacked .why { min-width: 9rem; } .t { white-space: nowrap; } .stacked th, .stacked td { overflow-wrap: break-word; } .printed { display: none; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code, pre { font: .88em/1.5 ui-monospace, "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { overflow-wrap: anywhere; }
pre { background: var(--band); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere; max-width: 100%; }
figure { margin: 1rem 0; } figure > svg { width: 100%; max-width: 46rem; height: auto; display: block; }
svg text { font: 12px system-ui, sans-serif; fill: #5c6670; } .grid { stroke: #d9dee3; stroke-width: 1; }
figcaption { font-size: .88rem; color: var(--soft); } .key { margin-right: 1rem; white-space: nowrap; } .key svg { width: .7em; height: .7em; margin-right: .35em; }
dt { font-weight: 600; margin-top: .6rem; } dd { margin: 0 0 .2rem; }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; max-width: none; }
a { color: #14507d; } 
@media (max-width: 40rem) { body { padding: 1.5rem 1rem 3rem; } caption { max-width: calc(100vw - 2rem); } figure { overflow-x: auto; } figure > svg { min-width: 34rem; } .note ul { padding-left: 1.1rem; } .files, .files tbody, .files tr, .files th, .files td, .stacked, .stacked tbody, .stacked tr, .stacked td { display: block; width: auto; } .files thead, .stacked thead { display: none; } .stacked caption { display: block; max-width: none; } .files tr, .stacked tr { border-bottom: 1px solid var(--line); padding: .4rem 0; } .files tbody th, .files td, .stacked tbody th, .stacked td { display: block; border: 0; padding: .1rem 0; } .files td.n, .stacked td.n { text-align: left; } .files td.n:empty, .stacked td:empty { display: none; } .files td.n::before { content: "rows: "; } .stacked td::before { content: attr(data-label) ": "; color: var(--soft); } }
@page { margin: 11mm 12mm; }
@media print { html { font-size: 8pt; } body { max-width: none; padding: 0; font-size: 1rem; line-height: 1.25; } h1 { font-size: 1.5rem; } h2 { font-size: 1.05rem; margin: .8rem 0 .2rem; padding-top: .3rem; } p, ul, ol, dl { max-width: none; margin: .3rem 0; } li { margin: 0; } pre { padding: .3rem .6rem; } table { margin: .3rem 0; } th, td { padding: .1rem .5rem .1rem 0; } tbody > tr:first-child { break-before: avoid; } .stacked .why { min-width: 9rem; } nav, .screen { display: none; } .printed { display: block; } figure > svg { max-width: 26rem; } dl { columns: 3; font-size: .82em; } dt { break-after: avoid; margin-top: .3rem; } h2, h3, caption { break-after: avoid; } tr, .note p, .note li, figure, pre, dt, dd { break-inside: avoid; } thead { display: table-header-group; } .scroll { overflow: visible; } a { color: inherit; text-decoration: none; } }
`;

/** Holds the head of a page. Its policy allows no script and nothing from outside. */
export const META = `<meta charset="utf-8" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
        />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />`;
