// dead_domains.mjs - domains whose servers let questions for CAA go unanswered: they cost the orders of other domains one
// look-up's time at most, however many orders wait for them; they are asked for once a round, and less and less often. The
// name server between plays them: it drops what asks for CAA below "dead".
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import fs from 'node:fs';
import path from 'node:path';
import { Stack, until } from '../lib/stack.mjs';
import { Client, faultSays } from '../lib/client.mjs';
import { makeCsr, scratch } from '../lib/openssl.mjs';
import { at, giveKey, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';

const SHARING = 5; // orders of one dead domain
const RETRIED = 4; // dead domains that were tried before, each with an order
const TRIES = 3;

const keys = scratch();
const stack = await Stack.start({
	name: 'dead_domains', workers: 2, orders: SHARING + RETRIED + 3,
	settings: { 'Signer.PollMs': 200, 'Signer.Lease': 12, 'Mail.PollMs': 100, 'Dns.Timeout': 2 },
});
const customer = await new Client(stack).signIn();
const conf = path.join(stack.dir, 'mailcert.hdf');
const [, host, port] = /^Dns\.Stub = (\S+)@(\d+)/m.exec(fs.readFileSync(conf, 'utf8'));

// What is asked for: its name, and whether for CAA.
function question(message) {
	const labels = [];
	let place = 12;
	for (; message[place] !== 0; place += message[place] + 1)
		labels.push(message.toString('latin1', place + 1, place + 1 + message[place]).toLowerCase());
	return { name: labels.join('.'), caa: message.readUInt16BE(place + 1) === 257 };
}
const unanswered = {}; // how often each name was asked for in vain
const between = dgram.createSocket('udp4');
between.on('message', (message, from) => {
	const { name, caa } = question(message);
	if (caa && name.includes('dead')) {
		unanswered[name] = (unanswered[name] ?? 0) + 1;
		return;
	}
	const out = dgram.createSocket('udp4', (answer) => {
		between.send(answer, from.port, from.address);
		out.close();
	});
	out.send(message, Number(port), host);
});
await new Promise((resolve) => { between.bind(0, '127.0.0.1', resolve); });
after(() => between.close());
await stack.tool('stop', 'signer');
fs.appendFileSync(conf, `Dns.Stub = 127.0.0.1@${between.address().port}\n`);

const WHICH = (order) => `(SELECT id FROM orders WHERE CONCAT(number, '/', item) = '${order}')`;
const one = async (sql) => (await stack.sql(sql))[0]?.[0];
async function submitted(email) {
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, email);
	await giveKey(customer, order, makeCsr(keys, email.replace(/@/, '-')));
	await submitActivation(customer, order);
	return order;
}
const asked = () => one("SELECT COUNT(*) FROM caa_check WHERE domain LIKE 'again%' AND decision = 'unreachable'").then(Number);

const sharing = [], retried = [];
let good;
test('orders of good domains are issued while those of dead ones are still to be asked for', async () => {
	for (let n = 0; n < RETRIED; n++)
		retried.push(await submitted(`joe@again${n}.dead.example`));
	await stack.sql(`UPDATE issuance SET attempts = ${TRIES}, last_code = 'caa_unreachable', next_at = next_at - INTERVAL 1 HOUR`);
	for (let n = 0; n < SHARING; n++)
		sharing.push(await submitted(`joe${n}@dead.example`));
	good = [await submitted('ann@alive.example'), await submitted('bob@alive.example')];
	await stack.tool('start', 'signer');
	for (const order of good)
		await waitCertificate(customer, order, 60);
	assert.ok(await asked() < RETRIED, 'not all of the dead ones had their turn before');
});
test('the dead ones have their turns too, and the person is told', async () => {
	await until('all to be asked for', async () => await asked() === RETRIED, 90);
	await until('all to wait', async () => await one("SELECT COUNT(*) FROM issuance WHERE state = 'waiting' AND taken_by IS NOT NULL") === '0');
	for (const order of [...sharing, ...retried]) {
		assert.equal(await one(`SELECT last_code FROM issuance WHERE order_id = ${WHICH(order)}`), 'caa_unreachable');
		assert.equal(await one(`SELECT COUNT(*) FROM serial WHERE order_id = ${WHICH(order)}`), '0');
	}
	assert.ok((await customer.get(at(sharing[0]))).words.includes(faultSays('caa_unreachable')));
});
test('what was answered for one order is the answer for all of its domain; each has it in the books', async () => {
	for (const order of sharing)
		assert.deepEqual(await stack.sql(`SELECT domain, decision FROM caa_check WHERE order_id = ${WHICH(order)}`), [['dead.example', 'unreachable']]);
	const alone = Math.max(...retried.map((_, n) => unanswered[`again${n}.dead.example`]));
	assert.ok(unanswered['dead.example'] < 3 * alone, JSON.stringify(unanswered));
});
test('an order that went back without its turn was not tried, and no event tells of it', async () => {
	for (const [orders, tries] of [[sharing, 1], [retried, TRIES + 1], [good, 1]])
		for (const order of orders)
			assert.equal(await one(`SELECT attempts FROM issuance WHERE order_id = ${WHICH(order)}`), String(tries));
	assert.equal(await one("SELECT COUNT(*) FROM audit WHERE event = 'issuance_delayed'"), String(SHARING + RETRIED));
});
test('the more often a domain did not answer, the later it is asked again', async () => {
	const pause = (order) => one(`SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), next_at) FROM issuance WHERE order_id = ${WHICH(order)}`).then(Number);
	const first = await pause(sharing[0]), later = await pause(retried[0]);
	assert.ok(first > 0 && first <= 300, String(first));
	assert.ok(later > 1800 && later <= 3600, String(later));
});
test('a dead domain that lives again is asked and permits', async () => {
	between.removeAllListeners('message');
	await stack.tool('stop', 'signer');
	fs.appendFileSync(conf, `Dns.Stub = ${host}@${port}\n`);
	await stack.sql("UPDATE issuance SET next_at = UTC_TIMESTAMP() WHERE state = 'waiting'");
	await stack.tool('start', 'signer');
	for (const order of [...sharing, ...retried])
		await waitCertificate(customer, order, 60);
});
