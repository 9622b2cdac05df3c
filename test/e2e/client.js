// arsignup.js in a real browser, on pages of another origin. To be run by client, which says where everything is.
'use strict';

const fs = require('fs');
const http = require('http');
const path = require('path');
const { chromium } = require('playwright-core');

const { APP_URL, BASE_URL, CHROMIUM, PASSWORD } = process.env;
const SCRIPT = `${BASE_URL}/static/arsignup.js`;
const AXE = require.resolve('axe-core/axe.min.js');
const JQUERY = fs.readFileSync(require.resolve('jquery/dist/jquery.min.js'));
const HOSTILE = '<img src=x onerror=document.title="hit">"\'&';

// ---- TAP ----

let tests = 0;

// Report a test.
function ok(what, passed, ...more) {
	console.log(`${passed ? 'ok' : 'not ok'} ${++tests} - ${what}`);
	if (!passed) {
		more.forEach((line) => console.log(`# ${typeof line === 'string' ? line : JSON.stringify(line)}`));
		process.exitCode = 1;
	}
}

// Report a test, passed if what was got is what was expected.
function is(what, got, expected) {
	ok(what, JSON.stringify(got) === JSON.stringify(expected), `got: ${JSON.stringify(got)}`, `expected: ${JSON.stringify(expected)}`);
}

// ---- pages of another origin ----

const EXAMPLE = path.join(__dirname, '../../web/example');
const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css' };

// What somebody wrote for AuthRocket 1, with its ids; the address and what is done with an answer vary.
const legacy = (script) => ({
	'': `<!DOCTYPE html><html lang="en"><title>Legacy</title>
		<script src="jquery.js"></script><script src="${SCRIPT}"></script><script src="page.js"></script>
		<form id="signup-form"><div id="signup-errors"></div>
			<input id="signup_email"><input id="signup_password" type="password">
			<input id="signup_password_confirmation" type="password"><button>Sign up</button></form>
		<form id="login-form"><div id="login-errors"></div>
			<input id="login_username"><input id="login_password" type="password"><button>Log in</button></form>`,
	'jquery.js': JQUERY,
	'page.js': script
});

const LEGACY_HANDLED = (url) => `
	AuthRocket.setInstanceUrl('${url}');
	$(function () {
		$('#signup-form').submit(function () {
			AuthRocket.signup({ email: $('#signup_email').val(), password: $('#signup_password').val(),
				password_confirmation: $('#signup_password_confirmation').val() }, handled('#signup-errors'));
			return false;
		});
		$('#login-form').submit(function () {
			AuthRocket.authenticate({ username: $('#login_username').val(), password: $('#login_password').val() }, handled('#login-errors'));
			return false;
		});
		function handled(errors) {
			return function (response) {
				if (response.error)
					$(errors).text(response.error);
				else
					window.location = response.url;
			};
		}
	});`;

const LEGACY_DEFAULT = (url) => `
	AuthRocket.setInstanceUrl('${url}');
	$(function () {
		$('#signup-form').submit(function () {
			AuthRocket.signup({ email: $('#signup_email').val(), password: $('#signup_password').val(),
				password_confirmation: $('#signup_password_confirmation').val() });
			return false;
		});
		$('#login-form').submit(function () {
			AuthRocket.authenticate({ email: $('#login_username').val(), password: $('#login_password').val() });
			return false;
		});
	});`;

const MODULE = {
	'': `<!DOCTYPE html><html lang="en"><title>Module</title>
		<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self' ${BASE_URL}; connect-src 'self' ${BASE_URL}">
		<script type="module" src="page.js"></script>`,
	'page.js': `import AuthRocket, { setInstanceUrl, signup, authenticate, logout, enhance } from '${BASE_URL}/static/arsignup.mjs';
		Object.assign(window, { setInstanceUrl, signup, authenticate, logout, enhance });
		window.isOne = AuthRocket === window.AuthRocket && AuthRocket.signup === signup;`
};

