// access.mjs - every page and state held against axe's WCAG 2.2 AA rules, light and dark, at 320 and 1280 px: nothing
// is found, nothing scrolls sideways on a phone or at a zoom of 200 %, nothing moves for who asked for reduced motion, and a form that came back has the focus on its error summary. FULL=1 runs axe on every
// state in each width and scheme (make pictures does); else each width and each scheme is seen once a state.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { Browser } from '../lib/browser.mjs';
import { CUSTOMER_PARTS, ORDERS, PANEL_PARTS, Walk, ZONE } from '../lib/walk.mjs';
import { Stack } from '../lib/stack.mjs';

const FULL = Boolean(process.env.FULL);
const ALL = [[1280, 'light'], [1280, 'dark'], [320, 'light'], [320, 'dark']];
const VIEWS = FULL ? { en: ALL, pl: ALL } : { en: [[1280, 'light'], [320, 'dark']], pl: [[320, 'light']] };
// Walked at the same time. In Polish, where words are longer, the short form goes where most of them stand.
const WALKS = [
	{ language: 'en', parts: CUSTOMER_PARTS },
	{ language: 'en', parts: PANEL_PARTS },
	{ language: 'pl', parts: FULL ? [...CUSTOMER_PARTS, ...PANEL_PARTS] : ['customer', 'mailbox'] },
];

const stack = await Stack.start({
	name: 'access', orders: 2 * ORDERS, zone: ZONE, settings: { 'Mail.PollMs': 50, 'Signer.PollMs': 100 },
});
after(async () => {
	await Browser.stopAll();
	stack.stopNow();
});

let axeRuns = 0;
const states = new Set();

// The focus and the title of a form that came back, before anything else is done to the page.
async function summaryCheck(name, page, language) {
	const findings = [];
	if (!(await page.title()).startsWith(language === 'en' ? 'Error:' : 'Błąd:'))
		findings.push(`${name}: the title is ${await page.title()}`);
	const focused = await page.evaluate(() => document.activeElement?.id);
	if (focused !== 'error-summary')
		findings.push(`${name}: the focus is on "${focused}", not on the error summary`);
	return findings;
}

// What is wider than its window on a phone, at a zoom of 200 %, where 1280 pixels are 640 (WCAG 1.4.4, 1.4.10), and without.
async function fitCheck(name, page) {
	const findings = [];
	for (const width of [320, 640, 1000, 1280]) {
		await page.setViewportSize({ width, height: 900 });
		const wide = await page.evaluate(() => document.documentElement.scrollWidth);
		if (wide > width)
			findings.push(`${name}: ${wide} px wide in a window of ${width} px`);
	}
	return findings;
}

// What would move although the person asked for reduced motion.
async function motionCheck(name, page) {
	await page.emulateMedia({ reducedMotion: 'reduce' });
	return page.evaluate((label) => [...document.querySelectorAll('*')].flatMap((element) => {
		const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(element);
		const still = /^[0s, ]+$/.test(transitionDuration) && animationName === 'none' && scrollBehavior === 'auto';
		return still ? [] : [`${label}: ${element.outerHTML.slice(0, 100)} moves`];
	}), name);
}

// Gives what is wrong with the state that a page shows.
async function see(name, { page, wrong = false, language }) {
	const label = `${name} (${language})`;
	const findings = wrong ? await summaryCheck(label, page, language) : [];
	if (!wrong && await page.locator('#error-summary').count() > 0)
		findings.push(`${label}: an error summary that was not expected`);
	states.add(label);
	findings.push(...await motionCheck(label, page), ...await fitCheck(label, page));
	for (const [width, colorScheme] of VIEWS[language]) {
		await page.setViewportSize({ width, height: 900 });
		await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
		findings.push(...await Browser.axe(page, `${label} ${width} ${colorScheme}`));
		axeRuns++;
	}
	await page.setViewportSize({ width: 1280, height: 900 });
	return findings;
}

const NGINX = 'nginxPages';
const outcomes = new Map(); // walk and part: a promise of what is wrong there

// Walk the parts one after another, whatever comes of each.
async function walkParts(walk, key, parts) {
	for (const part of parts) {
		walk.findings = [];
		const outcome = walk[part]().then(() => walk.findings, (error) => [error.stack, ...walk.findings]);
		outcomes.set(`${key} ${part}`, outcome);
		await outcome;
	}
}

const walks = [];
for (const { language, parts } of WALKS) {
	const walk = await Walk.start({
		stack, language, see: async (name, what) => walk.findings.push(...await see(name, { ...what, language })),
	});
	walks.push({ walk, language, parts });
}
const walked = Promise.all(walks.map(({ walk, language, parts }) => walkParts(walk, language, parts)))
	.then(() => walkParts(walks[0].walk, 'en', [NGINX]));

test('the measure itself: a picture without words, grey on grey, a wide line and a movement are found', async () => {
	const { page } = walks[1].walk.holder;
	await page.setContent(`<html lang="en"><title>t</title><main><h1>t</h1><img src="data:,">
		<p style="color:#888;background:#999">grey</p><p style="width:30rem;transition:color 1s">wide</p></main>`);
	const found = (await Browser.axe(page, 'wrong')).join();
	assert.match(found, /image-alt/);
	assert.match(found, /color-contrast/);
	assert.match((await fitCheck('wrong', page)).join(), /in a window of 320 px$/);
	assert.match((await motionCheck('wrong', page)).join(), /moves/);
	await page.setViewportSize({ width: 1280, height: 900 });
});
test('all is walked', async () => {
	await walked;
});
for (const { language, parts } of [...WALKS, { language: 'en', parts: [NGINX] }]) {
	for (const part of parts) {
		test(`${language}: ${part}: axe finds nothing, nothing scrolls sideways, errors have the focus`, async () => {
			const found = await outcomes.get(`${language} ${part}`);
			assert.equal(found.length, 0, found.join('\n'));
		});
	}
}

test('the browsers had nothing to complain about', () => {
	// 403, 405, 413, 414 and 429 were asked for, and 503 is what the last part is about.
	assert.deepEqual(walks.flatMap(({ walk }) => walk.errors)
		.filter((line) => !/status of (403|405|41[34]|429|503)/.test(line)), []);
});

test('every state was held against the rules', (t) => {
	t.diagnostic(`${states.size} states, ${axeRuns} runs of axe`);
	assert.ok(states.size > 120, `${states.size} states`);
	assert.equal(axeRuns, [...states].reduce((sum, label) => sum + VIEWS[label.slice(-3, -1)].length, 0));
});
