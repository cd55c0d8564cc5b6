// The chat, clicked through by people of two organizations in browser sessions of their own.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inaccessible, message, openRoom, say, shoot, startBrowser } from './browser.mjs';
import { startTown } from './town.mjs';

let town;
let browser;
before(async () => { town = await startTown(); browser = await startBrowser(); });
after(async () => { await browser?.stop(); await town?.stop(); });

const calm = async (page) => { for (const close of await page.locator('.toast .icon-button').all()) await close.click({ timeout: 500 }).catch(() => {}); };

test('nobody gets in with a wrong password, and the page says so', async () => {
  const page = await browser.visit(town.acme);
  await page.getByLabel('User').fill('alice');
  await page.getByLabel('Password').fill('not this one');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('user or password is wrong').waitFor();
  assert.deepEqual(await inaccessible(page), []);
  await shoot(page, 'sign-in');
  await page.context().close();
});

test('the session is a cookie that no script reads, and signing out ends it', async () => {
  const page = await browser.signIn(town.acme, 'alice');
  const [cookie] = await page.context().cookies();
  assert.equal(cookie.httpOnly, true);
  assert.equal(cookie.sameSite, 'Strict');
  assert.equal(await page.evaluate(() => document.cookie), '');
  const status = (init) => page.evaluate((init) => fetch('/api/v1/me', init).then((answer) => answer.status), init);
  assert.equal(await status({}), 200);
  const change = { method: 'PATCH', body: '{"name":"Alice"}', headers: { 'Content-Type': 'application/json' } };
  assert.equal(await status(change), 403, 'a change without the header of our page');
  await page.getByRole('link', { name: 'Settings', exact: true }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  // The settings have fields for passwords too: only the heading tells the sign-in page apart.
  await page.getByRole('heading', { name: 'Sign in to' }).waitFor();
  assert.equal(await page.getByText('Your session has ended').count(), 0, 'who signs out needs no explanation');
  assert.equal(await status({}), 401);
  await page.context().close();
});

test('alice and bob talk both ways and see what is delivered', async () => {
  const alice = await browser.signIn(town.acme, 'alice');
  const bob = await browser.signIn(town.globex, 'bob');
  await openRoom(alice, 'Bob');
  await openRoom(bob, 'Alice');
  await say(alice, 'A letter from the browser');
  await message(bob, 'A letter from the browser').waitFor();
  await message(alice, 'A letter from the browser').locator('.delivery.delivered').waitFor();
  await say(bob, 'and an answer');
  await message(alice, 'and an answer').waitFor();
  await message(bob, 'and an answer').locator('.delivery.delivered').waitFor();
  await message(alice, 'and an answer').hover();
  await message(alice, 'and an answer').getByRole('button', { name: 'Reply' }).click();
  await say(alice, 'quoting you');
  await message(bob, 'quoting you').locator('.quote', { hasText: 'and an answer' }).waitFor();
  assert.deepEqual(await inaccessible(alice), []);
  await shoot(alice, 'direct-light');
  await alice.context().close();
  await bob.context().close();
});

test('p8_an_add_says_clearly_what_came_of_it', async () => {
  const carol = await browser.signIn(town.acme, 'carol');
  await carol.getByRole('button', { name: 'New conversation' }).click();
  await carol.getByRole('menuitem', { name: 'Add a contact' }).click();
  const dialog = carol.getByRole('dialog');
  await dialog.getByLabel('Address').fill('nobody@globex.example');
  await dialog.getByRole('button', { name: 'Add contact' }).click();
  await dialog.getByText('nobody@globex.example is unavailable').waitFor();
  assert.deepEqual(await inaccessible(carol), []);
  await shoot(carol, 'add-unavailable');
  await dialog.getByLabel('Address').fill('dave@globex.example');
  await dialog.getByRole('button', { name: 'Add contact' }).click();
  await dialog.getByRole('button', { name: 'Open the conversation' }).click();
  await carol.locator('.composer-input').waitFor();
  await say(carol, 'Hello Dave');
  await message(carol, 'Hello Dave').locator('.delivery.delivered').waitFor();
  await carol.getByRole('link', { name: 'Contacts' }).click();
  await carol.locator('.cards a', { hasText: 'Dave' }).click();
  await carol.getByLabel('Your name for them').fill('Dave of Sales');
  await carol.getByRole('button', { name: 'Save' }).click();
  await carol.locator('.room-name', { hasText: 'Dave of Sales' }).waitFor();
  await calm(carol);
  assert.deepEqual(await inaccessible(carol), []);
  await shoot(carol, 'contact');
  await carol.context().close();
});

test('p8 an answer of the partner that comes before our own daemon answered is not lost', async () => {
  const carol = await browser.signIn(town.acme, 'carol');
  // The stream tells what came of it while the answer to the request is still on its way.
  await carol.route('**/api/v1/contacts', async (route) => {
    const response = await route.fetch();
    if (route.request().method() === 'POST') await carol.locator('.toast', { hasText: 'nowhere@globex.example' }).waitFor();
    await route.fulfill({ response });
  });
  await carol.getByRole('button', { name: 'New conversation' }).click();
  await carol.getByRole('menuitem', { name: 'Add a contact' }).click();
  await carol.getByRole('dialog').getByLabel('Address').fill('nowhere@globex.example');
  await carol.getByRole('dialog').getByRole('button', { name: 'Add contact' }).click();
  await carol.getByRole('dialog').getByText('nowhere@globex.example is unavailable').waitFor();
  await carol.context().close();
});

test('p12_a_group_is_made_and_the_same_one_is_offered_first', async () => {
  const alice = await browser.signIn(town.acme, 'alice');
  const make = async (name) => {
    await alice.getByRole('button', { name: 'New conversation' }).click();
    await alice.getByRole('menuitem', { name: 'New group' }).click();
    const dialog = alice.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill(name);
    await dialog.getByLabel('Bob').check();
    await dialog.getByRole('button', { name: 'Create group' }).click();
    return dialog;
  };
  await make('Two of us');
  await alice.locator('.main-head h1', { hasText: 'Two of us' }).waitFor();
  await say(alice, 'In the group');
  const bob = await browser.signIn(town.globex, 'bob');
  await openRoom(bob, 'Two of us');
  await message(bob, 'In the group').waitFor();
  const dialog = await make('Two of us again');
  await dialog.getByText('You already have this group').waitFor();
  assert.deepEqual(await inaccessible(alice), []);
  await dialog.getByRole('button', { name: 'Two of us', exact: true }).click();
  await alice.getByRole('button', { name: 'Room details' }).click();
  await alice.locator('.panel .person', { hasText: 'bob@globex.example' }).waitFor();
  assert.deepEqual(await inaccessible(alice), []);
  await shoot(alice, 'group');
  await alice.context().close();
  await bob.context().close();
});

test('what is written offline waits, survives a reload as a draft or a letter, and goes once', async () => {
  const alice = await browser.signIn(town.acme, 'alice');
  await openRoom(alice, 'Bob');
  await alice.context().setOffline(true);
  await say(alice, 'written in the tunnel');
  await message(alice, 'written in the tunnel').locator('.delivery.waiting, .delivery.sending').waitFor();
  await alice.locator('.composer-input').fill('half a thought');
  await alice.locator('.connection', { hasText: 'No connection' }).waitFor();
  await shoot(alice, 'offline');
  await alice.context().setOffline(false);
  await alice.reload();
  await message(alice, 'written in the tunnel').locator('.delivery.delivered').waitFor();
  assert.equal(await alice.locator('.words', { hasText: 'written in the tunnel' }).count(), 1);
  assert.equal(await alice.locator('.composer-input').inputValue(), 'half a thought');
  await alice.locator('.composer-input').fill('');
  await alice.context().close();
});

test('hostile names and texts stay text', async () => {
  const bob = await browser.signIn(town.globex, 'bob');
  const alice = await browser.signIn(town.acme, 'alice');
  await openRoom(bob, 'Alice');
  await openRoom(alice, 'Bob');
  const hostile = ['<img src=x onerror="alert(1)">', '<script>alert(1)</script>', 'javascript:alert(1)', '"><svg onload=alert(1)>', '\u202Etxt.exe', '${7*7}{{7*7}}', 'https://evil.example/"onmouseover="alert(1)'];
  alice.on('dialog', () => browser.complaints.push('a script ran'));
  for (const text of hostile) {
    await say(bob, text);
    // What turns the direction is left out: a name must not read backwards.
    await alice.locator('.words', { hasText: text.replace('\u202E', '') }).last().waitFor();
  }
  assert.ok(!(await alice.locator('.message-list').textContent()).includes('\u202E'));
  assert.equal(await alice.locator('.message-list script, .message-list svg:not(.icon), .words img, a[href^="javascript"]').count(), 0);
  await alice.context().close();
  await bob.context().close();
});

/** `shown`: the name as it is seen; the daemon replaces what is no part of a file's name. */
const HOSTILE_FILES = [
  { shown: /img src=x onerror=alert\(1\).*\.html/, name: '<img src=x onerror=alert(1)>.html', mimeType: 'text/html', buffer: Buffer.from('<script>alert(1)</script>') },
  { shown: 'picture.svg', name: 'picture.svg', mimeType: 'image/svg+xml', buffer: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>') },
  { shown: 'no-picture.png', name: 'no-picture.png', mimeType: 'image/png', buffer: Buffer.from('\x89PNG\r\n\x1a\n and then nothing of the kind', 'latin1') },
  { shown: /gpj.?exe\.png/, name: 'gpj\u202Eexe.png', mimeType: 'application/octet-stream', buffer: Buffer.from('MZ') },
];

test('a22 hostile files stay inert: names are texts, nothing opens in the page, broken pictures become cards', async () => {
  const bob = await browser.signIn(town.globex, 'bob');
  const alice = await browser.signIn(town.acme, 'alice');
  alice.on('dialog', () => browser.complaints.push('a script ran'));
  await openRoom(bob, 'Alice');
  await openRoom(alice, 'Bob');
  for (const { name, mimeType, buffer } of HOSTILE_FILES) {
    await bob.locator('input[type=file]').setInputFiles({ name, mimeType, buffer });
    await bob.locator('.tray .file').waitFor();
    await bob.locator('.composer .send.ready').click();
    await bob.locator('.tray').waitFor({ state: 'hidden' });
  }
  await bob.locator('input[type=file]').setInputFiles({ name: 'feigned.png', mimeType: 'image/png', buffer: Buffer.from('<html>') });
  await bob.locator('.toast', { hasText: 'upload it as what it is' }).waitFor();
  await bob.locator('.tray').waitFor({ state: 'hidden' });
  for (const { shown } of HOSTILE_FILES) {
    const message = alice.locator('article.message', { has: alice.locator('a.file', { hasText: shown }) });
    await message.waitFor();
    assert.equal(await message.locator('img').count(), 0, 'it is not shown as a picture');
    const link = message.locator('a.file');
    assert.notEqual(await link.getAttribute('download'), null);
    const { disposition, policy, type } = await alice.evaluate((url) => fetch(url).then((answer) => ({ disposition: answer.headers.get('content-disposition'), policy: answer.headers.get('content-security-policy'), type: answer.headers.get('content-type') })), await link.getAttribute('href'));
    assert.match(policy, /sandbox/);
    assert.ok(/^attachment/.test(disposition) || /^image\/(png|jpeg|gif|webp)$/.test(type), `${disposition} ${type}`);
  }
  assert.ok(!(await alice.locator('.message-list').textContent()).includes('\u202E'));
  for (const page of [alice, bob]) await page.context().close();
});

test('a picture is pasted, shown small and large; a file is dropped', async () => {
  const alice = await browser.signIn(town.acme, 'alice');
  await openRoom(alice, 'Bob');
  await alice.locator('.composer-input').evaluate(async (input) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 200 });
    const pen = canvas.getContext('2d');
    pen.fillStyle = '#4453d6';
    pen.fillRect(0, 0, 320, 200);
    const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'));
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([blob], 'blue.png', { type: 'image/png' }));
    input.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  });
  await alice.locator('.tray .file', { hasText: 'blue.png' }).waitFor();
  await alice.locator('hc-room').evaluate((room) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['dropped'], 'dropped.txt', { type: 'text/plain' }));
    room.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  });
  await alice.locator('.tray .file', { hasText: 'dropped.txt' }).waitFor();
  await alice.locator('.composer .send.ready').click();
  await alice.locator('article.message a.file', { hasText: 'dropped.txt' }).waitFor();
  const picture = alice.getByRole('button', { name: 'Open the picture blue.png' });
  await picture.locator('img').evaluate((image) => image.decode());
  assert.ok(await alice.evaluate(() => document.querySelector('hc-messages').isAtEnd), 'what one sent is in sight');
  assert.match(await alice.locator('.room-row[aria-current] .room-last').textContent(), /blue\.png/, 'a message of files alone is told by their names');
  await picture.click();
  await alice.locator('.picture-full').evaluate((image) => image.decode());
  assert.deepEqual(await inaccessible(alice), []);
  await shoot(alice, 'picture');
  await alice.context().close();
});

