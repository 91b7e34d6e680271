/* keypair.js - key pairs, made by the browser's own WebCrypto; and what is told of a key to people. */
import { fromBER } from "asn1js";
import { PrivateKeyInfo, PublicKeyInfo } from "pkijs";
import { hexColons, sha256 } from "./bytes.js";
import { Fault } from "./fault.js";

const RSA = "1.2.840.113549.1.1.1";
const EC = "1.2.840.10045.2.1";
const CURVES = { "1.2.840.10045.3.1.7": "P-256", "1.3.132.0.34": "P-384", "1.3.132.0.35": "P-521" };
const OTHERS = { "1.3.101.112": "Ed25519", "1.3.101.113": "Ed448", "1.2.840.113549.1.1.10": "RSA-PSS" };

const PUBLIC_EXPONENT = new Uint8Array([1, 0, 1]); /* 65537: SBR 6.1.6 */
const rsa = (bits) => ({
	name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: bits, publicExponent: PUBLIC_EXPONENT,
});

/** What may be asked for, by the value of the form's choice. The hash is that of the request's signature. */
export const KINDS = {
	rsa_2048: { algorithm: rsa(2048), hash: "SHA-256" },
	rsa_3072: { algorithm: rsa(3072), hash: "SHA-256" },
	rsa_4096: { algorithm: rsa(4096), hash: "SHA-256" },
	p_256: { algorithm: { name: "ECDSA", namedCurve: "P-256" }, hash: "SHA-256" },
	p_384: { algorithm: { name: "ECDSA", namedCurve: "P-384" }, hash: "SHA-384" },
};

/** Make a key pair of one of KINDS. The private key can be exported: it must get into a file. */
export function generate(kind) {
	return crypto.subtle.generateKey(KINDS[kind].algorithm, true, ["sign", "verify"]);
}

/** @returns {Promise<Uint8Array>} the private key as PKCS #8 (RFC 5958), unencrypted */
export async function exportPrivate(keys) {
	return new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
}

/** @returns {Promise<Uint8Array>} the SubjectPublicKeyInfo */
export async function exportPublic(keys) {
	return new Uint8Array(await crypto.subtle.exportKey("spki", keys.publicKey));
}

function curveOf(algorithm) {
	try {
		return CURVES[algorithm.algorithmParams.valueBlock.toString()] || "?";
	} catch {
		return "?";
	}
}

/** "RSA 3072", "EC P-256", "Ed25519" …: the same spelling as everywhere in the service. */
export function keyName(spki) {
	const info = PublicKeyInfo.fromBER(spki);
	const id = info.algorithm.algorithmId;
	if (id === EC)
		return `EC ${curveOf(info.algorithm)}`;
	if (id !== RSA)
		return OTHERS[id] || id;
	const modulus = fromBER(info.subjectPublicKey.valueBlock.valueHexView).result.valueBlock.value[0];
	const octets = modulus.valueBlock.valueHexView;
	const first = octets.findIndex((octet) => octet !== 0);
	return `RSA ${(octets.length - first) * 8 - Math.clz32(octets[first]) + 24}`;
}

/** SHA-256 over the SubjectPublicKeyInfo, "AB:CD:…": the key's name in the whole service. */
export async function fingerprint(spki) {
	return hexColons(await sha256(spki));
}

function importAlgorithm(info) {
	const id = info.privateKeyAlgorithm.algorithmId;
	if (id === RSA)
		return rsa(0);
	if (id === EC && curveOf(info.privateKeyAlgorithm) !== "?")
		return { name: "ECDSA", namedCurve: curveOf(info.privateKeyAlgorithm) };
	throw new Fault("key_type_unknown", { type: OTHERS[id] || id });
}

/**
 * The public half of a private key.
 * @param {Uint8Array} pkcs8 unencrypted
 * @throws {Fault} key_broken, key_type_unknown
 */
export async function publicOf(pkcs8) {
	let info;
	try {
		info = PrivateKeyInfo.fromBER(pkcs8);
	} catch {
		throw new Fault("key_broken");
	}
	const algorithm = importAlgorithm(info);
	try {
		const key = await crypto.subtle.importKey("pkcs8", pkcs8, algorithm, true, ["sign"]);
		const { kty, n, e, crv, x, y } = await crypto.subtle.exportKey("jwk", key);
		const half = kty === "RSA" ? { kty, n, e } : { kty, crv, x, y };
		const publicKey = await crypto.subtle.importKey("jwk", half, algorithm, true, ["verify"]);
		return await exportPublic({ publicKey });
	} catch {
		throw new Fault("key_broken");
	}
}
