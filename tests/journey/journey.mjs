// journey.mjs - the whole customer journey in a real browser: order, mailbox, activation, issuance, certificate; then
// openssl signs, verifies, encrypts and decrypts with what came out.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Stack, until } from '../lib/stack.mjs';
import { Browser } from '../lib/browser.mjs';
import { Client } from '../lib/client.mjs';
import { mailsFor, verifyLink, waitMail } from '../lib/mail.mjs';
import { makeCsr, openssl, opensslFails, scratch } from '../lib/openssl.mjs';

const EMAIL = 'joe.doe@mailbox.example';
const keys = scratch();
const file = (name) => path.join(keys, name);
const stack = await Stack.start({ name: 'journey' });
const browser = await Browser.start({ whole: true });
const { page } = browser;
const order = stack.takeOrder();
let link;

test('a stranger is asked to sign in, and a wrong password is refused', async () => {
	await page.goto(stack.url);
	assert.equal(browser.path(), '/sign-in');
	await browser.seen('sign-in');
	await page.fill('[name=login]', stack.demo.CUSTOMER_LOGIN);
	await page.fill('[name=password]', 'wrong');
	await browser.goOn('[name=password]');
	await page.getByText('Login or password is not correct.').first().waitFor();
	assert.match(await page.title(), /^Error:/);
	assert.equal(await page.inputValue('[name=login]'), stack.demo.CUSTOMER_LOGIN);
	assert.equal(await page.inputValue('[name=password]'), '');
	await browser.seen('sign-in-refused');
});

test('the customer signs in and sees the dashboard', async () => {
	await page.fill('[name=login]', stack.demo.CUSTOMER_LOGIN);
	await page.fill('[name=password]', stack.demo.CUSTOMER_PASSWORD);
	await browser.goOn('[name=password]');
	await page.getByRole('heading', { name: 'Dashboard' }).or(page.getByRole('heading', { name: 'Hello' })).first().waitFor();
	for (const tab of ['Information', 'Problems', 'Expiration', 'New certificates'])
		await page.getByRole('link', { name: tab }).first().waitFor();
	await page.getByText('E-mail verification').first().waitFor();
	await page.getByText('Certificate activation').first().waitFor();
	await browser.seen('dashboard');
});

test('My account lists the bought products', async () => {
	await page.goto(`${stack.url}/account/data-security-products`);
	const newest = stack.orders.at(-1);
	const row = page.locator('main').getByText(newest).first();
	await row.waitFor();
	await page.locator(`main a[href="/certificates/${newest}/email"]`).first().waitFor();
	await browser.seen('products');
});

test('the list finds the order, and the order shows its two steps', async () => {
	await page.getByRole('link', { name: 'Certificates', exact: true }).first().click();
	assert.equal(browser.path(), '/certificates');
	await page.fill('[name=q]', order);
	await page.press('[name=q]', 'Enter');
	await browser.seen('certificates');
	await page.locator(`main a[href="/certificates/${order}"]`).first().click();
	await page.getByRole('heading', { name: `ORDER/${order}` }).waitFor();
	await page.getByText('Waiting for data').waitFor();
	await page.getByText('Not available yet').waitFor();
	for (const words of ['Product category', 'S/MIME Mailbox 365 days', 'Order date'])
		await page.getByText(words).first().waitFor();
	await browser.seen('order-new');
});

test('wizard 1: an e-mail address, with a mistake first; Back keeps the data', async () => {
	await page.getByRole('link', { name: 'Provide e-mail address' }).click();
	assert.equal(browser.path(), `/certificates/${order}/email`);
	await page.getByRole('heading', { name: 'Provide an e-mail address' }).waitFor();
	await browser.seen('email');
	await page.fill('[name=email]', 'joe.doe');
	await browser.goOn('[name=email]');
	await page.locator('[role=alert]').waitFor();
	assert.match(await page.title(), /^Error:/);
	assert.equal(await page.inputValue('[name=email]'), 'joe.doe');
	await browser.seen('email-wrong');
	await page.fill('[name=email]', EMAIL);
	await browser.goOn('[name=email]');
	await page.waitForURL('**/email/summary');
	await page.locator('main').getByText(EMAIL).first().waitFor();
	await browser.seen('email-summary');
	await page.getByRole('link', { name: 'Back' }).click();
	assert.equal(await page.inputValue('[name=email]'), EMAIL);
	await browser.goOn('[name=email]');
	await page.waitForURL('**/email/summary');
	assert.deepEqual(await mailsFor(stack, EMAIL), [], 'no mail before the summary is confirmed');
	await page.locator('main form button[type=submit]').last().click();
	await page.waitForURL('**/email/done');
	await page.getByText('The e-mail address has been saved').waitFor();
	await browser.seen('email-done');
});

