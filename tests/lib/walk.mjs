// walk.mjs - a walk past every page and state that a visitor, a customer, a mailbox's holder and a partner's person see
// on a real stack. Each state is reached by the steps that people take, and handed to see(name, what): what.page is
// the Playwright page; what.wrong says that the form came back with an error summary.
import fs from 'node:fs';
import path from 'node:path';
import { Browser } from './browser.mjs';
import { Client } from './client.mjs';
import { verifyLink, waitMail } from './mail.mjs';
import { makeCsr, scratch } from './openssl.mjs';
import { anotherPartner, partnerAccount } from './partner.mjs';
import { ROOT, until } from './stack.mjs';
import { at, confirmMailbox, giveKey, submitActivation, verifiedMailbox, waitCertificate } from './steps.mjs';

const LOCALES = { en: 'en-GB', pl: 'pl-PL' };
// A name in the demo's DNS that takes no mail.
export const ZONE = 'no-mail.example. IN TXT "no mail"\n';
export const ORDERS = 6;

export class Walk {
	static count = 0;
	// language: of the browser; see: what to do with each state. Walk one stack several times, each with a partner of
	// its own and ORDERS orders.
	static async start({ stack, language, see }) {
		const walk = new Walk();
		Object.assign(walk, { stack, language, look: see, dir: scratch() });
		const options = { locale: LOCALES[language], extraHTTPHeaders: { 'Accept-Language': language } };
		walk.own = await Browser.start(options);
		walk.holder = await Browser.start(options);
		walk.page = walk.own.page;
		const id = `${language}${++Walk.count}`;
		walk.partner = { login: `paula-${id}`, password: `words of paula ${id}` };
		await anotherPartner(stack, `walk-${id}`);
		partnerAccount(stack, `walk-${id}`, walk.partner.login, walk.partner.password);
		walk.client = await new Client(stack).signIn();
		return walk;
	}
	// What the browsers wrote to their consoles.
	get errors() {
		return [...this.own.errors, ...this.holder.errors];
	}
	email(local, domain = 'mailbox.example') {
		return `${local}.${this.language}@${domain}`;
	}

	async see(name, what = {}) {
		await this.look(name, { page: this.page, ...what });
	}
	async open(where, page = this.page) {
		// A page that waits for something goes on by itself when that has come, just now perhaps.
		await page.goto(this.stack.url + where).catch((error) => {
			if (!/interrupted by another navigation/.test(error.message))
				throw error;
			return page.goto(this.stack.url + where);
		});
	}
	// Open an address and see what is there.
	async visit(where, name) {
		await this.open(where);
		await this.see(name);
	}
	// Do what leads to another page, and wait for that one.
	async leave(act, page = this.page) {
		await Promise.all([page.waitForEvent('load'), act()]);
	}
	async send(inside, browser = this.own) {
		await this.leave(() => browser.goOn(inside), browser.page);
	}
	async press(selector, page = this.page) {
		await this.leave(() => page.locator(selector).last().click(), page);
	}
	async signIn(login, password) {
		await this.open('/sign-in');
		await this.page.fill('#login', login);
		await this.page.fill('#password', password);
		await this.send('#password');
	}
	// Nobody waits for the pause between two mails: those of an order were sent so many seconds ago.
	mailsSent(order, seconds) {
		const [number, item] = order.split('/');
		return this.stack.sql(`UPDATE outbox b JOIN orders o ON o.id = b.order_id
			SET b.created_at = UTC_TIMESTAMP() - INTERVAL ${seconds} SECOND
			WHERE o.number = '${number}' AND o.item = '${item}'`);
	}
	async linkOf(email, options) {
		return new URL(verifyLink(this.stack, await waitMail(this.stack, email, options))).pathname;
	}

