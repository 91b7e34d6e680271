// stapling.mjs - the revocation state of the site's certificate goes with the handshake: nginx with the installation's own
// tls.conf and stapling.conf, and a responder whose answers `openssl ocsp` makes. And what becomes of a certificate whose CA
// has no responder, and of answers that do not come or that nobody vouches for.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { openssl, scratch } from '../lib/openssl.mjs';
import { ROOT, until } from '../lib/stack.mjs';

const NAME = 'mailcert.example';
const dir = scratch(), at = (name) => path.join(dir, name);
fs.chmodSync(dir, 0o755); // nginx's worker is nobody, where root runs this

// A root, its intermediate CA, the intermediate's own responder, and a stranger's.
function certificate(name, issuer, ...extensions) {
	fs.writeFileSync(at('extensions'), extensions.join('\n'));
	openssl(['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`, '-keyout', at(`${name}.key`), '-out', at('csr')]);
	openssl(['x509', '-req', '-in', at('csr'), '-days', '20', '-extfile', at('extensions'), '-out', at(`${name}.pem`),
		...(issuer ? ['-CA', at(`${issuer}.pem`), '-CAkey', at(`${issuer}.key`)] : ['-signkey', at(`${name}.key`)])]);
}
const CA = 'basicConstraints = critical, CA:TRUE';
certificate('root', null, CA);
certificate('issuer', 'root', CA);
certificate('responder', 'issuer', 'extendedKeyUsage = OCSPSigning');
certificate('stranger', null, CA);

// The responder on the loopback. `signer` signs its answers; without one it hangs up.
let signer, state, asked = 0; // state: V is valid, R revoked
const responder = http.createServer((request, response) => {
	asked++;
	if (!signer) {
		request.socket.destroy();
		return;
	}
	fs.writeFileSync(at('request'), Buffer.from(decodeURIComponent(request.url.slice(1)), 'base64'));
	const serial = openssl(['x509', '-in', at('with.pem'), '-noout', '-serial']).trim().split('=')[1];
	fs.writeFileSync(at('index'), `${state}\t401231000000Z\t${state === 'R' ? '250101000000Z' : ''}\t${serial}\tunknown\t/CN=${NAME}\n`);
	execFile('openssl', ['ocsp', '-index', at('index'), '-CA', at('issuer.pem'), '-rsigner', at(`${signer}.pem`), '-rkey', at(`${signer}.key`), '-nmin', '60',
		'-reqin', at('request'), '-respout', at('response')], (error) => {
		assert.equal(error, null);
		response.writeHead(200, { 'Content-Type': 'application/ocsp-response' }).end(fs.readFileSync(at('response')));
	});
});
await new Promise((resolve) => responder.listen(0, '127.0.0.1', resolve));
after(() => responder.close());

certificate('with', 'issuer', `subjectAltName = DNS:${NAME}`, `authorityInfoAccess = OCSP;URI:http://127.0.0.1:${responder.address().port}/`);
certificate('without', 'issuer', `subjectAltName = DNS:${NAME}`);

const port = await new Promise((resolve) => {
	const server = net.createServer().listen(0, '127.0.0.1', () => { const chosen = server.address().port; server.close(() => resolve(chosen)); });
});
for (const part of ['tls', 'stapling'])
	fs.writeFileSync(at(`${part}.conf`), fs.readFileSync(path.join(ROOT, `nginx/${part}.conf.in`), 'utf8').replaceAll('@TRUSTED@', at('root.pem')));
function settings(name) {
	fs.writeFileSync(at('fullchain.pem'), fs.readFileSync(at(`${name}.pem`), 'utf8') + fs.readFileSync(at('issuer.pem'), 'utf8'));
	fs.writeFileSync(at('nginx.conf'), `daemon off; worker_processes 1; pid ${at('pid')}; error_log ${at('log')} warn; events {}
		http { access_log off;
			${['client_body', 'fastcgi', 'proxy', 'scgi', 'uwsgi'].map((one) => `${one}_temp_path ${at(one)};`).join(' ')}
			server { listen 127.0.0.1:${port} ssl; ssl_certificate ${at('fullchain.pem')}; ssl_certificate_key ${at(`${name}.key`)};
				include ${at('tls.conf')}; include ${at('stapling.conf')}; return 200; } }`);
}
// A handshake that asks for the state; gives what openssl says of it.
const handshake = () => spawnSync('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', NAME, '-verify_hostname', NAME,
	'-CAfile', at('root.pem'), '-status'], { input: '', encoding: 'utf8' }).stdout;
const log = () => fs.readFileSync(at('log'), 'utf8');
const GOOD = 'Verify return code: 0 (ok)', NONE = 'OCSP response: no response sent';

// nginx with a certificate while `work` runs; the first handshake, for which nginx asks the responder, is behind it.
async function served(name, answers, work) {
	settings(name);
	[signer, state] = answers;
	fs.writeFileSync(at('log'), '');
	asked = 0;
	const nginx = spawn('nginx', ['-c', at('nginx.conf'), '-e', at('log')], { stdio: 'ignore' });
	const ended = new Promise((resolve) => nginx.once('exit', resolve));
	try {
		await until('nginx to answer', () => handshake().includes('Protocol'), 10);
		await work();
	} finally {
		nginx.kill('SIGTERM');
		await ended;
	}
}

for (const [by, who] of [['responder', 'a responder of the CA'], ['issuer', 'the CA itself']])
	test(`the state, signed by ${who}, goes with the handshake`, () => served('with', [by, 'V'], async () => {
		const said = await until('an answer to be stapled', () => { const one = handshake(); return !one.includes(NONE) && one; }, 10);
		assert.match(said, /OCSP Response Status: successful/);
		assert.match(said, /Cert Status: good/);
		assert.ok(said.includes(GOOD));
		for (let i = 0; i < 5; i++)
			assert.match(handshake(), /Cert Status: good/);
		assert.equal(asked, 1, 'asked once, and kept');
		assert.equal(log(), '');
	}));

for (const [what, by, how, complaint] of [
	['that is signed by a stranger', 'stranger', 'V', /OCSP_basic_verify\(\) failed/], ['that says revoked', 'responder', 'R', /certificate status "revoked"/],
	['that does not come', null, 'V', /prematurely closed connection/]])
	test(`an answer ${what} is not sent, the page is`, () => served('with', [by, how], async () => {
		await until('nginx to complain', () => complaint.test(log()), 10);
		const said = handshake();
		assert.ok(said.includes(NONE) && said.includes(GOOD), said);
	}));

test('a certificate that names no responder is served, with one warning when the settings are read', () => served('without', [null, 'V'], async () => {
	const tried = spawnSync('nginx', ['-t', '-c', at('nginx.conf')], { encoding: 'utf8' });
	assert.equal(tried.status, 0, tried.stderr);
	assert.deepEqual(tried.stderr.match(/\[\w+\].*/g).map((line) => line.replace(/ \d+#\d+:/, '').replace(/ for certificate.*| in the certificate.*/, '')),
		['[warn] "ssl_stapling" ignored, no OCSP responder URL']);
	for (let i = 0; i < 3; i++) {
		const said = handshake();
		assert.ok(said.includes(NONE) && said.includes(GOOD), said);
	}
	assert.equal(log().trim().split('\n').length, 1, log());
	assert.equal(asked, 0);
}));

test('an installation has it', () => {
	const site = fs.readFileSync(path.join(ROOT, 'nginx/installed.conf.in'), 'utf8');
	assert.match(site, /listen 443 ssl[^}]*include @NGINX@\/stapling\.conf;/);
	assert.match(fs.readFileSync(path.join(ROOT, 'tools/install.mk'), 'utf8'), /^\tfor part in .* stapling /m);
	// The roots by which it verifies come with the package.
	assert.match(fs.readFileSync(path.join(ROOT, 'tools/debian/control'), 'utf8'), /^Depends: .*\bca-certificates\b/m);
});
