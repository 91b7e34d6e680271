// galera.mjs - the service on a Galera cluster of three nodes, with two web hosts (a signer, mailer, callback sender, workers
// and nginx each, the signers on one token), under load, while nodes are killed and cut off in turn. Afterwards the books
// are held against what people were told: no acknowledged POST lost, no order with two certificates.
//
// By `make cluster-test`, which installs Debian's galera-4; not a part of `make test`. SEED=1, LANES=8, ROUNDS=2.
//
// Everything is on 127.0.0.1, each node and host with ports of its own; the second host has a host name of its own
// (needs root). What an operator has and this has not: TLS between nodes and hosts, a network, a balancer in front.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { ROOT, sleep, Stack, until } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';
import { chaosStack, peopleGo, rest } from '../fault/lib/chaos.mjs';
import { Experience, People, Post } from '../fault/lib/people.mjs';
import { seeded } from '../fault/lib/seed.mjs';

const SEED = Number(process.env.SEED || 1), LANES = Number(process.env.LANES || 8), ROUNDS = Number(process.env.ROUNDS || 2);
const BOOKS = path.join(ROOT, 'tests/fault/lib/books.py');
const say = (text) => console.log(`# ${new Date().toISOString().slice(11, 23)} ${text}`);

async function freePorts(count) {
	const servers = await Promise.all(Array.from({ length: count }, () => new Promise((resolve) => {
		const server = net.createServer().listen(0, '127.0.0.1', () => resolve(server));
	})));
	const ports = servers.map((server) => server.address().port);
	await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
	return ports;
}

// --- a stack, made on one server -----------------------------------------------------------------------------------

const place = await chaosStack({ name: 'cluster', orders: 4000, workers: 3, settings: { 'Db.Timeout': 3, 'Db.ConnectTimeout': 1, 'Signer.Lease': 10 } });
const { stack, journal, receiver } = place;
const run = path.dirname(stack.demo.DB_SOCKET);
const log = path.join(stack.dir, 'log');
const children = new Set();
let keeping = true;
// Each with all it started: a supervisor that is killed leaves its workers behind.
function endAll() {
	for (const child of children)
		try {
			process.kill(-child.pid, 'SIGKILL');
		} catch {
			// it has gone by itself
		}
}
process.on('exit', endAll);
after(async () => {
	keeping = false;
	endAll();
	place.stop();
});
// A process that is started again when it ends, as systemd would, until it is told off.
function keep(name, command, args, { env = {}, stdio } = {}) {
	const kept = { name };
	const start = () => {
		const out = fs.openSync(path.join(log, `${name}.log`), 'a');
		const child = kept.child = spawn(command, args, { env: { ...stack.env, ...env, TZ: 'UTC' }, detached: true, stdio: stdio ?? ['ignore', out, out] });
		fs.closeSync(out);
		children.add(child);
		child.on('exit', () => {
			children.delete(child);
			if (keeping && kept.again !== false)
				setTimeout(() => keeping && start(), 200);
		});
	};
	start();
	return kept;
}
function ended(child) {
	return child.exitCode !== null || child.signalCode !== null ? undefined : new Promise((resolve) => child.on('exit', resolve));
}

// --- three nodes of its data --------------------------------------------------------------------------------------

for (const service of ['callback', 'mailer', 'signer', 'web', 'mariadb'])
	await stack.tool('stop', service);
const ports = await freePorts(13);
const shipped = fs.readFileSync(path.join(ROOT, 'tools/galera/61-mailcert-cluster.cnf'), 'utf8').split('\n')
	.filter((line) => /^[a-z]/.test(line) && !/^wsrep-(cluster-address|node-address)/.test(line));
