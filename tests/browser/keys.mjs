/* keys.mjs - key pairs and CSRs made in the browser: on /tools and in step 3 of the activation. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { download, makeKey, openStage, openssl, refusal, verifiedRequest } from "./lib/stage.mjs";

const KEY_PAGE = "/certificates/0000123456/b01/activation/key";
const PASSWORD = "corect horse 7%";
const KINDS = {
	rsa_2048: ["2048 bit", "sha256WithRSAEncryption"],
	rsa_3072: ["3072 bit", "sha256WithRSAEncryption"],
	rsa_4096: ["4096 bit", "sha256WithRSAEncryption"],
	p_256: ["NIST CURVE: P-256", "ecdsa-with-SHA256"],
	p_384: ["NIST CURVE: P-384", "ecdsa-with-SHA384"],
};

let stage;
before(async () => {
	stage = await openStage();
});
after(() => stage.close());

/* Everything kept in IndexedDB, as text. */
function keptText(page) {
	return page.evaluate(() => new Promise((resolve, reject) => {
		const opened = indexedDB.open("mailcert-keys", 1);
		opened.onupgradeneeded = () => opened.result.createObjectStore("keys", { keyPath: "id" });
		opened.onerror = () => reject(opened.error);
		opened.onsuccess = () => {
			const all = opened.result.transaction("keys").objectStore("keys").getAll();
			all.onsuccess = () => resolve(JSON.stringify(all.result));
		};
	}));
}

/* A browser that knows nothing yet. */
async function freshPage(path) {
	const context = await stage.browser.newContext({ acceptDownloads: true });
	return stage.page(path, context);
}

for (const [kind, [size, signature]] of Object.entries(KINDS)) {
	test(`${kind}: the CSR is signed by its key, the key file opens with the password`, async () => {
		const page = await freshPage("/tools");
		const { key, csr } = await makeKey(page, stage.dir, { kind, password: PASSWORD });
		const { text, good } = verifiedRequest(csr);
		assert.ok(good, text);
		assert.ok(text.includes(size), text);
		assert.ok(text.includes(`Signature Algorithm: ${signature}`), text);
		assert.match(text, /email:joe@example\.com/);
		const halves = [
			openssl(["pkey", "-in", key, "-passin", `pass:${PASSWORD}`, "-pubout"]),
			openssl(["req", "-in", csr, "-noout", "-pubkey"]),
		];
		assert.equal(halves[0], halves[1]);
		const plain = openssl(["pkcs8", "-in", key, "-passin", `pass:${PASSWORD}`]);
		assert.throws(() => openssl(["pkcs8", "-in", key, "-passin", "pass:another"]));
		const scheme = openssl(["asn1parse", "-in", key]);
		for (const part of ["PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc", ":0927C0"])
			assert.ok(scheme.includes(part), `${part} in\n${scheme}`);
		stage.assertKept([PASSWORD, plain, readFileSync(key, "utf8")]);
		await page.context().close();
	});
}

test("a CSR whose signature is wrong would have been told", async () => {
	const page = await freshPage("/tools");
	const { csr } = await makeKey(page, stage.dir, { password: PASSWORD });
	const lines = readFileSync(csr, "utf8").trim().split("\n");
	const der = Buffer.from(lines.slice(1, -1).join(""), "base64");
	der[der.length - 1] ^= 1;
	const broken = join(stage.dir, "broken.csr");
	writeFileSync(broken, der);
	assert.equal(verifiedRequest(broken, "-inform", "DER").good, false);
	await page.context().close();
});

