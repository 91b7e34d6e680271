/* pfx.mjs - PFX files made in the browser, opened by OpenSSL, NSS and gpgsm; and what is said when it cannot be. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Ca, buildPfx, fillBuilder, makeKey, openStage, openssl, refusal } from "./lib/stage.mjs";

const ORDER = "/certificates/0000123456/b01";
const KEY_PASSWORD = "key pass phrase";
const PFX_PASSWORD = "Pfx \"p4ss\" $HOME";
const EMAIL = "joe@example.com";
const SIZES = { rsa_2048: /2048 bit/, rsa_3072: /3072 bit/, rsa_4096: /4096 bit/, p_256: /256 bit/, p_384: /384 bit/ };
const KINDS = Object.keys(SIZES);

let stage, ca, foreign;
const made = {}; /* kind: { key, csr, certificate } */

before(async () => {
	stage = await openStage();
	ca = new Ca(stage.dir);
	const page = await stage.page("/tools", await stage.browser.newContext({ acceptDownloads: true }));
	for (const kind of KINDS) {
		const files = await makeKey(page, mkdtempSync(join(stage.dir, "k-")), { kind, password: KEY_PASSWORD });
		assert.match(openssl(["req", "-in", files.csr, "-noout", "-text"]), SIZES[kind]);
		made[kind] = { ...files, certificate: ca.issue(files.csr, kind, EMAIL) };
	}
	openssl(["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", join(stage.dir, "f.key"), "-out", join(stage.dir, "f.csr"),
		"-subj", "/CN=other"]);
	foreign = ca.issue(join(stage.dir, "f.csr"), "foreign", "other@example.com");
	await page.context().close();
}, { timeout: 300_000 });
after(() => stage.close());

async function toolsPage() {
	return stage.page("/tools", await stage.browser.newContext({ acceptDownloads: true }));
}

function chainFiles() {
	return [join(stage.dir, "root.pem"), join(stage.dir, "sub.pem")];
}

/* The whole file as OpenSSL tells it, in one text. */
function pfxText(path, preset, password = PFX_PASSWORD) {
	const legacy = preset === "older" ? ["-legacy"] : [];
	return execFileSync("sh", ["-c", 'exec "$@" 2>&1', "sh", "openssl", "pkcs12", ...legacy, "-in", path, "-passin",
		`pass:${password}`, "-info", "-nodes"], { encoding: "utf8" });
}

const SCHEMES = {
	modern: [/MAC: sha256/, /PKCS7 Encrypted data: PBES2, PBKDF2, AES-256-CBC/, /Shrouded Keybag: PBES2, PBKDF2, AES-256-CBC/],
	older: [/MAC: sha1/, /PKCS7 Encrypted data: pbeWithSHA1And3-KeyTripleDES-CBC/,
		/Shrouded Keybag: pbeWithSHA1And3-KeyTripleDES-CBC/],
};

function nssImport(path, password) {
	const db = mkdtempSync(join(stage.dir, "nss-"));
	execFileSync("certutil", ["-N", "-d", db, "--empty-password"], { stdio: "ignore" });
	execFileSync("pk12util", ["-d", db, "-i", path, "-W", password, "-K", ""], { stdio: "ignore" });
	return {
		keys: execFileSync("certutil", ["-K", "-d", db], { encoding: "utf8" }),
		certificates: execFileSync("certutil", ["-L", "-d", db], { encoding: "utf8" }),
	};
}

function gpgsmImport(path, password) {
	const home = mkdtempSync(join(stage.dir, "g-"));
	const env = { ...process.env, GNUPGHOME: home };
	writeFileSync(join(home, "gpgsm.conf"), "disable-dirmngr\n");
	try {
		execFileSync("gpgsm", ["--batch", "--pinentry-mode", "loopback", "--passphrase-fd", "0", "--import", path],
			{ env, input: `${password}\n`, stdio: ["pipe", "ignore", "pipe"] });
		return execFileSync("gpgsm", ["--batch", "--with-colons", "-K"], { env, encoding: "utf8" });
	} finally {
		execFileSync("gpgconf", ["--kill", "all"], { env });
		rmSync(home, { recursive: true, force: true });
	}
}

