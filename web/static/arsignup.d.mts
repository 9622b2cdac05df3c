// Types of arsignup.mjs, which has what arsignup.js has, and all of it as its default.

import * as AuthRocket from './arsignup.js';

export * from './arsignup.js';
export default AuthRocket;