	async visitor() {
		await this.visit('/sign-in', 'sign_in');
		await this.send('#password');
		await this.see('sign_in-empty', { wrong: true });
		await this.page.fill('#login', 'nobody');
		await this.page.fill('#password', 'wrong');
		await this.send('#password');
		await this.see('sign_in-refused', { wrong: true });
		await this.visit('/sign-in?notice=session_ended', 'sign_in-session_ended');
		await this.visit('/terms', 'terms');
		await this.visit('/accessibility', 'accessibility');
		await this.visit('/tools', 'tools-visitor');
		await this.visit('/partner/documentation', 'partner_documentation-visitor');
		await this.visit(`/verify/${'A'.repeat(43)}`, 'verify-unknown');
		await this.visit('/nothing/here', 'error-404');
	}

	// Somebody's first sign-in, with a password that an admin made.
	async first() {
		const login = this.partner.login.replace('paula', 'fran'), made = 'words of an admin';
		this.stack.ctlInput(made, 'account', 'add', '--login', login, '--name', 'Fran First', '--password-stdin');
		await this.signIn(login, made);
		await this.see('password_initial');
		for (const wish of [made, 'words of fran alone']) {
			await this.page.fill('#password', made);
			await this.page.fill('#new_password', wish);
			await this.send('#new_password');
			if (wish === made)
				await this.see('password_initial-unchanged', { wrong: true });
		}
		await this.see('account-password_changed');
		await this.press('form[action="/sign-out"] button');
	}

	async customer() {
		const { demo } = this.stack;
		await this.first();
		await this.signIn(demo.CUSTOMER_LOGIN, demo.CUSTOMER_PASSWORD);
		for (const tab of ['information', 'problems', 'expiration', 'new'])
			await this.visit(`/dashboard?tab=${tab}`, `dashboard-${tab}-first`);
		await this.visit('/account', 'account');
		await this.page.fill('#password', 'not the one');
		await this.page.fill('#new_password', 'x');
		await this.send('#new_password');
		await this.see('account-password_wrong', { wrong: true });
		await this.visit('/account/data-security-products', 'products');
		await this.visit('/certificates', 'certificates');
		await this.visit('/certificates?q=nothing-has-this', 'certificates-no_match');
		await this.visit('/nothing/here', 'error-404-signed_in');
		await this.visit('/certificates/0000000000/zzz', 'error-404-order');
		await this.visit('/sign-out', 'error-405');
	}

	// Wizard 1, with its mistakes and doubts; then the holder of the mailbox.
	async mailbox() {
		this.order = this.stack.takeOrder();
		const { page, order } = this;
		await this.visit(at(order), 'order');
		await this.visit(at(order, '/email'), 'mailbox_data');
		await page.fill('#email', 'joe.doe');
		await this.send('#email');
		await this.see('mailbox_data-wrong', { wrong: true });
		await this.open(at(order, '/email'));
		await page.fill('#email', this.email('joe', 'gmial.com'));
		await page.press('#email', 'Tab');
		await page.locator('#email-typo button').waitFor();
		await this.see('mailbox_data-typo');
		await this.send('#email');
		await this.see('mailbox_summary-suggestion');
		await this.open(at(order, '/email'));
		await page.fill('#email', this.email('joe', 'no-mail.example'));
		await this.send('#email');
		await page.locator('main .box-warning').waitFor();
		await this.see('mailbox_summary-no_mail_server');
		await this.open(at(order, '/email'));
		await page.fill('#email', this.email('joe'));
		await this.send('#email');
		await this.see('mailbox_summary');
		await page.locator('main form [name=form_token]').evaluate((input) => { input.value = 'A'.repeat(43); });
		await this.press('main form button[type=submit]');
		await this.see('error-403');
		await this.open(at(order, '/email/summary'));
		await this.press('main form button[type=submit]');
		await this.see('mailbox_done');
		await waitMail(this.stack, this.email('joe'));
		await this.mailsSent(order, 90);
		await this.press('form[action$="/resend"] button');
		await this.see('mailbox_done-resent');
		await waitMail(this.stack, this.email('joe'), { count: 2 });
		await this.mailsSent(order, 20);
		await this.press('form[action$="/resend"] button');
		await this.see('mailbox_done-resend_too_soon', { wrong: true });
		await until('the mail shown as accepted', async () => {
			await this.open(at(order, '/email/done'));
			return /250 /.test(await page.innerText('main'));
		});
		await this.see('mailbox_done-accepted');
		await this.visit(at(order), 'order-waits');
		await this.visit(at(order, '/email'), 'mailbox_data-change');
		await this.visit('/demo/mail', 'demo_mail');
		await this.press('main .note a');
		await this.see('demo_mail_message');
	}

