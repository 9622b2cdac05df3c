// Takes the pictures; scripts/screenshots starts what it needs and says where it is.
'use strict';

const { chromium } = require('playwright-core');

const { BASE_URL, CHROMIUM } = process.env;
const [, , directory] = process.argv;
const pages = `${BASE_URL}/engines`;

// Each picture: a page in a state, how wide, and in which colours.
const PICTURES = [
	['signup', 320, ['light', 'dark'], (page) => page.goto(`${pages}/signup`)],
	['login', 320, ['light', 'dark'], (page) => page.goto(`${pages}/login`)],
	['faults', 768, ['light'], async (page) => {
		await page.goto(`${pages}/signup`);
		await page.getByLabel('First name').fill('Ada');
		await page.getByLabel('Email').fill('ada@example');
		await page.getByLabel('Password').fill('password1');
		await page.getByRole('button').click();
	}],
];

(async () => {
	const browser = await chromium.launch({ executablePath: CHROMIUM });
	for (const [name, width, schemes, open] of PICTURES) {
		for (const colorScheme of schemes) {
			const context = await browser.newContext({ colorScheme, viewport: { width, height: 640 } });
			const page = await context.newPage();
			await open(page);
			await page.screenshot({ path: `${directory}/${name}-${width}-${colorScheme}.png`, fullPage: true, caret: 'hide' });
			await context.close();
		}
	}
	await browser.close();
})();
