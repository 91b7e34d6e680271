// openssl.mjs - keys, requests and checks by the openssl command.
import { execFileSync, spawnSync } from 'node:child_process';
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