const pages = { module: MODULE };
for (const [form, url] of Object.entries({ bare: '/', v1: '/v1', 'v1-slash': '/v1/' })) {
	pages[`handled-${form}`] = legacy(LEGACY_HANDLED(`${BASE_URL}/users${url}`));
	pages[`default-${form}`] = legacy(LEGACY_DEFAULT(`${BASE_URL}/users${url}`));
}

// Return a file of the example as an operator would have edited it: for this server and one of the apps.
const example = (app, name) => fs.readFileSync(path.join(EXAMPLE, name), 'utf8')
	.replaceAll('http://127.0.0.1:8080', BASE_URL).replaceAll('/shop/', `/${app}/`);

const received = [];

// What passes for an answer of the API's only for who looks at nothing but the status.
const ODD = {
	empty: '', cut: '{"token": "utk_', portal: '<!DOCTYPE html><title>Welcome</title>', null: 'null', number: '1', array: '[]',
	text: '"https://evil.example/"', nothing: '{}', token: '{"token": "x"}', script: '{"token": "x", "url": "javascript:document.title=\'hit\'"}',
	data: '{"token": "x", "url": "data:text/html,x"}', blank: '{"token": "x", "url": ""}', relative: '{"token": "x", "url": "/x"}', failed: '{"token": "x", "url": "https://app.example/"}'
};

// Answer with one of these, or with a beginning that nothing follows: the address says which.
function answerOddly(url, response) {
	const name = url.split('/')[2];
	response.writeHead({ busy: 503, failed: 500 }[name] || 200, name === 'busy' ? { 'Retry-After': 7 } : {});
	if (name === 'slow')
		response.write('{"token": "x", ');
	else if (name === 'broken')
		response.write('{"token": "x", ', () => response.destroy());
	else
		response.end(ODD[name] || '');
}

// Answer a call that has come to the page's own server: note it, and lead it on.
function receive(request, response) {
	received.push({ url: request.url, ...request.headers });
	if (request.url.startsWith('/hostile/'))
		return response.end(JSON.stringify({ error: HOSTILE, errors: { email: [HOSTILE] } }));
	if (request.url.startsWith('/odd/'))
		return answerOddly(request.url, response);
	response.writeHead(request.url.startsWith('/moved/') ? 307 : 404, { Location: '/elsewhere' });
	return response.end();
}

// Answer a request: /example/<app>/… or /<page>/….
function serve(request, response) {
	if (request.method === 'POST')
		return receive(request, response);
	const [, first, second, third] = request.url.split(/[/?]/);
	const isExample = first === 'example';
	const name = isExample ? third || 'index.html' : second || '';
	const type = TYPES[path.extname(name).slice(1)] || 'text/html';
	const body = isExample ? example(second, name) : (pages[first] || {})[name];
	response.writeHead(body === undefined ? 404 : 200, { 'Content-Type': `${type}; charset=utf-8` });
	return response.end(body);
}

// ---- the browser ----

let browser;
let home;

// Open a page, run a test on it, and see that it has caused no error of a script nor of its security policy.
async function visit(what, address, test, options = {}) {
	const context = await browser.newContext(options);
	const page = await context.newPage();
	const trouble = [];
	const calls = [];
	page.setDefaultTimeout(30000);
	page.on('pageerror', (error) => trouble.push(error.message));
	page.on('console', (message) => /Content.Security.Policy|Refused to/.test(message.text()) && trouble.push(message.text()));
	page.on('request', (request) => request.url().includes('/v1/') && request.method() === 'POST' && calls.push(request));
	try {
		await page.goto(home + address);
		await test(page, calls, context);
	} catch (error) {
		trouble.push(error.message);
	}
	is(`${what}: no error`, trouble, []);
	await context.close();
}

let people = 0;

// Return an email that nobody has.
const somebody = () => `person${++people}@client.example`;

