// Two real daemons: the demo tells its story, then prints one line with the sign-ins and keeps running.

import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { serveTree } from './tree.mjs';

const program = process.env.HANDCLASP ?? new URL('../../target/debug/handclasp', import.meta.url).pathname;
const tree = process.env.HANDCLASP_ASSETS && resolve(process.env.HANDCLASP_ASSETS);

/**
 * Starts the demo; resolves to {acme, globex, stop}. An org: {url, console: {url, token}, dir, users, password,
 * admin(...words)}. With `dir` the organizations are made there and stay.
 */
export async function startTown({ dir } = {}) {
  const demo = spawn(program, ['demo', '--json', ...(dir ? ['--dir', dir] : [])], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ready = await new Promise((done, fail) => {
    demo.once('error', fail);
    demo.once('exit', (code) => fail(new Error(`the demo ended with ${code}`)));
    createInterface({ input: demo.stdout }).on('line', (line) => { const told = JSON.parse(line); if (told.ready) done(told.ready); });
  });
  return town(ready, [demo]);
}

/** Starts the daemons of a town that was stopped; `told`: what its demo told of them. */
export async function serveTown(told) {
  const daemons = await Promise.all(told.map(async (one) => {
    const file = `${one.dir}/again.json`;
    rmSync(file, { force: true });
    const daemon = spawn(program, ['serve', '--dir', one.dir, '--ready-file', file], { stdio: ['ignore', 'ignore', 'inherit'] });
    while (!existsSync(file)) {
      if (daemon.exitCode !== null) throw new Error(`the daemon of ${one.org} ended with ${daemon.exitCode}`);
      await new Promise((done) => { setTimeout(done, 20); });
    }
    return daemon;
  }));
  return town(told, daemons);
}

async function town(told, processes) {
  const [acme, globex] = await Promise.all(told.map(org));
  const end = (one) => new Promise((done) => {
    one.removeAllListeners('exit');
    one.once('exit', done);
    one.kill('SIGTERM');
  });
  const stop = () => {
    for (const { stops } of [acme, globex]) stops.forEach((stop) => stop());
    return Promise.all(processes.map(end));
  };
  return { acme, globex, stop, told };
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
