// journey.mjs - whole journeys: address, verification mail through SMTP, the holder's yes, four activation steps, certificate,
// its mail, the PEM. Beside the sum of its floors: requests times an empty one, commits times a commit, one signature, two
// mails into the same sink.
import { Client } from '../lib/client.mjs';
import { at, giveKey, giveMailbox, submitActivation } from '../lib/steps.mjs';
import { sleep } from '../lib/stack.mjs';
import { commits, cookieOf, cpuOf, emptyStart, figure, load, minus, opensslSpeed, say, stackStart } from './lib.mjs';
import { requestMake, sqlRun } from './orders.mjs';
import { sinkStart, verifyPath } from './sink.mjs';

const JOURNEYS = Number(process.env.BENCH_JOURNEYS ?? 60), AT_ONCE = 8;

async function journey(stack, sink, customer, order, email) {
	await giveMailbox(customer, order, email);
	const holder = new Client(stack);
	await holder.submit(verifyPath(await sink.next(email)), { control: 'yes' });
	await giveKey(customer, order, requestMake().pem);
	await submitActivation(customer, order);
	// The certificate's mail goes to the mailbox; it says that the certificate is there.
	await sink.next(email);
	const answer = await customer.get(at(order, '/certificate.pem'));
	if (answer.status !== 200)
		throw new Error(`${order}: no certificate behind its mail`);
}
// What a mail costs that is only handed over, both ends of the dialogue, in milliseconds of CPU.
async function mailCost(sink, n = 200) {
	const began = process.cpuUsage();
	for (let i = 0; i < n; i++)
		await sink.send('floor@mailbox.example', `Subject: floor\r\n\r\n${'x'.repeat(70)}\r\n`.repeat(60));
	const { user, system } = process.cpuUsage(began);
	return (user + system) / 1000 / n;
}

const commitsOf = (stack) => Number(sqlRun(stack, "SHOW GLOBAL STATUS LIKE 'Com_commit';").split('\t')[1]);

export default async function journeys() {
	const sink = await sinkStart();
	const stack = await stackStart({ orders: JOURNEYS + AT_ONCE, settings: { 'Mail.Host': `127.0.0.1:${sink.port}` } });
	const customer = await new Client(stack).signIn();
	let requests = 0;
	const fetchOf = globalThis.fetch;
	globalThis.fetch = (...args) => { requests++; return fetchOf(...args); };
	await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => journey(stack, sink, customer, stack.takeOrder(), `warm${i}@mailbox.example`)));
	await sleep(500);

	const before = await cpuOf(stack), commitsBefore = commitsOf(stack), began = performance.now();
	requests = 0;
	let next = 0;
	await Promise.all(Array.from({ length: AT_ONCE }, async () => {
		for (let i = next++; i < JOURNEYS; i = next++)
			await journey(stack, sink, customer, stack.takeOrder(), `j${i}@mailbox.example`);
	}));
	const seconds = (performance.now() - began) / 1000;
	await sleep(300);
	const spent = minus(await cpuOf(stack), before), done = commitsOf(stack) - commitsBefore;
	globalThis.fetch = fetchOf;
	const each = Object.entries(spent).map(([name, s]) => [name, s * 1000 / JOURNEYS]);
	const all = each.reduce((sum, [, ms]) => sum + ms, 0);
	figure('journeys, client and sink included', JOURNEYS / seconds, '/s');
	figure('requests a journey', requests / JOURNEYS, '');
	figure('commits a journey', done / JOURNEYS, '');
	for (const [name, ms] of each)
		figure(`CPU a journey: ${name}`, ms, 'ms');

	// Floors as CPU time too, measured now on the same machine.
	const cookie = cookieOf(customer);
	await emptyStart(stack, { page: 5000 });
	const nginx = await cpuOf(stack, ['nginx']), { rate, total } = await load(stack, '/bench/page', { cookie });
	// Both cores are busy then, so a request costs two cores' time by the rate; what the load generator takes is in it.
	const request = Math.max(2000 / rate, minus(await cpuOf(stack, ['nginx']), nginx).nginx * 1000 / total);
	const database = await cpuOf(stack, ['mariadb']), perSecond = await commits(stack, 8);
	const commit = minus(await cpuOf(stack, ['mariadb']), database).mariadb * 1000 / perSecond;
	const sign = 1000 / opensslSpeed('ecdsap256').sign, mail = await mailCost(sink);
	const floor = requests / JOURNEYS * request + done / JOURNEYS * commit + sign + 2 * mail;
	say(`    floor: ${(requests / JOURNEYS).toFixed(1)} requests of ${request.toFixed(3)} ms, ${(done / JOURNEYS).toFixed(1)} commits of ${commit.toFixed(3)} ms, a signature of ${sign.toFixed(3)} ms, 2 mails of ${mail.toFixed(3)} ms`);
	figure('CPU a journey: all', all, 'ms');
	figure('CPU a journey: times its floor', all / floor, 'times', { most: 2 });
	sink.stop();
	stack.stopNow();
}
