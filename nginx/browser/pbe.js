/* pbe.js - encryption under a password: PBES2 with AES-256 (RFC 8018) by WebCrypto, and the triple-DES scheme of
 * RFC 7292 appendix C, which old programs ask for, by node-forge. Forge comes only when it is needed.
 */
import { Null, OctetString } from "asn1js";
import { AlgorithmIdentifier, EncryptedContentInfo, EncryptedData, PBES2Params, PBKDF2Params } from "pkijs";
import { Fault } from "./fault.js";
import { PBES2, Sealed, isPbes2 } from "./sealed.js";

const PBKDF2 = "1.2.840.113549.1.5.12";
const HMAC_SHA256 = "1.2.840.113549.2.9";
const AES256_CBC = "2.16.840.1.101.3.4.1.42";
const AES_CBC = ["2.16.840.1.101.3.4.1.2", "2.16.840.1.101.3.4.1.22", AES256_CBC];

/* More than anybody writes; a file that asks for more would only hang the page. */
const ITERATIONS_MAX = 10_000_000;

async function aesKey(password, salt, iterations, usage) {
	const raw = new TextEncoder().encode(password);
	const base = await crypto.subtle.importKey("raw", raw, "PBKDF2", false, ["deriveKey"]);
	return crypto.subtle.deriveKey({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, base,
		{ name: "AES-CBC", length: 256 }, false, [usage]);
}

function pbes2Algorithm(salt, iterations, iv) {
	const kdf = new PBKDF2Params({
		salt: new OctetString({ valueHex: salt }),
		iterationCount: iterations,
		prf: new AlgorithmIdentifier({ algorithmId: HMAC_SHA256, algorithmParams: new Null() }),
	});
	const params = new PBES2Params({
		keyDerivationFunc: new AlgorithmIdentifier({ algorithmId: PBKDF2, algorithmParams: kdf.toSchema() }),
		encryptionScheme: new AlgorithmIdentifier({
			algorithmId: AES256_CBC, algorithmParams: new OctetString({ valueHex: iv }),
		}),
	});
	return new AlgorithmIdentifier({ algorithmId: PBES2, algorithmParams: params.toSchema() });
}

/** Seal with PBES2: PBKDF2 with HMAC-SHA-256, then AES-256-CBC. PKI.js does the same with a salt of 64 octets,
 * which gpgsm cannot read; ours has 16. */
export async function sealAes(octets, password, iterations) {
	const salt = crypto.getRandomValues(new Uint8Array(16));
	const iv = crypto.getRandomValues(new Uint8Array(16));
	const key = await aesKey(password, salt, iterations, "encrypt");
	const sealed = await crypto.subtle.encrypt({ name: "AES-CBC", iv }, key, octets);
	return new Sealed(pbes2Algorithm(salt, iterations, iv), new Uint8Array(sealed));
}

/** Seal with pbeWithSHAAnd3-KeyTripleDES-CBC. */
export async function sealDes(octets, password, iterations) {
	const { encrypt } = await import("./pbe_older.js");
	return encrypt(octets, password, iterations);
}

function isAes(algorithm) {
	if (!isPbes2(algorithm))
		return false;
	const params = new PBES2Params({ schema: algorithm.algorithmParams });
	return params.keyDerivationFunc.algorithmId === PBKDF2 && AES_CBC.includes(params.encryptionScheme.algorithmId);
}

function refuseEndless(algorithm) {
	const params = new PBES2Params({ schema: algorithm.algorithmParams });
	const kdf = new PBKDF2Params({ schema: params.keyDerivationFunc.algorithmParams });
	if (!(kdf.iterationCount >= 1 && kdf.iterationCount <= ITERATIONS_MAX))
		throw new Fault("encryption_unknown", { scheme: `PBKDF2, ${kdf.iterationCount}` });
}

async function openAes(sealed, password) {
	refuseEndless(sealed.algorithm);
	const data = new EncryptedData({
		encryptedContentInfo: new EncryptedContentInfo({
			contentType: "1.2.840.113549.1.7.1",
			contentEncryptionAlgorithm: sealed.algorithm,
			encryptedContent: new OctetString({ valueHex: sealed.octets }),
		}),
	});
	try {
		return new Uint8Array(await data.decrypt({ password: new TextEncoder().encode(password).buffer }));
	} catch (e) {
		/* WebCrypto tells nothing but that the padding was wrong. */
		if (e.name === "OperationError")
			throw new Fault("password_wrong");
		throw e;
	}
}

/**
 * Open what sealAes(), sealDes() or another program sealed.
 * @throws {Fault} password_wrong, encryption_unknown. Nonsense that is well padded by chance comes back as it is.
 */
export async function open(sealed, password) {
	if (isAes(sealed.algorithm))
		return openAes(sealed, password);
	const { decrypt } = await import("./pbe_older.js");
	return decrypt(sealed, password);
}
