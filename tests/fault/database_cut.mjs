// database_cut.mjs - the connection to the database is lost at each octet of its answers: a gate between the worker and
// MariaDB lets so many octets through and then hangs up, once. Whatever was lost, a transition is run again and done
// once, a page is read again, and the person notices nothing.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Client } from '../lib/client.mjs';
import { formToken } from '../lib/roles.mjs';
import { scratch } from '../lib/openssl.mjs';
import { Stack } from '../lib/stack.mjs';
import { at } from '../lib/steps.mjs';

const dir = scratch();
const gate = { left: Infinity, passed: 0, cuts: 0, target: undefined };
const server = net.createServer((client) => {
	const database = net.connect(gate.target);
	const end = () => { client.destroy(); database.destroy(); };
	for (const side of [client, database])
		side.on('error', end).on('close', end);
	client.on('data', (bytes) => database.write(bytes));
	database.on('data', (bytes) => {
		gate.passed += bytes.length;
		if (bytes.length <= gate.left) {
			gate.left -= bytes.length;
			client.write(bytes);
			return;
		}
		const some = bytes.subarray(0, gate.left);
		gate.left = Infinity; // once
		gate.cuts++;
		database.destroy();
		client.end(some);
	});
});
const door = path.join(dir, 'gate.sock');
await new Promise((resolve) => server.listen(door, resolve));
const stack = await Stack.start({ name: 'database_cut', orders: 2, workers: 1, settings: { 'Mail.PollMs': 60000 } });
gate.target = stack.demo.DB_SOCKET;
fs.appendFileSync(path.join(stack.dir, 'mailcert.hdf'), `Db.Socket = ${door}\n`);
await stack.tool('stop', 'web');
await stack.tool('start', 'web');
const client = await new Client(stack).signIn();
after(() => {
	const reports = stack.stopNow();
	server.close();
	assert.deepEqual(reports, []);
});
const order = stack.takeOrder();
const form_token = await formToken(client);

// How many octets the database answers to a request.
async function answered(request) {
	await request(); // all is prepared
	gate.passed = 0;
	await request();
	assert.ok(gate.passed > 10, `${gate.passed} octets`);
	return gate.passed;
}

test('a transition: at each octet of the answer to its CALL', async () => {
	let n = 0;
	const save = () => client.post(at(order, '/email'), { form_token, email: `cut${++n}@mailbox.example` });
	const octets = await answered(save);
	for (let k = 0; k < octets; k++) {
		gate.left = k;
		const answer = await save();
		gate.left = Infinity;
		assert.equal(answer.status, 303, `cut at octet ${k} of ${octets}: ${answer.status} ${answer.title}`);
		assert.deepEqual(await stack.sql(`SELECT email_draft FROM orders WHERE CONCAT(number, '/', item) = '${order}'`), [[`cut${n}@mailbox.example`]]);
	}
	assert.equal(gate.cuts, octets);
});

test('a transition that answers rows before its end: likewise', async () => {
	let n = 0;
	const headers = { authorization: `Bearer ${stack.demo.PARTNER_KEY}` };
	const make = () => client.post('/partner/orders', { product: stack.demo.PRODUCT, partner_ref: `CUT-${++n}`, email: `cut${n}@partner.example` }, { json: true, headers });
	await stack.sql('UPDATE partner SET rate = 10000, burst = 10000');
	const octets = await answered(make);
	gate.cuts = 0;
	let tried = 0;
	for (let k = 0; k < octets; k += k < 200 ? 1 : 7, tried++) { // the CALL's own answer first; then what is read for the page
		gate.left = k;
		const answer = await make();
		gate.left = Infinity;
		assert.ok([200, 201].includes(answer.status), `cut at octet ${k} of ${octets}: ${answer.status} ${answer.text}`);
	}
	assert.equal(gate.cuts, tried);
	assert.deepEqual(await stack.sql("SELECT COUNT(*), COUNT(DISTINCT partner_ref) FROM orders WHERE partner_ref LIKE 'CUT-%'"), [[String(n), String(n)]]);
	assert.deepEqual(await stack.sql("SELECT COUNT(*) FROM outbox WHERE recipient LIKE 'cut%@partner.example'"), [[String(n)]]);
});

test('a page: at octets all over the answers to its statements', async () => {
	const page = () => client.get(at(order));
	const octets = await answered(page);
	const whole = (await page()).text;
	gate.cuts = 0;
	let tried = 0;
	for (let k = 0; k < octets; k += Math.max(1, Math.floor(octets / 150)), tried++) {
		gate.left = k;
		const answer = await page();
		gate.left = Infinity;
		assert.equal(answer.status, 200, `cut at octet ${k} of ${octets}: ${answer.status}`);
		assert.equal(answer.text, whole, `cut at octet ${k}`);
	}
	assert.equal(gate.cuts, tried);
});

test('it was no incident', () => {
	assert.deepEqual(stack.complaints(['web']), []);
});
