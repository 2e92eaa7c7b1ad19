import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Ollama } from 'ollama';

import { serve } from './zubr.mjs';

const server = serve();
const client = () => new Ollama({ host: server.url });
const messages = [{ role: 'user', content: 'I bought a new dog today!' }];
const options = { temperature: 0, num_predict: 32 };
const answer = /That's great! What kind of dog/;

test('lists, shows and knows what is in memory', async () => {
  const names = (await client().list()).models.map((model) => model.name);
  assert.ok(names.includes(server.model));
  const running = await client().ps();
  assert.equal(running.models[0].name, server.model);
  const shown = await client().show({ model: server.model });
  assert.equal(shown.details.family, 'gpt2');
  assert.equal(shown.model_info['gpt2.context_length'], 256);
  assert.ok(shown.capabilities.includes('completion'));
});

test('chats, with metrics in nanoseconds', async () => {
  const chat = await client().chat({ model: server.model, messages, options });
  assert.match(chat.message.content, answer);
  assert.equal(chat.done, true);
  assert.ok(chat.eval_count > 0 && chat.total_duration > chat.eval_duration);
});

test('streams what it would answer at once', async () => {
  const whole = await client().chat({ model: server.model, messages, options });
  let text = '';
  let last;
  for await (const part of await client().chat({ model: server.model, messages, options, stream: true })) {
    text += part.message.content;
    last = part;
  }
  assert.equal(text, whole.message.content);
  assert.equal(last.done, true);
  assert.equal(last.eval_count, whole.eval_count);
});

test('generates, and goes on from a context', async () => {
  const first = await client().generate({ model: server.model, prompt: 'I bought a new dog today!', options });
  assert.match(first.response, answer);
  const next = await client().generate({ model: server.model, prompt: 'A poodle.', context: first.context, options });
  assert.ok(next.prompt_eval_count > first.prompt_eval_count);
  const raw = await client().generate({
    model: server.model,
    prompt: 'User: I bought a new dog today!\nBot:',
    raw: true,
    options,
  });
  assert.equal(raw.response, first.response);
});

test('answers in the form of a schema', async () => {
  const chat = await client().chat({
    model: server.model,
    messages,
    options: { ...options, num_predict: 100 },
    format: { type: 'object', properties: { glad: { type: 'boolean' } }, required: ['glad'] },
  });
  assert.equal(typeof JSON.parse(chat.message.content).glad, 'boolean');
});

test('embeds', async () => {
  const embedded = await client().embed({ model: server.model, input: ['a dog', 'a cat'] });
  assert.equal(embedded.embeddings.length, 2);
  const old = await client().embeddings({ model: server.model, prompt: 'a dog' });
  for (let i = 0; i < 128; ++i) assert.ok(Math.abs(old.embedding[i] - embedded.embeddings[0][i]) < 1e-5);
});

test('aborts', async () => {
  const ollama = client();
  const stream = await ollama.chat({ model: server.model, messages, stream: true, options: { num_predict: -1 } });
  await assert.rejects(async () => {
    for await (const part of stream) {
      assert.equal(part.done, false);
      ollama.abort();
    }
  }, { name: 'AbortError' });
});

test('has errors that the client knows', async () => {
  await assert.rejects(client().chat({ model: 'llama3.2', messages }), { status_code: 404 });
  await assert.rejects(client().generate({ model: server.model, prompt: 'dog '.repeat(400) }), {
    status_code: 400,
    message: /\d+ tokens.*256/,
  });
  await assert.rejects(client().pull({ model: 'file:/etc/passwd' }), { status_code: 400 });
});
