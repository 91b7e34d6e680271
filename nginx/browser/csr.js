/* csr.js - certificate signing requests (PKCS #10, RFC 2986): made and read. */
import { IA5String, Utf8String } from "asn1js";
import {
	Attribute, AttributeTypeAndValue, CertificationRequest, Extension, Extensions, GeneralName, GeneralNames,
} from "pkijs";
import { KINDS } from "./keypair.js";
import { toPem } from "./bytes.js";

const COMMON_NAME = "2.5.4.3";
const EMAIL_ADDRESS = "1.2.840.113549.1.9.1";
const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
const SUBJECT_ALT_NAME = "2.5.29.17";

const COMMON_NAME_MAX = 64; /* ub-common-name, RFC 5280 appendix A.1 */
const ASCII = /^[\x21-\x7e]+$/;

function attribute(type, value) {
	return new AttributeTypeAndValue({ type, value });
}

/* A certificate takes nothing but the key from a request; the names are for the people who look at it. */
function fillSubject(request, email) {
	const subject = request.subject.typesAndValues;
	if (ASCII.test(email))
		subject.push(attribute(EMAIL_ADDRESS, new IA5String({ value: email })));
	if (email.length > 0 && [...email].length <= COMMON_NAME_MAX)
		subject.push(attribute(COMMON_NAME, new Utf8String({ value: email })));
}

function askForMailbox(request, email) {
	const names = new GeneralNames({ names: [new GeneralName({ type: 1, value: email })] });
	const extensions = new Extensions({
		extensions: [new Extension({
			extnID: SUBJECT_ALT_NAME, critical: false, extnValue: names.toSchema().toBER(),
		})],
	});
	request.attributes = [new Attribute({ type: EXTENSION_REQUEST, values: [extensions.toSchema()] })];
}

/**
 * Make a request and sign it with its own key (proof of possession).
 * @param {CryptoKeyPair} keys of generate() @param {string} kind one of KINDS
 * @param {string} email the mailbox, or ""
 * @returns {Promise<string>} PEM
 */
export async function makeRequest(keys, kind, email) {
	const request = new CertificationRequest({ version: 0, attributes: [] });
	fillSubject(request, email);
	if (ASCII.test(email))
		askForMailbox(request, email);
	await request.subjectPublicKeyInfo.importKey(keys.publicKey);
	await request.sign(keys.privateKey, KINDS[kind].hash);
	return toPem("CERTIFICATE REQUEST", new Uint8Array(request.toSchema().toBER()));
}

/** The extensions a request asks for, or none. */
export function requestedExtensions(request) {
	const asked = (request.attributes || []).find((a) => a.type === EXTENSION_REQUEST);
	return asked ? new Extensions({ schema: asked.values[0] }).extensions : [];
}

/** Whether the request is signed by its own key; false too when the algorithm is not known here. */
export async function signedByItself(request) {
	try {
		return await request.verify();
	} catch {
		return false;
	}
}
