// What a person feels: how much is loaded, how soon one can begin, and whether a long room stays smooth. Every figure is
// printed, and fails the test beyond its limit.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inaccessible, message, openRoom, say, shoot, startBrowser } from './browser.mjs';
import { startTown } from './town.mjs';

const PAGE_BYTES_MAX = 150_000;
const USABLE_MS_MAX = 500;
const MESSAGES = 10_000;
const POSTED_AT_ONCE = 24;
const MOUNTED_MAX = 200;
/** A task that keeps the page from answering longer than this is felt. */
const TASK_MS_MAX = 200;
const JUMP_PX_MAX = 2;

let town;
let browser;
before(async () => { town = await startTown(); browser = await startBrowser(); });
after(async () => { await browser?.stop(); await town?.stop(); });

const tell = (t, text) => t.diagnostic(text);

test('the first page weighs less than 150 KB and can be used within 500 ms', async (t) => {
  const page = await browser.signIn(town.acme, 'alice');
  await page.locator('.room-row').first().waitFor();
  const client = await page.context().newCDPSession(page);
  await client.send('Network.enable');
  await client.send('Network.setBypassServiceWorker', { bypass: true });
  const usable = [];
  let weight;
  for (let round = 0; round < 5; round++) {
    await client.send('Network.clearBrowserCache');
    await page.reload();
    await page.locator('.room-row').first().waitFor();
    // From the first byte asked for until the rooms stand in the list.
    usable.push(await page.evaluate(() => performance.getEntriesByName('handclasp.usable')[0].startTime));
    weight = await page.evaluate(() => {
      const files = [...performance.getEntriesByType('resource').filter((one) => one.name.includes('/assets/')), performance.getEntriesByType('navigation')[0]];
      return { bytes: files.reduce((sum, one) => sum + one.encodedBodySize, 0), files: files.length };
    });
  }
  const best = Math.min(...usable);
  tell(t, `${weight.bytes} bytes in ${weight.files} files; usable after ${usable.map(Math.round).join(', ')} ms`);
  assert.ok(weight.files > 20 && weight.bytes > 10_000, 'files were counted');
  if (!process.env.HANDCLASP_ASSETS) assert.ok(weight.bytes < PAGE_BYTES_MAX, `${weight.bytes} bytes`);
  // The best of five: the machine that runs this has other things to do too.
  assert.ok(best < USABLE_MS_MAX, `usable after ${best} ms`);
  await page.context().close();
});

/** A room of one's own org with ten thousand messages, said by two people. */
async function fillRoom(t) {
  const began = Date.now();
  const people = await Promise.all(['alice', 'carol'].map(async (user) => {
    const session = await ask('POST', '/session', { user, password: town.acme.password });
    return session.token;
  }));
  const room = await ask('POST', '/rooms', { name: 'Ten thousand', members: [`carol@${town.acme.org}`], new: true }, people[0]);
  let next = 0;
  const write = async () => {
    for (let n; (n = next++) < MESSAGES;) {
      const text = `Message ${n}${n % 7 === 0 ? `: ${'a longer thought that fills more than a line of the window, '.repeat(n % 5 + 1)}` : ''}`;
      await ask('POST', `/rooms/${room.id}/messages`, { text }, people[Math.floor(n / 5) % 2]);
    }
  };
  await Promise.all(Array.from({ length: POSTED_AT_ONCE }, write));
  tell(t, `${MESSAGES} messages were posted in ${((Date.now() - began) / 1000).toFixed(1)} s`);
  return room;
}

let keys = 0;
async function ask(method, path, body, token) {
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': `measure-${++keys}` };
  if (token) headers.Authorization = `Bearer ${token}`;
  for (;;) {
    const answer = await fetch(`http://${town.acme.client}/api/v1${path}`, { method, headers, body: JSON.stringify(body) });
    if (answer.ok) return answer.json();
    if (answer.status !== 429 && answer.status !== 503) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    await new Promise((done) => setTimeout(done, 1000 * Number(answer.headers.get('Retry-After') ?? 1)));
  }
}

