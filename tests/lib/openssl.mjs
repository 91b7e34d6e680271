// openssl.mjs - keys, requests and checks by the openssl command.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

// A folder that is gone when the tests end.
export function scratch() {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mct-keys-'));
	process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
	return dir;
}

// Run openssl; gives what it printed. Throws with its words when it fails.
export function openssl(args, input) {
	return execFileSync('openssl', args, { input, stdio: ['pipe', 'pipe', 'pipe'], maxBuffer: 1 << 24 }).toString('latin1');
}
export function opensslFails(args) {
	return spawnSync('openssl', args).status !== 0;
}

const ALGORITHMS = {
	rsa3072: ['rsa:3072'], rsa2048: ['rsa:2048'], rsa1024: ['rsa:1024'],
	p256: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], p384: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
	p521: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-521'], secp256k1: ['ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'],
};

// A fresh key and request in dir/name.key and .csr; gives the request's PEM.
export function makeCsr(dir, name, algorithm = 'p256', subject = '/CN=anything') {
	const base = path.join(dir, name);
	openssl(['req', '-new', '-newkey', ...ALGORITHMS[algorithm], '-nodes', '-sha256', '-subj', subject,
		'-keyout', `${base}.key`, '-out', `${base}.csr`]);
	return fs.readFileSync(`${base}.csr`, 'utf8');
}

// What the key of an EC request is blocked by, besides its SPKI: SHA-256 of its point's x, in hexadecimal (lib/pki/key.h).
export function keyNumber(csr) {
	const x = Buffer.from(createPublicKey(openssl(['req', '-noout', '-pubkey'], csr)).export({ format: 'jwk' }).x, 'base64url');
	return createHash('sha256').update(x.subarray(x.findIndex((octet) => octet !== 0))).digest('hex');
}

const P256_P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const P256_N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

// A request in dir/name.csr with the other key of the same x as the P-256 key in a file: its private number negated.
export function makeKinCsr(dir, name, file) {
	const less = (from, number) => Buffer.from((from - BigInt(`0x${Buffer.from(number, 'base64url').toString('hex')}`))
		.toString(16).padStart(64, '0'), 'hex').toString('base64url');
	const jwk = createPrivateKey(fs.readFileSync(file)).export({ format: 'jwk' });
	const kin = createPrivateKey({ key: { ...jwk, d: less(P256_N, jwk.d), y: less(P256_P, jwk.y) }, format: 'jwk' });
	const base = path.join(dir, name);
	fs.writeFileSync(`${base}.key`, kin.export({ type: 'pkcs8', format: 'pem' }));
	openssl(['req', '-new', '-key', `${base}.key`, '-sha256', '-subj', '/CN=anything', '-out', `${base}.csr`]);
	return fs.readFileSync(`${base}.csr`, 'utf8');
}
