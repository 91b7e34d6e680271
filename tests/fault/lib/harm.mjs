// harm.mjs - what can befall a running stack: processes killed and stopped, the disk full below the database, mail, DNS
// and partners' receivers that misbehave. Each harm lasts a while and is healed; what is drawn comes from the seed.
import fs from 'node:fs';
import path from 'node:path';
import { sleep, Stack } from '../../lib/stack.mjs';

export class Harm {
	constructor({ stack, chance, disk, smtp, receiver, log = () => {} }) {
		Object.assign(this, { stack, chance, disk, smtp, receiver, log });
		this.kills = {};
		this.others = {};
		this.stopped = new Set(); // processes under SIGSTOP
		this.run = fs.existsSync(path.join(stack.dir, 'run.path'))
			? fs.readFileSync(path.join(stack.dir, 'run.path'), 'utf8').trim() : path.join(stack.dir, 'run');
	}
	get killed() {
		return Object.values(this.kills).reduce((sum, n) => sum + n, 0);
	}

	// A service's process, or one of its children; 0 when it is just not there.
	pid(service) {
		try {
			return Number(fs.readFileSync(path.join(this.run, `${service}.pid`), 'utf8').split(' ')[0]);
		} catch {
			return 0;
		}
	}
	victim(who) {
		if (who !== 'worker' && who !== 'nginx-worker')
			return this.pid(who);
		const children = Stack.workersOf(this.pid(who === 'worker' ? 'web' : 'nginx'));
		return children.length > 0 ? this.chance.one(children) : 0;
	}
	signal(pid, name) {
		try {
			return pid > 1 && process.kill(pid, name);
		} catch {
			return false; // it has gone by itself
		}
	}

	kill(who) {
		const pid = this.victim(who);
		if (!this.signal(pid, 'SIGKILL'))
			return;
		this.kills[who] = (this.kills[who] ?? 0) + 1;
		this.log(`killed ${who} ${pid}`);
	}
	async stop(who, seconds) {
		const pid = this.victim(who);
		if (!this.signal(pid, 'SIGSTOP'))
			return;
		this.stopped.add(pid);
		this.count(`${who} stopped`);
		this.log(`stopped ${who} ${pid} for ${seconds.toFixed(1)} s`);
		await sleep(seconds * 1000);
		this.signal(pid, 'SIGCONT');
		this.stopped.delete(pid);
	}
	count(what) {
		this.others[what] = (this.others[what] ?? 0) + 1;
	}
	async mood(gate, name, mood, seconds) {
		gate.mood = mood;
		this.count(`${name} ${mood}`);
		this.log(`${name} ${mood} for ${seconds.toFixed(1)} s`);
		await sleep(seconds * 1000);
		gate.mood = 'good';
	}

	// Leave the database no room for a while.
	async fill(seconds) {
		if (this.filling)
			return;
		this.filling = true;
		this.count('disk full');
		this.log(`disk full for ${seconds.toFixed(1)} s`);
		await this.disk.fill();
		await sleep(seconds * 1000);
		this.disk.empty();
		this.filling = false;
	}

	// One harm by chance; it is over when the promise is.
	async next() {
		const { chance } = this;
		const long = chance.between(1, 5);
		const harms = [
			[12, () => this.kill('worker')], [4, () => this.kill('web')], [8, () => this.kill('mailer')],
			[8, () => this.kill('signer')], [6, () => this.kill('callback')], [4, () => this.kill('nginx')],
			[4, () => this.kill('nginx-worker')], [7, () => this.kill('mariadb')],
			[2, () => this.kill('dns')], [2, () => this.kill('sink')], [2, () => this.kill('room')],
			...['worker', 'signer', 'mailer', 'mariadb', 'nginx-worker', 'callback', 'dns']
				.map((who) => [1, () => this.stop(who, long)]),
			...['refuse', 'busy', 'slow', 'cut'].map((mood) => [1, () => this.mood(this.smtp, 'SMTP', mood, long)]),
			[1, () => this.mood(this.receiver, 'callbacks', 'refuse', long)],
			...(this.disk ? [[2, () => this.fill(long)]] : []),
		];
		return chance.weighted(harms)();
	}

	// Harm until told to end: one after the other, with pauses of so many seconds on average.
	async go(pause, ended) {
		const { chance } = this;
		const under = new Set();
		while (!ended()) {
			const one = this.next().catch((error) => this.log(`harm failed: ${error.message}`)).finally(() => under.delete(one));
			under.add(one);
			await sleep(pause * 1000 * chance.between(0.5, 1.5));
		}
		await Promise.all(under);
		for (const pid of this.stopped)
			this.signal(pid, 'SIGCONT');
		this.disk?.empty();
	}
}
