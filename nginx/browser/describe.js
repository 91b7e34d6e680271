/* describe.js - what a certificate, a request, a key or a bundle says, as lists of facts for the viewer.
 *
 * A thing is { kind, mood, verdict, facts }: kind and verdict are keys among the page's words, mood is "good",
 * "warning" or "info", and a fact is [key, text] or [key, text, its classes]. Standard names stay as RFC 5280 has them.
 */
import { fromBER } from "asn1js";
import { CertificationRequest, PKCS8ShroudedKeyBag } from "pkijs";
import { hexColons, objectsIn, sha1, sha256 } from "./bytes.js";
import { Cert, certificatesOfPkcs7 } from "./certificate.js";
import { requestedExtensions, signedByItself } from "./csr.js";
import { Fault } from "./fault.js";
import { fingerprint, keyName, publicOf } from "./keypair.js";
import { readKey } from "./keyfile.js";
import { looksLikePfx } from "./pfx.js";

const ATTRIBUTES = {
	"2.5.4.3": "CN", "2.5.4.4": "surname", "2.5.4.5": "serialNumber", "2.5.4.6": "C", "2.5.4.7": "L",
	"2.5.4.8": "ST", "2.5.4.9": "street", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "title",
	"2.5.4.42": "givenName", "2.5.4.65": "pseudonym", "2.5.4.97": "organizationIdentifier",
	"1.2.840.113549.1.9.1": "emailAddress", "0.9.2342.19200300.100.1.25": "DC",
};
const SIGNATURES = {
	"1.2.840.113549.1.1.4": "md5WithRSAEncryption", "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
	"1.2.840.113549.1.1.10": "RSASSA-PSS", "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
	"1.2.840.113549.1.1.12": "sha384WithRSAEncryption", "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
	"1.2.840.10045.4.1": "ecdsa-with-SHA1", "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
	"1.2.840.10045.4.3.3": "ecdsa-with-SHA384", "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
	"1.3.101.112": "Ed25519", "1.3.101.113": "Ed448",
};
const USAGES = [
	"digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign",
	"cRLSign", "encipherOnly", "decipherOnly",
];
const PURPOSES = {
	"1.3.6.1.5.5.7.3.1": "serverAuth", "1.3.6.1.5.5.7.3.2": "clientAuth", "1.3.6.1.5.5.7.3.3": "codeSigning",
	"1.3.6.1.5.5.7.3.4": "emailProtection", "1.3.6.1.5.5.7.3.8": "timeStamping", "1.3.6.1.5.5.7.3.9": "OCSPSigning",
	"2.5.29.37.0": "anyExtendedKeyUsage",
};
const POLICIES = {
	"2.23.140.1.5.1.1": "mailbox-validated, legacy", "2.23.140.1.5.1.2": "mailbox-validated, multipurpose",
	"2.23.140.1.5.1.3": "mailbox-validated, strict", "2.5.29.32.0": "anyPolicy",
};
const SMTP_UTF8_MAILBOX = "1.3.6.1.5.5.7.8.9";
const CA_ISSUERS = "1.3.6.1.5.5.7.48.2", OCSP = "1.3.6.1.5.5.7.48.1";

function named(table, oid) {
	return table[oid] ? `${table[oid]} (${oid})` : oid;
}

function nameText(name) {
	return name.typesAndValues.map(({ type, value }) =>
		`${ATTRIBUTES[type] || type} = ${value.valueBlock.value ?? "?"}`).join(", ");
}

