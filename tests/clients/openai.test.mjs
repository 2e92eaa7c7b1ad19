import assert from 'node:assert/strict';
import { test } from 'node:test';

import OpenAI from 'openai';

import { serve } from './zubr.mjs';

const server = serve();
const client = () => new OpenAI({ apiKey: 'none', baseURL: server.url + '/v1', maxRetries: 0 });
const messages = [{ role: 'user', content: 'I bought a new dog today!' }];
const answer = /That's great! What kind of dog/;

test('lists and finds the model', async () => {
  const models = await client().models.list();
  assert.ok(models.data.some((model) => model.id === server.model));
  assert.equal((await client().models.retrieve(server.model)).id, server.model);
});

test('chats', async () => {
  const chat = await client().chat.completions.create({ model: server.model, messages, temperature: 0, max_tokens: 32 });
  assert.match(chat.choices[0].message.content, answer);
  assert.ok(chat.usage.prompt_tokens > 5);
  assert.equal(chat.usage.total_tokens, chat.usage.prompt_tokens + chat.usage.completion_tokens);
});

test('streams what it would answer at once, with usage', async () => {
  const request = { model: server.model, messages, temperature: 0, max_tokens: 24 };
  const whole = await client().chat.completions.create(request);
  const stream = await client().chat.completions.create({
    ...request,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = '';
  let usage;
  let finish;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? '';
    finish = chunk.choices[0]?.finish_reason ?? finish;
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, whole.choices[0].message.content);
  assert.equal(finish, whole.choices[0].finish_reason);
  assert.equal(usage.completion_tokens, whole.usage.completion_tokens);
});

test('makes several choices, and the same ones for the same seed', async () => {
  const request = { model: server.model, messages, n: 2, seed: 7, max_tokens: 12 };
  const one = await client().chat.completions.create(request);
  const two = await client().chat.completions.create(request);
  assert.equal(one.choices.length, 2);
  assert.deepEqual(one.choices.map((c) => c.message.content), two.choices.map((c) => c.message.content));
});

test('gives probabilities and follows a bias', async () => {
  const request = { model: server.model, messages, temperature: 0, max_tokens: 4, logprobs: true, top_logprobs: 2 };
  const plain = await client().chat.completions.create(request);
  const tokens = plain.choices[0].logprobs.content;
  assert.equal(tokens.length, 4);
  assert.equal(tokens.map((token) => token.token).join(''), plain.choices[0].message.content);
  assert.equal(tokens[0].top_logprobs.length, 2);
  assert.ok(tokens[0].logprob <= 0 && tokens[0].top_logprobs[1].logprob <= tokens[0].logprob);
});

test('answers in the form of a schema', async () => {
  const chat = await client().chat.completions.create({
    model: server.model,
    messages,
    temperature: 0,
    max_tokens: 100,
    response_format: {
      type: 'json_schema',
      json_schema: {
        name: 'dog',
        strict: true,
        schema: {
          type: 'object',
          properties: { glad: { type: 'boolean' }, kind: { enum: ['puppy', 'dog'] } },
          required: ['glad', 'kind'],
          additionalProperties: false,
        },
      },
    },
  });
  const dog = JSON.parse(chat.choices[0].message.content);
  assert.equal(typeof dog.glad, 'boolean');
  assert.ok(['puppy', 'dog'].includes(dog.kind));
});

test('refuses a schema that it cannot enforce before any token', async () => {
  const stream = client().chat.completions.create({
    model: server.model,
    messages,
    stream: true,
    response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'number', multipleOf: 3 } } },
  });
  await assert.rejects(stream, (error) => error instanceof OpenAI.BadRequestError && /multipleOf/.test(error.message));
});

const tools = [
  {
    type: 'function',
    function: {
      name: 'walk',
      parameters: { type: 'object', properties: { where: { enum: ['park', 'wood'] } }, required: ['where'] },
    },
  },
];

test('calls a required tool, at once and in a stream', async () => {
  const request = {
    model: server.model,
    messages: [{ role: 'user', content: 'Hi' }],
    temperature: 0,
    max_tokens: 100,
    tools,
    tool_choice: 'required',
    parallel_tool_calls: false,
  };
  const chat = await client().chat.completions.create(request);
  assert.equal(chat.choices[0].finish_reason, 'tool_calls');
  const call = chat.choices[0].message.tool_calls[0];
  assert.equal(call.function.name, 'walk');
  assert.ok(['park', 'wood'].includes(JSON.parse(call.function.arguments).where));

  const final = await client().chat.completions.stream(request).finalChatCompletion();
  assert.deepEqual(final.choices[0].message.tool_calls[0].function.arguments, call.function.arguments);
});

test('embeds, in floats and in the base64 that the client asks for', async () => {
  const request = { model: server.model, input: ['a dog', 'a cat'] };
  const floats = await client().embeddings.create({ ...request, encoding_format: 'float' });
  const packed = await client().embeddings.create(request);
  assert.equal(floats.data.length, 2);
  assert.equal(floats.data[0].embedding.length, 128);
  for (let i = 0; i < 128; ++i)
    assert.ok(Math.abs(floats.data[1].embedding[i] - packed.data[1].embedding[i]) < 1e-6);
  const short = await client().embeddings.create({ ...request, dimensions: 8 });
  const length = Math.hypot(...short.data[0].embedding);
  assert.ok(Math.abs(length - 1) < 1e-5);
});

test('completes', async () => {
  const done = await client().completions.create({
    model: server.model,
    prompt: 'User: I bought a new dog today!\nBot:',
    temperature: 0,
    max_tokens: 24,
    echo: true,
  });
  assert.match(done.choices[0].text, /^User: I bought a new dog today!\nBot:.*That's great!/);
});

test('lets a client go in the middle of a stream', async () => {
  const stream = await client().chat.completions.create({ model: server.model, messages, stream: true });
  for await (const chunk of stream) {
    assert.ok(chunk.id);
    stream.controller.abort();
    break;
  }
  const next = await client().chat.completions.create({ model: server.model, messages, max_tokens: 2 });
  assert.equal(next.choices.length, 1);
});

test('has errors that the client knows', async () => {
  await assert.rejects(client().chat.completions.create({ model: 'gpt-4o', messages }), OpenAI.NotFoundError);
  await assert.rejects(
    client().chat.completions.create({ model: server.model, messages, temperature: 9 }),
    (error) => error instanceof OpenAI.BadRequestError && error.param === 'temperature',
  );
  const long = [{ role: 'user', content: 'dog '.repeat(400) }];
  await assert.rejects(
    client().chat.completions.create({ model: server.model, messages: long }),
    (error) => error.code === 'context_length_exceeded' && /\d+ tokens.*256/.test(error.message),
  );
});
