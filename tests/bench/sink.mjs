// sink.mjs - a mail server for the bench that takes all mail at once and hands it to whoever waits: the demo's sink parses,
// renders and keeps every mail, which would be measured too.
import net from 'node:net';

export async function sinkStart() {
	const waiting = new Map(), caught = new Map();
	const take = (to, raw) => {
		const resolve = waiting.get(to)?.shift();
		if (resolve !== undefined)
			resolve(raw);
		else
			caught.set(to, [...(caught.get(to) ?? []), raw]);
	};
	const server = net.createServer((socket) => {
		let rest = '', recipients = [], data = null;
		socket.setNoDelay(true);
		socket.on('error', () => {});
		socket.write('220 sink\r\n');
		socket.on('data', (chunk) => {
			rest += chunk.toString('latin1');
			let out = '';
			for (let end; ;) {
				if (data !== null) {
					if ((end = rest.indexOf('\r\n.\r\n')) < 0)
						break;
					const raw = rest.slice(0, end);
					rest = rest.slice(end + 5);
					recipients.forEach((to) => take(to, raw));
					data = null;
					recipients = [];
					out += '250 taken\r\n';
					continue;
				}
				if ((end = rest.indexOf('\r\n')) < 0)
					break;
				const line = rest.slice(0, end), verb = line.slice(0, 4).toUpperCase();
				rest = rest.slice(end + 2);
				if (verb === 'EHLO') {
					out += '250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n';
				} else if (verb === 'DATA') {
					data = '';
					out += '354 go on\r\n';
				} else if (verb === 'QUIT') {
					socket.end(`${out}221 bye\r\n`);
					return;
				} else {
					if (verb === 'RCPT')
						recipients.push(/<([^>]*)>/.exec(line)[1]);
					out += '250 ok\r\n';
				}
			}
			if (out !== '')
				socket.write(out);
		});
	});
	await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
	return {
		port: server.address().port,
		// The next mail for an address, decoded as far as a link needs it (quoted-printable, base64 bodies).
		next(to) {
			const list = caught.get(to);
			const raw = list?.shift();
			return raw === undefined ? new Promise((resolve) => { waiting.set(to, [...(waiting.get(to) ?? []), resolve]); }) : Promise.resolve(raw);
		},
		// Hand a mail over, as the least a client can do.
		send: (to, raw) => new Promise((resolve, reject) => {
			const lines = ['EHLO bench', 'MAIL FROM:<bench@mailbox.example>', `RCPT TO:<${to}>`, 'DATA', `${raw}\r\n.`, 'QUIT'];
			const socket = net.connect(server.address().port, '127.0.0.1');
			socket.on('error', reject).on('close', () => resolve()).on('data', (answer) => {
				// A line for each that ends an answer ("250 ", not "250-").
				for (const line of answer.toString('latin1').split('\r\n'))
					if (/^\d{3} /.test(line) && lines.length > 0)
						socket.write(`${lines.shift()}\r\n`);
			});
		}),
		stop: () => server.close(),
	};
}

// The path of a link to /verify/ in a mail.
export function verifyPath(raw) {
	const texts = [raw, raw.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))),
		...[...raw.matchAll(/(?:^[A-Za-z0-9+/=]{40,}\r?\n?)+/gm)].map(([block]) => Buffer.from(block, 'base64').toString('utf8'))];
	for (const text of texts) {
		const found = /\/verify\/[\w-]{20,}/.exec(text);
		if (found !== null)
			return found[0];
	}
	throw new Error('no link in the mail');
}
