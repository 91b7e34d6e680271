// disk.mjs - a file system of its own below the database, small enough to be filled up.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { sleep } from '../../lib/stack.mjs';

const MIB = 1048576;
const STEP = 8; // mebibytes that are written at a time while the last room goes, every tenth of a second

export class SmallDisk {
	// One of so many mebibytes in a folder; undefined where we may not mount one.
	static mount(dir, megabytes) {
		const at = path.join(dir, 'disk');
		fs.mkdirSync(at);
		if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'mailcert-test', at]).status !== 0) {
			fs.rmdirSync(at);
			return undefined;
		}
		fs.mkdirSync(path.join(at, 'data'));
		return new SmallDisk(at);
	}
	constructor(at) {
		this.path = at;
		this.data = path.join(at, 'data'); // for the database
		this.junk = path.join(at, 'junk');
		this.unmount = () => spawnSync('umount', ['-l', at]);
		process.on('exit', this.unmount);
	}
	get left() {
		const { bavail, bsize } = fs.statfsSync(this.path);
		return Math.floor(bavail * bsize / MIB);
	}
	grow(megabytes) {
		const had = fs.existsSync(this.junk) ? fs.statSync(this.junk).size : 0;
		return spawnSync('fallocate', ['-l', String(had + megabytes * MIB), this.junk]).status === 0;
	}
	// Somebody writes and writes, at 80 MiB a second when it gets tight, until there is no room at all.
	async fill() {
		this.grow(Math.max(0, this.left - 160));
		while (this.grow(STEP))
			await sleep(100);
		const rest = fs.openSync(this.junk, 'a');
		try {
			for (const pages = Buffer.alloc(65536); ;)
				fs.writeSync(rest, pages);
		} catch (error) {
			if (error.code !== 'ENOSPC')
				throw error;
		} finally {
			fs.closeSync(rest);
		}
	}
	empty() {
		fs.rmSync(this.junk, { force: true });
	}
}
