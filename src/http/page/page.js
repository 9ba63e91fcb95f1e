// The inspector page. It asks /_mock for all that it shows; text goes in as text only.

const KEPT = 2000; // rows in the list
const ROW = 31; // pixels, as in page.css
const REDACTED = '[redacted]';
const DANGER = { class: 'danger' };
const EVERYWHERE = 'all organizations';
const $ = (id) => document.getElementById(id);
const plural = (count, noun, more = 's') => `${count} ${noun}${count === 1 ? '' : more}`;

/** An element: its class after dots, perhaps its attributes, what is in it. */
function h(name, ...inside) {
	const [tag, ...classes] = name.split('.');
	const el = document.createElement(tag);
	if (classes.length) el.className = classes.join(' ');
	const props = inside[0]?.constructor === Object ? inside.shift() : {};
	for (const [key, value] of Object.entries(props)) {
		if (key.startsWith('on')) el.addEventListener(key.slice(2), value);
		else if (key in el && typeof value !== 'string') el[key] = value;
		else el.setAttribute(key, value);
	}
	el.append(...inside.flat(9).filter((it) => it || it === 0));
	return el;
}
const { a, article, b, dd, del, details, div, dl, dt, em, form, h2, h3, input, label, li, ol, option, p, pre, section, select, span, strong, table, tbody, td, th, thead, tr, ul } = new Proxy({}, { get: (_, tag) => (...inside) => h(tag, ...inside) });

const grid = (caption, heads, rows) => table(caption && h('caption', caption), thead(tr(heads.map((it) => th({ scope: 'col' }, it)))),
	tbody(rows.map((it) => (Array.isArray(it) ? tr(it.map((cell) => td(cell))) : it))));

// --- JSON, each number as it was written

class Num { constructor(text) { this.text = text; } }
const exact = (text) => JSON.parse(text, (_, value, at) => (typeof value === 'number' && at?.source && String(value) !== at.source ? new Num(at.source) : value));

function pretty(value, indent = '') {
	if (value instanceof Num) return value.text;
	if (value === null || typeof value !== 'object') return JSON.stringify(value);
	const more = `${indent}  `;
	const items = Array.isArray(value)
		? value.map((it) => pretty(it, more))
		: Object.entries(value).map(([key, it]) => `${JSON.stringify(key)}: ${pretty(it, more)}`);
	const [open, close] = Array.isArray(value) ? '[]' : '{}';
	if (!items.length) return open + close;
	const line = `${open}${items.join(', ')}${close}`;
	const isShort = Array.isArray(value) && line.length < 60 && !line.includes('\n');
	return isShort ? line : `${open}\n${more}${items.join(`,\n${more}`)}\n${indent}${close}`;
}

const shown = (body) => (typeof body === 'string' ? body : pretty(body));

// --- The control endpoints

let token = null; // in memory only

function ask(path, { method = 'GET', body, signal } = {}) {
	const headers = {};
	if (token !== null) headers.Authorization = `Bearer ${token}`;
	if (body !== undefined) headers['Content-Type'] = 'application/json';
	return fetch(`/_mock/${path}`, { method, headers, body, signal, cache: 'no-store', credentials: 'omit' });
}

async function text(path, options) {
	const answer = await ask(path, options);
	const got = await answer.text();
	if (answer.ok) return got;
	let problem = {};
	try { problem = JSON.parse(got); } catch { /* the status says it */ }
	if (answer.status === 401) needToken();
	throw Object.assign(new Error(problem.detail ?? `status ${answer.status}`), { status: answer.status });
}
const json = async (path, options) => { const got = await text(path, options); return got ? exact(got) : null; };
const withOrg = (org) => (org ? `?org=${encodeURIComponent(org)}` : '');

const send = (method, path, body) => text(path, { method, body: body && pretty(body) });

/** Does something that a person asked for; what goes wrong is shown to them. */
const doing = (work) => async (event) => {
	event?.preventDefault?.();
	try { await work(event); } catch (error) { if (error.status !== 401) tell('That did not work', error.message); }
};

// --- Where one is: a view and its filters, all in the URL

let at = { view: 'requests', get: new URLSearchParams() };

function readHash() {
	const [view, query = ''] = location.hash.slice(1).split('?');
	at = { view: Object.hasOwn(VIEW, view) ? view : 'requests', get: new URLSearchParams(query) };
}
const param = (name) => at.get.get(name);
function hash(view, params) {
	const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value)).toString();
	return `#${view}${query && `?${query}`}`;
}
/** Goes on in this view with some filters changed. */
function go(changes, { push = false } = {}) {
	const url = hash(at.view, { ...Object.fromEntries(at.get), ...changes });
	if (url === location.hash) return;
	history[push ? 'pushState' : 'replaceState'](null, '', url);
	route();
}

// --- What is known

const my = {
	rows: [], // the oldest first; gaps among them
	byKey: new Map(),
	epoch: 0, // one more for each process that was listened to
	newest: 0,
	heard: 0,
	missed: 0,
	paused: null, // rows that came since, while it is paused
	contract: null,
	orgs: [],
	operations: [],
};

const keyOf = (id) => `${my.epoch}.${id}`;

/** What the list keeps of an entry. */
function summary(entry) {
	const { id, at, org, operation, method, path, query, status, fault } = entry;
	const key = keyOf(id);
	const row = my.byKey.get(key) ?? { key, epoch: my.epoch, id, began: performance.now(), version: 0 };
	row.version += 1;
	Object.assign(row, {
		at, org, operation, method, status, fault, target: query ? `${path}?${query}` : path,
		us: entry.duration_us, unread: entry.unread.length, underWay: entry.under_way, gone: entry.client_gone,
	});
	return row;
}

