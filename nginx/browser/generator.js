/* generator.js - the form that makes a key pair and a CSR (macro generator in part_browser.cs). */
import { Fault } from "./fault.js";
import { keepKey, keptKeys } from "./store.js";
import {
	Faults, blame, fileName, library, newPasswordFaults, offer, out, prepare, progress, run, say,
} from "./ui.js";

const PEM = "application/x-pem-file";

function byId(id) {
	return document.getElementById(id);
}

function emailOf(form) {
	const input = byId("key_email");
	return input ? input.value.trim() : form.dataset.email;
}

function check(form) {
	const faults = newPasswordFaults("key_password", "key_again");
	const email = emailOf(form);
	if (email !== "" && !/^[^\s@]+@[^\s@]+$/.test(email))
		faults.unshift({ field: "key_email", text: say("fault.email_malformed") });
	if (faults.length > 0)
		throw new Faults(faults);
}

/* The key in the clear lives in this function alone. */
async function make(form, kind, email, password) {
	const keys = await library();
	await progress(form, say(kind === "rsa_4096" ? "js.making_slow" : "js.making"));
	const pair = await keys.generate(kind);
	const csr = await keys.makeRequest(pair, kind, email);
	const spki = await keys.exportPublic(pair);
	await progress(form, say("js.sealing"));
	const pkcs8 = await keys.exportPrivate(pair);
	const pem = await keys.sealKey(pkcs8, password);
	const good = keys.same(await keys.readKey(pem, password), pkcs8);
	pkcs8.fill(0);
	if (!good)
		throw new Fault("internal");
	return {
		id: await keys.fingerprint(spki), order: form.dataset.order, email, kind: keys.keyName(spki),
		made: new Date().toISOString(), saved: false, file: form.dataset.file || fileName(email), pem, csr,
	};
}

/* Keeping is a comfort: where the browser refuses, the file alone has to do, and the page says so. */
async function keep(record) {
	try {
		await keepKey(record);
		return true;
	} catch {
		return false;
	}
}

class Generator {
	constructor(form, onChange) {
		this.form = form;
		this.made = byId("key_made");
		this.onChange = onChange;
		this.record = null;
		this.kept = false;
		form.addEventListener("submit", (event) => {
			event.preventDefault();
			run(form, "key_make", () => this.make());
		});
		this.made.querySelector("[data-copy-csr]").addEventListener("click", (event) => this.copy(event.target));
		addEventListener("beforeunload", (event) => this.leave(event));
		prepare(form);
	}

	/* A key that is neither in a file nor kept here is gone with the page: the browser asks first. */
	leave(event) {
		if (this.record && !this.record.saved && !this.kept)
			event.preventDefault();
	}

	/* Where the browser does not let a page write to the clipboard, the text is marked, for Ctrl-C. */
	async copy(button) {
		try {
			await navigator.clipboard.writeText(this.record.csr);
			button.textContent = button.dataset.copied;
		} catch {
			getSelection().selectAllChildren(out(this.made, "csr"));
		}
	}

	/* The key made before goes out of sight and out of reach while another is made: nobody shall save the file of the
	 * one and the CSR of the other. */
	putAway() {
		this.made.hidden = true;
		this.record = null;
		this.onChange(null);
	}

	async make() {
		check(this.form);
		this.putAway();
		const kind = this.form.querySelector("[name=key_kind]:checked").value;
		const record = await blame("key_make", () =>
			make(this.form, kind, emailOf(this.form), byId("key_password").value));
		this.kept = byId("key_keep").checked && await keep(record);
		for (const id of ["key_password", "key_again"])
			byId(id).value = "";
		this.show(record);
	}

	show(record) {
		this.record = record;
		byId("key_make").classList.add("button-quiet");
		progress(this.form, "");
		out(this.made, "key").textContent = record.kind;
		out(this.made, "fingerprint").textContent = record.id;
		out(this.made, "csr").textContent = record.csr;
		this.said(this.kept || !byId("key_keep").checked ? "" : say("js.not_kept"));
		offer(out(this.made, "key_file"), `${record.file}.key`, PEM, record.pem, () => this.saved());
		const csrLink = out(this.made, "csr_file");
		if (csrLink)
			offer(csrLink, `${record.file}.csr`, PEM, record.csr, null);
		this.made.hidden = false;
		this.made.focus();
		this.onChange(record);
	}

	said(text) {
		this.made.querySelector("[data-saved]").textContent = text;
	}

	saved() {
		this.record.saved = true;
		this.said(say(this.form.dataset.order ? "js.key_saved_next" : "js.key_saved", { file: `${this.record.file}.key` }));
		if (this.kept)
			keep(this.record);
		this.onChange(this.record);
	}

	/* A key made for this order before, kept here: no need to make another after coming back. */
	async offerKept() {
		const { form } = this;
		const record = (await keptKeys()).find((one) => one.order === form.dataset.order && one.csr);
		if (!record)
			return;
		const block = form.querySelector("[data-kept-key]");
		out(block, "kept").textContent = say("js.kept_for_order", { key: record.kind, made: day(record.made) });
		block.hidden = false;
		block.querySelector("[data-use-kept]").addEventListener("click", () => {
			this.kept = true;
			this.show(record);
		});
	}
}

/** "2026-11-22 14:03 UTC" */
export function day(iso) {
	return `${iso.slice(0, 16).replace("T", " ")} UTC`;
}

/**
 * Bring a generator to life.
 * @param {(record: object|null) => void} onChange called with the record of store.js when a key was made, and again
 *	when its file was saved; with null when it goes because another is made
 */
export function attachGenerator(form, onChange = () => {}) {
	const generator = new Generator(form, onChange);
	if (form.dataset.order)
		generator.offerKept();
	return generator;
}