	async holderPages() {
		const { page } = this.holder;
		const see = (name, what) => this.look(name, { page, ...what });
		const link = await this.linkOf(this.email('joe'));
		await this.open(link, page);
		await see('verify-ask');
		await this.send('#control', this.holder);
		await see('verify-not_ticked', { wrong: true });
		await page.check('#control');
		await this.send('#control', this.holder);
		await see('verify-confirmed');
		await this.open(link, page);
		await see('verify-used');

		const other = this.stack.takeOrder();
		const give = async (email) => {
			await this.client.submit(at(other, '/email'), { email });
			await this.client.submit(at(other, '/email/summary'));
			return this.linkOf(email);
		};
		const first = await give(this.email('first'));
		const second = await give(this.email('second'));
		await this.open(first, page);
		await see('verify-replaced');
		// Nobody waits for days: the value's end is moved to the past.
		const [number, item] = other.split('/');
		await this.stack.sql(`UPDATE mailbox_value v JOIN orders o ON o.mailbox_id = v.mailbox_id
			SET v.expires_at = UTC_TIMESTAMP() - INTERVAL 1 MINUTE WHERE o.number = '${number}' AND o.item = '${item}'`);
		await this.open(second, page);
		await see('verify-expired');
		await this.visit(at(other, '/email/done'), 'mailbox_done-expired');
		const third = await give(this.email('third'));
		await this.open(third, page);
		await this.press('button[value=reject]', page);
		await see('verify-rejected');
		await this.visit(at(other), 'order-rejected');
		const bounced = this.stack.takeOrder();
		const email = this.email('bounce');
		await this.client.submit(at(bounced, '/email'), { email });
		await this.client.submit(at(bounced, '/email/summary'));
		await until('the refused mail shown', async () => {
			await this.open(at(bounced, '/email/done'));
			return /550/.test(await this.page.innerText('main'));
		});
		await this.see('mailbox_done-bounced');
	}

	// Wizard 2 with a CSR, up to the certificate and its revocation.
	async activation() {
		const { page, order } = this;
		const csr = makeCsr(this.dir, 'joe', 'p256');
		await this.visit(at(order, '/email/done'), 'mailbox_done-verified');
		await this.visit(at(order), 'order-verified');
		await this.visit(at(order, '/activation/data'), 'activation_data');
		await this.press('main form button[type=submit]');
		await this.see('activation_method');
		for (const method of await page.locator('[name=method]').all())
			await method.evaluate((radio) => { radio.checked = false; });
		await this.send('[name=method]');
		await this.see('activation_method-missing', { wrong: true });
		await page.check('[name=method][value=csr]');
		await this.send('[name=method]');
		await this.see('activation_key');
		await page.fill('#csr', 'no CSR');
		await page.locator('#csr-verdict .says').first().waitFor();
		await this.see('activation_key-checked_wrong');
		await this.send('#csr');
		await this.see('activation_key-wrong', { wrong: true });
		await page.fill('#csr', makeCsr(this.dir, 'small', 'rsa1024'));
		await this.send('#csr');
		await this.see('activation_key-small', { wrong: true });
		await page.locator('#csr').evaluate((field) => { field.value = 'A'.repeat(400000); });
		await this.send('#csr');
		await this.see('error-413');
		await this.open(at(order, '/activation/key'));
		await page.fill('#csr', csr);
		await page.locator('#csr-verdict .box-good').waitFor();
		await this.see('activation_key-correct');
		await this.send('#csr');
		await this.see('activation_summary');
		await this.send('#accept_terms');
		await this.see('activation_summary-unticked', { wrong: true });
		await page.check('#accept_terms');
		await page.check('#accept_data');
		await this.send('#accept_terms');
		await this.see('activation_done');
		await waitCertificate(this.client, order);
		await this.visit(at(order, '/activation/done'), 'activation_done-issued');
		await this.visit(at(order), 'order-issued');
		await this.visit(at(order, '/revoke'), 'certificate_revoke');
		await this.send('[name=reason]');
		await this.see('certificate_revoke-missing', { wrong: true });
	}

