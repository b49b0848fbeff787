/** The styles of card and badge. */

import { css } from "lit";

export const COMMON = css`
:host {
  --good: var(--claude-pulse-good, var(--info-color));
  --risk: var(--claude-pulse-risk, var(--warning-color));
  --spent: var(--claude-pulse-spent, var(--error-color));
  --unknown: var(--secondary-text-color);
  --ink: var(--primary-text-color);
  --soft: var(--secondary-text-color);
  --back: var(--card-background-color);
  --edge: var(--divider-color);
  --track: rgba(127, 127, 127, 0.2);
  color: var(--ink); display: block; print-color-adjust: exact; -webkit-print-color-adjust: exact;
}
/* Home Assistant's colours alone are too pale on a light background. */
@supports (color: color-mix(in srgb, red, blue)) {
  :host {
    --good: var(--claude-pulse-good, color-mix(in srgb, var(--info-color) 80%, var(--ink)));
    --risk: var(--claude-pulse-risk, color-mix(in srgb, var(--warning-color) 65%, var(--ink)));
    --spent: var(--claude-pulse-spent, color-mix(in srgb, var(--error-color) 85%, var(--ink)));
    --track: color-mix(in srgb, var(--ink) 8%, transparent);
  }
}
:host([in-grid]), .all { height: 100%; }
* { box-sizing: border-box; }
a { color: inherit; }
[data-level] { --level: var(--good); }
[data-level="risk"] { --level: var(--risk); }
[data-level="spent"] { --level: var(--spent); }
[data-level="unknown"], [data-level="resetting"] { --level: var(--unknown); }
button { all: unset; box-sizing: border-box; cursor: pointer; }
button:focus-visible, a:focus-visible { border-radius: 4px; outline: 2px solid var(--primary-color); outline-offset: 2px; }
.shape { fill: currentColor; fill-rule: evenodd; flex: none; height: 1em; width: 1em; }
`;

