// resources.mjs - what the processes of a stack hold: memory and descriptors, from /proc, and how it changes.
import fs from 'node:fs';
import { Stack } from '../../lib/stack.mjs';

// kB of a process that are its own (not shared with others of the same program), and its open descriptors.
export function held(pid) {
	try {
		const smaps = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
		const kb = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(smaps)[1]);
		return { kb: kb('Private_Clean') + kb('Private_Dirty'), fds: fs.readdirSync(`/proc/${pid}/fd`).length };
	} catch {
		return null; // it has ended
	}
}

// One reading of all our programs; workers as their sum.
export function reading(pid) {
	const workers = Stack.workersOf(pid('web')).map(held).filter(Boolean);
	const now = { worker: { kb: workers.reduce((sum, one) => sum + one.kb, 0), fds: workers.reduce((sum, one) => sum + one.fds, 0) } };
	for (const service of ['signer', 'mailer', 'callback', 'mariadb', 'nginx'])
		now[service] = held(pid(service));
	return now;
}

export function readingText(now) {
	return Object.entries(now).filter(([, one]) => one).map(([name, one]) => `${name} ${one.kb} kB ${one.fds} fds`).join(', ');
}