test('the mail arrives: text and HTML, one link, readable in the browser too', async () => {
	const mail = await waitMail(stack, EMAIL);
	link = verifyLink(stack, mail);
	assert.match(mail.text, new RegExp(order));
	assert.ok(mail.html.includes(link));
	assert.ok(mail.messageId);
	await page.goto(`${stack.url}/demo/mail`);
	await page.getByText(EMAIL).first().waitFor();
	await browser.seen('demo-mail');
});

test('opening the link verifies nothing, however often a scanner does it', async () => {
	const scanner = new Client(stack);
	for (const method of ['GET', 'HEAD', 'GET'])
		assert.equal((await scanner.request(method, link)).status, 200);
	await page.goto(`${stack.url}/certificates/${order}`);
	await page.getByText('Waiting for verification').first().waitFor();
});

test('the holder, in a browser of their own, must tick the box', async () => {
	const holder = await Browser.start({ whole: true });
	await holder.page.goto(link);
	await holder.page.getByText(EMAIL).first().waitFor();
	await holder.page.getByText('Joe Doe').first().waitFor();
	assert.equal(await holder.page.isChecked('[name=control]'), false);
	await holder.seen('verify');
	await holder.goOn('[name=control]');
	await holder.page.locator('[role=alert]').waitFor();
	assert.match(await holder.page.title(), /^Error:/);
	await holder.seen('verify-unticked');
	await page.reload();
	await page.getByText('Waiting for verification').first().waitFor();
	await holder.page.check('[name=control]');
	await holder.goOn('[name=control]');
	await holder.page.getByText('the mailbox is confirmed').first().waitFor();
	await holder.seen('verify-confirmed');
	await holder.page.goto(link);
	await holder.page.getByRole('heading', { name: /confirmed/ }).waitFor();
	assert.equal(await holder.page.locator('[name=control]').count(), 0);
	await holder.seen('verify-again');
	browser.violations.push(...holder.violations);
	browser.errors.push(...holder.errors);
	await holder.stop();
});

test('wizard 2: certificate data, with the mandatory fields ticked and locked', async () => {
	await page.reload();
	await page.getByText('Verified').first().waitFor();
	await browser.seen('order-verified');
	await page.getByRole('link', { name: 'Activate certificate' }).click();
	assert.equal(browser.path(), `/certificates/${order}/activation/data`);
	const boxes = page.locator('main input[type=checkbox]');
	assert.equal(await boxes.count(), 2);
	for (let i = 0; i < 2; i++) {
		assert.equal(await boxes.nth(i).isChecked(), true);
		assert.equal(await boxes.nth(i).isDisabled(), true);
	}
	await browser.seen('activation-data');
	await page.locator('main form button[type=submit]').last().click();
	await page.waitForURL('**/activation/method');
});

test('wizard 2: the CSR method', async () => {
	await page.check('[name=method][value=csr]');
	await browser.seen('activation-method');
	await browser.goOn('[name=method]');
	await page.waitForURL('**/activation/key');
});

