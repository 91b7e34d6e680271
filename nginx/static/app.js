// app.js - small conveniences on pages that work without them: focus on the error summary, a live check of the
// CSR, files dropped on its field, a hint for mistyped mail domains, copy buttons, a button that shows a typed password,
// a meter for a new one, a countdown, news of what a page waits for.
// Words come from data attributes of the page, never from here.

const CHECK_AFTER = 400; // ms of quiet before a typed CSR is checked
const CSR_MAX = 65536; // as CSR_TEXT_MAX of lib/pki/csr.h; the server refuses more in any case

document.getElementById("error-summary")?.focus();

// A link of the error summary leads to its field; a field hidden in nothing needs no more than the browser does,
// but the label should be in view as well.
for (const link of document.querySelectorAll("#error-summary a")) {
	link.addEventListener("click", (event) => {
		const field = document.getElementById(link.hash.slice(1));
		if (!field) return;
		event.preventDefault();
		(field.closest(".field, fieldset, .check") ?? field).scrollIntoView();
		field.focus({ preventScroll: true });
	});
}

function csrForm(form) {
	const text = form.querySelector("textarea");
	const file = form.querySelector("input[type=file]");
	const verdict = form.querySelector("#csr-verdict");
	const drop = form.querySelector("[data-drop]");
	let timer, running;

	// A key that stays here stays good; one that is sent is compromised, and blocked for ever.
	const isSecret = (typed) => /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(typed);
	function says(sentence) {
		const box = document.createElement("div"), line = document.createElement("p");
		box.className = "field-error";
		line.className = "says";
		line.textContent = sentence;
		box.append(line);
		verdict.replaceChildren(box);
	}
	async function check() {
		running?.abort();
		if (text.value.trim() === "") {
			verdict.replaceChildren();
			return;
		}
		if (isSecret(text.value)) {
			says(verdict.dataset.secret);
			return;
		}
		const mine = (running = new AbortController());
		const waits = setTimeout(() => verdict.replaceChildren(verdict.dataset.waits), CHECK_AFTER);
		const body = new URLSearchParams({ csr: text.value, order: form.dataset.order ?? "" });
		try {
			const answer = await fetch("/csr/check", { method: "POST", body, headers: { Accept: "text/html" }, signal: mine.signal });
			// A page instead of a verdict: signed out, throttled, or the service is away. Next tells all the same.
			const known = answer.ok || answer.status === 422 || answer.status === 413;
			const part = known ? new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes : [];
			if (!mine.signal.aborted) {
				form.querySelector("#csr-error")?.remove();
				text.removeAttribute("aria-invalid");
				text.setAttribute("aria-describedby", "csr-hint csr-verdict");
				verdict.replaceChildren(...part);
				copyButtons(verdict);
			}
		} catch {
			// The check is a convenience: without network the form itself still decides.
			if (!mine.signal.aborted) verdict.replaceChildren();
		} finally {
			clearTimeout(waits);
		}
	}
	function soon() {
		clearTimeout(timer);
		timer = setTimeout(check, CHECK_AFTER);
	}
	async function take(chosen) {
		if (!chosen || chosen.size > CSR_MAX) return;
		const read = await chosen.text();
		// A binary request goes up as a file; only text can be shown and checked here.
		if (!read.includes("-----BEGIN ")) return;
		if (isSecret(read)) {
			file.value = "";
			says(verdict.dataset.secret);
			return;
		}
		text.value = read;
		file.value = "";
		check();
	}
	text.addEventListener("input", soon);
	form.addEventListener("submit", (event) => {
		if (!isSecret(text.value)) return;
		event.preventDefault();
		says(verdict.dataset.secret);
		text.focus();
	});
	file.addEventListener("change", () => take(file.files[0]));
	drop.addEventListener("dragover", (event) => {
		event.preventDefault();
		drop.classList.add("dropping");
	});
	drop.addEventListener("dragleave", () => drop.classList.remove("dropping"));
	drop.addEventListener("drop", (event) => {
		if (!event.dataTransfer.files.length) return;
		event.preventDefault();
		drop.classList.remove("dropping");
		file.files = event.dataTransfer.files;
		text.value = "";
		take(file.files[0]);
	});
}
document.querySelectorAll("form[data-csr-form]").forEach(csrForm);

// One slip of a finger away from a domain that many people have: ask, change nothing by ourselves.
const DOMAINS = ["gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "proton.me", "gmx.net", "gmx.de",
	"web.de", "wp.pl", "o2.pl", "onet.pl", "interia.pl", "live.com", "aol.com"];

function oneSlip(a, b) {
	if (a === b || Math.abs(a.length - b.length) > 1) return false;
	let start = 0, end = 0;
	while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
	while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
	const left = a.slice(start, a.length - end), right = b.slice(start, b.length - end);
	return left.length <= 1 && right.length <= 1 ||
		left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0];
}

