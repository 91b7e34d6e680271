// sbom.mjs - the bill of materials: a CycloneDX document that names what programs load and browsers are sent, with the versions
// that this machine has.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../lib/stack.mjs';

const B = path.resolve(ROOT, process.env.B ?? 'build/plain');
const programs = ['mailcert-web', 'mailcert-signer', 'mailcert-mailer', 'mailcert-callback', 'mailcertctl'].map((name) => path.join(B, name));
const run = (...command) => execFileSync(command[0], command.slice(1), { encoding: 'utf8', cwd: '/', env: { ...process.env, LC_ALL: 'C' } });
const make = () => run(path.join(ROOT, 'tools/sbom.py'), '-lneo_cgi', '-lneo_cs', '-lneo_utl', '-lz', ...programs);
const text = make();
const bill = JSON.parse(text);
const byRef = new Map([bill.metadata.component, ...bill.components].map((part) => [part['bom-ref'], part]));

test('it is a CycloneDX 1.5 document: each part once, each with what a scanner asks for', () => {
	assert.deepEqual([bill.bomFormat, bill.specVersion, bill.version], ['CycloneDX', '1.5', 1]);
	assert.match(bill.serialNumber, /^urn:uuid:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/);
	assert.equal(byRef.size, bill.components.length + 1, 'a part stands twice');
	for (const part of byRef.values()) {
		assert.ok(['application', 'library'].includes(part.type) && part.name && part.version, JSON.stringify(part));
		if (part.type === 'library')
			assert.match(part.purl, /^pkg:(deb\/debian\/[a-z0-9.+%-]+@[^@?]+\?arch=\w+&distro=debian-\d+|npm\/(%40[\w.-]+\/)?[\w.-]+@[\d.]+)$/);
		for (const { alg, content } of part.hashes ?? [])
			assert.ok(alg === 'SHA-512' && /^[0-9a-f]{128}$/.test(content), part.name);
	}
	for (const { ref, dependsOn } of bill.dependencies)
		assert.deepEqual([ref, ...dependsOn].filter((one) => !byRef.has(one)), [], ref);
	const named = new Set(bill.dependencies.flatMap(({ dependsOn }) => dependsOn));
	for (const part of bill.components.filter(({ type }) => type === 'application'))
		assert.ok(named.has(part['bom-ref']), part.name);
});

test('it names what the programs are made of, in the versions of this machine', () => {
	for (const name of ['libfcgi0ldbl', 'libssl3', 'libmariadb3', 'clearsilver-dev', 'libesmtp6', 'libcrack2', 'libcurl4', 'libunbound8', 'libc6']) {
		const part = bill.components.find((one) => one.name === name);
		assert.ok(part, `${name} is missing`);
		assert.equal(part.version, run('dpkg-query', '-W', '-f', '${Version}', name));
		assert.equal(decodeURIComponent(/@([^?]+)/.exec(part.purl)[1]), part.version);
	}
});

test('whatever a program loads is in it, and what it asks for itself hangs on it', () => {
	const owners = new Map(); // of each file that a part brought, that part
	for (const part of bill.components.filter(({ purl }) => purl?.startsWith('pkg:deb')))
		for (const file of run('dpkg-query', '-L', part.name).split('\n').filter((one) => /\.so/.test(one) && fs.existsSync(one)))
			owners.set(fs.realpathSync(file), part);
	for (const program of programs) {
		const { dependsOn } = bill.dependencies.find(({ ref }) => ref === path.basename(program));
		const needed = [...run('readelf', '-dW', program).matchAll(/NEEDED.*\[(.+)\]/g)].map((m) => m[1]);
		for (const [, name, file] of run('ldd', program).matchAll(/(\S+) => (\/\S+)/g)) {
			const owner = owners.get(fs.realpathSync(file));
			assert.ok(owner, `${path.basename(program)}: ${name} is of no part`);
			if (needed.includes(name))
				assert.ok(dependsOn.includes(owner['bom-ref']), `${path.basename(program)} and ${owner.name}`);
		}
	}
});

test('it names what the scripts for browsers are bundled from, all of it and as locked', () => {
	const lock = JSON.parse(fs.readFileSync(path.join(ROOT, 'nginx/package-lock.json'), 'utf8')).packages;
	const wanted = Object.entries(lock).filter(([at, { dev }]) => at !== '' && !dev).map(([at, { version }]) => `${at.split('node_modules/').at(-1)} ${version}`);
	const { dependsOn } = bill.dependencies.find(({ ref }) => ref === 'browser-scripts');
	assert.ok(wanted.length > 0);
	assert.deepEqual(dependsOn.map((ref) => `${byRef.get(ref).name} ${byRef.get(ref).version}`).sort(), wanted.sort());
});

test('the same parts give the same document', () => {
	assert.equal(make(), text);
});
