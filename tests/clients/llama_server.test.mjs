// At temperature 0 our answers are those of llama-server, built from the same llama.cpp (tools/setup.sh bench).
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';

import { serve, start, stop } from './zubr.mjs';

const binary = process.env.LLAMA_SERVER;
const here = binary && existsSync(binary);
if (!here) console.error(`SKIPPED: there is no llama-server at '${binary}'; run tools/setup.sh bench`);

const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

const server = here ? serve() : undefined;
let peer;
if (here) {
  before(async () => {
    const port = await freePort();
    const args = ['-m', process.env.ZUBR_TEST_MODEL, '--port', `${port}`, '--no-webui', '-np', '1', '-t', '1'];
    peer = await start(binary, args, /(listening|is listening)/);
    peer.url = `http://127.0.0.1:${port}`;
    for (let tries = 0; tries < 600; ++tries) {
      const health = await fetch(peer.url + '/health').catch(() => undefined);
      if (health?.ok) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
  after(() => stop(peer));
}

const ask = async (url, path, body) => {
  const answer = await fetch(url + path, { method: 'POST', body: JSON.stringify(body) });
  assert.equal(answer.status, 200, `${url}${path}: ${await answer.clone().text()}`);
  return answer.json();
};
const both = async (path, body) => [await ask(server.url, path, body), await ask(peer.url, path, body)];

const prompts = [
  'I bought a new dog today!',
  'What is your name?',
  'My sister is sick.',
  'Let us go to the park.',
  'Zażółć gęślą jaźń',
];

test('tokens and prompts', { skip: !here }, async () => {
  for (const content of prompts) {
    for (const add_special of [false, true]) {
      const [ours, theirs] = await both('/tokenize', { content, add_special });
      assert.deepEqual(ours.tokens, theirs.tokens, content);
    }
    const [text, theirText] = await both('/detokenize', { tokens: (await both('/tokenize', { content }))[0].tokens });
    assert.equal(text.content, theirText.content);
    const [prompt, theirPrompt] = await both('/apply-template', { messages: [{ role: 'user', content }] });
    assert.equal(prompt.prompt, theirPrompt.prompt);
  }
});

test('completions', { skip: !here }, async () => {
  for (const prompt of prompts) {
    const body = { prompt: `User: ${prompt}\nBot:`, temperature: 0, n_predict: 40, cache_prompt: false };
    const [ours, theirs] = await both('/completion', body);
    assert.equal(ours.content, theirs.content, prompt);
    assert.equal(ours.stop_type, theirs.stop_type);
    assert.equal(ours.tokens_predicted, theirs.tokens_predicted - (ours.stop_type === 'eos' ? 1 : 0), prompt);
    assert.equal(ours.tokens_evaluated, theirs.tokens_evaluated);
  }
});

test('chats', { skip: !here }, async () => {
  for (const content of prompts) {
    const body = { messages: [{ role: 'user', content }], temperature: 0, max_tokens: 40 };
    const [ours, theirs] = await both('/v1/chat/completions', body);
    // Their parser takes the space away with which this model begins an answer.
    assert.equal(ours.choices[0].message.content.trim(), theirs.choices[0].message.content.trim(), content);
    assert.equal(ours.choices[0].finish_reason, theirs.choices[0].finish_reason);
    assert.equal(ours.usage.prompt_tokens, theirs.usage.prompt_tokens);
  }
});

test('probabilities', { skip: !here }, async () => {
  const body = { prompt: `User: ${prompts[0]}\nBot:`, temperature: 0, n_predict: 8, n_probs: 3 };
  const [ours, theirs] = await both('/completion', body);
  const expected = theirs.completion_probabilities;
  assert.equal(ours.completion_probabilities.length, expected.length);
  ours.completion_probabilities.forEach((token, i) => {
    assert.equal(token.id, expected[i].id);
    assert.ok(Math.abs(token.logprob - expected[i].logprob) < 0.02, `${token.logprob} and ${expected[i].logprob}`);
    assert.deepEqual(token.top_logprobs.map((one) => one.id), expected[i].top_logprobs.map((one) => one.id));
  });
});
