/* certificate.js - certificates: found in files, held against a key, put in order. */
import { fromBER } from "asn1js";
import { Certificate, ContentInfo, SignedData } from "pkijs";
import { objectsIn, same } from "./bytes.js";
import { Fault } from "./fault.js";

const SIGNED_DATA = "1.2.840.113549.1.7.2";
const LABELS = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];

/** One certificate: its octets exactly as they were, and what PKI.js read in them. */
export class Cert {
	/** @throws when der is no certificate */
	constructor(der) {
		this.x509 = Certificate.fromBER(der);
		/* OpenSSL's TRUSTED CERTIFICATE has more behind the certificate. */
		this.der = der.slice(0, fromBER(der).result.blockLength);
		this.spki = new Uint8Array(this.x509.subjectPublicKeyInfo.toSchema().toBER());
		this.subject = new Uint8Array(this.x509.subject.valueBeforeDecode);
		this.issuer = new Uint8Array(this.x509.issuer.valueBeforeDecode);
	}

	get selfIssued() {
		return same(this.subject, this.issuer);
	}
}

/** The certificates in the SignedData of a .p7b or .p7c file. @throws when it is none */
export function certificatesOfPkcs7(der) {
	const info = ContentInfo.fromBER(der);
	if (info.contentType !== SIGNED_DATA)
		throw new Fault("certificate_not_there", { label: "PKCS #7" });
	const data = new SignedData({ schema: info.content });
	return (data.certificates || []).map((one) => new Cert(new Uint8Array(one.toSchema().toBER())));
}

function attempt(read) {
	try {
		return read();
	} catch {
		return null;
	}
}

function fromObject({ label, der }) {
	const asOne = () => [new Cert(der)];
	const asMany = () => certificatesOfPkcs7(der);
	if (LABELS.includes(label) || label === "PKCS7" || label === "CMS") {
		const found = attempt(label.endsWith("CERTIFICATE") ? asOne : asMany);
		if (!found)
			throw new Fault("certificate_broken");
		return found;
	}
	return label === "" ? attempt(asOne) || attempt(asMany) || [] : [];
}

/**
 * The certificates in a file or in pasted text: PEM, DER or PKCS #7, one or many.
 * @throws {Fault} certificate_broken, certificate_not_there, and those of objectsIn()
 */
export function certificatesIn(input) {
	const objects = objectsIn(input);
	const found = objects.flatMap(fromObject);
	if (found.length === 0)
		throw new Fault("certificate_not_there", { label: objects[0].label });
	return found;
}

/**
 * Find the certificate of a key among others, and the chain above it without the root: readers take the root
 * from their own store, and some show a root in a PFX as the owner's.
 * @param {Cert[]} certificates in any order @param {Uint8Array} spki the key's public half
 * @returns {{leaf: Cert, chain: Cert[]}}
 * @throws {Fault} certificate_foreign when none belongs to the key
 */
export function leafAndChain(certificates, spki) {
	const leaf = certificates.find((one) => same(one.spki, spki));
	if (!leaf)
		throw new Fault("certificate_foreign");
	const chain = [];
	for (let last = leaf; !last.selfIssued; last = chain.at(-1)) {
		const issuer = certificates.find((one) => same(one.subject, last.issuer) && !chain.includes(one));
		if (!issuer || issuer.selfIssued)
			break;
		chain.push(issuer);
	}
	return { leaf, chain };
}

/** The mailbox or else the name a certificate is for: what programs show as the PFX's friendly name. */
export function nameOf(cert) {
	const names = cert.x509.subject.typesAndValues;
	const of = (type) => names.find((name) => name.type === type)?.value.valueBlock.value;
	const alt = (cert.x509.extensions || []).find((extension) => extension.extnID === "2.5.29.17");
	const mailbox = alt?.parsedValue.altNames?.find((name) => name.type === 1)?.value;
	return mailbox || of("1.2.840.113549.1.9.1") || of("2.5.4.3") || "";
}
