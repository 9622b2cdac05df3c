// A shop: whoever signs up pays on its page, and has an account once Stripe says that the money is there.
// README.md says how it is run. It keeps nothing in memory: it may be killed between any two lines.

import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import Stripe from 'stripe';

const { STRIPE_SECRET_KEY, STRIPE_PUBLISHABLE_KEY, STRIPE_WEBHOOK_SECRET, STRIPE_API } = process.env;
const { LOGIN_URL, PORT = '3000', SWEEP_SECONDS = '60' } = process.env;
const PRICE = { amount: 4900, currency: 'eur' };
const PAGE_OPEN = '30 minutes'; // after that the payment page closes …
const HOLD = '35 minutes'; // … and after that others may have the name
const SLOW_PAYMENT = '10 days'; // a bank that takes days, as for debits

const api = STRIPE_API ? new URL(STRIPE_API) : null; // for tests
const stripe = new Stripe(STRIPE_SECRET_KEY, api ? { host: api.hostname, port: api.port, protocol: api.protocol.slice(0, -1) } : {});
const pool = new pg.Pool({ connectionTimeoutMillis: 10_000 }); // where to: PGHOST, PGDATABASE, PGUSER …
pool.on('connect', (client) => client.on('error', complain)); // one that breaks is not used again
pool.on('error', complain);
const payScript = readFileSync(new URL('../pay.js', import.meta.url));

// Tell the journal.
function complain(error) {
	console.error(`${error.code ?? error.name}: ${error.message}`);
}

// ---- the database ----

// Run a statement and return its rows.
async function query(text, ...values) {
	return (await pool.query(text, values)).rows;
}

// Run work in a transaction. If this throws at COMMIT, nobody knows what became of it: ask get_signup_token, or do it again.
async function transaction(work) {
	const client = await pool.connect();
	let broken = true;
	try {
		await client.query('BEGIN');
		const result = await work(async (text, ...values) => (await client.query(text, values)).rows);
		await client.query('COMMIT');
		broken = false;
		return result;
	} finally {
		client.release(broken); // a broken one is closed, which rolls back
	}
}

// ---- from a signup to a payment ----

// Hold the names of a signup and open its payment, or find the one that is open.
async function openPayment(token, replaces = null) {
	return transaction(async (sql) => {
		const [{ signup_id }] = await sql('SELECT signup_id FROM arsignup.get_signup_token($1)', token);
		const [held] = await sql('SELECT user_id, held_until FROM arsignup.hold_signup_token($1, $2, replaces => $3)', token, HOLD, replaces);
		const [payment] = await sql(
			`INSERT INTO payments (signup_id, user_id, amount, closes_at) VALUES ($1, $2, $3, now() + $4::interval)
			ON CONFLICT (signup_id) WHERE state <> 'closed' DO UPDATE SET closes_at = greatest(payments.closes_at, excluded.closes_at)
			RETURNING *`,
			signup_id, held.user_id, PRICE.amount, PAGE_OPEN
		);
		return payment;
	});
}

// Have Stripe's half of a payment. The key makes it one, however often this is interrupted and tried again; it is noted before
// anybody can pay it, so that there is never a payment that we do not know.
async function openIntent(payment) {
	if (payment.intent)
		return stripe.paymentIntents.retrieve(payment.intent);
	const intent = await stripe.paymentIntents.create(
		{ ...PRICE, automatic_payment_methods: { enabled: true }, metadata: { signup_id: payment.signup_id } },
		{ idempotencyKey: `payment-${payment.id}` }
	);
	const noted = await query("UPDATE payments SET intent = $2 WHERE id = $1 AND state = 'open' RETURNING id", payment.id, intent.id);
	if (!noted.length)
		throw new Error(`payment ${payment.id} was closed meanwhile`);
	return intent;
}

// A token is a secret, which only the person has. Whoever brings a signup's id in its place has read it somewhere, and is nobody.
const onlyToken = (text) => (text?.startsWith('utk_') ? text : null);