function add(entry) {
	const isKnown = my.byKey.has(keyOf(entry.id));
	const row = summary(entry);
	if (isKnown) return row;
	my.byKey.set(row.key, row);
	my.heard += 1;
	(my.paused ?? my.rows).push(row);
	trim();
	return row;
}

function trim() {
	for (const rows of [my.rows, my.paused ?? []]) {
		while (rows.length > KEPT) my.byKey.delete(rows.shift().key);
	}
}

function gap(words) {
	my.rows.push({ key: `gap ${my.epoch} ${performance.now()}`, words, version: 1 });
}

function forget(org) {
	const stays = (row) => row.words !== undefined || row.epoch !== my.epoch || (org !== null && row.org !== org);
	for (const row of my.rows) if (!stays(row)) my.byKey.delete(row.key);
	my.rows = my.rows.filter(stays);
	if (my.paused) my.paused = my.paused.filter(stays);
}

// --- Listening

let listening = null;
let connection = {};

function say(words, kind) {
	connection = { words, kind };
	draw();
}

async function listen() {
	listening?.abort();
	const mine = new AbortController();
	listening = mine;
	const isOver = () => mine.signal.aborted;
	for (let tries = 0; !isOver(); tries += 1) {
		try {
			await begin();
			const answer = await ask(`events?since=${my.newest}`, { signal: mine.signal });
			if (!answer.ok) throw new Error(answer.status === 503 ? '`--max-streams` are open' : `status ${answer.status}`);
			say('live', 'on');
			tries = 0;
			await hear(answer.body);
			throw new Error('the mock is gone');
		} catch (error) {
			if (isOver() || error.status === 401) return;
			say(`not live: ${error.message === 'Failed to fetch' ? 'the mock is gone' : error.message}; trying again`, 'off');
			await new Promise((done) => { setTimeout(done, Math.min(300 * 2 ** tries, 3000)); });
		}
	}
}

/** Whether this is still the same process; what it has recorded so far. */
async function begin() {
	const contract = await json('contract');
	const before = my.contract;
	my.contract = contract;
	if (before && before.instance === contract.instance) return;
	if (before) {
		my.epoch += 1;
		gap('the mock was started anew');
	}
	const [{ requests, dropped }, { routes }] = await Promise.all([json(`requests?limit=${KEPT}`), json('routes')]);
	my.operations = routes.map((it) => it.operation);
	my.newest = 0;
	if (dropped) gap(`${dropped} older ones are no longer in the journal`);
	for (const entry of requests) {
		add(entry);
		my.newest = Math.max(my.newest, entry.id);
	}
	await Promise.all([...new Set(requests.filter((it) => it.under_way).map((it) => it.org))].map(since));
	await refresh();
	showFrame();
}

/** Since when requests are under way, by their organization's clock. */
async function since(org) {
	const { now, frozen } = await json(`clock${withOrg(org)}`);
	for (const row of my.byKey.values()) {
		if (row.underWay && row.org === org && !frozen) row.began -= Math.max(0, Date.parse(now) - Date.parse(row.at));
	}
}

/** Reads events until the stream ends. */
async function hear(body) {
	const reader = body.pipeThrough(new TextDecoderStream()).getReader();
	let rest = '';
	for (;;) {
		const { done, value } = await reader.read();
		if (done) return;
		rest += value;
		const events = rest.split('\n\n');
		rest = events.pop();
		for (const event of events) {
			const field = (name) => event.split('\n').find((line) => line.startsWith(name))?.slice(name.length);
			const id = field('id: ');
			if (id !== undefined) my.newest = Number(id);
			if (field('data: ') !== undefined) happened(field('event: '), JSON.parse(field('data: ')));
		}
		draw();
	}
}

function happened(name, data) {
	if (name === 'request' || name === 'asked') {
		const row = add(data);
		if (!row.underWay && selected()?.key === row.key) showDetail();
		if (data.method !== 'GET' || data.fault || !my.orgs.some((it) => it.id === data.org)) dirty();
		return;
	}
	if (name === 'missed') {
		if (data.restarted) return;
		my.missed += data.requests;
		if (data.requests) gap(`missed ${plural(data.requests, 'request')}`);
		if (data.others) recheck();
	}
	if (name === 'reset') {
		if (data.scope.includes('requests')) forget(data.org);
		gap(`reset of ${data.org ?? 'all'}: ${data.scope.join(', ')}`);
	}
	dirty();
}

/** The journal may have forgotten what is under way before it ended. */
async function recheck() {
	for (const row of [...my.byKey.values()].filter((it) => it.underWay && it.epoch === my.epoch)) {
		try { add(await json(`requests/${row.id}`)); } catch (error) {
			if (error.status === 404) Object.assign(row, { underWay: false, lost: true, version: row.version + 1 });
		}
	}
	draw();
}

let isDirty = false;
/** Asks anew for what is not in the list, a little later, once. */
function dirty() {
	if (isDirty) return;
	isDirty = true;
	setTimeout(async () => {
		isDirty = false;
		try {
			await refresh();
			if (at.view !== 'requests') await VIEW[at.view]();
		} catch { /* the stream tells that the mock is gone */ }
	}, 250);
}

async function refresh() {
	const [{ organizations }, { faults }] = await Promise.all([json('organizations'), json('faults')]);
	my.orgs = organizations;
	const orgs = $('f-org');
	if (orgs && orgs !== document.activeElement && orgs.options.length <= organizations.length) orgs.replaceWith(filterOrg());
	$('count-faults').textContent = faults.length || '';
	draw();
}

