import assert from "node:assert/strict";
import { test } from "node:test";
// src/groups/groups.ts
/** Region and name of a canary's ARN; undefined for the ARN of something else. */
function parseArn(arn) {
	const m = /^arn:[^:]+:synthetics:([^:]*):[^:]*:canary:(.+)$/.exec(arn);
	return m ? {
		region: m[1],
		name: m[2]
	} : void 0;
}
/** Sums up members: a group fails when one of them did last. A run that goes on
* tells nothing yet. */
function summarize(members) {
	const state = (s) => members.filter((m) => m.last?.Status.State === s).length;
	const passing = state("PASSED");
	const failing = state("FAILED");
	const total = members.length;
	return {
		health: total === 0 ? "empty" : failing > 0 ? "failing" : passing > 0 ? "passing" : "idle",
		passing,
		failing,
		unknown: total - passing - failing,
		running: members.filter((m) => m.canary?.Status?.State === "RUNNING").length,
		total
	};
}
/** What is wrong with the name of a new group, or "". */
function nameProblem(name, taken) {
	if (name.trim() === "") return "Enter a name.";
	if (name.length > 64) return "A name has at most 64 characters.";
	if (taken.includes(name)) return "There is a group of this name.";
	return "";
}
/** Divides into parts of at most size items. */
function chunks(all, size) {
	return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}
