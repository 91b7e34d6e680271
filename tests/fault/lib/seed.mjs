// seed.mjs - chance that can be repeated: a small generator (mulberry32) from a number.
export function seeded(seed) {
	let state = seed >>> 0;
	const next = () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let t = state;
		t = Math.imul(t ^ (t >>> 15), t | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
	return {
		next,
		between: (least, most) => least + next() * (most - least),
		one: (list) => list[Math.floor(next() * list.length)],
		// One of [[weight, thing], …].
		weighted: (list) => {
			let left = next() * list.reduce((sum, [weight]) => sum + weight, 0);
			return (list.find(([weight]) => (left -= weight) < 0) ?? list.at(-1))[1];
		},
		chance: (part) => next() < part,
	};
}
