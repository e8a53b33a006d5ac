// The `openai` package's HTTP side against the sandbox's chat model.
import { after, afterEach, before, test } from 'node:test';
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { Sandbox } from './processes.mjs';

const TOOLS = ['book_appointment', 'send_sms'].map((name) => ({
  type: 'function',
  function: { name, description: name, parameters: { type: 'object', properties: { start: { type: 'string' } } } },
}));
const MESSAGES = [{ role: 'system', content: 'You are a receptionist.' }, { role: 'user', content: 'Are you open?' }];
const ASK = { model: 'gpt-4o-mini', messages: MESSAGES };

let sandbox, openai;
before(async () => {
  sandbox = await Sandbox.start('--first-token-ms', '5', '--token-ms', '1');
  openai = new OpenAI({ apiKey: 'sk-sandbox', baseURL: `${sandbox.url}/v1`, maxRetries: 0 });
});
after(() => sandbox.stop());
afterEach(() => sandbox.clear());

test('a streamed answer arrives piece by piece and says its usage last', async () => {
  await sandbox.reply({ text: 'Sure, Tuesday at three — naïve café works.' });
  const stream = await openai.chat.completions.create(
    { ...ASK, stream: true, stream_options: { include_usage: true } });
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  const texts = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '');
  assert.equal(texts.join(''), 'Sure, Tuesday at three — naïve café works.');
  assert(texts.filter(Boolean).length > 5);
  assert.equal(new Set(chunks.map((chunk) => chunk.id)).size, 1);
  assert.equal(chunks[0].choices[0].delta.role, 'assistant');
  assert.equal(chunks.at(-2).choices[0].finish_reason, 'stop');
  assert.deepEqual(chunks.at(-1).choices, []);
  const { prompt_tokens, completion_tokens, total_tokens } = chunks.at(-1).usage;
  assert(prompt_tokens > 0 && completion_tokens > 0);
  assert.equal(total_tokens, prompt_tokens + completion_tokens);
  assert(chunks.slice(0, -1).every((chunk) => chunk.usage === null));
});

test('several tool calls, told apart by index, accumulate in the SDK’s own stream runner', async () => {
  await sandbox.reply({
    text: 'One moment.',
    tool_calls: [{ name: 'book_appointment', arguments: { start: '2026-12-01T15:00' } },
      { name: 'send_sms', arguments: { start: 'ümlaut "quoted"' } }],
  });
  const runner = openai.chat.completions.stream({ ...ASK, tools: TOOLS, parallel_tool_calls: true });
  const completion = await runner.finalChatCompletion();
  const { message, finish_reason } = completion.choices[0];
  assert.equal(finish_reason, 'tool_calls');
  assert.equal(message.content, 'One moment.');
  assert.deepEqual(message.tool_calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]),
    [['book_appointment', { start: '2026-12-01T15:00' }], ['send_sms', { start: 'ümlaut "quoted"' }]]);
  assert.equal(new Set(message.tool_calls.map((call) => call.id)).size, 2);
});

test('the SDK’s tool runner calls our functions and hands the results back', async () => {
  await sandbox.reply({ tool_calls: [{ name: 'book_appointment', arguments: { start: 'Tuesday' } }] },
    { text: 'Booked for Tuesday.' });
  const seen = [];
  const runner = openai.chat.completions.runTools({
    ...ASK,
    tools: [{ type: 'function', function: { ...TOOLS[0].function, parse: JSON.parse,
      function: (args) => { seen.push(args); return 'booked'; } } }],
  });
  assert.equal(await runner.finalContent(), 'Booked for Tuesday.');
  assert.deepEqual(seen, [{ start: 'Tuesday' }]);
  const last = (await sandbox.state()).chats.at(-1).last;
  assert.equal(last.role, 'tool');
  assert.equal(last.content, 'booked');
});

test('a whole answer, with tool calls and without', async () => {
  await sandbox.reply({ text: 'Nine to five.' }, { tool_calls: [{ name: 'send_sms', arguments: {} }] });
  const text = await openai.chat.completions.create(ASK);
  assert.equal(text.object, 'chat.completion');
  assert.equal(text.choices[0].message.content, 'Nine to five.');
  assert(text.usage.total_tokens > 0);
  assert(text._request_id);
  const call = await openai.chat.completions.create({ ...ASK, tools: TOOLS });
  assert.equal(call.choices[0].finish_reason, 'tool_calls');
  assert.equal(call.choices[0].message.content, null);
  assert.equal(call.choices[0].message.tool_calls[0].function.name, 'send_sms');
});

test('max_completion_tokens ends an answer early', async () => {
  await sandbox.reply({ text: 'one two three four five six seven eight' });
  const runner = openai.chat.completions.stream({ ...ASK, max_completion_tokens: 2 });
  const completion = await runner.finalChatCompletion();
  assert.equal(completion.choices[0].finish_reason, 'length');
  assert(completion.choices[0].message.content.length < 20);
});