const nodes = [0, 1, 2].map((k) => ({
	name: `node${k + 1}`, port: ports[k], group: ports[3 + k], ist: ports[6 + k], copy: ports[10 + k], dir: path.join(stack.dir, `node${k + 1}`),
	socket: path.join(stack.dir, `node${k + 1}-tmp`, 's'), cnf: path.join(stack.dir, `node${k + 1}.cnf`),
}));
// As a user of its own: rsync, which copies what a node has not, gives root's rights up before it writes.
const server = (node, ...more) => keep(node.name, 'mariadbd', [`--defaults-file=${node.cnf}`, '--user=mysql', ...more]);
const own = (...files) => assert.equal(spawnSync('chown', ['-R', 'mysql', ...files]).status, 0, 'root is needed, and mariadb-server\'s user mysql');
const provider = /^wsrep-provider-options = "(.*)"$/m.exec(shipped.join('\n'))[1];
for (const node of nodes) {
	const lines = fs.readFileSync(path.join(stack.dir, 'my.cnf'), 'utf8').split('\n').filter((line) => !/skip-networking|skip-name-resolve|^\s*(datadir|tmpdir|socket|pid-file)/.test(line));
	fs.mkdirSync(`${node.dir}-tmp`);
	own(`${node.dir}-tmp`);
	fs.writeFileSync(node.cnf, [`[client]`, `socket = ${node.socket}`, ...lines.slice(lines.findIndex((line) => line.includes('[client]')) + 1), '[mariadbd]',
		`datadir = ${node.dir}`, `tmpdir = ${node.dir}-tmp`, `socket = ${node.socket}`, `pid-file = ${node.dir}-tmp/pid`, `port = ${node.port}`, 'bind-address = 127.0.0.1',
		...shipped.filter((line) => !line.startsWith('wsrep-provider-options')), `wsrep-node-name = ${node.name}`, `wsrep-node-address = 127.0.0.1:${node.group}`, `wsrep-sst-receive-address = 127.0.0.1:${node.copy}`,
		`wsrep-cluster-address = gcomm://${nodes.map((one) => `127.0.0.1:${one.group}`).join(',')}`,
		`wsrep-provider-options = "${provider};gmcast.listen_addr=tcp://127.0.0.1:${node.group};ist.recv_addr=127.0.0.1:${node.ist}"`, ''].join('\n'));
}
function ask(node, sql) {
	const done = spawnSync('mariadb', [`--defaults-file=${node.cnf}`, '--user=root', '-BN', '--connect-timeout=2', stack.demo.DB_NAME, '-e', sql], { encoding: 'utf8', timeout: 10000 });
	return done.status === 0 ? done.stdout.trim() : undefined;
}
const status = (node, name) => ask(node, `SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'wsrep_${name}'`);
const synced = (node, size) => until(`${node.name} is one of ${size}`, () => status(node, 'cluster_size') === String(size) && status(node, 'local_state_comment') === 'Synced', 90);
async function stopNode(node) {
	node.server.again = false;
	node.server.child.kill('SIGTERM');
	await ended(node.server.child);
}
// Start a node that was killed: where did it stop? From there on the others give it what it missed.
function recover(node) {
	const done = spawnSync('mariadbd', [`--defaults-file=${node.cnf}`, '--user=mysql', '--wsrep-recover', '--disable-log-error'], { encoding: 'utf8' });
	const position = [...`${done.stdout}${done.stderr}`.matchAll(/Recovered position:? *([0-9a-f-]+:-?\d+)/g)].at(-1)?.[1];
	assert.ok(position, `no position: ${done.stderr.slice(-500)}`);
	node.server = server(node, `--wsrep-start-position=${position}`);
	node.server.again = false;
}

fs.chmodSync(stack.dir, 0o711);
fs.cpSync(path.join(stack.dir, 'mariadb'), nodes[0].dir, { recursive: true });
own(nodes[0].dir);
fs.symlinkSync(nodes[0].socket, stack.demo.DB_SOCKET); // where the stack's own commands look for it
nodes[0].server = server(nodes[0], '--wsrep-new-cluster');
await synced(nodes[0], 1);
await stopNode(nodes[0]);
for (const node of nodes.slice(1)) {
	fs.cpSync(nodes[0].dir, node.dir, { recursive: true });
	fs.rmSync(path.join(node.dir, 'galera.cache'), { force: true });
	own(node.dir);
}
for (const node of nodes) {
	node.server = server(node, ...(node === nodes[0] ? ['--wsrep-new-cluster'] : []));
	node.server.again = false;
	await synced(node, nodes.indexOf(node) + 1);
}
say(`three nodes: ${nodes.map((node) => node.port)}`);

// --- two web hosts ---------------------------------------------------------------------------------------------------

// The first is the stack itself; its database is now the cluster.
const hosts = (first) => [0, 1, 2].map((k) => `127.0.0.1:${nodes[(first + k) % 3].port}`).join(',');
const config = path.join(stack.dir, 'mailcert.hdf');
const plain = fs.readFileSync(config, 'utf8');
fs.writeFileSync(config, `${plain}Db.Hosts = ${hosts(0)}\n`);
for (const service of ['signer', 'mailer', 'callback', 'web'])
	await stack.tool('start', service);

