// People who call: how a call is begun and answered in the page, and what of it arrives at the other end.

import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveTown, startTown } from './town.mjs';

/** A microphone that beeps, a camera that counts, a screen that is chosen by itself; and ways over loopback, for the relay. */
export const FAKE_DEVICES = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--auto-select-desktop-capture-source=Entire screen', '--allow-loopback-in-peer-connection'];

export const ring = (page) => page.locator('.call-ring');
export const callView = (page) => page.locator('.call-view');
export const answerVideo = (page) => ring(page).getByRole('button', { name: 'Answer' }).click();

/** Asks the daemon as the page's person. */
export const ask = (page, method, path, body) => page.evaluate(async ([method, path, body]) => {
  const headers = { 'Handclasp-Web': '1', 'Idempotency-Key': crypto.randomUUID() };
  if (body) headers['Content-Type'] = 'application/json';
  const answer = await fetch(`/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.headers.get('Content-Type')?.includes('json') ? answer.json() : null;
}, [method, path, body]);

/** Asks until `found(answer)` is something. */
async function until(page, path, found) {
  for (;;) {
    const told = found(await ask(page, 'GET', path).catch(() => ({})));
    if (told) return told;
    await page.evaluate(() => new Promise((done) => { requestAnimationFrame(done); }));
  }
}

/** Two people know each other from now on; resolves to their room. */
export async function befriend(page, address) {
  await ask(page, 'POST', '/contacts', { address });
  return until(page, `/contacts/${address}`, (contact) => contact.state === 'added' && contact.room);
}

/** A group that everybody of `pages` is in. */
export async function group(page, name, members, pages) {
  const { id } = await ask(page, 'POST', '/rooms', { name, members, new: true });
  for (const other of pages) await until(other, `/rooms/${id}`, (room) => room.id);
  return id;
}

/** Shows a room. */
export async function bring(page, room) {
  for (const close of await page.locator('.toast .icon-button').all()) await close.click({ timeout: 500 }).catch(() => {});
  const row = page.locator(`.room-row[href="/rooms/${room}"]`);
  if (!await row.isVisible().catch(() => false)) await page.locator('.main-head .back').first().click({ timeout: 2_000 }).catch(() => {});
  await row.click();
  await page.locator('hc-messages .message, hc-messages .row-beginning, hc-messages .row-event').first().waitFor();
}

/** Presses a room's call button; `goes`: also through the lobby. */
export async function begin(page, label, { goes = false } = {}) {
  await page.locator('.main-head').getByRole('button', { name: label, exact: true }).click();
  if (goes) await page.getByRole('dialog').getByRole('button', { name: 'Call', exact: true }).click();
}

export const connected = (page) => page.waitForFunction(() => document.querySelector('.call-view')?.session.peers.some((peer) => peer.state === 'connected'));

/** What came from each other person so far: [{who, frames, energy, packets}]. */
const came = (page) => page.evaluate(async () => {
  const peers = document.querySelector('.call-view')?.session.peers ?? [];
  return Promise.all(peers.map(async (peer) => {
    const told = { who: peer.who, state: peer.state, frames: 0, energy: 0, packets: 0 };
    for (const stat of (await peer.stats()).values()) {
      if (stat.type !== 'inbound-rtp') continue;
      if (stat.kind === 'video') told.frames += stat.framesDecoded ?? 0;
      else { told.energy += stat.totalAudioEnergy ?? 0; told.packets += stat.packetsReceived ?? 0; }
    }
    return told;
  }));
});

const lines = (page) => page.evaluate(() => (document.querySelector('.call-view')?.session.peers ?? []).map((peer) => ({ with: peer.who, ...peer.lines })));

/** Waits until everybody gets sound, and frames if `video`, from each of the `others`, and more of it from then on. */
export async function together(pages, { video, others = 1 }) {
  // Twelve pictures are made by software, where a gate shares its machine.
  const patienceMs = 30_000 * others;
  const grown = (now, before) => now.frames > (before?.frames ?? 0) || !video;
  for (const page of pages) {
    let before = [];
    const end = Date.now() + patienceMs;
    for (;;) {
      const now = await came(page);
      const good = now.filter((one) => {
        const past = before.find(({ who }) => who === one.who);
        return past && one.state === 'connected' && grown(one, past) && one.energy > past.energy && one.packets > past.packets;
      });
      if (now.length === others && good.length === others) break;
      if (Date.now() > end) throw new Error(`not together: ${JSON.stringify({ before, now, lines: await Promise.all(pages.map(lines)) }, null, 1)}`);
      if (now.length === others && now.every((one) => one.packets > 0)) before = now;
      // The fake microphone beeps once a second.
      await page.evaluate(() => new Promise((done) => { document.querySelector('.call-view')?.session.addEventListener('stats', done, { once: true }); setTimeout(done, 1_500); }));
    }
  }
}

const newKey = () => randomBytes(16).toString('hex');

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Two organizations that let calls go through coturn on loopback only. Resolves to {acme, globex, stop}. */
export async function startRelay() {
  const dir = mkdtempSync(join(tmpdir(), 'handclasp-relay-'));
  const port = await freePort();
  const secret = newKey();
  const settings = ['listening-ip=127.0.0.1', 'relay-ip=127.0.0.1', `listening-port=${port}`, 'use-auth-secret', `static-auth-secret=${secret}`, 'realm=handclasp.test', 'allow-loopback-peers', 'no-tls', 'no-dtls', 'no-cli', 'fingerprint', 'min-port=49160', 'max-port=49400', `log-file=${dir}/turn.log`, 'simple-log', `pidfile=${dir}/turn.pid`, `userdb=${dir}/turn.db`];
  writeFileSync(`${dir}/turn.conf`, `${settings.join('\n')}\n`);
  writeFileSync(`${dir}/turn.secret`, `${secret}\n`);
  const relay = spawn('turnserver', ['-c', `${dir}/turn.conf`], { stdio: 'ignore' });
  await once(relay, 'spawn');
  const story = await startTown({ dir: `${dir}/town` });
  await story.stop();
  for (const { dir: home } of story.told) appendFileSync(`${home}/handclasp.toml`, `\n[calls]\nturn = ["turn:127.0.0.1:${port}?transport=udp"]\nturn_secret = "${dir}/turn.secret"\n`);
  const town = await serveTown(story.told);
  for (const org of [town.acme, town.globex]) org.admin('policy', 'calls', '--relay-only', 'on');
  const stop = async () => {
    await town.stop();
    relay.kill('SIGTERM');
    await once(relay, 'exit');
    rmSync(dir, { recursive: true, force: true });
  };
  return { ...town, stop };
}