	async browserKey() {
		const { page } = this;
		const order = this.stack.takeOrder();
		await verifiedMailbox(this.stack, this.client, order, this.email('keys'));
		await this.open(at(order, '/activation/data'));
		await this.press('main form button[type=submit]');
		await page.check('[name=method][value=browser]');
		await this.send('[name=method]');
		await this.see('activation_key-browser');
		await page.click('#key_make');
		await page.locator('[data-errors] [role=alert], [data-errors] .error-summary, .field-error').first().waitFor();
		await this.see('activation_key-browser_no_password');
		await page.check('[name=key_kind][value=p_256]');
		await page.fill('#key_password', 'the words of a key');
		await page.fill('#key_again', 'the words of a key');
		await page.click('#key_make');
		await page.locator('#key_made').waitFor();
		await this.see('activation_key-browser_made');
		const saved = page.waitForEvent('download');
		await page.click('#key_save');
		await (await saved).path();
		await this.press('[data-send-csr] .buttons button[type=submit]');
		await page.check('#accept_terms');
		await page.check('#accept_data');
		await this.send('#accept_terms');
		await waitCertificate(this.client, order);
		await this.open(at(order));
		await page.click('details summary.button');
		await this.see('order-issued-pfx');
		await this.visit('/tools', 'tools');
		await page.fill('#viewer_text', makeCsr(this.dir, 'viewed', 'p256'));
		await page.locator('#viewer_shown dl').first().waitFor();
		await this.see('tools-viewed');
	}

	// What ends otherwise: revoked, CAA refused; and how the lists and the dashboard show it all.
	async outcomes() {
		await this.open(at(this.order, '/revoke'));
		await this.page.locator('[name=reason]').first().check();
		await this.page.check('#confirm');
		await this.send('#confirm');
		await this.see('certificate_revoke-revoked');
		await this.visit(at(this.order), 'order-revoked');
		const denied = this.stack.takeOrder();
		await verifiedMailbox(this.stack, this.client, denied, this.email('caa', 'denied.example'));
		await giveKey(this.client, denied, makeCsr(this.dir, 'caa', 'p256'));
		await submitActivation(this.client, denied);
		await until('the refusal of CAA', async () => {
			await this.open(at(denied));
			return await this.page.locator('.box-warning').count() > 0;
		});
		await this.see('order-caa');
		for (const tab of ['information', 'problems', 'expiration', 'new'])
			await this.visit(`/dashboard?tab=${tab}`, `dashboard-${tab}`);
		await this.visit('/certificates', 'certificates-all_states');
		await this.leave(() => this.page.locator('form[action="/sign-out"] button').click());
		await this.see('sign_in-signed_out');
	}

