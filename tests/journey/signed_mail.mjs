// signed_mail.mjs - the service's mails are signed with S/MIME by its own certificate: as the demo gets it at its first
// start, from its own CA, by an order like any other. A caught mail is verified as a mail program does it.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Client } from '../lib/client.mjs';
import { mailsFor, verifyLink, waitMail } from '../lib/mail.mjs';
import { openssl, opensslFails, scratch } from '../lib/openssl.mjs';
import { Stack } from '../lib/stack.mjs';
import { giveMailbox } from '../lib/steps.mjs';

const FROM = 'no-reply@mailcert.example';
const EMAIL = 'lucja@mailbox.example';
const dir = scratch();
const file = (name) => path.join(dir, name);
process.env.SIGNED_MAILS = '1';
const stack = await Stack.start({ name: 'signed-mail', orders: 1, settings: { 'Mail.PollMs': 50, 'Signer.PollMs': 100 } });
after(() => stack.stopNow());
const secrets = path.join(stack.dir, 'secrets');
let mail;

test("the demo's first start gets a certificate for the address its mails come from", () => {
	const text = openssl(['x509', '-in', path.join(secrets, 'mail.pem'), '-noout', '-subject', '-ext', 'subjectAltName']);
	assert.match(text, new RegExp(`email:${FROM}`));
	assert.equal(fs.statSync(path.join(secrets, 'mail.key')).mode & 0o077, 0, 'nobody else reads the key');
});

test('it leaves no mail of its own behind', async () => {
	assert.deepEqual(await mailsFor(stack, FROM), []);
	assert.equal(fs.readdirSync(path.join(stack.dir, 'mailview')).length, 0);
});

test('a mail is signed, and the signature verifies up to the root', async () => {
	const customer = await new Client(stack).signIn();
	await giveMailbox(customer, stack.takeOrder(), EMAIL);
	mail = await waitMail(stack, EMAIL);
	assert.match(mail.raw, /^Content-Type: multipart\/signed; protocol="application\/pkcs7-signature"/m);
	fs.writeFileSync(file('mail'), mail.raw, 'latin1');
	const root = path.join(stack.dir, 'public/ca/root-1.cer');
	openssl(['x509', '-inform', 'DER', '-in', root, '-out', file('root.pem')]);
	openssl(['cms', '-verify', '-in', file('mail'), '-CAfile', file('root.pem'), '-purpose', 'smimesign',
		'-verify_email', FROM, '-signer', file('signer.pem'), '-out', file('seen')]);
	assert.ok(fs.readFileSync(file('seen'), 'utf8').includes('/verify/'));
	assert.equal(openssl(['x509', '-in', file('signer.pem'), '-noout', '-serial']),
		openssl(['x509', '-in', path.join(secrets, 'mail.pem'), '-noout', '-serial']));
});

test('the signature is that of this mail and this sender', () => {
	const check = (...more) => ['cms', '-verify', '-in', file('changed'), '-CAfile', file('root.pem'), '-out', file('seen'), ...more];
	fs.writeFileSync(file('changed'), mail.raw.replace('/verify/', '/verifY/'), 'latin1');
	assert.ok(opensslFails(check()), 'a changed link is seen');
	fs.writeFileSync(file('changed'), mail.raw, 'latin1');
	assert.ok(opensslFails(check('-verify_email', 'somebody@mailcert.example')));
	assert.ok(!opensslFails(check('-verify_email', FROM)));
});

test("the demo's mail page shows it as before, and says that it is signed", async () => {
	const client = new Client(stack);
	const list = await client.get('/demo/mail');
	const href = /href="(\/demo\/mail\/[\w-]+)"/.exec(list.text)[1];
	const page = await client.get(href);
	assert.ok(page.words.includes(verifyLink(stack, mail)));
	assert.match(page.words, /Signed \(S\/MIME\)/);
});

test('a second start takes the same certificate', async () => {
	const before = fs.readFileSync(path.join(secrets, 'mail.pem'), 'utf8');
	await stack.tool('stop');
	await stack.tool('start');
	assert.equal(fs.readFileSync(path.join(secrets, 'mail.pem'), 'utf8'), before);
});
