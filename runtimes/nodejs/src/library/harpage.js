// results.har.html: an archive as a page that a person reads. It is one file
// without scripts or outside resources, so it works from a bucket, from a disk
// and under any content security policy; bars and filters are CSS alone.
// Everything from the archive is escaped.

const maxRows = 2000;

/** Phases in the order of a request's life: HAR's name, the label. ssl is a part of connect. */
const phases = [
  ['blocked', 'Blocked'], ['dns', 'DNS'], ['connect', 'Connect'], ['ssl', 'TLS'], ['send', 'Send'], ['wait', 'Wait'], ['receive', 'Receive'],
];

/** Groups of the filter: its label, and the archive's resource types. */
const kinds = [
  ['doc', 'Documents', ['document']], ['script', 'Scripts', ['script']], ['style', 'Styles', ['stylesheet', 'font']],
  ['image', 'Images', ['image', 'media']], ['data', 'Data', ['xhr', 'fetch', 'websocket', 'eventsource', 'http']], ['other', 'Other', []],
];

/** The page of an archive. about names the canary and the run. */
export function harPage(archive, about) {
  const { pages, entries, browser, comment } = archive.log;
  const shown = entries.slice(0, maxRows);
  const first = Math.min(...shown.map((e) => Date.parse(e.startedDateTime)));
  const groups = grouped(shown, pages);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Requests of ${escape(about.canary)}</title>
<style>${css}</style>
</head>
<body>
<header>
<h1>Requests of ${escape(about.canary)}</h1>
<p>Run ${escape(about.run)}${browser?.name ? `, ${escape(`${browser.name} ${browser.version}`)}` : ''}</p>
${summary(entries)}
</header>
<main>
${filters(shown)}
<ul class="legend" aria-label="Phases of a request">${phases.map(([key, label]) => `<li><i class="p ${key}"></i>${label}</li>`).join('')}</ul>
${shown.length === 0 ? '<p class="empty">No requests were recorded.</p>' : groups.map((g) => section(g, first)).join('\n')}
${entries.length > maxRows ? `<p class="empty">${entries.length - maxRows} more requests are in results.har.</p>` : ''}
${comment ? `<p class="empty">${escape(comment)}</p>` : ''}
</main>
</body>
</html>
`;
}

/** Text as HTML. */
export function escape(text) {
  return String(text ?? '').replace(/[&<>"'`\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, (c) => (c < ' ' ? '\uFFFD' : `&#${c.charCodeAt(0)};`));
}

/** The time axis of a page: everything is placed on it in percent. */
function axisOf({ page, entries }) {
  const begins = entries.map((e) => Date.parse(e.startedDateTime));
  const start = Math.min(...begins);
  const loaded = page ? Date.parse(page.startedDateTime) + Math.max(0, page.pageTimings.onLoad) : start;
  const end = Math.max(...entries.map((e, i) => begins[i] + e.time), loaded, start + 1);
  const span = end - start;
  return { start, span, at: (ms) => Math.min(100, Math.max(0, (100 * ms) / span)) };
}

function grouped(entries, pages) {
  const groups = pages.map((page) => ({ page, entries: entries.filter((e) => e.pageref === page.id) }));
  const loose = entries.filter((e) => !pages.some((p) => p.id === e.pageref));
  if (loose.length > 0) groups.push({ page: undefined, entries: loose });
  return groups.filter((g) => g.entries.length > 0);
}

function summary(entries) {
  const bytes = entries.reduce((n, e) => n + Math.max(0, e.response.bodySize) + Math.max(0, e.response.headersSize), 0);
  const bad = entries.filter((e) => failed(e)).length;
  return `<dl class="facts"><div><dt>Requests</dt><dd>${entries.length}</dd></div><div><dt>Failed</dt><dd class="${bad ? 'bad' : ''}">${bad}</dd></div>`
    + `<div><dt>Transferred</dt><dd>${size(bytes)}</dd></div></dl>`;
}

const failed = (e) => e.response.status === 0 || e.response.status >= 400;
const kindOf = (e) => (kinds.find(([, , types]) => types.includes(e._resourceType)) ?? kinds.at(-1))[0];

/** Radio buttons; the style sheet hides the rows that the chosen one does not name. */
function filters(entries) {
  const have = new Set(entries.map(kindOf));
  const choices = [['all', 'All'], ...kinds.filter(([key]) => have.has(key)), ...(entries.some(failed) ? [['failed', 'Failed']] : [])];
  if (choices.length < 3) return '';
  return `<fieldset class="filter"><legend>Show</legend>${choices.map(([key, label]) =>
    `<label><input type="radio" name="kind" value="${key}"${key === 'all' ? ' checked' : ''}><span>${label}</span></label>`).join('')}</fieldset>`;
}

