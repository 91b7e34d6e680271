// mail.mjs - reading what the mail sink caught.
import fs from 'node:fs';
import path from 'node:path';
import PostalMime from 'postal-mime';
import { until } from './stack.mjs';

export async function readMail(file) {
	const raw = fs.readFileSync(file);
	const mail = await PostalMime.parse(raw);
	mail.raw = raw.toString('latin1');
	mail.recipients = [...mail.raw.split(/\r?\n\r?\n/, 1)[0].matchAll(/^Delivered-To: (.*?)\r?$/gm)].map((m) => m[1]);
	return mail;
}

// All mails for an address, the oldest first.
export async function mailsFor(stack, address) {
	const dir = path.join(stack.demo.MAIL_DIR, 'new');
	const mails = [];
	for (const name of fs.readdirSync(dir).sort()) {
		const mail = await readMail(path.join(dir, name));
		if (mail.recipients.includes(address))
			mails.push(mail);
	}
	return mails;
}

// Wait for mail number `count` (from 1) for an address.
export async function waitMail(stack, address, { count = 1, seconds = 20 } = {}) {
	const mails = await until(`mail ${count} for ${address}`, async () => {
		const found = await mailsFor(stack, address);
		return found.length >= count && found;
	}, seconds);
	return mails[count - 1];
}

// The link for the mailbox's holder in a verification mail.
export function verifyLink(stack, mail) {
	const links = [...mail.text.matchAll(/https?:\/\/\S+\/verify\/[\w-]+/g)].map((m) => m[0]);
	if (links.length !== 1 || !links[0].startsWith(`${stack.base ?? stack.url}/verify/`))
		throw new Error(`not one link of ours in the mail, but: ${links}`);
	return links[0];
}