function emailHint(hint) {
	const field = document.getElementById("email");
	field.addEventListener("change", () => {
		const at = field.value.lastIndexOf("@");
		const typed = field.value.slice(at + 1).trim().toLowerCase();
		const meant = at > 0 && !DOMAINS.includes(typed) && DOMAINS.find((domain) => oneSlip(typed, domain));
		hint.replaceChildren();
		if (!meant) return;
		const address = field.value.slice(0, at + 1).trim() + meant;
		const use = document.createElement("button");
		use.type = "button";
		use.className = "button-quiet";
		use.textContent = hint.dataset.use;
		use.addEventListener("click", () => {
			field.value = address;
			hint.replaceChildren();
			field.focus();
		});
		hint.append(`${hint.dataset.says} ${address}?`, use);
	});
}
document.querySelectorAll("#email-typo").forEach(emailHint);

function copyButtons(within) {
	if (!navigator.clipboard) return;
	for (const command of within.querySelectorAll("pre[data-copy]")) {
		const text = command.textContent;
		const button = document.createElement("button");
		button.type = "button";
		button.className = "button-quiet";
		button.textContent = command.dataset.copy;
		button.addEventListener("click", async () => {
			await navigator.clipboard.writeText(text);
			button.textContent = command.dataset.copied;
		});
		command.prepend(button);
	}
}
copyButtons(document);

// A password can be looked at while it is typed. It goes up as a password all the same, so that nothing keeps it as a text.
function showButton(field) {
	const button = document.createElement("button");
	const which = document.createElement("span");
	const show = (shown) => {
		field.type = shown ? "text" : "password";
		button.setAttribute("aria-pressed", String(shown));
	};
	which.className = "hidden";
	which.textContent = ` (${field.labels[0].textContent})`;
	button.type = "button";
	button.className = "button-quiet show";
	button.setAttribute("aria-controls", field.id);
	button.append(field.dataset.show, which);
	button.addEventListener("click", () => show(field.type === "password"));
	field.form.addEventListener("submit", () => show(false));
	field.spellcheck = false;
	field.autocapitalize = "none";
	show(false);
	field.after(button);
}
document.querySelectorAll("input[data-show]").forEach(showButton);

// The meter of a new password is large, so it comes when somebody goes to the field. Without it the page is what it was.
for (const says of document.querySelectorAll("[data-meter]")) {
	const field = document.getElementById(says.dataset.meter);
	field.addEventListener("focus", () => {
		import(new URL(`password_meter.js${new URL(import.meta.url).search}`, import.meta.url))
			.then(({ watch }) => watch(field, says), () => {});
	}, { once: true });
}

function countdowns(within) {
	for (const left of within.querySelectorAll("[data-countdown]")) {
		const timer = setInterval(() => {
			const seconds = Number(left.textContent) - 1;
			if (seconds > 0) left.textContent = seconds;
			else {
				left.parentElement.remove();
				clearInterval(timer);
			}
		}, 1000);
	}
}
countdowns(document);

// A page that waits for somebody else (the mailbox's holder, the signer) looks now and then whether it is time, and
// shows the part that changed. The attribute data-live holds what it waits in; the part without it is the end. Not while
// nobody looks, not for ever, and not under the fingers of a person who is about to press something in it.
const LOOK_EVERY = 3000;
const LOOKS = 200;

async function look(part) {
	const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
	// The order waits here no more: it has gone back to a step of the person's, whose page says why.
	if (answer.redirected && !new URL(answer.url).pathname.startsWith("/sign-in")) location.assign(answer.url);
	const fresh = answer.ok && !answer.redirected &&
		new DOMParser().parseFromString(await answer.text(), "text/html");
	const now = fresh && fresh.getElementById("live");
	if (!now) return false;
	if (now.dataset.live === part.dataset.live || part.contains(document.activeElement)) return true;
	const before = part.querySelector("h1")?.textContent;
	part.replaceChildren(...now.childNodes);
	if ("live" in now.dataset) part.dataset.live = now.dataset.live;
	else delete part.dataset.live;
	const title = part.querySelector("h1")?.textContent;
	if (title !== before) {
		document.title = fresh.title;
		document.getElementById("news").textContent = title;
	}
	copyButtons(part);
	countdowns(part);
	return "live" in part.dataset;
}

function live(part) {
	let looks = 0;
	const timer = setInterval(async () => {
		if (document.hidden) return;
		// A look that fails says nothing: the page stays as it is, and "Look again" is on it.
		if (!await look(part).catch(() => true) || ++looks === LOOKS) clearInterval(timer);
	}, LOOK_EVERY);
}
document.querySelectorAll("[data-live]").forEach(live);