/** first is when the run's first request began. */
function section(group, first) {
  const { page, entries } = group;
  const axis = axisOf(group);
  const later = axis.start > first ? `<span>Begins ${duration(axis.start - first)} after the first request</span>` : '';
  const title = page ? page.title : 'Outside any page';
  const marks = page ? [['onContentLoad', 'DOM loaded'], ['onLoad', 'Loaded']].filter(([k]) => page.pageTimings[k] >= 0) : [];
  const begin = page ? Date.parse(page.startedDateTime) - axis.start : 0;
  const lines = marks.map(([key]) => `<i class="mark ${key}" style="left:${percent(axis.at(begin + page.pageTimings[key]))}"></i>`).join('');
  return `<section>
<h2>${escape(title)}</h2>
${marks.length || later ? `<p class="marks">${later}${marks.map(([key, label]) => `<span class="${key}">${label} after ${duration(page.pageTimings[key])}</span>`).join('')}</p>` : ''}
<div class="table">
<div class="head"><span>Request</span><span>Status</span><span>Type</span><span class="num">Size</span><span class="num">Time</span><span class="scale"><b>0</b><b>${duration(axis.span / 2)}</b><b>${duration(axis.span)}</b></span></div>
${entries.map((e) => row(e, axis, lines)).join('\n')}
</div>
</section>`;
}

function row(e, axis, lines) {
  const { request, response } = e;
  const offset = Date.parse(e.startedDateTime) - axis.start;
  const state = response.status === 0 ? escape(shortError(e._error)) : response.status;
  return `<details class="k-${kindOf(e)}${failed(e) ? ' bad' : ''}"><summary>`
    + `<span class="url" title="${escape(request.url)}"><b>${escape(request.method)}</b> ${escape(shortURL(request.url))}</span>`
    + `<span class="status">${state}</span><span class="type">${escape(shortType(response.content.mimeType) || e._resourceType)}</span>`
    + `<span class="num">${e._fromCache ? 'cache' : response.bodySize >= 0 ? size(response.bodySize) : ''}</span><span class="num">${duration(e.time)}</span>`
    + `<span class="bar">${lines}${bar(e, offset, axis)}</span></summary>${details(e)}</details>`;
}

/** Segments one behind the other. TLS is drawn as the end of connecting. */
function bar(e, offset, axis) {
  let at = offset;
  let out = '';
  for (const [key, label] of phases) {
    let ms = e.timings[key] ?? -1;
    if (key === 'connect') ms -= Math.max(0, e.timings.ssl ?? 0);
    if (!(ms > 0)) continue;
    out += `<i class="p ${key}" style="left:${percent(axis.at(at))};width:${percent(axis.at(ms))}" title="${label} ${duration(ms)}"></i>`;
    at += ms;
  }
  return out || `<i class="p wait" style="left:${percent(axis.at(offset))};width:2px"></i>`;
}

function details(e) {
  const { request, response } = e;
  const timings = phases.filter(([key]) => e.timings[key] >= 0).map(([key, label]) => [key === 'ssl' ? 'TLS (within connect)' : label, duration(e.timings[key])]);
  const general = [
    ['Address', request.url], ['Status', `${response.status || ''} ${response.statusText}`.trim()], ['Error', e._error], ['Protocol', response.httpVersion],
    ['Server', e.serverIPAddress], ['Redirects to', response.redirectURL], ['Started', e.startedDateTime], ['Media type', response.content.mimeType],
    ['Content', size(response.content.size)], ['Transferred', response.bodySize >= 0 ? size(response.bodySize) : ''],
  ];
  const headers = (list) => list.map(({ name, value }) => [name, value]);
  return `<div class="more">${table('General', general)}${table('Timings', [...timings, ['Total', duration(e.time)]])}`
    + `${table('Request headers', headers(request.headers))}${table('Response headers', headers(response.headers))}`
    + `${text('Request body', request.postData?.text)}${text('Response body', response.content.encoding ? undefined : response.content.text)}</div>`;
}

function table(title, rows) {
  const full = rows.filter(([, v]) => v !== undefined && v !== null && v !== '');
  if (full.length === 0) return '';
  return `<table><caption>${title}</caption><tbody>${full.map(([k, v]) => `<tr><th scope="row">${escape(k)}</th><td>${escape(v)}</td></tr>`).join('')}</tbody></table>`;
}

const maxText = 20_000;

function text(title, value) {
  if (!value) return '';
  return `<div class="text"><h3>${title}</h3><pre>${escape(value.slice(0, maxText))}${value.length > maxText ? '\n…' : ''}</pre></div>`;
}

const percent = (value) => `${Math.round(value * 1000) / 1000}%`;
const shortError = (error) => (error?.startsWith('still') ? 'not finished' : error ? error.replace(/^net::(ERR_)?/, '').replaceAll('_', ' ').toLowerCase() : 'no response');
const shortType = (mime) => (mime ?? '').split(';')[0].replace(/^(application|text|image|font|audio|video)\/(x-)?/, '').replace('svg+xml', 'svg');

/** The path's end, or the host when there is no path. */
function shortURL(url) {
  try {
    const { hostname, pathname, search } = new URL(url);
    return pathname === '/' && !search ? hostname : pathname + search;
  } catch {
    return url;
  }
}