const B = { dir: path.join(stack.dir, 'B'), port: ports[9] };
B.config = path.join(B.dir, 'mailcert.hdf');
for (const folder of ['', 'run', 'public', 'nginx', 'log'])
	fs.mkdirSync(path.join(B.dir, folder), { recursive: true });
fs.cpSync(path.join(stack.dir, 'public'), path.join(B.dir, 'public'), { recursive: true });
fs.writeFileSync(B.config, `${plain}Db.Hosts = ${hosts(1)}\nWeb.RunDir = ${B.dir}/run\nSigner.Socket = ${B.dir}/run/signer.sock\nCa.PublicDir = ${B.dir}/public\n`);
for (const name of fs.readdirSync(path.join(stack.dir, 'nginx')).filter((one) => one.endsWith('.conf')))
	fs.writeFileSync(path.join(B.dir, 'nginx', name), fs.readFileSync(path.join(stack.dir, 'nginx', name), 'utf8')
		.replaceAll(`${stack.dir}/nginx`, `${B.dir}/nginx`).replaceAll(run, `${B.dir}/run`).replaceAll(log, `${B.dir}/log`).replaceAll(`${stack.dir}/public`, `${B.dir}/public`)
		.replaceAll(`127.0.0.1:${new URL(stack.url).port}`, `127.0.0.1:${B.port}`).replace(/^.*include .*metrics\.conf.*$/m, ''));
const onB = (name, ...command) => keep(`B-${name}`, 'unshare', ['--uts', '--', 'sh', '-c', 'hostname web2 && exec "$@"', 'sh', ...command], { env: { SOFTHSM2_CONF: path.join(stack.dir, 'softhsm2.conf') } });
for (const name of ['signer', 'mailer', 'callback'])
	onB(name, path.join(stack.env.B, `mailcert-${name}`), '--config', B.config);
onB('web', 'spawn-fcgi', '-n', '-s', `${B.dir}/run/web.sock`, '-M', '0600', '-b', '1024', '--', '/usr/bin/multiwatch', '-f', '3', '-t', '50', '-r', '20', '--',
	path.join(stack.env.B, 'mailcert-web'), '--config', B.config);
keep('B-nginx', 'nginx', ['-e', `${B.dir}/log/nginx-error.log`, '-c', `${B.dir}/nginx/nginx.conf`]);
const urls = [stack.url, `http://127.0.0.1:${B.port}`];
for (const url of urls)
	await until(`${url} is well`, async () => (await fetch(`${url}/healthz`).catch(() => ({}))).status === 200, 60);
say(`two hosts: ${urls}`);

// --- tests: all are named from here on, when everything stands -----------------------------------------------------

test('the schema is one that Galera keeps whole: each table has a primary key, and is of InnoDB but for what is counted by the minute', () => {
	assert.equal(ask(nodes[1], `SELECT GROUP_CONCAT(t.table_name) FROM information_schema.tables t LEFT JOIN information_schema.table_constraints c
		ON c.table_schema = t.table_schema AND c.table_name = t.table_name AND c.constraint_type = 'PRIMARY KEY'
		WHERE t.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' AND (c.constraint_name IS NULL OR t.engine <> 'InnoDB')`), 'partner_key_rate', 'in memory, on each node for itself');
});

test('what was answered by one host is there on the other at once', async () => {
	const person = new Client(stack);
	await person.signIn();
	for (let n = 0; n < 40; n++) {
		person.url = urls[n % 2];
		const answer = await person.get('/dashboard');
		assert.equal(answer.status, 200, `request ${n}: ${answer.status} ${answer.location}`);
		person.url = urls[(n + 1) % 2];
		assert.equal((await person.submit('/dashboard', { language: n % 3 === 0 ? 'pl' : 'en' }, { action: '/language' })).status, 303);
	}
});

// --- harm ----------------------------------------------------------------------------------------------------------

// When a POST was last answered, by host: a small program beside the people.
const gaps = { longest: 0 };
async function pulse(url, ended) {
	const client = new Client(stack);
	client.url = url;
	let good = Date.now();
	let signedIn = false;
	for (let n = 0; !ended(); n++) {
		try {
			if (!signedIn) {
				await client.signIn();
				good = Date.now(); // a password costs its own time
			}
			signedIn = true;
			const answer = await client.submit('/dashboard', { language: 'en' }, { action: '/language', signal: AbortSignal.timeout(20000) });
			if (answer.status === 303 && /notice|dashboard|\//.test(answer.location)) {
				gaps.longest = Math.max(gaps.longest, Date.now() - good);
				gaps[url] = Math.max(gaps[url] ?? 0, Date.now() - good);
				good = Date.now();
			}
		} catch {
			// asked again
		}
		await sleep(100);
	}
}

