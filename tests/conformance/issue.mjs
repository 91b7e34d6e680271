// issue.mjs - issue the certificates that the judges look at: node issue.mjs DIR. A stack of its own, every order through
// the pages, or the form posts of a partner's program, mails and the signer, under an issuing CA of each kind of key. Leaves in DIR
// list.json, NAME.pem, NAME.key, and public/ with what nginx serves: CA certificates and CRLs.
import fs from 'node:fs';
import path from 'node:path';
import { domainToASCII } from 'node:url';
import PostalMime from 'postal-mime';
import { Stack, until } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';
import { openssl } from '../lib/openssl.mjs';
import { Curl } from '../lib/partner.mjs';
import { giveKey, giveMailbox, submitActivation, waitCertificate } from '../lib/steps.mjs';

const dir = process.argv[2];
// Names that linters take for public ones; the stack's own DNS answers for them.
const DOMAIN = 'example.com';
const PUBLIC_URL = 'http://pki.example.com';
const ISSUERS = [
	{ name: 'issuing-1', root: 'root-1' },
	{ name: 'issuing-p384', root: 'root-p384', key: 'p384' },
	{ name: 'issuing-rsa', root: 'root-rsa', key: 'rsa4096' },
];
const PRODUCTS = { 'smime-mailbox-365': 365, 'smime-mailbox-730': 730 };
const KEYS = ['rsa2048', 'rsa3072', 'rsa4096', 'p256', 'p384', 'p521'];

const label = (length) => 'abcdefghij'.repeat(7).slice(0, length);
// What the address is; what stands in the certificate when that differs from what was typed.
const SHAPES = {
	'plain': { typed: `joe.doe@${DOMAIN}` },
	'local-part-64': { typed: `${label(64)}@${DOMAIN}` },
	'total-64': { typed: `${label(64 - 1 - DOMAIN.length)}@${DOMAIN}` },
	'total-65': { typed: `${label(65 - 1 - DOMAIN.length)}@${DOMAIN}` },
	'total-128': { typed: `${label(64)}@${label(128 - 65 - 1 - DOMAIN.length)}.${DOMAIN}` },
	'total-129': { typed: `${label(63)}@${label(40)}.${label(129 - 64 - 41 - 1 - DOMAIN.length)}.${DOMAIN}` },
	'total-254': { typed: `${label(64)}@${label(63)}.${label(63)}.${label(254 - 65 - 128 - 1 - DOMAIN.length)}.${DOMAIN}` },
	'idn': { typed: `joe@Zażółć.${DOMAIN}`, canonical: `joe@${domainToASCII(`Zażółć.${DOMAIN}`)}` },
	'tag': { typed: `joe+tag=x@${DOMAIN}` },
	'upper-case': { typed: `Joe.DOE@${DOMAIN.toUpperCase()}`, canonical: `Joe.DOE@${DOMAIN}` },
	'apostrophe': { typed: `o'brien@${DOMAIN}` },
	'digits': { typed: `0123456789@1234.${DOMAIN}` },
	'specials': { typed: `!#$%&*/?^_\`{|}~-@${DOMAIN}` },
};

// Requests that ask for what no certificate of ours has: [subject, lines of the section of extensions, how many unknown
// attributes beside them].
const HUGE = 'x'.repeat(12000);
const HOSTILE = {
	'ca-true': ['/CN=CA', ['basicConstraints = critical, CA:TRUE, pathlen:9', 'keyUsage = critical, keyCertSign, cRLSign']],
	'foreign-subject': ['/C=US/O=Other Corporation/OU=IT/GN=Ann/SN=Other/CN=ann@other.example/emailAddress=ann@other.example', []],
	'foreign-san': ['/CN=x', ['subjectAltName = email:ceo@bank.example, DNS:bank.example, IP:192.0.2.1, URI:https://bank.example/, '
		+ 'otherName:1.3.6.1.4.1.311.20.2.3;UTF8:ceo@bank.example']],
	'server-auth': ['/CN=x', ['extendedKeyUsage = critical, serverAuth, codeSigning, timeStamping, anyExtendedKeyUsage']],
	'huge': ['/CN=x', [`2.5.29.99 = ASN1:UTF8:${HUGE}`, `nsComment = ${HUGE.slice(0, 2000)}`]],
	'key-usage': ['/CN=x', ['keyUsage = critical, nonRepudiation, dataEncipherment, keyAgreement, encipherOnly']],
	'policies-and-addresses': ['/CN=x', ['certificatePolicies = 2.23.140.1.5.4.3, 2.5.29.32.0',
		'crlDistributionPoints = URI:https://other.example/crl', 'authorityInfoAccess = OCSP;URI:https://other.example/',
		'subjectKeyIdentifier = DEADBEEF', 'nameConstraints = permitted;email:.']],
	'foreign-mailbox': ['/CN=ceo@bank.example/emailAddress=ceo@bank.example/serialNumber=1', ['subjectAltName = email:ceo@bank.example']],
	'other-name': ['/CN=x', ['subjectAltName = otherName:1.3.6.1.5.5.7.8.9;UTF8:ceo@bank.example']],
	'unknown-critical': ['/CN=x', ['1.2.3.4.5 = critical, ASN1:UTF8:x', '2.5.29.9 = ASN1:NULL', '2.5.29.36 = critical, ASN1:NULL']],
	'hundreds-of-attributes': ['/CN=x', [], 300],
	'all': ['/C=US/O=Other Corporation/CN=ceo@bank.example', ['basicConstraints = critical, CA:TRUE',
		'subjectAltName = email:ceo@bank.example, DNS:bank.example', 'extendedKeyUsage = serverAuth',
		'keyUsage = critical, keyCertSign, digitalSignature', 'certificatePolicies = 2.5.29.32.0']],
};

