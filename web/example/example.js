// Without this file, or without JavaScript, the forms lead to arsignup's own pages.
for (const form of document.querySelectorAll('form'))
	AuthRocket.enhance(form);