// src/groups/groups.test.ts
var member = (name, state, running = false) => ({
	arn: name,
	region: "us-east-1",
	name,
	canary: {
		Id: name,
		Name: name,
		Status: { State: running ? "RUNNING" : "STOPPED" }
	},
	last: state && {
		Id: "1",
		Name: name,
		Status: { State: state },
		Timeline: {}
	}
});
test("a group fails when one of its canaries did last", () => {
	for (const [members, want] of [
		[[], "empty"],
		[[member("a")], "idle"],
		[[member("a", "RUNNING")], "idle"],
		[[member("a", "PASSED"), member("b")], "passing"],
		[[member("a", "PASSED"), member("b", "FAILED")], "failing"]
	]) assert.equal(summarize([...members]).health, want);
	assert.deepEqual(summarize([
		member("a", "PASSED", true),
		member("b", "FAILED"),
		member("c")
	]), {
		health: "failing",
		passing: 1,
		failing: 1,
		unknown: 1,
		running: 1,
		total: 3
	});
});
test("ARNs", () => {
	assert.deepEqual(parseArn("arn:aws:synthetics:eu-west-1:000000000000:canary:shop"), {
		region: "eu-west-1",
		name: "shop"
	});
	assert.equal(parseArn("arn:aws:synthetics:eu-west-1:000000000000:group:shop"), void 0);
	assert.equal(parseArn("shop"), void 0);
});
test("names and chunks", () => {
	assert.match(nameProblem(" ", []), /Enter/);
	assert.match(nameProblem("x".repeat(65), []), /64/);
	assert.match(nameProblem("a", ["a"]), /There is/);
	assert.equal(nameProblem("b", ["a"]), "");
	assert.deepEqual(chunks([
		1,
		2,
		3,
		4,
		5
	], 2), [
		[1, 2],
		[3, 4],
		[5]
	]);
	assert.deepEqual(chunks([], 5), []);
});
// src/run/untrusted.ts
/** The longest text that is taken over from an artifact, in UTF-16 units. */
var MAX_TEXT = 4096;
/** Parses JSON; the error says what is wrong and where, without the content. */
function parseJSON(text) {
	try {
		return { value: JSON.parse(text) };
	} catch (e) {
		return { error: `This file is not valid JSON (${e instanceof Error ? e.message.slice(0, 200) : "unreadable"}).` };
	}
}
/** The fields of an object; none for anything else. */
function fields(v) {
	return typeof v === "object" && v !== null && !Array.isArray(v) ? v : {};
}
/** At most max items of an array; none for anything else. */
function list(v, max = 1e4) {
	return Array.isArray(v) ? v.slice(0, max) : [];
}
/** Text, cut to max; numbers and booleans are spelled, the rest is "". */
function text(v, max = MAX_TEXT) {
	if (typeof v === "number" || typeof v === "boolean") return String(v);
	if (typeof v !== "string") return "";
	return v.length > max ? `${v.slice(0, max)}…` : v;
}
/** A finite number, or what stands in for one. Numbers in text are taken. */
function number(v, otherwise = 0) {
	const n = typeof v === "string" && v.trim() !== "" ? Number(v) : v;
	return typeof n === "number" && Number.isFinite(n) ? n : otherwise;
}
/** Milliseconds since 1970 of an ISO time or a number; NaN when it is neither. */
function instant(v) {
	if (typeof v === "number") return v;
	return typeof v === "string" ? Date.parse(v) : NaN;
}
// src/run/checks.ts
function readChecks(value) {
	const r = fields(value);
	if (!Array.isArray(r.checks)) return { problem: "This file is not a report of checks: it has no list of them." };
	return { value: {
		checks: list(r.checks, 100).map(readCheck),
		skipped: list(r.skipped, 100).map((s) => text(s, 256))
	} };
}
function readCheck(v, i) {
	const c = fields(v);
	return {
		num: number(c.stepNum, i + 1),
		name: text(c.stepName, 256) || `Check ${i + 1}`,
		kind: text(c.checkerType, 16),
		target: text(c.target),
		passed: c.passed === true,
		reason: text(c.failureReason),
		took: instant(c.endTime) - instant(c.startTime),
		assertions: list(c.assertions, 100).map(readAssertion),
		details: flatten(c.details),
		extracted: list(c.extracted, 100).map((e) => text(e, 256))
	};
}
function readAssertion(v) {
	const a = fields(v);
	return {
		what: [
			a.type,
			a.subject,
			a.operator
		].map((part) => text(part, 256)).filter(Boolean).join(" "),
		expected: text(a.expected),
		actual: text(a.actual),
		passed: a.passed === true
	};
}
/** The values of an object with the names that lead to them, a hundred at most
* and five deep. */
function flatten(v, name = "", depth = 0) {
	if (v === null || v === void 0 || v === "") return [];
	if (typeof v !== "object") return [{
		name: name || "value",
		value: text(v)
	}];
	if (depth >= 5) return [];
	if (Array.isArray(v) && v.every((x) => typeof x !== "object")) return v.length ? [{
		name,
		value: list(v, 100).map((x) => text(x)).join(", ")
	}] : [];
	return Object.entries(v).slice(0, 100).flatMap(([key, x]) => flatten(x, name ? `${name}.${key}` : key, depth + 1)).slice(0, 100);
}
// src/run/checks.test.ts
test("checks", () => {
	const { value } = readChecks({
		checks: [{
			stepNum: 1,
			stepName: "home",
			checkerType: "HTTP",
			target: "http://a",
			passed: false,
			failureReason: "no",
			startTime: "2026-01-01T00:00:00Z",
			endTime: "2026-01-01T00:00:01.5Z",
			assertions: [{
				type: "HEADER",
				subject: "server",
				operator: "EQUALS",
				expected: "x",
				actual: "y",
				passed: false
			}],
			extracted: ["token"]
		}, null],
		skipped: ["login"]
	});
	const [home, nothing] = value.checks;
	assert.deepEqual([
		home.took,
		home.passed,
		home.extracted
	], [
		1500,
		false,
		["token"]
	]);
	assert.deepEqual(home.assertions, [{
		what: "HEADER server EQUALS",
		expected: "x",
		actual: "y",
		passed: false
	}]);
	assert.deepEqual([
		nothing.name,
		nothing.took,
		value.skipped
	], [
		"Check 2",
		NaN,
		["login"]
	]);
	for (const bad of [
		null,
		{},
		{ checks: {} }
	]) assert.match(readChecks(bad).problem, /not a report/);
});
test("details become names and values, within bounds", () => {
	assert.deepEqual(flatten({
		a: {
			b: [1, 2],
			c: [{ d: true }]
		},
		e: null,
		f: []
	}), [{
		name: "a.b",
		value: "1, 2"
	}, {
		name: "a.c.0.d",
		value: "true"
	}]);
	const deep = {};
	deep.self = deep;
	assert.deepEqual(flatten(deep), []);
	assert.equal(flatten(Array.from({ length: 500 }, (_, i) => ({ i }))).length, 100);
});
// src/run/har.ts
/** The parts of a request, in the order they happen. */
var PHASES = [
	"blocked",
	"dns",
	"connect",
	"ssl",
	"send",
	"wait",
	"receive"
];
var KINDS = [
	"document",
	"stylesheet",
	"script",
	"image",
	"font",
	"fetch",
	"media",
	"other"
];
/** The most entries that are taken from an archive. */
var MAX_ENTRIES = 5e3;
/** Takes an archive from JSON, or says why it is none. */
function readHAR(value) {
	const log = fields(fields(value).log);
	if (!Array.isArray(log.entries)) return { error: "This file is not an HTTP archive: it has no log.entries." };
	const raw = list(log.entries, MAX_ENTRIES).map(fields);
	const began = raw.map((e) => instant(e.startedDateTime)).filter((t) => !Number.isNaN(t)).reduce((a, t) => Math.min(a, t), Infinity);
	const entries = raw.map((e, i) => readEntry(e, i, began));
	const markers = list(log.pages, 200).flatMap((p) => readMarkers(fields(p), began));
	const ends = [...entries.map((e) => e.start + e.time), ...markers.map((m) => m.at)];
	return { waterfall: {
		entries,
		markers,
		began: Number.isFinite(began) ? began : 0,
		span: ends.reduce((a, t) => Math.max(a, t), 1),
		omitted: log.entries.length - raw.length
	} };
}
function readEntry(e, index, began) {
	const request = fields(e.request);
	const response = fields(e.response);
	const content = fields(response.content);
	const phases = readPhases(fields(e.timings));
	const url = text(request.url);
	const mime = text(content.mimeType, 128);
	const at = instant(e.startedDateTime);
	return {
		index,
		method: text(request.method, 16) || "GET",
		url,
		status: number(response.status),
		statusText: text(response.statusText, 256),
		kind: kindOf(text(e._resourceType, 32), mime, url),
		mime,
		size: firstSize(response._transferSize, response.bodySize, content.size),
		start: Number.isNaN(at) || !Number.isFinite(began) ? 0 : at - began,
		time: Math.max(0, number(e.time), phases.reduce((sum, p) => sum + p.ms, 0)),
		phases,
		protocol: text(response.httpVersion, 32) || text(request.httpVersion, 32),
		address: text(e.serverIPAddress, 64),
		error: text(response._error) || text(e._error),
		cached: e._fromCache === true || e._fromCache === "memory" || e._fromCache === "disk",
		requestHeaders: readPairs(request.headers),
		responseHeaders: readPairs(response.headers),
		query: readPairs(request.queryString),
		requestBody: text(fields(request.postData).text, 65536),
		responseBody: text(content.text, 65536),
		redirect: text(response.redirectURL)
	};
}
/** The timings that apply. HAR counts ssl into connect as well; here it is
* taken out, so that the parts add up. */
function readPhases(t) {
	const ssl = Math.max(0, number(t.ssl, -1));
	return PHASES.flatMap((name) => {
		let ms = number(t[name], -1);
		if (name === "connect" && ms >= ssl) ms -= ssl;
		return ms > 0 ? [{
			name,
			ms
		}] : [];
	});
}
function firstSize(...sizes) {
	const known = sizes.map((s) => number(s, -1));
	return known.find((s) => s > 0) ?? (known.includes(0) ? 0 : -1);
}
function readPairs(v) {
	return list(v, 200).map((p) => ({
		name: text(fields(p).name, 256),
		value: text(fields(p).value)
	}));
}
/** When the page's two events fired. Values of -1 mean that they did not. */
function readMarkers(page, began) {
	const offset = instant(page.startedDateTime) - began;
	const timings = fields(page.pageTimings);
	const title = text(page.title, 512);
	const marker = (name, v) => {
		const at = offset + number(v, -1);
		return number(v, -1) < 0 || !Number.isFinite(at) || at < 0 ? [] : [{
			name,
			at,
			page: title
		}];
	};
	return [...marker("DOMContentLoaded", timings.onContentLoad), ...marker("load", timings.onLoad)];
}
/** The kind of a resource by what the browser called it, else by its type. */
function kindOf(resource, mime, url) {
	const kind = [
		"xhr",
		"eventsource",
		"websocket",
		"ping",
		"preflight"
	].includes(resource) ? "fetch" : KINDS.find((k) => k === resource);
	if (kind && kind !== "other") return kind;
	if (/html/.test(mime)) return "document";
	if (/css/.test(mime)) return "stylesheet";
	if (/javascript|ecmascript/.test(mime)) return "script";
	if (/^image\//.test(mime)) return "image";
	if (/font/.test(mime) || /\.(woff2?|ttf|otf)(\?|$)/.test(url)) return "font";
	if (/^(audio|video)\//.test(mime)) return "media";
	if (/json|xml/.test(mime)) return "fetch";
	return "other";
}
/** The class of an entry's status; requests without an answer have failed. */
function statusClass(e) {
	return e.status >= 100 && e.status < 600 ? `${Math.floor(e.status / 100)}xx` : "failed";
}
function filterEntries(entries, q) {
	const search = q.search.trim().toLowerCase();
	return entries.filter((e) => (q.kinds.length === 0 || q.kinds.includes(e.kind)) && (q.statuses.length === 0 || q.statuses.includes(statusClass(e))) && (search === "" || `${e.method} ${e.url} ${e.status} ${e.mime}`.toLowerCase().includes(search)));
}
/** A sorted copy; entries that compare equal stay in order of their start. */
function sortEntries(entries, by, descending) {
	const sign = descending ? -1 : 1;
	return [...entries].sort((a, b) => {
		const x = a[by];
		const y = b[by];
		const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en");
		return sign * order || a.start - b.start || a.index - b.index;
	});
}
/** The part of a URL that tells entries apart, and its host. */
function shortURL(url) {
	try {
		const u = new URL(url);
		return {
			name: u.pathname + u.search,
			host: u.host
		};
	} catch {
		return {
			name: url,
			host: ""
		};
	}
}
/** Sums of the entries shown: requests, bytes, and the time to the last byte. */
function totals(entries) {
	return entries.reduce((t, e) => ({
		count: t.count + 1,
		bytes: t.bytes + Math.max(0, e.size),
		end: Math.max(t.end, e.start + e.time),
		failed: t.failed + (e.status >= 400 || e.status < 100 ? 1 : 0)
	}), {
		count: 0,
		bytes: 0,
		end: 0,
		failed: 0
	});
}
// src/run/har.test.ts
var entry = (at, over = {}) => ({
	startedDateTime: new Date(0xe8d4a51000 + at).toISOString(),
	time: 100,
	request: {
		method: "GET",
		url: `https://shop.example/${at}?q=1`,
		headers: [{
			name: "Accept",
			value: "*/*"
		}],
		queryString: [{
			name: "q",
			value: "1"
		}]
	},
	response: {
		status: 200,
		statusText: "OK",
		httpVersion: "h2",
		content: {
			size: 10,
			mimeType: "text/html"
		},
		bodySize: 20,
		headers: []
	},
	timings: {
		blocked: 5,
		dns: -1,
		connect: 30,
		ssl: 20,
		send: 1,
		wait: 50,
		receive: 14
	},
	...over
});
var read = (entries, pages = []) => readHAR({ log: {
	entries,
	pages
} }).waterfall;
test("an archive becomes a waterfall", () => {
	const w = read([entry(200), entry(0)], [{
		startedDateTime: (/* @__PURE__ */ new Date(0xe8d4a51000)).toISOString(),
		title: "Shop",
		pageTimings: {
			onContentLoad: 150,
			onLoad: 900
		}
	}]);
	assert.equal(w.began, 0xe8d4a51000);
	assert.deepEqual(w.entries.map((e) => e.start), [200, 0]);
	assert.deepEqual(w.markers, [{
		name: "DOMContentLoaded",
		at: 150,
		page: "Shop"
	}, {
		name: "load",
		at: 900,
		page: "Shop"
	}]);
	assert.equal(w.span, 900);
	const e = w.entries[0];
	assert.deepEqual([
		e.size,
		e.kind,
		e.protocol,
		e.requestHeaders
	], [
		20,
		"document",
		"h2",
		[{
			name: "Accept",
			value: "*/*"
		}]
	]);
});
test("TLS is taken out of connect, and the parts add up", () => {
	const e = read([entry(0)]).entries[0];
	assert.deepEqual(e.phases.map((p) => `${p.name} ${p.ms}`), [
		"blocked 5",
		"connect 10",
		"ssl 20",
		"send 1",
		"wait 50",
		"receive 14"
	]);
	assert.equal(e.time, e.phases.reduce((sum, p) => sum + p.ms, 0));
});
test("what is no archive is refused", () => {
	for (const bad of [
		null,
		1,
		"x",
		[],
		{},
		{ log: {} },
		{ log: { entries: {} } }
	]) assert.match(readHAR(bad).error, /not an HTTP archive/);
});
test("an archive of nonsense harms nobody", () => {
	const w = read([
		null,
		7,
		"x",
		[],
		{},
		entry(0, {
			startedDateTime: "never",
			time: "long",
			request: null,
			response: "none",
			timings: {
				wait: Infinity,
				send: {}
			}
		})
	], [null, { pageTimings: { onLoad: "x" } }]);
	assert.equal(w.entries.length, 6);
	for (const e of w.entries) {
		assert.ok(Number.isFinite(e.start) && Number.isFinite(e.time) && e.time >= 0, JSON.stringify(e));
		assert.equal(statusClass(e), "failed");
	}
	assert.deepEqual(w.markers, []);
	assert.ok(w.span > 0);
});
test("an archive is cut to what a page can bear", () => {
	const w = read(Array.from({ length: MAX_ENTRIES + 3 }, (_, i) => entry(i, { request: { url: `https://x/${"y".repeat(1e4)}` } })));
	assert.deepEqual([w.entries.length, w.omitted], [MAX_ENTRIES, 3]);
	assert.ok(w.entries[0].url.length < 5e3);
});
var some = () => read([
	entry(0),
	entry(10, {
		_resourceType: "xhr",
		response: {
			status: 404,
			content: {
				mimeType: "application/json",
				size: 5
			}
		}
	}),
	entry(20, {
		_resourceType: "image",
		response: {
			status: 0,
			_error: "net::ERR_FAILED"
		}
	}),
	entry(30, {
		response: {
			status: 302,
			content: {}
		},
		time: 1
	})
]).entries;
var ids = (all) => all.map((e) => e.index);
test("filters", () => {
	const q = {
		search: "",
		kinds: [],
		statuses: []
	};
	assert.deepEqual(ids(filterEntries(some(), q)), [
		0,
		1,
		2,
		3
	]);
	assert.deepEqual(ids(filterEntries(some(), {
		...q,
		statuses: ["4xx", "failed"]
	})), [1, 2]);
	assert.deepEqual(ids(filterEntries(some(), {
		...q,
		kinds: ["fetch"]
	})), [1]);
	assert.deepEqual(ids(filterEntries(some(), {
		...q,
		search: " EXAMPLE/20"
	})), [2]);
	assert.deepEqual(ids(filterEntries(some(), {
		...q,
		search: "404",
		kinds: ["image"]
	})), []);
});
test("sorting is stable and leaves its input alone", () => {
	const all = some();
	assert.deepEqual(ids(sortEntries(all, "status", true)), [
		1,
		3,
		0,
		2
	]);
	assert.deepEqual(ids(sortEntries(all, "method", true)), [
		0,
		1,
		2,
		3
	]);
	assert.deepEqual(ids(sortEntries(all, "url", false)), [
		0,
		1,
		2,
		3
	]);
	assert.deepEqual(ids(all), [
		0,
		1,
		2,
		3
	]);
});
test("kinds", () => {
	for (const [resource, mime, url, want] of [
		[
			"document",
			"",
			"",
			"document"
		],
		[
			"xhr",
			"text/html",
			"",
			"fetch"
		],
		[
			"",
			"text/css; charset=utf-8",
			"",
			"stylesheet"
		],
		[
			"other",
			"application/javascript",
			"",
			"script"
		],
		[
			"",
			"image/svg+xml",
			"",
			"image"
		],
		[
			"",
			"",
			"https://x/a.woff2?v=1",
			"font"
		],
		[
			"",
			"application/json",
			"",
			"fetch"
		],
		[
			"",
			"",
			"",
			"other"
		],
		[
			"__proto__",
			"",
			"",
			"other"
		],
		[
			"constructor",
			"text/html",
			"",
			"document"
		]
	]) assert.equal(kindOf(resource, mime, url), want, `${resource} ${mime} ${url}`);
});
test("totals and short URLs", () => {
	assert.deepEqual(totals(some()), {
		count: 4,
		bytes: 25,
		end: 130,
		failed: 2
	});
	assert.deepEqual(shortURL("https://shop.example:8443/a/b?c=d#e"), {
		name: "/a/b?c=d",
		host: "shop.example:8443"
	});
	assert.deepEqual(shortURL("not a url"), {
		name: "not a url",
		host: ""
	});
});
// src/run/loglines.ts
var LEVELS = [
	"FATAL",
	"ERROR",
	"WARN",
	"INFO",
	"DEBUG",
	"TRACE",
	"PLATFORM"
];
/** The most lines that are shown. */
var MAX_LINES = 1e4;
/** The longest line that is shown, in UTF-16 units. */
var MAX_LINE = 32768;
/** Reads one event of a log stream. Lambda writes three forms:
*
*	START|END|REPORT RequestId: ...             of the platform itself
*	<time>\t<request>\t<level>\t<text>          of Node.js
*	[<level>]\t<time>\t<request>\t<text>        of Python
*
* and, where logs are JSON, an object with timestamp, level and message. */
function readEvent(timestamp, message) {
	const line = message.replace(/\s+$/, "").slice(0, MAX_LINE);
	if (/^(START|END|REPORT|INIT_START|EXTENSION)\b/.test(line)) return {
		time: timestamp,
		level: "PLATFORM",
		text: line
	};
	const json = line.startsWith("{") ? readObject(timestamp, line) : void 0;
	if (json) return json;
	const node = /^(\d{4}-\d\d-\d\dT[\d:.]+Z)\t[^\t]*\t(\w+)\t([\s\S]*)$/.exec(line);
	if (node) return withPrefix(Date.parse(node[1]), levelOf(node[2]), node[3]);
	const python = /^\[(\w+)\]\t(\d{4}-\d\d-\d\dT[\d:.]+Z)\t[^\t]*\t([\s\S]*)$/.exec(line);
	if (python) return withPrefix(Date.parse(python[2]), levelOf(python[1]), python[3]);
	return withPrefix(timestamp, "INFO", line);
}
/** The library's logger writes its level before the text; that one is meant. */
function withPrefix(time, level, line) {
	const m = /^(FATAL|ERROR|WARN(?:ING)?|INFO|DEBUG|TRACE): ?/.exec(line);
	return m ? {
		time,
		level: levelOf(m[1]),
		text: line.slice(m[0].length)
	} : {
		time,
		level,
		text: line
	};
}
function readObject(timestamp, line) {
	try {
		const o = fields(JSON.parse(line));
		if (typeof o.message !== "string" && typeof o.type !== "string") return void 0;
		if (text(o.type).startsWith("platform.")) return {
			time: timestamp,
			level: "PLATFORM",
			text: line
		};
		const at = instant(o.timestamp);
		return {
			time: Number.isNaN(at) ? timestamp : at,
			level: levelOf(text(o.level, 16)),
			text: text(o.message, MAX_LINE)
		};
	} catch {
		return;
	}
}
function levelOf(name) {
	const upper = name.toUpperCase();
	if (upper === "WARNING") return "WARN";
	if (upper === "CRITICAL") return "FATAL";
	return LEVELS.find((l) => l === upper) ?? "INFO";
}
/** Reads the log artifact: lines "<time> <LEVEL>: <text>", and lines that go on
* with the one before, as those of a stack. */
function readLogFile(content) {
	const lines = [];
	let omitted = 0;
	for (const raw of content.split("\n")) {
		const m = /^(\d{4}-\d\d-\d\dT[\d:.]+Z)\s+(.*)$/.exec(raw);
		const last = lines.at(-1);
		if (!m && last) {
			if (last.text.length < MAX_LINE) last.text += `\n${raw}`;
		} else if (lines.length >= 1e4) omitted++;
		else if (m) lines.push(withPrefix(Date.parse(m[1]), "INFO", m[2]));
		else if (raw.trim() !== "") lines.push(readEvent(NaN, raw));
	}
	for (const line of lines) line.text = line.text.replace(/\s+$/, "");
	return {
		lines,
		omitted
	};
}
/** The lines of the given levels (none: all) that contain the search text. */
function filterLines(lines, levels, search) {
	const needle = search.trim().toLowerCase();
	return lines.filter((l) => (levels.length === 0 || levels.includes(l.level)) && (needle === "" || l.text.toLowerCase().includes(needle)));
}
/** A text in pieces: those at odd places match the search. */
function pieces(line, search) {
	const needle = search.trim().toLowerCase();
	if (needle === "") return [line];
	const lower = line.toLowerCase();
	if (lower.length !== line.length) return [line];
	const out = [];
	let from = 0;
	for (let at = lower.indexOf(needle); at >= 0 && out.length < 200; at = lower.indexOf(needle, from)) {
		out.push(line.slice(from, at), line.slice(at, at + needle.length));
		from = at + needle.length;
	}
	return [...out, line.slice(from)];
}
/** Lines as text for the clipboard. */
function asText(lines) {
	return lines.map((l) => `${Number.isNaN(l.time) ? "" : `${new Date(l.time).toISOString()} `}${l.level}: ${l.text}`).join("\n");
}
/** The log group of the Lambda function whose ARN is an engine of a canary. */
function logGroupOf(engineArn) {
	const name = /:function:([^:]+)/.exec(engineArn)?.[1];
	return name ? `/aws/lambda/${name}` : "";
}
/** The log stream of a run: the day of its start and its id without dashes. */
function logStreamOf(runId, started) {
	return `${started.toISOString().slice(0, 10).replaceAll("-", "/")}/[$LATEST]${runId.replaceAll("-", "")}`;
}
// src/run/loglines.test.ts
var at = Date.parse("2026-11-23T03:19:58.672Z");
test("the forms that Lambda writes", () => {
	for (const [message, level, text, time] of [
		[
			"2026-11-23T03:19:58.672Z	0885cf82	WARN	WARN: The <b>cart</b>\n",
			"WARN",
			"The <b>cart</b>",
			at
		],
		[
			"2026-11-23T03:19:58.672Z	0885cf82	INFO	plain\n  at x",
			"INFO",
			"plain\n  at x",
			at
		],
		[
			"2026-11-23T03:19:58.672Z	0885cf82	INFO	ERROR: from the logger",
			"ERROR",
			"from the logger",
			at
		],
		[
			"[WARNING]	2026-11-23T03:19:58.672Z	0885cf82	slow",
			"WARN",
			"slow",
			at
		],
		[
			"[CRITICAL]	2026-11-23T03:19:58.672Z	0885cf82	gone",
			"FATAL",
			"gone",
			at
		],
		[
			"START RequestId: 1 Version: 1",
			"PLATFORM",
			"START RequestId: 1 Version: 1",
			7
		],
		[
			"REPORT RequestId: 1	Duration: 2 ms",
			"PLATFORM",
			"REPORT RequestId: 1	Duration: 2 ms",
			7
		],
		[
			"{\"timestamp\":\"2026-11-23T03:19:58.672Z\",\"level\":\"error\",\"message\":\"no\"}",
			"ERROR",
			"no",
			at
		],
		[
			"{\"message\":\"untold\"}",
			"INFO",
			"untold",
			7
		],
		[
			"{\"type\":\"platform.start\"}",
			"PLATFORM",
			"{\"type\":\"platform.start\"}",
			7
		],
		[
			"{\"broken",
			"INFO",
			"{\"broken",
			7
		],
		[
			"STARTED by hand",
			"INFO",
			"STARTED by hand",
			7
		],
		[
			"",
			"INFO",
			"",
			7
		]
	]) assert.deepEqual(readEvent(7, message), {
		time,
		level,
		text
	}, message);
});
test("the log file keeps stacks with their line", () => {
	const { lines, omitted } = readLogFile("2026-11-23T03:19:58.672Z ERROR: it failed\n    at a\n\n    at b\n2026-11-23T03:19:58.700Z INFO: on\n");
	assert.equal(omitted, 0);
	assert.deepEqual(lines.map((l) => [l.level, l.text]), [["ERROR", "it failed\n    at a\n\n    at b"], ["INFO", "on"]]);
});
test("a log file that begins without a time, and one that is too long", () => {
	assert.deepEqual(readLogFile("\nWARN: early").lines, [{
		time: NaN,
		level: "WARN",
		text: "early"
	}]);
	const { lines, omitted } = readLogFile("2026-11-23T03:19:58.672Z INFO: x\n".repeat(MAX_LINES + 5));
	assert.deepEqual([lines.length, omitted], [MAX_LINES, 5]);
});
test("levels and search", () => {
	const lines = readLogFile("2026-11-23T03:19:58.672Z ERROR: Broken\n2026-11-23T03:19:58.672Z INFO: fine").lines;
	assert.equal(filterLines(lines, [], "").length, 2);
	assert.deepEqual(filterLines(lines, ["ERROR"], " brok").map((l) => l.text), ["Broken"]);
	assert.deepEqual(filterLines(lines, ["INFO"], "brok"), []);
	assert.equal(asText(filterLines(lines, ["INFO"], "")), "2026-11-23T03:19:58.672Z INFO: fine");
});
test("matches are the odd pieces", () => {
	assert.deepEqual(pieces("Abcabc", "ab"), [
		"",
		"Ab",
		"c",
		"ab",
		"c"
	]);
	assert.deepEqual(pieces("a.c", "."), [
		"a",
		".",
		"c"
	]);
	assert.deepEqual(pieces("none", "x"), ["none"]);
	assert.deepEqual(pieces("İİ x", "x"), ["İİ x"]);
});
test("where the log of a run is", () => {
	assert.equal(logGroupOf("arn:aws:lambda:us-east-1:000000000000:function:cwsyn-shop-1a:1"), "/aws/lambda/cwsyn-shop-1a");
	assert.equal(logGroupOf("nothing"), "");
	assert.equal(logStreamOf("0885cf82-bd08-4f9b-9220-fb99d410aff6", new Date(at)), "2026/11/23/[$LATEST]0885cf82bd084f9b9220fb99d410aff6");
});
/** Reads "x1,y1,x2,y2"; undefined for anything else. Parts of pixels count as
* nothing, as when runs are compared. */
function parseRect(s) {
	const parts = s.split(",").map((p) => /^\s*\d{1,7}(\.\d+)?\s*$/.test(p) ? Math.trunc(Number(p)) : NaN);
	if (parts.length !== 4 || parts.some(Number.isNaN)) return void 0;
	const [x1, y1, x2, y2] = parts;
	return x2 > x1 && y2 > y1 ? {
		x1,
		y1,
		x2,
		y2
	} : void 0;
}
function formatRect(r) {
	return `${r.x1},${r.y1},${r.x2},${r.y2}`;
}
/** The rectangle between two corners in any order, in whole pixels, inside the
* picture. */
function between(ax, ay, bx, by, size) {
	const within = (v, max) => Math.min(max, Math.max(0, Math.round(v)));
	return {
		x1: within(Math.min(ax, bx), size.width),
		y1: within(Math.min(ay, by), size.height),
		x2: within(Math.max(ax, bx), size.width),
		y2: within(Math.max(ay, by), size.height)
	};
}
/** A point of the shown picture in pixels of the real one. */
function toPicture(x, y, shown, size) {
	if (shown.width <= 0 || shown.height <= 0) return [0, 0];
	return [x / shown.width * size.width, y / shown.height * size.height];
}
/** Where a rectangle is on the shown picture, in percent of its sides. */
function toPercent(r, size) {
	const share = (v, of) => of > 0 ? Math.min(100, Math.max(0, v / of * 100)) : 0;
	const left = share(r.x1, size.width);
	const top = share(r.y1, size.height);
	return {
		left,
		top,
		width: share(r.x2, size.width) - left,
		height: share(r.y2, size.height) - top
	};
}
/** What is wrong with an area, or "" when nothing is. */
function problem(r, size, others) {
	if (![
		r.x1,
		r.y1,
		r.x2,
		r.y2
	].every(Number.isInteger)) return "Coordinates must be whole numbers.";
	if (r.x1 < 0 || r.y1 < 0) return "Coordinates must not be negative.";
	if (r.x2 > size.width || r.y2 > size.height) return `The area must be inside the picture (${size.width} × ${size.height}).`;
	if (r.x2 - r.x1 < 1 || r.y2 - r.y1 < 1) return "Right must be greater than left, and bottom greater than top.";
	if (others.length >= 20) return `A screenshot can have at most 20 ignored areas.`;
	if (others.some((o) => formatRect(o) === formatRect(r))) return "This area is ignored already.";
	return "";
}
/** The share of the picture that areas cover, in percent; parts covered twice
* count once. */
function coverage(areas, size) {
	const xs = [...new Set(areas.flatMap((a) => [a.x1, a.x2]))].sort((a, b) => a - b);
	const ys = [...new Set(areas.flatMap((a) => [a.y1, a.y2]))].sort((a, b) => a - b);
	let covered = 0;
	for (let i = 0; i + 1 < xs.length; i++) for (let j = 0; j + 1 < ys.length; j++) if (areas.some((a) => a.x1 <= xs[i] && a.x2 >= xs[i + 1] && a.y1 <= ys[j] && a.y2 >= ys[j + 1])) covered += (xs[i + 1] - xs[i]) * (ys[j + 1] - ys[j]);
	return size.width * size.height > 0 ? covered / (size.width * size.height) * 100 : 0;
}
/** The rectangle moved, or with its lower right corner moved, inside the
* picture; it keeps a side of a pixel at least. */
function moved(r, dx, dy, corner, size) {
	const within = (v, min, max) => Math.min(max, Math.max(min, v));
	if (corner) return {
		...r,
		x2: within(r.x2 + dx, r.x1 + 1, size.width),
		y2: within(r.y2 + dy, r.y1 + 1, size.height)
	};
	const x = within(dx, -r.x1, size.width - r.x2);
	const y = within(dy, -r.y1, size.height - r.y2);
	return {
		x1: r.x1 + x,
		y1: r.y1 + y,
		x2: r.x2 + x,
		y2: r.y2 + y
	};
}
// src/run/rect.test.ts
var size = {
	width: 200,
	height: 100
};
var r = (x1, y1, x2, y2) => ({
	x1,
	y1,
	x2,
	y2
});
test("coordinates", () => {
	assert.deepEqual(parseRect("1,2,30,40"), r(1, 2, 30, 40));
	assert.deepEqual(parseRect(" 1.9 , 2, 30.2,40 "), r(1, 2, 30, 40));
	for (const bad of [
		"",
		"1,2,3",
		"1,2,3,4,5",
		"-1,2,3,4",
		"3,2,1,4",
		"1,2,1,4",
		"a,b,c,d",
		"1e3,2,3000,4",
		"1,,3,4",
		"99999999,0,999999999,1"
	]) assert.equal(parseRect(bad), void 0, bad);
	assert.equal(formatRect(parseRect("0,0,5,6")), "0,0,5,6");
});
test("a drawn rectangle has its corners in order and inside", () => {
	assert.deepEqual(between(150.4, 90, 20, -5, size), r(20, 0, 150, 90));
	assert.deepEqual(between(-1, -1, 999, 999, size), r(0, 0, 200, 100));
});
test("the shown picture has another scale", () => {
	assert.deepEqual(toPicture(50, 25, {
		width: 100,
		height: 50
	}, size), [100, 50]);
	assert.deepEqual(toPicture(50, 25, {
		width: 0,
		height: 0
	}, size), [0, 0]);
	assert.deepEqual(toPercent(r(50, 25, 150, 75), size), {
		left: 25,
		top: 25,
		width: 50,
		height: 50
	});
	assert.deepEqual(toPercent(r(100, 0, 999, 999), size), {
		left: 50,
		top: 0,
		width: 50,
		height: 100
	});
});
test("what is wrong with an area", () => {
	const full = Array.from({ length: 20 }, (_, i) => r(i, 0, i + 1, 1));
	for (const [rect, others, want] of [
		[
			r(0, 0, 200, 100),
			[],
			/^$/
		],
		[
			r(NaN, 0, 5, 5),
			[],
			/whole numbers/
		],
		[
			r(.5, 0, 5, 5),
			[],
			/whole numbers/
		],
		[
			r(-1, 0, 5, 5),
			[],
			/negative/
		],
		[
			r(0, 0, 201, 5),
			[],
			/inside the picture \(200 × 100\)/
		],
		[
			r(5, 0, 5, 5),
			[],
			/greater/
		],
		[
			r(0, 0, 5, 5),
			[r(0, 0, 5, 5)],
			/already/
		],
		[
			r(0, 0, 5, 5),
			full,
			/at most 20/
		]
	]) assert.match(problem(rect, size, [...others]), want);
});
test("moving stays inside", () => {
	assert.deepEqual(moved(r(10, 10, 20, 20), -50, 5, false, size), r(0, 15, 10, 25));
	assert.deepEqual(moved(r(10, 10, 20, 20), 500, 500, false, size), r(190, 90, 200, 100));
	assert.deepEqual(moved(r(10, 10, 20, 20), -50, 500, true, size), r(10, 10, 11, 100));
});
test("what is covered twice counts once", () => {
	assert.equal(coverage([], size), 0);
	assert.equal(coverage([r(0, 0, 100, 100)], size), 50);
	assert.equal(coverage([r(0, 0, 100, 100), r(50, 0, 150, 100)], size), 75);
});
// src/run/artifacts.ts
/** The kind of a file by its name. */
function fileKind(name) {
	const ext = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? "";
	if ([
		"png",
		"jpg",
		"jpeg",
		"gif",
		"webp"
	].includes(ext)) return "image";
	if (ext === "json") return "json";
	if (ext === "har") return "har";
	if (ext === "html" || ext === "htm") return "html";
	if ([
		"txt",
		"log",
		"csv",
		"md",
		"xml",
		"yaml",
		"yml",
		"js",
		"css",
		"svg"
	].includes(ext)) return "text";
	return "other";
}
/** A picture's type and, for PNG, its size in pixels, from its first bytes;
* undefined when it is no picture that is shown. Names do not count: a page
* shown as the picture that it is called would be a page of this origin. */
function imageInfo(b) {
	const starts = (...bytes) => bytes.every((x, i) => b[i] === x);
	if (b.length >= 24 && starts(137, 80, 78, 71, 13, 10, 26, 10)) {
		const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
		return {
			type: "image/png",
			width: view.getUint32(16),
			height: view.getUint32(20)
		};
	}
	if (starts(255, 216, 255)) return { type: "image/jpeg" };
	if (starts(71, 73, 70, 56)) return { type: "image/gif" };
	if (starts(82, 73, 70, 70) && b[8] === 87 && b[9] === 69) return { type: "image/webp" };
}
/** Bytes for people: 512 B, 1.2 kB, 3.4 MB. Thousands, as in AWS. */
function bytes(n) {
	if (!(n >= 0)) return "–";
	const units = [
		"B",
		"kB",
		"MB",
		"GB"
	];
	let unit = 0;
	while (n >= 999.5 && unit < units.length - 1) {
		n /= 1e3;
		unit++;
	}
	return `${unit === 0 || n >= 99.95 ? Math.round(n) : n.toFixed(1)} ${units[unit]}`;
}
// src/run/report.ts
/** Takes a report from JSON. Unknown or missing parts are empty. */
function readReport(value) {
	const r = fields(value);
	const script = fields(r.customerScript);
	const n = fields(script.requests);
	return {
		start: instant(r.startTime),
		end: instant(r.endTime),
		launch: Math.max(0, number(r.timeSpentInLaunchInMs)),
		scriptStart: instant(script.startTime),
		scriptEnd: instant(script.endTime),
		status: text(script.status, 32),
		reason: text(script.failureReason),
		executionError: text(r.executionError),
		requests: {
			ok: number(n._2xx),
			redirects: number(n._3xx),
			client: number(n._4xx),
			server: number(n._5xx),
			failed: number(n.failed)
		},
		steps: list(script.steps, 1e3).map(readStep),
		loose: list(script.nonStepScreenshots, 1e3).map(readShot),
		configuration: fields(r.configuration)
	};
}
function readStep(value, i) {
	const s = fields(value);
	return {
		num: number(s.stepNum, i + 1),
		name: text(s.stepName, 256) || `Step ${i + 1}`,
		start: instant(s.startTime),
		end: instant(s.endTime),
		status: text(s.status, 32),
		reason: text(s.failureReason),
		source: text(s.sourceUrl),
		destination: text(s.destinationUrl),
		shots: list(s.screenshots, 200).map(readShot),
		request: Math.max(0, Math.trunc(number(s.httpRequestNum)))
	};
}
function readShot(value) {
	const s = fields(value);
	const file = text(s.fileName, 1024);
	const shot = {
		file,
		page: text(s.pageUrl),
		error: text(s.error),
		phase: phaseOf(file)
	};
	const visual = readVisual(s.visualTestResult);
	return visual ? {
		...shot,
		visual
	} : shot;
}
function readVisual(value) {
	const v = fields(value);
	const status = text(v.status, 32);
	if (status !== "PASSED" && status !== "FAILED" && status !== "ERROR") return void 0;
	return {
		status,
		variance: number(v.variancePercentage),
		threshold: number(v.varianceThresholdPercentage),
		baseline: text(v.baselineFileName, 1024),
		difference: text(v.differenceFileName, 1024),
		error: text(v.error)
	};
}
/** The phase that a screenshot's name ends in: NN-<step>-<phase>.png. */
function phaseOf(file) {
	const m = /-(starting|succeeded|failed)\.png$/.exec(file);
	return m ? m[1] : "other";
}
/** All screenshots of a report in the order they were taken, which is that of
* the numbers before their names. */
function allShots(r) {
	return [...r.steps.flatMap((s) => s.shots), ...r.loose].filter((s) => s.file !== "").sort((a, b) => a.file.localeCompare(b.file, "en", { numeric: true }));
}
// src/run/requests.ts
var MAX_BODY = 65536;
function readRequests(value) {
	const requests = fields(value).requests;
	if (!Array.isArray(requests)) return { problem: "This file is not a report of requests: it has no list of them." };
	return { value: list(requests, 2e3).map(readRequest) };
}
function readRequest(v, i) {
	const r = fields(v);
	const request = fields(r.request);
	const response = fields(r.response);
	return {
		num: number(r.requestNum, i + 1),
		step: text(r.step, 256) || text(r.stepName, 256),
		method: text(r.requestMethod, 16) || text(request.method, 16) || "GET",
		url: text(request.url) || text(r.requestUrl),
		status: number(response.statusCode),
		statusText: text(response.statusMessage, 256),
		error: text(r.error) || text(fields(r.error).message) || text(response.error),
		...readTimings(fields(r.httpTimings)),
		requestHeaders: pairs(request.headers),
		responseHeaders: pairs(response.headers),
		requestBody: text(request.body, MAX_BODY),
		responseBody: text(response.body, MAX_BODY)
	};
}
/** What the library calls the parts of a request, and what checks do. */
var names = [
	[
		"dns",
		"dnsLookUpTimeInMs",
		"dns"
	],
	[
		"connect",
		"tcpConnectionTimeInMs",
		"connect"
	],
	[
		"ssl",
		"tlsHandshakeTimeInMs",
		"tls"
	],
	[
		"wait",
		"firstByteTimeInMs",
		"wait",
		"firstByte"
	],
	[
		"receive",
		"contentTransferTimeInMs",
		"receive"
	]
];
function readTimings(t) {
	const phases = names.flatMap(([name, ...keys]) => {
		const ms = number(keys.map((k) => t[k]).find((v) => v !== void 0), 0);
		return ms > 0 ? [{
			name,
			ms
		}] : [];
	});
	const sum = phases.length > 0 ? phases.reduce((all, p) => all + p.ms, 0) : NaN;
	return {
		phases,
		total: number(t.totalDurationInMs ?? t.total, sum)
	};
}
function pairs(v) {
	return Object.entries(fields(v)).slice(0, 200).map(([name, value]) => ({
		name: text(name, 256),
		value: Array.isArray(value) ? value.map((x) => text(x)).join(", ") : text(value)
	}));
}
function readLinks(value) {
	const r = fields(value);
	if (typeof r.links !== "object" || r.links === null) return { problem: "This file is not a report of links: it has none." };
	const named = list(r.brokenLinks, 5e3);
	const links = Object.values(r.links).slice(0, 5e3).map((l) => readLink(l, named));
	return { value: {
		links: links.sort((a, b) => Number(b.broken) - Number(a.broken)),
		broken: number(r.totalBrokenLinks, links.filter((l) => l.broken).length),
		checked: number(r.totalLinksChecked, links.length)
	} };
}
/** A link is broken when the report says so, in one way or another. */
function readLink(v, broken) {
	const l = fields(v);
	const status = {
		...l,
		...fields(l.status)
	};
	return {
		url: text(l.url),
		parent: text(l.parentUrl),
		text: text(l.text, 512),
		status: [text(status.statusCode, 16), text(status.statusText, 128)].filter(Boolean).join(" "),
		reason: text(l.failureReason),
		broken: l.isBroken === true || broken.includes(l.url),
		shots: list(l.screenshots, 20).map(readShot)
	};
}
// src/run/report.test.ts
test("a report", () => {
	const r = readReport({
		startTime: "2026-11-23T03:19:56.000Z",
		timeSpentInLaunchInMs: 405,
		customerScript: {
			status: "FAILED",
			failureReason: "no",
			requests: {
				_2xx: 25,
				failed: 1
			},
			steps: [{
				stepNum: 1,
				stepName: "pay",
				status: "FAILED",
				screenshots: [{
					fileName: "10-pay-failed.png",
					visualTestResult: {
						status: "FAILED",
						variancePercentage: 9.5,
						varianceThresholdPercentage: .1,
						baselineFileName: "b.png"
					}
				}, { fileName: "2-pay-starting.png" }]
			}],
			nonStepScreenshots: [{ fileName: "03-cart-full.png" }]
		}
	});
	assert.deepEqual(allShots(r).map((s) => `${s.file} ${s.phase}`), [
		"2-pay-starting.png starting",
		"03-cart-full.png other",
		"10-pay-failed.png failed"
	]);
	assert.deepEqual(r.steps[0].shots[0].visual, {
		status: "FAILED",
		variance: 9.5,
		threshold: .1,
		baseline: "b.png",
		difference: "",
		error: ""
	});
	assert.deepEqual([
		r.launch,
		r.requests.ok,
		r.requests.failed,
		r.status
	], [
		405,
		25,
		1,
		"FAILED"
	]);
});
test("a report of nonsense harms nobody", () => {
	for (const bad of [
		null,
		[],
		"x",
		{ customerScript: { steps: [
			null,
			1,
			{
				screenshots: "x",
				stepName: { a: 1 },
				httpRequestNum: -4
			}
		] } }
	]) {
		const r = readReport(bad);
		assert.deepEqual(allShots(r), []);
		assert.ok(r.steps.every((s) => s.name !== "" && s.request === 0));
	}
	assert.equal(phaseOf("x-succeeded.png.exe"), "other");
});
test("requests of the library and of checks", () => {
	const { value } = readRequests({ requests: [
		{
			requestNum: 1,
			step: "list",
			request: {
				method: "POST",
				url: "http://a",
				headers: {
					accept: "x",
					many: ["1", "2"]
				}
			},
			response: { statusCode: 200 },
			httpTimings: {
				dnsLookUpTimeInMs: 0,
				tcpConnectionTimeInMs: 8,
				firstByteTimeInMs: 259,
				contentTransferTimeInMs: 2,
				totalDurationInMs: 270
			}
		},
		{
			stepName: "check",
			requestMethod: "GET",
			request: { url: "http://b" },
			error: "refused",
			httpTimings: {
				dns: 1,
				connect: 2,
				tls: 3,
				wait: 4,
				receive: 5,
				total: 15
			}
		},
		null
	] });
	assert.deepEqual(value.map((r) => [
		r.num,
		r.step,
		r.method,
		r.url,
		r.status,
		r.total
	]), [
		[
			1,
			"list",
			"POST",
			"http://a",
			200,
			270
		],
		[
			2,
			"check",
			"GET",
			"http://b",
			0,
			15
		],
		[
			3,
			"",
			"GET",
			"",
			0,
			NaN
		]
	]);
	assert.deepEqual(value[0].phases, [
		{
			name: "connect",
			ms: 8
		},
		{
			name: "wait",
			ms: 259
		},
		{
			name: "receive",
			ms: 2
		}
	]);
	assert.deepEqual(value[0].requestHeaders[1], {
		name: "many",
		value: "1, 2"
	});
	assert.match(readRequests({}).problem, /not a report/);
});
test("links, the broken ones first", () => {
	const { value } = readLinks({
		links: {
			a: {
				url: "a",
				status: {
					statusCode: "200",
					statusText: "OK"
				}
			},
			b: {
				url: "b",
				failureReason: "gone",
				screenshots: [{ fileName: "1.png" }]
			},
			c: 3
		},
		brokenLinks: ["b"],
		totalLinksChecked: 3
	});
	assert.deepEqual(value.links.map((l) => `${l.url} ${l.broken} ${l.status}`), [
		"b true ",
		"a false 200 OK",
		" false "
	]);
	assert.deepEqual([
		value.broken,
		value.checked,
		value.links[0].shots.length
	], [
		1,
		3,
		1
	]);
	assert.match(readLinks([]).problem, /not a report/);
});
test("pictures are known by their bytes", () => {
	const png = /* @__PURE__ */ new Uint8Array(24);
	png.set([
		137,
		80,
		78,
		71,
		13,
		10,
		26,
		10
	]);
	new DataView(png.buffer).setUint32(16, 1920);
	new DataView(png.buffer).setUint32(20, 1080);
	assert.deepEqual(imageInfo(png), {
		type: "image/png",
		width: 1920,
		height: 1080
	});
	assert.deepEqual(imageInfo(new Uint8Array([
		255,
		216,
		255,
		224
	])), { type: "image/jpeg" });
	for (const bad of [
		"<svg onload=x>",
		"<html>",
		""
	]) assert.equal(imageInfo(new TextEncoder().encode(bad)), void 0);
});
test("files and sizes", () => {
	for (const [name, want] of [
		["a.PNG", "image"],
		["results.har", "har"],
		["results.har.html", "html"],
		["x.svg", "text"],
		["x", "other"],
		["a/b.json", "json"]
	]) assert.equal(fileKind(name), want);
	for (const [n, want] of [
		[0, "0 B"],
		[999, "999 B"],
		[1e3, "1.0 kB"],
		[999949, "1.0 MB"],
		[34421, "34.4 kB"],
		[5e9, "5.0 GB"],
		[-1, "–"],
		[NaN, "–"]
	]) assert.equal(bytes(n), want);
});
test("reading values that may be anything", () => {
	assert.equal(text("x".repeat(10), 4), "xxxx…");
	assert.deepEqual([
		text({}),
		text(3),
		text(null)
	], [
		"",
		"3",
		""
	]);
	assert.deepEqual([
		number("12"),
		number(""),
		number(Infinity, 7),
		number([5])
	], [
		12,
		0,
		7,
		0
	]);
	assert.ok(Number.isNaN(instant({})));
	assert.match(parseJSON("{\"a\":").error, /not valid JSON/);
});
// src/run/timeline.ts
/** The part of [from, to] that a span takes, clipped to it. Times are in
* milliseconds; a span without a known end goes on to the end of the axis. */
function bar(from, to, start, end) {
	const span = to - from;
	if (!(span > 0) || Number.isNaN(start)) return {
		left: 0,
		width: 0
	};
	const a = clamp((start - from) / span);
	const b = clamp(((Number.isNaN(end) ? to : end) - from) / span);
	return {
		left: a,
		width: Math.max(0, b - a)
	};
}
function clamp(x) {
	return Math.min(1, Math.max(0, x));
}
/** Round values from 0 up to span, at most count apart from 0: 1, 2 or 5 times
* a power of ten. */
function ticks(span, count = 6) {
	if (!(span > 0) || !Number.isFinite(span)) return [0];
	const raw = span / count;
	const power = 10 ** Math.floor(Math.log10(raw));
	const step = ([
		1,
		2,
		5,
		10
	].find((m) => m * power >= raw) ?? 10) * power;
	const out = [];
	for (let i = 0; i * step <= span; i++) out.push(i * step);
	return out;
}
/** A duration in milliseconds for people: 0.4 ms, 25 ms, 1.25 s, 2 min 5 s. */
function duration(ms) {
	if (!Number.isFinite(ms) || ms < 0) return "–";
	if (ms < 1) return `${trim(ms, 2)} ms`;
	if (ms < 1e3) return `${Math.round(ms)} ms`;
	if (ms < 59995) return `${trim(ms / 1e3, 2)} s`;
	const seconds = Math.round(ms / 1e3);
	const rest = seconds % 60;
	return `${Math.floor(seconds / 60)} min${rest ? ` ${rest} s` : ""}`;
}
function trim(x, digits) {
	return x.toFixed(digits).replace(/\.?0+$/, "");
}
/** The bounds of all times that are known; NaN, NaN when there is none. */
function extent(times) {
	const known = times.filter((t) => Number.isFinite(t));
	if (known.length === 0) return [NaN, NaN];
	return known.reduce(([a, b], t) => [Math.min(a, t), Math.max(b, t)], [Infinity, -Infinity]);
}
/** A window on rows of one height: which to draw, and how far down they begin. */
function visibleRows(scrollTop, height, row, count, spare = 8) {
	const first = Math.max(0, Math.floor(scrollTop / row) - spare);
	const last = Math.min(count, Math.ceil((scrollTop + height) / row) + spare);
	return {
		first: Math.min(first, count),
		last: Math.max(last, Math.min(first, count))
	};
}
// src/run/timeline.test.ts
test("bars", () => {
	assert.deepEqual(bar(0, 100, 25, 75), {
		left: .25,
		width: .5
	});
	assert.deepEqual(bar(0, 100, -50, 150), {
		left: 0,
		width: 1
	});
	assert.deepEqual(bar(0, 100, 60, NaN), {
		left: .6,
		width: .4
	});
	assert.deepEqual(bar(0, 100, 80, 20), {
		left: .8,
		width: 0
	});
	for (const [from, to, start] of [
		[
			0,
			0,
			0
		],
		[
			5,
			1,
			2
		],
		[
			NaN,
			NaN,
			1
		],
		[
			0,
			1,
			NaN
		]
	]) assert.deepEqual(bar(from, to, start, 1), {
		left: 0,
		width: 0
	});
});
test("ticks are round and few", () => {
	assert.deepEqual(ticks(3200, 5), [
		0,
		1e3,
		2e3,
		3e3
	]);
	assert.deepEqual(ticks(90, 5), [
		0,
		20,
		40,
		60,
		80
	]);
	for (const span of [
		.001,
		.7,
		1,
		33,
		999,
		123456,
		1e9
	]) {
		const all = ticks(span, 6);
		assert.ok(all.length >= 3 && all.length <= 7, `${span}: ${all.join(" ")}`);
	}
	for (const none of [
		0,
		-1,
		NaN,
		Infinity
	]) assert.deepEqual(ticks(none), [0]);
});
test("durations", () => {
	for (const [ms, want] of [
		[0, "0 ms"],
		[.214, "0.21 ms"],
		[25.4, "25 ms"],
		[999.4, "999 ms"],
		[1e3, "1 s"],
		[1254, "1.25 s"],
		[59999, "1 min"],
		[125e3, "2 min 5 s"],
		[-1, "–"],
		[NaN, "–"]
	]) assert.equal(duration(ms), want);
});
test("extent", () => {
	assert.deepEqual(extent([
		3,
		NaN,
		1,
		Infinity,
		2
	]), [1, 3]);
	assert.deepEqual(extent([NaN]), [NaN, NaN]);
	assert.deepEqual(extent(Array.from({ length: 5e5 }, (_, i) => i)), [0, 499999]);
});
test("only rows in view are drawn", () => {
	assert.deepEqual(visibleRows(0, 300, 30, 2e3, 2), {
		first: 0,
		last: 12
	});
	assert.deepEqual(visibleRows(3e3, 300, 30, 2e3, 2), {
		first: 98,
		last: 112
	});
	assert.deepEqual(visibleRows(1e9, 300, 30, 50, 2), {
		first: 50,
		last: 50
	});
	assert.deepEqual(visibleRows(0, 300, 30, 0), {
		first: 0,
		last: 0
	});
});
// src/run/visual.ts
/** The reference of the run's browser. */
function referenceOf(canary, run) {
	return (canary.VisualReferences ?? (canary.VisualReference ? [canary.VisualReference] : [])).find((r) => browserOf(r) === (run.BrowserType ?? "CHROME"));
}
function browserOf(r) {
	return r.BrowserType ?? "CHROME";
}
/** Whether the canary's runtime takes a reference for each browser. */
function perBrowser(canary, run) {
	return run.BrowserType !== void 0 || (canary.EngineConfigs?.length ?? 0) > 0;
}
/** The update that puts the reference of the run's browser and keeps others. */
function update(canary, run, reference) {
	if (!perBrowser(canary, run)) return { VisualReference: clean(reference) };
	const browser = run.BrowserType ?? "CHROME";
	return { VisualReferences: [...(canary.VisualReferences ?? []).filter((r) => browserOf(r) !== browser).map(clean), {
		...clean(reference),
		BrowserType: browser
	}] };
}
/** Only what the input takes; an empty list would be refused. */
function clean(r) {
	const base = (r.BaseScreenshots ?? []).map((s) => ({
		ScreenshotName: s.ScreenshotName,
		...s.IgnoreCoordinates?.length ? { IgnoreCoordinates: s.IgnoreCoordinates } : {}
	}));
	return {
		BaseCanaryRunId: r.BaseCanaryRunId,
		...base.length ? { BaseScreenshots: base } : {},
		...r.BrowserType ? { BrowserType: r.BrowserType } : {}
	};
}
var stem = (name) => name.replace(/\.png$/i, "");
var unnumbered = (name) => stem(name).replace(/^\d+-/, "");
/** The baseline's screenshot that one of a run is compared with: the one of its
* name, else the one that has it but for the number in front, which moves when
* a step comes or goes. */
function baselineOf(reference, file) {
	const all = reference?.BaseScreenshots ?? [];
	return all.find((s) => stem(s.ScreenshotName) === stem(file)) ?? all.find((s) => unnumbered(s.ScreenshotName) === unnumbered(file));
}
/** The areas of a screenshot that do not count. */
function areasOf(reference, file) {
	return (baselineOf(reference, file)?.IgnoreCoordinates ?? []).flatMap((s) => parseRect(s) ?? []);
}
/** The reference with other areas of one screenshot. */
function withAreas(reference, file, areas) {
	const old = baselineOf(reference, file);
	const changed = {
		ScreenshotName: old?.ScreenshotName ?? file,
		IgnoreCoordinates: areas.map(formatRect)
	};
	const all = reference.BaseScreenshots ?? [];
	return {
		...reference,
		BaseScreenshots: old ? all.map((s) => s === old ? changed : s) : [...all, changed]
	};
}
/** The reference that makes a run the baseline. Areas go with their screenshots,
* and so does the choice of those that count: what the old reference left out
* stays out. files are the run's screenshots. */
function accepted(reference, run, files, counted) {
	const next = { BaseCanaryRunId: run.Id };
	if (!reference?.BaseScreenshots?.length) return next;
	const base = files.flatMap((file) => {
		const old = baselineOf(reference, file);
		if (!old && !counted.includes(file)) return [];
		return [{
			ScreenshotName: file,
			...old?.IgnoreCoordinates?.length ? { IgnoreCoordinates: old.IgnoreCoordinates } : {}
		}];
	});
	const ignores = base.some((s) => s.IgnoreCoordinates);
	return base.length === files.length && !ignores ? next : {
		...next,
		BaseScreenshots: base
	};
}
// src/run/visual.test.ts
var canary = (over = {}) => ({
	Id: "i",
	Name: "shop",
	...over
});
var run = (over = {}) => ({
	Id: "new",
	Name: "shop",
	Status: { State: "FAILED" },
	Timeline: {},
	...over
});
var base = {
	BaseCanaryRunId: "old",
	BrowserType: "CHROME",
	BaseScreenshots: [{
		ScreenshotName: "01-a-succeeded.png",
		IgnoreCoordinates: ["1,2,3,4"]
	}, { ScreenshotName: "02-b-succeeded.png" }]
};
var firefox = {
	BaseCanaryRunId: "fox",
	BrowserType: "FIREFOX"
};
test("each browser has its reference", () => {
	const c = canary({ VisualReferences: [base, firefox] });
	assert.equal(referenceOf(c, run({ BrowserType: "FIREFOX" })), firefox);
	assert.equal(referenceOf(c, run()), base);
	assert.equal(referenceOf(canary({ VisualReference: { BaseCanaryRunId: "x" } }), run()).BaseCanaryRunId, "x");
	assert.equal(referenceOf(canary(), run()), void 0);
});
test("the update keeps other browsers, and has the form of the runtime", () => {
	const next = update(canary({ VisualReferences: [base, firefox] }), run({ BrowserType: "CHROME" }), {
		BaseCanaryRunId: "new",
		BaseScreenshots: []
	});
	assert.deepEqual(next, { VisualReferences: [firefox, {
		BaseCanaryRunId: "new",
		BrowserType: "CHROME"
	}] });
	assert.deepEqual(update(canary({ VisualReference: base }), run(), { BaseCanaryRunId: "new" }), { VisualReference: { BaseCanaryRunId: "new" } });
});
test("a screenshot is found though its number has moved", () => {
	assert.equal(baselineOf(base, "02-b-succeeded.png").ScreenshotName, "02-b-succeeded.png");
	assert.equal(baselineOf(base, "07-b-succeeded.png").ScreenshotName, "02-b-succeeded.png");
	assert.equal(baselineOf(base, "07-c-succeeded.png"), void 0);
	assert.deepEqual(areasOf(base, "05-a-succeeded.png"), [{
		x1: 1,
		y1: 2,
		x2: 3,
		y2: 4
	}]);
});
test("areas replace those of their screenshot only", () => {
	const next = withAreas(base, "02-b-succeeded.png", [{
		x1: 5,
		y1: 6,
		x2: 7,
		y2: 8
	}]);
	assert.deepEqual(next.BaseScreenshots, [base.BaseScreenshots[0], {
		ScreenshotName: "02-b-succeeded.png",
		IgnoreCoordinates: ["5,6,7,8"]
	}]);
	assert.equal(next.BaseCanaryRunId, "old");
	assert.equal(base.BaseScreenshots[1].IgnoreCoordinates, void 0);
	assert.deepEqual(withAreas(base, "01-a-succeeded.png", []).BaseScreenshots[0], {
		ScreenshotName: "01-a-succeeded.png",
		IgnoreCoordinates: []
	});
});
test("accepting carries areas over, and what was left out stays out", () => {
	const files = [
		"01-a-succeeded.png",
		"02-x-succeeded.png",
		"03-b-succeeded.png"
	];
	assert.deepEqual(accepted(void 0, run(), files, []), { BaseCanaryRunId: "new" });
	assert.deepEqual(accepted(base, run(), files, []), {
		BaseCanaryRunId: "new",
		BaseScreenshots: [{
			ScreenshotName: "01-a-succeeded.png",
			IgnoreCoordinates: ["1,2,3,4"]
		}, { ScreenshotName: "03-b-succeeded.png" }]
	});
	const plain = {
		...base,
		BaseScreenshots: base.BaseScreenshots.map((s) => ({ ScreenshotName: s.ScreenshotName }))
	};
	assert.deepEqual(accepted(plain, run(), ["01-a-succeeded.png", "02-b-succeeded.png"], []), { BaseCanaryRunId: "new" });
});
export {};
