// The `openai` package's own realtime WebSocket class against the sandbox's ears. It speaks wss only, so a TLS front
// stands before the sandbox; its certificate is trusted by the class's own `options.ca`.
import { after, afterEach, before, test } from 'node:test';
import { once } from 'node:events';
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { Sandbox, TlsFront } from './processes.mjs';

let sandbox, front, openai;
before(async () => {
  sandbox = await Sandbox.start('--final-ms', '5', '--word-ms', '100');
  front = await TlsFront.start(sandbox.url);
  openai = new OpenAI({ apiKey: 'sk-sandbox', baseURL: `${front.url}/v1`, maxRetries: 0 });
});
after(async () => { await front.stop(); await sandbox.stop(); });
afterEach(() => sandbox.clear());

// A session and everything it was told.
class Session {
  constructor(props = { intent: 'transcription' }) {
    this.events = [];
    this.errors = [];
    this.realtime = new OpenAIRealtimeWS({ ...props, options: { ca: front.ca } }, openai);
    this.realtime.on('event', (event) => { this.events.push(event); this.wake?.(); });
    this.realtime.on('error', (error) => { this.errors.push(error); this.wake?.(); });
    this.closed = new Promise((resolve) => this.realtime.socket.on('close', (code) => {
      this.isClosed = true;
      this.wake?.();
      resolve(code);
    }));
    this.at = 0;
  }

  // The next event of a type, after those that were waited for before.
  async next(type) {
    for (;;) {
      for (; this.at < this.events.length; this.at++)
        if (this.events[this.at].type === type) return this.events[this.at++];
      assert(!this.isClosed, `closed before ${type}: ${JSON.stringify(this.events.at(-1))}`);
      await new Promise((resolve) => { this.wake = resolve; });
    }
  }

  async begin(input) {
    await this.next('session.created');
    this.realtime.send({ type: 'session.update', session: { type: 'transcription', audio: { input } } });
    return (await this.next('session.updated')).session;
  }

  append(audio) { this.realtime.send({ type: 'input_audio_buffer.append', audio: audio.toString('base64') }); }
  commit() { this.realtime.send({ type: 'input_audio_buffer.commit' }); }

  async end() {
    this.realtime.close();
    assert.equal(await this.closed, 1000);
  }
}

// 20 ms of a loud tone, as 24 kHz PCM and as µ-law.
function tone() {
  const pcm = Buffer.alloc(960);
  for (let i = 0; i < 480; i++) pcm.writeInt16LE(Math.round(12000 * Math.sin(i / 6)), 2 * i);
  return pcm;
}
const ULAW_TONE = Buffer.from(Array.from({ length: 160 }, (_, i) => (i % 8 < 4 ? 0x90 : 0x10)));
const DELTA = 'conversation.item.input_audio_transcription.delta';
const COMPLETED = 'conversation.item.input_audio_transcription.completed';

test('a live model: partials while audio arrives, the whole at the commit', async () => {
  await sandbox.hear('I need an appointment');
  const session = new Session();
  const config = await session.begin({ format: { type: 'audio/pcm', rate: 24000 },
    transcription: { model: 'gpt-realtime-whisper', language: 'en' }, turn_detection: null });
  assert.equal(config.type, 'transcription');
  assert.equal(config.object, 'realtime.transcription_session');
  assert(config.expires_at > Date.now() / 1000);
  assert.equal(config.audio.input.transcription.model, 'gpt-realtime-whisper');
  for (let i = 0; i < 50; i++) session.append(tone());
  const first = await session.next(DELTA);
  session.commit();
  const committed = await session.next('input_audio_buffer.committed');
  assert.equal(first.item_id, committed.item_id);
  const completed = await session.next(COMPLETED);
  assert.equal(completed.transcript, 'I need an appointment');
  assert.equal(completed.item_id, committed.item_id);
  assert(completed.usage);
  const said = session.events.filter((event) => event.type === DELTA).map((event) => event.delta).join('');
  assert.equal(said, 'I need an appointment');
  assert.deepEqual(session.errors, []);
  await session.end();
});

