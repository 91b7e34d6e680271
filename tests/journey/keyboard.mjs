// keyboard.mjs - the whole customer journey by keyboard alone: Tab, Shift+Tab, arrows, Enter, Space and typing. What is
// wanted must be reached with few Tabs, and where the focus is must be seen.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Browser } from '../lib/browser.mjs';
import { verifyLink, waitMail } from '../lib/mail.mjs';
import { makeCsr, openssl, scratch } from '../lib/openssl.mjs';
import { Stack, until } from '../lib/stack.mjs';
import { at } from '../lib/steps.mjs';

const EMAIL = 'kay.board@mailbox.example';
const TABS_MOST = 25;
const keys = scratch();
const file = (name) => path.join(keys, name);
const stack = await Stack.start({
	name: 'keyboard', orders: 2, settings: { 'Mail.PollMs': 50, 'Signer.PollMs': 100 },
});
const order = stack.takeOrder();
after(async () => {
	await Browser.stopAll();
	stack.stopNow();
});

class Keyboard {
	static async start(options) {
		const keyboard = new Keyboard();
		keyboard.browser = await Browser.start(options);
		keyboard.page = keyboard.browser.page;
		return keyboard;
	}
	press(key) {
		return this.page.keyboard.press(key);
	}
	// Where the focus is: on what element, and whether a person can see it there.
	focus(wanted) {
		return this.page.evaluate((selector) => {
			const element = document.activeElement;
			const style = getComputedStyle(element);
			const box = element.getBoundingClientRect();
			return {
				there: element.matches(selector),
				name: `${element.tagName} ${element.id || element.name || element.textContent.trim().slice(0, 40)}`,
				shown: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== 'none',
				inView: box.bottom > 0 && box.top < innerHeight && box.width > 0 && box.height > 0,
			};
		}, wanted);
	}
	// Tab until the focus is on what the selector names.
	async tabTo(wanted, { most = TABS_MOST, back = false } = {}) {
		const passed = [];
		for (let tabs = 0; tabs <= most; tabs++) {
			const focus = await this.focus(wanted);
			if (tabs > 0 && focus.name !== 'BODY ') {
				assert.ok(focus.shown, `${this.browser.path()}: the focus on ${focus.name} is not marked`);
				assert.ok(focus.inView, `${this.browser.path()}: the focus on ${focus.name} is out of sight`);
			}
			if (focus.there)
				return tabs;
			passed.push(focus.name);
			await this.press(back ? 'Shift+Tab' : 'Tab');
		}
		throw new Error(`${this.browser.path()}: ${wanted} not reached with ${most} Tabs: ${passed.join(', ')}`);
	}
	// Type into a field in place of what is there.
	async type(wanted, text) {
		await this.tabTo(wanted);
		await this.press('Control+a');
		await this.press('Delete');
		await this.page.keyboard.type(text);
	}
	// Press a key that leads to another page.
	async leave(key = 'Enter') {
		await Promise.all([this.page.waitForEvent('load'), this.press(key)]);
	}
	async go(wanted, key) {
		await this.tabTo(wanted);
		await this.leave(key);
	}
	// The form came back: the focus is on the summary, whose link leads to the field.
	async mend(field) {
		assert.match(await this.page.title(), /^Error:/);
		assert.equal(await this.page.evaluate(() => document.activeElement.id), 'error-summary');
		await this.tabTo('#error-summary a', { most: 1 });
		await this.press('Enter');
		assert.equal(await this.page.evaluate(() => document.activeElement.id), field);
	}
	// The button behind a password's field shows what was typed, says so, and hides it again.
	async shows(field, name) {
		const button = this.page.getByRole('button', { name, exact: true });
		const state = async () => [await this.page.getAttribute(`#${field}`, 'type'), await button.getAttribute('aria-pressed')];
		await this.tabTo(`#${field} + button`, { most: 1 });
		assert.deepEqual(await state(), ['password', 'false']);
		await this.press('Space');
		assert.deepEqual(await state(), ['text', 'true']);
		await this.press('Space');
		assert.deepEqual(await state(), ['password', 'false']);
	}
	// Past the menu, from the top of a page.
	async skip() {
		assert.equal(await this.tabTo('a.skip', { most: 1 }), 1, 'the first Tab shows the way past the menu');
		await this.press('Enter');
		assert.equal(await this.page.evaluate(() => document.activeElement.id), 'main');
	}
}

const customer = await Keyboard.start();
const { page, browser } = customer;

