// A server that asks for keys, as each official client meets it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';
import { Ollama } from 'ollama';
import OpenAI from 'openai';

import { serve } from './zubr.mjs';

const environment = { ZUBR_HOME: mkdtempSync(join(tmpdir(), 'zubr-keys-')) };
const zubr = (...args) =>
  execFileSync(process.env.ZUBR_BINARY, args, { env: { ...process.env, ...environment }, encoding: 'utf8' }).trim();
const key = zubr('keys', 'create', 'client');
const server = serve([], environment, { Authorization: `Bearer ${key}` });
const messages = [{ role: 'user', content: 'Hi' }];

test('openai', async () => {
  const client = (apiKey) => new OpenAI({ apiKey, baseURL: server.url + '/v1', maxRetries: 0 });
  assert.ok((await client(key).models.list()).data.some((model) => model.id === server.model));
  await assert.rejects(client('sk-wrong').models.list(), OpenAI.AuthenticationError);
});

test('anthropic', async () => {
  const ask = (apiKey) =>
    new Anthropic({ apiKey, baseURL: server.url, maxRetries: 0 }).messages.create({
      model: server.model,
      max_tokens: 2,
      messages,
    });
  assert.equal((await ask(key)).role, 'assistant');
  await assert.rejects(ask('sk-wrong'), Anthropic.AuthenticationError);
});

test('ollama', async () => {
  const client = (value) => new Ollama({ host: server.url, headers: { Authorization: `Bearer ${value}` } });
  assert.ok((await client(key).list()).models);
  await assert.rejects(client('sk-wrong').list(), /not an API key/);
  await assert.rejects(client(key).delete({ model: 'nobody' }), /needs manage/);
});

test('a revoked key ends within seconds', async () => {
  const other = zubr('keys', 'create', 'other');
  const status = async () =>
    (await fetch(server.url + '/v1/models', { headers: { 'x-api-key': other } })).status;
  const until = async (wanted) => {
    for (const end = Date.now() + 10_000; (await status()) !== wanted; )
      assert.ok(Date.now() < end, `the status never became ${wanted}`);
  };
  await until(200);
  zubr('keys', 'revoke', 'other');
  await until(401);
});
