// The `twilio` package against both sides of ours: its REST client against the sandbox, its signature helper and TwiML
// builder against the real server. The REST client is led to the sandbox by `httpClient`, the extension point the
// package documents for proxies: its own RequestClient, told another origin.
import { after, afterEach, before, test } from 'node:test';
import { randomBytes } from 'node:crypto';
import assert from 'node:assert/strict';
import twilio from 'twilio';
import WebSocket from 'ws';
import { ACCOUNT, PUBLIC_URL, Sandbox, Server, TOKEN } from './processes.mjs';

const { getExpectedTwilioSignature, validateRequest, RestException, twiml: { VoiceResponse } } = twilio;
const STREAM_URL = `${PUBLIC_URL.replace('https', 'wss')}/twilio-voice-stream`;

class Detour extends twilio.RequestClient {
  request(options) { return super.request({ ...options, uri: options.uri.replace('https://api.twilio.com', sandbox.url) }); }
}

let sandbox, server, client;
before(async () => {
  sandbox = await Sandbox.start();
  server = await Server.start(sandbox);
  client = twilio(ACCOUNT, TOKEN, { httpClient: new Detour() });
});
after(async () => { await server?.stop(); await sandbox.stop(); });
afterEach(() => sandbox.clear());

const newSid = (prefix) => prefix + randomBytes(16).toString('hex');

// ---- REST ----

test('a text message is sent and can be read', async () => {
  const sent = await client.messages.create({ to: '+15550100001', from: '+15550100002', body: 'See you Tuesday – 3 pm' });
  assert.match(sent.sid, /^SM[0-9a-f]{32}$/);
  assert.equal(sent.status, 'queued');
  assert.equal(sent.numSegments, '1');
  assert(sent.dateCreated instanceof Date && !Number.isNaN(sent.dateCreated.getTime()));
  const read = await client.messages(sent.sid).fetch();
  assert.equal(read.body, 'See you Tuesday – 3 pm');
  assert.equal((await sandbox.state()).messages.at(-1).body, read.body);
});

test('a live call gets new TwiML, is read, is ended, and then refuses', async () => {
  const call = client.calls(newSid('CA'));
  const document = new VoiceResponse();
  document.say('One moment & hold <on>');
  const updated = await call.update({ twiml: document.toString() });
  assert.equal(updated.status, 'in-progress');
  assert.equal((await call.fetch()).direction, 'inbound');
  const ended = await call.update({ status: 'completed' });
  assert.equal(ended.status, 'completed');
  assert(ended.endTime instanceof Date);
  await assert.rejects(call.update({ twiml: '<Response/>' }), { status: 400, code: 21220 });
});

test('refusals become RestException with Twilio’s numbers', async () => {
  const message = { to: '+15550100001', from: '+15550100002', body: 'Hello' };
  const rows = [
    [() => client.messages.create({ ...message, to: '12' }), 400, 21211],
    [() => client.messages.create({ ...message, from: '12' }), 400, 21212],
    [() => client.messages.create({ ...message, body: 'x'.repeat(1601) }), 400, 21617],
    [() => client.messages.create({ ...message, body: '' }), 400, 21602],
    [() => client.messages(newSid('SM')).fetch(), 404, 20404],
    [() => client.calls(newSid('CA')).fetch(), 404, 20404],
    [() => twilio(newSid('AC'), TOKEN, { accountSid: ACCOUNT, httpClient: new Detour() }).messages.create(message), 401, 20003],
  ];
  for (const [ask, status, code] of rows)
    await assert.rejects(ask(), (error) => {
      assert(error instanceof RestException, String(error));
      assert.equal(error.status, status);
      assert.equal(error.code, code);
      assert.equal(error.moreInfo, `https://www.twilio.com/docs/errors/${code}`);
      return true;
    });
});

test('too many requests: 20429, and the SDK’s own retry', async () => {
  const message = { to: '+15550100001', from: '+15550100002', body: 'Hello' };
  await sandbox.fault({ service: 'twilio', status: 429, count: 1 });
  await assert.rejects(client.messages.create(message), { status: 429, code: 20429 });
  await sandbox.fault({ service: 'twilio', status: 429, count: 1 });
  const patient = twilio(ACCOUNT, TOKEN, { httpClient: new Detour({ autoRetry: true, maxRetryDelay: 100 }) });
  assert.match((await patient.messages.create(message)).sid, /^SM/);
});

// ---- webhooks, signed by the package ----

const voiceForm = (more = {}) => ({ CallSid: newSid('CA'), AccountSid: ACCOUNT, From: '+15550100001', To: '+15550100002',
  CallStatus: 'ringing', ApiVersion: '2010-04-01', Direction: 'inbound', CallerName: '', ...more });

// One pair for each value, as Twilio repeats a name.
function encode(form) {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(form)) for (const each of [value].flat()) pairs.append(name, each);
  return pairs.toString();
}

const sign = (path, form, token = TOKEN) => getExpectedTwilioSignature(token, PUBLIC_URL + path, form);

async function ring(form, signature = sign('/twilio/voice', form), path = '/twilio/voice') {
  const answer = await fetch(server.url + path, { method: 'POST', body: encode(form), headers: {
    'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8', 'X-Twilio-Signature': signature } });
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
}

