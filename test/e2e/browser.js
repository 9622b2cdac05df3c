// Drives Chromium over the hosted pages and prints TAP; test/e2e/browser starts what it needs and says where it is.
'use strict';

const { execFileSync } = require('node:child_process');
const http = require('node:http');
const axe = require('axe-core');
const { HtmlValidate } = require('html-validate');
const { chromium } = require('playwright-core');

const { APP_URL, BASE_URL, CHROMIUM, PASSWORD, POSTGREST_PID, REST_URL } = process.env;
const validator = new HtmlValidate({ extends: ['html-validate:standard', 'html-validate:a11y'] });
let browser;
let tests = 0;
let people = 0;

// ---- TAP ----

// Report a test; what is seen in its place is shown if it fails.
function ok(passed, what, seen = '') {
	tests += 1;
	console.log(`${passed ? 'ok' : 'not ok'} ${tests} - ${what}`);
	if (!passed) console.log(String(seen).replace(/^/gm, '# '));
}

// Report a test, passed if both are the same.
function is(got, expected, what) {
	ok(got === expected, what, `got:      ${got}\nexpected: ${expected}`);
}

// ---- people and pages ----

// Return an email that nobody has.
function newEmail() {
	people += 1;
	return `person${people}@example.com`;
}

// Return the address of an app's pages, by slug or by host.
function pagesOf(app, route) {
	if (route === 'slug') return `${BASE_URL}/${app}`;
	return `http://${app}.localhost:${new URL(BASE_URL).port}`;
}

// Run something in a browser of its own, and report what its console says against a page, unless that is to be expected.
async function inBrowser(options, work, expected = /^$/) {
	const context = await browser.newContext(options);
	const page = await context.newPage();
	const complaints = [];
	page.setDefaultTimeout(30000);
	page.on('console', (message) => {
		if (/Content Security Policy|Refused/.test(message.text())) complaints.push(message.text());
	});
	page.on('pageerror', (error) => complaints.push(error.message));
	page.on('dialog', (dialog) => {
		complaints.push(`dialog ${dialog.message()}`);
		dialog.dismiss();
	});
	try {
		await work(page, context);
	} catch (error) {
		ok(false, `goes through, at ${page.url()}`, error.stack);
	}
	ok(expected.test(complaints.join('\n')), `the browser's complaints: ${expected}`, complaints.join('\n'));
	await context.close();
}

// Fill a form by its labels and send it.
async function submit(page, button, fields) {
	for (const [label, text] of Object.entries(fields)) {
		await page.getByLabel(label).fill(text);
	}
	await page.getByRole('button', { name: button, exact: true }).click();
}

// Return the heading of the page.
function heading(page) {
	return page.locator('h1').innerText();
}

// Return what a query gives.
function value(query) {
	return execFileSync('psql', ['--no-psqlrc', '--no-align', '--tuples-only', '--command', `SELECT ${query}`]).toString().trim();
}

// Claim what is to be mailed to somebody, and return the token in it.
function mailed(type, email) {
	return value(`data ->> 'token' FROM arsignup.claim_events(ARRAY['${type}']) WHERE data ->> 'email' = '${email}'`);
}

// Fill fields by their names, and send the form.
async function send(page, button, fields) {
	for (const [name, text] of Object.entries(fields)) {
		await page.locator(`input[name=${name}]`).fill(text);
	}
	await page.getByRole('button', { name: button, exact: true }).click();
}

// Sign somebody up who must verify the email; return that.
async function signUpStrictly(page) {
	const email = newEmail();
	await page.goto(`${BASE_URL}/strict/signup`);
	await send(page, 'Sign up', { email, password: PASSWORD });
	return email;
}

// ---- what an app can ask for ----

