// raw.mjs - octets as they are, to nginx or to a socket: for requests that no well-behaved client would send.
import net from 'node:net';

// Send octets (a text or a Buffer, or several with pauses between them) and gather all that comes back until the
// server closes, `until` says enough, or `wait` milliseconds have passed.
export function exchange(where, parts, { wait = 5000, pause = 0, until = () => false, end = false } = {}) {
	return new Promise((resolve) => {
		const socket = net.connect(where);
		const got = [];
		let closed = false;
		const timer = setTimeout(() => socket.destroy(), wait);
		socket.on('data', (data) => {
			got.push(data);
			if (until(Buffer.concat(got).toString('latin1')))
				socket.destroy();
		});
		socket.on('error', () => {});
		socket.on('close', () => {
			closed = true;
			clearTimeout(timer);
			resolve(Buffer.concat(got).toString('latin1'));
		});
		socket.on('connect', async () => {
			for (const part of [parts].flat()) {
				if (closed)
					return;
				socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part);
				if (pause > 0)
					await new Promise((go) => setTimeout(go, pause));
			}
			if (end)
				socket.end();
		});
	});
}

// Where a stack's nginx listens.
export function at(stack) {
	const url = new URL(stack.url);
	return { host: url.hostname, port: Number(url.port) };
}

// One whole request over a connection of its own; its answers, parsed. Lines are given without their line ends.
export async function request(stack, lines, body = '', options) {
	return answers(await exchange(at(stack), `${lines.join('\r\n')}\r\n\r\n${body}`, options));
}

// All answers in a stream, each { status, headers, cookies, body }; header names are in lower case.
export function answers(text) {
	const found = [];
	while (text.startsWith('HTTP/')) {
		const end = text.indexOf('\r\n\r\n');
		const [first, ...lines] = text.slice(0, end).split('\r\n');
		const pairs = lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]);
		const headers = Object.fromEntries(pairs);
		const rest = text.slice(end + 4);
		const length = headers['content-length'] === undefined ? rest.length : Number(headers['content-length']);
		found.push({
			status: Number(first.split(' ')[1]), headers,
			cookies: pairs.filter(([name]) => name === 'set-cookie').map(([, value]) => value),
			body: Buffer.from(rest.slice(0, length), 'latin1').toString('utf8'),
		});
		text = rest.slice(length);
	}
	return found;
}
