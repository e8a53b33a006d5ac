// The sandbox and the server as child processes of a test file: ports that the system picked, TLS in front of the
// sandbox where a package insists on it, and an ending that fails the test when sanitizers found something.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import assert from 'node:assert/strict';

const build = process.env.MOONLINE_BUILD;
const source = process.env.MOONLINE_SOURCE;
const START_MS = 60_000;

class Child {
  constructor(program, args, env) {
    this.output = '';
    this.process = spawn(path.join(build, program), args, { env: { ...process.env, ...env }, cwd: source });
    for (const stream of [this.process.stdout, this.process.stderr])
      stream.on('data', (data) => { this.output += data; this.onOutput?.(); });
    this.ended = once(this.process, 'exit');
  }

  // The match of the first output that has one.
  async said(pattern) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`never said ${pattern}:\n${this.output}`)), START_MS);
      this.onOutput = () => {
        const found = this.output.match(pattern);
        if (found) { clearTimeout(timer); resolve(found); }
      };
      this.ended.then(() => { clearTimeout(timer); reject(new Error(`it ended:\n${this.output}`)); });
      this.onOutput();
    });
  }

  async stop() {
    this.process.kill('SIGTERM');
    const [status] = await this.ended;
    for (const sign of ['AddressSanitizer', 'LeakSanitizer', 'runtime error:', 'net.left_open'])
      assert(!this.output.includes(sign), this.output.slice(-4000));
    assert.equal(status, 0, this.output.slice(-2000));
  }
}

export class Sandbox {
  static async start(...options) {
    const sandbox = new Sandbox();
    sandbox.child = new Child('moonline-sandbox',
      ['serve', '--listen', '127.0.0.1:0', '--control', '127.0.0.1:0', '--no-ears', ...options]);
    const [, url, control] = await sandbox.child.said(/listening on (http:\S+) \(control ([\d.:]+)\)/);
    sandbox.url = url;
    sandbox.controlUrl = `http://${control}`;
    return sandbox;
  }

  async control(method, path, body) {
    const answer = await fetch(this.controlUrl + path, { method, body: body && JSON.stringify(body) });
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    return JSON.parse(text);
  }

  reply(...replies) { return this.control('POST', '/replies', { replies }); }
  hear(...texts) { return this.control('POST', '/transcripts', { texts }); }
  fault(fault) { return this.control('POST', '/faults', fault); }
  state() { return this.control('GET', '/state'); }

  async clear() {
    await this.control('DELETE', '/faults');
    await this.control('DELETE', '/state');
  }

  stop() { return this.child.stop(); }
}

// TLS with a certificate for 127.0.0.1 that lives as long as the test; its bytes go to the sandbox.
export class TlsFront {
  static async start(target) {
    const front = new TlsFront();
    const { key, cert } = certificate();
    const port = Number(new URL(target).port);
    front.ca = cert;
    front.sockets = new Set();
    front.server = tls.createServer({ key, cert }, (near) => {
      const far = net.connect(port, '127.0.0.1');
      for (const [one, other] of [[near, far], [far, near]]) {
        front.sockets.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => { front.sockets.delete(one); other.destroy(); });
        one.pipe(other);
      }
    });
    front.server.listen(0, '127.0.0.1');
    await once(front.server, 'listening');
    front.url = `https://127.0.0.1:${front.server.address().port}`;
    return front;
  }

  async stop() {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}

function certificate() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'moonline-sdk-'));
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
    '-days', '1', '-subj', '/CN=sandbox', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', 'key', '-out', 'cert'],
    { cwd: folder });
  assert.equal(made.status, 0, String(made.stderr));
  const [key, cert] = ['key', 'cert'].map((name) => readFileSync(path.join(folder, name)));
  rmSync(folder, { recursive: true });
  return { key, cert };
}

async function freePort() {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

export const PUBLIC_URL = 'https://voice.example.com';
export const ACCOUNT = 'AC00000000000000000000000000000001';
export const TOKEN = '0123456789abcdef0123456789abcdef';

// The real server. Its database is down: the doors that are tried here must not need it.
export class Server {
  static async start(sandbox) {
    const server = new Server();
    const [port, admin] = [await freePort(), await freePort()];
    server.data = mkdtempSync(path.join(os.tmpdir(), 'moonline-sdk-'));
    server.url = `http://127.0.0.1:${port}`;
    server.child = new Child('moonline', ['serve'], {
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      MOONLINE_LISTEN: `127.0.0.1:${port}`,
      MOONLINE_ADMIN_LISTEN: `127.0.0.1:${admin}`,
      MOONLINE_PUBLIC_URL: PUBLIC_URL,
      MOONLINE_SCRIPTS: path.join(source, 'scripts'),
      MOONLINE_DATA: server.data,
      MOONLINE_DRAIN_SECONDS: '1',
      TWILIO_ACCOUNT_SID: ACCOUNT,
      TWILIO_AUTH_TOKEN: TOKEN,
      TWILIO_API_BASE_URL: sandbox.url,
      OPENAI_BASE_URL: sandbox.url,
      OPENAI_API_KEY: 'sk-sandbox',
      ELEVENLABS_BASE_URL: sandbox.url,
      ELEVENLABS_API_KEY: 'sandbox',
      ELEVENLABS_VOICE_ID: 'sandboxvoice00000001',
    });
    await server.answers(`http://127.0.0.1:${admin}/healthz`);
    return server;
  }

  async answers(url) {
    const deadline = Date.now() + START_MS;
    for (;;) {
      try { return await fetch(url); } catch (error) {
        if (Date.now() > deadline || this.child.process.exitCode !== null)
          throw new Error(`no answer from ${url}: ${error}\n${this.child.output}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async stop() {
    await this.child.stop();
    rmSync(this.data, { recursive: true, force: true });
  }
}
