// people.mjs - customers, mailbox holders and partners' programs who do not give up: they send what was not answered
// again, as the service asks them to, and keep a journal of what they asked and what they were told.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Client } from '../../lib/client.mjs';
import { readMail, verifyLink } from '../../lib/mail.mjs';
import { sleep } from '../../lib/stack.mjs';
import { at } from '../../lib/steps.mjs';
import { freshCsr } from './csr.mjs';

const ANSWER_SECONDS = 90; // nobody waits longer for one answer
const TICKS = { accept_terms: 'yes', accept_data: 'yes' };

// One JSON object a line: what was asked before it goes out, what was told when the answer has come.
export class Journal {
	constructor(file) {
		this.file = file;
		this.fd = fs.openSync(file, 'a');
	}
	put(what, step, order, more) {
		fs.writeSync(this.fd, JSON.stringify({ at: Date.now(), what, step, order, ...more }) + '\n');
	}
	asked(step, order, more = {}) {
		this.put('asked', step, order, more);
	}
	told(step, order, more = {}) {
		this.put('told', step, order, more);
	}
}

// What all people together saw.
export class Experience {
	requests = 0;
	longest = { seconds: 0 }; // of one request
	longestAnswer = { seconds: 0 }; // until it was answered well, repetitions included
	errors = {}; // 5xx by status, lost connections
	wrong = []; // 5xx that are not a 503 with Retry-After
	throttled = 0;
	note(field, seconds, where) {
		if (seconds > this[field].seconds)
			this[field] = { seconds: Math.round(seconds * 100) / 100, where, at: new Date().toISOString() };
	}
	count(name) {
		this.errors[name] = (this.errors[name] ?? 0) + 1;
	}
}

export class PatientClient extends Client {
	constructor(stack, experience, { urls = [stack.url], pause = 1 } = {}) {
		super(stack);
		this.experience = experience;
		this.urls = urls;
		this.pause = pause; // seconds a Retry-After is heeded at most
	}

	// Answers that ask for patience are not for the caller: it gets the first other one.
	async request(method, where, options = {}) {
		const began = Date.now();
		for (let tries = 0; ; tries++) {
			this.url = this.urls[tries % this.urls.length];
			const answer = await this.attempt(method, where, options);
			if (answer !== null) {
				this.experience.note('longestAnswer', (Date.now() - began) / 1000, `${method} ${where}`);
				return answer;
			}
			if (Date.now() - began > ANSWER_SECONDS * 1000 * 2)
				throw new Error(`${method} ${where}: not served for ${ANSWER_SECONDS * 2} s`);
		}
	}

	async attempt(method, where, options) {
		const began = Date.now();
		const seen = this.experience;
		let answer;

		seen.requests++;
		try {
			answer = await super.request(method, where, { ...options, signal: AbortSignal.timeout(ANSWER_SECONDS * 1000) });
		} catch (error) {
			seen.count(error.name === 'TimeoutError' ? 'no answer' : 'connection lost');
			seen.note('longest', (Date.now() - began) / 1000, `${method} ${where}: ${error.cause?.code ?? error.name}`);
			await sleep(100 + Math.random() * 200);
			return null;
		}
		seen.note('longest', (Date.now() - began) / 1000, `${method} ${where}: ${answer.status}`);
		if (answer.status < 500 && answer.status !== 429)
			return answer;
		const after = answer.headers.get('retry-after');
		if (answer.status === 429)
			seen.throttled++;
		else
			seen.count(answer.status);
		if ((answer.status !== 503 && answer.status !== 429) || !/^[1-9]\d{0,3}$/.test(after ?? ''))
			seen.wrong.push(`${method} ${where}: ${answer.status}, Retry-After ${after}: ${answer.words.slice(0, 200)}`);
		await sleep(Math.min(Number(after) || 1, this.pause) * 1000 * (0.5 + Math.random() / 2));
		return null;
	}
}