for (const kind of KINDS) {
	for (const preset of ["modern", "older"]) {
		test(`${kind}, ${preset}: opens in OpenSSL and NSS${kind.startsWith("rsa") && preset === "older" ? " and gpgsm" : ""}`, async () => {
			const page = await toolsPage();
			const { key, certificate } = made[kind];
			const { path, name } = await buildPfx(page, mkdtempSync(join(stage.dir, "p-")), {
				key, keyPassword: KEY_PASSWORD, certificates: [...chainFiles(), certificate], preset, password: PFX_PASSWORD,
			});
			assert.equal(name, preset === "older" ? "joe-older.p12" : "joe.p12");
			const text = pfxText(path, preset);
			for (const scheme of SCHEMES[preset])
				assert.match(text, scheme);
			const subjects = [...text.matchAll(/^subject=(.*)$/gm)].map((found) => found[1]);
			assert.equal(subjects.length, 2, "leaf and issuing CA, no root");
			assert.match(subjects[0], /joe@example\.com/);
			assert.match(subjects[1], /Test issuing/);
			const ids = [...text.matchAll(/localKeyID: (.*)$/gm)].map((found) => found[1].trim());
			assert.equal(ids.length, 2, "of the leaf and of the key");
			assert.equal(ids[0], ids[1]);
			assert.equal(text.match(/friendlyName: joe@example\.com/g).length, 2);
			assert.equal(openssl(["pkcs12", ...preset === "older" ? ["-legacy"] : [], "-in", path, "-passin",
				`pass:${PFX_PASSWORD}`, "-nocerts", "-nodes"]).replace(/[\s\S]*?-----BEGIN/, "-----BEGIN"),
			openssl(["pkcs8", "-in", key, "-passin", `pass:${KEY_PASSWORD}`]));
			assert.throws(() => pfxText(path, preset, "another"));
			const nss = nssImport(path, PFX_PASSWORD);
			assert.match(nss.keys, /joe@example\.com/);
			assert.match(nss.certificates, /u,u,u/);
			assert.throws(() => nssImport(path, "another"));
			/* GnuPG 2.2 reads neither AES-256 nor EC keys in a PFX. */
			if (kind.startsWith("rsa") && preset === "older")
				assert.match(gpgsmImport(path, PFX_PASSWORD), /^crs:/m);
			stage.assertKept([KEY_PASSWORD, PFX_PASSWORD, readFileSync(key, "utf8")]);
			await page.context().close();
		});
	}
}

test("without the chain the file holds the leaf alone", async () => {
	const page = await toolsPage();
	const { key, certificate } = made.p_256;
	const { path } = await buildPfx(page, mkdtempSync(join(stage.dir, "p-")), {
		key, keyPassword: KEY_PASSWORD, certificates: [certificate, ...chainFiles()], chain: false, password: PFX_PASSWORD,
	});
	assert.equal(pfxText(path, "modern").match(/^subject=/gm).length, 1);
	await page.context().close();
});

test("a message signed with what is in the file verifies up to the root", async () => {
	const page = await toolsPage();
	const { key, certificate } = made.rsa_2048;
	const dir = mkdtempSync(join(stage.dir, "m-"));
	const { path } = await buildPfx(page, dir, {
		key, keyPassword: KEY_PASSWORD, certificates: [certificate, ...chainFiles()], preset: "older", password: PFX_PASSWORD,
	});
	const part = (which) => openssl(["pkcs12", "-legacy", "-in", path, "-passin", `pass:${PFX_PASSWORD}`, "-nodes", which]);
	writeFileSync(join(dir, "own.pem"), part("-clcerts"));
	writeFileSync(join(dir, "chain.pem"), part("-cacerts"));
	writeFileSync(join(dir, "text"), "Hello\n");
	openssl(["cms", "-sign", "-in", join(dir, "text"), "-signer", join(dir, "own.pem"), "-certfile", join(dir, "chain.pem"),
		"-out", join(dir, "signed")]);
	openssl(["cms", "-verify", "-in", join(dir, "signed"), "-CAfile", join(stage.dir, "root.pem"), "-out", join(dir, "seen")]);
	assert.match(readFileSync(join(dir, "seen"), "utf8"), /Hello/);
	await page.context().close();
});