// Find a signup, and an earlier one of the same person in this browser, who began, went away and signed up anew.
async function findSignups(token, earlierToken) {
	const [found] = await query(
		`SELECT s.email, e.signup_id AS earlier, e.state AS earlier_state FROM arsignup.get_signup_token($1) s
		LEFT JOIN arsignup.get_signup_token($2) e
			ON e.signup_id <> s.signup_id AND arsignup.normalize_email(e.email) = arsignup.normalize_email(s.email)`,
		token, earlierToken
	);
	return found;
}

// ---- from a payment to an account ----

// The signup cannot become a user any more: against the realm's rules by now, names taken, token gone, expired, revoked, app gone.
const LOST = new Set(['SU001', 'SU002', 'SU003', 'SU004', 'SU009', 'SU010']);

// Do what Stripe's word on a payment means to us, once, whoever brings it, how often, and in whatever order. Returns the state.
async function settle(intent, eventId) {
	return transaction(async (sql) => {
		if (eventId && !(await sql('INSERT INTO webhook_events (id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id', eventId)).length)
			return 'told before';
		const [payment] = await sql('SELECT * FROM payments WHERE intent = $1 FOR UPDATE', intent.id);
		if (payment?.state !== 'open')
			return payment?.state;
		let state = 'open';
		if (intent.status === 'succeeded')
			state = await fulfil(sql, payment);
		else if (intent.status === 'canceled')
			state = 'closed';
		else if (intent.status === 'processing')
			await waitForBank(sql, payment);
		await sql('UPDATE payments SET state = $2 WHERE id = $1', payment.id, state);
		return state;
	});
}

// The money is there: make the user and what they have paid for; or else it goes back.
async function fulfil(sql, payment) {
	await sql('SAVEPOINT fulfil');
	try {
		await sql('SELECT user_id FROM arsignup.redeem_signup_token($1)', payment.signup_id);
	} catch (error) {
		if (!LOST.has(error.code) && error.code !== 'SU005')
			throw error; // for another time
		await sql('ROLLBACK TO fulfil');
		if (error.code !== 'SU005') // somebody else has redeemed it: the user is there
			return 'refund';
	}
	await sql('INSERT INTO subscriptions (user_id, payment_id) VALUES ($1, $2)', payment.user_id, payment.id);
	return 'paid';
}

// The bank takes its time: keep the names for as long. If they are lost already, the money goes back when it comes.
async function waitForBank(sql, payment) {
	await sql('SAVEPOINT hold');
	try {
		await sql('SELECT FROM arsignup.hold_signup_token($1, $2)', payment.signup_id, SLOW_PAYMENT);
	} catch (error) {
		if (!LOST.has(error.code))
			throw error;
		await sql('ROLLBACK TO hold');
	}
	await sql('UPDATE payments SET closes_at = now() + $2::interval WHERE id = $1', payment.id, SLOW_PAYMENT);
}

// Close a payment, so that nobody can pay it any more, and return what became of it: it may just have been paid.
async function closePayment(payment) {
	if (!payment.intent) // nobody has seen it
		return (await query("UPDATE payments SET state = 'closed' WHERE id = $1 AND intent IS NULL RETURNING state", payment.id))[0]?.state;
	const intent = await stripe.paymentIntents.cancel(payment.intent).catch(() => stripe.paymentIntents.retrieve(payment.intent));
	return settle(intent);
}

// Give back what was paid for nothing.
async function refund(payment) {
	await stripe.refunds.create({ payment_intent: payment.intent }, { idempotencyKey: `refund-${payment.id}` }).catch((error) => {
		if (error.code !== 'charge_already_refunded')
			throw error;
	});
	await query("UPDATE payments SET state = 'refunded' WHERE id = $1", payment.id);
}

// Close what was abandoned, catch up on what no webhook told, and pay back what is owed. Every process may do this.
async function sweep() {
	for (const payment of await query("SELECT * FROM payments WHERE (state = 'open' AND closes_at < now()) OR state = 'refund'"))
		await (payment.state === 'refund' ? refund(payment) : closePayment(payment)).catch(complain);
}

// ---- pages ----

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