test('refusals become the SDK’s error classes', async () => {
  const rows = [[400, OpenAI.BadRequestError], [401, OpenAI.AuthenticationError], [403, OpenAI.PermissionDeniedError],
    [404, OpenAI.NotFoundError], [409, OpenAI.ConflictError], [429, OpenAI.RateLimitError],
    [500, OpenAI.InternalServerError], [503, OpenAI.InternalServerError]];
  for (const [status, kind] of rows) {
    await sandbox.fault({ service: 'llm', status, count: 1 });
    await assert.rejects(openai.chat.completions.create({ ...ASK, stream: true }), (error) => {
      assert(error instanceof kind, `${status}: ${error}`);
      assert.equal(error.status, status);
      return true;
    });
  }
  await sandbox.fault({ service: 'llm', status: 429, code: 'insufficient_quota', count: 1 });
  await assert.rejects(openai.chat.completions.create(ASK), { status: 429, code: 'insufficient_quota' });
});

test('retry-after is obeyed by the SDK', async () => {
  const retrying = openai.withOptions({ maxRetries: 1 });
  await sandbox.fault({ service: 'llm', status: 429, retry_after_ms: 700, count: 1 });
  await sandbox.reply({ text: 'Here now.' });
  const began = Date.now();
  const completion = await retrying.chat.completions.create(ASK);
  assert.equal(completion.choices[0].message.content, 'Here now.');
  assert(Date.now() - began >= 690);
});

test('what the service refuses is refused with its parameter', async () => {
  const wrong = [
    [{ model: 'no-such-model' }, 404, 'model_not_found'],
    [{ messages: [] }, 400],
    [{ temperature: 3 }, 400],
    [{ messages: [...MESSAGES, { role: 'assistant', content: null,
      tool_calls: [{ id: 'call_a', type: 'function', function: { name: 'send_sms', arguments: '{}' } }] },
    { role: 'user', content: 'Hello?' }] }, 400],
    [{ no_such_field: 1 }, 400],
  ];
  for (const [change, status, code] of wrong)
    await assert.rejects(openai.chat.completions.create({ ...ASK, ...change }), (error) => {
      assert.equal(error.status, status, JSON.stringify(change));
      if (code) assert.equal(error.code, code);
      return true;
    });
});

test('no key, no answer', async () => {
  const stranger = new OpenAI({ apiKey: ' ', baseURL: `${sandbox.url}/v1`, maxRetries: 0 });
  await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
});

test('an aborted stream stops at the sandbox too', async () => {
  await sandbox.reply({ text: 'word '.repeat(2000) });
  const stream = await openai.chat.completions.create({ ...ASK, stream: true });
  let pieces = 0;
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content && ++pieces === 5) stream.controller.abort();
  }
  assert(pieces >= 5 && pieces < 2000);
  for (let tries = 0; (await sandbox.state()).counts.chats_cancelled < 1; tries++) {
    assert(tries < 200, 'the sandbox goes on talking');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

test('a cut stream is an error and not a short answer', async () => {
  await sandbox.reply({ text: 'This will never be finished, whatever happens.' });
  await sandbox.fault({ service: 'llm', cut_after_events: 4, count: 1 });
  const stream = await openai.chat.completions.create({ ...ASK, stream: true });
  await assert.rejects(async () => { for await (const chunk of stream) assert(chunk); });
});

test('models are listed', async () => {
  const ids = [];
  for await (const model of openai.models.list()) ids.push(model.id);
  assert(ids.includes('gpt-4o-mini') && ids.includes('gpt-realtime-whisper'));
});

// ---- speech ----

const SPEECH = { model: 'gpt-4o-mini-tts', voice: 'coral', input: 'Sure, Tuesday at three works.' };

test('speech as PCM: 24 kHz, about as long as the sentence', async () => {
  const answer = await openai.audio.speech.create({ ...SPEECH, response_format: 'pcm', instructions: 'Calm.' });
  const audio = Buffer.from(await answer.arrayBuffer());
  assert(audio.length > 48000 && audio.length < 240000 && audio.length % 2 === 0, `${audio.length} bytes`);
  assert(new Set(audio).size > 50, 'it is not silence');
});

test('speech as WAV says what it is', async () => {
  const answer = await openai.audio.speech.create({ ...SPEECH, response_format: 'wav', speed: 1.1 });
  const audio = Buffer.from(await answer.arrayBuffer());
  assert.equal(audio.toString('latin1', 0, 4) + audio.toString('latin1', 8, 12), 'RIFFWAVE');
  assert.equal(audio.readUInt32LE(24), 24000);
});

test('what speech refuses', async () => {
  for (const [change, status] of [[{ response_format: 'mp3' }, 400], [{}, 400], [{ response_format: 'pcm', voice: 'x' }, 400],
    [{ response_format: 'pcm', model: 'x' }, 404], [{ response_format: 'pcm', speed: 5 }, 400]])
    await assert.rejects(openai.audio.speech.create({ ...SPEECH, ...change }), (error) => error.status === status);
});