/* The order's page: the certificate comes from the service, the key from this browser or from the file. */
async function orderPages() {
	const context = await stage.browser.newContext({ acceptDownloads: true });
	const page = await stage.page(`${ORDER}/activation/key`, context);
	const dir = mkdtempSync(join(stage.dir, "o-"));
	const { key } = await makeKey(page, dir, { kind: "p_256", password: KEY_PASSWORD });
	writeFileSync(join(dir, "order.csr"), await page.inputValue("[name=csr]"));
	const certificate = ca.issue(join(dir, "order.csr"), "order", EMAIL);
	stage.files.set(`${ORDER}/certificate.pem`, readFileSync(certificate));
	stage.files.set(`${ORDER}/chain.pem`, ca.chain + ca.root);
	return { context, dir, key };
}

async function openBuilder(context) {
	const page = await stage.page(ORDER, context);
	await page.click("details summary.button");
	return page;
}

test("the order's page joins the certificate with the key kept in this browser, then forgets it", async () => {
	const { context, dir } = await orderPages();
	const page = await openBuilder(context);
	assert.match(await page.locator("#pfx_kept option:checked").innerText(), /In this browser: EC P-256/);
	assert.equal(await page.locator("#pfx_key").isHidden(), true);
	const { path, name } = await buildPfx(page, dir, { keyPassword: KEY_PASSWORD, password: PFX_PASSWORD });
	assert.equal(name, "joe.o-doe.p12");
	assert.match(pfxText(path, "modern"), /friendlyName: joe@example\.com/);
	await page.click("[data-forget] button");
	await page.waitForFunction(() => document.getElementById("pfx_kept").length === 1);
	await page.reload();
	await page.click("details summary.button");
	assert.equal(await page.locator("#pfx_kept option").count(), 1);
	assert.equal(await page.locator("#pfx_key").isVisible(), true);
	await context.close();
});

test("a key made on /tools in this browser can be chosen on the order's page", async () => {
	const context = await stage.browser.newContext({ acceptDownloads: true });
	const dir = mkdtempSync(join(stage.dir, "t-"));
	const tools = await stage.page("/tools", context);
	const { csr } = await makeKey(tools, dir, { kind: "p_256", password: KEY_PASSWORD });
	stage.files.set(`${ORDER}/certificate.pem`, readFileSync(ca.issue(csr, "tools", EMAIL)));
	stage.files.set(`${ORDER}/chain.pem`, ca.chain);
	const page = await openBuilder(context);
	await page.waitForFunction(() => document.getElementById("pfx_kept").length === 2);
	assert.equal(await page.inputValue("#pfx_kept"), "");
	await page.selectOption("#pfx_kept", { index: 1 });
	const { path } = await buildPfx(page, dir, { keyPassword: KEY_PASSWORD, password: PFX_PASSWORD });
	assert.match(pfxText(path, "modern"), /friendlyName: joe@example\.com/);
	await context.close();
});

test("in another browser the kept file does", async () => {
	const { context, dir, key } = await orderPages();
	await context.close();
	const other = await stage.browser.newContext({ acceptDownloads: true });
	const page = await openBuilder(other);
	assert.equal(await page.locator("#pfx_kept option").count(), 1);
	const { path } = await buildPfx(page, dir, { key, keyPassword: KEY_PASSWORD, password: PFX_PASSWORD });
	assert.match(pfxText(path, "modern"), /friendlyName: joe@example\.com/);
	stage.assertKept([KEY_PASSWORD, PFX_PASSWORD, readFileSync(key, "utf8")]);
	await other.close();
});

test("the order's page says when the certificate cannot be had, or is another key's", async () => {
	const { context } = await orderPages();
	const page = await openBuilder(context);
	stage.files.delete(`${ORDER}/certificate.pem`);
	await fillBuilder(page, { keyPassword: KEY_PASSWORD, password: PFX_PASSWORD });
	const before = stage.violations.length;
	assert.match(await refusal(page, "[data-builder]", "#pfx_make"), /could not be loaded/);
	/* Chromium reports the 404 itself. */
	assert.match(stage.violations.splice(before).join(), /404/);
	stage.files.set(`${ORDER}/certificate.pem`, readFileSync(foreign));
	assert.match(await refusal(page, "[data-builder]", "#pfx_make"), /do not belong together/);
	await context.close();
});