export const CARD = css`
ha-card { display: block; height: 100%; min-height: var(--height, 0); overflow: hidden; }
.content { display: flex; flex-direction: column; font-size: var(--ha-font-size-m, 14px); gap: 14px; height: 100%; line-height: 1.35; overflow: auto; overflow-wrap: anywhere; padding: 16px; }
.about, .line, .number, .words, .axis, .nothing, .day { color: var(--soft); }
.charts, .middle, .row, .rows { display: grid; grid-template-columns: minmax(0, 1fr); }
.micro, .status, .verdict { align-items: center; display: flex; }
.chips button, .name, .micro .words { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.sign::before, .dot, .nothing, .here, .use, .budget { position: absolute; }
.sign, .plot, .axis, .column { position: relative; }
.title { font-size: 1.25em; font-weight: 500; }
.verdict { gap: 12px; }
.sign { color: var(--level); display: grid; flex: none; font-size: 22px; height: 40px; place-items: center; width: 40px; }
.sign::before { background: currentColor; border-radius: 50%; content: ""; inset: 0; opacity: 0.16; }
.said { min-width: 0; }
.sentence { font-size: 1.15em; font-weight: 500; line-height: 1.3; text-wrap: balance; }
.chips { display: flex; flex-wrap: wrap; gap: 6px; }
.chips button { border: 1px solid var(--edge); border-radius: 99px; max-width: 100%; padding: 3px 12px; }
.chips [aria-pressed="true"] { background: var(--track); font-weight: 500; }
.rows { gap: 16px; }
.row { cursor: pointer; gap: 6px; }
.top { align-items: baseline; display: flex; gap: 8px; justify-content: space-between; }
.money { flex-wrap: wrap; }
.money .number { flex: 0 1 auto; }
.name { font-weight: 500; }
.number { flex: none; }
.number b { color: var(--ink); font-size: 1.35em; font-variant-numeric: tabular-nums; font-weight: 600; }
.outcome, .words { column-gap: 12px; display: flex; flex-wrap: wrap; justify-content: space-between; }
.words { font-size: 0.93em; }
[data-level="risk"] .outcome, [data-level="spent"] .outcome { color: var(--ink); }
.soon { visibility: hidden; }
.pace { align-items: center; display: inline-flex; gap: 4px; }
.pace .shape { color: var(--level); font-size: 0.8em; }
.charts { gap: 14px; }
.plot { direction: ltr; height: 120px; }
.plot svg { display: block; height: 100%; overflow: visible; width: 100%; }
.plot path { fill: none; stroke: var(--soft); stroke-width: 1; vector-effect: non-scaling-stroke; }
.plot .grid { stroke: var(--edge); }
.plot .even { stroke-dasharray: 4 4; }
.plot .usual { stroke: var(--ink); stroke-width: 3; }
.plot { cursor: crosshair; touch-action: pan-y; }
.plot:focus-visible { outline: 2px solid var(--primary-color); outline-offset: 2px; }
.scale { display: flex; flex-direction: column; font-size: 0.75em; inset: 2px auto 2px 2px; justify-content: space-between; pointer-events: none; text-shadow: 0 0 2px var(--back), 0 0 2px var(--back); }
.scale :nth-child(2) { transform: translateY(60%); }
.scale, .cursor, .readout { color: var(--soft); position: absolute; }
.cursor { border-left: 1px solid var(--ink); inset-block: 0; left: var(--at); }
.plot:not([data-at]) :is(.cursor, .readout) { display: none; }
.readout { background: var(--ink); border-radius: 4px; bottom: calc(100% + 2px); color: var(--back); font-size: 0.93em; font-variant-numeric: tabular-nums; left: clamp(5em, var(--at), 100% - 5em); padding: 1px 6px; transform: translateX(-50%); white-space: nowrap; }
.legend summary { color: var(--soft); cursor: pointer; font-size: 0.93em; }
.legend:not([open]) ul { display: none; }
.legend ul { margin: 4px 0; padding-inline-start: 18px; }
.plot .now { opacity: 0.5; }
.plot .area, .plot .range { fill: var(--level); opacity: 0.14; stroke: none; }
.plot .history, .plot .projection { stroke: var(--level); stroke-linecap: round; stroke-linejoin: round; stroke-width: 2.5; }
.plot .projection { stroke-dasharray: 1 5; }
.dot { background: var(--level); border: 2px solid var(--back); border-radius: 50%; height: 12px; transform: translate(-50%, -50%); width: 12px; }
.nothing { inset: 0; padding: 40px 12px; text-align: center; }
.axis { direction: ltr; font-size: 0.85em; height: 1.4em; }
.axis span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.axis .present { color: var(--ink); font-weight: 600; }
.heat { container-type: inline-size; direction: ltr; display: grid; gap: 4px 8px; grid-template-columns: auto 1fr; }
.heat svg { height: 154px; width: 100%; }
.heat path { fill: var(--good); }
.heat .grid { fill: none; stroke: var(--edge); stroke-width: 1; vector-effect: non-scaling-stroke; }
.weekdays { color: var(--soft); display: grid; font-size: 0.85em; grid-template-rows: repeat(7, 1fr); line-height: 22px; }
.heat .axis { display: grid; grid-column: 2; grid-template-columns: repeat(4, minmax(0, 1fr)); height: auto; }
.heat .axis span { position: static; transform: none; }
.days { container-type: inline-size; display: flex; min-width: min(12em, 100%); gap: min(6px, 1.5%); list-style: none; margin: 0; padding: 0; }
.day { align-content: start; display: grid; flex: 1; font-size: 0.85em; gap: 4px; min-width: 0; overflow: hidden; text-align: center; white-space: nowrap; }
.value { font-variant-numeric: tabular-nums; min-height: 1.35em; }
.today { color: var(--ink); font-weight: 600; }
.column { border-bottom: 1px solid var(--edge); height: 120px; overflow: hidden; }
.use { background: var(--good); border-radius: 6px; inset: auto 0 0; }
.budget { border-top: 2px dashed var(--soft); inset-inline: 0; }
.status { gap: 8px; }
.status .shape { color: var(--risk); font-size: 18px; }
.micro { font-size: 14px; gap: 6px; height: 100%; line-height: 1.2; min-height: 54px; padding: 3px 8px; width: 100%; }
.micro > .shape { color: var(--level); font-size: 18px; }
.middle { flex: 1; gap: 3px; min-width: 0; }
.micro .number b { font-size: 1.15em; }
.micro .bar { height: 6px; margin: 0; }
.micro .marker { inset-block: -2px; }
.micro .words { display: block; font-size: 12px; }
:host([tiny]) .micro { padding-inline: 5px; position: relative; }
:host([tiny]) .micro > .shape { font-size: 12px; inset-inline-end: 5px; position: absolute; }
:host([tiny]) .micro .top, :host([tiny]) .micro .top span { display: block; font-size: 12px; }
:host([tiny]) .micro .words { display: none; }
.month { gap: 2px; }
.month .column { height: 90px; }
.month .use { border-radius: 3px; }
.month .day { grid-template-columns: minmax(0, 1fr); overflow: visible; position: relative; }
.month .value { clip-path: inset(50%); position: absolute; }
.month .label { display: flex; height: 1.35em; justify-content: center; width: 100%; writing-mode: horizontal-tb; }
.month .day:not(:nth-child(5n + 1)) .label { visibility: hidden; }
/* Japanese lines break between words. */
.all:lang(ja) { word-break: auto-phrase; }
/* Some languages have long names of days. */
@container (max-width: 22em) { .label { font-size: 0.85em; letter-spacing: -0.03em; } }
@container (max-width: 18em) {
  .value, .label { height: 3em; line-height: 1; margin: auto; writing-mode: vertical-rl; }
  .weeks .label { height: 4em; }
  .heat .axis :nth-child(even) { visibility: hidden; }
}
.weeks { gap: min(6px, 1%); }
.weeks .label { white-space: normal; }
.weeks .value { font-size: 0.82em; letter-spacing: -0.05em; }
.weeks .shape { color: var(--back); font-size: 14px; inset: 6px 0 auto; margin: auto; position: absolute; }
.weeks .use { background: var(--level); }
.weeks .column { background: var(--track); border-radius: 6px; }
.unknown .column { background: none; outline: 1px dashed var(--edge); outline-offset: -1px; }
@media (forced-colors: active) {
  .column { border: 1px solid CanvasText; }
  .use { background: Highlight; forced-color-adjust: none; }
  .plot path, .plot .grid { stroke: CanvasText; }
  .plot .history, .plot .projection { stroke: Highlight; }
  .plot .area, .plot .range, .heat path { fill: Highlight; }
  .heat .grid { stroke: CanvasText; }
  .dot, .chips [aria-pressed="true"] { background: Highlight; color: HighlightText; forced-color-adjust: none; }
}
`;

