// `@elevenlabs/elevenlabs-js` against the sandbox's voice. The package has no class for the speech WebSockets: they are
// spoken with `ws`, the package's own dependency, and every message goes through the package's serializers both ways, so
// that what it would refuse fails here.
import { after, afterEach, before, test } from 'node:test';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import assert from 'node:assert/strict';
import { ElevenLabs, ElevenLabsClient, ElevenLabsError } from '@elevenlabs/elevenlabs-js';
import WebSocket from 'ws';
import { Sandbox } from './processes.mjs';

const types = createRequire(import.meta.url)('@elevenlabs/elevenlabs-js/serialization');
const VOICE = 'sbxAvaReceptionist01';
const SPEECH = { text: 'Sure, Tuesday at three works.', modelId: 'eleven_flash_v2_5', outputFormat: 'ulaw_8000' };

let sandbox, elevenlabs;
before(async () => {
  sandbox = await Sandbox.start('--first-audio-ms', '5', '--speedup', '100');
  elevenlabs = new ElevenLabsClient({ apiKey: 'sandbox', baseUrl: sandbox.url, maxRetries: 0 });
});
after(() => sandbox.stop());
afterEach(() => sandbox.clear());

async function bytes(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

// ---- HTTP ----

test('speech by stream: µ-law, in pieces, about as long as the sentence', async () => {
  const audio = await bytes(await elevenlabs.textToSpeech.stream(VOICE, SPEECH));
  assert(audio.length > 8000 && audio.length < 40000, `${audio.length} bytes`);
  assert(new Set(audio).size > 50, 'it is not silence');
});

test('speech with the times of its characters', async () => {
  let text = '', length = 0, last = 0;
  for await (const part of await elevenlabs.textToSpeech.streamWithTimestamps(VOICE, SPEECH)) {
    length += Buffer.from(part.audioBase64, 'base64').length;
    const { characters, characterStartTimesSeconds: starts, characterEndTimesSeconds: ends } = part.alignment;
    text += characters.join('');
    starts.forEach((start, i) => {
      assert(start >= last && ends[i] >= start);
      last = start;
    });
  }
  assert.equal(text, SPEECH.text);
  assert(last > 1 && last < length / 8000);
});

test('speech in one piece, as PCM, with settings', async () => {
  const audio = await bytes(await elevenlabs.textToSpeech.convert(VOICE, {
    ...SPEECH, outputFormat: 'pcm_16000', voiceSettings: { stability: 0.4, similarityBoost: 0.7, speed: 1.1 }, seed: 7 }));
  assert(audio.length > 30000 && audio.length % 2 === 0);
});

test('faster speech is shorter', async () => {
  const [slow, fast] = await Promise.all([0.7, 1.2].map(async (speed) =>
    (await bytes(await elevenlabs.textToSpeech.stream(VOICE, { ...SPEECH, voiceSettings: { speed } }))).length));
  assert(fast < slow * 0.8, `${fast} ${slow}`);
});

test('voices, models, subscription', async () => {
  const { voices } = await elevenlabs.voices.getAll();
  assert(voices.some((voice) => voice.voiceId === VOICE && voice.name));
  const page = await elevenlabs.voices.search({ pageSize: 10 });
  assert.equal(page.hasMore, false);
  assert.equal(page.totalCount, page.voices.length);
  const models = await elevenlabs.models.list();
  assert(models.some((model) => model.modelId === 'eleven_flash_v2_5' && model.canDoTextToSpeech));
  const subscription = await elevenlabs.user.subscription.get();
  assert(subscription.characterLimit > 0 && subscription.status === 'active');
});

test('refusals become the SDK’s error classes', async () => {
  const speak = (change) => elevenlabs.textToSpeech.stream(VOICE, { ...SPEECH, ...change }).then(bytes);
  await assert.rejects(speak({ voiceSettings: { stability: 2 } }), { statusCode: 400 });
  await assert.rejects(speak({ text: '' }), ElevenLabs.UnprocessableEntityError);
  await assert.rejects(speak({ modelId: 'no_such_model' }), { statusCode: 400 });
  await assert.rejects(speak({ outputFormat: 'mp3_44100_128' }), ElevenLabsError);
  for (const status of [401, 403, 404, 409, 425, 429, 500]) {
    await sandbox.fault({ service: 'tts', status, count: 1 });
    await assert.rejects(speak({}), (error) => {
      assert(error instanceof ElevenLabsError, `${status}: ${error}`);
      assert.equal(error.statusCode, status);
      assert(error.body.detail.message && error.body.detail.code, JSON.stringify(error.body));
      return true;
    });
  }
});

test('the SDK tries again after 429 and is heard then', async () => {
  await sandbox.fault({ service: 'tts', status: 429, retry_after_ms: 1000, count: 1 });
  const audio = await bytes(await elevenlabs.textToSpeech.stream(VOICE, SPEECH, { maxRetries: 1 }));
  assert(audio.length > 8000);
});

test('a stream that is cut is an error', async () => {
  await sandbox.fault({ service: 'tts', cut_after_bytes: 4000, count: 1 });
  await assert.rejects(async () => bytes(await elevenlabs.textToSpeech.stream(VOICE, SPEECH)));
});

// ---- WebSockets ----

class Line {
  static async open(kind, query = '', headers = { 'xi-api-key': 'sandbox' }) {
    const line = new Line();
    const url = `${sandbox.url.replace('http', 'ws')}/v1/text-to-speech/${VOICE}/${kind}` +
      `?model_id=eleven_flash_v2_5&output_format=ulaw_8000${query}`;
    line.messages = [];
    line.socket = new WebSocket(url, { headers });
    line.socket.on('message', (data, isBinary) => {
      assert(!isBinary);
      line.messages.push(JSON.parse(data));
      line.wake?.();
    });
    line.closed = new Promise((resolve) => line.socket.on('close', (code) => {
      line.code = code;
      line.wake?.();
      resolve(code);
    }));
    await once(line.socket, 'open');
    return line;
  }

  say(type, message) { this.socket.send(JSON.stringify(types[type].jsonOrThrow(message, { unrecognizedObjectKeys: 'strict' }))); }

  // Until a message is as wanted; all messages so far.
  async until(wanted) {
    while (!this.messages.some(wanted)) {
      assert.equal(this.code, undefined, `closed with ${this.code}: ${JSON.stringify(this.messages.at(-1))}`);
      await new Promise((resolve) => { this.wake = resolve; });
    }
    return this.messages;
  }

  // The audio of a context, and its characters with times from its first byte on.
  heard(parse, isMine = () => true) {
    const audio = [], characters = [];
    let at = 0;
    for (const message of this.messages.filter((each) => each.audio && isMine(each))) {
      const { audio: base64, alignment } = parse(message);
      const part = Buffer.from(base64, 'base64');
      assert.equal(alignment.chars.length, alignment.charStartTimesMs.length);
      assert.equal(alignment.chars.length, alignment.charDurationsMs.length);
      alignment.chars.forEach((character, i) => characters.push([character, at / 8 + alignment.charStartTimesMs[i]]));
      audio.push(part);
      at += part.length;
    }
    return { audio: Buffer.concat(audio), text: characters.map(([each]) => each).join(''), times: characters.map(([, ms]) => ms) };
  }
}

const known = (type) => (message) => types[type].parseOrThrow(message, { unrecognizedObjectKeys: 'strip' });

test('stream-input: text in pieces, audio with times, the final, the close', async () => {
  const line = await Line.open('stream-input');
  line.say('InitializeConnection', { text: ' ', voiceSettings: { stability: 0.5, similarityBoost: 0.8 },
    generationConfig: { chunkLengthSchedule: [50, 120] } });
  line.say('SendText', { text: 'Sure, Tuesday ' });
  line.say('SendText', { text: 'at three works. ', flush: true });
  await line.until((message) => message.audio);
  line.say('SendText', { text: 'Anything else? ' });
  line.say('CloseConnection', { text: '' });
  assert.equal(await line.closed, 1000);
  const { audio, text, times } = line.heard(known('AudioOutput'));
  assert.equal(text.trim(), 'Sure, Tuesday at three works. Anything else?');
  assert(audio.length > 12000);
  assert(times.every((ms, i) => i === 0 || ms >= times[i - 1]), 'time goes forward');
  assert(times.at(-1) <= audio.length / 8);
  assert.equal(known('FinalOutput')(line.messages.at(-1)).isFinal, true);
});

test('multi-stream-input: two contexts at once, each with its own text and final', async () => {
  const line = await Line.open('multi-stream-input');
  const texts = { a: 'The first speaks of pears. ', b: 'The second prefers apples. ' };
  for (const contextId of ['a', 'b'])
    line.say('InitializeConnectionMulti', { text: ' ', contextId, voiceSettings: { speed: 1.0 } });
  for (const contextId of ['a', 'b']) {
    line.say('SendTextMulti', { text: texts[contextId], contextId });
    line.say('FlushContext', { contextId, flush: true });
    line.say('CloseContext', { contextId, closeContext: true });
  }
  for (const id of ['a', 'b']) await line.until((message) => message.contextId === id && message.isFinal);
  for (const id of ['a', 'b']) {
    const { audio, text } = line.heard(known('AudioOutputMulti'), (message) => message.contextId === id);
    assert.equal(text.trim(), texts[id].trim());
    assert(audio.length > 8000);
    const finals = line.messages.filter((message) => message.isFinal && message.contextId === id);
    assert.equal(finals.length, 1);
    assert.deepEqual(known('FinalOutputMulti')(finals[0]), { isFinal: true, contextId: id });
  }
  line.say('CloseSocket', { closeSocket: true });
  assert.equal(await line.closed, 1000);
});

test('multi-stream-input: a flush alone gives audio and no final', async () => {
  const line = await Line.open('multi-stream-input');
  line.say('InitializeConnectionMulti', { text: ' ', contextId: 'a' });
  line.say('SendTextMulti', { text: 'Only flushed. ', contextId: 'a', flush: true });
  await line.until((message) => message.audio);
  line.say('InitializeConnectionMulti', { text: ' ', contextId: 'b' });
  line.say('SendTextMulti', { text: 'Closed. ', contextId: 'b', flush: true });
  line.say('CloseContext', { contextId: 'b', closeContext: true });
  await line.until((message) => message.isFinal);
  assert(line.messages.every((message) => !message.isFinal || message.contextId === 'b'));
  line.say('CloseSocket', { closeSocket: true });
  await line.closed;
});

test('the sixth context closes the socket with 1008, after saying why', async () => {
  const line = await Line.open('multi-stream-input');
  for (let i = 1; i <= 6; i++) line.say('InitializeConnectionMulti', { text: ' ', contextId: `c${i}` });
  assert.equal(await line.closed, 1008);
  assert.equal(line.messages.at(-1).error, 'max_active_conversations');
});

test('settings that change in the middle of a context close the socket with 1008', async () => {
  const line = await Line.open('stream-input');
  line.say('InitializeConnection', { text: ' ', voiceSettings: { stability: 0.5 } });
  line.say('SendText', { text: 'Hello there. ', voiceSettings: { stability: 0.9 } });
  assert.equal(await line.closed, 1008);
});

test('silence beyond the inactivity timeout closes the socket with 1008', async () => {
  const line = await Line.open('stream-input', '&inactivity_timeout=1');
  line.say('InitializeConnection', { text: ' ' });
  assert.equal(await line.closed, 1008);
});

test('without a key the upgrade is refused', async () => {
  await assert.rejects(Line.open('multi-stream-input', '', {}), /401/);
});