// --- The frame of all views

function showFrame() {
	const { version, edition, switches } = my.contract;
	const set = switches.filter((it) => it.differs).length;
	$('what').textContent = `${version} · edition ${edition}${set ? ` · ${plural(set, 'switch', 'es')}` : ''}`;
	$('views').hidden = false;
	route();
}

function needToken() {
	listening?.abort();
	$('views').hidden = true;
	say('control token needed', 'off');
	const field = input({ type: 'password', id: 'token', autocomplete: 'off', required: true });
	const enter = (event) => {
		event.preventDefault();
		token = field.value;
		put('wide');
		listen();
	};
	put('wide', h('section.page', form({ onsubmit: enter }, h2('This mock asks for its control token'),
		token !== null && h('p.bad', { role: 'alert' }, 'That was not it.'),
		h('p.actions', label({ for: 'token' }, 'Control token'), field, h('button', 'Use it')))));
	token = null;
	my.contract = null;
	field.focus();
}

const mark = (el, name, value) => (value ? el.setAttribute(name, value) : el.removeAttribute(name));

function route() {
	readHash();
	if (!my.contract) return;
	for (const link of $('views').querySelectorAll('a')) {
		const is = link.hash.slice(1) === at.view;
		mark(link, 'aria-current', is && 'page');
	}
	document.title = `tallyfy-mock · ${at.view}`;
	doing(VIEW[at.view])();
}

const VIEW = { requests: showRequests, state: showState, faults: showFaults, clock: showClock, coverage: showCoverage };

/** Puts a view in; what has the focus stays as it is. */
function put(kind, ...sections) {
	const main = $('main');
	const active = main.contains(document.activeElement) && document.activeElement;
	const tops = [...main.querySelectorAll('section')].map((it) => it.scrollTop);
	main.className = kind;
	main.dataset.view = at.view;
	main.replaceChildren(...sections);
	sections.forEach((it, i) => { it.scrollTop = tops[i] ?? 0; });
	const place = active.id && $(active.id);
	if (!place) return;
	if (active.matches('input, select')) place.replaceWith(active);
	$(active.id).focus();
}

let isDrawing = false;
/** Draws what is live, once a frame. */
function draw() {
	if (isDrawing) return;
	isDrawing = true;
	requestAnimationFrame(() => {
		isDrawing = false;
		const live = $('live');
		const words = connection.kind === 'on' ? `live${my.paused ? `, paused · ${my.paused.length} new` : ''} · missed ${my.missed}` : connection.words;
		if (live.textContent !== words) live.textContent = words;
		live.className = connection.kind;
		$('count-requests').textContent = my.heard || '';
		if (at.view === 'requests' && $('rows')) drawRows();
	});
}

const choose = (id, options, value, change, words = (it) => it) => select({ id, onchange: (event) => change(event.target.value) }, option({ value: '' }, 'all'),
	options.map((it) => option({ value: it, selected: it === value }, words(it))));
const chooseOrg = (id, value, change) => choose(id, [...new Set([...my.orgs.map((it) => it.id), ...(value ? [value] : [])])], value, change);
const filterOrg = () => chooseOrg('f-org', param('org'), (org) => go({ org }));
const field = (words, el) => [label({ for: el.id }, words), el];
const search = (id, what) => input({ type: 'search', id, placeholder: `${what} … ( / )`, 'aria-label': 'Search', value: param('q') ?? '', oninput: (event) => go({ q: event.target.value }) });
const block = (id, ...inside) => pre({ tabindex: 0, id }, ...inside);
const button = (words, click, props) => h('button', { type: 'button', onclick: doing(click), ...props }, words);

// --- Requests

const FILTERS = ['org', 'op', 'class', 'struck', 'unmatched', 'unread', 'q'];

function isWanted(row) {
	if (row.words !== undefined) return true;
	const needle = param('q')?.toLowerCase();
	const is = (name, test) => !param(name) || test(param(name));
	return is('org', (it) => row.org === it) && is('op', (it) => row.operation === it)
		&& is('class', (it) => String(row.status ?? '').startsWith(it)) && is('struck', () => row.fault !== null)
		&& is('unmatched', () => row.operation === null) && is('unread', () => row.unread > 0)
		&& (!needle || `${row.id} ${row.method} ${row.target} ${row.operation} rule:${row.fault};`.toLowerCase().includes(needle));
}

const selected = () => my.byKey.get(keyOf(param('id')));
let visible = []; // the newest first
let nodes = new Map();

function showRequests() {
	if (!$('rows')) {
		nodes = new Map();
		const check = (name) => label(input({ type: 'checkbox', id: `f-${name}`, onchange: (event) => go({ [name]: event.target.checked ? '1' : '' }) }), name);
		const rows = div({ id: 'rows', role: 'grid', tabindex: 0, 'aria-label': 'Requests, the newest first', onscroll: drawRows, onclick: pick }, h('div.space', { 'aria-hidden': 'true' }));
		put('', h('section.list',
			h('div.filters',
				field('Organization', filterOrg()), field('Operation', choose('f-op', my.operations, param('op'), (op) => go({ op }))),
				field('Status', choose('f-class', ['2', '4', '5'], param('class'), (it) => go({ class: it }), (it) => `${it}xx`)), check('struck'), check('unmatched'), check('unread'), search('f-q', 'path, id, rule'),
				button('Pause', pause, { id: 'pause', 'aria-pressed': 'false' })),
			h('div.row.head', { 'aria-hidden': 'true' }, ['Time', 'Status', 'Request', 'Operation', 'ms'].map((it) => span(it))),
			rows, h('p.empty', { id: 'none' })), h('section.detail', { id: 'detail', tabindex: -1, 'aria-label': 'Request' }));
	}
	for (const name of FILTERS) {
		const input = $(`f-${name}`);
		if (input?.type === 'checkbox') input.checked = at.get.has(name);
		else if (input && input !== document.activeElement) input.value = param(name) ?? '';
	}
	drawRows();
	showDetail();
}

