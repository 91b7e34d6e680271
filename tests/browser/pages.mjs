/* pages.mjs - the pages with key tools themselves: accessible, still, narrow, without scripts, in both languages. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { makeKey, openStage, openssl, refusal, ROOT, wordsOf } from "./lib/stage.mjs";

const ORDER = "/certificates/0000123456/b01";
const PAGES = ["/tools", `${ORDER}/activation/key`, `${ORDER}/activation/key-again`, ORDER];
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

let stage;
before(async () => {
	stage = await openStage();
});
after(() => stage.close());

async function axe(page) {
	await page.evaluate(readFileSync(AXE, "utf8"));
	const found = await page.evaluate((values) => axe.run({ runOnly: { type: "tag", values } }), RULES);
	return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
}

async function openAll(page) {
	for (const summary of await page.locator("details:not([open]) > summary").all())
		if (await summary.isVisible())
			await summary.click();
}

for (const colorScheme of ["light", "dark"]) {
	for (const width of [320, 1280]) {
		test(`axe finds nothing and nothing is wider than the screen: ${colorScheme}, ${width} px`, async () => {
			const context = await stage.browser.newContext({ colorScheme, viewport: { width, height: 900 } });
			for (const path of PAGES) {
				const page = await stage.page(path, context);
				await openAll(page);
				assert.deepEqual(await axe(page), [], path);
				const wide = await page.evaluate(() => document.documentElement.scrollWidth);
				assert.ok(wide <= width, `${path} is ${wide} px wide`);
				await page.close();
			}
			await context.close();
		});
	}
}

test("axe finds nothing with faults and results shown", async () => {
	const context = await stage.browser.newContext({ viewport: { width: 320, height: 900 } });
	const page = await stage.page("/tools", context);
	await refusal(page, "[data-generator]", "#key_make");
	await refusal(page, "[data-builder]", "#pfx_make");
	assert.deepEqual(await axe(page), []);
	const { csr } = await makeKey(page, stage.dir, { password: "secret words" });
	await page.fill("#viewer_text", readFileSync(csr, "utf8"));
	await page.waitForSelector("#viewer_shown .card");
	assert.deepEqual(await axe(page), []);
	assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 320);
	await context.close();
});

test("nothing jumps while a page loads", async () => {
	for (const path of PAGES) {
		const page = await stage.page(path);
		await page.waitForTimeout(500);
		const shift = await page.evaluate(() => new Promise((resolve) => {
			let sum = 0;
			new PerformanceObserver((list) => {
				for (const entry of list.getEntries())
					sum += entry.value;
			}).observe({ type: "layout-shift", buffered: true });
			setTimeout(() => resolve(sum), 200);
		}));
		assert.equal(shift, 0, path);
		await page.close();
	}
});

test("a page loads little; the library comes when somebody begins to work", async () => {
	const context = await stage.browser.newContext();
	const page = await stage.page("/tools", context);
	await page.waitForTimeout(200);
	const loaded = () => page.evaluate(() => performance.getEntriesByType("resource").map(({ name, decodedBodySize }) =>
		[new URL(name).pathname, decodedBodySize]));
	const first = await loaded();
	assert.ok(first.every(([name]) => !name.includes("/keys-")), String(first));
	const gzipped = first.map(([name]) => statSync(join(ROOT, "build/assets", `${name}.gz`)).size)
		.reduce((sum, size) => sum + size, 0);
	assert.ok(gzipped < 30_000, `${gzipped} bytes`);
	await page.focus("#key_password");
	await page.waitForFunction(() => performance.getEntriesByType("resource").some(({ name }) => name.includes("/keys-")));
	await context.close();
});

test("without JavaScript: commands instead of tools, and a field for the CSR", async () => {
	const context = await stage.browser.newContext({ javaScriptEnabled: false });
	const tools = await stage.page("/tools", context);
	assert.equal(await tools.locator("[data-generator]").isVisible(), false);
	assert.equal(await tools.locator("[data-builder]").isVisible(), false);
	assert.equal(await tools.locator("[data-viewer]").isVisible(), false);
	assert.ok(await tools.getByText("These tools need JavaScript").isVisible());
	assert.equal(await tools.locator(".card > details pre.command").count(), 8);
	const page = await stage.page(PAGES[1], context);
	assert.equal(await page.locator("[data-generator]").isVisible(), false);
	assert.equal(await page.getByRole("link", { name: "Choose another generation method" }).getAttribute("href"),
		`${ORDER}/activation/method`);
	await page.fill("[name=csr]", "made by hand");
	const before = stage.requests.length;
	await Promise.all([page.waitForURL("**/tools"), page.click("[data-send-csr] .buttons button")]);
	assert.match(stage.requests.slice(before).find(({ method }) => method === "POST").body, /made by hand/);
	await context.close();
});