// The mails that the sink caught, by recipient, each read once.
export class Post {
	constructor(stack) {
		this.stack = stack;
		this.dir = path.join(stack.demo.MAIL_DIR, 'new');
		this.links = new Map();
		this.waiting = new Map();
		this.watcher = fs.watch(this.dir, (_, name) => name && void this.read(name));
		for (const name of fs.readdirSync(this.dir))
			void this.read(name);
	}
	async read(name) {
		try {
			const mail = await readMail(path.join(this.dir, name));
			if (!/\/verify\//.test(mail.text))
				return;
			const link = new URL(verifyLink(this.stack, mail)).pathname;
			for (const to of mail.recipients) {
				this.links.set(to, link);
				this.waiting.get(to)?.(link);
			}
		} catch (error) {
			if (error.code !== 'ENOENT')
				throw error;
		}
	}
	// The newest link that went to an address.
	async link(address, seconds) {
		if (!this.links.has(address)) {
			let timer;
			await Promise.race([
				new Promise((resolve) => this.waiting.set(address, resolve)),
				new Promise((resolve, reject) => {
					timer = setTimeout(() => reject(new Error(`no mail for ${address} in ${seconds} s`)), seconds * 1000);
				}),
			]);
			clearTimeout(timer);
			this.waiting.delete(address);
		}
		return this.links.get(address);
	}
	close() {
		this.watcher.close();
	}
}

function goesOn(answer, where, step) {
	if (answer.status !== 303 || new URL(answer.location, 'http://x').pathname !== where)
		throw new Error(`${step}: ${answer.status} ${answer.location ?? answer.title}: ${answer.words.slice(0, 300)}`);
}

// All who take part: what they share.
export class People {
	constructor({ stack, chance, journal, experience, post, urls, callback, patience = 120 }) {
		Object.assign(this, { stack, chance, journal, experience, post, urls, callback, patience });
		this.done = { customer: 0, partner: 0 };
		this.number = 0;
	}
	client() {
		return new PatientClient(this.stack, this.experience, { urls: this.urls });
	}

	async customerSignIn() {
		const client = this.client();
		await client.signIn();
		this.journal.told('signed_in', null);
		return client;
	}

	async mailboxGiven(client, order, email) {
		this.journal.asked('email_saved', order, { email });
		goesOn(await client.submit(at(order, '/email'), { email }), at(order, '/email/summary'), 'email');
		this.journal.told('email_saved', order, { email });
		goesOn(await client.submit(at(order, '/email/summary')), at(order, '/email/done'), 'email summary');
		this.journal.told('email_confirmed', order, { email });
	}

	// The holder follows the newest link: says yes, or that they did not ask for this.
	async holderAnswers(order, email, yes = true) {
		const link = await this.post.link(email, this.patience);
		const step = yes ? 'verified' : 'rejected';
		this.journal.asked(step, order, { email });
		const holder = this.client();
		const answer = await holder.submit(link, yes ? { control: 'yes' } : { action: 'reject' });
		if (![200, 303].includes(answer.status))
			throw new Error(`holder of ${email}: ${answer.status} ${answer.words.slice(0, 300)}`);
		this.journal.told(step, order, { email });
	}

	async keyGiven(client, order) {
		const key = freshCsr();
		goesOn(await client.submit(at(order, '/activation/data')), at(order, '/activation/method'), 'data');
		this.journal.told('fields_saved', order);
		goesOn(await client.submit(at(order, '/activation/method'), { method: 'csr' }), at(order, '/activation/key'), 'method');
		this.journal.told('method_saved', order);
		goesOn(await client.submit(at(order, '/activation/key'), { csr: key.pem }), at(order, '/activation/summary'), 'key');
		this.journal.told('csr_saved', order, { spki: key.spki });
		return key;
	}