function drawRows() {
	const rows = $('rows');
	if (!rows) return;
	const wasAtTop = rows.scrollTop < ROW;
	const before = visible.length;
	visible = my.rows.filter(isWanted).reverse();
	if (!wasAtTop && visible.length > before && before) rows.scrollTop += (visible.length - before) * ROW;
	rows.firstChild.style.height = `${visible.length * ROW}px`;
	rows.setAttribute('aria-rowcount', String(visible.length));
	$('none').hidden = visible.length > 0;
	$('none').textContent = FILTERS.some(param) ? 'No request like that yet.' : `No request yet. Point a client at ${location.origin}/api.`;
	const first = Math.max(0, Math.floor(rows.scrollTop / ROW) - 5);
	const shownRows = visible.slice(first, first + Math.ceil(rows.clientHeight / ROW) + 10);
	const chosen = selected()?.key;
	const drawn = new Map();
	shownRows.forEach((row, i) => {
		const known = nodes.get(row.key);
		const node = known && known.version === row.version ? known : { version: row.version, el: rowElement(row) };
		if (known && known !== node) known.el.replaceWith(node.el);
		if (!node.el.isConnected) rows.append(node.el);
		const place = first + i;
		if (node.place !== place) {
			node.place = place;
			node.el.style.transform = `translateY(${place * ROW}px)`;
			node.el.setAttribute('aria-rowindex', String(place + 1));
		}
		if (row.words === undefined) node.el.setAttribute('aria-selected', String(row.key === chosen));
		drawn.set(row.key, node);
	});
	for (const [key, node] of nodes) if (!drawn.has(key)) node.el.remove();
	nodes = drawn;
	mark(rows, 'aria-activedescendant', drawn.has(chosen) && `row-${chosen}`);
}

const statusMark = (row) => h(`span.s${row.status ? `.s${String(row.status)[0]}` : ''}`, row.status ?? (row.underWay ? '…' : '–'));
const ms = (us) => (us / 1000).toFixed(us < 10000 ? 2 : 0);
const running = (row) => `${Math.round((performance.now() - row.began) / 1000)} s`;

function tags(row) {
	return [
		row.underWay && h('span.tag', `under way ${running(row)}`),
		row.lost && h('span.tag', 'forgotten'),
		row.gone && h('span.tag', 'client gone'),
		row.unread > 0 && h('span.tag.unread', `${row.unread} unread`),
		row.fault !== null && h('span.tag.struck', row.fault),
		row.operation === null && h('span.tag', 'no route'),
	];
}

function rowElement(row) {
	if (row.words !== undefined) return h('div.gap', { role: 'row' }, span({ role: 'gridcell' }, row.words));
	const cell = (name, ...inside) => h(name, { role: 'gridcell' }, ...inside);
	const el = h('div.row', { role: 'row', id: `row-${row.key}`, 'aria-selected': 'false' },
		cell('span.time', row.at.slice(11, 23)), cell('span', statusMark(row)), cell('span', b(row.method), ` ${row.target}`),
		cell('span', row.operation ?? '–'), cell('span.num', row.us === null ? '' : ms(row.us)), cell('span', tags(row)));
	el.dataset.id = row.epoch === my.epoch ? row.id : '';
	return el;
}

setInterval(() => {
	let any = false;
	for (const row of my.byKey.values()) if (row.underWay) { row.version += 1; any = true; }
	if (any) draw();
}, 1000);

function pick(event) {
	const id = event.target.closest('[data-id]')?.dataset.id;
	if (id) go({ id }, { push: true });
}

function pause() {
	if (my.paused) {
		my.rows.push(...my.paused);
		my.paused = null;
		trim();
	} else my.paused = [];
	$('pause').textContent = my.paused ? 'Go on' : 'Pause';
	$('pause').setAttribute('aria-pressed', String(my.paused !== null));
	draw();
}

let detailOf = '';
async function showDetail() {
	const id = param('id');
	const detail = $('detail');
	if (!detail) return;
	$('main').classList.toggle('open', Boolean(id));
	if (!id) {
		detail.replaceChildren(h('p.empty', 'Choose a request: j and k go through them, enter opens one, esc goes back.'));
		return;
	}
	detailOf = id;
	let entry;
	try { entry = await json(`requests/${encodeURIComponent(id)}`); } catch (error) {
		if (detailOf === id && error.status !== 401) detail.replaceChildren(h('p.empty', error.message));
		return;
	}
	if (detailOf === id && $('detail') === detail) detail.replaceChildren(...detailView(entry));
}

