// run.mjs - the bench: make bench, or some parts of it: make bench PARTS="page crl". About five minutes on a quiet machine
// of two cores; BENCH_ROUNDS and BENCH_SECONDS change that. What the figures mean stands in README.md beside this file.
import { parts, say } from './lib.mjs';

const all = {
	page: () => import('./page.mjs'),
	csr: () => import('./csr.mjs'),
	issuance: () => import('./issuance.mjs'),
	journey: () => import('./journey.mjs'),
	crl: () => import('./crl.mjs'),
	start: () => import('./start.mjs'),
	scale: () => import('./scale.mjs'),
	overload: () => import('./overload.mjs'),
	growth: () => import('./growth.mjs'),
};
const asked = (process.env.PARTS ?? '').split(/\s+/).filter(Boolean);
const unknown = asked.filter((name) => all[name] === undefined);
if (unknown.length > 0) {
	say(`bench: no part ${unknown.join(', ')}; there are: ${Object.keys(all).join(' ')}`);
	process.exit(2);
}
// Growth fills large tables: make bench-large.
await parts(asked.length > 0 ? asked : Object.keys(all).filter((name) => name !== 'growth'), all);
process.exit(0);