// What shall be issued: under which CA, for which product, address and key, with which request.
function plan() {
	const list = [];
	for (const issuer of ISSUERS) {
		const kind = issuer.key ?? 'p256';
		for (const product of Object.keys(PRODUCTS))
			for (const key of KEYS)
				list.push({ name: `${kind}-${PRODUCTS[product]}-${key}`, issuer, product, key, email: `${kind}.${PRODUCTS[product]}.${key}@${DOMAIN}` });
	}
	list.push({ name: 'p256-365-rsa8192', issuer: ISSUERS[0], product: 'smime-mailbox-365', key: 'rsa8192', email: `rsa8192@${DOMAIN}` });
	for (const [shape, { typed, canonical }] of Object.entries(SHAPES)) {
		list.push({ name: `shape-${shape}-p256`, issuer: ISSUERS[0], product: 'smime-mailbox-365', key: 'p256', email: typed, canonical });
		list.push({ name: `shape-${shape}-rsa2048`, issuer: ISSUERS[2], product: 'smime-mailbox-730', key: 'rsa2048', email: typed, canonical });
	}
	for (const key of ['p256', 'rsa2048']) {
		const base = { issuer: ISSUERS[0], product: 'smime-mailbox-365', key, email: `hostile.${key}@${DOMAIN}` };
		list.push({ ...base, name: `clean-${key}` });
		for (const how of Object.keys(HOSTILE))
			list.push({ ...base, name: `hostile-${how}-${key}`, hostile: how, likeAs: `clean-${key}` });
	}
	// A partner's program: every shape, every key, a clean and the hostile request.
	const posted = { issuer: ISSUERS[0], product: 'smime-mailbox-365', key: 'p256', partner: true };
	for (const [shape, { typed, canonical }] of Object.entries(SHAPES))
		list.push({ ...posted, name: `partner-shape-${shape}`, email: typed, canonical });
	for (const key of KEYS)
		list.push({ ...posted, name: `partner-${key}`, issuer: ISSUERS[1], product: 'smime-mailbox-730', key, email: `partner.${key}@${DOMAIN}` });
	list.push({ ...posted, name: 'partner-clean', email: `partner.hostile@${DOMAIN}` });
	for (const how of ['foreign-subject', 'foreign-san', 'hundreds-of-attributes', 'all'])
		list.push({ ...posted, name: `partner-hostile-${how}`, email: `partner.hostile@${DOMAIN}`, hostile: how, likeAs: 'partner-clean' });
	for (const item of list) {
		item.canonical ??= item.email;
		item.days = PRODUCTS[item.product];
	}
	return list;
}

const CURVES = { p256: 'P-256', p384: 'P-384', p521: 'P-521' };
function makeKey(file, kind) {
	const options = CURVES[kind] ? ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${CURVES[kind]}`]
		: ['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${kind.slice(3)}`];
	openssl(['genpkey', ...options, '-out', file]);
}

// The request of an item; a hostile one is of the very key of the clean one, so that all else can be compared.
function makeRequest(item) {
	const key = path.join(dir, `${item.name}.key`);
	if (item.likeAs)
		fs.copyFileSync(path.join(dir, `${item.likeAs}.key`), key);
	else
		makeKey(key, item.key);
	const [subject, extensions, attributes = 0] = HOSTILE[item.hostile] ?? ['/CN=x', []];
	const unknown = Array.from({ length: attributes }, (_, n) => `1.2.3.4.${n + 1} = ceo@bank.example`);
	const config = path.join(dir, 'request.cnf');
	fs.writeFileSync(config, ['[req]', 'distinguished_name = dn', 'attributes = attributes', 'prompt = no',
		...(extensions.length > 0 ? ['req_extensions = ext'] : []), '[dn]', 'CN = x', '[attributes]', ...unknown, '[ext]', ...extensions, ''].join('\n'));
	return openssl(['req', '-new', '-utf8', '-config', config, '-key', key, '-sha256',
		...(attributes > 0 ? [] : ['-subj', subject])]); // openssl leaves attributes away when -subj is there
}

