/* ui.js - what the forms of the key tools have in common: words, faults at their fields, progress, files. */
import { Fault } from "./fault.js";

/** The sentence of a key ("fault.password_wrong"), from the page's templates, with its {holes} filled. */
export function say(key, args = {}) {
	const template = document.querySelector(`template[data-word="${key}"]`);
	const text = template ? template.content.textContent : key;
	return text.replace(/\{(\w+)\}/g, (hole, name) => args[name] ?? hole);
}

/** A copy of one of the page's icons. */
export function icon(name) {
	return document.querySelector(`template[data-icon="${name}"]`).content.cloneNode(true);
}

/** element("p", { className: "says" }, child, …) */
export function element(tag, properties, ...children) {
	const made = Object.assign(document.createElement(tag), properties);
	made.append(...children);
	return made;
}

/** The node of a block that shows a value by this name. */
export function out(root, name) {
	return root.querySelector(`[data-out="${name}"]`);
}

/* Faults: a summary above the form that takes the focus, each line leading to its field, and the sentence again at
 * the field; the same markup as when the server finds them. */

function inputOf(field) {
	return document.getElementById(field);
}

function markField(form, { field, text }) {
	const block = form.querySelector(`[data-field="${field}"]`);
	const input = inputOf(field);
	if (!block || !input)
		return;
	const note = element("div", { className: "field-error", id: `${field}-error` });
	const line = element("p", { className: "says" }, icon("wrong"), " ");
	line.append(element("span", { className: "hidden" }, `${say("js.error_prefix")} `), text);
	note.append(line);
	block.insertBefore(note, input);
	input.setAttribute("aria-invalid", "true");
	input.dataset.describedby = input.getAttribute("aria-describedby") || "";
	input.setAttribute("aria-describedby", `${input.dataset.describedby} ${note.id}`.trim());
}

function unmarkField(input) {
	input.removeAttribute("aria-invalid");
	if (input.dataset.describedby)
		input.setAttribute("aria-describedby", input.dataset.describedby);
	else
		input.removeAttribute("aria-describedby");
}

/* The label should be in view as well. */
function goTo(input) {
	(input.closest(".field") ?? input).scrollIntoView();
	input.focus({ preventScroll: true });
}

/* The title tells first what is the matter, as on a page that the server sends back. */
function markTitle(wrong) {
	const prefix = `${say("js.error_prefix")} `;
	const title = document.title.startsWith(prefix) ? document.title.slice(prefix.length) : document.title;
	document.title = wrong ? prefix + title : title;
}

/** Take all faults off a form. */
export function clearFaults(form) {
	markTitle(false);
	form.querySelector("[data-errors]").replaceChildren();
	for (const note of form.querySelectorAll("[data-field] > .field-error"))
		note.remove();
	for (const input of form.querySelectorAll("[data-field] [aria-invalid]"))
		unmarkField(input);
}

/** Show faults: a list of { field: id of the input to go to, text }. */
export function showFaults(form, faults) {
	const list = element("ul", {});
	for (const { field, text } of faults) {
		const link = element("a", { href: `#${field}` }, text);
		link.addEventListener("click", (event) => {
			event.preventDefault();
			goTo(inputOf(field));
		});
		list.append(element("li", {}, link));
	}
	const title = element("h2", {}, icon("wrong"), " ", say("js.error_summary"));
	const summary = element("div", { className: "error-summary", tabIndex: -1 }, title, list);
	summary.setAttribute("role", "alert");
	form.querySelector("[data-errors]").replaceChildren(summary);
	for (const fault of faults)
		markField(form, fault);
	markTitle(true);
	summary.focus();
}

/* A fault of ours, not of the person's: they get a calm sentence, the console gets the rest. */
function textOf(error) {
	if (error instanceof Fault)
		return say(`fault.${error.code}`, error.args);
	console.error(error);
	return say("fault.internal");
}

/**
 * Run what a form does when it is sent: faults off, progress shown, the button kept from a second press, faults
 * shown. The button stays focusable: a disabled one would lose the focus.
 * @param {(fieldOf: object) => Promise} act may throw a Fault; error.field, or where, says which input is to blame
 */
export async function run(form, where, act) {
	const button = form.querySelector("button[type=submit]");
	if (button.getAttribute("aria-disabled") === "true")
		return;
	clearFaults(form);
	button.setAttribute("aria-disabled", "true");
	form.setAttribute("aria-busy", "true");
	try {
		await act();
	} catch (error) {
		progress(form, "");
		const faults = error.faults || [{ field: error.field || where, text: textOf(error) }];
		showFaults(form, faults);
	} finally {
		button.removeAttribute("aria-disabled");
		form.removeAttribute("aria-busy");
	}
}

/** Say what goes on below the form's button; screen readers speak it. Lets the browser paint before work begins. */
export function progress(form, text) {
	form.querySelector("[data-status]").textContent = text;
	return new Promise((resolve) => {
		setTimeout(resolve, 20);
	});
}

/** Several faults at once, found before anything was tried. */
export class Faults extends Error {
	constructor(faults) {
		super("faults");
		this.faults = faults;
	}
}

/** Do something for one input: a fault in it is that input's. */
export async function blame(field, act) {
	try {
		return await act();
	} catch (error) {
		error.field ??= field;
		throw error;
	}
}

/* Programs disagree on how letters beyond ASCII in a password become octets. */
function passwordFault(password) {
	if (password === "")
		return "password_empty";
	return /^[\x20-\x7e]+$/.test(password) ? "" : "password_ascii";
}

/** Check a new password and its repetition. @returns {object[]} faults, none when good */
export function newPasswordFaults(id, againId) {
	const code = passwordFault(inputOf(id).value);
	if (code)
		return [{ field: id, text: say(`fault.${code}`) }];
	if (inputOf(id).value !== inputOf(againId).value)
		return [{ field: againId, text: say("fault.password_differs") }];
	return [];
}

/** The octets of the chosen files. */
export function filesOf(input) {
	return Promise.all(Array.from(input.files, async (file) => new Uint8Array(await file.arrayBuffer())));
}

/** Turn a link into a download made here. The name tells it apart; onSaved runs when it is pressed. */
export function offer(link, name, type, content, onSaved) {
	if (link.href.startsWith("blob:"))
		URL.revokeObjectURL(link.href);
	link.href = URL.createObjectURL(new Blob([content], { type }));
	link.download = name;
	link.onclick = onSaved;
}

/** A beginning for file names: what Order.file is on the pages of an order. */
export function fileName(email) {
	const local = email.split("@")[0].replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[.-]+|[.-]+$/g, "");
	return local || "mailbox";
}

/** The module with the library, loaded at the first touch of a form and shared by all of them. */
export async function library() {
	try {
		return await import("./keys.js");
	} catch {
		throw new Fault("load_failed");
	}
}

/** Load the library while the person still types; let passwords be seen. */
export function prepare(form) {
	form.addEventListener("focusin", () => library().catch(() => {}), { once: true });
	const show = form.querySelector("[data-show-passwords]");
	show?.addEventListener("change", () => {
		for (const input of form.querySelectorAll('.field > input[autocomplete="new-password"], .field > input[autocomplete="off"]'))
			input.type = show.checked ? "text" : "password";
	});
}

/** Whether this browser can make keys here: WebCrypto needs a secure address. When not, the page shows what it has
 * for people without JavaScript, and says why. */
export function ready() {
	if (globalThis.crypto?.subtle)
		return true;
	document.documentElement.classList.add("no-keys");
	return false;
}
