/* stage.mjs - what the browser tests stand on: pages rendered by ClearSilver, served with the worker's
 * Content-Security-Policy on a port of their own, a headless Chromium, and a small CA made with openssl.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, extname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const HERE = join(dirname(fileURLToPath(import.meta.url)), "..");
export const ROOT = join(HERE, "..", "..");
const BUILD = join(ROOT, process.env.B || "build/plain");
const STATIC = join(ROOT, "build/assets/static");
const PAGES = join(ROOT, "hdf/pages");
const RENDER = join(BUILD, "tests/golden/render");

export const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const TYPES = {
	".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".pem": "application/x-pem-file",
};

/** A folder of this run, gone at its end. */
export function folder() {
	const made = mkdtempSync(join(tmpdir(), "mailcert-browser-"));
	process.on("exit", () => rmSync(made, { recursive: true, force: true }));
	return made;
}

export function openssl(args, options = {}) {
	return execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], ...options });
}

/** What `openssl req -verify` says of a CSR, its text, and whether the signature is good: 3.0 exits with 0 anyway. */
export function verifiedRequest(path, ...more) {
	const text = execFileSync("sh", ["-c", 'exec "$@" 2>&1', "sh", "openssl", "req", "-in", path, "-verify", "-noout",
		"-text", ...more], { encoding: "utf8" });
	return { text, good: /self-signature verify OK/.test(text) };
}

/* The program that prints the golden pages; `make test` has built it already. */
function buildRenderer() {
	if (existsSync(RENDER))
		return;
	const base = join(BUILD, "lib/base.a");
	mkdirSync(dirname(RENDER), { recursive: true });
	execFileSync("make", ["-s", "-C", ROOT, relative(ROOT, base)], { stdio: ["ignore", "ignore", "inherit"] });
	execFileSync("gcc", ["-std=c11", "-D_GNU_SOURCE", `-I${ROOT}`, "-isystem", "/usr/include/ClearSilver",
		join(ROOT, "tests/golden/render.c"), base, "-lneo_cgi", "-lneo_cs", "-lneo_utl", "-lz", "-o", RENDER],
	{ stdio: ["ignore", "ignore", "inherit"] });
}

function wordsFile(language) {
	return join(ROOT, "hdf/words", `${language}.hdf`);
}

/** The keys under Words.tools, in the order of the file. */
export function wordsOf(language) {
	const text = readFileSync(wordsFile(language), "utf8");
	return [...text.matchAll(/^tools\.([a-z0-9_.]+) *=/gm)].map((found) => found[1]);
}

function render(language, sample, template) {
	return execFileSync(RENDER, [wordsFile(language), join(HERE, "data", sample), PAGES, template], { encoding: "utf8" });
}

const ROUTES = {
	"/tools": ["tools.hdf", "tools.cs"],
	"/certificates/0000123456/b01/activation/key": ["key.hdf", "activation_key.cs"],
	"/certificates/0000123456/b01/activation/key-again": ["key_again.hdf", "activation_key.cs"],
	"/certificates/0000123456/b01": ["order.hdf", "order.cs"],
};

function readBody(request) {
	return new Promise((resolve) => {
		const parts = [];
		request.on("data", (part) => parts.push(part));
		request.on("end", () => resolve(Buffer.concat(parts).toString("latin1")));
	});
}

class Stage {
	constructor(dir) {
		this.dir = dir;
		this.requests = []; /* { method, url, body, headers } of all that reached us */
		this.files = new Map(); /* what the test puts on the server, by path */
		this.violations = [];
	}

	answerPage(response, url) {
		const [sample, template] = ROUTES[url.pathname];
		response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": CSP });
		response.end(render(url.searchParams.get("lang") || "en", sample, template));
	}

	answerFile(response, path, content) {
		response.writeHead(200, { "Content-Type": TYPES[extname(path)] || "application/octet-stream" });
		response.end(content);
	}

	async answer(request, response) {
		const url = new URL(request.url, this.base);
		const body = await readBody(request);
		this.requests.push({ method: request.method, url: request.url, body, headers: request.rawHeaders.join("\n") });
		const file = join(STATIC, normalize(url.pathname).replace(/^\/static/, ""));
		if (request.method === "POST") {
			response.writeHead(303, { Location: "/tools" });
			response.end();
		} else if (ROUTES[url.pathname])
			this.answerPage(response, url);
		else if (this.files.has(url.pathname))
			this.answerFile(response, url.pathname, this.files.get(url.pathname));
		else if (url.pathname.startsWith("/static/") && existsSync(file))
			this.answerFile(response, file, readFileSync(file));
		else {
			response.writeHead(404);
			response.end();
		}
	}

	async open(options = {}) {
		this.server = createServer((request, response) => this.answer(request, response));
		await new Promise((resolve) => {
			this.server.listen(0, "127.0.0.1", resolve);
		});
		this.base = `http://127.0.0.1:${this.server.address().port}`;
		this.browser = await chromium.launch({
			executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
			args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
				"--disable-background-networking", "--disable-component-update", "--disable-sync",
				"--host-resolver-rules=MAP insecure.test 127.0.0.1"],
		});
		this.context = await this.browser.newContext({ acceptDownloads: true, ...options });
		return this;
	}

	/** Where WebCrypto is not to be had: plain HTTP and not this machine's own name. */
	get insecureBase() {
		return this.base.replace("127.0.0.1", "insecure.test");
	}

	/** Fail when one of the secrets, or a line of a key file, is in anything that was sent. */
	assertKept(secrets) {
		const needles = secrets.flatMap((secret) => secret.split("\n"))
			.filter((line) => line.length > 3 && !line.startsWith("-----"));
		assert.ok(needles.length > 0);
		for (const { method, url, headers, body } of this.requests) {
			const sent = decodeURIComponent([method, url, headers, body].join("\n").replace(/%(?![0-9A-F]{2})/gi, "%25"));
			for (const needle of needles)
				assert.ok(!sent.includes(needle), `${method} ${url} carries a secret`);
		}
	}

	/** A page whose console errors and policy violations are kept in `violations`. */
	async page(path, context = this.context) {
		const page = await context.newPage();
		page.on("console", (message) => {
			if (message.type() === "error")
				this.violations.push(message.text());
		});
		page.on("pageerror", (error) => this.violations.push(String(error)));
		await page.goto(this.base + path);
		return page;
	}

	async close() {
		await this.browser.close();
		await new Promise((resolve) => {
			this.server.close(resolve);
		});
	}
}