/** Watches frames, long tasks, and how far the first visible message jumps by itself. */
const watch = (page) => page.evaluate(() => {
  const seen = { frames: [], tasks: [], isOn: true };
  globalThis.seen = seen;
  seen.observer = new PerformanceObserver((list) => seen.tasks.push(...list.getEntries().map((one) => one.duration)));
  seen.observer.observe({ type: 'longtask' });
  let before = performance.now();
  const frame = (now) => { seen.frames.push(now - before); before = now; if (seen.isOn) requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
});

const seen = (page) => page.evaluate(() => {
  const { frames, tasks, observer } = globalThis.seen;
  globalThis.seen.isOn = false;
  observer.disconnect();
  const sorted = [...frames].sort((a, b) => a - b);
  return { frames: frames.length, median: sorted[sorted.length >> 1], late: sorted[Math.floor(sorted.length * 0.95)], longest: Math.max(0, ...tasks), tasks: tasks.length };
});

test('ten thousand messages in a room stay smooth, from the end to the beginning and back', { timeout: 400_000 }, async (t) => {
  const room = await fillRoom(t);
  const page = await browser.signIn(town.acme, 'alice');
  await page.goto(`${town.acme.url}/rooms/${room.id}`);
  await message(page, `Message ${MESSAGES - 1}`).waitFor();
  const scroller = page.locator('.message-scroller');
  const counts = () => page.evaluate(() => document.querySelector('hc-messages').counts);
  await scroller.hover();
  await watch(page);
  // Up by the wheel: what is read must not move when older pages arrive above it.
  let jumped = 0;
  for (let turn = 0; turn < 30; turn++) {
    await page.mouse.wheel(0, -700);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    jumped = Math.max(jumped, await page.evaluate(async () => {
      const list = document.querySelector('.message-scroller');
      const edge = list.getBoundingClientRect().top;
      const first = [...document.querySelectorAll('article.message')].find((one) => one.getBoundingClientRect().bottom > edge + 40);
      const before = first.getBoundingClientRect().top + list.scrollTop;
      const [top, at] = [list.scrollTop, first.getBoundingClientRect().top];
      await new Promise((done) => setTimeout(done, 60));
      const moved = first.getBoundingClientRect().top - at;
      return first.isConnected && before && top >= 0 ? Math.abs(moved) : 0;
    }));
  }
  const reading = await seen(page);
  tell(t, `reading upwards: ${JSON.stringify(reading)}, greatest jump ${jumped} px`);
  // To the very first message: every page is read.
  const began = Date.now();
  await page.evaluate(() => document.querySelector('hc-messages').goTo(0));
  await page.waitForFunction((n) => document.querySelector('hc-messages').counts.rows > n, MESSAGES, { timeout: 120_000 });
  tell(t, `all ${(await counts()).rows} rows were read in ${((Date.now() - began) / 1000).toFixed(1)} s`);
  await watch(page);
  for (const share of Array.from({ length: 60 }, (_, at) => at / 59)) {
    await scroller.evaluate((list, where) => { list.scrollTop = where * (list.scrollHeight - list.clientHeight); }, share);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
    const { mounted } = await counts();
    assert.ok(mounted > 5 && mounted < MOUNTED_MAX, `${mounted} rows stand in the document`);
  }
  const flying = await seen(page);
  tell(t, `from the beginning to the end in 60 steps: ${JSON.stringify(flying)}`);
  await watch(page);
  await page.locator('.composer-input').pressSequentially('typed below ten thousand messages');
  await page.keyboard.press('Enter');
  await message(page, 'typed below ten thousand messages').waitFor();
  const typing = await seen(page);
  tell(t, `typing and sending: ${JSON.stringify(typing)}`);
  for (const [what, { longest }] of Object.entries({ reading, flying, typing })) assert.ok(longest < TASK_MS_MAX, `${what}: a task of ${longest} ms`);
  assert.ok(jumped <= JUMP_PX_MAX, `what was read jumped by ${jumped} px`);
  await page.context().close();
});

test('a reload without a connection shows the app, and what is written then goes when it is back', async () => {
  const page = await browser.signIn(town.acme, 'alice');
  await openRoom(page, 'Bob');
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  await page.waitForFunction(() => localStorage.getItem('handclasp.snapshot') && caches.match('/').then(Boolean));
  const kept = await page.evaluate(() => localStorage.getItem('handclasp.snapshot'));
  assert.ok(!kept.includes('Back again'), 'nothing that was said is kept');
  await page.context().setOffline(true);
  await page.reload();
  await page.locator('.room-row', { hasText: 'Bob' }).waitFor();
  await page.locator('.connection', { hasText: 'No connection' }).waitFor();
  await say(page, 'written after a reload in the tunnel');
  assert.deepEqual(await inaccessible(page), []);
  await shoot(page, 'offline-reload');
  await page.context().setOffline(false);
  await message(page, 'written after a reload in the tunnel').locator('.delivery.delivered').waitFor({ timeout: 30_000 });
  assert.equal(await page.locator('.words', { hasText: 'written after a reload in the tunnel' }).count(), 1);
  await page.getByRole('link', { name: 'Settings', exact: true }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in to' }).waitFor();
  assert.equal(await page.evaluate(() => localStorage.getItem('handclasp.snapshot')), null, 'signing out takes it away');
  await page.context().close();
});

const SIZES = [['phone', 360, 720], ['laptop', 1280, 800], ['wide', 1920, 1080]];
const PATHS = [['/', 'home'], ['/contacts', 'contacts'], ['/notifications', 'notifications'], ['/search?q=back', 'search'], ['/settings', 'settings'], ['room', 'room']];

test('every page is accessible and fits at three widths, light and dark', { timeout: 200_000 }, async () => {
  for (const colorScheme of ['light', 'dark']) {
    const page = await browser.signIn(town.acme, 'alice', { colorScheme, reducedMotion: 'reduce' });
    await openRoom(page, 'Launch');
    const room = new URL(page.url()).pathname;
    for (const [name, width, height] of SIZES) {
      await page.setViewportSize({ width, height });
      for (const [path, view] of PATHS) {
        await page.goto(town.acme.url + (path === 'room' ? room : path));
        await page.locator(path === '/' ? '.room-row' : '.main-head').first().waitFor();
        await page.waitForFunction(() => !document.querySelector('.main .spinner'));
        const where = `${view} at ${name}, ${colorScheme}`;
        assert.deepEqual(await inaccessible(page), [], where);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${where} is too wide`);
        await shoot(page, `chat-${view}-${name}-${colorScheme}`);
      }
    }
    await page.context().close();
  }
});

test('the content security policy was never violated and nobody else was asked', () => {
  assert.deepEqual(browser.complaints, []);
});
