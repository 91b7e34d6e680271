/* order.mjs - a real order whose key is made in the browser: the worker, nginx and its headers, the signer; then the
 * PFX on the order's page, in the same browser, and mail signed and encrypted with what is in it.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { Browser } from "../lib/browser.mjs";
import { Client } from "../lib/client.mjs";
import { Stack } from "../lib/stack.mjs";
import { at, verifiedMailbox, waitCertificate } from "../lib/steps.mjs";
import { buildPfx, folder, makeKey, openssl } from "./lib/stage.mjs";

const EMAIL = "jan.kowalski@mailbox.example";
const KEY_PASSWORD = "the key's own words";
const PFX_PASSWORD = "for the mail program";

const dir = folder();
const stack = await Stack.start({ name: "browser-order", orders: 2 });
const browser = await Browser.start({ whole: true, acceptDownloads: true });
const { page } = browser;
const order = stack.takeOrder();
const posted = [];
let pfx;

after(async () => {
	await Browser.stopAll();
	stack.stopNow();
});

async function signIn() {
	await page.goto(`${stack.url}/sign-in`);
	await page.fill("[name=login]", stack.demo.CUSTOMER_LOGIN);
	await page.fill("[name=password]", stack.demo.CUSTOMER_PASSWORD);
	await browser.goOn("[name=password]");
	await page.waitForURL((url) => url.pathname !== "/sign-in");
}

test("the mailbox is verified and the method browser chosen", async () => {
	const client = new Client(stack);
	await client.signIn();
	await verifiedMailbox(stack, client, order, EMAIL);
	page.on("request", (request) => posted.push(`${request.method()} ${request.url()} ${request.postData() ?? ""}`));
	await signIn();
	await page.goto(`${stack.url}${at(order, "/activation/data")}`);
	await page.locator("main form button[type=submit]").last().click();
	await page.check("[name=method][value=browser]");
	await browser.goOn("[name=method]");
	assert.equal(browser.path(), at(order, "/activation/key"));
	await browser.seen("key-browser");
});

test("the key is made, its file saved, and the service takes the CSR", async () => {
	const { key } = await makeKey(page, dir, { kind: "rsa_2048", password: KEY_PASSWORD });
	assert.ok(key.endsWith(".key"));
	await browser.seen("key-browser-made");
	await page.click("[data-send-csr] .buttons button[type=submit]");
	await page.waitForURL(`**${at(order, "/activation/summary")}`);
	await page.getByText("RSA 2048").first().waitFor();
});

test("the certificate is issued for that key", async () => {
	await page.check("[name=accept_terms]");
	await page.check("[name=accept_data]");
	await browser.goOn("[name=accept_terms]");
	const client = new Client(stack);
	await client.signIn();
	writeFileSync(join(dir, "certificate.pem"), await waitCertificate(client, order));
	const [key] = execFileSync("sh", ["-c", "ls *.key"], { cwd: dir, encoding: "utf8" }).trim().split("\n");
	assert.equal(openssl(["x509", "-in", join(dir, "certificate.pem"), "-noout", "-pubkey"]),
		openssl(["pkey", "-in", join(dir, key), "-passin", `pass:${KEY_PASSWORD}`, "-pubout"]));
});

test("the order's page makes the PFX with the key kept here, and it opens", async () => {
	await page.goto(`${stack.url}${at(order)}`);
	await page.click("details summary.button");
	assert.match(await page.locator("#pfx_kept option:checked").innerText(), /In this browser: RSA 2048/);
	pfx = (await buildPfx(page, dir, { keyPassword: KEY_PASSWORD, preset: "older", password: PFX_PASSWORD })).path;
	await browser.seen("order-pfx");
});

test("a mail signed and encrypted with it passes in OpenSSL", async () => {
	const part = (which, name) => {
		const pem = openssl(["pkcs12", "-legacy", "-in", pfx, "-passin", `pass:${PFX_PASSWORD}`, "-nodes", which]);
		writeFileSync(join(dir, name), pem);
		return join(dir, name);
	};
	const own = part("-clcerts", "own.pem"), chain = part("-cacerts", "chain.pem");
	const client = new Client(stack);
	await client.signIn();
	writeFileSync(join(dir, "root.pem"), (await client.get(at(order, "/root.pem"))).text);
	writeFileSync(join(dir, "text"), "Hello\n");
	const file = (name) => join(dir, name);
	openssl(["cms", "-sign", "-in", file("text"), "-signer", own, "-certfile", chain, "-out", file("signed")]);
	openssl(["cms", "-encrypt", "-aes256", "-in", file("signed"), "-out", file("sealed"), own]);
	openssl(["cms", "-decrypt", "-in", file("sealed"), "-recip", own, "-out", file("opened")]);
	openssl(["cms", "-verify", "-in", file("opened"), "-CAfile", file("root.pem"), "-purpose", "smimesign", "-out",
		file("seen")]);
	assert.match(readFileSync(file("seen"), "utf8"), /Hello/);
});

/* Run a program; what it says on both outputs. */
function run(program, args, options = {}) {
	return execFileSync("sh", ["-c", 'exec "$@" 2>&1', "sh", program, ...args], { cwd: dir, encoding: "utf8", ...options });
}