// A user: signed up, known at once; known again after logging in.
async function userCell(page, pages) {
	const email = newEmail();
	await page.goto(`${pages}/signup?redir=/cart`);
	await submit(page, 'Sign up', { 'First name': 'Ada', Email: email, Password: PASSWORD });
	is(await heading(page), 'Welcome', 'the login handler knows that it is a signup');
	const url = new URL(page.url());
	is(`${url.origin}${url.pathname}`, `${APP_URL}/login`, 'it is the login handler');
	is(url.searchParams.get('redir'), '/cart', 'it gets redir');
	ok((await page.locator('main').innerText()).includes(email), 'it knows who has signed up');
	await page.goto(`${pages}/login`);
	await submit(page, 'Log in', { Email: email, Password: `${PASSWORD} no` });
	is(await heading(page), 'Log in', 'a wrong password does not log in');
	is(await page.getByLabel('Email').inputValue(), email, 'the email need not be typed again');
	is(await page.getByLabel('Password').inputValue(), '', 'the password must be');
	await submit(page, 'Log in', { Password: PASSWORD });
	is(await heading(page), 'Welcome back', 'the right one does, and is no signup');
}

// A user with an org of a name that was asked for.
async function orgCell(page, pages) {
	const email = newEmail();
	await page.goto(`${pages}/signup`);
	await submit(page, 'Sign up', { Email: email, Password: PASSWORD, Organisation: `Org of ${email}` });
	is(await heading(page), 'Welcome', 'the login handler knows that it is a signup');
	is(
		value(`o.name || ' ' || m.permissions::text FROM arsignup.users u JOIN arsignup.memberships m ON m.user_id = u.id
			JOIN arsignup.orgs o ON o.id = m.org_id WHERE u.email = '${email}'`),
		`Org of ${email} {reader}`,
		'there are user, org and membership',
	);
}

// A signup token: no user before the charge, nothing after a declined one, all of it after one that succeeds.
async function tokenCell(page, pages) {
	const email = newEmail();
	const users = `count(*) FROM arsignup.users WHERE email = '${email}' AND state <> 'held'`;
	await page.goto(`${pages}/signup`);
	await submit(page, 'Sign up', { Email: email, Password: PASSWORD });
	is(await heading(page), 'One more step: 49.00', 'the signup handler asks for a payment');
	ok(/^\?token=utk_[\w-]+$/.test(new URL(page.url()).search), 'it has a signup token', page.url());
	const token = new URL(page.url()).searchParams.get('token');
	is(value(users), '0', 'there is no user yet');
	await page.getByRole('button', { name: 'Charge is declined' }).click();
	is(await heading(page), 'The charge was declined', 'the charge is declined');
	is(value(users), '0', 'there is still no user');
	await page.getByRole('button', { name: 'Charge succeeds' }).click();
	is(await heading(page), 'Paid and signed up', 'another succeeds');
	is(value(users), '1', 'and now there is one');
	const again = await page.request.post(page.url(), { form: { token, charge: 'succeeds' } });
	ok((await again.text()).includes('Paid and signed up'), 'R3: who presses the button again reads the success that it was');
	is(value(`count(*) FROM demo_app.payments WHERE signup_email = '${email}'`), '1', 'R3: and has paid once');
	await page.goto(`${pages}/login`);
	await submit(page, 'Log in', { Email: email, Password: PASSWORD });
	is(await heading(page), 'Welcome back', 'who logs in');
}

const CELLS = { users: userCell, orgs: orgCell, tokens: tokenCell };

async function testCells() {
	for (const javaScriptEnabled of [false, true]) {
		for (const route of ['slug', 'host']) {
			for (const [app, cell] of Object.entries(CELLS)) {
				console.log(`# ${app}, by ${route}, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`);
				await inBrowser({ javaScriptEnabled }, (page) => cell(page, pagesOf(app, route)));
			}
		}
	}
}

// ---- by keyboard ----

// Tell whether one sees what has the focus.
function showsFocus(page) {
	return page.evaluate(() => {
		const style = getComputedStyle(document.activeElement);
		return style.outlineStyle !== 'none' || style.boxShadow !== 'none';
	});
}

// From the top of the page on, type into the fields as they come, and press the button behind them.
async function type(page, what, texts) {
	const seen = [];
	for (const text of Object.values(texts)) {
		await page.keyboard.press('Tab');
		seen.push(await page.evaluate(() => document.activeElement.name));
		ok(await showsFocus(page), `${what}: the focus is seen on ${seen.at(-1)}`);
		await page.keyboard.type(text);
	}
	is(seen.join(' '), Object.keys(texts).join(' '), `${what}: the fields come in their order`);
	await follow(page, what, 1);
}

