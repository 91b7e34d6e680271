// gates.mjs - what stands outside the service and may misbehave on command: the way to the mail server, and a
// partner's receiver of callbacks.
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { openssl } from '../../lib/openssl.mjs';
import { sleep } from '../../lib/stack.mjs';

function listening(server, port = 0) {
	return new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, '127.0.0.1', () => resolve(server.address().port));
	});
}

// Stands between the mailer and the sink. mood: 'good'; 'refuse' ends every connection at once; 'busy' answers 421;
// 'slow' lets bytes through late; 'cut' ends the connection when a letter has gone in and before its 250 comes out, so
// that the mailer cannot know.
export class SmtpGate {
	mood = 'good';
	constructor() {
		this.open = new Set();
		this.server = net.createServer((client) => this.serve(client));
	}
	async start() {
		this.port = await listening(this.server);
		return this;
	}
	serve(client) {
		client.on('error', () => {});
		if (this.mood === 'refuse')
			return client.destroy();
		if (this.mood === 'busy')
			return client.end('421 4.3.2 Not now\r\n');
		const server = net.connect(this.target, '127.0.0.1');
		let letter = false; // its end has passed, the answer has not
		this.open.add(client);
		client.on('close', () => { this.open.delete(client); server.destroy(); });
		server.on('close', () => client.destroy());
		server.on('error', () => client.destroy());
		client.on('data', async (bytes) => {
			letter = bytes.subarray(-5).toString('latin1') === '\r\n.\r\n';
			if (this.mood === 'slow')
				await sleep(300);
			server.write(bytes);
		});
		server.on('data', async (bytes) => {
			if (letter && this.mood === 'cut')
				return client.destroy();
			letter = false;
			if (this.mood === 'slow')
				await sleep(300);
			client.write(bytes);
		});
	}
	stop() {
		for (const client of this.open)
			client.destroy();
		this.server.close();
	}
}

// A partner's program that is told of changes: checks the signature, keeps the journal; sometimes it is not well.
export class Receiver {
	mood = 'good';
	constructor(dir, journal) {
		const file = (name) => path.join(dir, name);
		openssl(['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj',
			'/CN=receiver', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', file('tls.key'), '-out', file('tls.pem')]);
		this.ca = file('tls.pem');
		this.journal = journal;
		this.forged = 0;
		this.server = https.createServer({ key: fs.readFileSync(file('tls.key')), cert: fs.readFileSync(file('tls.pem')) },
			(request, response) => {
				const parts = [];
				request.on('data', (part) => parts.push(part));
				request.on('end', () => this.take(request, Buffer.concat(parts).toString(), response));
			});
	}
	async start() {
		this.url = `https://127.0.0.1:${await listening(this.server)}/hook`;
		return this;
	}
	take(request, body, response) {
		const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(request.headers['x-mailcert-signature'] ?? '') ?? [];
		const fields = new URLSearchParams(body);
		if (!t || v1 !== createHmac('sha256', this.secret).update(`${t}.${body}`).digest('hex'))
			this.forged++;
		if (this.mood !== 'good')
			return response.writeHead(500).end();
		this.journal.told('callback', fields.get('order'), { id: fields.get('id'), status: fields.get('status') });
		response.writeHead(204).end();
	}
	stop() {
		this.server.closeAllConnections();
		this.server.close();
	}
}
