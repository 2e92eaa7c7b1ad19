// The AI SDK (npm: ai) through its provider for servers that speak OpenAI's API.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { embedMany, generateObject, generateText, streamText, tool } from 'ai';
import { z } from 'zod';

import { serve } from './zubr.mjs';

const server = serve();
const provider = () =>
  createOpenAICompatible({ name: 'zubr', baseURL: server.url + '/v1', supportsStructuredOutputs: true });
const model = () => provider().chatModel(server.model);
const prompt = 'I bought a new dog today!';
const common = { temperature: 0, maxRetries: 0 };

test('chats', async () => {
  const { text, usage, finishReason } = await generateText({ ...common, model: model(), prompt, maxOutputTokens: 32 });
  assert.match(text, /That's great! What kind of dog/);
  assert.ok(usage.inputTokens > 5 && usage.outputTokens > 0);
  assert.ok(['stop', 'length'].includes(finishReason));
});

test('streams what it would answer at once', async () => {
  const whole = await generateText({ ...common, model: model(), prompt, maxOutputTokens: 24 });
  const stream = streamText({ ...common, model: model(), prompt, maxOutputTokens: 24 });
  let text = '';
  for await (const piece of stream.textStream) text += piece;
  assert.equal(text, whole.text);
});

test('makes objects of a schema', async () => {
  const { object } = await generateObject({
    ...common,
    model: model(),
    prompt,
    maxOutputTokens: 100,
    schema: z.object({ glad: z.boolean(), kind: z.enum(['puppy', 'dog']) }),
  });
  assert.equal(typeof object.glad, 'boolean');
  assert.ok(['puppy', 'dog'].includes(object.kind));
});

test('calls a tool', async () => {
  let called;
  const { toolCalls, toolResults } = await generateText({
    ...common,
    model: model(),
    prompt: 'Hi',
    maxOutputTokens: 100,
    toolChoice: 'required',
    tools: {
      walk: tool({
        description: 'Walk the dog',
        inputSchema: z.object({ where: z.enum(['park', 'wood']) }),
        execute: async ({ where }) => (called = `walked in the ${where}`),
      }),
    },
  });
  assert.equal(toolCalls[0].toolName, 'walk');
  assert.equal(toolResults[0].output, called);
});

test('embeds', async () => {
  const { embeddings } = await embedMany({
    model: provider().textEmbeddingModel(server.model),
    values: ['a dog', 'a cat', 'a car'],
    maxRetries: 0,
  });
  assert.equal(embeddings.length, 3);
  assert.equal(embeddings[0].length, 128);
});

test('stops when it is told to', async () => {
  const controller = new AbortController();
  const stream = streamText({ ...common, model: model(), prompt, abortSignal: controller.signal, onError() {} });
  for await (const part of stream.fullStream) {
    if (part.type === 'text-delta') controller.abort();
    if (part.type === 'abort') break;
  }
  const next = await generateText({ ...common, model: model(), prompt, maxOutputTokens: 2 });
  assert.ok(next.usage.outputTokens > 0);
});

test('has errors that the client knows', async () => {
  await assert.rejects(
    generateText({ ...common, model: provider().chatModel('gpt-4o'), prompt }),
    (error) => error.statusCode === 404 && /is not here/.test(error.message),
  );
});
