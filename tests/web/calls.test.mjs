// Calls between people of two organizations, with a browser's fake microphone and camera on every end. What arrives is
// counted by getStats: frames that were decoded, and the energy of the sound.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inaccessible, openRoom, shoot, startBrowser } from './browser.mjs';
import { FAKE_DEVICES, answerVideo, ask, befriend, begin, bring, callView, connected, group, ring, startRelay, together } from './calling.mjs';
import { startTown } from './town.mjs';

let town;
let browser;
let people;
let room;
before(async () => {
  town = await startTown();
  browser = await startBrowser(FAKE_DEVICES);
  const [alice, carol] = await Promise.all(['alice', 'carol'].map((user) => browser.signIn(town.acme, user)));
  const [bob, dave] = await Promise.all(['bob', 'dave'].map((user) => browser.signIn(town.globex, user)));
  people = { alice, bob, carol, dave };
  room = await befriend(alice, 'bob@globex.example');
});
after(async () => {
  await browser?.stop();
  await town?.stop();
  assert.deepEqual(browser?.complaints ?? [], []);
});

const hangUp = async (page) => { await page.locator('.call-view').getByRole('button', { name: 'Hang up' }).click(); await callView(page).waitFor({ state: 'detached' }); };
const over = (...pages) => Promise.all(pages.map((page) => callView(page).waitFor({ state: 'detached' })));

test('p25 alice calls bob with video: both see and hear each other within a second of the answer', async () => {
  const { alice, bob } = people;
  await bring(alice, room);
  await begin(alice, 'Video call');
  const dialog = alice.getByRole('dialog');
  await dialog.locator('video:not([hidden])').waitFor();
  assert.deepEqual(await inaccessible(alice), []);
  await shoot(alice, 'call-lobby');
  await dialog.getByRole('button', { name: 'Call', exact: true }).click();
  await callView(alice).getByText('Calling Bob').waitFor();
  await ring(bob).waitFor();
  assert.deepEqual(await inaccessible(bob), []);
  await shoot(bob, 'call-ring');
  await shoot(alice, 'call-calling');
  await answerVideo(bob);
  await together([alice, bob], { video: true });
  const [tookMs] = await Promise.all([bob.evaluate(() => {
    const at = (name) => performance.getEntriesByName(`handclasp.call.${name}`)[0].startTime;
    return at('frame') - at('accept');
  })]);
  console.log(`accept to first frame: ${Math.round(tookMs)} ms`);
  assert.ok(tookMs < 1_000, `${tookMs} ms`);
  assert.deepEqual(await inaccessible(alice), []);
  await shoot(alice, 'call-video');
  await alice.keyboard.press('Control+d');
  await callView(bob).getByLabel('muted').waitFor();
  await alice.keyboard.press('Control+d');
  await callView(bob).getByLabel('muted').waitFor({ state: 'detached' });
  await callView(alice).getByRole('button', { name: 'Speaker view' }).click();
  await alice.locator('.call-stage[data-layout="speaker"] .call-tile.main[data-who="bob@globex.example"]').waitFor();
  await shoot(alice, 'call-speaker');
  await callView(alice).getByRole('button', { name: 'Grid view' }).click();
  await callView(alice).getByRole('button', { name: 'More', exact: true }).click();
  await alice.getByRole('menuitem', { name: 'Connection quality' }).click();
  await alice.getByText('Good connection').first().waitFor();
  await shoot(alice, 'call-quality');
  await alice.keyboard.press('Escape');
  await callView(alice).getByRole('button', { name: 'Show the conversation' }).click();
  await alice.locator('.call-view.small').waitFor();
  assert.deepEqual(await inaccessible(alice), []);
  await shoot(alice, 'call-small');
  await hangUp(bob);
  await over(alice);
  for (const page of [alice, bob]) await bring(page, room);
  await alice.locator('.row-event', { hasText: 'You called (video)' }).last().waitFor();
  await bob.locator('.row-event', { hasText: 'Alice called (video)' }).last().waitFor();
  const newest = bob.getByRole('button', { name: 'Newest messages' });
  if (await newest.isVisible()) await newest.click();
  await shoot(bob, 'call-entry');
});