test('wizard 2: the CSR is checked while it is typed, and what is wrong is said', async () => {
	const csr = makeCsr(keys, 'joe', 'p256');
	await browser.seen('activation-key');
	openssl(['req', '-x509', '-key', file('joe.key'), '-subj', '/CN=x', '-days', '1', '-out', file('self.pem')]);
	await page.fill('[name=csr]', fs.readFileSync(file('self.pem'), 'utf8'));
	await page.getByText('This is a certificate, not a certificate signing request').first().waitFor();
	await browser.goOn('[name=csr]');
	await page.locator('[role=alert]').waitFor();
	assert.match(await page.title(), /^Error:/);
	assert.match(await page.inputValue('[name=csr]'), /BEGIN CERTIFICATE-/);
	await browser.seen('activation-key-wrong');
	await page.fill('[name=csr]', csr);
	await page.getByText('Correct', { exact: true }).waitFor();
	await browser.seen('activation-key-correct');
	await browser.goOn('[name=csr]');
	await page.waitForURL('**/activation/summary');
});

test('wizard 2: the summary wants both statements', async () => {
	await page.getByText(EMAIL).first().waitFor();
	await browser.seen('activation-summary');
	await browser.goOn('[name=accept_terms]');
	await page.locator('[role=alert]').waitFor();
	await browser.seen('activation-summary-unticked');
	await page.check('[name=accept_terms]');
	await page.check('[name=accept_data]');
	await browser.goOn('[name=accept_terms]');
	await page.waitForURL('**/activation/done');
	await page.getByText(/has been submitted|is issued/).first().waitFor(); // the signer may be faster than the page
	await browser.seen('activation-done');
});

test('the certificate is issued and shown', async () => {
	await until('the certificate on the order page', async () => {
		await page.goto(`${stack.url}/certificates/${order}`);
		return await page.locator('a[href$="/certificate.pem"]').count() > 0;
	}, 30);
	await browser.seen('order-issued');
});

const DOWNLOADS = {
	'certificate.pem': ['application/x-pem-file', /^joe\.doe_\d{4}-\d\d-\d\d\.pem$/],
	'certificate.cer': ['application/pkix-cert', /^joe\.doe_.*\.cer$/],
	'chain.pem': ['application/x-pem-file', /\.pem$/],
	'issuer.pem': ['application/x-pem-file', /\.pem$/],
	'root.pem': ['application/x-pem-file', /\.pem$/],
	'bundle.p7b': ['application/x-pkcs7-certificates', /\.p7b$/],
};
for (const [name, [type, filename]] of Object.entries(DOWNLOADS)) {
	test(`download: ${name}`, async () => {
		const answer = await page.request.get(`${stack.url}/certificates/${order}/${name}`);
		assert.equal(answer.status(), 200);
		assert.equal(answer.headers()['content-type'].split(';')[0], type);
		assert.match(/filename="([^"]+)"/.exec(answer.headers()['content-disposition'])[1], filename);
		fs.writeFileSync(file(name), await answer.body());
	});
}

test('all forms hold the same certificate', () => {
	const der = fs.readFileSync(file('certificate.cer')).toString('latin1');
	assert.equal(openssl(['x509', '-in', file('certificate.pem'), '-outform', 'DER']), der);
	const chain = openssl(['crl2pkcs7', '-nocrl', '-certfile', file('chain.pem')]);
	assert.equal(openssl(['pkcs7', '-print_certs', '-noout'], chain).match(/subject=/g).length, 2);
	let inform = 'DER';
	if (fs.readFileSync(file('bundle.p7b'), 'latin1').startsWith('-----'))
		inform = 'PEM';
	const bundle = openssl(['pkcs7', '-inform', inform, '-in', file('bundle.p7b'), '-print_certs']);
	assert.ok(bundle.includes(openssl(['x509', '-in', file('certificate.pem')]).trim()));
});

test('openssl verify -x509_strict -purpose smimesign', () => {
	openssl(['verify', '-x509_strict', '-purpose', 'smimesign', '-CAfile', file('root.pem'),
		'-untrusted', file('issuer.pem'), file('certificate.pem')]);
	assert.ok(opensslFails(['verify', '-x509_strict', '-CAfile', file('issuer.pem'), file('certificate.pem')]));
});

