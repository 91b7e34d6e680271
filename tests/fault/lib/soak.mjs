// soak.mjs - the long form of the chaos test, by `make soak`: prints its progress, then its figures as JSON; the exit
// status is 1 when the books do not hold what people were told, or anybody got another error than 503 with Retry-After.
//
//   SEED=1       draws the people's choices and the harm
//   DURATION=    seconds, 600 unless told
//   JOURNEYS=, KILLS=   go on until so many were made and so many processes killed, whatever DURATION says
//   LANES=12     people at a time        PAUSE=2   seconds between two harms, on average; HARM=0 does none
//   WORKERS=4    worker processes
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../lib/stack.mjs';
import { chaos } from './chaos.mjs';

const number = (name, otherwise) => Number(process.env[name] || otherwise);
const seed = number('SEED', 1), seconds = number('DURATION', 600);
const journeys = number('JOURNEYS', 0), kills = number('KILLS', 0), lanes = number('LANES', 12);
const goal = journeys > 0 || kills > 0;
const out = path.join(ROOT, 'build/soak');

fs.mkdirSync(out, { recursive: true });
process.env.TEST_LOGS ??= out;
const line = (text) => console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);
line(`seed ${seed}, ${goal ? `${journeys} journeys and ${kills} kills` : `${seconds} s`}, ${lanes} people at a time`);
const harmLog = fs.createWriteStream(path.join(out, 'harm.log'));
const run = await chaos({
	name: 'soak', seed, lanes, workers: number('WORKERS', 4), pause: number('PAUSE', 2), harmless: process.env.HARM === '0',
	orders: (goal ? journeys || 100000 : seconds * 40) + lanes, megabytes: 3000,
	ended: (now) => goal ? now.journeys >= journeys && now.kills >= kills : now.seconds >= seconds,
	log: (text) => harmLog.write(`${new Date().toISOString()} ${text}\n`),
	tell: (now) => line(`${now.journeys} journeys, ${now.kills} kills, ${now.resources}`),
});
const reports = run.stop();
console.log(JSON.stringify(run.figures, null, '\t'));
fs.writeFileSync(path.join(out, `soak-${seed}.json`), JSON.stringify(run.figures, null, '\t') + '\n');
const complaints = [...run.books.violations, ...run.experience.wrong, ...run.failed, ...reports];
complaints.slice(0, 100).forEach((one) => console.log(one));
if (run.disk === undefined)
	console.log('the disk was not filled: mounting a small one needs root');
line(complaints.length === 0 ? 'nothing lost' : `${complaints.length} complaints; logs in ${out}`);
process.exit(complaints.length === 0 ? 0 : 1);