	// Ask for the certificate until it is there; gives its DER.
	async fetched(client, order, where, headers) {
		const end = Date.now() + this.patience * 1000;
		for (let pause = 100; ; pause = Math.min(pause * 1.5, 1000)) {
			const answer = await client.get(where, { headers });
			if (answer.status === 200) {
				this.journal.told('certificate', order, { sha256: createHash('sha256').update(answer.bytes).digest('hex') });
				return;
			}
			if (Date.now() > end)
				throw new Error(`${order}: no certificate in ${this.patience} s, ${answer.status} ${answer.words.slice(0, 200)}`);
			await sleep(pause);
		}
	}

	async customer(client, order) {
		const n = ++this.number;
		let email = `customer${n}@mailbox.example`;
		const { chance } = this;

		await this.mailboxGiven(client, order, email);
		if (chance.chance(0.1)) { // typed wrongly: another address, the first one's link is dead
			email = `another${n}@mailbox.example`;
			await this.mailboxGiven(client, order, email);
		}
		if (chance.chance(0.05)) { // the wrong person's mailbox
			await this.holderAnswers(order, email, false);
			email = `right${n}@mailbox.example`;
			await this.mailboxGiven(client, order, email);
		}
		await this.holderAnswers(order, email);
		const key = await this.keyGiven(client, order);
		this.journal.asked('submitted', order, { spki: key.spki });
		goesOn(await client.submit(at(order, '/activation/summary'), TICKS), at(order, '/activation/done'), 'summary');
		this.journal.told('submitted', order, { spki: key.spki });
		await this.fetched(client, order, at(order, '/certificate.cer'));
		if (chance.chance(0.1)) {
			this.journal.asked('revoked', order);
			const answer = await client.submit(at(order, '/revoke'), { reason: 'superseded', confirm: 'yes' });
			if (answer.status !== 303)
				throw new Error(`revoke: ${answer.status} ${answer.words.slice(0, 300)}`);
			this.journal.told('revoked', order);
		}
		this.done.customer++;
	}

	// A program with a key: form posts, JSON answers.
	get partnerKey() {
		return { authorization: `Bearer ${this.stack.demo.PARTNER_KEY}` };
	}
	async partnerPost(client, where, fields, step) {
		const answer = await client.post(where, fields, { json: true, headers: this.partnerKey });
		if (answer.status > 201)
			throw new Error(`partner ${step}: ${answer.status} ${answer.text.slice(0, 300)}`);
		return JSON.parse(answer.text);
	}
	async partner(client) {
		const n = ++this.number;
		const ref = `ref-${n}`, email = `partner${n}@partner.example`;
		const key = freshCsr();
		const early = this.chance.chance(0.3); // the request comes with the order
		const { order } = await this.partnerPost(client, '/partner/orders', {
			product: this.stack.demo.PRODUCT, partner_ref: ref, email, ...(early && { csr: key.pem }),
			...(this.callback && { callback: this.callback }),
		}, 'order');
		this.journal.told('ordered', order, { ref });
		this.journal.told('email_confirmed', order, { email });
		const where = `/partner/orders/${order}`;
		if (this.chance.chance(0.1)) {
			this.journal.asked('cancelled', order);
			await this.partnerPost(client, `${where}/cancel`, {}, 'cancel');
			this.journal.told('cancelled', order);
			this.done.partner++;
			return;
		}
		await this.holderAnswers(order, email);
		this.journal.asked('submitted', order, { spki: key.spki });
		await this.partnerPost(client, `${where}/activate`, { ...(!early && { csr: key.pem }), ...TICKS }, 'activate');
		this.journal.told('submitted', order, { spki: key.spki });
		await this.fetched(client, order, `${where}/certificate.cer`, this.partnerKey);
		if (this.chance.chance(0.1)) {
			this.journal.asked('revoked', order);
			await this.partnerPost(client, `${where}/revoke`, { reason: 'keyCompromise' }, 'revoke');
			this.journal.told('revoked', order);
		}
		this.done.partner++;
	}
}
