// headers.mjs - every answer carries the security headers, whoever gives it: the worker's pages, redirects, downloads
// and JSON, nginx's files and the errors that nginx answers itself. What is personal is kept nowhere.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { Client } from '../lib/client.mjs';
import { verifyLink, waitMail } from '../lib/mail.mjs';
import { makeCsr, scratch } from '../lib/openssl.mjs';
import { Stack } from '../lib/stack.mjs';
import { at, confirmMailbox, giveKey, giveMailbox, submitActivation, waitCertificate } from '../lib/steps.mjs';

const stack = await Stack.start({ name: 'headers', orders: 1, settings: { 'Mail.PollMs': 50, 'Signer.PollMs': 100 } });
after(() => stack.stopNow());
const visitor = new Client(stack);
const customer = await new Client(stack).signIn();
const order = stack.takeOrder();
await giveMailbox(customer, order, 'heads@mailbox.example');
const link = new URL(verifyLink(stack, await waitMail(stack, 'heads@mailbox.example'))).pathname;

// What each answer of the worker says.
function workerHeaders({ headers }, what) {
	const policy = headers.get('content-security-policy') ?? '';
	assert.match(policy, /^default-src 'none';/, what);
	assert.doesNotMatch(policy, /unsafe|\*|https?:|data:/, what);
	for (const part of ["script-src 'self'", "style-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"])
		assert.ok(policy.includes(part), `${what}: ${part}`);
	assert.equal(headers.get('cache-control'), 'no-store', what);
	assert.equal(headers.get('x-content-type-options'), 'nosniff', what);
	assert.equal(headers.get('x-frame-options'), 'DENY', what);
	assert.equal(headers.get('referrer-policy'), 'no-referrer', what);
	assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin', what);
	assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin', what);
	assert.match(headers.get('permissions-policy'), /camera=\(\)/, what);
	assert.doesNotMatch(headers.get('server') ?? '', /\d/, `${what}: no version told`);
	assert.equal(headers.get('x-powered-by'), null, what);
}

// What nginx says where no worker is asked. A file may be kept, an error may not.
function nginxHeaders({ headers }, what) {
	assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none';/, what);
	assert.doesNotMatch(headers.get('content-security-policy'), /unsafe/, what);
	assert.equal(headers.get('x-content-type-options'), 'nosniff', what);
	assert.equal(headers.get('referrer-policy'), 'no-referrer', what);
	assert.doesNotMatch(headers.get('server') ?? '', /\d/, `${what}: no version told`);
}

const PAGES = ['/', '/sign-in', '/tools', '/terms', '/accessibility', '/partner/documentation', '/dashboard', '/account',
	'/account/data-security-products', '/certificates', at(order), at(order, '/email'), at(order, '/email/done'),
	link, `/verify/${'A'.repeat(43)}`, '/nothing', '/healthz', '/demo/mail'];
for (const [who, client] of [['a visitor', visitor], ['a customer', customer]]) {
	test(`the worker's answers to ${who}`, async () => {
		for (const where of PAGES) {
			for (const json of [false, true]) {
				workerHeaders(await client.get(where, { json }), where);
				workerHeaders(await client.request('HEAD', where, { json }), `HEAD ${where}`);
				workerHeaders(await client.post(where, { x: 'y' }, { json }), `POST ${where}`);
			}
		}
	});
}

test('cookies are out of reach of scripts and of other sites', async () => {
	const fresh = new Client(stack);
	const answers = [await fresh.get('/sign-in')];
	answers.push(await fresh.submit('/sign-in',
		{ login: stack.demo.CUSTOMER_LOGIN, password: stack.demo.CUSTOMER_PASSWORD }));
	for (const answer of answers) {
		const cookie = answer.headers.get('set-cookie');
		assert.match(cookie, /; HttpOnly/);
		assert.match(cookie, /; SameSite=Lax/);
	}
});

test('downloads', async () => {
	await confirmMailbox(stack, 'heads@mailbox.example');
	await giveKey(customer, order, makeCsr(scratch(), 'heads'));
	await submitActivation(customer, order);
	await waitCertificate(customer, order);
	for (const file of ['certificate.pem', 'certificate.cer', 'chain.pem', 'issuer.pem', 'root.pem', 'bundle.p7b']) {
		const answer = await customer.get(at(order, `/${file}`));
		assert.equal(answer.status, 200, file);
		assert.match(answer.headers.get('content-disposition'), /^attachment; filename="[\w.-]+"$/);
		workerHeaders(answer, file);
	}
});

