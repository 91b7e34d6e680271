// authenticator.mjs - a security key made of software, and the part of a browser that speaks to it (W3C WebAuthn Level 2,
// sections 5.8.1 and 6.1): for answers that no honest browser would send.
import { createHash, createSign, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const sha256 = (octets) => createHash('sha256').update(octets).digest();
const b64 = (octets) => Buffer.from(octets).toString('base64url');
const TOUCHED = 0x01, CREDENTIAL = 0x40;

// Keys in COSE (RFC 9053), in CBOR written by hand.
const KINDS = {
	ES256: {
		pair: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
		cose: ({ x, y }) => Buffer.concat([Buffer.from('a5010203262001215820', 'hex'), Buffer.from(x, 'base64url'), Buffer.from('225820', 'hex'),
			Buffer.from(y, 'base64url')]),
		sign: (octets, key) => createSign('sha256').update(octets).sign(key),
	},
	EdDSA: {
		pair: () => generateKeyPairSync('ed25519'),
		cose: ({ x }) => Buffer.concat([Buffer.from('a4010103272006215820', 'hex'), Buffer.from(x, 'base64url')]),
		sign: (octets, key) => sign(null, octets, key),
	},
	RS256: {
		pair: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
		cose: ({ n }) => Buffer.concat([Buffer.from('a401030339010020590100', 'hex'), Buffer.from(n, 'base64url'), Buffer.from('2143010001', 'hex')]),
		sign: (octets, key) => createSign('sha256').update(octets).sign(key),
	},
};

export class Authenticator {
	constructor(origin, kind = 'ES256') {
		this.origin = origin;
		this.site = new URL(origin).hostname;
		this.kind = KINDS[kind];
		this.id = randomBytes(32);
		this.count = 0;
		Object.assign(this, this.kind.pair());
	}
	client(type, challenge, change = {}) {
		return Buffer.from(JSON.stringify({ type, challenge, origin: this.origin, crossOrigin: false, ...change }));
	}
	data({ flags = TOUCHED, count = this.count, site = this.site }, more = Buffer.alloc(0)) {
		const counted = Buffer.alloc(4);
		counted.writeUInt32BE(count);
		return Buffer.concat([sha256(site), Buffer.from([flags]), counted, more]);
	}
	// What a form sends when this key was made for a challenge; client and the rest change what an honest one would say.
	made(challenge, { client, ...data } = {}) {
		const length = Buffer.alloc(2);
		length.writeUInt16BE(this.id.length);
		const credential = Buffer.concat([Buffer.alloc(16), length, this.id, this.kind.cose(this.publicKey.export({ format: 'jwk' }))]);
		return { client_data: b64(this.client('webauthn.create', challenge, client)),
			authenticator_data: b64(this.data({ flags: TOUCHED | CREDENTIAL, ...data }, credential)) };
	}
	// What a form sends when this key was used.
	used(challenge, { client, ...data } = {}) {
		const said = this.client('webauthn.get', challenge, client);
		const octets = this.data({ count: ++this.count, ...data });
		return { credential: b64(this.id), client_data: b64(said), authenticator_data: b64(octets),
			signature: b64(this.kind.sign(Buffer.concat([octets, sha256(said)]), this.privateKey)) };
	}
}
