// mailer_stop.mjs - the mailer is asked to end in the middle of a batch for a slow server: it ends after the mail under way,
// the next one takes the others at once, and each mail goes out once.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { Stack, sleep, until } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';
import { giveMailbox } from '../lib/steps.mjs';

const MAILS = 6, SCAN = 1500; // ms between a mail's text and the reply

// A server that scans each mail for a while; `taken` are the recipients whose mail it has, `begun` counts texts.
const taken = [];
let begun = 0;
const server = net.createServer((socket) => {
	let held = '', text = false, to = '';
	socket.on('error', () => {});
	socket.write('220 mx.example\r\n');
	socket.on('data', async (bytes) => {
		held += bytes;
		for (let end; (end = held.indexOf('\r\n')) !== -1;) {
			const line = held.slice(0, end);
			held = held.slice(end + 2);
			if (text && line !== '.')
				continue;
			if (text) {
				text = false;
				begun++;
				taken.push(to);
				await sleep(SCAN);
				socket.write('250 2.0.0 taken\r\n');
			} else if (/^RCPT/i.test(line)) {
				to = /<(.*)>/.exec(line)[1];
				socket.write('250 ok\r\n');
			} else if (/^DATA/i.test(line)) {
				text = true;
				socket.write('354 go\r\n');
			} else {
				socket.write(/^QUIT/i.test(line) ? '221 bye\r\n' : '250 ok\r\n');
			}
		}
	});
});
await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
const stack = await Stack.start({
	name: 'mailer_stop', workers: 2, orders: MAILS,
	settings: { 'Mail.Host': `127.0.0.1:${server.address().port}`, 'Mail.PollMs': 100, 'Mail.PauseFirst': 1 },
});
after(() => {
	stack.stopNow();
	server.close();
});

test('SIGTERM within a batch', async () => {
	const customer = await new Client(stack).signIn();
	await stack.tool('stop', 'mailer');
	for (let i = 0; i < MAILS; i++)
		await giveMailbox(customer, stack.takeOrder(), `mail${i}@mailbox.example`);
	await stack.tool('start', 'mailer');
	await until('the second mail to be scanned', () => begun === 2);
	const pid = await stack.pid('mailer'), asked = Date.now();
	process.kill(pid, 'SIGTERM');
	await until('the mailer to end', () => {
		try {
			return !process.kill(pid, 0);
		} catch {
			return true;
		}
	}, 30, 50);
	assert.ok(Date.now() - asked < 2 * SCAN, `it took ${Date.now() - asked} ms to end`);
	await until('the next one to send the others', async () => (await stack.sql(
		"SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND kind = 'verification'"))[0][0] === String(MAILS), 30);
	assert.deepEqual([...taken].sort(), [...Array(MAILS).keys()].map((i) => `mail${i}@mailbox.example`), 'each once');
	assert.equal((await stack.sql("SELECT MAX(attempts) FROM outbox WHERE kind = 'verification'"))[0][0], '1', 'none was tried in vain');
});
