// chaos.mjs - people use the service while it is harmed; then it comes to rest, and the books are held against what
// people were told. Used by tests/fault/chaos.mjs (short) and tests/fault/soak.mjs (long).
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '../../lib/client.mjs';
import { scratch } from '../../lib/openssl.mjs';
import { sleep, Stack, until } from '../../lib/stack.mjs';
import { SmallDisk } from './disk.mjs';
import { Receiver, SmtpGate } from './gates.mjs';
import { Harm } from './harm.mjs';
import { reading, readingText } from './resources.mjs';
import { Experience, Journal, People, Post } from './people.mjs';
import { seeded } from './seed.mjs';

const BOOKS = fileURLToPath(new URL('books.py', import.meta.url));

// A stack for harm: its mail goes through a gate, its database may have a disk of its own.
export async function chaosStack({ name, orders, workers, settings = {}, env = {}, megabytes = 0 }) {
	const dir = scratch();
	const journal = new Journal(path.join(dir, 'journal'));
	const smtp = await new SmtpGate().start();
	const receiver = await new Receiver(dir, journal).start();
	const disk = megabytes ? SmallDisk.mount(dir, megabytes) : undefined;
	const stack = await Stack.start({
		name, orders, workers, env: { SINK_KEEP: '1000000', ...env, ROOM_EVERY: '0.2', ...(disk && { DB_DIR: disk.data }) },
		settings: {
			'Mail.Host': `127.0.0.1:${smtp.port}`, 'Mail.PollMs': 100, 'Mail.Timeout': 3, 'Mail.DataTimeout': 3, 'Mail.PauseFirst': 1, 'Signer.PollMs': 300, 'Dns.Timeout': 3,
			'Callback.PollMs': 100, 'Callback.PauseLeast': 1, 'Callback.PauseMost': 2, 'Callback.CaFile': receiver.ca,
			'Callback.Timeout': 3, ...settings,
		},
	});
	smtp.target = Number(/^MAIL_PORT=(\d+)$/m.exec(fs.readFileSync(path.join(stack.dir, 'state'), 'utf8'))[1]);
	const partner = await new Client(stack).signIn(stack.demo.PARTNER_LOGIN, stack.demo.PARTNER_PASSWORD);
	const registered = await partner.submit('/partner/callbacks', { url: receiver.url });
	receiver.secret = /<code>(mcs_[\w-]+)<\/code>/.exec(registered.text)[1];
	await stack.sql('UPDATE partner SET rate = 10000, burst = 10000');
	return {
		stack, journal, smtp, receiver, disk,
		stop: () => {
			const reports = stack.stopNow();
			smtp.stop();
			receiver.stop();
			disk?.unmount();
			return reports;
		},
	};
}

// Lanes of people until `ended`: each does one journey after the other. Gives how many failed and why.
export async function peopleGo({ people, lanes, ended }) {
	const failed = [];
	async function lane(k) {
		let client;
		for (let turn = 0; !ended(); turn++) {
			try {
				if (k % 4 === 3) {
					await people.partner(people.client());
					continue;
				}
				client = turn % 20 === 0 || client === undefined ? await people.customerSignIn() : client;
				await people.customer(client, people.stack.takeOrder());
			} catch (error) {
				failed.push(error.message);
				client = undefined;
			}
		}
	}
	await Promise.all(Array.from({ length: lanes }, (_, k) => lane(k)));
	return failed;
}

// Wait until nothing waits any more. What has a long pause before its next try is asked for at once, as an admin would.
export async function rest(stack, seconds = 120) {
	let left;
	await until('rest', async () => {
		try {
			await stack.ctl('queue', 'retry', 'outbox', '--failed');
			await stack.ctl('queue', 'retry', 'issuance');
			left = (await stack.sql(`SELECT (SELECT COUNT(*) FROM outbox WHERE state = 'waiting'),
				(SELECT COUNT(*) FROM issuance WHERE state = 'waiting'), (SELECT COUNT(*) FROM callback WHERE state = 'waiting'),
				(SELECT COUNT(*) FROM revocation WHERE listed_in IS NULL), (SELECT COUNT(*) FROM crl WHERE published_at IS NULL
				AND number = (SELECT MAX(number) FROM crl)),
				(SELECT COUNT(*) FROM audit a LEFT JOIN audit_chain c ON c.event_id = a.id WHERE c.seq IS NULL)`))[0].map(Number);
		} catch (error) {
			left = error.message;
			return false;
		}
		if (left.every((n) => n === 0))
			return true;
		await sleep(500);
		return false;
	}, seconds).catch((error) => {
		throw new Error(`${error.message}; left (mails, issuances, callbacks, revocations, CRLs, events): ${left}`);
	});
}

// The auditor from outside; gives { figures, violations }.
export function audit(stack, journal) {
	const done = spawnSync('/usr/bin/python3', [BOOKS, '--var', stack.dir, ...(journal ? ['--journal', journal.file] : [])],
		{ encoding: 'utf8', maxBuffer: 1 << 28 });
	const lines = done.stdout.trim().split('\n');
	if (done.status === null || !lines[0].startsWith('{') || done.status > 1)
		throw new Error(`the auditor failed: ${done.stderr}`);
	return { figures: JSON.parse(lines[0]), violations: lines.slice(1) };
}

// All of it. ended(progress) says when people go home; harm stops with them.
export async function chaos({ name, seed, orders, workers = 4, lanes, pause, megabytes, ended, harmless = false, log = () => {}, tell = () => {} }) {
	const place = await chaosStack({ name, orders, workers, megabytes });
	const { stack, journal, smtp, receiver, disk } = place;
	const experience = new Experience();
	const post = new Post(stack);
	const people = new People({ stack, chance: seeded(seed), journal, experience, post, callback: receiver.url });
	const harm = new Harm({ stack, chance: seeded(seed + 1), disk, smtp, receiver, log });
	const began = Date.now();
	const progress = () => ({
		seconds: Math.round((Date.now() - began) / 1000), journeys: people.done.customer + people.done.partner, kills: harm.killed,
	});
	const over = () => ended(progress()) || stack.orders.length === 0;
	const curve = [];
	const teller = setInterval(() => {
		const now = reading((service) => harm.pid(service));
		curve.push({ seconds: progress().seconds, ...now });
		tell({ ...progress(), resources: readingText(now) });
	}, 10000);
	try {
		let home = false;
		const harmed = harm.go(pause, () => home || harmless);
		const failed = await peopleGo({ people, lanes, ended: over });
		home = true;
		await harmed;
		await rest(stack);
		const books = audit(stack, journal);
		return {
			...place, failed, books, seed, disk, load: os.loadavg()[0],
			figures: {
				seed, ...progress(), customers: people.done.customer, partners: people.done.partner, kills: harm.killed, killed: harm.kills,
				other_harm: harm.others, requests: experience.requests, longest_request: experience.longest,
				longest_until_answered: experience.longestAnswer, errors: experience.errors, throttled: experience.throttled,
				books: books.figures, violations: books.violations.length,
			},
			experience, forged: receiver.forged, curve,
		};
	} catch (error) {
		place.stop();
		throw error;
	} finally {
		clearInterval(teller);
		post.close();
	}
}
