// Sends hosted forms more than once by browsers, as people do, and prints TAP; test/e2e/clicks starts what it needs.
'use strict';

const { execFile } = require('node:child_process');
const http = require('node:http');
const net = require('node:net');
const { promisify } = require('node:util');
const puppeteer = require('puppeteer-core');

const { APP_URL, BASE_URL, BROWSERS, CELLS, CHROMIUM, DELAYS, FIREFOX, GAPS, PASSWORD, RUNS, WORKERS } = process.env;
const PATIENCE = 60000;
let people = 0;
let clicksLost = 0;

// ---- what stands between browser and nginx, and behind ----

// Pass on what comes by a connection, and its end, after so many milliseconds.
function pass(from, to, delay) {
	const later = (work) => setTimeout(work, delay);
	from.on('data', (bytes) => later(() => to.write(bytes)));
	from.on('end', () => later(() => to.end()));
	from.on('error', () => {});
	from.on('close', () => later(() => to.destroy()));
}

// Listen as a slow network in front of nginx: so many milliseconds to it and back. Return its address.
async function network(delay) {
	const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
		const far = net.connect({ port: new URL(BASE_URL).port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
		pass(near, far, delay / 2);
		pass(far, near, delay / 2);
	});
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	return `http://127.0.0.1:${server.address().port}`;
}

// Be the application: its handlers show that somebody has come.
function serveApplication() {
	const server = http.createServer((request, response) => {
		response.setHeader('Content-Type', 'text/html; charset=utf-8');
		response.end(`<!DOCTYPE html><title>Application</title><h1>${new URL(request.url, APP_URL).pathname}</h1>`);
	});
	return new Promise((resolve) => server.listen(new URL(APP_URL).port, '127.0.0.1', resolve));
}

// ---- the database ----

// Return what a query gives.
async function value(query) {
	const options = ['--no-psqlrc', '--no-align', '--tuples-only', '--command', `SELECT ${query}`];
	const { stdout } = await promisify(execFile)('psql', options);
	return stdout.trim();
}

// Return what there is of people, by email.
async function thereIs(emails) {
	const rows = await value(`json_object_agg(email, made) FROM there_is('{${emails}}')`);
	return JSON.parse(rows);
}

// Wait until nobody works for a browser any more.
async function quiet() {
	const busy = "count(*) FROM pg_stat_activity WHERE usename = 'authenticator' AND state <> 'idle'";
	while ((await value(busy)) !== '0');
}

// ---- the forms ----

const credentials = (email) => ({ login: email, password: PASSWORD });
const newcomer = (email) => ({ email, password: PASSWORD });
const USER = '1 users, 0 signup tokens';
const SIGNED_UP = `${USER}, 1 of 1 sessions, 1 user.created, 1 user.login.succeeded`;

// Of each form: where it is, what is asked of the database before, what is typed, the button, the heading that one comes
// to, what there is then, and whether the browser is to have a session.
const FORMS = {
	'signup': {
		page: 'users/signup', fields: newcomer, button: 'Sign up', shown: '/login', made: SIGNED_UP, whose: (email) => email,
		session: true,
	},
	'signup with an org': {
		page: 'orgs/signup', fields: (email) => ({ ...newcomer(email), org_name: 'Engines' }), button: 'Sign up', shown: '/login',
		made: `${USER}, 1 of 1 sessions, 1 membership.created, 1 user.created, 1 user.login.succeeded`, whose: (email) => email, session: true,
	},
	'signup by a token': {
		page: 'tokens/signup', fields: newcomer, button: 'Sign up', shown: '/signup', made: '0 users, 1 signup tokens, 0 of 0 sessions',
		whose: (email) => `pending ${email}`,
	},
	'signup with a mail': {
		page: 'strict/signup', fields: newcomer, button: 'Sign up', shown: 'Look into your mail',
		made: `${USER}, 0 of 0 sessions, 1 user.created, 1 user.email.verification_requested`,
	},
	'login': {
		page: 'users/login', before: 'somebody', fields: credentials, button: 'Log in', shown: '/login', made: SIGNED_UP,
		whose: (email) => email, session: true,
	},
	'mail again': {
		page: 'strict/login', before: 'somebody', fields: credentials, first: 'Log in', button: 'Send the email again', shown: 'Look into your mail',
		made: `${USER}, 0 of 0 sessions, 1 user.created, 2 user.email.verification_requested`, // one is of the login
	},
	'forgot': {
		page: 'users/forgot', before: 'somebody', fields: (email) => ({ login: email }), button: 'Send the email', shown: 'Look into your mail',
		made: `${USER}, 0 of 0 sessions, 1 user.created, 1 user.password_token.created`,
	},
	'reset': {
		page: 'users/reset', before: 'reset_mail', fields: () => ({ password: `${PASSWORD}, new` }), button: 'Set password', shown: 'Your password is set',
		made: `${USER}, 0 of 0 sessions, 1 user.created, 1 user.email.verified, 1 user.password_token.consumed, 1 user.password_token.created, 1 user.updated`,
	},
	'verify': {
		page: 'users/verify', before: 'verification_mail', fields: () => ({}), button: 'Confirm', shown: 'Your email is confirmed',
		made: `${USER}, 0 of 0 sessions, 1 user.created, 1 user.email.verification_requested, 1 user.email.verified`,
	},
	'logout': {
		page: 'users/logout', before: 'somebody', loggedIn: true, fields: () => ({}), button: 'Log out', shown: 'Log in',
		made: `${USER}, 0 of 1 sessions, 1 user.created, 1 user.login.succeeded`,
	},
};