test("a password is asked for, and twice the same, in letters every program reads alike", async () => {
	const page = await freshPage("/tools");
	const title = await page.title();
	assert.match(await refusal(page, "[data-generator]", "#key_make"), /Enter a password/);
	assert.equal(await page.title(), `Error: ${title}`);
	assert.equal(await page.getAttribute("#key_password", "aria-invalid"), "true");
	assert.match(await page.getAttribute("#key_password", "aria-describedby"), /key_password-hint key_password-error/);
	await page.click("[data-generator] .error-summary a");
	assert.ok(await page.locator("#key_password").evaluate((node) => node === document.activeElement));
	await page.fill("#key_password", "one");
	await page.fill("#key_again", "two");
	assert.match(await refusal(page, "[data-generator]", "#key_make"), /not the same/);
	assert.equal(await page.getAttribute("#key_password", "aria-invalid"), null);
	await page.fill("#key_password", "zażółć");
	await page.fill("#key_again", "zażółć");
	assert.match(await refusal(page, "[data-generator]", "#key_make"), /letters without accents/);
	await page.fill("#key_email", "joe");
	assert.match(await refusal(page, "[data-generator]", "#key_make"), /e-mail address like/);
	assert.equal(await page.locator("#key_made").isHidden(), true);
	await page.context().close();
});

test("by keyboard alone: from the password to the saved file", async () => {
	const page = await freshPage(KEY_PAGE);
	await page.focus("#key_kind-rsa_3072");
	for (let i = 0; i < 3; i++)
		await page.keyboard.press("ArrowDown");
	await page.keyboard.press("Tab");
	await page.keyboard.type(PASSWORD);
	await page.keyboard.press("Tab");
	await page.keyboard.type(PASSWORD);
	await page.keyboard.press("Enter");
	await page.waitForSelector("#key_made:not([hidden])");
	assert.equal(await page.evaluate(() => document.activeElement.id), "key_made");
	await page.keyboard.press("Tab");
	assert.equal(await page.evaluate(() => document.activeElement.id), "key_save");
	const [saved] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
	assert.equal(saved.suggestedFilename(), "joe.o-doe.key");
	assert.equal(await page.textContent("[data-out=key]"), "EC P-256");
	await page.context().close();
});