test('who looks elsewhere is notified by the browser, and gets to the message from there', async () => {
  const alice = await browser.signIn(town.acme, 'alice', { permissions: ['notifications'] });
  const bob = await browser.signIn(town.globex, 'bob');
  await openRoom(bob, 'Alice');
  await alice.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  await alice.evaluate(() => {
    globalThis.shown = [];
    ServiceWorkerRegistration.prototype.showNotification = async (title, options) => { globalThis.shown.push({ title, ...options }); };
    document.hasFocus = () => false;
  });
  await alice.getByRole('link', { name: 'Settings', exact: true }).click();
  await alice.getByRole('switch', { name: /Notify me/ }).click();
  await say(bob, 'are you there?');
  await alice.waitForFunction(() => globalThis.shown.some((one) => one.body === 'are you there?'));
  const note = await alice.evaluate(() => globalThis.shown.find((one) => one.body === 'are you there?'));
  assert.match(note.title, /Bob/);
  assert.match(note.data.path, /^\/rooms\/[0-9a-f]+#\d+$/);
  await alice.evaluate((open) => navigator.serviceWorker.dispatchEvent(new MessageEvent('message', { data: { open } })), note.data.path);
  await alice.locator('article.message:focus', { hasText: 'are you there?' }).waitFor();
  for (const page of [alice, bob]) await page.context().close();
});

test('everything can be done by keyboard alone', async () => {
  const page = await browser.visit(town.acme);
  await page.locator('input[name=username]:focus').waitFor();
  await page.keyboard.type('alice');
  await page.keyboard.press('Tab');
  await page.keyboard.type(town.acme.password);
  await page.keyboard.press('Enter');
  await page.locator('.room-row').first().waitFor();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('Bob');
  await page.keyboard.press('Enter');
  await page.locator('.composer-input:focus').waitFor();
  await page.keyboard.type('typed without a mouse');
  await page.keyboard.press('Enter');
  await message(page, 'typed without a mouse').waitFor();
  await page.keyboard.press('Shift+F6');
  await page.locator('.message-scroller:focus').waitFor();
  await page.keyboard.press('ArrowUp');
  await page.locator('article.message:focus', { hasText: 'typed without a mouse' }).waitFor();
  await shoot(page, 'keyboard');
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Reply' }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.composer-context', { hasText: 'Answer to' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Alt+ArrowDown');
  await page.context().close();
});

test('phone width and the dark look hold everything', async () => {
  const phone = await browser.signIn(town.acme, 'alice', { viewport: { width: 360, height: 720 }, colorScheme: 'dark', hasTouch: true, isMobile: true });
  assert.deepEqual(await inaccessible(phone), []);
  await shoot(phone, 'phone-list-dark');
  await openRoom(phone, 'Launch');
  const wide = await phone.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `the page is ${wide} px too wide`);
  assert.deepEqual(await inaccessible(phone), []);
  await shoot(phone, 'phone-room-dark');
  await phone.getByRole('button', { name: 'Room details' }).click();
  await phone.locator('.panel .person').first().waitFor();
  await shoot(phone, 'phone-panel-dark');
  await phone.context().close();
  const huge = await browser.signIn(town.acme, 'alice', { viewport: { width: 1920, height: 1080 }, colorScheme: 'dark', locale: 'ko-KR' });
  await openRoom(huge, 'Launch');
  assert.deepEqual(await inaccessible(huge), []);
  await shoot(huge, 'wide-dark-korean');
  for (const [path, name] of [['/settings', 'settings'], ['/notifications', 'notifications'], ['/', 'home']]) {
    await huge.goto(town.acme.url + path);
    await huge.locator('.main-page').waitFor();
    assert.deepEqual(await inaccessible(huge), [], path);
    await shoot(huge, `${name}-dark-korean`);
  }
  await huge.context().close();
});

test('p26_a_revocation_is_told_at_once_and_what_becomes_of_messages', async () => {
  const alice = await browser.signIn(town.acme, 'alice');
  await openRoom(alice, 'Bob');
  town.acme.admin('grant', 'off', 'globex.example', '--yes');
  const banner = alice.locator('.room-banner .banner');
  await banner.getByText('Messaging with Globex is switched off').waitFor();
  await banner.getByText('Since').waitFor();
  await alice.locator('.read-only').waitFor();
  await calm(alice);
  assert.deepEqual(await inaccessible(alice), []);
  await shoot(alice, 'revoked');
  await banner.getByRole('button', { name: 'Why?' }).click();
  await alice.getByRole('dialog').getByText('Your administrator can change this').waitFor();
  await alice.keyboard.press('Escape');
  town.acme.admin('grant', 'on', 'globex.example');
  await alice.locator('.composer-input').waitFor();
  await alice.context().close();
});

test('who is at the end stays there when rows shrink and grow between two looks', async () => {
  const alice = await browser.signIn(town.acme, 'alice');
  await openRoom(alice, 'Bob');
  for (let n = 0; n < 12; n++) await say(alice, `one of many ${n}\n\n\nwith some height`);
  await message(alice, 'one of many 11').locator('.delivery.delivered').waitFor();
  const isAtEnd = () => alice.evaluate(() => document.querySelector('hc-messages').isAtEnd);
  const left = () => alice.evaluate(() => { const it = document.querySelector('.message-scroller'); return it.scrollHeight - it.scrollTop - it.clientHeight; });
  assert.ok(await isAtEnd());
  // The browser tells of the position that it had to move up only when there is more to see again.
  await alice.evaluate(() => new Promise((done) => {
    const scroller = document.querySelector('.message-scroller');
    const last = scroller.querySelector('article:last-of-type');
    last.style.display = 'none';
    void scroller.scrollHeight;
    last.style.display = '';
    last.style.paddingBottom = '200px';
    scroller.addEventListener('scroll', () => requestAnimationFrame(() => requestAnimationFrame(done)), { once: true });
  }));
  assert.ok(await isAtEnd());
  assert.ok(await left() < 2, 'the end is in sight');
  await alice.locator('.message-scroller').hover();
  await alice.mouse.wheel(0, -400);
  await alice.locator('.to-end:visible').waitFor();
  assert.ok(!await isAtEnd(), 'who goes up leaves the end');
  await alice.locator('.to-end').click();
  assert.ok(await isAtEnd());
  await alice.context().close();
});

test('the content security policy was never violated and nobody else was asked', () => {
  assert.deepEqual(browser.complaints, []);
});
