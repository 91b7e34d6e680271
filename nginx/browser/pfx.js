/* pfx.js - PKCS #12 files (RFC 7292): a key, its certificate and the chain under one password, and back. */
import { BmpString, Null, OctetString } from "asn1js";
import {
	AlgorithmIdentifier, Attribute, AuthenticatedSafe, CertBag, ContentInfo, DigestInfo,
	EncryptedContentInfo, EncryptedData, MacData, PFX, PKCS8ShroudedKeyBag, SafeBag, SafeContents, getCrypto,
} from "pkijs";
import { same, sha1 } from "./bytes.js";
import { Cert } from "./certificate.js";
import { Fault } from "./fault.js";
import { unsealKey } from "./keyfile.js";
import { publicOf } from "./keypair.js";
import { open, sealAes, sealDes } from "./pbe.js";
import { Sealed } from "./sealed.js";

const DATA = "1.2.840.113549.1.7.1";
const ENCRYPTED_DATA = "1.2.840.113549.1.7.6";
const KEY_BAG = "1.2.840.113549.1.12.10.1.1";
const SHROUDED_KEY_BAG = "1.2.840.113549.1.12.10.1.2";
const CERT_BAG = "1.2.840.113549.1.12.10.1.3";
const X509_CERTIFICATE = "1.2.840.113549.1.9.22.1";
const FRIENDLY_NAME = "1.2.840.113549.1.9.20";
const LOCAL_KEY_ID = "1.2.840.113549.1.9.21";

/* MAC salts of more than 20 octets trip old readers. */
const MAC_SALT = 16;

/**
 * Whom a file is for. The modern counts stay, summed up, under the 600,000 beyond which .NET refuses a file; the
 * older ones are those of OpenSSL's -legacy, known to be read everywhere.
 */
export const PRESETS = {
	modern: { seal: (octets, password) => sealAes(octets, password, 100_000), hash: "SHA-256", iterations: 100_000 },
	older: { seal: (octets, password) => sealDes(octets, password, 2048), hash: "SHA-1", iterations: 2048 },
};

function bagAttributes(name, keyId) {
	const list = [new Attribute({ type: LOCAL_KEY_ID, values: [new OctetString({ valueHex: keyId })] })];
	if (name)
		list.push(new Attribute({ type: FRIENDLY_NAME, values: [new BmpString({ value: name })] }));
	return list;
}

function certBag(certificate, attributes) {
	const bag = new SafeBag({
		bagId: CERT_BAG,
		bagValue: new CertBag({
			certId: X509_CERTIFICATE, certValue: new OctetString({ valueHex: certificate.der }),
		}),
	});
	if (attributes)
		bag.bagAttributes = attributes;
	return bag;
}

function contentsDer(bags) {
	return new Uint8Array(new SafeContents({ safeBags: bags }).toSchema().toBER());
}

async function certificatesSafe(parts, attributes, seal) {
	const bags = [certBag(parts.leaf, attributes), ...parts.chain.map((certificate) => certBag(certificate))];
	const sealed = await seal(contentsDer(bags));
	const data = new EncryptedData({
		encryptedContentInfo: new EncryptedContentInfo({
			contentType: DATA,
			contentEncryptionAlgorithm: sealed.algorithm,
			encryptedContent: new OctetString({ valueHex: sealed.octets }),
			disableSplit: true, /* else it becomes BER of many pieces, which gpgsm cannot read */
		}),
	});
	return new ContentInfo({ contentType: ENCRYPTED_DATA, content: data.toSchema() });
}

async function keySafe(parts, attributes, seal) {
	const sealed = await seal(parts.pkcs8);
	const bag = new SafeBag({
		bagId: SHROUDED_KEY_BAG,
		bagValue: new PKCS8ShroudedKeyBag({
			encryptionAlgorithm: sealed.algorithm,
			encryptedData: new OctetString({ valueHex: sealed.octets }),
		}),
		bagAttributes: attributes,
	});
	const content = new OctetString({ valueHex: contentsDer([bag]) });
	return new ContentInfo({ contentType: DATA, content });
}

async function stamp(octets, password, { hash, iterations }) {
	const engine = getCrypto(true);
	const salt = crypto.getRandomValues(new Uint8Array(MAC_SALT)).buffer;
	const mac = await engine.stampDataWithPassword({
		password: new TextEncoder().encode(password).buffer, hashAlgorithm: hash, salt,
		iterationCount: iterations, contentToStamp: octets.buffer,
	});
	const digestAlgorithm = new AlgorithmIdentifier({
		algorithmId: engine.getOIDByAlgorithm({ name: hash }), algorithmParams: new Null(),
	});
	return new MacData({
		mac: new DigestInfo({ digestAlgorithm, digest: new OctetString({ valueHex: mac }) }),
		macSalt: new OctetString({ valueHex: salt }), iterations,
	});
}