// Go some steps on, to a button or link, and press it.
async function follow(page, what, steps) {
	for (let step = 0; step < steps; step += 1) await page.keyboard.press('Tab');
	ok(await showsFocus(page), `${what}: the focus is seen on what is pressed`);
	await page.keyboard.press('Enter');
}

// Wait for the page with a heading.
async function arrive(page, what, title) {
	await page.getByRole('heading', { name: title, exact: true, level: 1 }).waitFor();
	ok(true, `${what}: leads to ${title}`);
}

// From the top of the page to the handler without touching a mouse.
async function testKeyboard() {
	await inBrowser({}, async (page) => {
		await page.goto(`${BASE_URL}/users/signup`);
		await type(page, 'signup', { first_name: 'Ada', last_name: 'Lovelace', email: newEmail(), password: PASSWORD });
		await arrive(page, 'signup', 'Welcome');
	});
}

// All that one does with an account, from the mail of the signup to a new password, without touching a mouse.
async function testKeyboardEverywhere() {
	await inBrowser({}, async (page) => {
		const email = await signUpStrictly(page);
		await page.goto(`${BASE_URL}/strict/verify?token=${mailed('user.email.verification_requested', email)}`);
		await type(page, 'verify', {});
		await arrive(page, 'verify', 'Your email is confirmed');
		await follow(page, 'verified', 1);
		await arrive(page, 'verified', 'Log in');
		await type(page, 'login', { login: email, password: PASSWORD });
		await arrive(page, 'login', 'Welcome back');
		await page.goto(`${BASE_URL}/strict/logout`);
		await type(page, 'logout', {});
		await arrive(page, 'logout', 'Log in');
		await follow(page, 'the link below the login', 4);
		await arrive(page, 'the link below the login', 'Forgot your password?');
		await type(page, 'forgot', { login: email });
		await arrive(page, 'forgot', 'Look into your mail');
		await page.goto(`${BASE_URL}/strict/reset?token=${mailed('user.password_token.created', email)}`);
		await type(page, 'reset', { password: `${PASSWORD} two` });
		await arrive(page, 'reset', 'Your password is set');
		await follow(page, 'set', 1);
		await arrive(page, 'set', 'Log in');
	});
}

// What is wrong is said on top and beside the field, and one is led there.
async function testFaults() {
	await inBrowser({}, async (page) => {
		await page.goto(`${BASE_URL}/users/signup`);
		const answered = page.waitForResponse((response) => response.request().method() === 'POST');
		await submit(page, 'Sign up', { 'First name': 'Ada', Email: 'ada', Password: 'short' });
		is((await answered).status(), 422, 'faults: 422');
		const focused = page.waitForFunction(() => document.activeElement?.name, null, { timeout: 10000 });
		is(await focused.then((name) => name.jsonValue(), () => undefined), 'email', 'faults: the focus is on the first');
		is(await page.getByLabel('First name').inputValue(), 'Ada', 'faults: what was right is kept');
		is(await page.getByLabel('Password').inputValue(), '', 'faults: the password is not');
		for (const label of ['Email', 'Password']) {
			const field = page.getByLabel(label);
			is(await field.getAttribute('aria-invalid'), 'true', `faults: ${label} is marked`);
			const texts = [];
			for (const id of (await field.getAttribute('aria-describedby')).split(' ')) {
				texts.push(await page.locator(`#${id}`).innerText());
			}
			ok(/Error:/.test(texts.join()), `faults: ${label} is described by its fault`, texts);
		}
		await page.getByRole('alert').getByRole('link').last().click();
		is(await page.evaluate(() => document.activeElement.id), 'password', 'faults: the summary leads to the field');
	});
}

// ---- every page in every state ----

// Open the link of a mail to somebody new.
async function openMail(page, type, path) {
	const email = await signUpStrictly(page);
	if (path === 'reset') {
		await page.goto(`${BASE_URL}/strict/forgot`);
		await send(page, 'Send the email', { login: email });
	}
	await page.goto(`${BASE_URL}/strict/${path}?token=${mailed(type, email)}`);
}