test('p25 bob calls alice by voice; a camera and a screen are added while they talk', async () => {
  const { alice, bob } = people;
  await bring(bob, room);
  await begin(bob, 'Voice call');
  await bob.getByRole('dialog').getByRole('button', { name: 'Call', exact: true }).click();
  await ring(alice).getByRole('button', { name: 'Answer' }).click();
  await together([alice, bob], { video: false });
  for (const [one, other, address] of [[alice, bob, 'alice@acme.example'], [bob, alice, 'bob@globex.example']]) {
    await callView(one).getByRole('button', { name: 'Camera on' }).click();
    await other.locator(`.call-tile[data-who="${address}"]:not(.screen) video:not([hidden])`).waitFor();
  }
  await together([alice, bob], { video: true });
  await callView(alice).getByRole('button', { name: 'Camera off' }).click();
  await bob.locator('.call-tile[data-who="alice@acme.example"] .call-face:not([hidden])').waitFor();
  await callView(bob).getByRole('button', { name: 'Share screen' }).click();
  await alice.locator('.call-tile.screen[data-who="bob@globex.example"] video').waitFor();
  await alice.waitForFunction(() => document.querySelector('.call-tile.screen video')?.videoWidth > 0);
  await shoot(alice, 'call-screen');
  await callView(bob).getByRole('button', { name: 'Stop sharing' }).click();
  await alice.locator('.call-tile.screen').waitFor({ state: 'detached' });
  await hangUp(alice);
  await over(bob);
});

test('w15 a connection stands however badly the signals cross', async () => {
  const told = await people.alice.evaluate(async () => {
    const base = new URL(document.querySelector('script[src*="chat/main.js"]').src).pathname.replace('main.js', '');
    const [{ Peer }, { open }] = await Promise.all([import(`${base}calls/peer.js`), import(`${base}calls/devices.js`)]);
    const [voice, camera] = await Promise.all([open('microphone'), open('camera')]);
    /** Two browsers in one page. `way(n, content)`: what becomes of the n-th thing that is told, as a list. */
    const pair = ({ begins = [false, false], way }) => {
      const peers = [];
      let n = 0;
      for (const at of [0, 1]) {
        const send = async (content) => { for (const one of way(n++, content, at)) peers[1 - at].take(one); };
        const names = ['alice@acme.example', 'bob@globex.example'];
        peers.push(new Peer({ me: names[at], who: names[1 - at], send, config: {}, media: { voice, camera, screen: null }, isBack: begins[at] }));
      }
      return peers;
    };
    const flows = (peer) => new Promise((done, fail) => {
      const end = setTimeout(() => fail(new Error(`${peer.who}: ${peer.state} ${peer.lastError}`)), 25_000);
      const look = setInterval(async () => {
        const came = [...(await peer.stats()).values()].filter(({ type }) => type === 'inbound-rtp');
        const has = (kind, field) => came.some((one) => one.kind === kind && one[field] > 0);
        if (peer.state !== 'connected' || !has('audio', 'packetsReceived') || !has('video', 'framesDecoded') || !peer.brings('camera')) return;
        clearInterval(look);
        clearTimeout(end);
        done();
      }, 100);
    });
    const kept = [];
    const lostFirst = (kind) => { let lost = false; return (_, content) => { if (!lost && content[kind]) { lost = true; return []; } return [content]; }; };
    const cases = {
      'nothing happens to them': { way: (_, content) => [content] },
      'all are doubled': { way: (_, content) => [content, structuredClone(content)] },
      'both begin at once': { begins: [true, true], way: (_, content) => [content] },
      'the first offer is lost': { way: lostFirst('offer') },
      'the first answer is lost': { way: lostFirst('answer') },
      'half of the candidates are lost': { way: (n, content) => (content.candidates && n % 2 ? [] : [content]) },
      'old ones come again': { way: (_, content) => { kept.push(content); return kept.length > 3 ? [content, kept[kept.length - 3]] : [content]; } },
    };
    const failed = [];
    for (const [name, one] of Object.entries(cases)) {
      const peers = pair(one);
      await Promise.all(peers.map(flows)).catch((error) => failed.push(`${name}: ${error.message}`));
      peers.forEach((peer) => peer.close());
    }
    [voice, camera].forEach((track) => track.stop());
    return failed;
  });
  assert.deepEqual(told, []);
});

test('p25 declined, busy, given up', async () => {
  const { alice, bob, carol } = people;
  const other = await befriend(carol, 'bob@globex.example');
  await bring(alice, room);
  await begin(alice, 'Voice call', { goes: true });
  await ring(bob).getByRole('button', { name: 'Decline' }).click();
  await alice.getByText('Bob cannot talk now').waitFor();
  await over(alice);
  await begin(alice, 'Voice call', { goes: true });
  await ring(bob).getByRole('button', { name: 'Answer' }).click();
  await connected(alice);
  await bring(carol, other);
  await begin(carol, 'Voice call', { goes: true });
  await carol.getByText('Bob is in another call').waitFor();
  assert.equal(await ring(bob).count(), 0, 'who talks is not rung');
  await hangUp(alice);
  await over(bob);
  await begin(carol, 'Voice call', { goes: true });
  await ring(bob).waitFor();
  await hangUp(carol);
  await ring(bob).waitFor({ state: 'detached' });
  await bob.getByText('Missed call from Carol').first().waitFor();
});

