// fastcgi.mjs - one request to a worker as nginx would send it, and answer parsed: for what only nginx may say, such as where
// a request came from.
import path from 'node:path';
import fs from 'node:fs';
import { exchange, answers } from './raw.mjs';

const BEGIN = 1, PARAMS = 4, STDIN = 5, STDOUT = 6;

function record(type, content) {
	const head = Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 255, 0, 0]);
	return Buffer.concat([head, content]);
}
function size(n) {
	return n < 128 ? Buffer.from([n]) : Buffer.from([n >> 24 | 0x80, n >> 16 & 255, n >> 8 & 255, n & 255]);
}

// The octets of a request; params are those of FastCGI, such as REQUEST_URI.
export function encode(params, body = '') {
	const bytes = Buffer.from(body);
	const all = { REQUEST_METHOD: 'GET', REQUEST_URI: '/', REMOTE_ADDR: '192.0.2.1', CONTENT_LENGTH: String(bytes.length), ...params };
	const pairs = Buffer.concat(Object.entries(all).map(([name, value]) => {
		const [n, v] = [Buffer.from(name, 'latin1'), Buffer.from(value, 'latin1')];
		return Buffer.concat([size(n.length), size(v.length), n, v]);
	}));
	return Buffer.concat([record(BEGIN, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0])), record(PARAMS, pairs), record(PARAMS, Buffer.alloc(0)),
		...(bytes.length > 0 ? [record(STDIN, bytes)] : []), record(STDIN, Buffer.alloc(0))]);
}

export function webSocket(stack) {
	const run = path.join(stack.dir, 'run.path');
	return path.join(fs.existsSync(run) ? fs.readFileSync(run, 'utf8').trim() : path.join(stack.dir, 'run'), 'web.sock');
}

export async function fastcgi(stack, params, body) {
	let rest = Buffer.from(await exchange(webSocket(stack), [encode(params, body)], { wait: 15000 }), 'latin1');
	const out = [];
	while (rest.length >= 8) {
		const length = rest.readUInt16BE(4);
		if (rest[1] === STDOUT)
			out.push(rest.subarray(8, 8 + length));
		rest = rest.subarray(8 + length + rest[6]);
	}
	const text = Buffer.concat(out).toString('latin1').replace(/^Status: (\d+)/, 'HTTP/1.1 $1');
	return answers(text)[0];
}