test('µ-law, a model that speaks after the commit, items in order', async () => {
  await sandbox.hear('What are your hours', 'Thank you');
  const session = new Session();
  await session.begin({ format: { type: 'audio/pcmu' }, transcription: { model: 'gpt-4o-transcribe' },
    turn_detection: null });
  const items = [];
  for (const expected of ['What are your hours', 'Thank you']) {
    for (let i = 0; i < 20; i++) session.append(ULAW_TONE);
    session.commit();
    items.push(await session.next('input_audio_buffer.committed'));
    assert.equal((await session.next(COMPLETED)).transcript, expected);
  }
  assert.equal(items[0].previous_item_id, null);
  assert.equal(items[1].previous_item_id, items[0].item_id);
  await session.end();
});

test('the service’s own turn detection commits by itself', async () => {
  await sandbox.hear('Hello there');
  const session = new Session();
  await session.begin({ format: { type: 'audio/pcmu' }, transcription: { model: 'gpt-4o-mini-transcribe' },
    turn_detection: { type: 'server_vad', silence_duration_ms: 200 } });
  // Noise, which the voice detection takes for voice more readily than a steady tone.
  for (let i = 0; i < 60; i++)
    session.append(Buffer.from(Array.from({ length: 160 }, () => (Math.random() * 48) | (Math.random() < 0.5 ? 0x80 : 0))));
  for (let i = 0; i < 60; i++) session.append(Buffer.alloc(160, 0xff));
  const started = await session.next('input_audio_buffer.speech_started');
  const stopped = await session.next('input_audio_buffer.speech_stopped');
  assert(stopped.audio_end_ms > started.audio_start_ms);
  assert.equal((await session.next(COMPLETED)).transcript, 'Hello there');
  await session.end();
});

test('a commit of nothing is refused, and the session lives on', async () => {
  await sandbox.hear('Still here');
  const session = new Session();
  await session.begin({ format: { type: 'audio/pcmu' }, transcription: { model: 'whisper-1' }, turn_detection: null });
  session.commit();
  await session.next('error');
  assert.equal(session.errors[0].error.code, 'input_audio_buffer_commit_empty');
  session.append(Buffer.concat(Array(20).fill(ULAW_TONE)));
  session.commit();
  assert.equal((await session.next(COMPLETED)).transcript, 'Still here');
  await session.end();
});

test('a cleared buffer is forgotten', async () => {
  const session = new Session();
  await session.begin({ format: { type: 'audio/pcmu' }, transcription: { model: 'whisper-1' }, turn_detection: null });
  session.append(Buffer.concat(Array(20).fill(ULAW_TONE)));
  session.realtime.send({ type: 'input_audio_buffer.clear' });
  await session.next('input_audio_buffer.cleared');
  session.commit();
  await session.next('error');
  assert.equal(session.errors[0].error.code, 'input_audio_buffer_commit_empty');
  await session.end();
});

test('what the service refuses: detection with a live model, a rate of its own, unknown events', async () => {
  const session = new Session();
  await session.next('session.created');
  const update = (input) => session.realtime.send(
    { type: 'session.update', event_id: 'mine', session: { type: 'transcription', audio: { input } } });
  update({ transcription: { model: 'gpt-realtime-whisper' }, turn_detection: { type: 'server_vad' } });
  update({ format: { type: 'audio/pcm', rate: 8000 } });
  session.realtime.send({ type: 'no.such.event', event_id: 'mine' });
  for (let i = 0; i < 3; i++) {
    const { error } = await session.next('error');
    assert.equal(error.event_id, 'mine');
    assert.equal(error.type, 'invalid_request_error');
  }
  await session.end();
});

test('a model in the URL is no transcription session', async () => {
  const session = new Session({ model: 'gpt-realtime' });
  assert.equal((await session.next('error')).error.code, 'invalid_model');
  assert.equal(await session.closed, 1008);
});

test('a refused upgrade and a session that is cut reach the SDK as errors', async () => {
  await sandbox.fault({ service: 'stt', status: 429, count: 1 });
  const refused = new Session();
  await refused.closed;
  assert.match(String(refused.errors[0]), /429/);
  await sandbox.fault({ service: 'stt', cut_after_events: 1, close_code: 1011, count: 1 });
  const cut = new Session();
  await cut.next('session.created');
  cut.realtime.send({ type: 'session.update', session: { type: 'transcription',
    audio: { input: { transcription: { model: 'whisper-1' }, turn_detection: null } } } });
  assert.equal(await cut.closed, 1011);
});