function detailView(entry) {
	const row = my.byKey.get(keyOf(entry.id)) ?? summary(entry);
	const unreadFields = entry.unread.filter((it) => it.startsWith('body')).length;
	const params = [...new URLSearchParams(entry.query)];
	const headers = Object.entries(entry.headers);
	const meant = (path) => em(' unread', entry.did_you_mean?.[path] ? ` · did you mean ${entry.did_you_mean[path]}?` : '');
	const isUnread = (path) => entry.unread.includes(path);
	const isCut = (which) => entry.cut?.includes(which);
	const { org, operation } = entry;
	return [
		h('p.crumb', [`request ${entry.id}`, entry.at, org ?? 'no organization', operation ?? 'no route'].join(' · ')),
		h2(statusMark(row), ` ${entry.method} ${entry.path}`),
		entry.under_way && h('p.why', strong('Under way'), ` for ${running(row)}`),
		entry.client_gone && h('p.why', 'The client closed its connection.'),
		(entry.reason || entry.fault) && h('p.why', entry.reason && [strong('Why: '), entry.reason],
			entry.fault && [' ', a({ href: hash('faults', { rule: entry.fault }) }, `rule ${entry.fault}`)]),
		h('p.actions',
			button('Copy as curl', () => copyCurl(entry), { id: 'as-curl', disabled: Boolean(isCut('body') || entry.under_way) }),
			button('Copy as expectation', () => show('An expectation', 'For POST /_mock/requests/verify.', pretty(expectation(entry)))),
			button('Copy as rule', () => show('A fault rule', `For PUT /_mock/faults/NAME${entry.org ? `?org=${entry.org}` : ''}.`, pretty(ruleLike(entry)))),
			a({ href: hash('faults', { org, ...(operation ? { op: operation } : matchOf(entry)), make: '1' }) }, 'Fail the next like this …')),
		params.length > 0 && [h3('Query as the mock read it'), dl(params.map(([name, value]) => {
			const path = `query.${name}`;
			return isUnread(path) ? [dt(del(name)), dd(del(value), meant(path))] : [dt(name), dd(value)];
		}))],
		entry.body !== null && [h3('Body as the mock read it ', h('span.dim', unreadFields ? `${unreadFields} unread` : '')), bodyView(entry, isUnread, meant)],
		h3(`Headers ${headers.length}`), block('headers', headers.map(([name, value]) => `${name}: ${value}`).join('\n')),
		h3('Answer ', h('span.dim', entry.duration_us === null ? '' : `${ms(entry.duration_us)} ms`)),
		block('answer', entry.response === null ? 'no body' : isCut('response') ? cutText(entry.response) : shown(entry.response)),
	].flat(9).filter(Boolean);
}

const cutText = (it) => `${it.cut}\n… of ${pretty(it.bytes)} bytes`;

/** The body; what the mock did not read is struck out where it stands. */
function bodyView(entry, isUnread, meant) {
	const { body } = entry;
	const whole = (words) => block('body', isUnread('body') ? [del(words), '\n', meant('body')] : words);
	if (entry.cut?.includes('body')) return whole(cutText(body));
	if (body === null || typeof body !== 'object' || Array.isArray(body) || body instanceof Num) return whole(shown(body));
	const fields = Object.entries(body);
	return block('body', '{\n', fields.map(([key, value], i) => {
		const words = `${JSON.stringify(key)}: ${pretty(value, '  ')}${i < fields.length - 1 ? ',' : ''}`;
		const path = `body.${key}`;
		return isUnread(path) ? ['  ', del(words), ' ', meant(path), '\n'] : `  ${words}\n`;
	}), '}');
}

const unprefixed = (path) => (path.startsWith('/api/') ? path.slice(4) : path);
const matchOf = ({ operation, method, path }) => (operation ? { operation } : { method, path: unprefixed(path) });
const ofOrg = ({ org }) => (org ? { org } : {});
const ruleLike = (entry) => ({ match: { ...matchOf(entry), ...ofOrg(entry) }, steps: [{ times: 1, status: 503 }] });

function expectation(entry) {
	const { operation, method, path, status, body } = entry;
	return {
		...(operation ? { operation } : { method }), ...ofOrg(entry), path, ...(status === null ? {} : { status }),
		...(body === null || entry.cut?.includes('body') ? {} : { body }), times: { at_least: 1 },
	};
}

// --- Copy as curl