// Log in with a right password, the email not being verified.
async function logInUnverified(page) {
	const email = await signUpStrictly(page);
	await page.goto(`${BASE_URL}/strict/login`);
	await send(page, 'Log in', { login: email, password: PASSWORD });
}

// Send a form that is somewhere else, to some address.
async function sendFromElsewhere(page, address, fields = '') {
	await page.setContent(`<form method="post" action="${address}">${fields}<button>Send</button></form>`);
	await page.getByRole('button').click();
}

// Send a form of ours after something was done to it that no person can do.
async function sendChanged(page, address, change) {
	await page.goto(address);
	await page.evaluate(change);
	await send(page, 'Log in', { login: 'ad\u00e9@example.com', password: 'x' });
}

// Try passwords until no more are taken.
async function guess(page) {
	const email = newEmail();
	await page.goto(`${BASE_URL}/users/login`);
	for (let count = 0; count < 6; count += 1) {
		await send(page, 'Log in', { login: email, password: 'wrong' });
		await page.waitForLoadState();
	}
}

// Ask nginx as no browser does; return its answer.
function askNginx(options, form = '') {
	return new Promise((resolve, reject) => {
		const request = http.request(`${BASE_URL}/users/login`, options, (answer) => {
			let body = '';
			answer.setEncoding('utf8');
			answer.on('data', (data) => {
				body += data;
			});
			answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body }));
		});
		request.on('error', reject);
		request.end(form);
	});
}

// Ask with a header that is no text.
function askUnreadably() {
	return askNginx({ headers: { 'User-Agent': '\u00ff' } });
}

// Ask for more at once than one address may, until that is refused; return how.
async function askTooOften() {
	for (let round = 0; round < 10; round += 1) {
		const answers = await Promise.all(Array.from({ length: 200 }, () => askNginx({ method: 'PUT' })));
		const refused = answers.find(({ status }) => status === 429);
		if (refused) return refused;
	}
	return { status: 0, headers: {}, body: '' };
}

// Open an answer that a browser does not get by itself.
async function openAnswer(page, answer) {
	await page.route(`${BASE_URL}/answer`, (route) => route.fulfill(answer));
	await page.goto(`${BASE_URL}/answer`);
}