test('nodes are killed and cut off under load: nothing is lost, and service is back soon', async (t) => {
	const experience = new Experience();
	const post = new Post(stack);
	const chance = seeded(SEED);
	const people = new People({ stack, chance, journal, experience, post, callback: receiver.url, urls });
	// Half of the people come to the other host first.
	people.client = ((make) => () => { const client = make.call(people); client.urls = chance.chance(0.5) ? urls : [...urls].reverse(); return client; })(people.client);
	let home = false;
	const pulses = Promise.all(urls.map((url) => pulse(url, () => home)));
	const going = peopleGo({ people, lanes: LANES, ended: () => home });
	const harm = [];
	const measured = async (what, act, heal) => {
		gaps.longest = 0;
		const then = people.done.customer + people.done.partner;
		await act();
		await sleep(8000);
		const gap = gaps.longest;
		const during = people.done.customer + people.done.partner - then;
		await heal();
		harm.push({ what, longest_without_answer: gap / 1000, journeys_meanwhile: during });
		say(`${what}: ${(gap / 1000).toFixed(1)} s without an answered POST at the worse host; ${during} journeys meanwhile`);
		await sleep(2000);
	};
	await sleep(4000);
	for (let round = 0; round < ROUNDS; round++)
		for (const node of nodes) {
			await measured(`${node.name} killed`, () => node.server.child.kill('SIGKILL'), async () => { recover(node); await synced(node, 3); });
			await measured(`${node.name} cut off (stopped)`, () => node.server.child.kill('SIGSTOP'), async () => { node.server.child.kill('SIGCONT'); await synced(node, 3); });
		}
	home = true;
	const failed = await going;
	await pulses;
	await rest(stack, 120);
	post.close();
	const done = spawnSync('/usr/bin/python3', [BOOKS, '--var', stack.dir, '--journal', journal.file, '--my-cnf', nodes[2].cnf], { encoding: 'utf8', maxBuffer: 1 << 28 });
	const [figures, ...violations] = done.stdout.trim().split('\n');
	t.diagnostic(JSON.stringify({ seed: SEED, journeys: people.done, requests: experience.requests, errors: experience.errors, longest_request: experience.longest,
		longest_until_answered: experience.longestAnswer, harm, books: JSON.parse(figures) }));
	// Each host's signer writes the newest CRL into its own folder: the same list under the same number, but its own
	// signature, so only one of the two files is octet for octet what the books have.
	assert.deepEqual(violations.filter((line) => !/crl: the file is not what the books say was published/.test(line)), []);
	const lists = await until('the newest CRL at both hosts', async () => {
		const number = (await stack.sql("SELECT HEX(MAX(c.number)) FROM crl c JOIN issuer i ON i.id = c.issuer_id WHERE i.name = 'issuing-1'"))[0][0];
		const both = [stack.dir, B.dir].map((dir) => spawnSync('openssl', ['crl', '-inform', 'DER', '-in', `${dir}/public/crl/issuing-1.crl`, '-noout', '-text'],
			{ encoding: 'utf8' }).stdout.replace(/Signature Value:[\s\S]*/, ''));
		return both.every((text) => new RegExp(`X509v3 CRL Number: *\\n *(0x0*)?(${number}|${parseInt(number, 16)})\\n`, 'i').test(text)) && both;
	}, 20);
	assert.equal(lists[0], lists[1]);
	assert.ok((lists[0].match(/Serial Number/g) ?? []).length === JSON.parse(figures).crl_entries, 'with all that was revoked');
	assert.deepEqual(failed, []);
	assert.deepEqual(experience.wrong, [], 'errors other than 503 with Retry-After');
	assert.ok(people.done.customer + people.done.partner > ROUNDS * 10, 'journeys were made');
});

test('all three nodes hold the same', async () => {
	// CHECKSUM does not wait for what a node has received and not yet applied.
	let sums;
	await until('the same sums', () => {
		sums = nodes.map((node) => ask(node, `CHECKSUM TABLE orders, mailbox, mailbox_value, activation, issuance, serial, certificate, revocation, outbox, callback, audit, audit_chain, audit_seal, account, session`));
		return sums[0] && sums.every((one) => one === sums[0]);
	}, 20).catch(() => {});
	assert.ok(sums[0]);
	assert.deepEqual(sums, [sums[0], sums[0], sums[0]]);
});
