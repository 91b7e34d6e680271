// advisories.mjs - tools/advisories: which parts of the bill of materials are behind. What apt-cache and npm would say is put
// into their mouths here; the bill is a small one, and at the end that of this build.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { scratch } from '../lib/openssl.mjs';
import { ROOT } from '../lib/stack.mjs';

const dir = scratch(), at = (name) => path.join(dir, name);
const B = path.resolve(ROOT, process.env.B ?? 'build/plain');

const LOCK = JSON.parse(fs.readFileSync(path.join(ROOT, 'nginx/package-lock.json'), 'utf8'));
const locked = (name) => LOCK.packages[`node_modules/${name}`].version;
const BILL = { components: [
	{ type: 'application', name: 'mailcert-web', version: '0.1' },
	{ name: 'libssl3', version: '3.0.17-1', purl: 'pkg:deb/debian/libssl3@3.0.17-1?arch=amd64&distro=debian-12' },
	{ name: 'zlib1g', version: '1:1.2.13', purl: 'pkg:deb/debian/zlib1g@1:1.2.13?arch=amd64&distro=debian-12' },
	{ name: 'clearsilver-dev', version: '0.10.5-4', purl: 'pkg:deb/debian/clearsilver-dev@0.10.5-4?arch=all&distro=debian-12' },
	...['node-forge', '@noble/hashes'].map((name) => ({ name, version: locked(name), purl: `pkg:npm/${encodeURIComponent(name)}@${locked(name)}` })),
] };
fs.writeFileSync(at('sbom.json'), JSON.stringify(BILL));

// What apt-cache policy prints of a package: its versions, the newest first, each with where it is.
function policy(name, installed, ...versions) {
	const table = versions.map(([version, ...places]) => ` ${version === installed ? '***' : '   '} ${version} 500\n${places.map((one) => `        500 ${one}\n`).join('')}`
		+ (version === installed ? '        100 /var/lib/dpkg/status\n' : '')).join('');
	return `${name}:\n  Installed: ${installed}\n  Candidate: ${versions[0]?.[0] ?? '(none)'}\n  Version table:\n${table}`;
}
const MAIN = 'http://deb.debian.org/debian bookworm/main amd64 Packages';
const SECURITY = 'http://deb.debian.org/debian-security bookworm-security/main amd64 Packages';
const CURRENT = policy('libssl3', '3.0.17-1', ['3.0.17-1', MAIN], ['3.0.15-1', SECURITY]) + policy('zlib1g', '1:1.2.13', ['1:1.2.13', MAIN])
	+ policy('clearsilver-dev', '0.10.5-4', ['0.10.5-4', MAIN]);
const AWAY = { error: { code: 'ENOTFOUND', summary: 'request to https://registry.npmjs.org/ failed', detail: '' } };
const up = (version, by = 1) => version.replace(/^\d+/, (major) => Number(major) + by);

fs.mkdirSync(at('bin'));
fs.writeFileSync(at('bin/apt-cache'), `#!/bin/sh\necho "$*" >'${at('asked')}'\ncat '${at('policy')}'\n`, { mode: 0o755 });
// It changes the lock file as it was told, as npm does, and no other: it must be run on a copy.
fs.writeFileSync(at('bin/npm'), `#!/bin/sh
case $1 in
update) cp '${at('lock')}' package-lock.json; exit "$(cat '${at('update')}')" ;;
*) cat "${at('$1')}"; [ "$(cat "${at('$1')}")" = '{}' ] ;;
esac
`, { mode: 0o755 });

// Runs it; gives its exit status and lines. `say`: what is said otherwise than that all is well.
function advisories(say = {}, sbom = at('sbom.json'), bin = at('bin')) {
	const lock = structuredClone(LOCK);
	for (const [name, version] of Object.entries(say.lock ?? {}))
		lock.packages[`node_modules/${name}`].version = version;
	fs.writeFileSync(at('lock'), JSON.stringify(lock));
	fs.writeFileSync(at('policy'), say.policy ?? CURRENT);
	fs.writeFileSync(at('audit'), JSON.stringify(say.audit ?? { auditReportVersion: 2, vulnerabilities: {} }));
	fs.writeFileSync(at('outdated'), JSON.stringify(say.outdated ?? {}));
	fs.writeFileSync(at('update'), String(say.update ?? 0));
	const done = spawnSync(path.join(ROOT, 'tools/advisories'), [sbom], { encoding: 'utf8', env: { ...process.env, PATH: `${bin}:/usr/bin:/bin` } });
	assert.ok(done.status !== null && !done.stderr.includes('Traceback'), done.stderr);
	return { status: done.status, said: done.stdout.trim().split('\n').filter((line) => !line.startsWith('note: ')), stderr: done.stderr };
}

test('all is well: it says what it asked, and ends with 0', () => {
	const { status, said } = advisories();
	assert.deepEqual(said, ['asked: 3 of Debian, 0 behind; 2 of npm, 0 with a known fault; 2 of npm, 0 behind']);
	assert.equal(status, 0);
	assert.equal(fs.readFileSync(at('asked'), 'utf8').trim(), 'policy libssl3:amd64 zlib1g:amd64 clearsilver-dev');
});

