// Two real daemons: the demo tells its story, then prints one line with the sign-ins and keeps running.

import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { serveTree } from './tree.mjs';

const program = process.env.HANDCLASP ?? new URL('../../target/debug/handclasp', import.meta.url).pathname;
const tree = process.env.HANDCLASP_ASSETS && resolve(process.env.HANDCLASP_ASSETS);

/**
 * Starts the demo; resolves to {acme, globex, stop}. An org: {url, console: {url, token}, dir, users, password,
 * admin(...words)}.
 */
export async function startTown() {
  const demo = spawn(program, ['demo', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ready = await new Promise((done, fail) => {
    demo.once('error', fail);
    demo.once('exit', (code) => fail(new Error(`the demo ended with ${code}`)));
    createInterface({ input: demo.stdout }).on('line', (line) => { const told = JSON.parse(line); if (told.ready) done(told.ready); });
  });
  const [acme, globex] = await Promise.all(ready.map(org));
  const stop = () => new Promise((done) => {
    for (const { stops } of [acme, globex]) stops.forEach((stop) => stop());
    demo.removeAllListeners('exit');
    demo.once('exit', done);
    demo.kill('SIGTERM');
  });
  return { acme, globex, stop };
}

async function org(told) {
  const admin = (...words) => {
    const done = spawnSync(program, [...words, '--dir', told.dir], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`handclasp ${words.join(' ')}: ${done.stderr}`);
    return done.stdout;
  };
  const stops = [];
  const front = async (address, app) => {
    if (!tree) return `http://${address}`;
    const { url, stop } = await serveTree(tree, `http://${address}`, { ...app, org: told.org });
    stops.push(stop);
    return url;
  };
  const url = await front(told.client, { page: 'chat/index.html', addresses: /^\/(?:$|(?:rooms|contacts|notifications|settings|search)(?:\/|$))/ });
  const consoleUrl = await front(told.admin, { page: 'console/index.html', addresses: /^\/$/ });
  const token = readFileSync(`${told.dir}/keys/admin.token`, 'utf8').trim();
  return { ...told, url, console: { url: consoleUrl, token }, admin, stops };
}