// ---- what people do ----

// Return the middle of the button with a text, once one can see it: before, browsers take no clicks.
async function pointAt(tab, text) {
	const button = await tab.waitForSelector(`::-p-xpath(//button[normalize-space() = '${text}'])`, { timeout: PATIENCE });
	await tab.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); }));
	const { x, y } = await button.clickablePoint();
	return [x, y];
}

// Fill the fields of a form.
async function fill(tab, fields) {
	for (const [name, text] of Object.entries(fields)) {
		await tab.waitForSelector(`input[name=${name}]`, { timeout: PATIENCE });
		await tab.$eval(`input[name=${name}]`, (input, typed) => { input.value = typed; }, text);
	}
}

// Click once, wherever that leads.
async function click(tab, text) {
	await tab.mouse.click(...(await pointAt(tab, text)));
}

// Return what a tab shows: its heading, and what it complains of; nothing while it goes from page to page.
async function seen(tab) {
	try {
		return await tab.evaluate(() => {
			const text = (selector) => document.querySelector(selector)?.textContent.trim().replace(/\s+/g, ' ');
			return document.readyState === 'complete' ? [text('h1'), text('[role=alert]')].filter(Boolean).join(': ') : '';
		});
	} catch {
		return '';
	}
}

// Wait until a tab shows something else than the form that was sent from it, and return that.
async function arrive(tab, before, patience = PATIENCE) {
	const end = Date.now() + patience;
	for (;;) {
		const now = await seen(tab);
		if ((now && now !== before) || Date.now() > end) return now;
	}
}

// Open a form and fill it.
async function enter(tab, form, person) {
	await tab.goto(tab.site + person.path, { waitUntil: 'domcontentloaded', timeout: PATIENCE });
	await ready(tab, form, person);
}

// Fill the form that a tab shows; the mail is sent again to who has just given the password only.
async function ready(tab, form, person) {
	const fields = form.fields(person.email);
	if (form.first && !/Confirm your email first/.test(await seen(tab))) {
		await fill(tab, fields);
		await click(tab, form.first);
		await pointAt(tab, form.button);
	}
	await fill(tab, fields);
	tab.before = await arrive(tab, '');
}

// Send the form, and wait for what comes.
async function send(tab, form) {
	await click(tab, form.button);
	return arrive(tab, tab.before);
}

// Click twice, so many milliseconds apart.
async function clickTwice(tab, form, gap) {
	const point = await pointAt(tab, form.button);
	const began = performance.now();
	await tab.mouse.click(...point);
	await new Promise((resolve) => setTimeout(resolve, gap - (performance.now() - began)));
	await tab.mouse.click(...point).catch(() => { clicksLost += 1; }); // there may be no page just then
	return [await arrive(tab, tab.before)];
}

// Send, go back, and send again.
async function goBack(tab, form, person) {
	const first = await send(tab, form);
	tab.goBack({ timeout: PATIENCE }).catch(() => {}); // some drivers wait for a page that has come already
	// a browser that keeps no answer to a POST says so on a page of its own, which may be none to read, and asks to load it again
	if ((await arrive(tab, first, 5000)) !== tab.before) await tab.reload({ timeout: PATIENCE });
	await ready(tab, form, person);
	return [first, await send(tab, form)];
}

// Send, and load the page again that comes.
async function reload(tab, form) {
	const first = await send(tab, form);
	await tab.reload({ timeout: PATIENCE });
	return [first, await arrive(tab, '')];
}

// Send the form from two tabs, right after each other.
async function sendBoth(tab, other, form, person) {
	for (const each of [tab, other]) {
		await each.bringToFront();
		await ready(each, form, person);
	}
	await click(other, form.button);
	await tab.bringToFront();
	return [await send(tab, form), await arrive(other, other.before)];
}

// Send the form from two tabs that were opened one after the other.
async function twoTabs(tab, form, person) {
	const other = await newTab(tab.browserContext(), tab.site);
	await other.goto(other.site + person.path, { waitUntil: 'domcontentloaded' });
	return sendBoth(tab, other, form, person);
}

// The same, but both tabs are opened at once, as by a browser that opens what was open when it was closed.
async function twoTabsAtOnce(tab, form, person) {
	const context = tab.browserContext();
	const other = await newTab(context, tab.site);
	await context.deleteCookie(...(await context.cookies()).filter((cookie) => /-form$/.test(cookie.name)));
	await Promise.all([tab, other].map((each) => each.goto(each.site + person.path, { waitUntil: 'domcontentloaded' })));
	return sendBoth(tab, other, form, person);
}

