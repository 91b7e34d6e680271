/* bytes.js - octets and their spellings: hex, base64, PEM, and what people paste in place of them. */
import { Fault } from "./fault.js";

const LINE = 64; /* characters of base64 a line of PEM has (RFC 7468 section 2) */

export function same(a, b) {
	return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** "AB:CD:…", as OpenSSL prints fingerprints and serial numbers. */
export function hexColons(bytes) {
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(":");
}

export async function sha256(bytes) {
	return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

export async function sha1(bytes) {
	return new Uint8Array(await crypto.subtle.digest("SHA-1", bytes));
}

function fromBase64(text, label) {
	try {
		return Uint8Array.from(atob(text.replace(/\s+/g, "")), (c) => c.charCodeAt(0));
	} catch {
		throw new Fault("base64_broken", { label });
	}
}

function toBase64(bytes) {
	let text = "";
	for (const byte of bytes)
		text += String.fromCharCode(byte);
	return btoa(text);
}

/** PEM of one object, with a newline at the end. */
export function toPem(label, der) {
	const lines = toBase64(der).match(new RegExp(`.{1,${LINE}}`, "g"));
	return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/* Mail programs and word processors leave these around PEM. */
function tidy(text) {
	return text.replace(/^\uFEFF/, "").replace(/[\u00A0\u200B]/g, " ").replace(/^[ \t>]+/gm, "").replace(/\r\n?/g, "\n");
}

/* A body may begin with headers of RFC 1421 ("Proc-Type: 4,ENCRYPTED"), which end with an empty line. */
function fromPemBody(label, body) {
	const headers = /^\n?((?:[A-Za-z-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)+)\n/.exec(body);
	return {
		label,
		headers: headers ? headers[1] : "",
		der: fromBase64(headers ? body.slice(headers[0].length) : body, label),
	};
}

function fromPem(text) {
	const found = [];
	const begin = /-----BEGIN ([A-Z0-9 ]+)-----/g;
	for (let m = begin.exec(text); m; m = begin.exec(text)) {
		const end = text.indexOf(`-----END ${m[1]}-----`, begin.lastIndex);
		if (end < 0)
			throw new Fault("pem_cut", { label: m[1] });
		found.push(fromPemBody(m[1], text.slice(begin.lastIndex, end)));
		begin.lastIndex = end;
	}
	return found;
}

/* DER and BER of everything we read begin with a SEQUENCE. */
function looksBinary(bytes) {
	return bytes[0] === 0x30 && bytes.length > 1 && (bytes[1] >= 0x80 || bytes.length === bytes[1] + 2);
}

/**
 * The objects in a file or in pasted text: PEM blocks with anything around them, bare base64, or DER.
 * @param {Uint8Array|string} input
 * @returns {{label: string, headers: string, der: Uint8Array}[]} at least one; label is "" when none was written
 * @throws {Fault} input_empty, base64_broken, pem_cut, not_recognised
 */
export function objectsIn(input) {
	if (input.length === 0)
		throw new Fault("input_empty");
	if (typeof input !== "string" && looksBinary(input))
		return [{ label: "", headers: "", der: input }];
	const text = tidy(typeof input === "string" ? input : new TextDecoder().decode(input));
	if (text.trim() === "")
		throw new Fault("input_empty");
	const found = fromPem(text);
	if (found.length > 0)
		return found;
	if (!/^[A-Za-z0-9+/=\s]+$/.test(text))
		throw new Fault("not_recognised");
	const der = fromBase64(text, "");
	if (!looksBinary(der))
		throw new Fault("not_recognised");
	return [{ label: "", headers: "", der }];
}
