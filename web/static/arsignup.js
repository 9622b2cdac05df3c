/*!
 * arsignup.js: sign up and log in from a page of your own. Part of arsignup; PostgreSQL Licence.
 *
 * The global AuthRocket takes the place of AuthRocket 1's authrocket.js. As a module: arsignup.mjs beside it, which runs
 * this file, since no file that has an `export` can be loaded by a plain <script>.
 */
(function (make) {
	'use strict';
	globalThis.AuthRocket = make();
	if (typeof module === 'object' && module.exports)
		module.exports = globalThis.AuthRocket;
})(function () {
	'use strict';

	// Longer than a server lets a signup wait.
	const PATIENCE = 60000;
	const UNREACHABLE = 'The server cannot be reached. Please check your connection and try again.';

	let instance;
	let notes = 0;

	// By address, what was sent last and has no certain answer yet, and its key: sent again, it is done once.
	const open = new Map();

	// Return the element of a jQuery object, or what else it is.
	const unwrap = (object) => (object && object.jquery ? object[0] : object);

	// Return the fields of a form, of FormData or the like, or of an object as they are.
	function fieldsOf(source) {
		const form = unwrap(source);
		const data = form && form.nodeName === 'FORM' ? new FormData(form) : form;
		return data && data[Symbol.iterator] ? Object.fromEntries(data) : data;
	}

	// Tell whether the API may have said so: that somebody is logged out, or where to go on the web.
	const isDone = (path, answer) => path === 'logout' || /^https?:\/\//i.test(answer.url);

	// Read an answer; say what is wrong if it doesn't: it is not the API's then, but that of something before it, or cut.
	async function read(path, response) {
		const body = await response.json().catch(() => null);
		const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
		const answer = isObject ? { ...body } : {};
		const seconds = Number(response.headers.get('Retry-After'));
		if (seconds > 0)
			answer.retry_after = seconds;
		if (!answer.error && !(response.ok && isObject && isDone(path, answer)))
			answer.error = seconds > 0 ? `The server is busy. Please try again in ${seconds} seconds.` : UNREACHABLE;
		return answer;
	}

	// Return an address, which somebody must have set.
	function known(base) {
		if (base === undefined)
			throw new Error('AuthRocket.setInstanceUrl has not been called');
		return base;
	}

	// Make a key that nobody guesses, on plain HTTP, too; none where there is nothing to make it with.
	function makeKey() {
		const source = globalThis.crypto;
		if (!source || source.randomUUID)
			return source && source.randomUUID();
		return [...source.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
	}

	// Send fields to the API. Whatever becomes of it, there is an answer, with `error` if it failed.
	async function send(path, fields, base) {
		const url = `${base}/v1/${path}`;
		const body = JSON.stringify(fields);
		const last = open.get(url);
		const sent = last && last.body === body ? last : { body, key: makeKey() };
		const request = {
			method: 'POST',
			headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
			body,
			credentials: 'omit',
			referrerPolicy: 'no-referrer',
			redirect: 'error'
		};
		if (sent.key)
			request.headers['Idempotency-Key'] = sent.key;
		if (AbortSignal.timeout)
			request.signal = AbortSignal.timeout(PATIENCE);
		open.set(url, sent);
		try {
			const answer = await read(path, await fetch(url, request));
			if (answer.error !== UNREACHABLE && !answer.retry_after && open.get(url) === sent)
				open.delete(url);
			return answer;
		} catch {
			return { error: UNREACHABLE };
		}
	}

	// Show a sentence, as text, so that it is read out; an empty one takes the last away.
	function announce(element, sentence) {
		element.setAttribute('role', 'alert');
		element.textContent = sentence;
	}

	// Do with an answer what a page without a handler wants: show the error, or go where the person is expected.
	function finish(kind, answer) {
		const place = document.getElementById(`${kind}-errors`);
		if (place)
			announce(place, answer.error || '');
		if (!answer.error && answer.url)
			location.assign(answer.url);
	}

	// Make a function that calls the API, then the handler; null as handler leaves it all to the promise.
	const caller = (path) => async (source, handler) => {
		const answer = await send(path, fieldsOf(source), known(instance));
		if (handler)
			handler(answer);
		else if (handler === undefined && typeof document === 'object')
			finish(path, answer);
		return answer;
	};

	// ---- forms ----

	// Return where errors of a whole form are shown, which must be there before there is one: only then it is read out.
	function alertOf(form, kind) {
		let element = document.getElementById(`${kind}-errors`) || form.querySelector('[role=alert]');
		if (!element) {
			element = document.createElement('div');
			form.prepend(element);
		}
		announce(element, '');
		return element;
	}

	// Show what is wrong with a field beside it; return what takes that away again.
	function addNote(field, sentences) {
		const note = document.createElement('span');
		const described = field.getAttribute('aria-describedby');
		note.id = `arsignup-error-${++notes}`;
		note.className = 'arsignup-error';
		note.textContent = sentences.join(' ');
		(field.closest('label') || field).after(note);
		field.setAttribute('aria-invalid', 'true');
		field.setAttribute('aria-describedby', described ? `${described} ${note.id}` : note.id);
		return () => {
			note.remove();
			field.removeAttribute('aria-invalid');
			if (described === null)
				field.removeAttribute('aria-describedby');
			else
				field.setAttribute('aria-describedby', described);
		};
	}

	// Tell the API's address and what a form is for by its action, where it goes without JavaScript.
	function targetOf(form, kind) {
		const action = new URL(form.getAttribute('action') || '', document.baseURI);
		const parts = /^(.*)\/(signup|login)\/?$/.exec(action.origin + action.pathname) || [];
		if (!kind && !parts[2])
			throw new Error('the form\'s action does not end in /signup or /login, and no kind is given');
		return { base: parts[1], kind: kind || parts[2] };
	}

	// Have a form sent by the API instead of by the browser.
	function enhance(element, { kind: given, handler } = {}) {
		const form = unwrap(element);
		const { base, kind } = targetOf(form, given);
		const place = alertOf(form, kind);
		let undo = [];
		let buttons = [];

		// Close the form to a second click, or open it again.
		function setBusy(busy) {
			form.setAttribute('aria-busy', busy);
			if (busy)
				buttons = [...form.elements].filter((control) => control.type === 'submit' && !control.disabled);
			buttons.forEach((button) => { button.disabled = busy; });
		}

		// Show what is wrong and lead there; without a faulty field, back to where the person was.
		function showFaults({ error, errors }, last) {
			const faulty = [...form.elements].filter((field) =>
				field.type !== 'hidden' && errors && Array.isArray(errors[field.name]));
			announce(place, error);
			undo = faulty.map((field) => addNote(field, errors[field.name]));
			if (faulty[0] || document.activeElement === document.body)
				(faulty[0] || last).focus();
		}

		// Send the form, once at a time.
		async function submit(event) {
			if (event.defaultPrevented)
				return;
			event.preventDefault();
			if (form.getAttribute('aria-busy') === 'true')
				return;
			const address = known(instance ?? base);
			const last = document.activeElement;
			setBusy(true);
			undo.forEach((restore) => restore());
			undo = [];
			announce(place, '');
			const answer = await send(kind, fieldsOf(form), address);
			if (answer.error || handler || !answer.url)
				setBusy(false);
			if (answer.error)
				showFaults(answer, last);
			else if (handler)
				handler(answer);
			else if (answer.url)
				location.assign(answer.url);
		}

		form.addEventListener('submit', submit);
		// Who comes back by the browser's button finds the form as it was when it was left, that is busy.
		addEventListener('pageshow', (event) => event.persisted && setBusy(false));
	}

	// ---- what pages call ----

	return {
		// Set the address of the app's pages, with or without /v1/.
		setInstanceUrl(url) {
			instance = String(url).replace(/\/*$/, '').replace(/\/v1$/, '').replace(/\/*$/, '');
		},
		signup: caller('signup'),
		authenticate: caller('login'),
		logout: async (token) => send('logout', { token }, known(instance)),
		enhance
	};
});
