// noscript.mjs - the whole customer journey with scripts off, from the sign-in to the certificate: what scripts add is
// convenience, nothing that anybody needs.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Browser } from '../lib/browser.mjs';
import { mailsFor, verifyLink, waitMail } from '../lib/mail.mjs';
import { makeCsr, openssl, scratch } from '../lib/openssl.mjs';
import { Stack, until } from '../lib/stack.mjs';
import { at } from '../lib/steps.mjs';

const EMAIL = 'nora.script@mailbox.example';
const keys = scratch();
const file = (name) => path.join(keys, name);
const stack = await Stack.start({
	name: 'noscript', orders: 2, settings: { 'Mail.PollMs': 50, 'Signer.PollMs': 100 },
});
const browser = await Browser.start({ javaScriptEnabled: false });
const { page } = browser;
const order = stack.takeOrder();
after(async () => {
	await Browser.stopAll();
	stack.stopNow();
});

// Send the form around `inside`, wait for the answer.
async function send(inside, from = browser) {
	await Promise.all([from.page.waitForEvent('load'), from.goOn(inside)]);
}
async function follow(link) {
	await Promise.all([page.waitForEvent('load'), link.click()]);
}

test('scripts are off', async () => {
	await page.setContent('<p id=p>off</p><script>document.getElementById("p").textContent = "on"</script>');
	assert.equal(await page.locator('#p').innerText(), 'off');
});

test('the customer signs in, and a wrong password is said first', async () => {
	await page.goto(stack.url);
	await page.fill('#login', stack.demo.CUSTOMER_LOGIN);
	await page.fill('#password', 'wrong');
	await send('#password');
	assert.match(await page.title(), /^Error:/);
	assert.equal(await page.locator('#error-summary').count(), 1);
	await page.fill('#password', stack.demo.CUSTOMER_PASSWORD);
	await send('#password');
	await page.getByRole('heading', { name: 'Hello' }).waitFor();
});

test('the order is found, and its mailbox given', async () => {
	await follow(page.getByRole('link', { name: 'Certificates', exact: true }));
	await page.fill('[name=q]', order);
	await send('[name=q]');
	await follow(page.locator(`main a[href="${at(order)}"]`).first());
	await follow(page.getByRole('link', { name: 'Provide e-mail address' }));
	await page.fill('#email', 'nora');
	await send('#email');
	assert.match(await page.title(), /^Error:/);
	// The summary's links lead to the field by themselves.
	assert.equal(await page.locator('#error-summary a').first().getAttribute('href'), '#email');
	await page.fill('#email', EMAIL);
	await send('#email');
	assert.equal(browser.path(), at(order, '/email/summary'));
	await follow(page.locator('main form button[type=submit]'));
	assert.equal(browser.path(), at(order, '/email/done'));
});

test('the page after it tells when the mail was accepted, by a link that looks again', async () => {
	await waitMail(stack, EMAIL);
	await until('250 on the page', async () => {
		await follow(page.locator(`main a[href="${at(order, '/email/done')}"]`));
		return /250 /.test(await page.innerText('main'));
	});
});

test('the holder confirms, scripts off as well', async () => {
	const holder = await Browser.start({ javaScriptEnabled: false });
	await holder.page.goto(verifyLink(stack, await waitMail(stack, EMAIL)));
	await send('#control', holder);
	assert.match(await holder.page.title(), /^Error:/);
	await holder.page.check('#control');
	await send('#control', holder);
	await holder.page.getByText('the mailbox is confirmed').first().waitFor();
	await holder.stop();
});

test('the fields and the method are chosen; without scripts the browser method says how openssl does it', async () => {
	await page.goto(`${stack.url}${at(order)}`);
	await follow(page.getByRole('link', { name: 'Activate certificate' }));
	await follow(page.locator('main form button[type=submit]').last());
	await page.check('[name=method][value=browser]');
	await send('[name=method]');
	assert.equal(browser.path(), at(order, '/activation/key'));
	const shown = page.locator('main pre.command:visible');
	const commands = await shown.allInnerTexts();
	assert.ok(commands.some((words) => words.startsWith('openssl ') && words.includes(EMAIL)), commands.join('\n'));
	assert.ok(await page.getByText('JavaScript').first().isVisible());
	for (const hidden of await page.locator('main .needs-script').all())
		assert.equal(await hidden.isVisible(), false, 'what needs scripts is not shown');
});

test('that command makes a CSR that the field on the same page takes', async () => {
	const command = (await page.locator('main pre.command:visible').allInnerTexts())
		.find((words) => /^openssl req -new -newkey/.test(words) || /^openssl req /.test(words));
	// As a person types it, but for the password, which openssl asks for.
	execFileSync('sh', ['-c', command.replace(/^openssl req /, 'openssl req -passout pass:words ')],
		{ cwd: keys, stdio: 'pipe' });
	const made = fs.readdirSync(keys).find((name) => name.endsWith('.csr'));
	await page.fill('#csr_text', fs.readFileSync(file(made), 'utf8'));
	await send('#csr_text');
	assert.equal(browser.path(), at(order, '/activation/summary'));
});

test('back to the method CSR: what is wrong is said by Next, with its remedy', async () => {
	await page.goto(`${stack.url}${at(order, '/activation/method')}`);
	await page.check('[name=method][value=csr]');
	await send('[name=method]');
	await page.fill('#csr', 'no CSR');
	await send('#csr');
	assert.match(await page.title(), /^Error:/);
	assert.equal(await page.locator('#csr-error').count(), 1);
	assert.equal(await page.inputValue('#csr'), 'no CSR');
	makeCsr(keys, 'nora', 'p256');
	await page.fill('#csr', '');
	await page.setInputFiles('#csr_file', file('nora.csr'));
	await send('#csr');
	assert.equal(browser.path(), at(order, '/activation/summary'));
	await page.getByText('P-256').first().waitFor();
});

test('the summary is confirmed', async () => {
	await send('#accept_terms');
	assert.match(await page.title(), /^Error:/);
	await page.check('#accept_terms');
	await page.check('#accept_data');
	await send('#accept_terms');
	assert.equal(browser.path(), at(order, '/activation/done'));
});

test('the certificate is downloaded by its link', async () => {
	const link = page.locator('main a[href$="/certificate.pem"]');
	await until('the certificate on the order page', async () => {
		await page.goto(`${stack.url}${at(order)}`);
		return await link.count() > 0;
	});
	const [download] = await Promise.all([page.waitForEvent('download'), link.first().click()]);
	await download.saveAs(file('certificate.pem'));
	assert.equal(openssl(['x509', '-in', file('certificate.pem'), '-noout', '-pubkey']),
		openssl(['pkey', '-in', file('nora.key'), '-pubout']));
	assert.match(openssl(['x509', '-in', file('certificate.pem'), '-noout', '-text']), new RegExp(`email:${EMAIL}`));
	assert.ok((await mailsFor(stack, EMAIL)).length >= 1);
});

test('nothing was complained about', () => {
	assert.deepEqual(browser.errors, []);
	assert.deepEqual(stack.complaints(), []);
});