/* field: the input that is marked */
const REFUSED = [
	["no key", {}, /Choose the file with your private key/, "pfx_key"],
	["no certificate", { certificates: [] }, /Choose or paste the certificate/, "pfx_certificate"],
	["no password for the PFX", { password: "" }, /Enter a password/, "pfx_password"],
	["two different passwords", { password: "a", again: "b" }, /not the same/, "pfx_again"],
	["the wrong password of the key", { keyPassword: "wrong" }, /does not open this file/, "pfx_key_password"],
	["no password of the key", { keyPassword: "" }, /Enter its password/, "pfx_key_password"],
	["a foreign certificate", { certificates: () => [foreign] }, /do not belong together/, "pfx_certificate"],
	["a certificate in place of the key", { key: () => made.p_256.certificate }, /no private key in this file/, "pfx_key"],
	["a CSR in place of the certificate", { certificates: () => [made.p_256.csr] }, /no certificate in what you gave/,
		"pfx_certificate"],
	["a cut certificate", { certificates: () => [cut(made.p_256.certificate)] }, /The end is missing/, "pfx_certificate"],
	["a damaged key file", { key: () => cut(made.p_256.key) }, /The end is missing/, "pfx_key"],
	["an empty file", { key: () => written("empty.key", "") }, /The file is empty/, "pfx_key"],
	["a picture", { key: () => written("picture.png", Buffer.from("89504e470d0a1a0a", "hex")) },
		/not a certificate, CSR or key/, "pfx_key"],
];

function written(name, content) {
	const path = join(stage.dir, name);
	writeFileSync(path, content);
	return path;
}

function cut(path) {
	return written("cut.pem", readFileSync(path, "utf8").slice(0, -60));
}

for (const [name, given, says, field] of REFUSED) {
	test(`refused with a clear word: ${name}`, async () => {
		const page = await toolsPage();
		const value = (what) => (typeof what === "function" ? what() : what);
		const { key, certificate } = made.p_256;
		await fillBuilder(page, {
			key: name === "no key" ? [] : value(given.key) ?? key,
			keyPassword: given.keyPassword ?? KEY_PASSWORD,
			certificates: value(given.certificates) ?? [certificate],
			password: given.password ?? PFX_PASSWORD,
			again: given.again ?? given.password ?? PFX_PASSWORD,
		});
		assert.match(await refusal(page, "[data-builder]", "#pfx_make"), says);
		assert.equal(await page.getAttribute(`#${field}`, "aria-invalid"), "true");
		assert.equal(await page.locator("#pfx_made").isHidden(), true);
		await page.context().close();
	});
}

/* Key files other programs make. */
const P = ["-passout", "pass:p w"];
const FOREIGN_KEYS = [
	["PKCS #8, not encrypted", (plain, to) => openssl(["pkcs8", "-topk8", "-nocrypt", "-in", plain, "-out", to]), ""],
	["PKCS #8 in DER", (plain, to) => openssl(["pkcs8", "-topk8", "-nocrypt", "-in", plain, "-outform", "DER", "-out", to]), ""],
	["SEC 1 or PKCS #1", (plain, to) => openssl(["pkey", "-traditional", "-in", plain, "-out", to]), ""],
	["SEC 1 or PKCS #1 in DER", (plain, to) => openssl(["pkey", "-traditional", "-in", plain, "-outform", "DER", "-out", to]), ""],
	["triple DES, as openssl req of 3.0 makes", (plain, to) =>
		openssl(["pkcs8", "-topk8", "-v2", "des3", "-in", plain, "-out", to, ...P]), "p w"],
	["AES-128 in DER", (plain, to) =>
		openssl(["pkcs8", "-topk8", "-v2", "aes-128-cbc", "-in", plain, "-outform", "DER", "-out", to, ...P]), "p w"],
	["PKCS #12's triple DES", (plain, to) =>
		openssl(["pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES", "-in", plain, "-out", to, ...P]), "p w"],
];

