// asvs.mjs - asvs.md beside this file, held against what is there: each item of level 2 stands in it once, and the files and
// tests it names exist. What is asserted is the table, not the service; that is what the tests named do.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../lib/stack.mjs';

// How many items each part has, and those that are deleted or of level 3 alone.
const PARTS = { 2.1: 12, 2.2: 7, 2.3: 3, 2.4: 5, 2.5: 7, 2.6: 3, 2.7: 6, 2.8: 7, 2.9: 3, '2.10': 4, 3.1: 1, 3.2: 4, 3.3: 4, 3.4: 5, 3.5: 3, 3.7: 1, 4.1: 5,
	4.2: 2, 4.3: 3, 5.1: 5, 5.2: 8, 5.3: 10, 5.4: 3, 5.5: 4, 6.1: 3, 6.2: 8, 6.3: 3, 6.4: 2, 7.1: 4, 7.2: 2, 7.3: 4, 7.4: 3, 8.1: 6, 8.2: 3, 8.3: 8, 9.1: 3,
	9.2: 5, 10.2: 6, 10.3: 3, 11.1: 8, 12.1: 3, 12.2: 1, 12.3: 6, 12.4: 2, 12.5: 2, 12.6: 1, 13.1: 5, 13.2: 6, 13.3: 2, 13.4: 2, 14.1: 5, 14.2: 6, 14.3: 3,
	14.4: 7, 14.5: 4 };
const NOT_LEVEL_2 = ['2.2.4', '2.2.5', '2.2.6', '2.2.7', '4.1.4', '6.2.7', '6.2.8', '6.3.3', '7.3.2', '8.1.5', '8.1.6', '9.2.5', '10.2.3', '10.2.4', '10.2.5',
	'10.2.6', '13.1.2', '13.2.4', '14.1.5', '14.3.1'];
const wanted = Object.entries(PARTS).flatMap(([part, count]) => Array.from({ length: count }, (_, i) => `${part}.${i + 1}`))
	.filter((item) => !NOT_LEVEL_2.includes(item));

const text = fs.readFileSync(path.join(ROOT, 'tests/security/asvs.md'), 'utf8');
const sections = Object.fromEntries(text.split(/^## /m).slice(1).map((part) => [part.slice(0, part.indexOf('\n')), part.split('\n')
	.filter((line) => /^\| \d/.test(line)).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()))]));
const tested = ([item, how, tests]) => ({ item, how, tests: tests.split('; ').map((one) => /^`([^`]+)` (.+)$/.exec(one)?.slice(1) ?? [one]) });
const met = sections.Met.map(tested), partly = sections['Partly met, or not'].map(tested);

test('each item of level 2 in sections 2 to 14 stands in the table, once', () => {
	const there = [...met.map(({ item }) => item), ...partly.map(({ item }) => item), ...sections['Does not apply'].flatMap(([items]) => items.split(' '))];
	assert.deepEqual(there.filter((item, i) => there.indexOf(item) !== i), [], 'twice');
	assert.deepEqual(wanted.filter((item) => !there.includes(item)), [], 'missing');
	assert.deepEqual(there.filter((item) => !wanted.includes(item)), [], 'no such item of level 2');
	assert.equal(wanted.length, 221);
});

test('what does not apply or is not met says why, and each item that applies names a test', () => {
	for (const row of sections['Does not apply'])
		assert.ok(row.length === 2 && row[1].length > 3, row[0]);
	for (const { item, how, tests } of [...met, ...partly])
		assert.ok(how.length >= 3 && tests.length > 0 && tests.every((one) => one.length === 2), `${item}: ${JSON.stringify(tests)}`);
});

for (const file of [...new Set([...met, ...partly].flatMap(({ tests }) => tests.map(([name]) => name)))])
	test(`the tests named of ${file} are there`, () => {
		const where = path.join(ROOT, 'tests', file.includes('/') ? file : `security/${file}`);
		assert.ok(fs.existsSync(where), where);
		const source = fs.readFileSync(where, 'utf8').replace(/\\'/g, "'");
		for (const { item, tests } of [...met, ...partly])
			for (const [name, part] of tests)
				if (name === file)
					assert.ok(source.includes(part), `${item}: ${file} has no "${part}"`);
	});
