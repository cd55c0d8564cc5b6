// Two real daemons: the demo tells its story, then prints one line with the sign-ins and keeps running.

import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';

const program = process.env.HANDCLASP ?? new URL('../../target/debug/handclasp', import.meta.url).pathname;

/** Starts the demo; resolves to {acme, globex, stop}. An org: {url, dir, users, password, admin(...words)}. */
export async function startTown() {
  if (process.env.HANDCLASP_TOWN) return townOf(JSON.parse(process.env.HANDCLASP_TOWN), () => {});
  const demo = spawn(program, ['demo', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ready = await new Promise((done, fail) => {
    demo.once('error', fail);
    demo.once('exit', (code) => fail(new Error(`the demo ended with ${code}`)));
    createInterface({ input: demo.stdout }).on('line', (line) => { const told = JSON.parse(line); if (told.ready) done(told.ready); });
  });
  const stop = () => new Promise((done) => { demo.removeAllListeners('exit'); demo.once('exit', done); demo.kill('SIGTERM'); });
  return townOf(ready, stop);
}

function townOf([acme, globex], stop) {
  return { acme: org(acme), globex: org(globex), stop };
}

function org(told) {
  const admin = (...words) => {
    const done = spawnSync(program, [...words, '--dir', told.dir], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`handclasp ${words.join(' ')}: ${done.stderr}`);
    return done.stdout;
  };
  return { ...told, url: `http://${told.client}`, admin };
}
