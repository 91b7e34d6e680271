// browser.mjs - Debian's Chromium, headless, driven by playwright-core; every page seen is held against axe's WCAG
// rules by seen(). Mostly it is chromium-headless-shell: the same engine without the windows, menus and services around it,
// for half of the processor's time. `whole` asks for all of Chromium, where these matter: a customer's whole way, files that
// are saved, security keys.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';

const axeSource = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

export class Browser {
	static running = new Set();

	static async start({ whole = false, ...options } = {}) {
		const browser = new Browser();
		Browser.running.add(browser);
		browser.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mct-chromium-'));
		browser.violations = [];
		browser.errors = [];
		const launch = (chromiumSandbox) => chromium.launchPersistentContext(browser.dir, {
			executablePath: process.env.CHROMIUM ?? (whole ? '/usr/bin/chromium' : '/usr/bin/chromium-headless-shell'),
			headless: true,
			chromiumSandbox,
			locale: 'en-GB',
			viewport: { width: 1200, height: 900 },
			args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
				'--disable-component-update', '--disable-sync'],
			...options,
		});
		// Root has no sandbox, nor has a container that forbids user namespaces; our own pages need none.
		browser.context = await (process.getuid() === 0 ? launch(false) : launch(true).catch(() => launch(false)));
		browser.context.setDefaultTimeout(15000);
		browser.page = browser.context.pages()[0] ?? await browser.context.newPage();
		browser.page.on('pageerror', (error) => browser.errors.push(`${browser.page.url()}: ${error.message}`));
		browser.page.on('console', (message) => {
			// An answer of 422 or 410 is meant, and Chromium writes a line for each.
			if (message.type() === 'error' && !/status of 4(04|10|22)/.test(message.text()))
				browser.errors.push(`${browser.page.url()}: ${message.text()}`);
		});
		process.on('exit', () => fs.rmSync(browser.dir, { recursive: true, force: true }));
		return browser;
	}

	// What axe finds on a page, a line each.
	static async axe(page, name) {
		if (!await page.evaluate('"axe" in window'))
			await page.evaluate(axeSource);
		// Nothing to preload: that is for recorded sound, and our pages have none.
		const { violations } = await page.evaluate((tags) => window.axe.run(document,
			{ runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'], preload: false }), AXE_TAGS);
		return violations.flatMap((violation) => violation.nodes.map((node) =>
			`${name}: ${violation.id}: ${node.html.slice(0, 200)}: ${node.failureSummary}`));
	}

	// Look at the page that is open: keep what axe finds, and a picture when PICTURES names a folder.
	async seen(name) {
		this.violations.push(...await Browser.axe(this.page, name));
		if (process.env.PICTURES) {
			fs.mkdirSync(process.env.PICTURES, { recursive: true });
			await this.page.screenshot({ path: path.join(process.env.PICTURES, `${name}.png`), fullPage: true });
		}
	}

	// Press the last submit button of the form that holds `inside`: the one that goes on.
	async goOn(inside) {
		await this.page.locator('form', { has: this.page.locator(inside) })
			.locator('button[type=submit]').last().click();
	}

	path() {
		return new URL(this.page.url()).pathname;
	}

	async stop() {
		Browser.running.delete(this);
		await this.context?.close();
	}
	// Also those that a failed test left open.
	static async stopAll() {
		for (const browser of Browser.running)
			await browser.stop();
	}
}
