// chaos.mjs - the short form of the chaos test (long: make soak): customers and partners use the service while its
// processes are killed and stopped, its disk is full and what it needs misbehaves. Nothing they were told is lost.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chaos } from './lib/chaos.mjs';

const SEED = 7;
const SECONDS = 15;

let run;
before(async () => {
	run = await chaos({
		name: 'chaos', seed: SEED, orders: 400, workers: 3, lanes: 8, pause: 0.5, megabytes: 700,
		ended: ({ seconds }) => seconds >= SECONDS,
	});
	console.log(`# ${JSON.stringify(run.figures)}`);
	if (run.disk === undefined)
		console.log('# the disk was not filled: mounting a small one needs root');
});
after(() => run?.stop());

test('journeys were made, and harm was done', () => {
	assert.ok(run.figures.journeys >= 5, `${run.figures.journeys} journeys`);
	assert.ok(run.figures.kills >= 5, `${run.figures.kills} kills`);
	assert.deepEqual(run.failed, []);
});
test('the books hold all that people were told, and balance', () => assert.deepEqual(run.books.violations, []));
test('whoever could not be served was asked to come back: 503 with Retry-After and nothing else', () =>
	assert.deepEqual(run.experience.wrong, []));
test('callbacks are signed', () => assert.equal(run.forged, 0));
test('no sanitizer complained', () => assert.deepEqual(run.stop(), []));
