// live.mjs - a page that waits for somebody else shows by itself when it is time, and leaves alone what a person is
// about to press; nothing else on it moves.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Browser } from '../lib/browser.mjs';
import { Client } from '../lib/client.mjs';
import { makeCsr, scratch } from '../lib/openssl.mjs';
import { Stack } from '../lib/stack.mjs';
import { at, confirmMailbox, giveKey, giveMailbox, submitActivation } from '../lib/steps.mjs';

const EMAIL = 'wai.ting@mailbox.example';
const stack = await Stack.start({ name: 'live', orders: 3, settings: { 'Mail.PollMs': 50, 'Signer.PollMs': 100 } });
const order = stack.takeOrder();
const client = await new Client(stack).signIn();
const browser = await Browser.start();
const { page } = browser;
page.setDefaultTimeout(30000);
after(async () => {
	await Browser.stopAll();
	stack.stopNow();
});

const heading = () => page.innerText('h1');
const seconds = (n) => page.waitForTimeout(n * 1000);

test('the page of a sent mail shows its acceptance, then the confirmation', async () => {
	await page.goto(`${stack.url}/sign-in`);
	await page.fill('#login', stack.demo.CUSTOMER_LOGIN);
	await page.fill('#password', stack.demo.CUSTOMER_PASSWORD);
	await browser.goOn('#password');
	await page.waitForURL('**/dashboard');
	await stack.tool('stop', 'mailer');
	await giveMailbox(client, order, EMAIL);
	await page.goto(`${stack.url}${at(order, '/email/done')}`);
	await page.evaluate(() => { window.stayed = true; });
	await page.getByText('The e-mail is about to be sent').waitFor();
	await stack.tool('start', 'mailer');
	await page.getByText('250 2.0.0').waitFor();
	assert.equal(await page.innerText('#news'), '', 'the heading is the same, so nothing is announced');
	await confirmMailbox(stack, EMAIL);
	await page.getByText('The e-mail address is verified').first().waitFor();
	assert.match(await page.title(), /^The e-mail address is verified/);
	assert.equal(await page.innerText('#news'), 'The e-mail address is verified');
	assert.equal(await page.evaluate(() => window.stayed), true, 'the page was not loaded anew');
	assert.equal(await page.locator('#live').getAttribute('data-live'), null);
	await browser.seen('live-verified');
});

test('it asks no more when there is nothing to wait for', async () => {
	const asked = [];
	page.on('request', (request) => asked.push(request.url()));
	await seconds(7);
	assert.deepEqual(asked, []);
	page.removeAllListeners('request');
});

test('what has the focus is left alone', async () => {
	await stack.tool('stop', 'signer');
	await giveKey(client, order, makeCsr(scratch(), 'live'));
	await submitActivation(client, order);
	await page.goto(`${stack.url}${at(order, '/activation/done')}`);
	const before = await heading();
	await page.focus('#live .buttons a');
	await stack.tool('start', 'signer');
	await client.get(at(order)); // and the order is issued, whatever this page shows
	const until = Date.now() + 30000;
	while ((await client.get(at(order, '/certificate.pem'))).status !== 200 && Date.now() < until)
		await seconds(0.2);
	await seconds(7);
	assert.equal(await heading(), before);
	assert.equal(await page.evaluate(() => document.activeElement.matches('#live .buttons a')), true);
});

test('and shown as soon as it has it no more', async () => {
	await page.evaluate(() => document.activeElement.blur());
	await page.getByText('Your certificate is issued').first().waitFor();
	assert.equal(await page.innerText('#news'), 'Your certificate is issued');
	await browser.seen('live-issued');
});

test('a private key is told apart here: no check sends it, nor does the button', async () => {
	const other = stack.takeOrder(), keys = scratch(), sent = [];
	await giveMailbox(client, other, 'key.here@mailbox.example');
	await confirmMailbox(stack, 'key.here@mailbox.example');
	await client.submit(at(other, '/activation/data'));
	await client.submit(at(other, '/activation/method'), { method: 'csr' });
	makeCsr(keys, 'here');
	const key = fs.readFileSync(path.join(keys, 'here.key'), 'utf8');
	await page.goto(`${stack.url}${at(other, '/activation/key')}`);
	page.on('request', (request) => sent.push(request.url()));
	await page.fill('#csr', key);
	await page.getByText('It has not left your computer').waitFor();
	await page.locator('form[data-csr-form] button[type=submit]').last().click();
	await page.fill('#csr', '');
	await page.setInputFiles('#csr_file', path.join(keys, 'here.key'));
	await page.getByText('It has not left your computer').waitFor();
	await browser.seen('live-private-key');
	await page.locator('form[data-csr-form] button[type=submit]').last().click();
	await page.getByText('Paste a certificate signing request (CSR), or').first().waitFor();
	assert.deepEqual(sent.filter((url) => url.endsWith('/csr/check')), []);
	assert.equal((await stack.sql('SELECT COUNT(*) FROM key_block'))[0][0], '0', 'so it is not compromised');
	page.removeAllListeners('request');
});

test('an order that goes back to the person leads to the page that says why', async () => {
	const other = stack.takeOrder();
	await giveMailbox(client, other, 'caa.live@denied.example');
	await confirmMailbox(stack, 'caa.live@denied.example');
	await stack.tool('stop', 'signer');
	await giveKey(client, other, makeCsr(scratch(), 'denied'));
	await submitActivation(client, other);
	await page.goto(`${stack.url}${at(other, '/activation/done')}`);
	await stack.tool('start', 'signer');
	await page.waitForURL((url) => !url.pathname.endsWith('/activation/done'));
	await page.getByText("The domain's CAA records allow only other issuers").first().waitFor();
});

test('nothing was complained about', () => {
	assert.deepEqual(browser.violations, []);
	assert.deepEqual(browser.errors, []);
});