export const BAR = css`
.bar { height: 10px; margin-block: 2px; }
.track { background: var(--track); border-radius: 99px; height: 100%; overflow: hidden; }
.bar, .track { position: relative; }
.fill, .ghost, .tick, .marker { position: absolute; }
.fill, .ghost, .tick { inset-block: 0; }
.fill { background: var(--level); border-radius: 99px; inset-inline-start: 0; transition: inline-size 0.4s; }
.ghost { background: repeating-linear-gradient(115deg, var(--level) 0 3px, transparent 3px 6px); opacity: 0.55; }
.tick { background: var(--back); margin-inline-start: -1px; width: 2px; }
.marker { background: var(--ink); border-radius: 2px; box-shadow: 0 0 0 2px var(--back); inset-block: -4px; margin-inline-start: -1.5px; width: 3px; }
@media (prefers-reduced-motion: reduce) { .fill { transition: none; } }
@media (forced-colors: active) {
  .track { border: 1px solid CanvasText; }
  .fill { background: Highlight; forced-color-adjust: none; }
  .marker, .tick { background: CanvasText; forced-color-adjust: none; }
}
`;

export const FEATURE = css`
/* A tap is one on the tile, as on Home Assistant's own bar. */
:host { height: var(--feature-height, 42px); pointer-events: none !important; width: 100%; }
:host([spaced]) { box-sizing: border-box; height: 54px; padding: 0 12px 12px; }
.feature { height: 100%; }
.bar { border-radius: var(--feature-border-radius, 12px); height: 100%; margin: 0; }
.track { border-radius: inherit; }
.fill { border-radius: 0; }
.marker { inset-block: 0; }
`;

export const BADGE = css`
:host { display: inline-block; }
.micro { align-items: center; background: var(--ha-card-background, var(--back)); border: var(--ha-card-border-width, 1px) solid var(--ha-card-border-color, var(--edge)); border-radius: 18px; display: inline-flex; font-size: 12px; font-weight: 500; gap: 8px; line-height: 16px; min-height: 36px; padding: 0 12px 0 9px; white-space: nowrap; }
.micro .shape { color: var(--level); font-size: 20px; }
.text { display: grid; min-width: 0; }
.name { max-width: 16em; overflow: hidden; text-overflow: ellipsis; }
.label { color: var(--soft); font-size: 10px; line-height: 10px; }
/* As Home Assistant's badges in the heading of a section. */
:host([in-heading]) { display: block; }
:host([in-heading]) .micro { background: none; border: 0; color: var(--ha-heading-badge-text-color, var(--soft)); font-size: var(--ha-heading-badge-font-size, 14px); font-weight: 400; gap: 3px; letter-spacing: 0.1px; display: flex; line-height: 20px; min-height: 0; padding: 0; }
:host([in-heading]) .micro .shape { font-size: 16px; }
:host([in-heading]) .text { display: flex; gap: 4px; }
:host([in-heading]) .label { color: inherit; font-size: inherit; line-height: inherit; }
:host([in-heading]) .more { display: none; }
`;
