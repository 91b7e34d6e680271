/* store.js - key files kept in this browser (IndexedDB), so that their owner need not look for the file.
 *
 * What is kept is the encrypted file and nothing that opens it: a script that reads the store, or a person with the
 * disk, holds what the file's finder would hold. A record: { id, order, email, kind, made, saved, file, pem, csr };
 * id is the key's fingerprint.
 */

const NAME = "mailcert-keys";
const KEYS = "keys";

function settle(request) {
	return new Promise((resolve, reject) => {
		request.onsuccess = () => resolve(request.result);
		request.onerror = () => reject(request.error);
	});
}

function openStore() {
	const request = indexedDB.open(NAME, 1);
	request.onupgradeneeded = () => request.result.createObjectStore(KEYS, { keyPath: "id" });
	return settle(request);
}

async function within(mode, act) {
	const store = await openStore();
	try {
		return await settle(act(store.transaction(KEYS, mode).objectStore(KEYS)));
	} finally {
		store.close();
	}
}

/** Keep a record, in place of one with the same id. */
export function keepKey(record) {
	return within("readwrite", (keys) => keys.put(record));
}

/** Forget a key. */
export function dropKey(id) {
	return within("readwrite", (keys) => keys.delete(id));
}

/** All records, the newest first; none where the browser keeps nothing (a private window may). */
export async function keptKeys() {
	try {
		const records = await within("readonly", (keys) => keys.getAll());
		return records.sort((a, b) => (a.made < b.made ? 1 : -1));
	} catch {
		return [];
	}
}