for (const kind of ["rsa_2048", "p_256"]) {
	for (const [name, write, password] of FOREIGN_KEYS) {
		test(`a key of OpenSSL's is taken: ${kind}, ${name}`, async () => {
			const page = await toolsPage();
			const dir = mkdtempSync(join(stage.dir, "f-"));
			const plain = join(dir, "plain.key"), file = join(dir, "given.key");
			writeFileSync(plain, openssl(["pkcs8", "-in", made[kind].key, "-passin", `pass:${KEY_PASSWORD}`]));
			write(plain, file);
			const { path } = await buildPfx(page, dir, {
				key: file, keyPassword: password, certificates: [made[kind].certificate], password: PFX_PASSWORD,
			});
			assert.match(pfxText(path, "modern"), /friendlyName: joe@example\.com/);
			if (password !== "") {
				await fillBuilder(page, { keyPassword: "wrong", password: PFX_PASSWORD });
				assert.match(await refusal(page, "[data-builder]", "#pfx_make"), /does not open this file/);
			}
			await page.context().close();
		});
	}
}

test("a key with the encryption of old PEM files gets the command that mends it", async () => {
	const page = await toolsPage();
	const plain = written("t.plain", openssl(["pkcs8", "-in", made.rsa_2048.key, "-passin", `pass:${KEY_PASSWORD}`]));
	const file = join(stage.dir, "t.key");
	openssl(["pkey", "-traditional", "-aes256", "-in", plain, "-out", file, ...P]);
	await fillBuilder(page, { key: file, keyPassword: "p w", certificates: [made.rsa_2048.certificate], password: PFX_PASSWORD });
	assert.match(await refusal(page, "[data-builder]", "#pfx_make"), /openssl pkcs8 -topk8/);
	await page.context().close();
});

for (const [name, legacy] of [["modern", []], ["older", ["-legacy"]], ["modern without MAC", ["-nomac"]]]) {
	test(`a PFX of OpenSSL's (${name}) becomes one of the other kind`, async () => {
		const page = await toolsPage();
		const dir = mkdtempSync(join(stage.dir, "c-"));
		const other = name === "older" ? "modern" : "older";
		const given = join(dir, "given.p12");
		openssl(["pkcs12", "-export", ...legacy, "-inkey", made.rsa_2048.key, "-passin", `pass:${KEY_PASSWORD}`, "-in",
			made.rsa_2048.certificate, "-certfile", join(stage.dir, "sub.pem"), "-out", given, ...P]);
		const { path } = await buildPfx(page, dir, { key: given, keyPassword: "p w", preset: other, password: PFX_PASSWORD });
		const text = pfxText(path, other);
		assert.match(text, SCHEMES[other][0]);
		assert.equal(text.match(/^subject=/gm).length, 2);
		await fillBuilder(page, { keyPassword: "wrong", password: PFX_PASSWORD });
		assert.match(await refusal(page, "[data-builder]", "#pfx_make"), /does not open this file/);
		await page.context().close();
	});
}

test("certificates come in DER and PKCS #7 too, and pasted with noise around them", async () => {
	const page = await toolsPage();
	const { key, certificate } = made.p_256;
	const dir = mkdtempSync(join(stage.dir, "n-"));
	openssl(["x509", "-in", certificate, "-outform", "DER", "-out", join(dir, "c.cer")]);
	openssl(["crl2pkcs7", "-nocrl", "-certfile", certificate, "-certfile", join(stage.dir, "sub.pem"), "-outform", "DER",
		"-out", join(dir, "b.p7b")]);
	for (const files of [[join(dir, "c.cer"), join(stage.dir, "sub.pem")], [join(dir, "b.p7b")]]) {
		const { path } = await buildPfx(page, dir, { key, keyPassword: KEY_PASSWORD, certificates: files, password: PFX_PASSWORD });
		assert.equal(pfxText(path, "modern").match(/^subject=/gm).length, 2);
	}
	await page.setInputFiles("#pfx_certificate", []);
	const noise = `Dear Joe,\r\n> ${readFileSync(certificate, "utf8").split("\n").join("\r\n> ")}\r\nregards`;
	await page.fill("#pfx_pasted", noise);
	const { path } = await buildPfx(page, dir, { keyPassword: KEY_PASSWORD, password: PFX_PASSWORD });
	assert.equal(pfxText(path, "modern").match(/^subject=/gm).length, 1);
	await page.context().close();
});

test("no page broke the Content-Security-Policy or threw", () => {
	assert.deepEqual(stage.violations, []);
});