function size(bytes) {
  if (!(bytes >= 0)) return '';
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

function duration(ms) {
  if (!(ms >= 0)) return '';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

const hideOthers = kinds.map(([key]) => `main:has(input[value=${key}]:checked) details:not(.k-${key})`).join(',');

const css = `
:root{color-scheme:light dark;--ink:#16191f;--soft:#5f6b7a;--line:#d5dbdb;--ground:#f2f3f3;--card:#fff;--hover:#f0f6fb;--bad:#c7162b;
--blocked:#b6bec9;--dns:#2a9d8f;--connect:#e8a33d;--ssl:#a45bc4;--send:#d6568a;--wait:#58b368;--receive:#2f6fd6;--dom:#7d4cc2;--load:#c7162b}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#a3adba;--line:#3a4654;--ground:#0f1b2a;--card:#182636;--hover:#22344a;--bad:#ff7a85;
--blocked:#66717f;--dns:#3fbfae;--connect:#f0b75a;--ssl:#c58be0;--send:#ee86b0;--wait:#74c983;--receive:#6ea3f2;--dom:#b692ea;--load:#ff7a85}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:14px/1.45 "Open Sans","Helvetica Neue",Roboto,Arial,sans-serif}
header,main{max-width:1500px;margin:0 auto;padding:16px 20px}
main{padding-top:0}
h1{font-size:22px;margin:0}h2{font-size:15px;margin:0 0 4px;overflow-wrap:anywhere}h3{font-size:13px;margin:0 0 4px}
header p{margin:2px 0 12px;color:var(--soft);overflow-wrap:anywhere}
.facts{display:flex;gap:32px;margin:0}.facts dt{color:var(--soft);font-size:12px}.facts dd{margin:0;font-size:18px;font-weight:700}
.bad,details.bad .status,details.bad .url{color:var(--bad)}
.filter{border:0;margin:0 0 10px;padding:0;display:flex;flex-wrap:wrap;gap:6px}
.filter legend{float:left;padding:4px 8px 4px 0;color:var(--soft)}
.filter input{position:absolute;opacity:0}
.filter span{display:block;padding:3px 12px;border:1px solid var(--line);border-radius:14px;background:var(--card);cursor:pointer}
.filter input:checked+span{background:var(--receive);border-color:var(--receive);color:#fff}
@media(prefers-color-scheme:dark){.filter input:checked+span{color:#0f1b2a}}
.filter input:focus-visible+span,summary:focus-visible{outline:2px solid var(--receive);outline-offset:1px}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;margin:0 0 14px;padding:0;color:var(--soft);font-size:12px}
.legend i{display:inline-block;position:static;width:12px;height:10px;margin-right:6px;border-radius:2px}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:14px 16px 8px;margin-bottom:16px}
.marks{margin:0 0 8px;font-size:12px;color:var(--soft)}.marks span{margin-right:18px}.marks span[class]{padding-left:8px;border-left:2px solid var(--dom)}
.marks span.onLoad{border-color:var(--load)}
.head,summary{display:grid;grid-template-columns:minmax(160px,3fr) 110px 90px 80px 76px minmax(220px,5fr);gap:10px;align-items:center}
.head{color:var(--soft);font-size:12px;border-bottom:1px solid var(--line);padding:4px 0}
.num{text-align:right;font-variant-numeric:tabular-nums}
.scale{display:flex;justify-content:space-between}.scale b{font-weight:400}
details{border-bottom:1px solid var(--line)}details:last-child{border-bottom:0}
summary{list-style:none;cursor:pointer;padding:3px 0}summary::-webkit-details-marker{display:none}
summary:hover,details[open]>summary{background:var(--hover)}
.url,.type,.status{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.url b{font-weight:400;color:var(--soft)}
.bar{position:relative;display:block;height:18px}
.bar i{position:absolute}.p{top:4px;height:10px;min-width:1px}
.mark{top:-3px;bottom:-3px;width:1px;background:var(--dom);opacity:.6}.mark.onLoad{background:var(--load)}
${phases.map(([key]) => `.p.${key}{background:var(--${key})}`).join('')}
.more{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:12px 24px;padding:10px 0 14px;align-items:start}
table{border-collapse:collapse;width:100%;table-layout:fixed}caption{text-align:left;font-weight:700;padding-bottom:2px}
th{width:38%;text-align:left;font-weight:400;color:var(--soft);vertical-align:top;padding:1px 8px 1px 0;overflow-wrap:anywhere}
td{overflow-wrap:anywhere;padding:1px 0;vertical-align:top}
pre{margin:0;max-height:320px;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid var(--line);border-radius:6px;padding:8px;font-size:12px}
.text{grid-column:1/-1}.empty{color:var(--soft)}
${hideOthers},main:has(input[value=failed]:checked) details:not(.bad){display:none}
@media(max-width:800px){.head,summary{grid-template-columns:minmax(120px,1fr) 60px 70px}.head>:nth-child(n+3):not(.num:last-of-type),summary .type,summary .bar,.scale{display:none}}
@media print{details{break-inside:avoid}}
`;