/** A word of a shell's; what was redacted is the variable's. */
const sh = (words) => words.split(REDACTED).map((it) => `'${it.replaceAll("'", `'\\''`)}'`).join('"$TALLYFY_API_TOKEN"');
/** Bytes for printf. */
const octal = (bytes) => Array.from(bytes, (b) => (b > 31 && b < 127 && !'\'%\\'.includes(String.fromCharCode(b)) ? String.fromCharCode(b) : `\\${b.toString(8).padStart(3, '0')}`)).join('');
const NOT_COPIED = ['host', 'content-length', 'connection', 'transfer-encoding', 'authorization', 'accept-encoding', 'expect', 'origin', 'referer'];

export function curlOf(entry, bytes, origin) {
	const parts = [`${sh(origin + entry.path + (entry.query ? `?${entry.query}` : ''))}`];
	parts.unshift('curl -sS -g --path-as-is', entry.method === 'HEAD' ? '--head' : `-X ${sh(entry.method)}`);
	const { headers } = entry;
	if (headers.authorization !== undefined) parts.push('-H "Authorization: Bearer $TALLYFY_API_TOKEN"');
	for (const [name, value] of Object.entries(headers)) {
		if (!NOT_COPIED.includes(name) && !name.startsWith('sec-')) parts.push(`-H ${value ? sh(`${name}: ${value}`) : sh(`${name};`)}`);
	}
	for (const name of ['accept', 'user-agent', ...(bytes.length ? ['content-type'] : [])]) if (headers[name] === undefined) parts.push(`-H '${name}:'`);
	let words = null;
	try { words = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes); } catch { /* no text: printf */ }
	const isText = words !== null && !words.includes('\0');
	if (!bytes.length) return parts.join(' \\\n  ');
	if (isText) return [...parts, `--data-raw ${sh(words)}`].join(' \\\n  ');
	return `printf '${octal(bytes)}' | ${[...parts, '--data-binary @-'].join(' \\\n  ')}`;
}

async function copyCurl(entry) {
	const answer = await ask(`requests/${entry.id}/body`);
	if (!answer.ok) throw new Error(`no body: status ${answer.status}`);
	const bytes = new Uint8Array(await answer.arrayBuffer());
	show('As curl', 'The token is $TALLYFY_API_TOKEN, which `tallyfy-mock env` prints.', curlOf(entry, bytes, location.origin));
}

// --- Dialogs

function show(title, note, words) {
	$('text-title').textContent = title;
	$('text-note').textContent = note;
	$('text-body').textContent = words;
	$('text-body').hidden = words === '';
	$('text-copy').hidden = words === '';
	$('text-done').textContent = '';
	$('text').showModal();
	(words ? $('text-copy') : $('text-close')).focus();
}
const tell = (title, words) => show(title, words, '');
$('text-close').addEventListener('click', () => $('text').close());
$('text-copy').addEventListener('click', async () => {
	try {
		await navigator.clipboard.writeText($('text-body').textContent);
		$('text-done').textContent = 'copied';
	} catch {
		getSelection().selectAllChildren($('text-body'));
		$('text-done').textContent = 'selected: copy it with the keyboard';
	}
});

/** Asks before something goes; says what goes. */
function sure(question, goes, yes) {
	$('ask-title').textContent = question;
	$('ask-body').replaceChildren(p('This goes:'), ul(goes.map((it) => li(it))));
	$('ask-yes').textContent = yes;
	$('ask-yes').className = 'danger';
	const dialog = $('ask');
	dialog.showModal();
	$('ask-no').focus();
	return new Promise((answer) => {
		const close = (is) => () => { dialog.close(); answer(is); };
		$('ask-yes').onclick = close(true);
		$('ask-no').onclick = close(false);
		dialog.oncancel = () => answer(false);
	});
}

// --- State

const MARKS = { added: '+ added', changed: '~ changed', deleted: '− deleted' };

async function showState() {
	await refresh();
	const org = param('org') ?? my.orgs[0]?.id ?? '';
	if (at.view !== 'state') return;
	const overview = grid('Organizations', ['Organization', '', 'Groups', 'Members', 'Guests', 'Rules', 'Requests'], my.orgs.map((it) => h(it.id === org ? 'tr.on' : 'tr',
		[a({ href: hash('state', { org: it.id }), id: `org-${it.id}` }, it.id), it.changed && tagOf('changed'), it.groups, it.users, it.guests, it.rules, it.requests].map((cell) => td(cell)))));
	if (!org) {
		put('wide', h('section.page', h2('State'), h('p.empty', 'Nothing is stored.')));
		return;
	}
	let raw;
	try { raw = await text(`state${withOrg(org)}`); } catch (error) {
		if (error.status !== 404) throw error;
		put('wide', h('section.page', h('p.empty', error.message), overview));
		return;
	}
	const state = exact(raw);
	const changes = await json(`changes${withOrg(org)}`);
	if (at.view !== 'state') return;
	const of = my.orgs.find((it) => it.id === org) ?? { groups: 0, rules: 0, requests: 0 };
	const needle = (param('q') ?? '').toLowerCase();
	put('', h('section.page', { id: 'stored' },
		h2(`State of ${org}`),
		h('p.actions',
			search('s-q', 'name, id, address'),
			button('Copy as fixture', () => show('A fixture', `What ${org} holds now, for --fixtures or PUT /_mock/state.`, pretty({ version: 1, organizations: [{ id: org, ...state }] })), { id: 'as-fixture' }),
			button(`Reset ${org} …`, () => resetOrg(org, of), { class: 'danger', id: 'reset' })),
		people('Groups', state.groups, changes.groups, needle, ['Name', 'Description', 'Members', 'Guests'], (it) => [
			a({ href: hash('state', { org, group: it.id }) }, it.name), it.description ?? '', (it.members ?? []).length, (it.guests ?? []).length]),
		people('Members', state.users, changes.users, needle, ['Name', 'Address', 'Role', 'Id'], (it) => [fullName(it), it.email, it.role ?? '', pretty(it.id)]),
		people('Guests', state.guests, changes.guests, needle, ['Name', 'Address'], (it) => [fullName(it), it.email]),
		overview), groupView(org, state, changes));
	$('main').classList.toggle('open', at.get.has('group'));
}

const fullName = (it) => [it.first_name, it.last_name].filter(Boolean).join(' ') || '–';
const tagOf = (change) => change && h(`span.tag.${change}`, MARKS[change]);
const idOf = (row) => String(row.id instanceof Num ? row.id.text : row.id ?? row.email);

/** Rows as they are, and those that a reset would bring back, marked. */
function people(title, rows, changes, needle, heads, cells) {
	const change = new Map(changes.map((it) => [it.id, it.change]));
	const deleted = changes.filter((it) => it.change === 'deleted').map((it) => it.before);
	const all = [...(rows ?? []), ...deleted].filter((it) => !needle || JSON.stringify(it).toLowerCase().includes(needle));
	const SHOWN = 500;
	return grid([title, ' ', h('span.dim', all.length > SHOWN ? `${SHOWN} of ${all.length}` : all.length)], ['Change', ...heads], all.slice(0, SHOWN).map((it) => {
		const what = change.get(idOf(it));
		const el = h(`tr${what ? `.${what}` : ''}`, [tagOf(what), ...cells(it)].map((cell) => td(cell)));
		el.dataset.row = idOf(it);
		return el;
	}));
}

function groupView(org, state, { groups }) {
	const id = param('group');
	const changed = groups.find((it) => it.id === id);
	const group = (state.groups ?? []).find((it) => it.id === id);
	if (!group && !changed) return h('section.detail', { 'aria-label': 'Group' }, h('p.empty', 'Choose a group.'));
	const now = group ?? changed.before;
	return h('section.detail', { id: 'group', 'aria-label': 'Group' }, h('p.crumb', `group of ${org}`),
		h2(now.name, ' ', tagOf(changed?.change)),
		h3(group ? 'Now' : 'Before it was deleted'), block('now', pretty(now)),
		changed?.change === 'changed' && [h3('As it was loaded'), block('before', pretty(changed.before))]);
}

async function resetOrg(org, of) {
	const goes = [`${plural(of.groups, 'group')}, back to what was loaded`, plural(of.rules, 'rule'), `${plural(of.requests, 'request')} in the journal`, 'its clock, its counts of the rate limit'];
	if (await sure(`Reset ${org}?`, goes, `Reset ${org}`)) await send('POST', `reset${withOrg(org)}`);
}

// --- Faults

const TEMPLATES = {
	'429, then fine': (times) => ({ times, status: 429, retry_after: 1 }),
	'503 after the write': (times) => ({ times, status: 503, write: 'after' }),
	slow: (times) => ({ times, delay: { fixed_ms: 3000 } }),
	reset: (times) => ({ times, fault: 'connection_reset' }),
};

async function showFaults() {
	const { faults } = await json('faults');
	await refresh();
	if (at.view !== 'faults') return;
	if (!$('new-rule')) put('', h('section.page', { id: 'rules' }), h('section.detail', { id: 'new-rule', 'aria-label': 'A new rule' }, newRule()));
	else if (at.get.has('make')) $('new-rule').replaceChildren(...newRule());
	$('rules').replaceChildren(h2('Rules by which requests fail'), ...(faults.length ? faults.map(ruleView) : ['None. Each request is answered as it should be.']));
	$('main').classList.add('open');
	at.get.delete('make');
}

function ruleView(rule) {
	const org = rule.match.org ?? null;
	const path = `faults/${encodeURIComponent(rule.id)}${withOrg(org)}`;
	const { id, hits, ...asPut } = rule;
	asPut.steps = rule.steps.map(({ remaining, ...step }) => step);
	const isSpent = rule.steps.every((step) => step.remaining === 0);
	const match = Object.entries(rule.match).filter(([key]) => key !== 'org').map(([key, value]) => `${key} ${key === 'token' ? '(hidden)' : value}`);
	const el = h(param('rule') === id ? 'article.rule.on' : 'article.rule',
		h2(id, ' ', isSpent && h('span.tag', 'spent')),
		p(`${org ?? EVERYWHERE} · ${match.join(', ') || 'any request'}`, rule.skip ? ` · skips ${rule.skip}` : '', rule.probability === undefined ? '' : ` · with probability ${pretty(rule.probability)}`),
		ol(rule.steps.map((step) => li(describe(step), h('span.dim', step.remaining === 'always' ? ' · always' : ` · ${pretty(step.remaining)} of ${pretty(step.times)} left`)))),
		h('p.actions', a({ href: hash('requests', { org, q: `rule:${id};` }) }, plural(hits, 'hit')),
			button('Re-arm', () => send('PUT', `${path}${org ? '&' : '?'}rearm=true`, asPut)),
			button('Remove …', async () => { if (await sure(`Remove the rule ${id}?`, [`the rule ${id} of ${org ?? EVERYWHERE}, which has struck ${plural(hits, 'time')}`], 'Remove')) await send('DELETE', path); }, DANGER)));
	el.dataset.rule = id;
	return el;
}

const describe = (step) => Object.entries(step).filter(([key, value]) => !['times', 'remaining'].includes(key) && value !== 'before').map(([key, value]) => `${key} ${typeof value === 'string' ? value : pretty(value)}`).join(', ');

function newRule() {
	const get = (name) => param(name) ?? '';
	const name = input({ id: 'r-name', value: get('op') ? get('op').replace('.', '-') : 'flaky', required: true, maxlength: '255' });
	const org = chooseOrg('r-org', get('org'), () => preview());
	const op = choose('r-op', my.operations, get('op'), () => preview());
	const kind = select({ id: 'r-kind', onchange: () => preview() }, Object.keys(TEMPLATES).map((it) => option({ value: it }, it)));
	const times = input({ id: 'r-times', type: 'number', min: '1', value: '1', oninput: () => preview() });
	const rule = block('r-json');
	const where = get('method') && { method: get('method'), path: get('path') };
	const made = () => ({ match: op.value ? { operation: op.value } : where || {}, steps: [TEMPLATES[kind.value](Math.max(1, Math.floor(Number(times.value)) || 1))] });
	const preview = () => { rule.textContent = pretty(made()); };
	preview();
	const submit = doing(async () => {
		await send('PUT', `faults/${encodeURIComponent(name.value)}${withOrg(org.value)}${org.value ? '&' : '?'}rearm=true`, made());
		$('r-done').textContent = `${name.value} is in force`;
	});
	return [h2('A new rule'), form({ onsubmit: submit },
		h('div.fields', field('Name', name), field('Organization', org), field('Operation', op), where && [span('Request'), span(`${where.method} ${where.path}`)], field('What happens', kind), field('How many times', times)),
		h3('As it is put'), rule, h('p.actions', h('button', { id: 'r-put' }, 'Put it in force'), span({ role: 'status', id: 'r-done' })))  ].flat(9).filter(Boolean);
}

// --- Clock and contract

let ticking = null;

async function showClock() {
	const org = param('org') ?? '';
	const [{ now, frozen }, contract] = await Promise.all([json(`clock${withOrg(org)}`), json('contract')]);
	if (at.view !== 'clock') return;
	const change = (words, path, body, method) => button(words, () => send(method, `${path}${withOrg(org)}`, body()), { id: `c-${words.split(' ')[0]}` });
	const advance = (words, seconds) => change(words, 'clock/advance', () => ({ seconds: Number(seconds()) }), 'POST');
	const by = input({ id: 'c-by', type: 'number', value: '3600', step: 'any', 'aria-label': 'Seconds' });
	const clock = h('p.now', { id: 'now' }, now);
	clearInterval(ticking);
	const began = performance.now() - Date.parse(now);
	if (!frozen) ticking = setInterval(() => { if (clock.isConnected) clock.textContent = new Date(performance.now() - began).toISOString().replace(/\.\d+Z/, 'Z'); else clearInterval(ticking); }, 500);
	const differs = contract.switches.filter((it) => it.differs);
	const switches = (caption, rows) => grid(caption, ['Switch', 'Value', 'In the edition'], rows.map((it) => [it.key, [it.value, ' ', it.differs && tagOf('changed')], it.of_edition]));
	put('wide', h('section.page',
		h2('Clock'), h('p.actions', field('Organization', chooseOrg('c-org', org, (it) => go({ org: it })))),
		clock, p({ id: 'frozen' }, frozen ? 'stands still' : 'runs'),
		h('p.actions', change(frozen ? 'Let it run' : 'Freeze it', 'clock', () => ({ frozen: !frozen }), 'PUT'), advance('+1 minute', () => 60), advance('+1 hour', () => 3600), advance('+1 day', () => 86400),
			by, advance('Advance by so many seconds', () => by.value)),
		h2('Contract'), p(`Edition ${contract.edition}`, contract.strict ? ', strict' : '', '. ', a({ href: '/_mock/openapi.json' }, 'OpenAPI document')),
		differs.length ? switches('Switches that differ from the edition', differs) : h('p.dim', 'No switch differs from the edition.'),
		details(h('summary', `All ${contract.switches.length} switches`), switches('', contract.switches)),
		contract.tokens.length ? grid('Tokens', ['Token', 'User', 'Organizations and rights', 'Expires'], contract.tokens.map((it) => [it.token, it.user === null ? 'the first admin' : pretty(it.user),
			it.organizations.length ? it.rights.map((right) => div(`${right.org}: ${right.role ?? 'no user there'}${right.manages_groups ? ', manages groups' : ''}`)) : 'all', it.expires_at ?? 'never']))
			: p('No token is declared: any is an admin’s.')));
}

// --- Coverage

async function showCoverage() {
	const { operations, entities } = await json('coverage');
	const row = (of, what, { evidence, asked, seen, checked, agreed }) => [of, what, evidence.class, evidence.source, asked ?? seen, checked, agreed && `${agreed.at}, ${agreed.with}`];
	const all = (of, kind, rows) => rows.map((it) => row(of, `${kind} ${it.name}`, it));
	put('wide', h('section.page', { tabindex: 0 }, h2('Coverage'), grid('', ['Of', 'What', 'Evidence', 'Source', 'Asked', 'Checked', 'Agreed'], [
		...operations.flatMap((it) => [row(it.operation, `${it.method} ${it.path}`, it), ...all('', 'parameter', it.parameters), ...all('', 'field', it.fields), ...it.answers.flatMap((one) => all('', one.status, [one]))]),
		...entities.flatMap((it) => all(it.name, 'field', it.fields))])));
}

// --- Keyboard

function move(by) {
	const real = visible.filter((row) => row.words === undefined && row.epoch === my.epoch);
	const place = real.findIndex((row) => row.key === selected()?.key);
	const next = real[Math.min(Math.max(place + by, 0), real.length - 1)];
	if (!next) return;
	go({ id: String(next.id) });
	const rows = $('rows');
	const top = visible.indexOf(next) * ROW;
	if (top < rows.scrollTop) rows.scrollTop = top;
	else if (top + ROW > rows.scrollTop + rows.clientHeight) rows.scrollTop = top + ROW - rows.clientHeight;
	drawRows();
}

document.addEventListener('keydown', (event) => {
	if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
	const isTyping = event.target.closest('input, select, textarea');
	if (event.key === 'Escape' && isTyping) { event.target.blur(); $('rows')?.focus(); return; }
	if (isTyping) return;
	const { key, target } = event;
	if (key === '/') {
		event.preventDefault();
		($('f-q') ?? $('s-q'))?.focus();
	}
	if (at.view !== 'requests' || !my.contract) return;
	const isInList = target.id === 'rows';
	const by = { j: 1, k: -1, ...(isInList ? { ArrowDown: 1, ArrowUp: -1 } : {}) }[key];
	if (by) {
		event.preventDefault();
		$('rows').focus();
		move(by);
	} else if (key === 'Enter' && isInList) {
		if (!selected()) move(1);
		$('detail').focus();
	} else if (key === 'Escape') {
		if ($('detail').contains(document.activeElement)) $('rows').focus(); else go({ id: '' });
	}
});

// --- A tab that nobody sees does not listen

document.addEventListener('visibilitychange', () => {
	if (document.hidden) {
		listening?.abort();
		listening = null;
		say('not live: this tab is hidden', '');
	} else if (!listening && my.contract) listen();
});
addEventListener('hashchange', route);
addEventListener('resize', draw);

readHash();
listen();
