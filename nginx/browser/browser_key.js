/* browser_key.js - step 3 of the activation with method=browser: make the key here, send the CSR alone. */
import { attachGenerator } from "./generator.js";
import { ready, say, showFaults } from "./ui.js";

/* Next sends the CSR; not before there is one and its key's file was saved: who has no key cannot use the
 * certificate. A request saved on an earlier visit (data-good) may go on as it is. */
class Sender {
	constructor(form) {
		this.form = form;
		this.record = null;
		this.earlier = form.querySelector("[name=csr]").value;
		form.addEventListener("submit", (event) => this.send(event));
	}

	changed(record) {
		this.record = record;
		this.form.querySelector("[name=csr]").value = record?.csr ?? this.earlier;
		this.form.querySelector("[data-errors]").replaceChildren();
		const verdict = this.form.querySelector("[data-verdict]");
		if (verdict)
			verdict.hidden = record !== null;
	}

	missing() {
		if (!this.record)
			return this.form.hasAttribute("data-good") ? null : { field: "key_password", text: say("fault.key_not_made") };
		return this.record.saved ? null : { field: "key_save", text: say("fault.key_not_saved") };
	}

	send(event) {
		const missing = this.missing();
		if (!missing)
			return;
		event.preventDefault();
		showFaults(this.form, [missing]);
	}
}

if (ready()) {
	const sender = new Sender(document.querySelector("[data-send-csr]"));
	attachGenerator(document.querySelector("[data-generator]"), (record) => sender.changed(record));
}
