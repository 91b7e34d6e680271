// prometheus.mjs - Prometheus' text format (version 0.0.4), read strictly: what a scraper forgives is an error here.
import assert from 'node:assert/strict';

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;

function labelsOf(text, line) {
	const labels = {};
	LABEL.lastIndex = 0;
	while (LABEL.lastIndex < text.length) {
		const found = LABEL.exec(text);
		assert.ok(found, `labels: ${line}`);
		assert.ok(!(found[1] in labels), `a label twice: ${line}`);
		labels[found[1]] = found[2];
		if (found[3] === '')
			break;
		assert.ok(LABEL.lastIndex < text.length, `a comma at the end: ${line}`);
	}
	return labels;
}

// The samples of a histogram belong to the name without its suffix.
function familyOf(name, families) {
	const base = name.replace(/_(bucket|sum|count)$/, '');
	return families.get(base)?.type === 'histogram' ? base : name;
}

function histogramCheck(family) {
	const series = new Map();
	for (const { name, labels, value } of family.samples) {
		const { le, ...rest } = labels;
		const key = JSON.stringify(rest);
		if (!series.has(key))
			series.set(key, { buckets: [] });
		if (name.endsWith('_bucket'))
			series.get(key).buckets.push([le === '+Inf' ? Infinity : Number(le), value]);
		else
			series.get(key)[name.endsWith('_sum') ? 'sum' : 'count'] = value;
	}
	for (const [key, { buckets, sum, count }] of series) {
		assert.ok(sum !== undefined && count !== undefined, `${family.name}${key}: sum and count`);
		assert.equal(buckets.at(-1)[0], Infinity, `${family.name}${key}: a bucket for all`);
		assert.equal(buckets.at(-1)[1], count, `${family.name}${key}: it counts all`);
		for (let i = 1; i < buckets.length; i++)
			assert.ok(buckets[i][0] > buckets[i - 1][0] && buckets[i][1] >= buckets[i - 1][1], `${family.name}${key}: buckets grow`);
	}
}

// Metrics by name, each { name, type, help, samples: [{ name, labels, value }] }. Throws at the first thing that is wrong.
export function parse(text) {
	const families = new Map(), seen = new Set();
	let current;
	assert.ok(text.endsWith('\n'), 'the last line has an end');
	for (const line of text.slice(0, -1).split('\n')) {
		const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
		if (comment) {
			const [, kind, name, rest] = comment;
			assert.match(name, NAME, line);
			if (kind === 'HELP') {
				assert.ok(!families.has(name), `told twice: ${line}`);
				families.set(name, current = { name, help: rest, samples: [] });
			} else {
				assert.equal(name, current?.name, `TYPE behind its HELP: ${line}`);
				assert.match(rest, /^(counter|gauge|histogram)$/, line);
				assert.equal(current.samples.length, 0, `TYPE before samples: ${line}`);
				current.type = rest;
				assert.equal(rest === 'counter', name.endsWith('_total'), `counters, and they alone, end with _total: ${line}`);
			}
			continue;
		}
		const sample = SAMPLE.exec(line);
		assert.ok(sample, `not a sample: ${line}`);
		const [, name, labels = '', number] = sample;
		assert.equal(familyOf(name, families), current?.name, `a sample stands under its own metric: ${line}`);
		const value = Number(number);
		assert.ok(Number.isFinite(value), `a number: ${line}`);
		assert.ok(value >= 0, `none of ours is below 0: ${line}`);
		const key = `${name}{${labels}}`;
		assert.ok(!seen.has(key), `a sample twice: ${line}`);
		seen.add(key);
		current.samples.push({ name, labels: labelsOf(labels, line), value });
	}
	for (const family of families.values()) {
		assert.ok(family.type, `${family.name} has a type`);
		if (family.type === 'histogram')
			histogramCheck(family);
	}
	return families;
}

// The value of the one sample with these labels, or undefined.
export function value(families, name, labels = {}) {
	const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
	return family?.samples.find((sample) => sample.name === name
		&& Object.entries(labels).every(([label, want]) => sample.labels[label] === want))?.value;
}
