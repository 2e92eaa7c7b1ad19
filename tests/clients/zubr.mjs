// Starts the real program with the model of ZUBR_TEST_MODEL, on a port of its own choice, for the tests of one file.
import { spawn } from 'node:child_process';
import { after, before } from 'node:test';

export async function start(command, args, address, environment = {}) {
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let said = '';
  const url = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`${command} ended with ${code}: ${said}`)));
    child.stderr.on('data', (bytes) => {
      said += bytes;
      const found = said.match(address);
      if (found) resolve(found[1]);
    });
  });
  return { child, url, said: () => said };
}

export function stop({ child }) {
  return new Promise((resolve) => {
    child.removeAllListeners('exit');
    child.on('exit', resolve);
    child.kill('SIGTERM');
  });
}

// { url, model } of a server that runs while the tests of the file do.
export function serve(extra = [], environment = {}, headers = {}) {
  const server = { url: '', model: '' };
  let running;
  before(async () => {
    const args = ['serve', '--model', process.env.ZUBR_TEST_MODEL, '--port', '0', ...extra];
    running = await start(process.env.ZUBR_BINARY, args, /at (http:\/\/\S+);/, environment);
    server.url = running.url;
    const models = await (await fetch(server.url + '/v1/models', { headers })).json();
    server.model = models.data?.[0]?.id ?? '';
  });
  after(() => stop(running));
  return server;
}