// A page; `state` is what it is about, in a word.
function page(state, title, body, status = 200) {
	const html = `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(title)}</title><body data-state="${state}"><h1>${escape(title)}</h1>${body}</body></html>`;
	return { status, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: html };
}

const redirect = (to, headers = {}) => ({ status: 303, headers: { Location: to, ...headers }, body: '' });
const welcome = () => page('welcome', 'Welcome', `<p>Paid and signed up. <a href="${escape(LOGIN_URL)}">Log in</a></p>`);
const nobody = () => page('unknown', 'Please sign up first', '', 404);

// Move a token from the address into a cookie.
const keepToken = (token) => redirect('/pay', { 'Set-Cookie': `signup=${token}; Path=/; HttpOnly; SameSite=Lax; Max-Age=86400` });

// GET /signup?token=utk_…: the signup handler. Anybody can send a link, with a signup of their own in it and somebody else's email:
// so it ends nothing that was begun here, and asks.
async function receiveSignup({ url, token: earlierToken }) {
	const token = onlyToken(url.searchParams.get('token'));
	const found = await findSignups(token, earlierToken);
	if (!found)
		return nobody();
	if (!found.earlier)
		return keepToken(token);
	return found.earlier_state === 'redeemed' ? redirect('/return') : askWhich(token, found.email);
}

// Ask which of two signups is to go on. The form tells by whom it was sent, which no-referrer would keep it from in older browsers.
function askWhich(token, email) {
	const asked = page('which', 'You have begun before', `<p>You have begun to sign up with ${escape(email)} before.
Go on with what you have just filled in, or with the earlier one? If you have not just filled in a form, take the earlier one.</p>
<form method="post" action="/signup"><input type="hidden" name="token" value="${escape(token)}">
<button>Go on with what I have just filled in</button></form><p><a href="/pay">Go on with the earlier one</a></p>`);
	return { ...asked, headers: { ...asked.headers, 'Referrer-Policy': 'same-origin' } };
}

// Tell whether a form comes from a page of ours. Where there is a proxy, it passes Host on.
function isOurs({ 'sec-fetch-site': site, origin, host }) {
	return site ? site === 'same-origin' : [`https://${host}`, `http://${host}`].includes(origin);
}

// POST /signup: the new one. Give up the earlier one of the same person in this browser.
async function replaceSignup({ request, body, token: earlierToken }) {
	if (!isOurs(request.headers))
		return page('foreign', 'That came from another site', '<p><a href="/pay">Go on where you were</a></p>', 403);
	const token = onlyToken(new URLSearchParams(body.toString()).get('token'));
	const found = await findSignups(token, earlierToken);
	if (!found)
		return nobody();
	if (found.earlier) {
		const [payment] = await query("SELECT * FROM payments WHERE signup_id = $1 AND state <> 'closed'", found.earlier);
		if (payment && payment.state !== 'refunded' && (await closePayment(payment)) !== 'closed')
			return redirect('/return'); // the earlier one is paid, or about to be
		try {
			await openPayment(token, found.earlier);
		} catch (error) {
			return refused(error);
		}
	}
	return keepToken(token);
}

// GET /pay: the payment page.
async function pay({ token }) {
	const [signup] = await query('SELECT state, email, org_name FROM arsignup.get_signup_token($1)', token);
	if (!signup)
		return nobody();
	if (signup.state === 'redeemed')
		return welcome();
	let payment;
	try {
		payment = await openPayment(token);
	} catch (error) {
		return refused(error);
	}
	const intent = await openIntent(payment);
	if (intent.status === 'succeeded' || intent.status === 'processing')
		return redirect('/return');
	if (intent.status === 'canceled') {
		await settle(intent);
		return redirect('/pay');
	}
	const whose = [signup.email, signup.org_name].filter(Boolean).join(', ');
	return page('pay', 'One more step: 49.00', `<p>For the account of ${escape(whose)}</p><form id="payment" data-key="${escape(STRIPE_PUBLISHABLE_KEY)}"
data-client-secret="${escape(intent.client_secret)}"><div id="card"></div><p id="message" role="alert"></p><button>Pay</button></form>
<script src="https://js.stripe.com/v3/"></script><script src="/pay.js"></script>`);
}

