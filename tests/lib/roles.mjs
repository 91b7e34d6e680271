// roles.mjs - a stack with everybody in it who may come to the service: two customers, two partners with their people
// and keys of every scope, and what belongs to each, so that it can be tried who reaches what.
import { Client } from './client.mjs';
import { Curl, anotherKey, anotherPartner, partnerAccount } from './partner.mjs';
import { makeCsr } from './openssl.mjs';
import { giveKey, submitActivation, verifiedMailbox, waitCertificate } from './steps.mjs';

const PASSWORD = 'correct horse battery';

// A program's key as a client with the same calls as a visitor: get, post, request.
class Program extends Client {
	constructor(stack, key) {
		super(stack);
		this.key = key;
	}
	request(method, where, { headers = {}, ...options } = {}) {
		return super.request(method, where, { ...options, headers: { authorization: `Bearer ${this.key}`, ...headers } });
	}
}

// The names of the roles, in the order in which tables list them.
export const ROLES = ['nobody', 'customer A', 'customer B', 'partner A', 'partner B', 'key order', 'key read', 'key revoke', 'key B'];

export async function everybody(stack) {
	const add = (login, name) => stack.ctlInput(PASSWORD, 'account', 'add', '--login', login, '--name', name, '--kind', 'customer', '--permanent',
		'--password-stdin');
	add('other', 'Olga Other');
	partnerAccount(stack, 'demo-partner', 'panel-a', PASSWORD);
	const other = await anotherPartner(stack, 'other-partner');
	partnerAccount(stack, 'other-partner', 'panel-b', PASSWORD);
	const who = {
		nobody: new Client(stack),
		'customer A': await new Client(stack).signIn(),
		'customer B': await new Client(stack).signIn('other', PASSWORD),
		'partner A': await new Client(stack).signIn('panel-a', PASSWORD),
		'partner B': await new Client(stack).signIn('panel-b', PASSWORD),
		'key order': new Program(stack, await anotherKey(stack, 'demo-partner', 'order')),
		'key read': new Program(stack, await anotherKey(stack, 'demo-partner', 'read')),
		'key revoke': new Program(stack, await anotherKey(stack, 'demo-partner', 'revoke')),
		'key B': new Program(stack, other.key),
	};
	return { who, PASSWORD, curl: new Curl(stack) };
}

// An order of the customer with a certificate.
export async function issuedOrder(stack, client, dir, email = `${Math.random().toString(36).slice(2)}@mailbox.example`) {
	const order = stack.takeOrder();
	await verifiedMailbox(stack, client, order, email);
	await giveKey(client, order, makeCsr(dir, email.split('@')[0]));
	await submitActivation(client, order);
	await waitCertificate(client, order);
	return order;
}

// The token that this visitor's forms carry; programs have none.
export async function formToken(client) {
	const page = await client.get([...client.cookies.keys()].some((name) => /mailcert$/.test(name)) ? '/tools' : '/sign-in');
	return /name="form_token" value="([^"]*)"/.exec(page.text)?.[1] ?? '';
}