/**
 * Build a PFX: the leaf first, tied to its key by localKeyID, both with the friendlyName.
 * @param {{pkcs8: Uint8Array, leaf: Cert, chain: Cert[], name: string}} parts
 * @param {string} preset one of PRESETS @param {string} password not empty
 * @returns {Promise<Uint8Array>} DER
 */
export async function buildPfx(parts, preset, password) {
	if (password === "")
		throw new Fault("password_empty");
	const seal = (octets) => PRESETS[preset].seal(octets, password);
	const attributes = bagAttributes(parts.name, await sha1(parts.leaf.der));
	const safe = new AuthenticatedSafe({
		safeContents: [
			await certificatesSafe(parts, attributes, seal), await keySafe(parts, attributes, seal),
		],
	});
	const octets = new Uint8Array(safe.toSchema().toBER());
	const pfx = new PFX({
		authSafe: new ContentInfo({ contentType: DATA, content: new OctetString({ valueHex: octets }) }),
		macData: await stamp(octets, password, PRESETS[preset]),
	});
	return new Uint8Array(pfx.toSchema().toBER());
}

async function openSafe(content, password) {
	if (content.contentType === DATA)
		return content.content.getValue();
	const { encryptedContentInfo: info } = new EncryptedData({ schema: content.content });
	return open(new Sealed(info.contentEncryptionAlgorithm, info.getEncryptedContent()), password);
}

function attributeOf(bag, type) {
	const found = (bag.bagAttributes || []).find((attribute) => attribute.type === type);
	return found ? found.values[0] : null;
}

async function readBag(bag, password, out) {
	switch (bag.bagId) {
	case KEY_BAG:
		out.keys.push(new Uint8Array(bag.bagValue.toSchema().toBER()));
		break;
	case SHROUDED_KEY_BAG:
		out.keys.push(await unsealKey(bag.bagValue, password));
		break;
	case CERT_BAG:
		out.certificates.push(new Cert(new Uint8Array(bag.bagValue.certValue.getValue())));
		out.names.push(attributeOf(bag, FRIENDLY_NAME)?.valueBlock.value || "");
		out.keyIds.push(attributeOf(bag, LOCAL_KEY_ID)?.getValue() || null);
		break;
	}
}

/** Whether octets are a PFX: SEQUENCE of INTEGER 3 and two SEQUENCEs. Tells it from keys and certificates. */
export function looksLikePfx(input) {
	if (typeof input === "string" || input[0] !== 0x30)
		return false;
	try {
		return PFX.fromBER(input).version === 3;
	} catch {
		return false;
	}
}

/**
 * Read a PFX, after its MAC (if there is one) has shown that the password is right.
 * @param {Uint8Array} der
 * @returns {Promise<{keys: Uint8Array[], certificates: Cert[], names: string[], keyIds: ArrayBuffer[]}>}
 *	in the file's order; names and keyIds are those of the certificates
 * @throws {Fault} password_wrong, pfx_broken, encryption_unknown
 */
export async function readPfx(der, password) {
	let pfx;
	try {
		pfx = PFX.fromBER(der);
	} catch {
		throw new Fault("pfx_broken");
	}
	try {
		await pfx.parseInternalValues({
			password: new TextEncoder().encode(password).buffer, checkIntegrity: Boolean(pfx.macData),
		});
	} catch {
		throw new Fault("password_wrong");
	}
	const out = { keys: [], certificates: [], names: [], keyIds: [] };
	for (const content of pfx.parsedValue.authenticatedSafe.safeContents) {
		const contents = SafeContents.fromBER(await openSafe(content, password));
		for (const bag of contents.safeBags)
			await readBag(bag, password, out);
	}
	return out;
}

/**
 * Read a PFX back and hold it against what it was made of, so that nobody gets a file that cannot work.
 * @throws {Fault} pfx_differs
 */
export async function checkPfx(der, password, parts) {
	const found = await readPfx(der, password);
	const wanted = [parts.leaf, ...parts.chain];
	const good = found.keys.length === 1 && same(found.keys[0], parts.pkcs8) &&
		found.certificates.length === wanted.length &&
		found.certificates.every((certificate, i) => same(certificate.der, wanted[i].der)) &&
		same(await publicOf(found.keys[0]), found.certificates[0].spki);
	if (!good)
		throw new Fault("pfx_differs");
}
