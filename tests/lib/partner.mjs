// partner.mjs - a partner's program for tests: plain curl with a key, JSON answers; and further partners with keys.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export class Curl {
	constructor(stack, key = stack.demo.PARTNER_KEY) {
		this.stack = stack;
		this.key = key;
	}

	// One request; fields make it a POST. Gives { status, headers, text, json }.
	async call(where, fields, { accept = 'application/json', key = this.key, more = [] } = {}) {
		const args = ['-sS', '-i', '--max-time', '20', '-H', `Accept: ${accept}`, ...more];
		if (key)
			args.push('-H', `Authorization: Bearer ${key}`);
		for (const [name, value] of Object.entries(fields ?? {}))
			args.push('--data-urlencode', `${name}=${value}`);
		if (fields && Object.keys(fields).length === 0)
			args.push('-d', '');
		const { stdout } = await run('curl', [...args, new URL(where, this.stack.url).href], { maxBuffer: 1 << 24 });
		const end = stdout.indexOf('\r\n\r\n');
		const [first, ...lines] = stdout.slice(0, end).split('\r\n');
		const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(),
			line.slice(line.indexOf(':') + 1).trim()]));
		const text = stdout.slice(end + 4);
		const json = /json/.test(headers['content-type'] ?? '') ? JSON.parse(text) : undefined;
		return { status: Number(first.split(' ')[1]), headers, text, json, code: json?.error?.code };
	}
	order(ref, fields = {}) {
		return this.call('/partner/orders', {
			product: this.stack.demo.PRODUCT, partner_ref: ref, email: `${ref.toLowerCase()}@partner.example`, ...fields,
		});
	}
	at(order, rest = '') {
		return `/partner/orders/${order}${rest}`;
	}
}

// Another partner with a key of its own.
export async function anotherPartner(stack, name, scopes = 'order,read,revoke') {
	await stack.ctl('partner', 'add', '--name', name, '--title', `Partner ${name}`);
	return new Curl(stack, await anotherKey(stack, name, scopes));
}
export async function anotherKey(stack, partner, scopes, ...more) {
	return (await stack.ctl('partner', 'key', 'add', '--partner', partner, '--scopes', scopes, ...more)).trim();
}

// A person of a partner who can sign in.
export function partnerAccount(stack, partner, login, password) {
	stack.ctlInput(password, 'account', 'add', '--login', login, '--name', `Person ${login}`, '--kind', 'partner', '--permanent',
		'--partner', partner, '--password-stdin');
}