// The links of the verification mails by order.
async function links(stack) {
	const found = {};
	const folder = path.join(stack.demo.MAIL_DIR, 'new');
	for (const name of fs.readdirSync(folder)) {
		const mail = await PostalMime.parse(fs.readFileSync(path.join(folder, name)));
		const link = /https?:\/\/\S+(\/verify\/[\w-]+)/.exec(mail.text);
		const order = /\b\d{10}\/\w{3}\b/.exec(mail.text);
		if (link && order)
			found[order[0]] = link[1];
	}
	return found;
}

const postedCertificate = (order) => until(`a certificate for ${order}`, async () => {
	const answer = await program.call(program.at(order, '/certificate.pem'));
	return answer.status === 200 && answer.text;
}, 60);

// Let one CA's items go through all steps.
async function issue(stack, customer, items) {
	for (const item of items.filter((one) => one.partner)) {
		const made = await program.call('/partner/orders', { product: item.product, partner_ref: item.name, email: item.email });
		if (made.status !== 201)
			throw new Error(`${item.name}: ${made.status} ${made.text}`);
		item.order = made.json.order;
	}
	for (const product of Object.keys(PRODUCTS)) {
		const its = items.filter((item) => item.product === product && !item.partner);
		if (its.length === 0)
			continue;
		const orders = (await stack.ctl('order', 'add', '--account', 'demo', '--product', product, '--count', String(its.length)))
			.trim().split('\n');
		its.forEach((item, n) => { item.order = orders[n].split('\t')[0]; });
	}
	for (const item of items.filter((one) => !one.partner))
		await giveMailbox(customer, item.order, item.email);
	let known = {};
	await until('a mail for every order', async () => {
		known = await links(stack);
		return items.every((item) => known[item.order]);
	}, 60);
	for (const item of items) {
		const answer = await new Client(stack).submit(known[item.order], { control: 'yes' });
		if (![200, 303].includes(answer.status))
			throw new Error(`${item.name}: ${answer.status} ${answer.title}`);
		if (item.partner) {
			const sent = await program.call(program.at(item.order, '/activate'), { csr: item.request, accept_terms: 'yes', accept_data: 'yes' });
			if (sent.status !== 200)
				throw new Error(`${item.name}: ${sent.status} ${sent.text}`);
			continue;
		}
		try {
			await giveKey(customer, item.order, item.request);
			await submitActivation(customer, item.order);
		} catch (error) {
			throw new Error(`${item.name}: ${error.message}`);
		}
	}
	for (const item of items) {
		fs.writeFileSync(path.join(dir, `${item.name}.pem`), await (item.partner ? postedCertificate(item.order) : waitCertificate(customer, item.order)));
		item.issuer = item.issuer.name;
		delete item.request;
	}
}

fs.rmSync(dir, { recursive: true, force: true });
fs.mkdirSync(dir, { recursive: true });
const list = plan();
// All keys first: making one of 8192 bits takes longer than a connection is kept open.
for (const item of list)
	item.request = makeRequest(item);
const stack = await Stack.start({
	name: 'conformance', orders: 1, workers: 2,
	settings: { 'Ca.PublicUrl': PUBLIC_URL, 'Signer.PollMs': 200, 'Mail.PollMs': 100 },
});
const customer = await new Client(stack).signIn();
const program = new Curl(stack);
const began = Date.now();
for (const issuer of ISSUERS) {
	if (issuer.key) {
		await stack.ctl('ca', 'init', '--name', issuer.name, '--root', issuer.root, '--key', issuer.key,
			'--common-name', `mailcert test issuing CA ${issuer.key}`, '--root-common-name', `mailcert test root CA ${issuer.key}`);
		await stack.tool('stop', 'signer');
		fs.appendFileSync(path.join(stack.dir, 'mailcert.hdf'), `Ca.Issuer = ${issuer.name}\n`);
		await stack.tool('start', 'signer');
	}
	await issue(stack, customer, list.filter((item) => item.issuer === issuer));
	// One is revoked, so that its CRL has an entry with a reason.
	const victim = list.find((item) => item.issuer === issuer.name);
	await customer.submit(`/certificates/${victim.order}/revoke`, { reason: 'superseded', confirm: 'yes' });
	victim.revoked = true;
	const crl = path.join(stack.dir, 'public/crl', `${issuer.name}.crl`);
	await until('a CRL with an entry', () => fs.existsSync(crl)
		&& /Serial Number/.test(openssl(['crl', '-inform', 'DER', '-in', crl, '-noout', '-text'])), 60);
}
fs.cpSync(path.join(stack.dir, 'public'), path.join(dir, 'public'), { recursive: true });
fs.rmSync(path.join(dir, 'request.cnf'), { force: true });
fs.writeFileSync(path.join(dir, 'list.json'), JSON.stringify({ publicUrl: PUBLIC_URL, issuers: ISSUERS, list }, null, 1));
console.log(`# issued ${list.length} certificates in ${((Date.now() - began) / 1000).toFixed(0)} s`);