// What the person is told if there is nothing to pay for: nobody has been charged yet.
function refused(error) {
	if (error.code === 'SU002')
		return page('taken', 'This email is taken', `<p>If it is yours, <a href="${escape(LOGIN_URL)}">log in</a>, or go on where you began.</p>`, 409);
	if (error.code === 'SU005')
		return welcome();
	if (LOST.has(error.code) && error.code !== 'SU001') // that would be the shop's fault: a HOLD that the realm does not allow
		return page('gone', 'This took too long', '<p>Please sign up again. Nothing was charged.</p>', 410);
	throw error;
}

// GET /return: where Stripe's page, or pay.js, sends the person. The webhook may have been faster, or be hours late: both do the same.
async function showOutcome({ token }) {
	const [signup] = await query('SELECT signup_id FROM arsignup.get_signup_token($1)', token);
	if (!signup)
		return nobody();
	const [payment] = await query('SELECT * FROM payments WHERE signup_id = $1 ORDER BY id DESC LIMIT 1', signup.signup_id);
	if (!payment?.intent)
		return redirect('/pay');
	const intent = await stripe.paymentIntents.retrieve(payment.intent);
	await settle(intent).catch(complain); // whatever became of it, the token knows
	const [{ state }] = await query('SELECT state FROM arsignup.get_signup_token($1)', token);
	if (state === 'redeemed')
		return welcome();
	const [now] = await query('SELECT state FROM payments WHERE id = $1', payment.id);
	if (now.state === 'refund' || now.state === 'refunded')
		return page('refund', 'We give your money back', '<p>It came too late: the name is somebody else’s by now.</p>');
	if (intent.status === 'processing' || intent.status === 'succeeded')
		return page('wait', 'Your payment is on its way', '<p>We tell you as soon as it is there.</p><meta http-equiv="refresh" content="5">');
	return page('declined', 'Not paid', '<p>Nothing was charged. <a href="/pay">Try again</a></p>', 402);
}

// POST /webhook: Stripe tells. Anything but 200 means: again, later.
async function receiveWebhook({ request, body }) {
	let event;
	try {
		event = stripe.webhooks.constructEvent(body, request.headers['stripe-signature'], STRIPE_WEBHOOK_SECRET);
	} catch (error) {
		return { status: 400, headers: {}, body: error.message };
	}
	if (event.type.startsWith('payment_intent.'))
		await settle(await stripe.paymentIntents.retrieve(event.data.object.id), event.id); // what it says may be old
	return { status: 200, headers: {}, body: '' };
}

const ROUTES = {
	'GET /signup': receiveSignup,
	'POST /signup': replaceSignup,
	'GET /pay': pay,
	'GET /return': showOutcome,
	'POST /webhook': receiveWebhook,
	'GET /pay.js': async () => ({ status: 200, headers: { 'Content-Type': 'text/javascript' }, body: payScript })
};

async function answer(request) {
	const url = new URL(request.url, 'http://shop');
	const chunks = [];
	for await (const chunk of request) chunks.push(chunk);
	const token = onlyToken(/(?:^|; )signup=([^;]*)/.exec(request.headers.cookie ?? '')?.[1]);
	const handler = ROUTES[`${request.method} ${url.pathname}`];
	return handler ? handler({ request, url, token, body: Buffer.concat(chunks) }) : page('unknown', 'There is no such page', '', 404);
}

createServer(async (request, response) => {
	const { status, headers, body } = await answer(request).catch((error) => {
		complain(error);
		return page('error', 'Something went wrong', '<p>Please reload. You are never charged twice.</p>', 503);
	});
	response.writeHead(status, { 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer', ...headers });
	response.end(body);
}).listen(Number(PORT), '127.0.0.1');

(async function sweepAgain() {
	await sweep().catch(complain);
	setTimeout(sweepAgain, SWEEP_SECONDS * 1000);
})();
