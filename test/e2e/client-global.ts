// The same as a global, on a page that loads arsignup.js by a plain <script>.
/// <reference types="arsignup" />
AuthRocket.setInstanceUrl('https://auth.example.com/shop');
AuthRocket.signup({ email: 'ada@example.com' }, (answer) => {
	const sentence: string | undefined = answer.error;
	document.title = sentence ?? '';
});
// @ts-expect-error: there is no such function
AuthRocket.register({});