test('p25 two sessions of one person ring, one answers, the other is told', async () => {
  const { alice, bob } = people;
  const phone = await browser.signIn(town.globex, 'bob', { viewport: { width: 390, height: 844 }, hasTouch: true });
  await bring(alice, room);
  await begin(alice, 'Video call', { goes: true });
  await Promise.all([ring(bob).waitFor(), ring(phone).waitFor()]);
  await shoot(phone, 'call-ring-phone');
  await answerVideo(phone);
  await ring(bob).waitFor({ state: 'detached' });
  await bob.getByText('Answered on another of your devices').waitFor();
  await bring(bob, room);
  await bob.getByText('You are in this call on another device').waitFor();
  await together([alice, phone], { video: true });
  assert.deepEqual(await inaccessible(phone), []);
  await shoot(phone, 'call-phone');
  await hangUp(phone);
  await over(alice);
  await phone.context().close();
});

test('p25 a reload during a call brings one back into it', async () => {
  const { alice, bob } = people;
  await bring(alice, room);
  await begin(alice, 'Video call', { goes: true });
  await answerVideo(bob);
  await together([alice, bob], { video: true });
  for (const page of [bob, alice]) {
    await page.reload();
    await together([alice, bob], { video: true });
  }
  await hangUp(alice);
  await over(bob);
});

test('p25 nobody answers: the call is missed on both sides', { timeout: 120_000 }, async () => {
  const { alice, bob } = people;
  await bring(alice, room);
  await begin(alice, 'Voice call', { goes: true });
  await Promise.all([ring(bob).waitFor(), callView(alice).waitFor()]);
  await callView(alice).waitFor({ state: 'detached', timeout: 60_000 });
  await alice.getByText('Bob did not answer').waitFor();
  await ring(bob).waitFor({ state: 'detached' });
  await alice.locator('.row-event', { hasText: 'nobody answered' }).last().waitFor();
});

test('p25 four people talk in a group, each with each', { timeout: 600_000 }, async () => {
  const { alice, bob, carol, dave } = people;
  const all = [alice, bob, carol, dave];
  await befriend(carol, 'dave@globex.example');
  await befriend(alice, 'dave@globex.example');
  const four = await group(alice, 'Four', ['bob@globex.example', 'carol@acme.example', 'dave@globex.example'], [bob, carol, dave]);
  await bring(alice, four);
  await begin(alice, 'Video call', { goes: true });
  for (const page of [bob, carol, dave]) { await ring(page).waitFor(); await answerVideo(page); }
  await together(all, { video: true, others: 3 });
  await shoot(alice, 'call-four');
  assert.deepEqual(await inaccessible(alice), []);
  await hangUp(dave);
  await together([alice, bob, carol], { video: true, others: 2 });
  await bring(dave, four);
  await dave.getByText('A call is going on').waitFor();
  await dave.locator('.call-bar').getByRole('button', { name: 'Join' }).click();
  await dave.getByRole('dialog').getByRole('button', { name: 'Join' }).click();
  await together(all, { video: true, others: 3 });
  // Whoever is put out of the room is put out of the call, by both sides.
  await ask(alice, 'DELETE', `/rooms/${four}/members/bob@globex.example`);
  await over(bob);
  await together([alice, carol, dave], { video: true, others: 2 });
  await Promise.all([alice, carol, dave].map(hangUp));
});

test('p26 a revocation ends the media on both sides within a second', async () => {
  const { alice, bob } = people;
  await bring(alice, room);
  await begin(alice, 'Video call', { goes: true });
  await answerVideo(bob);
  await together([alice, bob], { video: true });
  const pages = [alice, bob];
  // Before anything is revoked: the first page may be through before the second is asked.
  await Promise.all(pages.map((page) => page.evaluate(() => {
    const { session } = document.querySelector('.call-view');
    const tracks = [...Object.values(session.media), ...session.peers.flatMap((peer) => Object.values(peer.streams).flatMap((stream) => stream.getTracks()))].filter(Boolean);
    globalThis.mediaEnded = new Promise((done) => {
      session.addEventListener('over', () => done({ at: Date.now(), states: [...new Set(tracks.map((track) => track.readyState))] }));
    });
  })));
  const began = Date.now();
  await revoke(town.globex);
  const told = await Promise.all(pages.map((page) => page.evaluate(() => globalThis.mediaEnded)));
  console.log(`media ended ${told.map(({ at }) => at - began).join(' and ')} ms after the revocation was asked for`);
  for (const { at, states } of told) {
    assert.deepEqual(states, ['ended']);
    assert.ok(at - began < 1_000, `${at - began} ms`);
  }
  await alice.getByText('You may not call here any more').waitFor();
  await over(alice, bob);
  await bring(alice, room);
  const button = alice.locator('[data-what="call-video"][aria-disabled="true"]');
  await button.click({ force: true });
  await alice.getByText('has not permitted the connection, or has ended it').first().waitFor();
  await shoot(alice, 'call-not-possible');
  await grant(town.globex);
  await button.waitFor({ state: 'detached' });
});