test('sign in, with a wrong password first', async () => {
	await page.goto(stack.url);
	await customer.type('#login', stack.demo.CUSTOMER_LOGIN);
	await customer.type('#password', 'wrong');
	await customer.leave();
	assert.match(await page.title(), /^Error:/);
	assert.equal(await page.evaluate(() => document.activeElement.id), 'error-summary');
	await customer.type('#password', stack.demo.CUSTOMER_PASSWORD);
	await customer.shows('password', 'Show password (Password)');
	await customer.go('main button[type=submit]');
	assert.equal(browser.path(), '/dashboard');
});

test('the passwords of a change can be looked at as well', async () => {
	await page.goto(`${stack.url}/account`);
	await customer.skip();
	await customer.type('#password', 'not the one');
	await customer.shows('password', 'Show password (Password you have now)');
	await customer.type('#new_password', 'blanks and more');
	await customer.shows('new_password', 'Show password (New password)');
	await customer.press('Space'); // shown while it goes up, and a password again on the way
	const [sent] = await Promise.all([page.waitForRequest((request) => request.method() === 'POST'), customer.go('main form[action="/account/password"] button[type=submit]')]);
	assert.match(sent.postData(), /new_password=blanks\+and\+more/);
	await page.goto(stack.url);
});

test('a meter says how hard a new password is to guess: it comes with the field\'s focus, tells it when the typing pauses, sends nothing', async () => {
	const asked = [], note = (request) => asked.push(request);
	page.on('request', note);
	await page.goto(`${stack.url}/account`);
	const loads = () => asked.filter((request) => /\/password_meter\.js\?v=/.test(request.url())).length;
	const says = page.locator('[role=status][data-meter=new_password]'), bar = page.locator('meter.strength');
	await customer.skip();
	await customer.type('#password', 'not the one');
	assert.deepEqual([loads(), await says.textContent(), await bar.count()], [0, '', 0], 'not before it is wanted');
	for (const [typed, level, words] of [['password', 1, 'very easy to guess'], ['password1234', 2, 'easy to guess'], ['kombajn 7 latarnia parapet', 5, 'very hard to guess']]) {
		await customer.type('#new_password', typed);
		await until(`"${words}" for ${typed}`, async () => (await says.textContent()) === `Estimated in your browser, nothing is sent: ${words}`);
		assert.deepEqual(await bar.evaluate((meter) => [meter.value, meter.hidden, meter.getAttribute('aria-hidden')]), [level, false, 'true']);
		assert.deepEqual(await Browser.axe(page, `meter ${level}`), []);
		await page.fill('#new_password', '');
		await until('no words for nothing', async () => (await says.textContent()) === '' && await bar.isHidden());
	}
	assert.equal(loads(), 1);
	page.off('request', note);
	assert.deepEqual(asked.filter((request) => request.method() !== 'GET' || !/\/(account|static\/[\w/.-]+)(\?v=\w+)?$/.test(request.url())).map((request) => request.url()), []);
	await page.goto(stack.url);
});
test('without scripts there is no meter, and the form is what it was', async () => {
	const plain = await Browser.start({ javaScriptEnabled: false });
	await plain.page.goto(`${stack.url}/sign-in`);
	await plain.page.fill('#login', stack.demo.CUSTOMER_LOGIN);
	await plain.page.fill('#password', stack.demo.CUSTOMER_PASSWORD);
	await plain.page.click('main button[type=submit]');
	await plain.page.goto(`${stack.url}/account`);
	assert.deepEqual([await plain.page.locator('meter').count(), await plain.page.locator('[data-meter]').textContent()], [0, '']);
	await plain.page.fill('#password', 'not the one');
	await plain.page.fill('#new_password', 'x');
	await plain.page.click('main form[action="/account/password"] button[type=submit]');
	assert.match(await plain.page.title(), /^Error:/);
});

test('find the order from the menu', async () => {
	await customer.go('nav.side a[href="/certificates"]');
	await customer.skip();
	await customer.type('[name=q]', order);
	await customer.leave();
	await customer.skip();
	await customer.go(`main a[href="${at(order)}"]`);
	assert.equal(browser.path(), at(order));
});

test('wizard 1: a mistake, the summary of it, Back, the summary, sent', async () => {
	await customer.skip();
	await customer.go(`main a[href="${at(order, '/email')}"]`);
	await customer.skip();
	await customer.type('#email', 'kay');
	await customer.leave();
	await customer.mend('email');
	await customer.type('#email', EMAIL);
	await customer.go('main form button[type=submit]');
	assert.equal(browser.path(), at(order, '/email/summary'));
	await customer.skip();
	await customer.go('main a.back');
	assert.equal(await page.inputValue('#email'), EMAIL);
	await customer.skip();
	await customer.go('main form button[type=submit]', 'Space');
	await customer.skip();
	await customer.go('main form button[type=submit]', 'Space');
	assert.equal(browser.path(), at(order, '/email/done'));
});