test('the certificate names the mailbox and the key of the CSR', () => {
	const text = openssl(['x509', '-in', file('certificate.pem'), '-noout', '-text']);
	assert.match(text, /email:joe\.doe@mailbox\.example/);
	assert.equal(openssl(['x509', '-in', file('certificate.pem'), '-noout', '-pubkey']),
		openssl(['pkey', '-in', file('joe.key'), '-pubout']));
});

test('openssl cms signs, verifies, encrypts and decrypts with it', () => {
	fs.writeFileSync(file('words'), 'Content-Type: text/plain\r\n\r\nHello, mailbox.\r\n');
	openssl(['cms', '-sign', '-in', file('words'), '-signer', file('certificate.pem'), '-inkey', file('joe.key'),
		'-certfile', file('issuer.pem'), '-out', file('signed')]);
	openssl(['cms', '-verify', '-in', file('signed'), '-CAfile', file('root.pem'), '-out', file('verified')]);
	assert.equal(fs.readFileSync(file('verified'), 'utf8'), fs.readFileSync(file('words'), 'utf8'));
	openssl(['cms', '-encrypt', '-aes-256-cbc', '-in', file('words'), '-out', file('sealed'), file('certificate.pem')]);
	openssl(['cms', '-decrypt', '-in', file('sealed'), '-recip', file('certificate.pem'), '-inkey', file('joe.key'),
		'-out', file('opened')]);
	assert.equal(fs.readFileSync(file('opened'), 'utf8'), fs.readFileSync(file('words'), 'utf8'));
});

test('the certificate comes by mail as well', async () => {
	const mail = await until('the certificate mail', async () =>
		(await mailsFor(stack, EMAIL)).find((m) => m.attachments.some((a) => /\.pem$/.test(a.filename ?? ''))));
	const attached = mail.attachments.find((a) => /^joe\.doe.*\.pem$/.test(a.filename ?? ''));
	assert.ok(attached, `attached: ${mail.attachments.map((a) => a.filename)}`);
	const pem = Buffer.from(attached.content).toString('latin1');
	assert.equal(openssl(['x509', '-outform', 'DER'], pem), openssl(['x509', '-in', file('certificate.pem'), '-outform', 'DER']));
});

test('section 9.20: the CRL and the CA certificate are served where the certificate says', async () => {
	const text = openssl(['x509', '-in', file('certificate.pem'), '-noout', '-text']);
	const urls = [...text.matchAll(/URI:(http:\S+)/g)].map((m) => m[1]);
	const crl = urls.find((url) => url.endsWith('.crl'));
	const ca = urls.find((url) => url.endsWith('.cer'));
	assert.ok(crl && ca, urls.join(' '));
	const crlAnswer = await until('the CRL', async () => {
		const answer = await fetch(crl);
		return answer.status === 200 && answer;
	});
	assert.equal(crlAnswer.headers.get('content-type'), 'application/pkix-crl');
	fs.writeFileSync(file('issuing.crl'), Buffer.from(await crlAnswer.arrayBuffer()));
	openssl(['crl', '-inform', 'DER', '-in', file('issuing.crl'), '-CAfile', file('issuer.pem'), '-noout']);
	const caAnswer = await fetch(ca);
	assert.equal(caAnswer.headers.get('content-type'), 'application/pkix-cert');
	assert.equal(Buffer.from(await caAnswer.arrayBuffer()).toString('latin1'),
		openssl(['x509', '-in', file('issuer.pem'), '-outform', 'DER']));
});

test('the customer signs out, and Back shows nothing of theirs', async () => {
	await page.goto(`${stack.url}/certificates/${order}`);
	await page.locator('form[action="/sign-out"] button').click();
	await page.goto(`${stack.url}/certificates/${order}`);
	assert.equal(browser.path(), '/sign-in');
});

test('axe finds nothing on any page that was seen', () => {
	assert.deepEqual(browser.violations, []);
});

test('the browser had nothing to complain about', () => {
	assert.deepEqual(browser.errors, []);
});

test('the programs logged no error', () => {
	assert.deepEqual(stack.complaints(), []);
});

test('all stops, and the sanitizers have nothing to report', async () => {
	await Browser.stopAll();
	assert.deepEqual(stack.stopNow(), []);
});
