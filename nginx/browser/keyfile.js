/* keyfile.js - private keys in files: the encrypted one we give people, and the ones other programs made. */
import { Null, ObjectIdentifier, OctetString, fromBER } from "asn1js";
import { AlgorithmIdentifier, PKCS8ShroudedKeyBag, PrivateKeyInfo } from "pkijs";
import { objectsIn, toPem } from "./bytes.js";
import { Fault } from "./fault.js";
import { open, sealAes } from "./pbe.js";
import { Sealed } from "./sealed.js";

const RSA = "1.2.840.113549.1.1.1";
const EC = "1.2.840.10045.2.1";

/* The file may lie about for years and its password is a person's: OWASP's figure for PBKDF2 with SHA-256. */
const ITERATIONS = 600_000;

/**
 * The key file: EncryptedPrivateKeyInfo (RFC 5958) in PEM, PBES2 with AES-256.
 * @param {Uint8Array} pkcs8 unencrypted @param {string} password not empty
 */
export async function sealKey(pkcs8, password) {
	const sealed = await sealAes(pkcs8, password, ITERATIONS);
	const bag = new PKCS8ShroudedKeyBag({
		encryptionAlgorithm: sealed.algorithm,
		encryptedData: new OctetString({ valueHex: sealed.octets }),
	});
	return toPem("ENCRYPTED PRIVATE KEY", new Uint8Array(bag.toSchema().toBER()));
}

function parse(der) {
	const parsed = fromBER(der);
	if (parsed.offset === -1)
		throw new Fault("key_broken");
	return parsed.result;
}

function wrap(algorithmId, algorithmParams, der) {
	const info = new PrivateKeyInfo({
		privateKeyAlgorithm: new AlgorithmIdentifier({ algorithmId, algorithmParams }),
		privateKey: new OctetString({ valueHex: der }),
	});
	return new Uint8Array(info.toSchema().toBER());
}

/* ECPrivateKey (RFC 5915) names its curve in [0]; PKCS #8 wants it outside. */
function wrapEc(der) {
	const parameters = parse(der).valueBlock.value.find((part) =>
		part.idBlock.tagClass === 3 && part.idBlock.tagNumber === 0);
	if (!parameters)
		throw new Fault("key_broken");
	const curve = parameters.valueBlock.value[0].valueBlock.toString();
	return wrap(EC, new ObjectIdentifier({ value: curve }), der);
}

/** Unseal an EncryptedPrivateKeyInfo and see that a PrivateKeyInfo is inside: padding can be right by chance. */
export async function unsealKey(bag, password) {
	const pkcs8 = await open(new Sealed(bag.encryptionAlgorithm, bag.encryptedData.getValue()), password);
	try {
		PrivateKeyInfo.fromBER(pkcs8);
	} catch {
		throw new Fault("password_wrong");
	}
	return pkcs8;
}

function unseal(der, password) {
	if (password === "")
		throw new Fault("password_needed");
	let bag;
	try {
		bag = new PKCS8ShroudedKeyBag({ schema: parse(der) });
	} catch {
		throw new Fault("key_broken");
	}
	return unsealKey(bag, password);
}

/* What DER without a label is, by what stands second in its SEQUENCE. */
function labelOf(der) {
	const parts = parse(der).valueBlock.value || [];
	const kind = (part) => part && part.constructor.NAME;
	if (kind(parts[0]) === "SEQUENCE" && kind(parts[1]) === "OCTET STRING" && parts.length === 2)
		return "ENCRYPTED PRIVATE KEY";
	if (kind(parts[0]) !== "INTEGER")
		return "";
	if (kind(parts[1]) === "SEQUENCE" && kind(parts[2]) === "OCTET STRING")
		return "PRIVATE KEY";
	if (kind(parts[1]) === "OCTET STRING")
		return "EC PRIVATE KEY";
	return parts.length === 9 ? "RSA PRIVATE KEY" : "";
}

function read(object, label, password) {
	if (/ENCRYPTED/.test(object.headers))
		throw new Fault("key_traditional");
	switch (label) {
	case "ENCRYPTED PRIVATE KEY": return unseal(object.der, password);
	case "PRIVATE KEY": return object.der;
	case "RSA PRIVATE KEY": return wrap(RSA, new Null(), object.der);
	case "EC PRIVATE KEY": return wrapEc(object.der);
	default: return null;
	}
}

/**
 * The private key in a file.
 * @param {Uint8Array|string} input PEM or DER: PKCS #8, encrypted or not, PKCS #1, or SEC 1
 * @returns {Promise<Uint8Array>} PKCS #8, unencrypted
 * @throws {Fault} password_needed, password_wrong, encryption_unknown, key_traditional, key_broken,
 *	key_not_there, and those of objectsIn()
 */
export async function readKey(input, password) {
	const objects = objectsIn(input);
	for (const object of objects) {
		const found = await read(object, object.label || labelOf(object.der), password);
		if (found)
			return found;
	}
	throw new Fault("key_not_there", { label: objects[0].label });
}