test('the holder confirms by keyboard as well', async () => {
	const holder = await Keyboard.start();
	await holder.page.goto(verifyLink(stack, await waitMail(stack, EMAIL)));
	await holder.go('main .buttons button');
	await holder.mend('control');
	await holder.press('Space');
	assert.equal(await holder.page.isChecked('#control'), true);
	await holder.go('main .buttons button');
	await holder.page.getByText('the mailbox is confirmed').first().waitFor();
	assert.deepEqual(holder.browser.errors, []);
	await holder.browser.stop();
});

test('wizard 2: fields and method', async () => {
	await page.goto(`${stack.url}${at(order)}`);
	await customer.skip();
	await customer.go(`main a[href="${at(order, '/activation/data')}"]`);
	await customer.skip();
	await customer.go('main form button[type=submit]');
	await customer.skip();
	await customer.tabTo('[name=method]');
	// One of a group of radio buttons is reached by Tab, the others by arrows.
	for (let i = 0; i < 3 && await page.evaluate(() => document.activeElement.value) !== 'csr'; i++)
		await customer.press('ArrowDown');
	await customer.press('Space');
	assert.equal(await page.isChecked('[name=method][value=csr]'), true);
	await customer.go('main form button[type=submit]');
	assert.equal(browser.path(), at(order, '/activation/key'));
});

test('wizard 2: the CSR is typed; Tab leaves the field', async () => {
	makeCsr(keys, 'kay', 'p256');
	await customer.skip();
	await customer.type('#csr', 'no CSR');
	await customer.go('[data-csr-form] .buttons button[type=submit]');
	await customer.mend('csr');
	await customer.press('Control+a');
	await page.keyboard.insertText(fs.readFileSync(file('kay.csr'), 'utf8'));
	await page.locator('#csr-verdict .box-good').waitFor();
	await customer.tabTo('main details summary', { back: true });
	await customer.go('[data-csr-form] .buttons button[type=submit]');
	assert.equal(browser.path(), at(order, '/activation/summary'));
});

test('wizard 2: both statements are ticked with Space', async () => {
	await customer.skip();
	await customer.go('main form .buttons button[type=submit]');
	assert.match(await page.title(), /^Error:/);
	for (const id of ['accept_terms', 'accept_data']) {
		await customer.tabTo(`#${id}`);
		await customer.press('Space');
	}
	await customer.go('main form .buttons button[type=submit]');
	assert.equal(browser.path(), at(order, '/activation/done'));
});

test('the certificate is downloaded with Enter', async () => {
	await until('the certificate on the order page', async () => {
		await page.goto(`${stack.url}${at(order)}`);
		return await page.locator('a[href$="/certificate.pem"]').count() > 0;
	});
	await customer.skip();
	await customer.tabTo('main a[href$="/certificate.pem"]');
	const [download] = await Promise.all([page.waitForEvent('download'), customer.press('Enter')]);
	await download.saveAs(file('certificate.pem'));
	assert.equal(openssl(['x509', '-in', file('certificate.pem'), '-noout', '-pubkey']),
		openssl(['pkey', '-in', file('kay.key'), '-pubout']));
});

test('signed out from the header', async () => {
	await page.goto(`${stack.url}${at(order)}`);
	await customer.go('form[action="/sign-out"] button');
	assert.equal(browser.path(), '/sign-in');
});

test("a partner's new order, with a mistake on each page", async () => {
	const partner = await Keyboard.start();
	const at = () => partner.page.url();
	await partner.page.goto(stack.url);
	await partner.type('#login', stack.demo.PARTNER_LOGIN);
	await partner.type('#password', stack.demo.PARTNER_PASSWORD);
	await partner.leave();
	await partner.skip();
	await partner.go('main a[href="/partner/orders/new"]');
	await partner.go('main form button[type=submit]');
	await partner.mend('product');
	await partner.press('Space');
	await partner.go('main form button[type=submit]');
	await partner.type('#partner_ref', 'has blanks');
	await partner.leave();
	await partner.mend('partner_ref');
	await partner.type('#partner_ref', 'KEYS-1');
	await partner.go('main form button[type=submit]');
	await partner.type('#email', 'nobody');
	await partner.leave();
	await partner.mend('email');
	await partner.type('#email', 'key.board@partner.example');
	await partner.go('main form button[type=submit]');
	assert.match(at(), /\/partner\/orders\/\d+\/b01/);
	assert.deepEqual(partner.browser.errors, []);
	await partner.browser.stop();
});

test('nothing was complained about', () => {
	assert.deepEqual(browser.errors, []);
	assert.deepEqual(stack.complaints(), []);
});
