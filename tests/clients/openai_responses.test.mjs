// The openai client: responses that the server keeps, and files.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import OpenAI, { toFile } from 'openai';

import { serve } from './zubr.mjs';

const server = serve();
const client = () => new OpenAI({ apiKey: 'none', baseURL: server.url + '/v1', maxRetries: 0 });
const input = 'I bought a new dog today!';

test('answers, and keeps the answer until it is deleted', async () => {
  const response = await client().responses.create({ model: server.model, input, temperature: 0, max_output_tokens: 32 });
  assert.match(response.output_text, /That's great! What kind of dog/);
  assert.ok(response.usage.input_tokens > 5);
  const kept = await client().responses.retrieve(response.id);
  assert.equal(kept.output_text ?? kept.output[0].content[0].text, response.output_text);
  const items = await client().responses.inputItems.list(response.id);
  assert.equal(items.data[0].content[0].text, input);
  await client().responses.delete(response.id);
  await assert.rejects(client().responses.retrieve(response.id), OpenAI.NotFoundError);
});

test('goes on from an earlier answer as if all of it had been sent', async () => {
  const common = { model: server.model, temperature: 0, max_output_tokens: 24 };
  const first = await client().responses.create({ ...common, input });
  const second = await client().responses.create({ ...common, input: 'A poodle.', previous_response_id: first.id });
  const chat = await client().chat.completions.create({
    model: server.model,
    temperature: 0,
    max_tokens: 24,
    messages: [
      { role: 'user', content: input },
      { role: 'assistant', content: first.output_text },
      { role: 'user', content: 'A poodle.' },
    ],
  });
  assert.equal(second.output_text, chat.choices[0].message.content);
});

test('streams events that the client puts together', async () => {
  const request = { model: server.model, input, temperature: 0, max_output_tokens: 24 };
  const whole = await client().responses.create(request);
  const stream = client().responses.stream(request);
  let text = '';
  stream.on('response.output_text.delta', (event) => (text += event.delta));
  const final = await stream.finalResponse();
  assert.equal(text, whole.output_text);
  assert.equal(final.output[0].content[0].text, whole.output_text);
  assert.equal(final.status, whole.status);
});

test('answers in the form of a schema, and calls a tool', async () => {
  const schema = {
    type: 'object',
    properties: { glad: { type: 'boolean' } },
    required: ['glad'],
    additionalProperties: false,
  };
  const dog = await client().responses.create({
    model: server.model,
    input,
    max_output_tokens: 100,
    text: { format: { type: 'json_schema', name: 'dog', schema, strict: true } },
  });
  assert.equal(typeof JSON.parse(dog.output_text).glad, 'boolean');
  const called = await client().responses.create({
    model: server.model,
    input: 'Hi',
    max_output_tokens: 100,
    parallel_tool_calls: false,
    tools: [{ type: 'function', name: 'mood', parameters: schema, strict: true }],
    tool_choice: 'required',
  });
  assert.equal(called.output[0].type, 'function_call');
  assert.equal(typeof JSON.parse(called.output[0].arguments).glad, 'boolean');
});

test('has errors that the client knows', async () => {
  await assert.rejects(
    client().responses.create({ model: server.model, input, previous_response_id: 'resp_none' }),
    (error) => error instanceof OpenAI.BadRequestError && error.code === 'previous_response_not_found',
  );
  await assert.rejects(
    client().responses.create({ model: server.model, input, tools: [{ type: 'web_search' }] }),
    OpenAI.BadRequestError,
  );
  await assert.rejects(client().moderations.create({ input }), (error) => error.status === 501);
});

test('keeps files', async () => {
  const bytes = Buffer.from('a "line"\r\n--boundary\r\n\0');
  const file = await client().files.create({ file: await toFile(bytes, 'dog "żółty".jsonl'), purpose: 'user_data' });
  assert.equal(file.bytes, bytes.length);
  assert.match(file.filename, /\.jsonl$/);
  assert.equal((await client().files.retrieve(file.id)).id, file.id);
  const list = await client().files.list();
  assert.ok(list.data.some((one) => one.id === file.id));
  const content = Buffer.from(await (await client().files.content(file.id)).arrayBuffer());
  assert.ok(content.equals(bytes));
  assert.equal((await client().files.delete(file.id)).deleted, true);
  await assert.rejects(client().files.retrieve(file.id), OpenAI.NotFoundError);
});