test('p2 without the scope there is no call, and the reason is told', async () => {
  const { alice } = people;
  await bring(alice, room);
  await grant(town.globex, { scopes: ['contacts', 'messages', 'rooms'] });
  const button = alice.locator('[data-what="call-voice"][aria-disabled="true"]');
  await button.click({ force: true });
  await alice.getByText('Calls are not permitted between the two organizations').waitFor();
  await grant(town.globex);
  await button.waitFor({ state: 'detached' });
});

test('p10 a blocked caller rings nobody and is not told', async () => {
  const { alice, bob } = people;
  await ask(bob, 'PUT', '/contacts/alice@acme.example/block', {});
  await bring(bob, room);
  await bob.locator('[data-what="call-voice"][aria-disabled="true"]').waitFor();
  await bring(alice, room);
  await begin(alice, 'Voice call', { goes: true });
  await callView(alice).getByText('Calling Bob').waitFor();
  const { items } = await ask(bob, 'GET', '/calls');
  assert.deepEqual(items, []);
  assert.equal(await ring(bob).count(), 0);
  await hangUp(alice);
  await ask(bob, 'DELETE', '/contacts/alice@acme.example/block');
});

test('p25 through a relay only: nobody learns an address, and both see and hear', { timeout: 180_000 }, async () => {
  const relay = await startRelay();
  try {
    const pages = await Promise.all([browser.signIn(relay.acme, 'alice'), browser.signIn(relay.globex, 'bob')]);
    const [one, other] = pages;
    await bring(one, await befriend(one, 'bob@globex.example'));
    await begin(one, 'Video call', { goes: true });
    await answerVideo(other);
    await together(pages, { video: true });
    for (const page of pages) {
      const ways = await page.evaluate(async () => {
        const report = await document.querySelector('.call-view').session.peers[0].stats();
        return [...report.values()].filter(({ type }) => type === 'local-candidate').map((one) => one.candidateType);
      });
      assert.deepEqual([...new Set(ways)], ['relay']);
    }
    await shoot(one, 'call-relay');
    await hangUp(one);
    await over(other);
    for (const page of pages) await page.context().close();
  } finally { await relay.stop(); }
});

test('a call in Korean and dark', async () => {
  const options = { locale: 'ko-KR', colorScheme: 'dark' };
  const [alice, bob] = await Promise.all([browser.signIn(town.acme, 'alice', options), browser.signIn(town.globex, 'bob', options)]);
  await bring(alice, room);
  await begin(alice, '영상 통화');
  await alice.getByRole('dialog').locator('video:not([hidden])').waitFor();
  assert.deepEqual(await inaccessible(alice), []);
  await shoot(alice, 'call-lobby-dark-ko');
  await alice.getByRole('dialog').getByRole('button', { name: '통화하기' }).click();
  await ring(bob).waitFor();
  assert.deepEqual(await inaccessible(bob), []);
  await shoot(bob, 'call-ring-dark-ko');
  await ring(bob).getByRole('button', { name: '받기', exact: true }).click();
  await together([alice, bob], { video: true });
  assert.deepEqual(await inaccessible(alice), []);
  await shoot(alice, 'call-dark-ko');
  await callView(alice).getByRole('button', { name: '끊기' }).click();
  await over(alice, bob);
  for (const page of [alice, bob]) await page.context().close();
});

/** By the admin API, because what follows is timed. */
async function setGrant(org, grant) {
  const peer = org === town.acme ? 'globex.example' : 'acme.example';
  const headers = { Authorization: `Bearer ${org.console.token}`, 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() };
  const answer = await fetch(`${org.console.url}/admin/v1/peers/${peer}/grant`, { method: 'PUT', headers, body: JSON.stringify({ reason: 'test', ...grant }) });
  assert.equal(answer.ok, true, await answer.text());
}

const grant = (org, more = {}) => setGrant(org, { state: 'active', ...more });
const revoke = (org) => setGrant(org, { state: 'revoked' });