	async panel() {
		const { page } = this;
		await this.signIn(this.partner.login, this.partner.password);
		await this.see('partner_dashboard-empty');
		await this.visit('/partner/orders', 'partner_orders-empty');
		await this.visit('/partner/callbacks', 'partner_callbacks-empty');
		await page.fill('#url', 'no address');
		await this.send('#url');
		await this.see('partner_callbacks-wrong', { wrong: true });
		await page.fill('#url', `https://127.0.0.1:9/${this.language}`);
		await this.send('#url');
		await this.see('partner_callbacks-made');
		await this.visit('/partner/orders/new', 'partner_new-product');
		await this.send('[name=product]');
		await this.see('partner_new-product_missing', { wrong: true });
		await page.locator('[name=product]').first().check();
		await this.send('[name=product]');
		await this.see('partner_new-details');
		await page.fill('#partner_ref', 'has blanks');
		await this.send('#partner_ref');
		await this.see('partner_new-details_wrong', { wrong: true });
		await page.fill('#partner_ref', 'P-1');
		await page.fill('#customer_name', 'Łąka & Sons');
		await page.selectOption('#callback', { index: 1 });
		await this.send('#partner_ref');
		await this.see('partner_new-email');
		await page.fill('#email', 'not an address');
		await this.send('#email');
		await this.see('partner_new-email_wrong', { wrong: true });
		await page.fill('#email', this.email('ann', 'partner.example'));
		await this.send('#email');
		await this.see('partner_order');
		await page.click('summary >> nth=0');
		await page.fill('#email', 'wrong');
		await this.send('#email');
		await this.see('partner_order-wrong', { wrong: true });
		const link = await confirmMailbox(this.stack, this.email('ann', 'partner.example'));
		await page.goto(this.stack.url + link);
		await this.open('/partner/orders');
		await this.see('partner_orders');
		await this.press('main tbody th a');
		await this.see('partner_order-verified');
		await this.visit('/partner/orders?q=nothing-has-this', 'partner_orders-no_match');
		await this.visit('/partner/orders/0000000000/zzz', 'error-404-partner');
	}
	async panelLists() {
		const { page } = this;
		await this.visit('/partner/bulk', 'partner_bulk');
		await this.press('button[value=order]');
		await this.see('partner_bulk-empty', { wrong: true });
		await page.fill('#csv', `partner_ref,product,email,customer_name\nB-1,no-such-product,nobody,Ann\n`);
		await this.press('button[value=check]');
		await this.see('partner_bulk-wrong', { wrong: true });
		await page.fill('#csv', `partner_ref,product,email,customer_name\n${[1, 2].map((n) =>
			`B-${n},${this.stack.demo.PRODUCT},${this.email(`b${n}`, 'partner.example')},Ann\n`).join('')}`);
		await this.press('button[value=check]');
		await this.see('partner_bulk-good');
		await this.press('button[value=order]');
		await this.see('partner_bulk_one');
		await this.visit('/partner/keys', 'partner_keys');
		await this.send('#label');
		await this.see('partner_keys-wrong', { wrong: true });
		await page.fill('#label', 'shop');
		await page.locator('[name=scopes]').first().check();
		await this.send('#label');
		await this.see('partner_keys-made');
		await this.visit('/partner/documentation', 'partner_documentation');
		await until('a callback in the log', async () => {
			await this.open('/partner/callbacks');
			return await page.locator('main table').count() > 1;
		});
		await this.see('partner_callbacks');
		await this.press('main table >> nth=1 >> td a');
		await this.see('partner_callback');
		await this.open('/partner/callbacks');
		await this.press('main table >> nth=0 >> td a');
		await this.see('partner_address');
		await this.press('form[action$="/secret"] button');
		await this.see('partner_address-secret');
		await this.visit('/partner/dashboard', 'partner_dashboard');
		await this.visit('/account', 'account-partner');
	}

	// What nginx says when no worker does. Ends the workers: the last part of a walk.
	async nginxPages() {
		await this.visit('/static/none', 'nginx-404');
		await this.visit(`/${'a'.repeat(9000)}`, 'nginx-414');
		// These nobody gets by looking, so the pages are put where nginx would give them.
		for (const code of ['413', '429']) {
			await this.page.route(`**/error/${code}.html`, (route) => route.fulfill({
				path: path.join(ROOT, 'nginx/errors', `${code}.html`), contentType: 'text/html; charset=utf-8',
			}));
			await this.visit(`/error/${code}.html`, `nginx-${code}`);
		}
		await this.stack.tool('stop', 'web');
		await this.open('/sign-in');
		await this.see('nginx-503');
	}
	async stop() {
		await this.own.stop();
		await this.holder.stop();
		fs.rmSync(this.dir, { recursive: true, force: true });
	}
}

// In this order: each part goes on where the one before ended. The panel's need none of the others.
export const CUSTOMER_PARTS = ['visitor', 'customer', 'mailbox', 'holderPages', 'activation', 'browserKey', 'outcomes'];
export const PANEL_PARTS = ['panel', 'panelLists'];
