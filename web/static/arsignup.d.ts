/// <reference lib="dom" />
// Types of arsignup.js, for modules and, as namespace AuthRocket, for pages that load it by a plain <script>.

export as namespace AuthRocket;

/** What the API knows of; it ignores other names. */
export interface Fields {
	username?: string;
	email?: string;
	email_confirmation?: string;
	password?: string;
	password_confirmation?: string;
	first_name?: string;
	last_name?: string;
	org_name?: string;
	[name: string]: unknown;
}

/** A jQuery object of a form, as far as it matters here. */
export interface FormQuery {
	readonly jquery: string;
	readonly [index: number]: Element;
}

/** Where fields are taken from. */
export type Source = Fields | HTMLFormElement | FormData | URLSearchParams | FormQuery;

/** The person is signed up or logged in. */
export interface Success {
	error?: undefined;
	errors?: undefined;
	/** The login token, a JWT, or in mode signup_token the signup token, `utk_…`; null where the app's logins are switched off. */
	token: string | null;
	/** The app's handler with the token: where the person goes next. Always of http or https. */
	url: string;
}

/** Nothing has happened, or nobody knows because the connection broke. */
export interface Failure {
	/** What to tell the person; show it as text. */
	error: string;
	/** What is wrong with which field. */
	errors?: { [name: string]: string[] };
	/** After how many seconds it is worth trying again. */
	retry_after?: number;
	token?: undefined;
	url?: undefined;
}

/** What became of a call; `error` tells which of the two it is. */
export type Answer = Success | Failure;

/** Is given the answer, whatever it is. */
export type Handler = (answer: Answer) => void;

/** Set the address of the app's hosted pages, with or without `/v1/`. */
export function setInstanceUrl(url: string | URL): void;

/**
 * Sign up. Without a handler the error is shown in `#signup-errors`, or the browser goes to the answer's `url`; with null
 * nothing is done and the promise is all. The promise is kept also where the answer is an error.
 */
export function signup(fields: Source, handler?: Handler | null): Promise<Answer>;

/** Log in; as `signup`, with `#login-errors`. */
export function authenticate(fields: Source, handler?: Handler | null): Promise<Answer>;

/** End the session of a login token. */
export function logout(token: string): Promise<{ error?: string; retry_after?: number }>;

export interface EnhanceOptions {
	/** What the form is for; by default what its action ends in. */
	kind?: 'signup' | 'login';
	/** What to do in place of going to the answer's `url`. */
	handler?: (answer: Success) => void;
}

/**
 * Have a form sent by the API: with the button out of reach meanwhile, what is wrong beside the fields and read out, and the
 * focus on the first of them. The API is where `setInstanceUrl` says, else where the form's action leads.
 */
export function enhance(form: HTMLFormElement | FormQuery, options?: EnhanceOptions): void;
