// visit.mjs - the visitors of the installed service, for tests/install/run:
//
//	visit.mjs welcome PASSWORD     the customer signs in for the first time and takes a password of their own
//	visit.mjs begin ORDER EMAIL    the customer names the mailbox, its holder confirms it
//	visit.mjs name ORDER EMAIL     the first half of that alone
//	visit.mjs confirm ORDER EMAIL  the second
//	visit.mjs submit ORDER FOLDER  the customer makes a key and hands in a request; both are kept in FOLDER
//	visit.mjs fetch ORDER FOLDER   the customer waits for the certificate and fetches it and its chain into FOLDER
//	visit.mjs finish ORDER FOLDER  both
//	visit.mjs revoke ORDER         the customer revokes the certificate
//	visit.mjs traffic ORDER        writes and reads until SIGTERM; then says how many were answered, and which failed
//
// MAIL_DIR is the Maildir of caught mail.
import fs from 'node:fs';
import path from 'node:path';
import { Client } from '../lib/client.mjs';
import { makeCsr, openssl } from '../lib/openssl.mjs';
import { mailsFor, waitMail } from '../lib/mail.mjs';
import { at, confirmMailbox, giveKey, giveMailbox, submitActivation, waitCertificate } from '../lib/steps.mjs';

const stack = {
	url: 'https://mailcert.example',
	demo: { CUSTOMER_LOGIN: 'joe', CUSTOMER_PASSWORD: 'correct horse battery', MAIL_DIR: process.env.MAIL_DIR },
};

async function submit(customer, order, folder) {
	fs.mkdirSync(folder, { recursive: true });
	await giveKey(customer, order, makeCsr(folder, 'mailbox'));
	await submitActivation(customer, order);
}
async function fetchAll(customer, order, folder) {
	fs.writeFileSync(path.join(folder, 'certificate.pem'), await waitCertificate(customer, order));
	for (const name of ['chain.pem', 'issuer.pem', 'root.pem'])
		fs.writeFileSync(path.join(folder, name), (await customer.get(at(order, `/${name}`))).bytes);
	console.log(openssl(['x509', '-noout', '-serial', '-subject', '-issuer'], fs.readFileSync(path.join(folder, 'certificate.pem'))));
}

// One visitor after another: a page, a saved step, the page again with what was saved. A redirect or a page is an
// answer; anything of 500 or more, or none at all, is a failure. While the signer starts anew orders wait for it, and
// /healthz may say so. nginx ends kept connections when it reads its files anew: whoever sends on one at that moment
// gets no answer and sends again on another, once, as browsers do; a POST may come twice.
async function traffic(order) {
	const failed = [];
	let answered = 0, on = true;
	process.once('SIGTERM', () => { on = false; });
	const customer = await new Client(stack).signIn();
	const step = async (what, run) => {
		const again = (error) => (error.cause?.code === 'UND_ERR_SOCKET' ? run() : Promise.reject(error));
		try {
			const answer = await run().catch(again);
			if (answer.status < 400 || /^worker ok\ndatabase ok\nsigner /.test(answer.text))
				answered++;
			else
				failed.push(`${what}: ${answer.status} ${answer.title}`);
		} catch (error) {
			failed.push(`${what}: ${error.cause?.code ?? error.message}`);
		}
	};
	for (let n = 0; on; n++) {
		await step('order page', () => customer.get(at(order)));
		await step('save', () => customer.submit(at(order, '/email'), { email: `traffic-${n}@mailbox.example` }));
		await step('healthz', () => customer.get('/healthz'));
	}
	console.log(JSON.stringify({ answered, failed }));
}

// The mailbox is named, and its holder follows the link; they may have mails of ours already.
async function begin(customer, order, email) {
	const had = (await mailsFor(stack, email)).length;
	await giveMailbox(customer, order, email);
	await confirmMailbox(stack, email, { count: had + 1 });
}

async function welcome(password) {
	const customer = await new Client(stack).signIn(stack.demo.CUSTOMER_LOGIN, password);
	const answer = await customer.submit('/account/password', { password, new_password: stack.demo.CUSTOMER_PASSWORD });
	if (answer.location !== '/account?notice=password_changed')
		throw new Error(`the password is not replaced: ${answer.status} ${answer.title}`);
	await waitMail(stack, 'joe@mailbox.example'); // that it was changed
}

const [command, order, rest] = process.argv.slice(2);
if (command === 'traffic') {
	await traffic(order);
} else if (command === 'welcome') {
	await welcome(order);
} else {
	const customer = await new Client(stack).signIn();
	if (command === 'begin')
		await begin(customer, order, rest);
	else if (command === 'name')
		await giveMailbox(customer, order, rest);
	else if (command === 'confirm')
		await confirmMailbox(stack, rest);
	if (command === 'submit' || command === 'finish')
		await submit(customer, order, rest);
	if (command === 'fetch' || command === 'finish')
		await fetchAll(customer, order, rest);
	if (command === 'revoke')
		await customer.submit(at(order, '/revoke'), { reason: 'superseded', confirm: 'yes' });
}