// Each state: the status that it comes with, its heading, how it is reached from pages of an app that asks for an org.
const STATES = {
	signup: [200, 'Sign up', (page, pages) => page.goto(`${pages}/signup`)],
	'signup with faults': [422, 'Sign up', async (page, pages) => {
		await page.goto(`${pages}/signup`);
		await submit(page, 'Sign up', { Email: 'ada', Password: 'short' });
	}],
	'signup by mail': [200, 'Look into your mail', signUpStrictly],
	'signup with a username': [200, 'Sign up', (page) => page.goto(`${BASE_URL}/names/signup`)],
	'signup with a username, with faults': [422, 'Sign up', async (page) => {
		await page.goto(`${BASE_URL}/names/signup`);
		await send(page, 'Sign up', { username: 'a b', email: 'ada', password: PASSWORD, password_confirmation: 'no' });
	}],
	'signup, closed': [403, 'Signing up is closed', (page) => page.goto(`${BASE_URL}/closed/signup`)],
	'signup, closed meanwhile': [403, 'Not open just now', async (page, pages) => {
		await page.goto(`${pages}/signup`);
		await page.evaluate(() => { document.querySelector('form').action = '/closed/signup'; });
		await send(page, 'Sign up', { email: newEmail(), password: PASSWORD });
	}],
	login: [200, 'Log in', (page, pages) => page.goto(`${pages}/login`)],
	'login with a wrong password': [422, 'Log in', async (page, pages) => {
		await page.goto(`${pages}/login`);
		await submit(page, 'Log in', { Email: newEmail(), Password: 'wrong' });
	}],
	'login with a username': [200, 'Log in', (page) => page.goto(`${BASE_URL}/names/login`)],
	'login with a username, with faults': [422, 'Log in', async (page) => {
		await page.goto(`${BASE_URL}/names/login`);
		await page.getByRole('button').click();
	}],
	'login, unverified': [403, 'Log in', logInUnverified],
	'login, mailed again': [200, 'Look into your mail', async (page) => {
		await logInUnverified(page);
		await send(page, 'Send the email again', { password: PASSWORD });
	}],
	'login, closed': [403, 'Logging in is closed', (page) => page.goto(`${BASE_URL}/closed/login`)],
	'login, too often': [429, 'Log in', guess],
	logout: [200, 'Log out', (page, pages) => page.goto(`${pages}/logout`)],
	forgot: [200, 'Forgot your password?', (page, pages) => page.goto(`${pages}/forgot`)],
	'forgot without an email': [422, 'Forgot your password?', async (page, pages) => {
		await page.goto(`${pages}/forgot`);
		await page.getByRole('button').click();
	}],
	'forgot with a username': [200, 'Forgot your password?', (page) => page.goto(`${BASE_URL}/names/forgot`)],
	'forgot, mailed': [200, 'Look into your mail', async (page, pages) => {
		await page.goto(`${pages}/forgot`);
		await send(page, 'Send the email', { login: newEmail() });
	}],
	reset: [200, 'Set a new password', (page, pages) => page.goto(`${pages}/reset?token=otk_x`)],
	'reset, the password twice': [200, 'Set a new password', (page) => page.goto(`${BASE_URL}/names/reset?token=otk_x`)],
	'reset, twice but not the same': [422, 'Set a new password', async (page) => {
		await page.goto(`${BASE_URL}/names/reset?token=otk_x`);
		await send(page, 'Set password', { password: PASSWORD, password_confirmation: 'no' });
	}],
	'reset without a token': [422, 'This link does not work any more', (page, pages) => page.goto(`${pages}/reset`)],
	'reset by a dead link': [422, 'This link does not work any more', async (page, pages) => {
		await page.goto(`${pages}/reset?token=otk_x`);
		await send(page, 'Set password', { password: PASSWORD });
	}],
	'reset with a weak password': [422, 'Set a new password', async (page) => {
		await openMail(page, 'user.password_token.created', 'reset');
		await send(page, 'Set password', { password: 'password' });
	}],
	'reset, done': [200, 'Your password is set', async (page) => {
		await openMail(page, 'user.password_token.created', 'reset');
		await send(page, 'Set password', { password: `${PASSWORD} two` });
	}],
	verify: [200, 'Confirm your email', (page, pages) => page.goto(`${pages}/verify?token=otk_x`)],
	'verify by a dead link': [422, 'This link does not work any more', async (page, pages) => {
		await page.goto(`${pages}/verify?token=otk_x`);
		await send(page, 'Confirm', {});
	}],
	'verify, done': [200, 'Your email is confirmed', async (page) => {
		await openMail(page, 'user.email.verification_requested', 'verify');
		await send(page, 'Confirm', {});
	}],
	'from another site': [403, 'Sign up', (page, pages) =>
		sendFromElsewhere(page, `${pages}/signup`, '<input name="email" value="ada@example.com">')],
	'no form': [415, 'Not a form', (page, pages) =>
		sendChanged(page, `${pages}/login`, () => { document.querySelector('form').enctype = 'text/plain'; })],
	'no text': [400, 'Not readable', (page, pages) =>
		sendChanged(page, `${pages}/login`, () => { document.querySelector('form').acceptCharset = 'windows-1252'; })],
	'not allowed': [405, "That can't be done here", (page, pages) => sendFromElsewhere(page, `${pages}/.well-known/jwks.json`)],
	'no such page': [404, 'Page not found', (page, pages) => page.goto(`${pages}/nothing`)],
	'no such app': [404, 'Page not found', (page) => page.goto(`${BASE_URL}/nothing/signup`)],
	'too late': [503, null, async (page, pages) => {
		await page.goto(`${pages}/signup`);
		await send(page, 'Sign up', { first_name: 'late', email: newEmail(), password: PASSWORD });
	}],
	'an error of the application': [500, null, async (page, pages) => {
		await page.goto(`${pages}/signup`);
		await send(page, 'Sign up', { first_name: 'broken', email: newEmail(), password: PASSWORD });
	}],
	'nginx: too much': [413, 'That is too much', async (page, pages) => {
		await page.goto(`${pages}/signup`);
		await submit(page, 'Sign up', { Email: 'x'.repeat(70000) });
	}],
	'nginx: no text': [400, 'That cannot be read', async (page) => openAnswer(page, await askUnreadably())],
	'alone: signup': [200, 'Sign up', (page) => page.goto(`${REST_URL}/rpc/signup_page?app=orgs`)],
	'alone: signup with faults': [422, 'Sign up', async (page) => {
		await page.goto(`${REST_URL}/rpc/signup_page?app=names`);
		await send(page, 'Sign up', { username: 'a b', password: PASSWORD, password_confirmation: 'no' });
	}],
	'alone: too late': [503, 'Sign up', async (page) => {
		await page.goto(`${REST_URL}/rpc/signup_page?app=orgs`);
		await send(page, 'Sign up', { first_name: 'late', email: newEmail(), password: PASSWORD });
	}],
	'alone: login': [200, 'Log in', (page) => page.goto(`${REST_URL}/rpc/login_page?app=users`)],
	'alone: login with a wrong password': [422, 'Log in', async (page) => {
		await page.goto(`${REST_URL}/rpc/login_page?app=users`);
		await send(page, 'Log in', { login: newEmail(), password: 'wrong' });
	}],
	'alone: logout': [200, 'Log out', (page) => page.goto(`${REST_URL}/rpc/logout_page?app=users`)],
	'alone: from another site': [403, 'Not from there', (page) =>
		sendFromElsewhere(page, `${REST_URL}/rpc/login`, '<input type="hidden" name="app" value="users">')],
	'alone: no such app': [404, 'Page not found', (page) => page.goto(`${REST_URL}/rpc/login_page?app=nothing`)],
};