// Where a page is compressed, its length must not depend on what a request says (BREACH).
test('no compressed page repeats anything of its request', async () => {
	const mark = 'q7rzmark';
	const asked = { headers: { 'accept-encoding': 'gzip', referer: `http://x.example/${mark}`, 'user-agent': mark } };
	const compressed = [];
	for (const where of [...PAGES, '/certificates?', '/dashboard?tab=information', '/sign-in?back=/']) {
		const answer = await customer.get(`${where}${where.includes('?') ? '&' : '?'}q=${mark}&notice=${mark}&x=${mark}`, asked);
		if (answer.headers.get('content-encoding') === 'gzip') {
			compressed.push(where);
			assert.ok(!answer.text.includes(mark), where);
		}
	}
	assert.deepEqual(compressed.sort(), [at(order), '/partner/documentation', '/tools'].sort());
});

test("nginx's files", async () => {
	const css = await visitor.get('/static/style.css?v=1');
	nginxHeaders(css, 'style.css');
	assert.match(css.headers.get('cache-control'), /max-age=31536000, immutable/);
	assert.doesNotMatch((await visitor.get('/static/style.css')).headers.get('cache-control'), /immutable/);
	assert.match(css.headers.get('vary'), /accept-encoding/i, 'a shared cache must not hand the compressed file to everybody');
	const tools = (await visitor.get('/static/tools.js')).text;
	const chunk = /chunk\/[\w-]+\.js/.exec(tools)[0];
	const answer = await visitor.get(`/static/${chunk}`);
	assert.equal(answer.status, 200);
	assert.match(answer.headers.get('cache-control'), /max-age=31536000, immutable/, 'its name holds a hash');
	nginxHeaders(answer, chunk);
});

// A request as it stands, to what fetch() would not send.
function raw(text) {
	return new Promise((resolve, reject) => {
		const socket = net.connect(Number(new URL(stack.url).port), '127.0.0.1');
		let got = '';
		socket.setTimeout(10000, () => socket.destroy(new Error('no answer')));
		// A client that still has a body to send has not closed its side when the answer comes.
		socket.on('data', (data) => {
			got += data;
			if (got.includes('</html>'))
				socket.destroy();
		});
		socket.on('error', reject);
		socket.on('close', () => {
			const [head, body] = got.split('\r\n\r\n');
			const [status, ...lines] = head.split('\r\n');
			const headers = new Headers(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
			resolve({ status: Number(status.split(' ')[1]), headers, text: body });
		});
		socket.write(text);
	});
}

const TAIL = 'Host: localhost\r\nConnection: close\r\n\r\n';
const NGINX_ERRORS = [
	['a static file that is not there', 404, `GET /static/none.css HTTP/1.1\r\n${TAIL}`],
	['a CRL that is not there', 404, `GET /crl/none.crl HTTP/1.1\r\n${TAIL}`],
	['an address too long', 414, `GET /${'a'.repeat(9000)} HTTP/1.1\r\n${TAIL}`],
	['headers too long', 400, `GET / HTTP/1.1\r\nX-A: ${'a'.repeat(20000)}\r\n${TAIL}`],
	['a broken request line', 400, `GET / HTTP/1.1\r\nno header\r\n${TAIL}`],
	['a body too large', 413, `POST /sign-in HTTP/1.1\r\nContent-Length: 2000000\r\n${TAIL}`],
];
for (const [what, status, text] of NGINX_ERRORS) {
	test(`nginx's own error: ${what}`, async () => {
		const answer = await raw(text);
		assert.equal(answer.status, status);
		nginxHeaders(answer, what);
		assert.equal(answer.headers.get('cache-control'), 'no-store');
		assert.equal(answer.headers.get('x-frame-options'), 'DENY');
		assert.equal(answer.headers.get('retry-after'), null, 'another try is of no use');
		assert.match(answer.text, /<html lang="en">[\s\S]*lang="pl"/, 'told in both languages');
	});
}

test("nginx's own error: no worker answers", async () => {
	await stack.tool('stop', 'web');
	for (const json of [false, true]) {
		const answer = await visitor.get('/sign-in', { json });
		assert.equal(answer.status, 503);
		nginxHeaders(answer, '503');
		assert.equal(answer.headers.get('retry-after'), '5');
		assert.equal(answer.headers.get('cache-control'), 'no-store');
	}
});
