import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AIMessage, HumanMessage, ToolMessage } from '@langchain/core/messages';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { z } from 'zod';

import { serve } from './zubr.mjs';

const server = serve();
const configuration = () => ({ baseURL: server.url + '/v1' });
const chat = (more = {}) =>
  new ChatOpenAI({
    model: server.model,
    apiKey: 'none',
    temperature: 0,
    maxTokens: 32,
    maxRetries: 0,
    configuration: configuration(),
    ...more,
  });
const said = 'I bought a new dog today!';

test('chats', async () => {
  const answer = await chat().invoke([new HumanMessage(said)]);
  assert.match(answer.content, /That's great! What kind of dog/);
  assert.ok(answer.usage_metadata.input_tokens > 5);
});

test('streams what it would answer at once', async () => {
  const whole = await chat().invoke(said);
  let text = '';
  for await (const chunk of await chat().stream(said)) text += chunk.content;
  assert.equal(text, whole.content);
});

test('makes objects of a schema', async () => {
  const schema = z.object({ glad: z.boolean(), kind: z.enum(['puppy', 'dog']) });
  const dog = await chat({ maxTokens: 100 })
    .withStructuredOutput(schema, { method: 'jsonSchema', name: 'dog', strict: true })
    .invoke(said);
  assert.equal(typeof dog.glad, 'boolean');
  assert.ok(['puppy', 'dog'].includes(dog.kind));
});

test('calls a tool and takes its answer', async () => {
  const tools = [
    {
      type: 'function',
      function: {
        name: 'walk',
        description: 'Walk the dog',
        parameters: { type: 'object', properties: { where: { enum: ['park', 'wood'] } }, required: ['where'] },
      },
    },
  ];
  const bound = chat({ maxTokens: 100 }).bindTools(tools, { tool_choice: 'required' });
  const answer = await bound.invoke('Hi');
  const call = answer.tool_calls[0];
  assert.equal(call.name, 'walk');
  assert.ok(['park', 'wood'].includes(call.args.where));
  const next = await chat().invoke([
    new HumanMessage('Hi'),
    new AIMessage({ content: '', tool_calls: [call] }),
    new ToolMessage({ content: 'done', tool_call_id: call.id }),
  ]);
  assert.equal(typeof next.content, 'string');
});

test('embeds', async () => {
  const embeddings = new OpenAIEmbeddings({
    model: server.model,
    apiKey: 'none',
    maxRetries: 0,
    configuration: configuration(),
  });
  const vectors = await embeddings.embedDocuments(['a dog', 'a cat']);
  assert.equal(vectors.length, 2);
  assert.equal(vectors[0].length, 128);
});

test('stops when it is told to', async () => {
  const controller = new AbortController();
  await assert.rejects(async () => {
    for await (const chunk of await chat({ maxTokens: 200 }).stream(said, { signal: controller.signal })) {
      assert.ok(chunk);
      controller.abort();
    }
  });
  assert.ok((await chat({ maxTokens: 2 }).invoke(said)).content.length > 0);
});

test('has errors that the client knows', async () => {
  await assert.rejects(chat({ model: 'gpt-4o' }).invoke(said), (error) => error.status === 404);
});