// End PostgREST, if it is still there.
function stopPostgrest() {
	try {
		process.kill(Number(POSTGREST_PID));
	} catch (error) {
		if (error.code !== 'ESRCH') throw error;
	}
}

// What takes others along with it: nginx's limit, and PostgREST's end.
const LAST_STATES = {
	'nginx: too often': [429, 'One moment, please', async (page) => openAnswer(page, await askTooOften())],
	'nginx: PostgREST is away': [503, null, async (page) => {
		stopPostgrest();
		for (let tries = 0; tries < 100 && (await fetch(`${BASE_URL}/users/login`)).status !== 503; tries++)
			await new Promise((resolve) => setTimeout(resolve, 100)); // it still ends
		await page.goto(`${BASE_URL}/users/login`);
	}],
};

// Print what axe-core finds, a line each.
async function axeFindings(page) {
	await page.evaluate(axe.source);
	const { violations } = await page.evaluate(() => globalThis.axe.run());
	return violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(' ')}`).join('\n');
}

// Print what html-validate finds, a line each.
async function htmlFindings(html) {
	const report = await validator.validateString(html);
	return report.results
		.flatMap((result) => result.messages)
		.map((message) => `${message.line}: ${message.ruleId}: ${message.message}`)
		.join('\n');
}

// Tell how far a page is wider than its window.
function overflow(page) {
	return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

// Reach a state, and look at it in every way.
async function testState(name, colorScheme, [status, title, open]) {
	await inBrowser({ colorScheme }, async (page) => {
		let html = '';
		let got = 0;
		page.on('response', (response) => {
			if (!response.request().isNavigationRequest()) return;
			got = response.status();
			html = response.text().catch(() => '');
		});
		await open(page, pagesOf('orgs', 'slug'));
		await page.waitForLoadState();
		is(got, status, `${name}, ${colorScheme}: ${status}`);
		if (title) is(await heading(page), title, `${name}, ${colorScheme}: ${title}`);
		is(await axeFindings(page), '', `${name}, ${colorScheme}: axe-core`);
		if (colorScheme === 'light') is(await htmlFindings(await html), '', `${name}: html-validate`);
		for (const width of [320, 768, 1280]) {
			await page.setViewportSize({ width, height: 800 });
			is(await overflow(page), 0, `${name}, ${colorScheme}: fits into ${width} pixels`);
		}
	});
}

async function testStates(states) {
	for (const [name, state] of Object.entries(states)) {
		for (const colorScheme of ['light', 'dark']) {
			await testState(name, colorScheme, state);
		}
	}
}

// A tool that finds nothing anywhere would pass everything above.
async function testTools() {
	await inBrowser({}, async (page) => {
		const html = '<!DOCTYPE html><html lang="en"><head><title>x</title></head><body><p><input><b></p></body></html>';
		await page.setContent(html);
		ok(/label/.test(await axeFindings(page)), 'axe-core finds what is wrong');
		ok(/close-order/.test(await htmlFindings(html)), 'html-validate finds what is wrong');
	});
}

// ---- other sites ----

const FRAMED = [
	'users/signup',
	'users/login',
	'users/logout',
	'users/forgot',
	'users/reset',
	'users/reset?token=x',
	'users/verify',
	'users/verify?token=x',
	'users/nothing',
	'closed/signup',
	'nothing/signup',
];

// See a browser refuse to show an address in a frame, for its own policy.
async function testFrame(address, what) {
	await inBrowser({}, async (page) => {
		const refused = page.waitForEvent('console');
		await page.setContent(`<iframe src="${address}"></iframe>`);
		await refused;
		is(await page.frames()[1].locator('form, main').count(), 0, `${what} can't be framed`);
	}, /frame-ancestors/);
}

