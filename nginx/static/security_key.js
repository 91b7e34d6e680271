// security_key.js - has a security key made (navigator.credentials.create) or used (.get) when its form is sent, puts what
// it answers into the form's fields, and sends it on. Words come from data attributes of the page, never from here.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (octets) => btoa(String.fromCharCode(...new Uint8Array(octets))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const named = (known) => known.split(" ").filter(Boolean).map((id) => ({ type: "public-key", id: bytes(id) }));
const TIMEOUT = 115000; // a little less than the server waits

async function make({ dataset }) {
	const { response } = await navigator.credentials.create({ publicKey: {
		challenge: bytes(dataset.challenge), rp: { id: dataset.site, name: dataset.service }, timeout: TIMEOUT, attestation: "none",
		user: { id: bytes(dataset.handle), name: dataset.login, displayName: dataset.login },
		pubKeyCredParams: dataset.algorithms.split(" ").map((alg) => ({ type: "public-key", alg: Number(alg) })),
		excludeCredentials: named(dataset.known),
		authenticatorSelection: { residentKey: "discouraged", userVerification: "discouraged" },
	} });
	return { client_data: text(response.clientDataJSON), authenticator_data: text(response.getAuthenticatorData()) };
}

async function use({ dataset, elements }) {
	const body = new URLSearchParams({ form_token: elements.form_token.value });
	const asked = await fetch(dataset.ask, { method: "POST", body, headers: { Accept: "application/json" } });
	// The session has ended, or too much was tried: the page itself says so.
	if (!asked.ok) {
		location.reload();
		return null;
	}
	const { challenge, site, known } = await asked.json();
	const { rawId, response } = await navigator.credentials.get({ publicKey: {
		challenge: bytes(challenge), rpId: site, timeout: TIMEOUT, allowCredentials: named(known), userVerification: "discouraged",
	} });
	return { credential: text(rawId), client_data: text(response.clientDataJSON),
		authenticator_data: text(response.authenticatorData), signature: text(response.signature) };
}

function securityKey(form) {
	const status = form.querySelector("[data-status]");
	const button = form.querySelector("button[type=submit]");
	let busy = false;

	form.addEventListener("submit", async (event) => {
		event.preventDefault();
		if (busy) return;
		busy = true;
		button.setAttribute("aria-disabled", "true");
		status.textContent = form.dataset.wait;
		try {
			const answer = await ("ask" in form.dataset ? use(form) : make(form));
			if (!answer) return;
			for (const [name, value] of Object.entries(answer)) form.elements[name].value = value;
			form.submit();
		} catch (error) {
			const there = error.name === "InvalidStateError" && form.dataset.there;
			status.textContent = there || form.dataset.failed;
			busy = false;
			button.removeAttribute("aria-disabled");
		}
	});
}

// Such keys need a secure address, and a browser that knows them. When not, the page shows what it has without scripts.
if (globalThis.PublicKeyCredential) document.querySelectorAll("form[data-security-key]").forEach(securityKey);
else document.documentElement.classList.add("no-keys");
