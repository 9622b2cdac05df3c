// Drives Chromium over the hosted pages and prints TAP; test/e2e/browser starts what it needs and says where it is.
'use strict';

const { execFileSync } = require('node:child_process');
const axe = require('axe-core');
const { HtmlValidate } = require('html-validate');
const { chromium } = require('playwright-core');

const { APP_URL, BASE_URL, CHROMIUM, PASSWORD } = process.env;
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
	const users = `count(*) FROM arsignup.users WHERE email = '${email}'`;
	await page.goto(`${pages}/signup`);
	await submit(page, 'Sign up', { Email: email, Password: PASSWORD });
	is(await heading(page), 'One more step: 49.00', 'the signup handler asks for a payment');
	ok(/^\?token=utk_[\w-]+$/.test(new URL(page.url()).search), 'it has a signup token', page.url());
	is(value(users), '0', 'there is no user yet');
	await page.getByRole('button', { name: 'Charge is declined' }).click();
	is(await heading(page), 'The charge was declined', 'the charge is declined');
	is(value(users), '0', 'there is still no user');
	await page.getByRole('button', { name: 'Charge succeeds' }).click();
	is(await heading(page), 'Paid and signed up', 'another succeeds');
	is(value(users), '1', 'and now there is one');
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

// From the top of the page to the handler without touching a mouse.
async function testKeyboard() {
	await inBrowser({}, async (page) => {
		const seen = [];
		await page.goto(`${BASE_URL}/users/signup`);
		for (const text of ['Ada', 'Lovelace', newEmail(), PASSWORD]) {
			await page.keyboard.press('Tab');
			seen.push(await page.evaluate(() => document.activeElement.name));
			ok(await showsFocus(page), `the focus is seen on ${seen.at(-1)}`);
			await page.keyboard.type(text);
		}
		is(seen.join(' '), 'first_name last_name email password', 'the fields come in their order');
		await page.keyboard.press('Tab');
		ok(await showsFocus(page), 'the focus is seen on the button');
		await page.keyboard.press('Enter');
		await page.waitForURL(`${APP_URL}/**`);
		is(await heading(page), 'Welcome', 'the button sends the form');
	});
}

// What is wrong is said on top and beside the field, and one is led there.
async function testFaults() {
	await inBrowser({}, async (page) => {
		await page.goto(`${BASE_URL}/users/signup`);
		const answered = page.waitForResponse((response) => response.request().method() === 'POST');
		await submit(page, 'Sign up', { 'First name': 'Ada', Email: 'ada', Password: 'short' });
		is((await answered).status(), 422, 'faults: 422');
		is(await page.evaluate(() => document.activeElement.name), 'email', 'faults: the focus is on the first');
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

const STATES = {
	signup: (page, pages) => page.goto(`${pages}/signup`),
	'signup with faults': async (page, pages) => {
		await page.goto(`${pages}/signup`);
		await submit(page, 'Sign up', { Email: 'ada', Password: 'short' });
	},
	login: (page, pages) => page.goto(`${pages}/login`),
	'login with a wrong password': async (page, pages) => {
		await page.goto(`${pages}/login`);
		await submit(page, 'Log in', { Email: newEmail(), Password: 'wrong' });
	},
	logout: (page, pages) => page.goto(`${pages}/logout`),
	forgot: (page, pages) => page.goto(`${pages}/forgot`),
	'forgot without an email': async (page, pages) => {
		await page.goto(`${pages}/forgot`);
		await page.getByRole('button').click();
	},
	reset: (page, pages) => page.goto(`${pages}/reset?token=otk_x`),
	'reset without a token': (page, pages) => page.goto(`${pages}/reset`),
	verify: (page, pages) => page.goto(`${pages}/verify?token=otk_x`),
	'no such page': (page, pages) => page.goto(`${pages}/nothing`),
	'no such app': (page) => page.goto(`${BASE_URL}/nothing/signup`),
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

async function testStates() {
	for (const colorScheme of ['light', 'dark']) {
		for (const [name, open] of Object.entries(STATES)) {
			await inBrowser({ colorScheme }, async (page) => {
				let html = '';
				page.on('response', async (response) => {
					if (response.request().isNavigationRequest()) html = response.text();
				});
				await open(page, pagesOf('orgs', 'slug'));
				is(await axeFindings(page), '', `${name}, ${colorScheme}: axe-core`);
				if (colorScheme === 'light') is(await htmlFindings(await html), '', `${name}: html-validate`);
				for (const width of [320, 768, 1280]) {
					await page.setViewportSize({ width, height: 800 });
					is(await overflow(page), 0, `${name}, ${colorScheme}: fits into ${width} pixels`);
				}
			});
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

async function testOtherSites() {
	await inBrowser({}, async (page) => {
		const refused = page.waitForEvent('console');
		await page.setContent(`<iframe src="${BASE_URL}/users/login"></iframe>`);
		await refused;
		is(await page.frames()[1].locator('form').count(), 0, 'no page can be framed');
	}, /frame-ancestors/);
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

// Whatever is typed comes back as text, and the page has the elements that it has for anything else.
async function testScripts() {
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
		is((await context.cookies()).length, 0, 'the cookie is gone');
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
	await testFaults();
	await testStates();
	await testOtherSites();
	await testScripts();
	await testSessions();
	await browser.close();
	console.log(`1..${tests}`);
})().catch((error) => {
	console.log(`not ok - ${error.stack.replace(/\n/g, '\n# ')}`);
	process.exit(1);
});