export async function openStage(options) {
	buildRenderer();
	return new Stage(folder()).open(options);
}

/** Press what downloads, and keep the file. @returns {Promise<{path: string, name: string}>} */
export async function download(page, selector, dir) {
	const [started] = await Promise.all([page.waitForEvent("download"), page.click(selector)]);
	const path = join(dir, started.suggestedFilename());
	await started.saveAs(path);
	return { path, name: started.suggestedFilename() };
}

/** Make a key on a page with a generator. @returns {Promise<{key: string, csr: string}>} paths; csr "" in the wizard */
export async function makeKey(page, dir, { kind = "p_256", email = "joe@example.com", password, keep = true }) {
	const tools = await page.locator("#key_email").count() > 0;
	if (tools)
		await page.fill("#key_email", email);
	await page.check(`#key_kind-${kind}`);
	await page.fill("#key_password", password);
	await page.fill("#key_again", password);
	await page.setChecked("#key_keep", keep);
	await page.click("#key_make");
	await ready(page, "#key_made", "[data-generator]");
	const key = await download(page, "#key_save", dir);
	const csr = tools ? await download(page, "#csr_save", dir) : { path: "" };
	return { key: key.path, csr: csr.path };
}

/** Fill and send a builder; what is not named stays as it is. Ends when the file is ready. */
export async function buildPfx(page, dir, options) {
	await fillBuilder(page, options);
	await page.click("#pfx_make");
	await ready(page, "#pfx_made", "[data-builder]");
	return download(page, "#pfx_save", dir);
}

/* Wait for what a form makes; when the page shows an error in its place, tell that. Time is given for a slow machine. */
async function ready(page, made, form) {
	await page.locator(`${made}:not([hidden]), ${form} .error-summary`).first().waitFor({ timeout: 120_000 });
	const summary = page.locator(`${form} .error-summary`);
	assert.equal(await summary.count(), 0, await summary.allInnerTexts().then((texts) => texts.join()));
}

export async function fillBuilder(page, { key, keyPassword, certificates, preset, chain, password, again = password }) {
	if (key !== undefined)
		await page.setInputFiles("#pfx_key", key);
	if (certificates !== undefined)
		await page.setInputFiles("#pfx_certificate", certificates);
	if (keyPassword !== undefined)
		await page.fill("#pfx_key_password", keyPassword);
	if (preset !== undefined)
		await page.check(`#pfx_preset-${preset}`);
	if (chain !== undefined)
		await page.setChecked("#pfx_chain", chain);
	if (password !== undefined)
		await page.fill("#pfx_password", password);
	if (again !== undefined)
		await page.fill("#pfx_again", again);
}

/** Send a form that must be refused. @returns {Promise<string>} the summary's text; it has the focus */
export async function refusal(page, form, button) {
	await page.click(button);
	const summary = page.locator(`${form} .error-summary`);
	await summary.waitFor({ timeout: 30_000 });
	assert.ok(await summary.evaluate((node) => node === document.activeElement), "the summary has the focus");
	return summary.innerText();
}

/** Root and issuing CA in a folder; issue() makes a certificate from a CSR. */
export class Ca {
	constructor(dir) {
		this.dir = dir;
		const at = (name) => join(dir, name);
		openssl(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", at("root.key"),
			"-out", at("root.pem"), "-subj", "/C=PL/O=Test/CN=Test root", "-days", "30"]);
		openssl(["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", at("sub.key"), "-out", at("sub.csr"),
			"-subj", "/C=PL/O=Test/CN=Test issuing"]);
		writeFileSync(at("sub.ext"), "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n");
		openssl(["x509", "-req", "-in", at("sub.csr"), "-CA", at("root.pem"), "-CAkey", at("root.key"), "-CAcreateserial",
			"-out", at("sub.pem"), "-days", "20", "-extfile", at("sub.ext")]);
		this.root = readFileSync(at("root.pem"), "utf8");
		this.chain = readFileSync(at("sub.pem"), "utf8");
	}

	issue(csrPath, name, email) {
		const at = (file) => join(this.dir, file);
		writeFileSync(at(`${name}.ext`), "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\n" +
			`extendedKeyUsage=emailProtection\nsubjectAltName=email:${email}\n` +
			"certificatePolicies=2.23.140.1.5.1.3\ncrlDistributionPoints=URI:http://ca.example/crl/i.crl\n" +
			"authorityInfoAccess=caIssuers;URI:http://ca.example/ca/i.cer\n");
		openssl(["x509", "-req", "-in", csrPath, "-CA", at("sub.pem"), "-CAkey", at("sub.key"), "-CAcreateserial",
			"-out", at(`${name}.pem`), "-days", "10", "-extfile", at(`${name}.ext`)]);
		return at(`${name}.pem`);
	}
}
