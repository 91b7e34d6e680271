/* password_meter.js - how hard a new password is to guess, as zxcvbn estimates it from common passwords, words, dates and
 * rows of keys. It comes when the field gets the focus (static/app.js). Nothing is sent, and nothing hangs on it: the
 * server judges a password by its length and its own dictionary. */
import { ZxcvbnFactory } from "@zxcvbn-ts/core";
import { adjacencyGraphs, dictionary } from "@zxcvbn-ts/language-common";

const QUIET = 700; // ms without a key before it is told, so that nobody is talked to while typing
const MOST = 128; // characters; what is longer is refused (lib/flow/password.h)

const zxcvbn = new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });

/* says: the status beside the field, with the words for each of the five levels. The bar is for the eye alone. */
export function watch(field, says) {
	const words = says.dataset.words.split("|");
	const login = field.form.querySelector("[autocomplete=username]")?.value ?? "";
	const bar = document.createElement("meter");
	let timer;

	Object.assign(bar, { className: "strength", max: 5, low: 2, high: 4, optimum: 5, hidden: true });
	bar.setAttribute("aria-hidden", "true");
	says.before(bar);
	function look() {
		const level = field.value === "" ? -1 : zxcvbn.check(field.value.slice(0, MOST), [login]).score;
		const sentence = level < 0 ? "" : `${says.dataset.label} ${words[level]}`;

		bar.hidden = level < 0;
		bar.value = level + 1;
		clearTimeout(timer);
		timer = setTimeout(() => {
			if (says.textContent !== sentence) says.textContent = sentence;
		}, sentence === "" ? 0 : QUIET);
	}
	field.addEventListener("input", look);
	look();
}