// A page of an error that a frame can't ask for says the same.
function testUnframed({ status, headers }, expected) {
	is(status, expected, `nginx: ${expected}`);
	ok(/frame-ancestors 'none'/.test(headers['content-security-policy']), `nginx: ${expected} can't be framed`);
}

// No page can be framed, whether arsignup, PostgREST or nginx has sent it.
async function testFrames() {
	for (const path of FRAMED) await testFrame(`${BASE_URL}/${path}`, path);
	for (const page of ['signup', 'login', 'logout']) {
		await testFrame(`${REST_URL}/rpc/${page}_page?app=users`, `alone: ${page}`);
	}
	const form = { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } };
	const broken = new URLSearchParams({ first_name: 'broken', email: newEmail(), password: PASSWORD }).toString();
	testUnframed(await askNginx({ headers: { 'User-Agent': '\u00ff' } }), 400);
	testUnframed(await askNginx({ ...form }, 'x'.repeat(70000)), 413);
	testUnframed(await askNginx({ ...form, path: '/users/signup' }, broken), 500);
}

async function testOtherSites() {
	await inBrowser({}, async (page) => {
		const email = newEmail();
		await page.setContent(`<form method="post" action="${BASE_URL}/users/signup">
			<input name="email" value="${email}"><input name="password" value="${PASSWORD}"><button>Win</button></form>`);
		const answered = page.waitForResponse((response) => response.request().method() === 'POST');
		await page.getByRole('button').click();
		is((await answered).status(), 403, 'a form of another site is refused');
		is(value(`count(*) FROM arsignup.users WHERE email = '${email}'`), '0', 'and makes nobody');
	});
}

const SCRIPTS = [
	'"><script>alert(1)</script>',
	"'><img src=x onerror=alert(1)>",
	'</textarea></title><svg onload=alert(1)>',
	'" autofocus onfocus="alert(1)',
	"' onmouseover='alert(1)' x='",
	'javascript:alert(1)',
	'<a href="javascript:alert(1)">x</a>',
	'&lt;script&gt;alert(1)&lt;/script&gt;',
	'&#34;&#62;<iframe srcdoc="<script>alert(1)</script>">',
	'</form><form action=https://evil.example>',
	'<style>*{background:url(https://evil.example)}</style>',
	'<base href=https://evil.example>',
	'<!--<img title="--><img src=x onerror=alert(1)>">',
	'${alert(1)}{{constructor.constructor("alert(1)")()}}',
];

// List the elements of a page, in their order.
function elements(page) {
	return page.evaluate(() => [...document.querySelectorAll('*')].map((element) => element.tagName).join(' '));
}

// The page has the elements that it has for anything else, and a field the text that it was given.
async function staysText(page, usual, script, name) {
	is(await elements(page), usual, `nothing is made of ${script}`);
	is(await page.locator(`input[name=${name}]`).inputValue(), script, 'but the text that it is');
}

