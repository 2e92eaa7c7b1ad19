import assert from 'node:assert/strict';
import { test } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';

import { serve } from './zubr.mjs';

const server = serve();
const client = () => new Anthropic({ apiKey: 'none', baseURL: server.url, maxRetries: 0 });
const messages = [{ role: 'user', content: 'I bought a new dog today!' }];
const answer = /That's great! What kind of dog/;

test('answers a message', async () => {
  const message = await client().messages.create({ model: server.model, max_tokens: 32, temperature: 0, messages });
  assert.match(message.content[0].text, answer);
  assert.ok(['end_turn', 'max_tokens'].includes(message.stop_reason));
  const counted = await client().messages.countTokens({ model: server.model, messages });
  const { input_tokens, cache_read_input_tokens } = message.usage;
  assert.equal(input_tokens + cache_read_input_tokens, counted.input_tokens);
});

test('streams what it would answer at once', async () => {
  const request = { model: server.model, max_tokens: 24, temperature: 0, messages };
  const whole = await client().messages.create(request);
  let text = '';
  const stream = client().messages.stream(request).on('text', (piece) => (text += piece));
  const final = await stream.finalMessage();
  assert.equal(text, whole.content[0].text);
  assert.equal(final.content[0].text, text);
  assert.equal(final.stop_reason, whole.stop_reason);
  assert.equal(final.usage.output_tokens, whole.usage.output_tokens);
});

test('calls a tool, at once and in a stream', async () => {
  const request = {
    model: server.model,
    max_tokens: 100,
    temperature: 0,
    messages: [{ role: 'user', content: 'Hi' }],
    tools: [
      {
        name: 'walk',
        input_schema: { type: 'object', properties: { where: { enum: ['park', 'wood'] } }, required: ['where'] },
      },
    ],
    tool_choice: { type: 'tool', name: 'walk', disable_parallel_tool_use: true },
  };
  const message = await client().messages.create(request);
  assert.equal(message.stop_reason, 'tool_use');
  const use = message.content.find((block) => block.type === 'tool_use');
  assert.equal(use.name, 'walk');
  assert.ok(['park', 'wood'].includes(use.input.where));
  const final = await client().messages.stream(request).finalMessage();
  assert.deepEqual(final.content.find((block) => block.type === 'tool_use').input, use.input);
});

test('aborts', async () => {
  const stream = client().messages.stream({ model: server.model, max_tokens: 200, messages });
  stream.on('text', () => stream.abort());
  await assert.rejects(stream.finalMessage(), Anthropic.APIUserAbortError);
});

test('has errors that the client knows', async () => {
  const request = { model: server.model, max_tokens: 10, messages };
  await assert.rejects(client().messages.create({ ...request, model: 'claude' }), Anthropic.NotFoundError);
  await assert.rejects(
    client().messages.create({ ...request, messages: [{ role: 'user', content: 'dog '.repeat(400) }] }),
    (error) => error instanceof Anthropic.BadRequestError && /\d+ tokens.*256/.test(error.message),
  );
  await assert.rejects(client().messages.create({ ...request, temperature: 2 }), Anthropic.BadRequestError);
});
