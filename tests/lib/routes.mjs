// routes.mjs - the worker's table of addresses, as it stands in cgi/route.c: what walks it misses no new address.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from './stack.mjs';

// Every route: { method, path, flags }, in the order of the table.
export function routes() {
	const text = fs.readFileSync(path.join(ROOT, 'cgi/route.c'), 'utf8');
	const table = /const struct route routes\[\] = \{(.*?)\n\};/s.exec(text)[1];
	const found = [...table.matchAll(/\{HTTP_(\w+), "([^"]+)", \w+,\s*([^}]*)\}/g)]
		.map(([, method, address, flags]) => ({ method, path: address, flags: flags.split('|').map((flag) => flag.trim()) }));
	if (found.length < 40 || found.length !== [...table.matchAll(/HTTP_/g)].length)
		throw new Error(`only ${found.length} routes of cgi/route.c were understood`);
	return found;
}

// Names of the fields that the worker reads anywhere.
export function fieldNames() {
	const dir = path.join(ROOT, 'cgi');
	const names = new Set();
	for (const file of fs.readdirSync(dir).filter((name) => name.endsWith('.c'))) {
		const text = fs.readFileSync(path.join(dir, file), 'utf8');
		for (const [, name] of text.matchAll(/\b(?:form_text|form_find|optional|req_filter)\([^"()]*(?:\([^()]*\))?[^"()]*"(\w+)"/g))
			names.add(name);
		for (const [, name] of text.matchAll(/fields\[\w+\]\.name, "(\w+)"/g))
			names.add(name);
		for (const [, list] of text.matchAll(/partner_order_fields\[\] = \{(.*?)\n\};/gs))
			for (const [, name] of list.matchAll(/\{"(\w+)"/g))
				names.add(name);
	}
	return names;
}
