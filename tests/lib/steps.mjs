// steps.mjs - the five steps by plain HTTP, for tests that need an order to stand somewhere. Each expects the
// program to go on; what a step refuses is tested where it is the subject.
import assert from 'node:assert/strict';
import { until } from './stack.mjs';
import { Client } from './client.mjs';
import { verifyLink, waitMail } from './mail.mjs';

export const at = (order, rest = '') => `/certificates/${order}${rest}`;

function goesTo(answer, where) {
	assert.equal(answer.status, 303, `${answer.status} ${answer.title} ${answer.words.slice(0, 500)}`);
	assert.equal(new URL(answer.location, 'http://x').pathname, where);
}

// Step 2, first half: an address is given and confirmed on the summary; the mail goes out.
export async function giveMailbox(client, order, email) {
	goesTo(await client.submit(at(order, '/email'), { email }), at(order, '/email/summary'));
	goesTo(await client.submit(at(order, '/email/summary')), at(order, '/email/done'));
}

// Step 2, second half: the holder, not signed in, follows the link and ticks the box.
export async function confirmMailbox(stack, email, options) {
	const link = new URL(verifyLink(stack, await waitMail(stack, email, options))).pathname;
	const holder = new Client(stack);
	const answer = await holder.submit(link, { control: 'yes' });
	assert.ok([200, 303].includes(answer.status), `${answer.status} ${answer.title}`);
	return link;
}

export async function verifiedMailbox(stack, client, order, email) {
	await giveMailbox(client, order, email);
	await confirmMailbox(stack, email);
}

// Step 3 up to its summary.
export async function giveKey(client, order, csr) {
	goesTo(await client.submit(at(order, '/activation/data')), at(order, '/activation/method'));
	goesTo(await client.submit(at(order, '/activation/method'), { method: 'csr' }), at(order, '/activation/key'));
	goesTo(await client.submit(at(order, '/activation/key'), { csr }), at(order, '/activation/summary'));
}

export async function submitActivation(client, order) {
	const ticks = { accept_terms: 'yes', accept_data: 'yes' };
	goesTo(await client.submit(at(order, '/activation/summary'), ticks), at(order, '/activation/done'));
}

// Steps 4 and 5 are the signer's; gives the certificate's PEM.
export async function waitCertificate(client, order, seconds = 30) {
	const answer = await until(`a certificate for ${order}`, async () => {
		const found = await client.get(at(order, '/certificate.pem'));
		return found.status === 200 && found;
	}, seconds);
	return answer.text;
}

// The statuses of an order's two steps, as its page shows them.
export async function statuses(client, order) {
	const page = await client.get(at(order));
	assert.equal(page.status, 200);
	return [...page.text.matchAll(/class="status status-(\w+)"/g)].map((m) => m[1]);
}