test("Next waits until there is a key and its file was saved; then it sends the CSR and nothing else", async () => {
	const page = await freshPage(KEY_PAGE);
	const next = "[data-send-csr] .buttons button[type=submit]";
	const before = stage.requests.length;
	assert.match(await refusal(page, "[data-send-csr]", next), /Make the key and the CSR first/);
	await page.fill("#key_password", PASSWORD);
	await page.fill("#key_again", PASSWORD);
	await page.check("#key_kind-p_256");
	await page.click("#key_make");
	await page.waitForSelector("#key_made:not([hidden])");
	assert.match(await refusal(page, "[data-send-csr]", next), /Save the key file first/);
	assert.ok(stage.requests.slice(before).every(({ method }) => method === "GET"));
	const { path } = await download(page, "#key_save", stage.dir);
	await Promise.all([page.waitForURL("**/tools"), page.click(next)]);
	const posts = stage.requests.slice(before).filter(({ method }) => method === "POST");
	assert.equal(posts.length, 1);
	assert.equal(posts[0].url, KEY_PAGE);
	assert.deepEqual([...posts[0].body.matchAll(/name="([^"]*)"/g)].map((found) => found[1]), ["form_token", "csr"]);
	const csr = /-----BEGIN CERTIFICATE REQUEST-----[\s\S]*-----END CERTIFICATE REQUEST-----/.exec(posts[0].body)[0];
	const file = join(stage.dir, "posted.csr");
	writeFileSync(file, csr.replace(/\r/g, ""));
	assert.ok(verifiedRequest(file).good);
	assert.equal(openssl(["req", "-in", file, "-noout", "-pubkey"]),
		openssl(["pkey", "-in", path, "-passin", `pass:${PASSWORD}`, "-pubout"]));
	assert.match(openssl(["req", "-in", file, "-noout", "-subject"]), /joe\.o'doe@example\.com/);
	stage.assertKept([PASSWORD, readFileSync(path, "utf8"), openssl(["pkcs8", "-in", path, "-passin", `pass:${PASSWORD}`])]);
	await page.context().close();
});

test("a key kept in this browser can be taken again for its order; what is kept is encrypted", async () => {
	const page = await freshPage(KEY_PAGE);
	const { key } = await makeKey(page, stage.dir, { password: PASSWORD });
	const kept = await keptText(page);
	assert.match(kept, /BEGIN ENCRYPTED PRIVATE KEY/);
	assert.ok(!kept.includes(PASSWORD) && !/BEGIN (RSA |EC )?PRIVATE KEY/.test(kept));
	await page.reload();
	await page.waitForSelector("[data-kept-key]:not([hidden])");
	assert.match(await page.innerText("[data-kept-key]"), /EC P-256, made \d{4}-\d\d-\d\d \d\d:\d\d UTC/);
	await page.click("[data-use-kept]");
	const again = await download(page, "#key_save", stage.dir);
	assert.equal(readFileSync(again.path, "utf8"), readFileSync(key, "utf8"));
	assert.match(await page.inputValue("[name=csr]"), /BEGIN CERTIFICATE REQUEST/);
	await page.context().close();
});

test("a key made again: the one before is out of reach from the press on, so file and CSR belong together", async () => {
	const page = await freshPage("/tools");
	await makeKey(page, stage.dir, { kind: "p_256", password: PASSWORD });
	const session = await page.context().newCDPSession(page);
	await session.send("Emulation.setCPUThrottlingRate", { rate: 6 });
	await page.check("#key_kind-rsa_3072");
	await page.fill("#key_password", PASSWORD);
	await page.fill("#key_again", PASSWORD);
	const shown = await page.evaluate(() => {
		document.getElementById("key_make").click();
		return !document.getElementById("key_made").hidden;
	});
	assert.equal(shown, false);
	await page.waitForSelector("#key_made:not([hidden])", { timeout: 120_000 });
	const key = await download(page, "#key_save", stage.dir), csr = await download(page, "#csr_save", stage.dir);
	assert.match(openssl(["req", "-in", csr.path, "-noout", "-text"]), /3072 bit/);
	assert.equal(openssl(["pkey", "-in", key.path, "-passin", `pass:${PASSWORD}`, "-pubout"]),
		openssl(["req", "-in", csr.path, "-noout", "-pubkey"]));
	await page.context().close();
});

test("nothing is kept when the person does not want it", async () => {
	const page = await freshPage("/tools");
	await makeKey(page, stage.dir, { password: PASSWORD, keep: false });
	assert.equal(await keptText(page), "[]");
	await page.context().close();
});

test("leaving with a key that is nowhere else is asked about; with a saved one it is not", async () => {
	const page = await freshPage("/tools");
	const asked = [];
	page.on("dialog", (dialog) => {
		asked.push(dialog.type());
		dialog.dismiss();
	});
	await page.check("#key_kind-p_256");
	await page.fill("#key_password", PASSWORD);
	await page.fill("#key_again", PASSWORD);
	await page.uncheck("#key_keep");
	await page.click("#key_make");
	await page.waitForSelector("#key_made:not([hidden])");
	await page.close({ runBeforeUnload: true });
	await page.waitForTimeout(500);
	assert.deepEqual(asked, ["beforeunload"]);
	await download(page, "#key_save", stage.dir);
	await Promise.all([page.waitForEvent("close"), page.close({ runBeforeUnload: true })]);
	assert.equal(asked.length, 1);
	await page.context().close();
});

test("an order with a good CSR from before goes on with Next at once", async () => {
	const page = await freshPage(`${KEY_PAGE}-again`);
	const before = stage.requests.length;
	await Promise.all([page.waitForURL("**/tools"), page.click("[data-send-csr] .buttons button[type=submit]")]);
	const post = stage.requests.slice(before).find(({ method }) => method === "POST");
	assert.match(post.body, /earlier request/);
	await page.context().close();
});

test("no page broke the Content-Security-Policy or threw", () => {
	assert.deepEqual(stage.violations, []);
});
