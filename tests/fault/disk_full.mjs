// disk_full.mjs - the disk below MariaDB fills up while people are served. Writing is held while there still is room (tools/db-room):
// whoever only looks is served, the others are asked to come back, MariaDB meets no full disk, and nothing is lost.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from '../lib/client.mjs';
import { scratch } from '../lib/openssl.mjs';
import { Stack, until } from '../lib/stack.mjs';
import { at } from '../lib/steps.mjs';
import { SmallDisk } from './lib/disk.mjs';

const GUARD = fileURLToPath(new URL('../../tools/db-room', import.meta.url));
const TOOL = fileURLToPath(new URL('../../tools/stack', import.meta.url));
const LEAST = 64; // mebibytes, the stack's

const dir = scratch();
const disk = SmallDisk.mount(dir, 500);
const skip = disk === undefined && 'mounting a small file system needs root';
let stack, client, order;

before(async () => {
	if (skip)
		return;
	stack = await Stack.start({ name: 'disk-full', orders: 4, env: { DB_DIR: disk.data, ROOM_EVERY: '0.2' } });
	client = await new Client(stack).signIn();
	order = stack.takeOrder();
});
after(() => {
	stack?.stopNow();
	disk?.unmount();
});

const log = (service) => fs.readFileSync(path.join(stack.dir, 'log', `${service}.log`), 'utf8');
const readOnly = async () => (await stack.sql('SELECT @@GLOBAL.read_only'))[0][0];
const held = (yes) => until(yes ? 'writing is held' : 'writing goes on', async () => await readOnly() === (yes ? '1' : '0'));

test('as the disk fills writing is held, before MariaDB has no room', { skip }, async () => {
	const mariadb = await stack.pid('mariadb');
	await disk.fill();
	assert.equal(disk.left, 0);
	await held(true);
	assert.match(log('room'), /error: \d+ MiB are left below .*: no writes until there are 96/);
	assert.ok(!/ is full|failed with error 28/.test(log('mariadb')), 'MariaDB met a full disk');
	assert.equal(await stack.pid('mariadb'), mariadb);
});

test('meanwhile pages are shown, also to sessions that would be lengthened', { skip }, async () => {
	await stack.sql('UPDATE session SET seen_at = seen_at - INTERVAL 61 SECOND');
	for (const where of ['/certificates', at(order), at(order, '/email'), '/dashboard', '/account'])
		assert.equal((await client.get(where)).status, 200, where);
});

test('whoever saves something is asked to come back, and so is who signs in', { skip }, async () => {
	for (const [who, where, fields] of [
		[client, at(order, '/email'), { email: 'full@mailbox.example' }],
		[new Client(stack), '/sign-in', { login: stack.demo.CUSTOMER_LOGIN, password: stack.demo.CUSTOMER_PASSWORD }],
	]) {
		const answer = await who.submit(where, fields);
		assert.equal(answer.status, 503, where);
		assert.match(answer.headers.get('retry-after'), /^[1-9]\d*$/);
	}
});

test('an admin is shown an order, and told that no audit event tells of it', { skip }, () => {
	const done = spawnSync(TOOL, ['ctl', 'order', 'show', order], { env: stack.env, encoding: 'utf8' });
	assert.match(done.stdout, new RegExp(order));
	assert.match(done.stderr, /no audit event tells of this/);
});

test('a guard that was killed knows afterwards that it was it who held writing', { skip }, async () => {
	const old = await stack.pid('room');
	process.kill(old, 'SIGKILL');
	await until('a new guard', async () => ![0, old].includes(await stack.pid('room').catch(() => 0)));
	assert.equal(await readOnly(), '1');
});

test('with room again the same form is taken', { skip }, async () => {
	disk.empty();
	await held(false);
	await until('the guard says so', () => /room again: \d+ MiB/.test(log('room')));
	const answer = await client.submit(at(order, '/email'), { email: 'full@mailbox.example' });
	assert.equal(answer.status, 303);
	assert.equal((await stack.sql(`SELECT email_draft FROM orders WHERE CONCAT(number, '/', item) = '${order}'`))[0][0],
		'full@mailbox.example');
});

test('a database that an admin has made read-only stays so', { skip }, async () => {
	await stack.sql('SET GLOBAL read_only = ON');
	await disk.fill();
	const once = () => spawnSync(GUARD, ['--once', '--dir', disk.data, '--least', String(LEAST), '--held', path.join(dir, 'held'),
		'--', `--socket=${stack.demo.DB_SOCKET}`, `--user=${os.userInfo().username}`], { encoding: 'utf8' });
	assert.deepEqual([once().status, fs.existsSync(path.join(dir, 'held'))], [0, false]);
	disk.empty();
	assert.equal(once().status, 0);
	assert.equal(await readOnly(), '1');
	await stack.sql('SET GLOBAL read_only = OFF');
});

test('a guard that cannot reach the database says so, and one with a wrong option ends', () => {
	const away = spawnSync(GUARD, ['--once', '--dir', dir, '--least', '999999999', '--held', path.join(dir, 'held2'), '--',
		`--socket=${path.join(dir, 'no.sock')}`], { encoding: 'utf8' });
	assert.match(away.stderr, /^db-room: error: .*(2002|connect)/);
	for (const [args, words] of [
		[['--lest', '5'], /no option --lest/], [['--least'], /--least wants a value/], [['--least', 'much'], /whole mebibytes/],
		[['--least', '9', '--enough', '8'], /--enough is less/], [['--every', 'day'], /--every is seconds/],
		[['--held', '/nowhere/at/all'], /no folder \/nowhere\/at/],
	]) {
		const wrong = spawnSync(GUARD, ['--once', ...args], { encoding: 'utf8' });
		assert.equal(wrong.status, 1, args.join(' '));
		assert.match(wrong.stderr, words);
	}
	assert.match(spawnSync(GUARD, ['--help'], { encoding: 'utf8' }).stdout, /--least MIB/);
});