test("installed in NSS, as Thunderbird has it, it signs and opens mail", () => {
	run("mkdir", ["nss"]);
	run("certutil", ["-N", "-d", "nss", "--empty-password"]);
	run("pk12util", ["-d", "nss", "-i", pfx, "-W", PFX_PASSWORD, "-K", ""]);
	assert.match(run("certutil", ["-L", "-d", "nss"]), /jan\.kowalski@mailbox\.example +u,u,u/);
	run("certutil", ["-A", "-d", "nss", "-n", "root", "-t", ",C,", "-i", "root.pem"]);
	run("cmsutil", ["-S", "-d", "nss", "-N", EMAIL, "-i", "text", "-o", "nss.signed"]);
	run("cmsutil", ["-E", "-d", "nss", "-r", EMAIL, "-i", "nss.signed", "-o", "nss.sealed"]);
	run("cmsutil", ["-D", "-d", "nss", "-i", "nss.sealed", "-o", "nss.opened"]);
	assert.match(run("cmsutil", ["-D", "-d", "nss", "-i", "nss.opened", "-n", "-h", "0"]),
		/signer0\.id="jan\.kowalski@mailbox\.example"; signer0\.status=GoodSignature/);
});

test("installed in gpgsm, as KMail has it, it signs, and opens what NSS sealed", () => {
	const home = join(dir, "gnupg");
	const secret = ["--batch", "--pinentry-mode", "loopback", "--passphrase-fd", "0"];
	const env = { ...process.env, GNUPGHOME: home };
	// Input is only for who reads it: one that has ended before it was written makes that fail.
	const gpgsm = (...args) => run("gpgsm", args, args.includes("--passphrase-fd") ? { env, input: `${PFX_PASSWORD}\n` } : { env });
	run("mkdir", ["-m", "700", "gnupg"]);
	writeFileSync(join(home, "gpgsm.conf"), "disable-crl-checks\ndisable-dirmngr\n");
	const root = openssl(["x509", "-in", join(dir, "root.pem"), "-noout", "-fingerprint", "-sha1"]).trim().replace(/.*=/, "");
	writeFileSync(join(home, "trustlist.txt"), `${root} S\n`);
	try {
		gpgsm("--batch", "--import", "root.pem");
		assert.match(gpgsm(...secret, "--import", pfx), /secret keys imported: 1/);
		gpgsm(...secret, "-u", EMAIL, "-o", "gpgsm.signed", "--sign", "text");
		assert.match(gpgsm("--batch", "--verify", "gpgsm.signed"), /Good signature from/);
		gpgsm(...secret, "-o", "gpgsm.opened", "--decrypt", "nss.sealed");
		assert.deepEqual(readFileSync(join(dir, "gpgsm.opened")), readFileSync(join(dir, "nss.signed")));
	} finally {
		run("gpgconf", ["--kill", "all"], { env });
	}
});

test("no request carried a password or a private key; axe and the console have nothing to say", () => {
	const sent = decodeURIComponent(posted.join("\n").replace(/\+/g, " ").replace(/%(?![0-9A-F]{2})/gi, "%25"));
	for (const secret of [KEY_PASSWORD, PFX_PASSWORD, "PRIVATE KEY"])
		assert.ok(!sent.includes(secret), secret);
	assert.ok(sent.includes("BEGIN CERTIFICATE REQUEST"));
	assert.deepEqual(browser.violations, []);
	assert.deepEqual(browser.errors, []);
	assert.deepEqual(stack.complaints(), []);
});
