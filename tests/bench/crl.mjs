// crl.mjs - time and memory of the CRL with many entries: from the signer's start until the list is published, and the most
// it had resident meanwhile. BENCH_CRL="10000 100000 1000000" chooses; the last of them takes a minute to load.
import fs from 'node:fs';
import path from 'node:path';
import { until } from '../lib/stack.mjs';
import { figure, memoryOf, picture, stackStart } from './lib.mjs';
import { sqlRun } from './orders.mjs';

const SIZES = (process.env.BENCH_CRL ?? '10000 100000 1000000').split(' ').map(Number);

// Fill up to so many revocations, with serials of the form the signer makes.
function revoke(stack, from, to) {
	sqlRun(stack, `SET time_zone = '+00:00', SESSION foreign_key_checks = 0, unique_checks = 0;
SET @issuer = (SELECT id FROM issuer WHERE kind = 'issuing' LIMIT 1), @order = (SELECT MIN(id) FROM orders);
START TRANSACTION;
INSERT INTO serial (issuer_id, serial, order_id, tbs_sha256, reserved_at, state)
SELECT @issuer, UNHEX(CONCAT('4D', LEFT(SHA2(seq, 256), 30))), @order, UNHEX(SHA2(seq, 256)), UTC_TIMESTAMP(), 'issued'
FROM seq_1_to_10000000 WHERE seq > ${from} AND seq <= ${to};
INSERT INTO revocation (issuer_id, serial, revoked_at, reason, not_after, requested_by)
SELECT @issuer, UNHEX(CONCAT('4D', LEFT(SHA2(seq, 256), 30))), UTC_TIMESTAMP(), ELT(1 + seq % 4, 1, 3, 4, 5), UTC_TIMESTAMP() + INTERVAL 1 YEAR, 'admin'
FROM seq_1_to_10000000 WHERE seq > ${from} AND seq <= ${to};
COMMIT;`);
}

export default async function crl() {
	const stack = await stackStart();
	const drawn = { 'seconds': [], 'MiB': [] };
	let had = 0;
	for (const size of SIZES) {
		await stack.tool('stop', 'signer');
		revoke(stack, had, size);
		had = size;
		const began = performance.now();
		await stack.tool('start', 'signer');
		await until(`a CRL with ${size} entries`, () =>
			Number(sqlRun(stack, 'SELECT COALESCE(MAX(entries), 0) FROM crl WHERE published_at IS NOT NULL;')) >= size, 120);
		const seconds = (performance.now() - began) / 1000, memory = memoryOf(await stack.pid('signer'), 'VmHWM');
		const file = fs.readdirSync(path.join(stack.dir, 'public'), { recursive: true }).find((name) => name.endsWith('.crl'));
		figure(`${size} entries: from the signer's start to the published CRL`, seconds, 's');
		figure(`${size} entries: most resident memory of the signer`, memory, 'MiB');
		figure(`${size} entries: size of the CRL`, fs.statSync(path.join(stack.dir, 'public', file)).size / (1 << 20), 'MiB');
		drawn.seconds.push([size, seconds]);
		drawn.MiB.push([size, memory]);
	}
	picture('crl.svg', { title: 'A CRL: seconds to publish it, memory of the signer', x: 'entries', y: 'seconds, MiB', series: drawn, log: true });
	stack.stopNow();
}
