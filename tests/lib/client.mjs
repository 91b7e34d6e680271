// client.mjs - a visitor without a browser: cookies, pages, and forms sent with the fields that the page hid in them.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from './stack.mjs';

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export function unescapeHtml(text) {
	return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (all, decimal, hex, name) =>
		decimal ? String.fromCodePoint(Number(decimal))
			: hex ? String.fromCodePoint(parseInt(hex, 16)) : ENTITIES[name] ?? all);
}

function attributes(tag) {
	const found = {};
	for (const [, name, value] of tag.matchAll(/\s([\w-]+)(?:="([^"]*)")?/g))
		found[name] ??= unescapeHtml(value ?? '');
	return found;
}

// The forms of a page: where each goes, its hidden fields, its visible controls by name.
export function pageForms(html) {
	return [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, head, body]) => {
		const form = { ...attributes(head), hidden: [], controls: {} };
		for (const [tag] of body.matchAll(/<(?:input|textarea|button|select)\b[^>]*>/g)) {
			const control = attributes(tag);
			if (control.type === 'hidden')
				form.hidden.push([control.name, control.value ?? '']);
			else if (control.name)
				form.controls[control.name] = control;
		}
		for (const [, head2, text] of body.matchAll(/<textarea\b([^>]*)>(.*?)<\/textarea>/gs)) {
			const { name } = attributes(head2);
			if (name)
				form.controls[name].value = unescapeHtml(text);
		}
		return form;
	});
}

export function pageTitle(html) {
	return unescapeHtml(/<title>(.*?)<\/title>/s.exec(html)?.[1] ?? '');
}

// The words of a page's body, tags left out.
export function pageText(html) {
	return unescapeHtml(html.replace(/<(script|style)\b.*?<\/\1>/gs, ' ').replace(/<[^>]+>/g, ' ')).replace(/\s+/g, ' ');
}

// What is said of a fault, from the words of a language.
const words = {};
export function faultSays(code, language = 'en') {
	words[language] ??= fs.readFileSync(path.join(ROOT, `hdf/words/${language}.hdf`), 'utf8');
	return new RegExp(`^\\s*(?:Fault\\.)?${code}\\.says = (.*)$`, 'm').exec(words[language])?.[1];
}

export class Answer {
	constructor(response, body) {
		this.status = response.status;
		this.headers = response.headers;
		this.bytes = body;
		this.text = body.toString('utf8');
		this.location = response.headers.get('location');
	}
	// The stable code of a JSON answer's error.
	get code() {
		return JSON.parse(this.text).error.code;
	}
	get title() {
		return pageTitle(this.text);
	}
	get words() {
		return pageText(this.text);
	}
}

export class Client {
	constructor(stack) {
		this.url = stack.url;
		this.demo = stack.demo;
		this.cookies = new Map();
	}

	// One request; redirects are not followed. `json` asks for a JSON answer.
	async request(method, where, { body, headers = {}, json = false, signal } = {}) {
		const response = await fetch(new URL(where, this.url), {
			method, body, signal, redirect: 'manual',
			headers: {
				...(this.cookies.size > 0 && {
					cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
				}),
				accept: json ? 'application/json' : 'text/html',
				'accept-language': 'en',
				...headers,
			},
		});
		// Node.js 18 of Debian joins the lines with commas.
		const lines = response.headers.getSetCookie?.()
			?? (response.headers.get('set-cookie') ?? '').split(/, (?=[\w-]+=)/).filter(Boolean);
		for (const line of lines) {
			const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
			if (value === '' || /max-age=0|expires=thu, 01 jan 1970/i.test(line))
				this.cookies.delete(name);
			else
				this.cookies.set(name, value);
		}
		return new Answer(response, Buffer.from(await response.arrayBuffer()));
	}
	get(where, options) {
		return this.request('GET', where, options);
	}
	// fields: an object, or pairs where a name comes more than once.
	post(where, fields, options = {}) {
		const pairs = Array.isArray(fields) ? fields : Object.entries(fields);
		return this.request('POST', where, { ...options, body: new URLSearchParams(pairs) });
	}

	// The form of a page that goes to `action` (the page's own address when the form does not say).
	async form(where, action = where) {
		const page = await this.get(where);
		const form = pageForms(page.text).find((f) => (f.action ?? where) === action && f.method === 'post');
		if (form === undefined)
			throw new Error(`${where} (${page.status}, ${page.location ?? page.title}) has no form for ${action}`);
		return form;
	}
	// Open a page, fill in its form, send it.
	async submit(where, fields = {}, { action = where, ...options } = {}) {
		const form = await this.form(where, action);
		return this.post(action, [...form.hidden, ...Object.entries(fields)], options);
	}

	async signIn(login = this.demo.CUSTOMER_LOGIN, password = this.demo.CUSTOMER_PASSWORD) {
		const answer = await this.submit('/sign-in', { login, password });
		if (answer.status !== 303)
			throw new Error(`sign-in: ${answer.status} ${answer.title}`);
		return this;
	}
}