// Pages other than the signup: the field that shows what was sent, what else it takes to send the form.
const ECHOES = {
	login: ['login', 'Log in', { login: 'x' }],
	forgot: ['redir', 'Send the email', { login: '' }],
	reset: ['token', 'Set password', { password: '' }],
};

// The same holds for what is in an address, and for the form that is sent from there.
async function testEchoes(path, [name, button, fields]) {
	await inBrowser({}, async (page) => {
		const address = (text) => `${BASE_URL}/users/${path}?${new URLSearchParams({ login: text, token: text, redir: text })}`;
		const typed = (text) => Object.fromEntries(Object.entries(fields).map(([field, usual]) => [field, usual && text]));
		await page.goto(address('x'));
		const asked = await elements(page);
		await send(page, button, typed('x'));
		await page.locator('[role=alert]').waitFor();
		const sent = await elements(page);
		for (const script of SCRIPTS) {
			await page.goto(address(script));
			await staysText(page, asked, script, name);
			await send(page, button, typed(script));
			await page.locator('[role=alert]').waitFor();
			await staysText(page, sent, script, name);
		}
	});
}

// Whatever is typed comes back as text, and the page has the elements that it has for anything else.
async function testScripts() {
	for (const [path, echo] of Object.entries(ECHOES)) await testEchoes(path, echo);
	await inBrowser({}, async (page) => {
		const fields = ['First name', 'Last name', 'Organisation', 'Email'];
		const address = (text) => `${BASE_URL}/orgs/signup?redir=${encodeURIComponent(`/${text}`)}`;
		await page.goto(address('x'));
		await submit(page, 'Sign up', Object.fromEntries(fields.map((field) => [field, 'x y'])));
		const usual = await elements(page);
		for (const script of SCRIPTS) {
			await page.goto(address(script));
			await submit(page, 'Sign up', Object.fromEntries(fields.map((field) => [field, script])));
			await page.locator('[role=alert]').waitFor();
			is(await elements(page), usual, `nothing is made of ${script}`);
			is(await page.getByLabel('Organisation').inputValue(), script, 'but the text that it is');
		}
	});
}

// ---- sessions ----

// Where apps share sessions, who has signed up for one is known to the others, until they log out.
async function testSessions() {
	execFileSync('psql', ['--no-psqlrc', '--quiet', '--command', "UPDATE arsignup.realms SET sso = 'seamless'"]);
	await inBrowser({}, async (page, context) => {
		await page.goto(`${BASE_URL}/users/signup`);
		await submit(page, 'Sign up', { Email: newEmail(), Password: PASSWORD });
		const [cookie] = await context.cookies();
		is(
			`${/^__Host-/.test(cookie.name)} ${cookie.path} ${cookie.httpOnly} ${cookie.secure} ${cookie.sameSite}`,
			'true / true true Lax',
			'the cookie has every attribute',
		);
		await page.goto(`${BASE_URL}/orgs/login`);
		is(await heading(page), 'Welcome back', 'another app need not ask');
		await page.goto(`${BASE_URL}/orgs/logout`);
		await page.getByRole('button').click();
		is(await heading(page), 'Log in', 'after logging out it asks');
		is((await context.cookies()).filter((cookie) => cookie.name !== '__Host-arsignup-form').length, 0, 'the cookie is gone');
		await context.addCookies([{ ...cookie }]);
		await page.goto(`${BASE_URL}/orgs/login`);
		is(await heading(page), 'Log in', 'and put back it is of no use');
	});
}

(async () => {
	browser = await chromium.launch({ executablePath: CHROMIUM });
	console.log(`# Chromium ${browser.version()}`);
	await testTools();
	await testCells();
	await testKeyboard();
	await testKeyboardEverywhere();
	await testFaults();
	await testStates(STATES);
	await testFrames();
	await testOtherSites();
	await testScripts();
	await testSessions();
	testUnframed(await askTooOften(), 429);
	await testStates(LAST_STATES);
	await testFrame(`${BASE_URL}/users/login`, 'nginx: PostgREST is away');
	await browser.close();
	console.log(`1..${tests}`);
})().catch((error) => {
	console.log(`not ok - ${error.stack.replace(/\n/g, '\n# ')}`);
	process.exit(1);
});
