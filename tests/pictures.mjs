// pictures.mjs - pictures of every page and state, in both languages, on a phone and a desktop, light and dark:
// node tests/pictures.mjs FOLDER makes FOLDER/<page>-<language>-<width>-<scheme>.png, index.html that shows them and
// weights.txt, what each page weighs over the wire with its styles and scripts and nothing kept from before; what comes
// later, when somebody asks for it (the library that makes keys), is told apart. Fails when a page of a customer weighs
// too much.
import fs from 'node:fs';
import path from 'node:path';
import { Browser } from './lib/browser.mjs';
import { Stack } from './lib/stack.mjs';
import { CUSTOMER_PARTS, ORDERS, PANEL_PARTS, Walk, ZONE } from './lib/walk.mjs';

const LANGUAGES = ['en', 'pl'];
const WIDTHS = [360, 1280];
const SCHEMES = ['light', 'dark'];
const WEIGHT_MOST = 40000; // bytes over the wire, answers' headers included

const folder = path.resolve(process.argv[2] ?? 'build/pictures');
fs.rmSync(folder, { recursive: true, force: true });
fs.mkdirSync(folder, { recursive: true });
const pictures = new Map(); // page: files
const weights = []; // { page, language, bytes, later, parts }

// Count what comes for the document that a page shows now: from its own request on, redirects before it left out. What
// is asked for after the page's load event is not part of the page.
async function weigh(page) {
	const session = await page.context().newCDPSession(page);
	const loads = new Map();
	let loaded = false;
	await session.send('Network.enable');
	await session.send('Page.enable');
	await session.send('Network.setCacheDisabled', { cacheDisabled: true });
	session.on('Network.requestWillBeSent', ({ requestId, loaderId, request, type }) => {
		if (requestId === loaderId && type === 'Document')
			loads.clear();
		loaded &&= type !== 'Document';
		loads.set(requestId, { url: request.url, bytes: 0, later: loaded });
	});
	session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
		if (loads.has(requestId))
			loads.get(requestId).bytes = encodedDataLength;
	});
	session.on('Page.loadEventFired', () => { loaded = true; });
	return loads;
}

const short = (url) => (url.startsWith('http') ? new URL(url).pathname : 'data').replace(/[\w-]{43}$/, '...');

function weightKeep(name, language, loads) {
	const parts = [...loads.values()].filter(({ bytes }) => bytes > 0);
	const sum = (some) => some.reduce((total, part) => total + part.bytes, 0);
	weights.push({
		page: name, language, bytes: sum(parts.filter((part) => !part.later)), later: sum(parts.filter((part) => part.later)),
		parts: parts.map((part) => `${short(part.url)} ${part.bytes}${part.later ? ' (later)' : ''}`),
	});
}

async function picture(name, language, page) {
	const files = [];
	await page.evaluate(() => scrollTo(0, 0));
	for (const width of WIDTHS) {
		await page.setViewportSize({ width, height: width < 600 ? 780 : 900 });
		for (const colorScheme of SCHEMES) {
			const file = `${name}-${language}-${width}-${colorScheme}.png`;
			await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
			await page.screenshot({ path: path.join(folder, file), fullPage: true });
			files.push(file);
		}
	}
	pictures.set(name, [...pictures.get(name) ?? [], ...files]);
}

function indexWrite() {
	const rows = [...pictures].map(([name, files]) => `<section><h2 id="${name}">${name}</h2>\n${files.map((file) =>
		`<a href="${file}"><img src="${file}" alt="${file}" loading="lazy" height="320"></a>`).join('\n')}</section>`);
	fs.writeFileSync(path.join(folder, 'index.html'), `<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Pictures of every page</title>
<h1>Pictures of every page</h1>
<p>${pictures.size} pages and states; their weights are in <a href="weights.txt">weights.txt</a>.</p>
${rows.join('\n')}
</html>
`);
}

function weightsWrite() {
	weights.sort((a, b) => b.bytes - a.bytes);
	const lines = weights.map(({ page, language, bytes, later, parts }) =>
		`${String(bytes).padStart(7)} ${String(later).padStart(7)}  ${page} ${language}: ${parts.join(', ')}\n`);
	fs.writeFileSync(path.join(folder, 'weights.txt'), `  bytes   later  page\n${lines.join('')}`);
}

const stack = await Stack.start({
	name: 'pictures', orders: LANGUAGES.length * ORDERS, zone: ZONE,
	settings: { 'Mail.PollMs': 50, 'Signer.PollMs': 100 },
});
for (const language of LANGUAGES) {
	const scales = new Map();
	const walk = await Walk.start({
		stack, language,
		see: async (name, { page }) => {
			weightKeep(name, language, scales.get(page));
			await picture(name, language, page);
		},
	});
	for (const page of [walk.page, walk.holder.page])
		scales.set(page, await weigh(page));
	for (const part of [...CUSTOMER_PARTS, ...PANEL_PARTS, ...language === LANGUAGES.at(-1) ? ['nginxPages'] : []])
		await walk[part]();
	await walk.stop();
}
await Browser.stopAll();
stack.stopNow();
indexWrite();
weightsWrite();

const heavy = weights.filter(({ page, bytes }) => !page.startsWith('partner_') && bytes > WEIGHT_MOST);
console.log(`${pictures.size} pages and states in ${folder}; the heaviest weighs ${weights[0].bytes} bytes (${weights[0].page})`);
for (const { page, language, bytes } of heavy)
	console.error(`too heavy, more than ${WEIGHT_MOST} bytes: ${page} in ${language}: ${bytes}`);
process.exit(heavy.length > 0 ? 1 : 0);