test('webhooks that the package signs are ours to answer', async () => {
  const forms = [
    voiceForm(),
    voiceForm({ CallerName: 'Zoë Ünal 東京 🌙', FromCity: '', StirVerstat: 'TN-Validation-Passed-A' }),
    voiceForm({ CallToken: '{"a b":"c+d/e=&?%"}', From: 'sip:someone@example.com;user=phone' }),
    voiceForm({ Tag: ['b', 'a', 'a'] }), // repeated, out of order, a value twice
    voiceForm({ a: 'lower', A: 'upper', 'Z[0]': 'brackets', ' ': 'a blank name' }),
  ];
  for (const form of forms) {
    const { status, type, text } = await ring(form);
    assert.equal(status, 200, JSON.stringify(form));
    assert.match(type, /^(text|application)\/xml/);
    assert.match(text, /<Connect/);
  }
});

test('a query is part of what is signed', async () => {
  const form = voiceForm(), path = '/twilio/voice?attempt=1&name=Zo%C3%AB';
  assert.equal((await ring(form, sign(path, form), path)).status, 200);
  assert.equal((await ring(form, sign('/twilio/voice', form), path)).status, 403);
});

test('what was changed after signing is refused', async () => {
  const form = voiceForm({ Tag: ['a', 'b'] });
  const signature = sign('/twilio/voice', form);
  const changed = [{ ...form, To: '+15550100003' }, { ...form, Extra: '' + 1 }, { ...form, Tag: ['a', 'c'] },
    Object.fromEntries(Object.entries(form).filter(([name]) => name !== 'From'))];
  for (const each of changed) assert.equal((await ring(each, signature)).status, 403, JSON.stringify(each));
  for (const wrong of ['', 'AAAA', sign('/twilio/voice', form, 'f'.repeat(32)), sign('/twilio/status', form),
    signature.toLowerCase()])
    assert.equal((await ring(form, wrong)).status, 403, wrong);
  assert.equal((await ring(form, signature)).status, 200);
});

// ---- TwiML ----

// <a b="c">text</a> into [name, attributes, ...children]; entities decoded.
function parse(xml) {
  const decode = (text) => text.replace(/&(?:#(x?)([0-9a-f]+)|(\w+));/gi, (_, hex, number, name) =>
    (name ? { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }[name] : String.fromCodePoint(parseInt(number, hex ? 16 : 10))));
  const root = [], open = [root];
  for (const [, close, name, attributes, empty, text] of
    xml.replace(/^<\?xml[^?]*\?>/, '').matchAll(/<(\/?)(\w+)((?:\s+[\w:]+="[^"]*")*)\s*(\/?)>|([^<]+)/g)) {
    if (text !== undefined) { if (text.trim()) open.at(-1).push(decode(text)); continue; }
    if (close) { assert.equal(open.pop()[0], name); continue; }
    const element = [name, Object.fromEntries([...attributes.matchAll(/([\w:]+)="([^"]*)"/g)].map(([, key, value]) => [key, decode(value)]))];
    open.at(-1).push(element);
    if (!empty) open.push(element);
  }
  assert.equal(open.length, 1, 'every element is closed');
  assert.equal(root.length, 1, 'one root');
  return root[0];
}

// The same document from the package's builder.
function rebuild([, , ...verbs]) {
  const response = new VoiceResponse();
  for (const [name, attributes, ...children] of verbs) {
    if (name === 'Connect') {
      const connect = response.connect(attributes);
      for (const [, streamAttributes, ...parameters] of children) {
        const stream = connect.stream(streamAttributes);
        for (const [, parameter] of parameters) stream.parameter(parameter);
      }
    } else if (name === 'Redirect') {
      response.redirect(attributes, children[0]);
    } else if (name === 'Say') {
      response.say(attributes, children[0]);
    } else if (name === 'Hangup') {
      response.hangup();
    } else {
      assert.fail(`the builder is not asked for ${name}`);
    }
  }
  return response.toString();
}

test('our TwiML is what the builder makes of it, element by element', async () => {
  for (const form of [voiceForm(), voiceForm({ From: 'sip:a&b"<c>\'@example.com' }), voiceForm({ To: '+15550109999' })]) {
    const { text } = await ring(form);
    const ours = parse(text);
    assert.equal(ours[0], 'Response');
    assert.deepEqual(ours, parse(rebuild(ours)));
  }
});

test('the stream has the wss URL and parameters that Twilio takes', async () => {
  const [, , [connect, , [stream, attributes, ...parameters]]] = parse((await ring(voiceForm())).text);
  assert.deepEqual([connect, stream, attributes.url], ['Connect', 'Stream', STREAM_URL]);
  assert(parameters.length > 0);
  for (const [name, parameter] of parameters) {
    assert.equal(name, 'Parameter');
    assert(parameter.name.length + parameter.value.length < 500);
  }
});

// ---- the stream's door ----

function upgrade(signature) {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/twilio-voice-stream`,
      { headers: { 'X-Twilio-Signature': signature } });
    socket.on('open', () => { socket.terminate(); resolve(101); });
    socket.on('unexpected-response', (request, response) => { response.resume(); resolve(response.statusCode); });
    socket.on('error', () => resolve(0));
  });
}

test('an upgrade is signed over the wss URL without parameters', async () => {
  const signature = getExpectedTwilioSignature(TOKEN, STREAM_URL, {});
  assert(validateRequest(TOKEN, signature, STREAM_URL, {}));
  assert.equal(await upgrade(signature), 101);
  for (const wrong of [getExpectedTwilioSignature('0'.repeat(32), STREAM_URL, {}), 'AAAA',
    getExpectedTwilioSignature(TOKEN, STREAM_URL.replace('wss', 'https'), {}),
    getExpectedTwilioSignature(TOKEN, `${STREAM_URL}?a=b`, {})])
    assert.equal(await upgrade(wrong), 403);
});