test("without a secure address the page falls back to the same", async () => {
	const page = await stage.page("/tools");
	await page.goto(stage.insecureBase + PAGES[1]);
	await page.waitForSelector("html.no-keys");
	assert.equal(await page.locator("[data-generator]").isVisible(), false);
	assert.equal(await page.locator("[name=csr]").isVisible(), true);
	await page.close();
});

test("the printed commands work in a shell as they stand, whatever is in the address", async () => {
	const page = await stage.page(PAGES[1]);
	const commands = await page.locator("[data-send-csr] pre code").allTextContents();
	assert.equal(commands.length, 3);
	for (const command of commands.slice(0, 2)) {
		execFileSync("sh", ["-c", `${command} -passout pass:x`], { cwd: stage.dir, stdio: "ignore" });
		assert.equal(openssl(["req", "-in", join(stage.dir, "joe.o-doe.csr"), "-noout", "-subject"]).trim(),
			"subject=emailAddress = joe.o'doe@example.com");
		execFileSync("sh", ["-c", commands[2]], { cwd: stage.dir, stdio: "ignore" });
	}
	await page.close();
});

test("the printed PFX commands work too", async () => {
	const page = await stage.page("/tools");
	const commands = await page.locator("#pfx pre code").allTextContents();
	openssl(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", join(stage.dir, "mailbox.key"), "-out",
		join(stage.dir, "mailbox.pem"), "-subj", "/CN=x"]);
	openssl(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", join(stage.dir, "c.key"), "-out",
		join(stage.dir, "chain.pem"), "-subj", "/CN=c"]);
	assert.equal(commands.length, 2);
	for (const command of commands)
		execFileSync("sh", ["-c", `${command} -passout pass:x`], { cwd: stage.dir, stdio: "ignore" });
	const info = (file) => execFileSync("sh", ["-c", `openssl pkcs12 -in ${file} -passin pass:x -info -noout 2>&1`],
		{ cwd: stage.dir, encoding: "utf8" });
	assert.match(info("mailbox.p12"), /MAC: sha256[\s\S]*AES-256-CBC/);
	assert.match(info("mailbox-older.p12"), /MAC: sha1[\s\S]*pbeWithSHA1And3-KeyTripleDES-CBC/);
	await page.close();
});

/* Keys of words in the scripts: say("js.x"), "js.x" by choice, Fault("x"), and the tables of the viewer. */
function usedByScripts() {
	const folder = join(ROOT, "nginx/browser");
	const source = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8")).join("\n");
	const all = (pattern, prefix) => [...source.matchAll(pattern)].map((found) => prefix + found[1]);
	const viewer = readFileSync(join(folder, "describe.js"), "utf8");
	const facts = [...viewer.matchAll(/\["([a-z0-9_]+)",\s/g)].map((found) => `fact.${found[1]}`);
	return new Set([
		...all(/"((?:js|fault)\.[a-z0-9_]+)"/g, ""),
		...all(/new Fault\("([a-z0-9_]+)"/g, "fault."),
		...all(/return "(password_empty)"/g, "fault."), ...all(/: "(password_ascii)"/g, "fault."),
		...all(/kind: "([a-z0-9_]+)"/g, "kind."), ...all(/verdict: "([a-z0-9_]+)"/g, "verdict."),
		...all(/good \? "(signature_good)"/g, "verdict."), ...all(/: "(signature_bad)"/g, "verdict."),
		...all(/sealedKey\("([a-z0-9_]+)"/g, "verdict."), ...facts,
	]);
}

for (const language of ["en", "pl"]) {
	test(`every word the scripts ask for is there, and no other: ${language}`, () => {
		const words = wordsOf(language).filter((key) => /^(js|fault|fact|kind|verdict)\./.test(key));
		const used = usedByScripts();
		assert.deepEqual([...used].filter((key) => !words.includes(key)), [], "missing");
		assert.deepEqual(words.filter((key) => !used.has(key)), [], "not used");
	});
}

test("in Polish the page and its scripts speak Polish", async () => {
	const page = await stage.page("/tools?lang=pl");
	assert.match(await refusal(page, "[data-generator]", "#key_make"), /Wpisz hasło/);
	assert.match(await page.locator("[data-generator] .error-summary h2").innerText(), /Wystąpił problem/);
	await page.close();
});

test("no page broke the Content-Security-Policy or threw", () => {
	assert.deepEqual(stage.violations, []);
});
