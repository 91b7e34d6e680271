// judge.mjs - hold issued certificates against other people's linters and against the programs that rely on them:
// node judge.mjs DIR, where DIR was filled by issue.mjs. TAP; then a table; then `N passed, N failed`.
//
// From the environment: PKILINT_PYTHON (a Python that has pkilint) and ZLINT (the program); empty with
// PKILINT_MISSING and ZLINT_MISSING saying why.
import { spawn, spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const dir = path.resolve(process.argv[2]);
const { issuers, list } = JSON.parse(fs.readFileSync(path.join(dir, 'list.json'), 'utf8'));
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'mct-judge-'));
process.on('exit', () => {
	spawnSync('gpgconf', ['--homedir', path.join(scratch, 'gnupg'), '--kill', 'all']);
	fs.rmSync(scratch, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
	process.on(signal, () => process.exit(130));

const file = (item) => path.join(dir, `${item.name}.pem`);
const key = (item) => path.join(dir, `${item.name}.key`);
const isEc = (item) => item.key.startsWith('p');
const isEmptySubject = (item) => item.canonical.length > 128;

// What a judge gets wrong, by name and with the reason. Each must be seen where it is expected, else the list is old.
const GAPS = {
	'pkilint: cabf.smime.prohibited_spki_algorithm_encoding': {
		where: (it) => it.key === 'p521',
		why: 'SBR 7.1.3.1.2 allows P-521; the list of pkilint 0.13.3 lacks it',
	},
	'zlint: e_mailbox_validated_allowed_subjectdn_attributes': {
		where: (it) => it.kind === 'issuing',
		why: 'SBR 7.1.4.2.3 is for subscribers, 7.1.4.3.1 demands O and C of a CA; zlint 3.6.8 asks only for the policy',
	},
	'openssl smimeencrypt: unsuitable certificate purpose': {
		where: isEc,
		why: 'SBR 7.1.2.3(e) gives EC keyAgreement; OpenSSL 3.0 wants keyEncipherment of every key. cms encrypts to it all the same',
	},
	'gpgsm: not imported': {
		where: isEmptySubject,
		why: 'RFC 5280 4.1.2.6 allows an empty subject; libksba 1.6.3 cannot read one',
	},
	'gpgsm with CRL: Provided object is too short': {
		where: (it) => !isEmptySubject(it) && it.issuer !== 'issuing-rsa',
		why: 'dirmngr 2.2.40 takes the signature of every CRL for RSA; this one is ECDSA',
	},
};

// --- counting --------------------------------------------------------------------------------------------------

let count = 0, passed = 0, failed = 0;
const table = new Map(); // by judge
function rowOf(judge) {
	if (!table.has(judge))
		table.set(judge, { judged: 0, findings: 0, gaps: 0 });
	const row = table.get(judge);
	row.judged++;
	return row;
}
function say(ok, judge, what, words = []) {
	const row = rowOf(judge);
	count++;
	if (ok) {
		passed++;
	} else {
		failed++;
		row.findings++;
	}
	console.log(`${ok ? '' : 'not '}ok ${count} - ${judge}: ${what}`);
	for (const line of words)
		console.log(`#   ${String(line).trim().replace(/\n/g, '\n#   ')}`);
}
function skip(judge, why) {
	console.log(`ok ${++count} - ${judge} # SKIP ${why}`);
}

// Findings of a judge about one thing. `named` is how the gaps call the judge.
function judged(judge, item, findings, named = judge) {
	const gaps = Object.entries(GAPS).filter(([name, gap]) => name.startsWith(`${named}: `) && gap.where(item));
	const known = (finding) => gaps.find(([name]) => finding.startsWith(name.slice(named.length + 2)));
	const bad = findings.filter((finding) => !known(finding));
	const unseen = gaps.filter(([name]) => !findings.some((finding) => finding.startsWith(name.slice(named.length + 2))));
	bad.push(...unseen.map(([name]) => `the known gap "${name}" was not seen: take it off the list`));
	if (bad.length > 0 || gaps.length === 0) {
		say(bad.length === 0, judge, item.name, bad);
		return;
	}
	// Neither passed nor failed.
	rowOf(judge).gaps++;
	skip(`${judge}: ${item.name}`, `known gap, ${gaps[0][0]}`);
}

function run(program, args, options = {}) {
	const done = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26, ...options });
	if (done.error)
		throw done.error;
	return { status: done.status, out: done.stdout, all: `${done.stdout}${done.stderr}` };
}
// What went wrong, as a list of findings: empty when the program was content.
const verdict = (done, good = () => done.status === 0) => (good() ? [] : [done.all || `exit status ${done.status}`]);

// --- the CAs ---------------------------------------------------------------------------------------------------

const pem = (name) => path.join(scratch, `${name}.pem`);
const crlPem = (name) => path.join(scratch, `${name}.crl.pem`);
const crlDer = (name) => path.join(dir, 'public/crl', `${name}.crl`);
const cas = issuers.flatMap(({ name, root }) => [{ name, kind: 'issuing', root }, { name: root, kind: 'root', root }]);
for (const { name } of cas) {
	run('openssl', ['x509', '-inform', 'DER', '-in', path.join(dir, 'public/ca', `${name}.cer`), '-out', pem(name)]);
	run('openssl', ['crl', '-inform', 'DER', '-in', crlDer(name), '-out', crlPem(name)]);
}
const rootOf = (item) => issuers.find((issuer) => issuer.name === item.issuer).root;

// --- DER, as little as comparing needs -------------------------------------------------------------------------

function children(der) {
	const parts = [];
	for (let at = 0; at < der.length;) {
		let header = 2, length = der[at + 1];
		if (length & 0x80) {
			header += length & 0x7f;
			length = parseInt(der.subarray(at + 2, at + header).toString('hex'), 16);
		}
		parts.push({ whole: der.subarray(at, at + header + length), inner: der.subarray(at + header, at + header + length) });
		at += header + length;
	}
	return parts;
}
// The fields of a TBSCertificate: version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, extensions.
const tbs = (x509) => children(children(children(x509.raw)[0].inner)[0].inner);
const TBS_SERIAL = 1, TBS_VALIDITY = 4;

// --- our own expectations --------------------------------------------------------------------------------------

const serials = new Set();
for (const item of list) {
	const x509 = new X509Certificate(fs.readFileSync(file(item)));
	const { canonical } = item;
	const wanted = [];
	if (canonical.length <= 64) wanted.push(`CN=${canonical}`);
	if (canonical.length <= 128) wanted.push(`emailAddress=${canonical}`);
	const bad = [];
	const expect = (what, got, want) => { if (got !== want) bad.push(`${what}: ${got}; wanted: ${want}`); };
	// The words of a name come in RFC 2253's escapes.
	expect('subject', (x509.subject ?? '').replace(/\\(.)/g, '$1'), wanted.join('\n'));
	expect('subjectAltName', x509.subjectAltName.replace(/^email:"?|"$/g, ''), canonical);
	expect('seconds', (Date.parse(x509.validTo) - Date.parse(x509.validFrom)) / 1000 + 1, item.days * 86400);
	expect('serial seen before', serials.has(x509.serialNumber), false);
	expect('CA', x509.ca, false);
	expect('key', x509.checkPrivateKey(createPrivateKey(fs.readFileSync(key(item)))), true);
	serials.add(x509.serialNumber);
	judged('profile', item, bad);
}
for (const item of list.filter((one) => one.likeAs)) {
	const clean = tbs(new X509Certificate(fs.readFileSync(path.join(dir, `${item.likeAs}.pem`))));
	const hostile = tbs(new X509Certificate(fs.readFileSync(file(item))));
	const differ = clean.map((field, n) => (field.whole.equals(hostile[n]?.whole ?? Buffer.alloc(0)) ? null : n))
		.filter((n) => n !== null && n !== TBS_SERIAL && n !== TBS_VALIDITY);
	if (clean.length !== hostile.length) differ.push('number of fields');
	judged('hostile request: certificate as of a clean one', item, differ.map((n) => `field ${n} of the TBSCertificate differs`));
}

// --- linters ---------------------------------------------------------------------------------------------------

if (process.env.PKILINT_PYTHON) {
	const jobs = [
		...list.map((item) => [item, 'lint_cabf_smime_cert', '-t MAILBOX-STRICT', file(item)]),
		...cas.map((ca) => [ca, 'lint_pkix_cert', '', pem(ca.name)]),
		...cas.map((ca) => [{ ...ca, name: `CRL of ${ca.name}` }, 'lint_crl', `-t ${ca.kind === 'root' ? 'ARL' : 'CRL'} -p BR`, crlPem(ca.name)]),
	];
	const done = run(process.env.PKILINT_PYTHON, [path.join(here, 'pkilint_all.py')], {
		input: jobs.map(([, ...job]) => `${job.join('\t')}\n`).join(''),
	});
	const answers = new Map(done.out.trim().split('\n').map((line) => line.split('\t')));
	for (const [item, linter, , path_] of jobs) {
		const answer = answers.get(path_);
		judged(linter === 'lint_cabf_smime_cert' ? 'pkilint MAILBOX-STRICT' : `pkilint ${linter}`, item,
			answer === undefined ? [done.all.slice(-500)] : JSON.parse(answer).map((f) => `${f.code} (${f.severity}) ${f.message ?? ''}`), 'pkilint');
	}
} else {
	skip('pkilint', process.env.PKILINT_MISSING);
}

if (process.env.ZLINT) {
	const zlint = (judge, items, where, options = []) => {
		const done = run(process.env.ZLINT, [...options, ...items.map(where)]);
		const lines = done.out.trim().split('\n');
		items.forEach((item, n) => {
			let results = {};
			try {
				results = JSON.parse(lines[n]);
			} catch {
				results = { [`no answer: ${done.all.slice(-300)}`]: { result: 'fatal' } };
			}
			judged(judge, item, Object.entries(results).filter(([, r]) => ['warn', 'error', 'fatal'].includes(r.result))
				.map(([lint, r]) => `${lint} (${r.result}) ${r.details ?? ''}`), 'zlint');
		});
	};
	zlint('zlint, all its sources', list, file);
	zlint('zlint, all its sources', cas, (ca) => pem(ca.name));
	// A CRL does not say whom it is for; zlint wants to be told.
	const config = path.join(scratch, 'zlint.toml');
	fs.writeFileSync(config, '[e_crl_next_update_invalid]\nSubscriberCRL = false\n');
	const crl = (ca) => crlPem(ca.name.replace('CRL of ', ''));
	const crls = cas.map((ca) => ({ ...ca, name: `CRL of ${ca.name}`, kind: `CRL of ${ca.kind}` }));
	zlint('zlint, CRLs', crls.filter((ca) => ca.kind === 'CRL of issuing'), crl);
	zlint('zlint, CRLs', crls.filter((ca) => ca.kind === 'CRL of root'), crl, ['-config', config]);
} else {
	skip('zlint', process.env.ZLINT_MISSING);
}

// --- OpenSSL ---------------------------------------------------------------------------------------------------

const words = path.join(scratch, 'words');
fs.writeFileSync(words, 'Content-Type: text/plain\r\n\r\nHello, mailbox.\r\n');
for (const item of list) {
	const chain = ['-x509_strict', '-CAfile', pem(rootOf(item)), '-untrusted', pem(item.issuer)];
	const crls = ['-crl_check_all', '-CRLfile', crlPem(item.issuer), '-CRLfile', crlPem(rootOf(item))];
	const reason = (done) => (done.status === 0 ? [] : [/lookup: (.*)/.exec(done.all)?.[1] ?? done.all]);
	judged('openssl verify -x509_strict -purpose smimesign', item, reason(run('openssl', ['verify', ...chain, '-purpose', 'smimesign', file(item)])));
	judged('openssl verify -x509_strict -purpose smimeencrypt', item,
		reason(run('openssl', ['verify', ...chain, '-purpose', 'smimeencrypt', file(item)])), 'openssl smimeencrypt');
	const revocation = reason(run('openssl', ['verify', ...chain, ...crls, file(item)]));
	judged('openssl verify -crl_check_all', item, item.revoked ? (revocation[0] === 'certificate revoked' ? [] : ['a revoked one passed']) : revocation);

	const made = (name) => path.join(scratch, name);
	const cms = [
		['-sign', '-in', words, '-signer', file(item), '-inkey', key(item), '-certfile', pem(item.issuer), '-out', made('signed')],
		['-verify', '-in', made('signed'), '-CAfile', pem(rootOf(item)), '-out', made('verified')],
		['-encrypt', '-aes-256-cbc', '-in', words, '-out', made('sealed'), file(item)],
		['-decrypt', '-in', made('sealed'), '-recip', file(item), '-inkey', key(item), '-out', made('opened')],
	].map((args) => run('openssl', ['cms', ...args])).filter((done) => done.status !== 0).map((done) => done.all);
	const same = (name) => fs.existsSync(made(name)) && fs.readFileSync(made(name)).equals(fs.readFileSync(words));
	judged('openssl cms signs, verifies, encrypts, decrypts', item, [...cms, ...(same('verified') && same('opened') ? [] : ['other words came out'])]);
	for (const name of ['signed', 'verified', 'sealed', 'opened'])
		fs.rmSync(made(name), { force: true });
}
for (const ca of cas)
	judged('openssl crl -verify', { ...ca, name: `CRL of ${ca.name}` }, verdict(run('openssl', ['crl', '-in', crlPem(ca.name), '-noout', '-CAfile', pem(ca.name)])));

// --- GnuTLS ----------------------------------------------------------------------------------------------------

for (const item of list) {
	const chain = path.join(scratch, 'chain.pem');
	fs.writeFileSync(chain, [file(item), pem(item.issuer), pem(rootOf(item))].map((name) => fs.readFileSync(name)).join(''));
	judged('certtool --verify for emailProtection and the mailbox', item, verdict(run('certtool', ['--verify', '--verify-profile', 'medium',
		'--load-ca-certificate', pem(rootOf(item)), '--verify-purpose', '1.3.6.1.5.5.7.3.4', '--verify-email', item.canonical, '--infile', chain])));
}
for (const ca of cas)
	judged('certtool --verify-crl', { ...ca, name: `CRL of ${ca.name}` },
		verdict(run('certtool', ['--verify-crl', '--load-ca-certificate', pem(ca.name), '--infile', crlPem(ca.name)])));

// --- NSS -------------------------------------------------------------------------------------------------------

const nss = `sql:${path.join(scratch, 'nss')}`;
fs.mkdirSync(path.join(scratch, 'nss'));
run('certutil', ['-N', '-d', nss, '--empty-password']);
for (const ca of cas) {
	run('certutil', ['-A', '-d', nss, '-n', ca.name, '-t', ca.kind === 'root' ? ',C,' : ',,', '-i', pem(ca.name)]);
	judged('crlutil -I', { ...ca, name: `CRL of ${ca.name}` }, verdict(run('crlutil', ['-I', '-t', '1', '-d', nss, '-i', crlDer(ca.name)])));
}
for (const item of list) {
	for (const [usage, name] of [[4, 'signer'], [5, 'recipient']]) {
		for (const [library, flags] of [['', []], [' (libpkix)', ['-pp', '-g', 'leaf', '-m', 'crl', '-s', 'forbidFetching']]]) {
			const done = run('vfychain', [...flags, '-d', nss, '-u', String(usage), '-a', file(item)]);
			const good = /Chain is good!/.test(done.all);
			judged(`NSS${library}: e-mail ${name}, with CRL`, item,
				item.revoked ? (/-8180|revoked/.test(done.all) && !good ? [] : ['a revoked one passed']) : verdict(done, () => good));
		}
	}
}

// --- gpgsm -----------------------------------------------------------------------------------------------------

// dirmngr fetches CRLs through a proxy, which is us: it gives what nginx gives at those addresses.
const fetched = new Set();
const proxy = http.createServer((request, response) => {
	const { pathname } = new URL(request.url, 'http://x');
	const found = path.join(dir, 'public', path.normalize(pathname));
	if (!fs.existsSync(found) || !fs.statSync(found).isFile()) {
		response.writeHead(404).end();
		return;
	}
	fetched.add(pathname);
	response.end(fs.readFileSync(found));
});
await new Promise((resolve) => { proxy.listen(0, '127.0.0.1', resolve); });

const home = path.join(scratch, 'gnupg');
fs.mkdirSync(home, { mode: 0o700 });
fs.writeFileSync(path.join(home, 'dirmngr.conf'), `http-proxy http://127.0.0.1:${proxy.address().port}\n`);
const sha1 = (name) => new X509Certificate(fs.readFileSync(name)).fingerprint.replaceAll(':', '');
fs.writeFileSync(path.join(home, 'trustlist.txt'), cas.filter((ca) => ca.kind === 'root').map((ca) => `${sha1(pem(ca.name))} S relax\n`).join(''));
// Not run(): the proxy must be able to answer meanwhile.
function gpgsm(...args) {
	return new Promise((resolve, reject) => {
		const child = spawn('gpgsm', ['--batch', '--homedir', home, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
		let all = '';
		child.stdout.on('data', (data) => { all += data; });
		child.stderr.on('data', (data) => { all += data; });
		child.on('error', reject);
		child.on('close', (status) => resolve({ status, all }));
	});
}
const offline = ['--disable-dirmngr', '--disable-crl-checks'];
for (const ca of [...cas].reverse())
	await gpgsm(...offline, '--import', pem(ca.name));
for (const item of list) {
	const imported = await gpgsm(...offline, '--import', file(item));
	const found = /imported: 1/.test(imported.all) && !/not imported/.test(imported.all);
	const look = (...options) => gpgsm(...options, '--with-validation', '--list-keys', sha1(file(item)));
	const judge = (done) => (/certificate is good/.test(done.all) ? [] : [/certificate is bad: (.*)\]/.exec(done.all)?.[1] ?? done.all]);
	judged('gpgsm', item, found ? judge(await look(...offline)) : [`not imported: ${imported.all}`]);
	if (!found)
		continue;
	const online = judge(await look('--enable-crl-checks'));
	judged('gpgsm with CRL', item, item.revoked && item.issuer === 'issuing-rsa'
		? (online[0] === 'Certificate revoked' ? [] : [`a revoked one: ${online}`]) : online);
}
say(issuers.every(({ name }) => fetched.has(`/crl/${name}.crl`)), 'gpgsm with CRL', 'every CRL was fetched at the address in the certificates');
proxy.close();

// --- the table -------------------------------------------------------------------------------------------------

console.log(`1..${count}`);
console.log('#');
console.log(`# ${list.length} certificates, ${cas.length} CA certificates, ${cas.length} CRLs`);
for (const [judge, { judged: things, findings, gaps }] of table)
	console.log(`# ${judge}: ${things} judged, ${findings} with findings${gaps > 0 ? `, ${gaps} with the known gap` : ''}`);
for (const [name, gap] of Object.entries(GAPS))
	console.log(`# known gap: ${name}: ${gap.why}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
