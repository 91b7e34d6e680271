/* builder.js - the form that joins a key and its certificate into a PFX (macro pfx_builder in part_browser.cs). */
import { Fault } from "./fault.js";
import { day } from "./generator.js";
import { dropKey, keptKeys } from "./store.js";
import {
	Faults, blame, element, fileName, filesOf, library, newPasswordFaults, offer, out, prepare, progress, run, say,
} from "./ui.js";

const PKCS12 = "application/x-pkcs12";

function byId(id) {
	return document.getElementById(id);
}

async function fetchText(path) {
	let answer;
	try {
		answer = await fetch(path, { credentials: "same-origin" });
	} catch {
		throw new Fault("certificate_fetch");
	}
	if (!answer.ok)
		throw new Fault("certificate_fetch");
	return answer.text();
}

class Builder {
	constructor(form) {
		this.form = form;
		this.made = byId("pfx_made");
		this.records = [];
		form.addEventListener("submit", (event) => {
			event.preventDefault();
			run(form, "pfx_make", () => this.make());
		});
		this.made.querySelector("[data-forget] button").addEventListener("click", () => this.forget());
		byId("pfx_kept").addEventListener("change", () => this.showSource());
		prepare(form);
	}

	/** Offer the keys kept in this browser; on an order's page that order's is chosen. Again when one was added. */
	async offerKept() {
		const { order } = this.form.dataset;
		this.records = await keptKeys();
		const select = byId("pfx_kept");
		select.length = 1;
		for (const record of this.records) {
			const of = order && record.order === order ? "js.kept_order_key" : "js.kept_key";
			const text = say(of, { name: record.email || record.file, key: record.kind, made: day(record.made) });
			select.append(element("option", { value: record.id }, text));
		}
		select.value = this.records.find((record) => order && record.order === order)?.id ?? "";
		this.showSource();
	}

	showSource() {
		this.form.querySelector("[data-key-file]").hidden = byId("pfx_kept").value !== "";
	}

	keptRecord() {
		return this.records.find((record) => record.id === byId("pfx_kept").value);
	}

	check() {
		const faults = newPasswordFaults("pfx_password", "pfx_again");
		const certificate = byId("pfx_certificate");
		if (!this.keptRecord() && byId("pfx_key").files.length === 0)
			faults.unshift({ field: "pfx_key", text: say("fault.key_file_missing") });
		else if (certificate && certificate.files.length === 0 && byId("pfx_pasted").value.trim() === "" &&
			!/\.(p12|pfx)$/i.test(byId("pfx_key").files[0]?.name || ""))
			faults.unshift({ field: "pfx_certificate", text: say("fault.certificate_missing") });
		if (faults.length > 0)
			throw new Faults(faults);
	}

	/* The key, and the certificates when it came in a PFX. */
	async readKey(keys) {
		const record = this.keptRecord();
		const password = byId("pfx_key_password").value;
		const [input] = record ? [record.pem] : await filesOf(byId("pfx_key"));
		if (!keys.looksLikePfx(input))
			return { pkcs8: await keys.readKey(input, password), certificates: [] };
		const { keys: found, certificates } = await keys.readPfx(input, password);
		if (found.length === 0)
			throw new Fault("key_not_there", { label: "PFX" });
		return { pkcs8: found[0], certificates };
	}

	async readCertificates(keys) {
		const { certificate, chain } = this.form.dataset;
		if (certificate)
			return (await Promise.all([certificate, chain].map(fetchText))).flatMap((text) => keys.certificatesIn(text));
		const inputs = await filesOf(byId("pfx_certificate"));
		if (byId("pfx_pasted").value.trim() !== "")
			inputs.push(byId("pfx_pasted").value);
		return inputs.flatMap((input) => keys.certificatesIn(input));
	}

	async join(keys) {
		await progress(this.form, say("js.opening"));
		const keyField = this.keptRecord() ? "pfx_kept" : "pfx_key";
		const { pkcs8, certificates } = await this.blameKey(keyField, () => this.readKey(keys));
		const where = this.form.dataset.certificate ? "pfx_make" : "pfx_certificate";
		const all = [...certificates, ...await blame(where, () => this.readCertificates(keys))];
		const spki = await blame(keyField, () => keys.publicOf(pkcs8));
		const { leaf, chain } = await blame(this.form.dataset.certificate ? keyField : where, async () =>
			keys.leafAndChain(all, spki));
		return { pkcs8, leaf, chain: byId("pfx_chain").checked ? chain : [], name: keys.nameOf(leaf) };
	}

	/* A wrong password is the password's fault, anything else the file's. */
	blameKey(field, act) {
		return blame(field, act).catch((error) => {
			if (error.code === "password_wrong" || error.code === "password_needed")
				error.field = "pfx_key_password";
			throw error;
		});
	}

	async make() {
		this.check();
		this.made.hidden = true;
		const keys = await library();
		const parts = await this.join(keys);
		const preset = this.form.querySelector("[name=pfx_preset]:checked").value;
		try {
			this.show(await this.build(keys, parts, preset), parts, preset);
		} finally {
			parts.pkcs8.fill(0);
		}
	}

	async build(keys, parts, preset) {
		const password = byId("pfx_password").value;
		await progress(this.form, say("js.building"));
		const pfx = await keys.buildPfx(parts, preset, password);
		await progress(this.form, say("js.checking"));
		await keys.checkPfx(pfx, password, parts);
		return pfx;
	}

	show(pfx, parts, preset) {
		progress(this.form, "");
		for (const id of ["pfx_key_password", "pfx_password", "pfx_again"])
			byId(id).value = "";
		const name = `${this.form.dataset.file || fileName(parts.name)}${preset === "older" ? "-older" : ""}.p12`;
		const content = parts.chain.length === 0 ? "js.pfx_alone" : "js.pfx_chain";
		out(this.made, "content").textContent = say(content, { name: parts.name, count: parts.chain.length });
		this.said("");
		this.made.querySelector("[data-forget]").hidden = true;
		offer(out(this.made, "pfx_file"), name, PKCS12, pfx, () => this.saved(name));
		this.made.hidden = false;
		this.made.focus();
	}

	said(text) {
		this.made.querySelector("[data-saved]").textContent = text;
	}

	saved(name) {
		this.said(say("js.pfx_saved", { file: name }));
		this.made.querySelector("[data-forget]").hidden = !this.keptRecord();
	}

	async forget() {
		const record = this.keptRecord();
		await dropKey(record.id);
		byId("pfx_kept").querySelector(`option[value="${record.id}"]`).remove();
		byId("pfx_kept").value = "";
		this.showSource();
		this.made.querySelector("[data-forget]").hidden = true;
		this.said(say("js.forgotten"));
	}
}

/** Bring a builder to life. */
export function attachBuilder(form) {
	const builder = new Builder(form);
	builder.offerKept();
	return builder;
}
