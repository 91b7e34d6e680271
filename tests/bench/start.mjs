// start.mjs - how long a process takes from its start to its first answer.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { figure, rounds, keys, stackStart, start, stop } from './lib.mjs';
import { encode } from '../lib/fastcgi.mjs';
import { sleep } from '../lib/stack.mjs';

// Try until a UNIX socket lets us in; gives the connection.
async function connect(socket) {
	for (;;) {
		const link = await new Promise((resolve) => { const c = net.connect(socket, () => resolve(c)).on('error', () => resolve(null)); });
		if (link !== null)
			return link;
		await sleep(0.2);
	}
}
const first = (link, octets) => new Promise((resolve) => { link.once('data', resolve); link.write(octets); });

export default async function startUp() {
	const stack = await stackStart();
	const config = path.join(stack.dir, 'mailcert.hdf'), program = (name) => path.join(stack.env.B, `mailcert-${name}`);
	let n = 0;
	const found = await rounds({
		// A page that asks the database and is rendered, so that the connection and a parsed template are in it.
		worker: async () => {
			const socket = path.join(keys, `start-${n++}.sock`), began = performance.now();
			const child = start('spawn-fcgi', ['-n', '-s', socket, '-M', '0600', '--', program('web'), '--config', config]);
			const link = await connect(socket);
			await first(link, encode({ REQUEST_URI: '/sign-in', REMOTE_ADDR: '127.0.0.1' }));
			const ms = performance.now() - began;
			link.destroy();
			stop(child);
			return ms;
		},
		signer: async () => {
			await stack.tool('stop', 'signer');
			const socket = stack.demo.SIGNER_SOCKET, began = performance.now();
			fs.rmSync(socket, { force: true });
			const child = start(program('signer'), ['--config', config], { env: { ...process.env, SOFTHSM2_CONF: path.join(stack.dir, 'softhsm2.conf') } });
			const link = await connect(socket);
			const ms = performance.now() - began;
			link.destroy();
			stop(child);
			return ms;
		},
	});
	figure('worker: to its first page', found.worker, 'ms', { most: 50 });
	figure('signer: until it listens, keys opened', found.signer, 'ms');
	stack.stopNow();
}
