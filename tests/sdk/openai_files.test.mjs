// The `openai` package's file transcriptions against the sandbox.
import { after, afterEach, before, test } from 'node:test';
import assert from 'node:assert/strict';
import OpenAI, { toFile } from 'openai';
import { Sandbox } from './processes.mjs';

let sandbox, openai;
before(async () => {
  sandbox = await Sandbox.start('--final-ms', '5', '--token-ms', '1');
  openai = new OpenAI({ apiKey: 'sk-sandbox', baseURL: `${sandbox.url}/v1`, maxRetries: 0 });
});
after(() => sandbox.stop());
afterEach(() => sandbox.clear());

// 16 kHz, 16 bit: a tone for so long, then 200 ms of silence.
function wav(voiceMs) {
  const voice = voiceMs * 16;
  const samples = new Int16Array(voice + 3200);
  for (let i = 0; i < voice; i++) samples[i] = 6000 * Math.sin(i / 7);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.byteLength, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(16000, 24);
  head.writeUInt32LE(32000, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([head, Buffer.from(samples.buffer)]);
}

async function transcribe(options, voiceMs = 1000, name = 'speech.wav') {
  return openai.audio.transcriptions.create({ file: await toFile(wav(voiceMs), name), model: 'whisper-1', ...options });
}

test('json', async () => {
  await sandbox.hear('What are your hours?');
  const answer = await transcribe({ language: 'en', prompt: 'Acme Dental' });
  assert.equal(answer.text, 'What are your hours?');
  assert.deepEqual(answer.usage, { type: 'duration', seconds: 2 });
  assert.equal((await sandbox.state()).counts.stt_files, 1);
});

test('verbose_json with words and segments', async () => {
  await sandbox.hear('What are your hours?');
  const answer = await transcribe({ response_format: 'verbose_json', timestamp_granularities: ['word', 'segment'] });
  assert.deepEqual(answer.words.map((word) => word.word), ['What', 'are', 'your', 'hours']);
  assert(answer.words.every((word, i) => word.end > word.start && (!i || word.start >= answer.words[i - 1].start)));
  assert(answer.words.at(-1).end > 0.9 && answer.words.at(-1).end < 1.1);
  assert.equal(typeof answer.duration, 'number');
  assert(Math.abs(answer.duration - 1.2) < 0.02);
  assert.equal(answer.segments.length, 1);
  assert(answer.segments[0].no_speech_prob < 0.6 && answer.segments[0].avg_logprob > -1);
});

test('text, srt and vtt', async () => {
  await sandbox.hear('Yes, please.');
  assert.equal(await transcribe({ response_format: 'text' }), 'Yes, please.\n');
  assert.match(await transcribe({ response_format: 'srt' }), /^1\n00:00:00,000 --> 00:00:01,0\d\d\nYes, please\.\n\n$/);
  assert.match(await transcribe({ response_format: 'vtt' }), /^WEBVTT\n\n00:00:00\.000 --> /);
});

test('a stream of deltas and its end', async () => {
  await sandbox.hear('What are your hours?');
  const stream = await transcribe({ model: 'gpt-4o-transcribe', stream: true });
  const events = [];
  for await (const event of stream) events.push(event);
  assert.equal(events.filter((event) => event.type === 'transcript.text.delta').map((event) => event.delta).join(''),
    'What are your hours?');
  assert.equal(events.at(-1).type, 'transcript.text.done');
  assert.equal(events.at(-1).text, 'What are your hours?');
  assert(events.at(-1).usage.total_tokens > 0);
});

test('whisper-1 does not stream, and makes something up in silence', async () => {
  const answer = await transcribe({ response_format: 'verbose_json' }, 0);
  assert.equal(answer.text, 'Thanks for watching!');
  assert(answer.segments[0].no_speech_prob > 0.6 && answer.segments[0].avg_logprob < -1);
});

test('what the service refuses', async () => {
  const refused = async (options, status, code, voiceMs, name) =>
    assert.rejects(transcribe(options, voiceMs, name), (error) => {
      assert.equal(error.status, status);
      assert.equal(error.code, code);
      return true;
    });
  await refused({ model: 'whisper-9' }, 404, 'model_not_found');
  await refused({ model: 'gpt-4o-transcribe', response_format: 'verbose_json' }, 400, 'unsupported_value');
  await refused({ timestamp_granularities: ['word'] }, 400, 'invalid_value');
  await refused({}, 400, 'unsupported_format', 1000, 'speech.ulaw');
  const short = await toFile(wav(0).subarray(0, 44 + 2 * 800), 'speech.wav');
  await assert.rejects(openai.audio.transcriptions.create({ file: short, model: 'whisper-1' }),
    (error) => error.status === 400 && error.code === 'audio_too_short');
  await sandbox.fault({ service: 'stt', status: 429, retry_after_ms: 300, count: 1 });
  await refused({}, 429, 'rate_limit_exceeded');
});
