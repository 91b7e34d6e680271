// orders.mjs - many orders at once that wait for the signer, or for their Summary: rows as the steps before leave them, each
// with a P-256 request of its own. The signer judges them as it judges any.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { ROOT } from '../lib/stack.mjs';

const der = (tag, ...parts) => {
	const content = Buffer.concat(parts);
	const n = content.length;
	const head = n < 128 ? [tag, n] : n < 256 ? [tag, 0x81, n] : [tag, 0x82, n >> 8, n & 255];
	return Buffer.concat([Buffer.from(head), content]);
};
const ECDSA_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex'), RSA_SHA256 = Buffer.from('300d06092a864886f70d01010b0500', 'hex');

// A fresh certificate signing request (RFC 2986) with an empty subject: { der, pem, spki }.
export function requestMake(kind = 'p256') {
	const { privateKey, publicKey } = kind === 'p256' ? crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' })
		: crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
	const spki = publicKey.export({ type: 'spki', format: 'der' });
	const info = der(0x30, Buffer.from([2, 1, 0]), der(0x30), spki, der(0xa0));
	const signature = crypto.sign('sha256', info, privateKey);
	const whole = der(0x30, info, kind === 'p256' ? ECDSA_SHA256 : RSA_SHA256, der(3, Buffer.from([0]), signature));
	const base64 = whole.toString('base64').replace(/(.{64})/g, '$1\n').trimEnd();
	return { der: whole, spki, pem: `-----BEGIN CERTIFICATE REQUEST-----\n${base64}\n-----END CERTIFICATE REQUEST-----\n` };
}

// Run SQL as the database's root, from a file of any size.
export function sqlRun(stack, text) {
	return execFileSync(path.join(ROOT, 'tools/stack'), ['sql', '-BN', stack.demo.DB_NAME], { env: stack.env, input: text, encoding: 'utf8', maxBuffer: 1 << 28 });
}

const hex = (bytes) => `X'${bytes.toString('hex')}'`;
let next = Number(process.env.BENCH_FIRST ?? 6000000000);

// Insert n orders of the demo customer whose mailbox is verified and whose request is handed in. submitted: the Summary was
// confirmed too, and the signer may take them. Gives their numbers, "6000000000/b01", with the request's octets.
export function ordersMake(stack, n, { submitted = true, domain = 'mailbox.example' } = {}) {
	const made = Array.from({ length: n }, () => ({ number: String(next++), request: requestMake() }));
	const rows = (columns) => made.map((o) => `(${columns(o, `bench-${o.number}@${domain}`).join(', ')})`).join(',\n');
	const now = 'UTC_TIMESTAMP()', mailbox = (o) => `${o.number}`;
	const file = path.join(stack.dir, 'orders.sql');
	fs.writeFileSync(file, `SET time_zone = '+00:00', SESSION foreign_key_checks = 0; START TRANSACTION;
SET @account = (SELECT id FROM account WHERE login = '${stack.demo.CUSTOMER_LOGIN}');
INSERT INTO mailbox (id, order_id, email, initiated_at, confirmed_at, fresh_until) VALUES
${rows((o, email) => [mailbox(o), o.number, `'${email}'`, now, now, `${now} + INTERVAL 30 DAY`])};
INSERT INTO orders (id, number, item, account_id, product, customer_name, language, mailbox_id, email, mailbox_status, activation_status) VALUES
${rows((o, email) => [o.number, `'${o.number}'`, "'b01'", '@account', `'${stack.demo.PRODUCT}'`, "'Joe Doe'", "'en'", mailbox(o), `'${email}'`,
		"'verified'", submitted ? "'waiting_for_verification'" : "'waiting_for_data'"])};
INSERT INTO activation (order_id, fields, method, csr, spki_sha256, key_type, key_bits${submitted ? ', terms_version, accepted_terms_at, accepted_data_at, submitted_at, submitted_by' : ''}) VALUES
${rows((o) => [o.number, "'emailAddress,commonName'", "'csr'", hex(o.request.der), hex(crypto.createHash('sha256').update(o.request.spki).digest()), "'P-256'", '256',
		...(submitted ? ["'1'", now, now, now, "'customer'"] : [])])};
${submitted ? `INSERT INTO issuance (order_id, queued_at, next_at) VALUES\n${rows((o) => [o.number, now, now])};` : ''}
COMMIT;
`);
	sqlRun(stack, `SOURCE ${file};`);
	fs.rmSync(file);
	return made.map((o) => ({ order: `${o.number}/b01`, request: o.request }));
}