// Fill a form of the example in.
async function fill(page, kind, email, password) {
	await page.fill(`#${kind}-email`, email);
	await page.fill(`#${kind}-password`, password);
}

// Send it, and wait for the answer to have been shown.
async function send(page, kind) {
	const answered = page.waitForResponse((response) => response.url().includes('/v1/') && response.request().method() === 'POST');
	await page.click(`#${kind}-form button`);
	await answered;
	await page.waitForSelector(`#${kind}-form[aria-busy=false]`);
}

// Return where the browser has been sent, without the token itself.
async function destination(page) {
	await page.waitForURL((url) => url.href.startsWith(APP_URL));
	return page.url().replace(APP_URL, '').replace(/token=(utk_)?[^&]*/, 'token=$1…');
}

// Return what axe-core finds.
async function violations(page) {
	await page.evaluate(fs.readFileSync(AXE, 'utf8')).catch(() => page.addScriptTag({ path: AXE }));
	const { violations: found } = await page.evaluate(() => globalThis.axe.run());
	return found.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(' ')}`);
}

// ---- the example ----

// People sign up for each thing that a signup makes, and log in.
async function testExample() {
	const kinds = { users: '/login?token=…&signup=true', orgs: '/login?token=…&signup=true', tokens: '/signup?token=utk_…' };
	for (const [app, expected] of Object.entries(kinds)) {
		const email = somebody();
		await visit(`signing up for ${app}`, `/example/${app}/`, async (page, calls) => {
			await fill(page, 'signup', email, PASSWORD);
			await page.click('#signup-form button');
			is(`${app}: where a signup leads`, await destination(page), expected);
			is(`${app}: one call`, calls.map((call) => new URL(call.url()).pathname), [`/${app}/v1/signup`]);
			const headers = await calls[0].allHeaders();
			is(`${app}: what the call tells of the page`, [headers.referer, headers.cookie, headers.origin], [undefined, undefined, home]);
		});
		if (app !== 'tokens') {
			await visit(`logging in to ${app}`, `/example/${app}/`, async (page) => {
				await fill(page, 'login', email, PASSWORD);
				await page.keyboard.press('Enter');
				is(`${app}: where a login leads`, await destination(page), '/login?token=…');
			});
		}
	}
}

// What is wrong stands beside the field, is described, and goes away again; nothing of it is taken for HTML.
async function testFaults() {
	await visit('faults', '/example/users/', async (page) => {
		await page.evaluate(() => document.forms[0].noValidate = true);
		await fill(page, 'signup', 'nobody', 'short');
		await send(page, 'signup');
		is('faults: the focus is on the first', await page.evaluate(() => document.activeElement.name),
			await page.evaluate(() => document.querySelector('[aria-invalid=true]').name));
		const described = await page.evaluate(() => document.getElementById('signup-password').getAttribute('aria-describedby')
			.split(' ').map((id) => document.getElementById(id).textContent));
		is('faults: the hint is still there', described[0], 'At least 8 characters, and hard to guess.');
		ok('faults: and then what is wrong', described.length === 2 && described[1] !== '', described);
		ok('faults: all of them are read out', (await page.textContent('#signup-errors[role=alert]')).includes(described[1]));
		is('faults: axe-core', await violations(page), []);
		await fill(page, 'signup', somebody(), 'short');
		await send(page, 'signup');
		is('faults: only those there are', await page.evaluate(() => [...document.querySelectorAll('[aria-invalid]')].map((field) => field.name)), ['password']);
		is('faults: one note', await page.locator('.arsignup-error').count(), 1);
		is('faults: hint and note', await page.evaluate(() => document.getElementById('signup-password').getAttribute('aria-describedby').split(' ').length), 2);
		await page.fill('#signup-password', PASSWORD);
		await page.click('#signup-form button');
		is('faults: mended, it is a signup', await destination(page), '/login?token=…&signup=true');
	});
	await visit('a wrong login', '/example/users/', async (page) => {
		await fill(page, 'login', 'nobody@client.example', PASSWORD);
		await page.focus('#login-form button');
		await send(page, 'login');
		ok('a wrong login: it is said', (await page.textContent('#login-errors')) !== '');
		is('a wrong login: of no field', await page.locator('[aria-invalid]').count(), 0);
		is('a wrong login: the focus is where it was', await page.evaluate(() => document.activeElement.textContent), 'Log in');
		is('a wrong login: axe-core', await violations(page), []);
	});
}

// Impatience makes no second signup, and a failed network none that can't be repeated.
async function testTrouble() {
	await visit('a double click', '/example/users/', async (page, calls) => {
		await fill(page, 'signup', somebody(), PASSWORD);
		const busy = await page.evaluate(() => {
			const form = document.getElementById('signup-form');
			AuthRocket.enhance(form);
			for (let i = 0; i < 3; i++)
				form.requestSubmit();
			return [form.getAttribute('aria-busy'), form.querySelector('button').disabled];
		});
		is('a double click: the form is busy', busy, ['true', true]);
		is('a double click: one signup', await destination(page), '/login?token=…&signup=true');
		is('a double click: one call', calls.length, 1);
	});
	await visit('coming back', '/example/users/', async (page) => {
		const state = () => page.evaluate(() => [document.forms[0].getAttribute('aria-busy'), document.querySelector('button').disabled]);
		await page.route(`${APP_URL}/**`, (route) => route.fulfill({ status: 204 }));
		await fill(page, 'signup', somebody(), PASSWORD);
		const gone = page.waitForRequest(`${APP_URL}/**`);
		await page.click('#signup-form button');
		await gone;
		is('coming back: who was sent on left a busy form', await state(), ['true', true]);
		await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
		is('coming back: and finds it open', await state(), ['false', false]);
	});
	await visit('a page with doubts', '/example/users/', async (page, calls) => {
		await page.evaluate(() => document.addEventListener('submit', (event) => event.preventDefault(), true));
		await fill(page, 'signup', somebody(), PASSWORD);
		await page.click('#signup-form button');
		is('a page with doubts: nothing is sent', [calls.length, await page.getAttribute('#signup-form', 'aria-busy')], [0, null]);
	});
	await visit('a failed network', '/example/users/', async (page, calls, context) => {
		await fill(page, 'signup', somebody(), PASSWORD);
		await context.setOffline(true);
		await page.click('#signup-form button');
		await page.waitForSelector('#signup-form[aria-busy=false]');
		ok('a failed network: it is said', (await page.textContent('#signup-errors')).includes('try again'));
		await context.setOffline(false);
		await page.click('#signup-form button');
		is('a failed network: the next try is a signup', await destination(page), '/login?token=…&signup=true');
	});
}

// Without JavaScript the forms are forms, which put nothing into an address.
async function testPlain() {
	await visit('without JavaScript', '/example/users/', async (page) => {
		const email = somebody();
		await fill(page, 'signup', email, PASSWORD);
		await page.click('#signup-form button');
		await page.waitForURL(`${BASE_URL}/**`);
		is('without JavaScript: a page of arsignup', page.url(), `${BASE_URL}/users/signup`);
		is('without JavaScript: with all but the password', [await page.inputValue('[name=email]'), await page.inputValue('[name=password]')], [email, '']);
		await page.fill('[name=password]', PASSWORD);
		await page.click('button');
		is('without JavaScript: sent from there, it is a signup', await destination(page), '/login?token=…&signup=true');
	}, { javaScriptEnabled: false });
}

// The page looks right in each size and both colours.
async function testLooks() {
	for (const colorScheme of ['light', 'dark']) {
		for (const width of [320, 1280]) {
			const what = `${colorScheme}, ${width} pixels`;
			await visit(what, '/example/users/', async (page) => {
				is(`${what}: axe-core`, await violations(page), []);
				ok(`${what}: as wide as the window`, await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
			}, { colorScheme, viewport: { width, height: 800 } });
		}
	}
}

// ---- pages of others ----

// Pages written for AuthRocket 1 work as they are.
async function testLegacy() {
	for (const name of Object.keys(pages).filter((page) => pages[page]['jquery.js'])) {
		const email = somebody();
		await visit(name, `/${name}/`, async (page) => {
			await page.fill('#signup_email', email);
			await page.fill('#signup_password', PASSWORD);
			await page.fill('#signup_password_confirmation', PASSWORD);
			await page.click('#signup-form button');
			is(`${name}: a signup`, await destination(page), '/login?token=…&signup=true');
			await page.goto(`${home}/${name}/`);
			await page.fill('#login_username', email);
			await page.fill('#login_password', 'wrong');
			await page.click('#login-form button');
			await page.waitForFunction(() => document.getElementById('login-errors').textContent);
			is(`${name}: still here`, page.url(), `${home}/${name}/`);
			await page.fill('#login_password', PASSWORD);
			await page.click('#login-form button');
			is(`${name}: a login`, await destination(page), '/login?token=…');
		});
	}
}

// As a module it is the same thing, and takes fields from whatever has them.
async function testModule() {
	await visit('a module', '/module/', async (page) => {
		is('a module: is the global', await page.evaluate(() => window.isOne), true);
		const email = somebody();
		const answers = await page.evaluate(async ([url, given, password]) => {
			const form = document.createElement('form');
			form.innerHTML = '<input name="email"><input name="password">';
			form.elements.email.value = given;
			form.elements.password.value = password;
			const early = await window.signup({}, null).catch((error) => error.message);
			window.setInstanceUrl(url);
			const signedUp = await window.signup(form, null);
			const loggedIn = await window.authenticate(new FormData(form), null);
			const again = await window.authenticate(new URLSearchParams(new FormData(form)), null);
			const quit = await window.logout(again.token);
			return [early, Object.keys(signedUp), Object.keys(loggedIn), Object.keys(again), quit.error === undefined];
		}, [`${BASE_URL}/users`, email, PASSWORD]);
		is('a module: forms, FormData, URLSearchParams', answers,
			['AuthRocket.setInstanceUrl has not been called', ['token', 'url'], ['token', 'url'], ['token', 'url'], true]);
		is('a module: null leaves all to the promise', page.url(), `${home}/module/`);
	});
}

// A call tells no more of a person and a page than it must, even the page's own server, and is not led astray.
async function testManners() {
	await visit('manners', '/module/', async (page, calls, context) => {
		await context.addCookies([{ name: 'session', value: 'secret', url: home }]);
		const errors = await page.evaluate(async ([base]) => {
			window.setInstanceUrl(`${base}/gone`);
			const gone = await window.signup({ email: 'a' }, null);
			window.setInstanceUrl(`${base}/moved`);
			const moved = await window.signup({ email: 'a' }, null);
			return [Boolean(gone.error), Boolean(moved.error)];
		}, [home]);
		is('manners: both have failed', errors, [true, true]);
		is('manners: no redirect is followed', received.map((call) => call.url), ['/gone/v1/signup', '/moved/v1/signup']);
		is('manners: no cookie, no referrer', received.map((call) => [call.cookie, call.referer]), [[undefined, undefined], [undefined, undefined]]);
	});
}

// What is shown is text, whatever a server sends, and is read out also on a page that has no place for it.
async function testText() {
	await visit('text', '/module/', async (page) => {
		const shown = await page.evaluate(async (base) => {
			const form = document.createElement('form');
			form.innerHTML = '<label>Email <input name="email"></label><button>Sign up</button>';
			document.body.append(form);
			window.setInstanceUrl(`${base}/hostile`);
			window.enhance(form, { kind: 'signup' });
			form.requestSubmit();
			while (form.getAttribute('aria-busy') !== 'false')
				await new Promise((later) => setTimeout(later, 20));
			const element = form.querySelector('[role=alert]');
			return [element && element.textContent, form.querySelector('label + .arsignup-error').textContent, form.querySelectorAll('img').length];
		}, home);
		is('text: all of it, and nothing else', shown, [HOSTILE, HOSTILE, 0]);
	});
}

// What comes with a status of success need not be a success.
async function testOdd() {
	await visit('odd answers', '/module/', async (page) => {
		const got = await page.evaluate(async ([base, names]) => {
			const timeout = AbortSignal.timeout.bind(AbortSignal);
			AbortSignal.timeout = () => timeout(1000);
			const answers = {};
			for (const name of names) {
				window.setInstanceUrl(`${base}/odd/${name}`);
				const [signedUp, loggedIn, quit] = await Promise.all([window.signup({}), window.authenticate({}), window.logout('x')]);
				answers[name] = [signedUp.error, loggedIn.error, quit.error, signedUp.retry_after].map((part) => part ?? null);
			}
			return answers;
		}, [home, [...Object.keys(ODD), 'broken', 'slow', 'busy']]);
		const out = 'The server cannot be reached. Please check your connection and try again.';
		for (const name of ['empty', 'cut', 'portal', 'null', 'number', 'array', 'text', 'broken', 'slow', 'failed'])
			is(`odd answers: ${name}`, got[name], [out, out, out, null]);
		for (const name of ['nothing', 'token', 'script', 'data', 'blank', 'relative'])
			is(`odd answers: ${name}, which says enough only of a logout`, got[name], [out, out, null, null]);
		const busy = 'The server is busy. Please try again in 7 seconds.';
		is('odd answers: busy', got.busy, [busy, busy, busy, 7]);
		is('odd answers: nobody is led anywhere', [page.url(), await page.title()], [`${home}/module/`, 'Module']);
	});
}

// A form that nobody has said where to send is not sent, nor left busy; it is once somebody says so.
async function testUnknown() {
	await visit('no address', '/module/', async (page, calls) => {
		const shown = await page.evaluate(async () => {
			const form = document.createElement('form');
			form.innerHTML = '<label>Password <input name="password" value="canary"></label><button>Sign up</button>';
			document.body.append(form);
			window.enhance(form, { kind: 'signup' });
			const refused = new Promise((tell) => addEventListener('unhandledrejection', (event) => {
				event.preventDefault();
				tell(event.reason.message);
			}));
			form.requestSubmit();
			return [await refused, form.getAttribute('aria-busy'), form.querySelector('button').disabled, location.search];
		});
		is('no address: it is said, and the form is open', shown, ['AuthRocket.setInstanceUrl has not been called', null, false, '']);
		is('no address: nothing is sent', calls.length, 0);
		await page.evaluate((base) => window.setInstanceUrl(`${base}/odd/busy`), home);
		await page.click('button');
		await page.waitForSelector('form[aria-busy=false]');
		ok('no address: once there is one, it is called', (await page.textContent('[role=alert]')).includes('7 seconds'));
	});
}

async function main() {
	const server = http.createServer(serve).listen(0, '127.0.0.1');
	await new Promise((listening) => server.once('listening', listening));
	home = `http://127.0.0.1:${server.address().port}`;
	browser = await chromium.launch({ executablePath: CHROMIUM, args: process.getuid() === 0 ? ['--no-sandbox'] : [] });
	await testExample();
	await testFaults();
	await testTrouble();
	await testPlain();
	await testLooks();
	await testLegacy();
	await testModule();
	await testManners();
	await testText();
	await testOdd();
	await testUnknown();
	await browser.close();
	server.close();
	console.log(`1..${tests}`);
}

main().catch((error) => {
	console.log(`Bail out! ${error.stack}`);
	process.exit(1);
});