/** "2026-11-22 14:03 UTC", as on every page. */
export function timeText(date) {
	return `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

function generalName(name) {
	switch (name.type) {
	case 0: {
		const [oid, value] = name.value.valueBlock.value;
		const text = value.valueBlock.value[0].valueBlock.value;
		return oid.valueBlock.toString() === SMTP_UTF8_MAILBOX ? text : `${oid.valueBlock.toString()}: ${text}`;
	}
	case 1: return name.value;
	case 2: return `DNS: ${name.value}`;
	case 4: return nameText(name.value);
	case 6: return name.value;
	default: return `[${name.type}]`;
	}
}

function bitNames(bits) {
	const octets = bits.valueBlock.valueHexView;
	return USAGES.filter((_, i) => octets[i >> 3] & (0x80 >> (i & 7))).join(", ");
}

function accessUrls(info, method) {
	return info.accessDescriptions.filter((one) => one.accessMethod === method)
		.map((one) => generalName(one.accessLocation)).join(", ");
}

function constraintsText({ cA, pathLenConstraint }) {
	if (!cA)
		return "cA = FALSE";
	return pathLenConstraint === undefined ? "cA = TRUE" : `cA = TRUE, pathLenConstraint = ${pathLenConstraint}`;
}

const EXTENSIONS = {
	"2.5.29.17": (v) => [["alt_names", v.altNames.map(generalName).join(", ")]],
	"2.5.29.15": (v) => [["key_usage", bitNames(v)]],
	"2.5.29.37": (v) => [["purposes", v.keyPurposes.map((oid) => PURPOSES[oid] || oid).join(", ")]],
	"2.5.29.19": (v) => [["constraints", constraintsText(v)]],
	"2.5.29.32": (v) => [["policies",
		v.certificatePolicies.map((p) => named(POLICIES, p.policyIdentifier)).join(", ")]],
	"2.5.29.31": (v) => [["crl", v.distributionPoints.flatMap((point) =>
		(point.distributionPoint || []).map(generalName)).join(", "), "code"]],
	"1.3.6.1.5.5.7.1.1": (v) => [["ca_issuers", accessUrls(v, CA_ISSUERS), "code"], ["ocsp", accessUrls(v, OCSP), "code"]],
	"2.5.29.14": (v) => [["subject_key_id", hexColons(v.valueBlock.valueHexView), "code"]],
	"2.5.29.35": (v) => [["authority_key_id",
		v.keyIdentifier ? hexColons(v.keyIdentifier.valueBlock.valueHexView) : "", "code"]],
};

function extensionFacts(extension) {
	const read = EXTENSIONS[extension.extnID];
	try {
		if (read)
			return read(extension.parsedValue);
	} catch {
		/* It is shown as one we do not know. */
	}
	return [["other_extension", extension.extnID + (extension.critical ? " (critical)" : "")]];
}

function isSet([, text]) {
	return text !== "" && text !== undefined;
}

function validity(x509) {
	const now = new Date();
	if (now < x509.notBefore.value)
		return { mood: "warning", verdict: "not_yet_valid" };
	if (now > x509.notAfter.value)
		return { mood: "warning", verdict: "expired" };
	return { mood: "good", verdict: "valid" };
}

function serialText(serial) {
	const octets = serial.valueBlock.valueHexView;
	return hexColons(octets.length > 1 && octets[0] === 0 ? octets.slice(1) : octets);
}

async function describeCertificate(cert) {
	const { x509 } = cert;
	return {
		kind: "certificate",
		...validity(x509),
		facts: [
			["subject", nameText(x509.subject)],
			["issuer", nameText(x509.issuer)],
			["not_before", timeText(x509.notBefore.value)],
			["not_after", timeText(x509.notAfter.value)],
			["key", keyName(cert.spki)],
			...(x509.extensions || []).flatMap(extensionFacts),
			["signature", SIGNATURES[x509.signatureAlgorithm.algorithmId] || x509.signatureAlgorithm.algorithmId],
			["serial", serialText(x509.serialNumber), "code"],
			["fingerprint_sha256", hexColons(await sha256(cert.der)), "code fingerprint"],
			["fingerprint_sha1", hexColons(await sha1(cert.der)), "code fingerprint"],
			["key_fingerprint", await fingerprint(cert.spki), "code fingerprint"],
		].filter(isSet),
	};
}

async function describeRequest(der) {
	const request = CertificationRequest.fromBER(der);
	const spki = new Uint8Array(request.subjectPublicKeyInfo.toSchema().toBER());
	const good = await signedByItself(request);
	return {
		kind: "request",
		mood: good ? "good" : "warning",
		verdict: good ? "signature_good" : "signature_bad",
		facts: [
			["subject", nameText(request.subject)],
			["key", keyName(spki)],
			...requestedExtensions(request).flatMap(extensionFacts),
			["signature", SIGNATURES[request.signatureAlgorithm.algorithmId] || request.signatureAlgorithm.algorithmId],
			["key_fingerprint", await fingerprint(spki), "code fingerprint"],
		].filter(isSet),
	};
}

async function describePublicKey(der) {
	return {
		kind: "public_key", mood: "info", verdict: "public_key",
		facts: [["key", keyName(der)], ["key_fingerprint", await fingerprint(der), "code fingerprint"]],
	};
}

async function describePrivateKey(object) {
	const pem = object.label === "" ? object.der : null;
	const spki = await publicOf(await readKey(pem || pemOf(object), ""));
	return {
		kind: "private_key", mood: "warning", verdict: "private_key",
		facts: [["key", keyName(spki)], ["key_fingerprint", await fingerprint(spki), "code fingerprint"]],
	};
}

function pemOf({ label, headers, der }) {
	const body = btoa(String.fromCharCode(...der));
	return `-----BEGIN ${label}-----\n${headers ? `${headers}\n` : ""}${body}\n-----END ${label}-----\n`;
}

function sealedKey(verdict) {
	return { kind: "sealed_key", mood: "info", verdict, facts: [] };
}

async function attempt(read) {
	try {
		return await read();
	} catch {
		return null;
	}
}

async function describePkcs7(der) {
	return Promise.all(certificatesOfPkcs7(der).map(describeCertificate));
}

function describeSealed(der) {
	new PKCS8ShroudedKeyBag({ schema: fromBER(der).result });
	return sealedKey("sealed_key");
}

/* DER says nothing about what it is: each reader is asked, the narrow ones first. */
async function describeUnlabelled(object) {
	const { der } = object;
	if (looksLikePfx(der))
		return sealedKey("pfx");
	return await attempt(() => describeCertificate(new Cert(der))) || await attempt(() => describeRequest(der)) ||
		await attempt(() => describePkcs7(der)) || await attempt(() => describePrivateKey(object)) ||
		await attempt(() => describeSealed(der)) || await attempt(() => describePublicKey(der));
}

function describeLabelled(object) {
	const { label, headers, der } = object;
	switch (label) {
	case "CERTIFICATE":
	case "X509 CERTIFICATE":
	case "TRUSTED CERTIFICATE": return describeCertificate(new Cert(der));
	case "CERTIFICATE REQUEST":
	case "NEW CERTIFICATE REQUEST": return describeRequest(der);
	case "PKCS7":
	case "CMS": return describePkcs7(der);
	case "PUBLIC KEY": return describePublicKey(der);
	case "ENCRYPTED PRIVATE KEY": return sealedKey("sealed_key");
	case "PRIVATE KEY":
	case "RSA PRIVATE KEY":
	case "EC PRIVATE KEY":
		return /ENCRYPTED/.test(headers) ? sealedKey("sealed_key") : describePrivateKey(object);
	default: return null;
	}
}

async function describeOne(object) {
	if (object.label === "EC PARAMETERS")
		return [];
	const described = object.label === "" ? await describeUnlabelled(object) :
		await attempt(() => describeLabelled(object));
	if (described)
		return described;
	if (object.label === "")
		throw new Fault("not_recognised");
	throw new Fault("object_broken", { label: object.label });
}

/**
 * Describe everything in a file or in pasted text.
 * @throws {Fault} not_recognised, object_broken, and those of objectsIn()
 */
export async function describe(input) {
	const things = await Promise.all(objectsIn(input).map(describeOne));
	return things.flat();
}