const DEEDS = {
	...Object.fromEntries(GAPS.split(' ').map((gap) => [`two clicks, ${gap} ms apart`, (tab, sent) => clickTwice(tab, sent, Number(gap))])),
	'back and again': goBack,
	'reload': reload,
	'two tabs': twoTabs,
	'two tabs opened at once': twoTabsAtOnce,
};

// ---- one run ----

// Open a tab.
async function newTab(context, site) {
	const tab = await context.newPage();
	tab.site = site;
	tab.on('dialog', (dialog) => dialog.accept());
	tab.on('request', (request) => { if (request.method() === 'POST') context.posts += 1; });
	return tab;
}

// Make ready what a form takes: somebody, who may be logged in.
async function prepare(tab, form) {
	people += 1;
	const email = `person${people}@example.com`;
	const token = form.before ? await value(`${form.before}('${form.page.split('/')[0]}', '${email}')`) : '';
	const path = `/${form.page}${form.before?.endsWith('_mail') ? `?token=${token}` : ''}`;
	if (form.loggedIn) {
		await enter(tab, FORMS.login, { path: '/users/login', email });
		await send(tab, FORMS.login);
	}
	return { email, path };
}

// Return what is wrong after a form was sent.
async function faults(tab, form, person, shown) {
	const token = new URL(tab.url()).searchParams.get('token');
	const cookies = (await tab.browserContext().cookies()).filter((cookie) => /^__Host-arsignup-\w{22}$/.test(cookie.name));
	const { [person.email]: made } = await thereIs([person.email]);
	const found = shown.filter((page) => page !== form.shown).map((page) => `shows ${page || 'nothing'}`);
	if (form.whose && (await value(`whose('${token}')`)) !== form.whose(person.email)) found.push('the token is not good');
	if (cookies.length !== (form.session ? 1 : 0)) found.push(`${cookies.length} cookies of a session`);
	if (made !== form.made) found.push(made);
	return found;
}

// Do something with a form as somebody new, in a browser that knows nobody; return who that was and what was wrong.
async function run(browser, site, form, deed) {
	const context = await browser.createBrowserContext();
	let person;
	try {
		const tab = await newTab(context, site);
		person = await prepare(tab, form);
		await enter(tab, form, person);
		context.posts = 0;
		const shown = await deed(tab, form, person);
		return { ...person, posts: context.posts, found: await faults(tab, form, person, shown) };
	} catch (error) {
		return { ...person, found: [error.stack] };
	} finally {
		await context.close();
	}
}

// ---- all of them ----

// Start a browser.
function launch(name) {
	return puppeteer.launch(
		name === 'firefox'
			? { browser: 'firefox', executablePath: FIREFOX, extraPrefsFirefox: { 'dom.confirm_repost.testing.always_accept': true } }
			: { browser: 'chrome', executablePath: CHROMIUM, args: ['--no-sandbox'] },
	);
}

// List the cells: what is done with which form over which network.
async function cells() {
	const list = [];
	const wanted = new RegExp(CELLS);
	for (const delay of DELAYS.split(' ')) {
		const site = await network(Number(delay));
		for (const [what, form] of Object.entries(FORMS)) {
			for (const [how, deed] of Object.entries(DEEDS)) list.push({ what: `${what}: ${how}, a network of ${delay} ms`, site, form, deed, runs: [] });
		}
	}
	return list.filter((cell) => wanted.test(cell.what));
}

// Run what is left to run, in a browser of its own.
async function work(name, left) {
	const browser = await launch(name);
	for (let cell = left.pop(); cell; cell = left.pop()) cell.runs.push(await run(browser, cell.site, cell.form, cell.deed));
	await browser.close();
}

// Run each cell in a browser so many times, and look once more when nobody works any more.
async function testBrowser(name) {
	const list = await cells();
	const left = Array.from({ length: Number(RUNS) }, () => list).flat().reverse();
	await Promise.all(Array.from({ length: Number(WORKERS) }, () => work(name, left)));
	await quiet();
	for (const cell of list) {
		const made = await thereIs(cell.runs.map((each) => each.email));
		for (const each of cell.runs) if (made[each.email] !== cell.form.made) each.found.push(`in the end ${made[each.email]}`);
		report(`${name}, ${cell.what}`, cell.runs);
	}
	console.log(`# ${name}: ${clicksLost} of the second clicks came when there was no page`);
	clicksLost = 0;
}

let tests = 0;

// Report a cell: passed if nothing was wrong in any run.
function report(what, runs) {
	const wrong = runs.filter((each) => each.found.length);
	tests += 1;
	console.log(`${wrong.length ? 'not ok' : 'ok'} ${tests} - ${what}: ${wrong.length} of ${runs.length} wrong, ${runs.filter((each) => each.posts > 1).length} sent twice`);
	for (const each of wrong) console.log(`${each.email}: ${each.found.join('; ')}`.replace(/^/gm, '# '));
}

(async () => {
	await serveApplication();
	for (const name of BROWSERS.split(' ')) await testBrowser(name);
	console.log(`1..${tests}`);
	process.exit(0);
})().catch((error) => {
	console.log(`not ok - ${error.stack.replace(/\n/g, '\n# ')}`);
	process.exit(1);
});
