// What arsignup.d.ts must let pass, and what not. Compiled, never run.
import AuthRocketDefault, { authenticate, enhance, logout, setInstanceUrl, signup } from 'arsignup';
import type { Answer, Fields, Handler, Success } from 'arsignup';

const handler: Handler = (answer) => {
	if (answer.error !== undefined) {
		const sentence: string = answer.error;
		const ofEmail: string[] | undefined = answer.errors?.email;
		const seconds: number | undefined = answer.retry_after;
		console.log(sentence, ofEmail, seconds);
	} else {
		location.assign(answer.url);
	}
};

export async function page(form: HTMLFormElement, query: { jquery: string; [index: number]: Element }): Promise<string> {
	const fields: Fields = { email: 'ada@example.com', password: 'p', plan: 'gold' };
	setInstanceUrl('https://auth.example.com/shop/');
	setInstanceUrl(new URL('https://auth.example.com/shop/v1/'));
	await signup(fields, handler);
	await signup(form);
	await signup(query, null);
	await authenticate(new FormData(form));
	enhance(form);
	enhance(query, { kind: 'login', handler: (success: Success) => console.log(success.token?.length) });
	const answer: Answer = await AuthRocketDefault.authenticate(new URLSearchParams('email=a'), null);
	if (answer.error !== undefined)
		return answer.error;
	if (answer.token === null)
		return answer.url;
	const ended = await logout(answer.token);
	return ended.error ?? answer.url;
}

// @ts-expect-error: fields are no string
void signup('email=ada@example.com');
// @ts-expect-error: an email is no number
void signup({ email: 1 });
// @ts-expect-error: the answer must be looked into first
void signup({}).then((answer) => answer.token.length);
// @ts-expect-error: a token may be null
enhance(document.forms[0]!, { handler: (success) => console.log(success.token.length) });
// @ts-expect-error: there is no such kind
enhance(document.forms[0]!, { kind: 'register' });
