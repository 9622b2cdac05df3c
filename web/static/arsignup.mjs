// The module face of arsignup.js. Browsers, Node and bundlers all run that file, each in its way, and then find its global.
import './arsignup.js';

export const { setInstanceUrl, signup, authenticate, logout, enhance } = globalThis.AuthRocket;
export default globalThis.AuthRocket;
