/* pbe_older.js - triple-DES and the other schemes WebCrypto does not know, by node-forge. Loaded on demand.
 *
 * Forge keeps octets in strings of characters 0 to 255 and ASN.1 in trees of its own; both stay in this file.
 */
import { Integer, OctetString, Sequence } from "asn1js";
import forge from "node-forge/lib/forge.js";
import "node-forge/lib/pbe.js";
import { AlgorithmIdentifier } from "pkijs";
import { Fault } from "./fault.js";
import { Sealed, isPbes2, schemeOf } from "./sealed.js";

const SHA1_3DES = "1.2.840.113549.1.12.1.3"; /* pbeWithSHAAnd3-KeyTripleDES-CBC, RFC 7292 appendix C */
const FOR_KEY = 1, FOR_IV = 2; /* "ID" of RFC 7292 appendix B.3 */

function toForge(octets) {
	return forge.util.createBuffer(octets);
}

function fromForge(buffer) {
	return Uint8Array.from(buffer.getBytes(), (c) => c.charCodeAt(0));
}

function run(cipher, octets) {
	cipher.update(toForge(octets));
	return cipher.finish();
}

function algorithm(salt, iterations) {
	const params = new Sequence({
		value: [new OctetString({ valueHex: salt }), new Integer({ value: iterations })],
	});
	return new AlgorithmIdentifier({ algorithmId: SHA1_3DES, algorithmParams: params });
}

/** @returns {Sealed} see sealDes() */
export function encrypt(octets, password, iterations) {
	const salt = crypto.getRandomValues(new Uint8Array(8));
	const derive = (what, length) =>
		forge.pbe.generatePkcs12Key(password, toForge(salt), what, iterations, length);
	const cipher = forge.des.createEncryptionCipher(derive(FOR_KEY, 24));
	cipher.start(derive(FOR_IV, 8));
	run(cipher, octets);
	return new Sealed(algorithm(salt, iterations), fromForge(cipher.output));
}

/* PBES2 takes the octets of UTF-8, RFC 7292 appendix B UTF-16: forge does the second by itself. */
function passwordFor(algorithm, password) {
	return isPbes2(algorithm) ? forge.util.encodeUtf8(password) : password;
}

/** See open(). */
export function decrypt(sealed, password) {
	let cipher;
	try {
		const der = new Uint8Array(sealed.algorithm.algorithmParams.toBER());
		cipher = forge.pbe.getCipher(sealed.algorithm.algorithmId, forge.asn1.fromDer(toForge(der)),
			passwordFor(sealed.algorithm, password));
	} catch {
		throw new Fault("encryption_unknown", { scheme: schemeOf(sealed.algorithm) });
	}
	if (!run(cipher, sealed.octets))
		throw new Fault("password_wrong");
	return fromForge(cipher.output);
}