test('a newer package of Debian is named, and whether security updates brought it', () => {
	const { status, said } = advisories({ policy: policy('libssl3', '3.0.17-1', ['3.0.17-1+deb12u1', SECURITY], ['3.0.17-1', MAIN])
		// In a point release meanwhile, with a little more; and a security update that this machine has.
		+ policy('zlib1g', '1:1.2.13', ['1:1.2.13+deb12u2', MAIN], ['1:1.2.13+deb12u1', SECURITY], ['1:1.2.13'])
		+ policy('clearsilver-dev', '0.10.5-4', ['0.10.5-10', MAIN], ['0.10.5-4', MAIN], ['0.10.5-3', SECURITY]) });
	assert.deepEqual(said, ["behind: Debian's clearsilver-dev 0.10.5-4, now 0.10.5-10", "behind: Debian's libssl3 3.0.17-1, now 3.0.17-1+deb12u1 (security)",
		"behind: Debian's zlib1g 1:1.2.13, now 1:1.2.13+deb12u2 (security)",
		'asked: 3 of Debian, 3 behind; 2 of npm, 0 with a known fault; 2 of npm, 0 behind']);
	assert.equal(status, 1);
});

test('a newer package of npm is named, also one that came with another', () => {
	const before = fs.readFileSync(path.join(ROOT, 'nginx/package-lock.json'), 'utf8');
	const forge = locked('node-forge'), hashes = locked('@noble/hashes');
	const { status, said } = advisories({ outdated: { 'node-forge': { wanted: forge, latest: up(forge) }, pkijs: { wanted: locked('pkijs'), latest: up(locked('pkijs')) } },
		lock: { '@noble/hashes': up(hashes), 'node-forge': forge } });
	assert.deepEqual(said, [`behind: npm's @noble/hashes ${hashes}, now ${up(hashes)}`, `behind: npm's node-forge ${forge}, now ${up(forge)}`,
		'asked: 3 of Debian, 0 behind; 2 of npm, 0 with a known fault; 2 of npm, 2 behind']);
	assert.equal(status, 1);
	assert.equal(fs.readFileSync(path.join(ROOT, 'nginx/package-lock.json'), 'utf8'), before, 'the lock file is as it was');
});

test('what npm calls its latest is not newer because it differs', () => {
	const forge = locked('node-forge');
	assert.equal(advisories({ outdated: { 'node-forge': { wanted: forge, latest: up(forge, -1) } } }).status, 0);
});

test('a known fault is named, once', () => {
	const via = { source: 1, name: 'node-forge', title: 'Signatures are believed', url: 'https://advisories.example/1', severity: 'high' };
	const { status, said } = advisories({ audit: { vulnerabilities: { 'node-forge': { via: [via] }, pkijs: { via: ['node-forge'] } } } });
	assert.deepEqual(said, [`fault: npm's node-forge ${locked('node-forge')}: high: Signatures are believed https://advisories.example/1`,
		'asked: 3 of Debian, 0 behind; 2 of npm, 1 with a known fault; 2 of npm, 0 behind']);
	assert.equal(status, 1);
});

test('what cannot be asked is said and left out', () => {
	const { status, said } = advisories({ audit: AWAY, update: 1, policy: policy('libssl3', '3.0.17-1', ['3.0.17-1', MAIN])
		+ policy('zlib1g', '1:1.2.13', ['1:1.2.13']) + policy('clearsilver-dev', '0.10.5-4', ['0.10.5-4', MAIN]) });
	assert.equal(said[0], "not asked: Debian: no archive in apt's lists has zlib1g");
	assert.match(said[1], /^not asked: npm, what is with a known fault: request to \S+ failed$/);
	assert.match(said[2], /^not asked: npm, what is behind: npm update ended with 1$/);
	assert.equal(said[3], 'asked: 2 of Debian, 0 behind');
	assert.equal(status, 0);
});

test('something that is behind counts also where the rest cannot be asked', () => {
	const { status } = advisories({ audit: AWAY, outdated: AWAY, policy: CURRENT.replaceAll('1:1.2.13', '1:1.2.14') });
	assert.equal(status, 1);
});

test('when nothing can be asked it ends with 2', () => {
	const none = advisories({ audit: AWAY, outdated: AWAY, policy: policy('libssl3', '3.0.17-1', ['3.0.17-1']) });
	assert.equal(none.said.at(-1), 'asked: nothing');
	assert.equal(none.status, 2);
	const bill = advisories({}, at('none.json'));
	assert.equal(bill.status, 2);
	assert.match(bill.stderr, /none\.json/);
});

test('--help says what it does and how it ends', () => {
	const text = execFileSync(path.join(ROOT, 'tools/advisories'), ['--help'], { encoding: 'utf8' });
	assert.match(text, /exit\s+status is 1 when something is behind/);
});

test('of this build it asks for every part', () => {
	const names = ['mailcert-web', 'mailcert-signer', 'mailcert-mailer', 'mailcert-callback', 'mailcertctl'];
	const text = execFileSync(path.join(ROOT, 'tools/sbom.py'), ['-lneo_cgi', '-lneo_cs', '-lneo_utl', '-lz', ...names.map((name) => path.join(B, name))]);
	fs.writeFileSync(at('build.json'), text);
	const of = (kind) => JSON.parse(text).components.filter(({ purl }) => purl?.startsWith(`pkg:${kind}/`));
	const { status, said } = advisories({ policy: of('deb').map(({ name, version }) => policy(name, version, [version, MAIN])).join('') }, at('build.json'));
	const [debian, npm] = [of('deb').length, of('npm').length];
	assert.ok(debian > 20 && npm > 5);
	assert.deepEqual(said, [`asked: ${debian} of Debian, 0 behind; ${npm} of npm, 0 with a known fault; ${npm} of npm, 0 behind`]);
	assert.equal(status, 0);
});
