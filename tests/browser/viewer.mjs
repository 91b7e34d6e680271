/* viewer.mjs - the certificate and CSR viewer of /tools. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Ca, openStage, openssl } from "./lib/stage.mjs";

let stage, ca, page, certificate;
const at = (name) => join(stage.dir, name);
const text = (name) => readFileSync(at(name), "utf8");

before(async () => {
	stage = await openStage();
	ca = new Ca(stage.dir);
	openssl(["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", at("v.key"), "-out", at("v.csr"), "-subj",
		"/CN=Jo\u00e9 <b>Doe/O=Test", "-utf8", "-addext", "subjectAltName=email:joe@example.com"]);
	certificate = ca.issue(at("v.csr"), "v", "joe@example.com");
	page = await stage.page("/tools");
});
after(() => stage.close());

/* What the viewer shows for a text, or for files. */
async function shown(given) {
	await page.fill("#viewer_text", " ");
	await page.waitForFunction(() => document.getElementById("viewer_shown").children.length === 0);
	if (Array.isArray(given))
		await page.setInputFiles("#viewer_file", given);
	else
		await page.fill("#viewer_text", given);
	await page.waitForSelector("#viewer_shown > *");
	return page.innerText("#viewer_shown");
}

test("a certificate: names, times, key, usages, addresses and fingerprints", async () => {
	const seen = await shown(text("v.pem"));
	for (const part of ["It is valid today", "Joé <b>Doe", "Test issuing", "RSA 2048", "joe@example.com", "digitalSignature",
		"emailProtection", "mailbox-validated, strict (2.23.140.1.5.1.3)", "http://ca.example/crl/i.crl",
		"http://ca.example/ca/i.cer", "cA = FALSE", "sha256WithRSAEncryption"])
		assert.ok(seen.includes(part), `${part} in\n${seen}`);
	for (const digest of ["sha256", "sha1"])
		assert.ok(seen.includes(openssl(["x509", "-in", certificate, "-noout", "-fingerprint", `-${digest}`])
			.trim().split("=")[1]));
	const serial = openssl(["x509", "-in", certificate, "-noout", "-serial"]).trim().split("=")[1];
	assert.ok(seen.replaceAll(":", "").includes(serial));
	const end = openssl(["x509", "-in", certificate, "-noout", "-enddate", "-dateopt", "iso_8601"]).trim().split("=")[1];
	assert.ok(seen.includes(`${end.slice(0, 16)} UTC`), seen);
	assert.equal(await page.textContent("[data-viewer] [data-status]"), "Found: 1");
});

test("a CSR with its own signature, and one with another's", async () => {
	const seen = await shown(text("v.csr"));
	assert.match(seen, /Certificate signing request/);
	assert.match(seen, /signed with its own key/);
	assert.match(seen, /joe@example\.com/);
	const der = Buffer.from(text("v.csr").trim().split("\n").slice(1, -1).join(""), "base64");
	der[der.length - 1] ^= 1;
	writeFileSync(at("bad.csr"), der);
	assert.match(await shown([at("bad.csr")]), /signature does not fit its key/);
});

test("files: DER, PKCS #7, several at once", async () => {
	openssl(["x509", "-in", certificate, "-outform", "DER", "-out", at("v.cer")]);
	openssl(["req", "-in", at("v.csr"), "-outform", "DER", "-out", at("v.p10")]);
	openssl(["crl2pkcs7", "-nocrl", "-certfile", certificate, "-certfile", at("sub.pem"), "-out", at("v.p7b")]);
	assert.match(await shown([at("v.cer")]), /It is valid today/);
	assert.match(await shown([at("v.p10")]), /signed with its own key/);
	await shown([at("v.p7b"), at("root.pem")]);
	assert.equal(await page.locator("#viewer_shown > .card").count(), 3);
	assert.match(await page.innerText("#viewer_shown"), /cA = TRUE, pathLenConstraint = 0/);
});

test("keys: a bare one gets a warning, an encrypted one says what it is", async () => {
	assert.match(await shown(text("v.key")), /private key without encryption/);
	const sealed = openssl(["pkcs8", "-topk8", "-in", at("v.key"), "-passout", "pass:x"]);
	assert.match(await shown(sealed), /encrypted private key/);
	openssl(["pkey", "-in", at("v.key"), "-traditional", "-aes128", "-passout", "pass:x", "-out", at("old.key")]);
	assert.match(await shown(text("old.key")), /encrypted private key/);
	assert.match(await shown(openssl(["pkey", "-in", at("v.key"), "-pubout"])), /public half of a key/);
	openssl(["pkcs12", "-export", "-inkey", at("v.key"), "-in", certificate, "-passout", "pass:x", "-out", at("v.p12")]);
	assert.match(await shown([at("v.p12")]), /This is a PFX file/);
	stage.assertKept([text("v.key"), sealed]);
});

test("an old certificate says so", async () => {
	openssl(["x509", "-req", "-in", at("v.csr"), "-CA", at("sub.pem"), "-CAkey", at("sub.key"), "-set_serial", "200",
		"-days", "-1", "-out", at("expired.pem")]);
	assert.match(await shown(text("expired.pem")), /has expired/);
});

for (const [name, given, says] of [
	["words", () => "Hello, world", /not a certificate, CSR or key/],
	["a cut text", () => text("v.pem").slice(0, 300), /The end is missing/],
	["a letter in the middle", () => text("v.pem").replace(/\nM/, "\n*"), /Some characters do not belong/],
	["another thing under a certificate's name", () => text("v.csr").replaceAll("CERTIFICATE REQUEST", "CERTIFICATE"),
		/marked CERTIFICATE is damaged/],
]) {
	test(`not understood, with a remedy: ${name}`, async () => {
		assert.match(await shown(given()), says);
		assert.match(await page.textContent("[data-viewer] [data-status]"), says);
	});
}

test("names in a certificate are text, never markup", async () => {
	await shown(text("v.pem"));
	assert.equal(await page.locator("#viewer_shown b").count(), 0);
});

test("no page broke the Content-Security-Policy or threw", () => {
	assert.deepEqual(stage.violations, []);
});
