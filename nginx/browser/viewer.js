/* viewer.js - what is in a CSR, a certificate, a key or a bundle, shown while typing (section viewer of tools.cs). */
import { Fault } from "./fault.js";
import { element, filesOf, icon, library, say } from "./ui.js";

const PAUSE = 300; /* ms without a key stroke before the text is read */
const BOXES = { good: ["box-good", "verified"], warning: ["box-warning", "warning"], info: ["box-info", "info"] };

function fact([key, text, look]) {
	return element("div", { className: "fact" },
		element("dt", {}, say(`fact.${key}`)),
		element("dd", { className: look ?? "" }, text));
}

function card({ kind, mood, verdict, facts }) {
	const [box, sign] = BOXES[mood];
	const says = element("p", { className: "says" }, icon(sign), " ", say(`verdict.${verdict}`));
	const made = element("section", { className: "card" },
		element("h3", {}, say(`kind.${kind}`)), element("div", { className: `box ${box}` }, says));
	if (facts.length > 0)
		made.append(element("dl", { className: "facts" }, ...facts.map(fact)));
	return made;
}

function complaint(error) {
	if (!(error instanceof Fault))
		console.error(error);
	const text = error instanceof Fault ? say(`fault.${error.code}`, error.args) : say("fault.internal");
	return element("div", { className: "box box-wrong" }, element("p", { className: "says" }, icon("wrong"), " ", text));
}

class Viewer {
	constructor(form) {
		this.text = form.querySelector("textarea");
		this.file = form.querySelector("input[type=file]");
		this.status = form.querySelector("[data-status]");
		this.shown = document.getElementById("viewer_shown");
		this.turn = 0;
		form.addEventListener("submit", (event) => event.preventDefault());
		this.text.addEventListener("input", () => this.soon());
		this.file.addEventListener("change", () => this.readFiles());
	}

	soon() {
		clearTimeout(this.timer);
		this.timer = setTimeout(() => this.show([this.text.value]), PAUSE);
	}

	async readFiles() {
		this.text.value = "";
		this.show(await filesOf(this.file));
	}

	/* Only the newest reading may write: a slower older one is dropped. */
	async show(inputs) {
		this.turn += 1;
		const { turn } = this;
		let cards = [];
		let count = 0;
		if (inputs.some((input) => input.length > 0 && input.toString().trim() !== "")) {
			try {
				const { describe } = await library();
				const things = (await Promise.all(inputs.map(describe))).flat();
				count = things.length;
				cards = things.map(card);
			} catch (error) {
				cards = [complaint(error)];
			}
		}
		if (turn !== this.turn)
			return;
		this.shown.replaceChildren(...cards);
		this.status.textContent = cards.length === 0 ? "" : this.spoken(count, cards);
	}

	spoken(count, cards) {
		return count === 0 ? cards[0].textContent : say("js.viewer_found", { count });
	}
}

/** Bring the viewer to life. */
export function attachViewer(form) {
	return new Viewer(form);
}
