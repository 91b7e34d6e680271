// csr.mjs - P-256 keys and requests (RFC 2986) without a process each, for many journeys.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';

function der(tag, ...parts) {
	const body = Buffer.concat(parts);
	const head = body.length < 128 ? [tag, body.length]
		: body.length < 256 ? [tag, 0x81, body.length] : [tag, 0x82, body.length >> 8, body.length & 255];
	return Buffer.concat([Buffer.from(head), body]);
}
const oid = (hex) => der(0x06, Buffer.from(hex, 'hex'));
const ECDSA_WITH_SHA256 = der(0x30, oid('2a8648ce3d040302'));
const COMMON_NAME = oid('550403');

// A fresh key: the request's PEM, and the SHA-256 of its public key, whole and of the point's x alone, as the books have them.
export function freshCsr(name = 'anybody') {
	const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
	const spki = publicKey.export({ type: 'spki', format: 'der' });
	const subject = der(0x30, der(0x31, der(0x30, COMMON_NAME, der(0x0c, Buffer.from(name)))));
	const info = der(0x30, der(0x02, Buffer.from([0])), subject, spki, der(0xa0));
	const signature = sign('sha256', info, privateKey);
	const x = spki.subarray(-64, -32);
	const whole = der(0x30, info, ECDSA_WITH_SHA256, der(0x03, Buffer.from([0]), signature)).toString('base64');
	return {
		pem: `-----BEGIN CERTIFICATE REQUEST-----\n${whole.match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE REQUEST-----\n`,
		spki: createHash('sha256').update(spki).digest('hex'),
		number: createHash('sha256').update(x.subarray(x.findIndex((octet) => octet !== 0))).digest('hex'),
	};
}
