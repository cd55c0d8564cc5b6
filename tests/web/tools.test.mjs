// What a room holds beside its messages, clicked through: notes, calendar, search, earlier versions, files, the panel.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inaccessible, message, openRoom, say, shoot, startBrowser } from './browser.mjs';
import { startTown } from './town.mjs';

let town;
let browser;
let alice;
let bob;
before(async () => {
  town = await startTown();
  browser = await startBrowser();
  alice = await browser.signIn(town.acme, 'alice');
  bob = await browser.signIn(town.globex, 'bob');
  for (const page of [alice, bob]) await openRoom(page, 'Launch');
});
after(async () => { await browser?.stop(); await town?.stop(); });

const tab = (page, name) => page.locator('.panel').getByRole('tab', { name });
const panel = (page) => page.locator('.panel');

/** Opens the panel, if it is not open, at a tab. */
async function openTab(page, name) {
  if (!await panel(page).isVisible()) await page.getByRole('button', { name: 'Room details' }).click();
  await tab(page, name).click();
}

test('p19 a note is posted, commented on from the other org, pinned and deleted', async () => {
  await openTab(alice, 'Notes');
  await alice.getByRole('button', { name: 'New note' }).click();
  const dialog = alice.getByRole('dialog');
  await dialog.getByLabel('Title').fill('Launch <b>checklist</b>');
  await dialog.getByLabel('Text').fill('1. press release\n2. https://handclasp.example/launch');
  assert.deepEqual(await inaccessible(alice), []);
  await dialog.getByRole('button', { name: 'Post' }).click();
  await panel(alice).getByRole('heading', { name: 'Launch <b>checklist</b>' }).waitFor();
  const card = bob.locator('.item-card', { hasText: 'Launch <b>checklist</b>' });
  await card.click();
  await panel(bob).getByRole('heading', { name: 'Launch <b>checklist</b>' }).waitFor();
  await panel(bob).getByLabel('Write a comment').fill('The press release is done');
  await panel(bob).getByRole('button', { name: 'Send' }).click();
  await panel(alice).getByText('The press release is done').waitFor();
  await alice.locator('.item-card', { hasText: 'Launch <b>checklist</b>' }).filter({ hasText: '1 comment' }).waitFor();
  assert.deepEqual(await inaccessible(alice), []);
  await shoot(alice, 'note-light');
  // An answer that is overtaken on its way does not take away what is newer.
  const comment = async (text) => { await panel(bob).getByLabel('Write a comment').fill(text); await panel(bob).getByRole('button', { name: 'Send' }).click(); };
  let overtaken;
  await alice.route(/\/notes\/\d+$/, async (route) => {
    const response = await route.fetch();
    if (!overtaken) {
      overtaken = alice.waitForResponse(/\/notes\/\d+$/);
      await panel(alice).getByText('and the photos too').waitFor();
    }
    await route.fulfill({ response });
  });
  const asked = alice.waitForRequest(/\/notes\/\d+\/comments/);
  await comment('the texts are done');
  await asked;
  // Bob's own panel is drawn anew with his comment; what he wrote before that would be gone.
  await panel(bob).getByText('the texts are done').waitFor();
  await comment('and the photos too');
  await panel(alice).getByText('and the photos too').waitFor();
  await (await overtaken).finished();
  await alice.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  assert.ok(await panel(alice).getByText('and the photos too').isVisible());
  await alice.unrouteAll({ behavior: 'wait' });
  // What is written while a comment is on its way stays, and one that cannot be sent comes back.
  const written = (draft) => bob.waitForFunction((expected) => document.querySelector('.comment-form textarea')?.value === expected, draft);
  let letGo;
  const held = new Promise((done) => { letGo = done; });
  await bob.route(/\/comments$/, async (route) => { if (route.request().method() === 'POST') await held; await route.continue(); });
  await comment('so does the venue');
  await panel(bob).getByLabel('Write a comment').fill('half a thou');
  letGo();
  await panel(bob).getByText('so does the venue').waitFor();
  await written('half a thou');
  await bob.unrouteAll({ behavior: 'wait' });
  const problem = { status: 403, contentType: 'application/problem+json', body: JSON.stringify({ status: 403, code: 'FORBIDDEN', title: 'No' }) };
  await bob.route(/\/comments$/, (route) => (route.request().method() === 'POST' ? route.fulfill(problem) : route.continue()));
  await comment('not taken');
  await written('not taken');
  await bob.unrouteAll({ behavior: 'wait' });
  await panel(bob).getByLabel('Write a comment').fill('');
  await panel(alice).getByRole('button', { name: 'More', exact: true }).click();
  await alice.getByRole('menuitem', { name: 'Pin' }).click();
  await panel(bob).getByText('Pinned').waitFor();
  await panel(bob).getByRole('button', { name: 'All notes' }).click();
  await panel(bob).getByRole('button', { name: /Launch/ }).waitFor();
  await panel(alice).getByRole('button', { name: 'More', exact: true }).click();
  await alice.getByRole('menuitem', { name: 'Edit' }).click();
  await dialog.getByLabel('Title').fill('Launch plan');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await panel(bob).getByRole('button', { name: /Launch plan/ }).waitFor();
  await bob.locator('.item-card', { hasText: 'Launch plan' }).waitFor();
  await panel(alice).getByRole('button', { name: 'More', exact: true }).click();
  await alice.getByRole('menuitem', { name: 'Delete' }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await panel(bob).getByRole('button', { name: /Launch plan/ }).waitFor({ state: 'detached' });
  await bob.locator('.row-event', { hasText: 'deleted a note' }).waitFor();
});

test('p19 a date is made, answered across the orgs, exported, changed and called off', async () => {
  await tab(alice, 'Calendar').click();
  await panel(alice).getByRole('button', { name: 'New date' }).click();
  const dialog = alice.getByRole('dialog');
  await dialog.getByLabel('Title').fill('Rehearsal');
  await dialog.getByLabel('Place').fill('Room 5');
  await dialog.getByLabel('Repeats').selectOption({ label: 'Every week' });
  assert.deepEqual(await inaccessible(alice), []);
  await shoot(alice, 'date-form');
  await dialog.getByRole('button', { name: 'Add to the calendar' }).click();
  await panel(alice).getByRole('heading', { name: 'Rehearsal' }).waitFor();
  await bob.locator('.item-card', { hasText: 'Rehearsal' }).click();
  await panel(bob).getByRole('button', { name: 'Yes' }).click();
  await panel(bob).locator('.choice [aria-pressed=true]', { hasText: 'Yes' }).waitFor();
  await panel(alice).getByText('Bob', { exact: false }).first().waitFor();
  await panel(alice).locator('.answers', { hasText: /Yes · 1/ }).waitFor();
  await panel(alice).getByText('Every week').waitFor();
  const link = await panel(alice).getByRole('link', { name: 'Calendar file' }).getAttribute('href');
  const ics = await alice.evaluate((url) => fetch(url).then((answer) => answer.text()), link);
  assert.match(ics, /SUMMARY:Rehearsal/);
  assert.match(ics, /RRULE:FREQ=WEEKLY/);
  assert.deepEqual(await inaccessible(alice), []);
  await panel(alice).getByRole('button', { name: 'Calendar', exact: true }).click();
  await panel(alice).getByRole('grid').waitFor();
  assert.ok(await panel(alice).locator('.month-day .dots i').count() >= 1, 'days with dates bear a mark');
  assert.deepEqual(await inaccessible(alice), []);
  await shoot(alice, 'calendar-light');
  await panel(alice).getByRole('button', { name: /Rehearsal/ }).first().click();
  await panel(alice).getByRole('button', { name: 'Edit' }).click();
  await dialog.getByLabel('All day').check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await panel(bob).getByText(/All day|\d{4}$/).first().waitFor();
  await panel(alice).getByRole('button', { name: 'Call off' }).click();
  await dialog.getByRole('button', { name: 'Call off' }).click();
  await panel(bob).getByText('Called off').waitFor();
});

test('the calendar is given to other software by an address that can be taken back', async () => {
  await panel(alice).getByRole('button', { name: 'Calendar', exact: true }).click();
  await panel(alice).getByRole('button', { name: 'More', exact: true }).click();
  await alice.getByRole('menuitem', { name: 'Show in other calendar software' }).click();
  const address = await alice.getByRole('dialog').getByLabel('Address of the calendar').inputValue();
  const ask = () => fetch(address).then((answer) => answer.status);
  assert.equal(await ask(), 200);
  await alice.getByRole('dialog').locator('footer').getByRole('button', { name: 'Close' }).click();
  await panel(alice).getByRole('button', { name: 'More', exact: true }).click();
  await alice.getByRole('menuitem', { name: 'End all my subscriptions' }).click();
  await alice.getByRole('dialog').getByRole('button', { name: 'End all my subscriptions' }).click();
  await alice.getByRole('dialog').waitFor({ state: 'detached' });
  await assert.doesNotReject(async () => { for (let tries = 0; await ask() === 200; tries++) if (tries > 50) throw new Error('the feed still answers'); });
});

test('p19 a file goes with a note, is taken out again, and reaches the other side', async () => {
  await openTab(alice, 'Notes');
  await panel(alice).getByRole('button', { name: 'New note' }).click();
  const dialog = alice.getByRole('dialog');
  await dialog.getByLabel('Title').fill('With files');
  for (const name of ['kept.txt', 'dropped.txt']) {
    const chooser = alice.waitForEvent('filechooser');
    await dialog.getByRole('button', { name: 'Attach files' }).click();
    await (await chooser).setFiles({ name, mimeType: 'text/plain', buffer: Buffer.from(name) });
    await dialog.locator('.tray .file', { hasText: name }).waitFor();
  }
  await dialog.getByRole('button', { name: 'Remove dropped.txt' }).click();
  assert.deepEqual(await inaccessible(alice), []);
  await shoot(alice, 'note-with-files');
  await dialog.getByRole('button', { name: 'Post' }).click();
  await panel(alice).locator('a.file', { hasText: 'kept.txt' }).waitFor();
  assert.equal(await panel(alice).locator('a.file').count(), 1);
  await bob.locator('.item-card', { hasText: 'With files' }).click();
  await panel(bob).locator('a.file', { hasText: 'kept.txt' }).waitFor();
  // Said anew, it keeps its file and gets another one.
  await panel(alice).getByRole('button', { name: 'More', exact: true }).click();
  await alice.getByRole('menuitem', { name: 'Edit' }).click();
  const chooser = alice.waitForEvent('filechooser');
  await dialog.getByRole('button', { name: 'Attach files' }).click();
  await (await chooser).setFiles({ name: 'later.txt', mimeType: 'text/plain', buffer: Buffer.from('later') });
  await dialog.locator('.tray .file', { hasText: 'later.txt' }).waitFor();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await panel(bob).locator('a.file', { hasText: 'later.txt' }).waitFor();
  await panel(bob).locator('a.file', { hasText: 'kept.txt' }).waitFor();
});

test('a reminder of a date is shown once, when its time has come', async () => {
  const path = await alice.evaluate(async () => {
    const room = location.pathname.split('/')[2];
    const start = new Date(Date.now() + 20 * 60_000);
    const wall = (at) => at.toISOString().slice(0, 16);
    const body = { title: 'Stand-up <i>now</i>', times: { start: wall(start), end: wall(new Date(+start + 600_000)), zone: 'UTC' }, reminder_minutes: 30 };
    const headers = { 'Content-Type': 'application/json', 'Handclasp-Web': '1', 'Idempotency-Key': 'reminder-of-the-test-0001' };
    const answer = await fetch(`/api/v1/rooms/${room}/calendar`, { method: 'POST', headers, body: JSON.stringify(body) });
    return answer.status;
  });
  assert.equal(path, 201);
  for (const page of [alice, bob]) await page.locator('.toast', { hasText: 'Stand-up <i>now</i> begins' }).waitFor();
  assert.deepEqual(await inaccessible(bob), []);
  await shoot(bob, 'reminder');
  await bob.locator('.toast', { hasText: 'begins' }).getByRole('button', { name: 'Open' }).click();
  await panel(bob).getByRole('heading', { name: 'Stand-up <i>now</i>' }).waitFor();
  await alice.locator('.toast', { hasText: 'begins' }).getByRole('button', { name: 'Close' }).click();
  const looked = alice.waitForResponse(/\/calendar\?/);
  await alice.reload();
  await (await looked).finished();
  await alice.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  assert.equal(await alice.locator('.toast', { hasText: 'begins' }).count(), 0, 'it was shown here already');
});

test('p28 a room and a person are reported to one\'s own admins', async () => {
  await openRoom(alice, 'Launch');
  await openTab(alice, 'Details');
  await panel(alice).getByRole('button', { name: 'Report the room' }).click();
  const dialog = alice.getByRole('dialog');
  await dialog.getByText('You report: Launch').waitFor();
  await dialog.getByLabel('What is wrong?').fill('Nothing but a test');
  assert.deepEqual(await inaccessible(alice), []);
  await shoot(alice, 'report-room');
  await dialog.getByRole('button', { name: 'Report' }).click();
  await alice.locator('.toast', { hasText: 'Your administrators have it' }).waitFor();
  await alice.getByRole('link', { name: 'Contacts' }).click();
  await alice.locator('.cards a', { hasText: 'Bob' }).click();
  await alice.getByRole('button', { name: 'Report the person' }).click();
  await dialog.getByText('You report: Bob').waitFor();
  await alice.keyboard.press('Escape');
  await openRoom(alice, 'Launch');
});

test('the month and the tabs are walked through by keyboard', async () => {
  await tab(alice, 'Calendar').focus();
  await alice.keyboard.press('ArrowLeft');
  await alice.locator('[role=tab][aria-selected=true]:focus', { hasText: 'Notes' }).waitFor();
  await alice.keyboard.press('ArrowRight');
  const chosen = panel(alice).locator('.month-day.chosen');
  const label = await chosen.textContent();
  await chosen.focus();
  await alice.keyboard.press('ArrowDown');
  await alice.waitForFunction((before) => document.activeElement?.matches('.month-day.chosen') && document.activeElement.textContent !== before, label);
  await alice.keyboard.press('Escape');
  await panel(alice).waitFor({ state: 'detached' });
});

test('p20 an edit is marked, and what was said before can be read', async () => {
  await say(alice, 'The launch is on Munday');
  await message(bob, 'The launch is on Munday').waitFor();
  await alice.locator('.composer-input').press('ArrowUp');
  await alice.locator('.composer-context', { hasText: 'Edit the message' }).waitFor();
  await alice.locator('.composer-input').fill('The launch is on Monday');
  await alice.keyboard.press('Enter');
  await bob.locator('.room-row[aria-current] .room-last', { hasText: 'The launch is on Monday' }).waitFor();
  await message(bob, 'The launch is on Monday').getByRole('button', { name: /edited/ }).click();
  const dialog = bob.getByRole('dialog');
  await dialog.getByText('The launch is on Munday').waitFor();
  assert.equal(await dialog.locator('.versions li').count(), 2);
  await bob.keyboard.press('Escape');
});

test('a mention is told, marked in the list, and leads to the message', async () => {
  await openRoom(bob, 'Alice');
  await alice.locator('.composer-input').pressSequentially('@Bo');
  await alice.locator('.mention-option', { hasText: 'bob@' }).waitFor();
  await alice.keyboard.press('Enter');
  await alice.locator('.composer-input').pressSequentially('please look');
  await alice.keyboard.press('Enter');
  await bob.locator('.room-row', { hasText: 'Launch' }).locator('.badge.called').waitFor();
  await bob.getByRole('link', { name: /Notifications/ }).click();
  assert.deepEqual(await inaccessible(bob), []);
  await shoot(bob, 'notifications');
  await bob.locator('.notice', { hasText: 'You were mentioned' }).first().click();
  await bob.locator('article.message:focus', { hasText: 'please look' }).waitFor();
});

test('everybody may search what they may see, and a finding leads to its place', async () => {
  await alice.getByRole('link', { name: 'Search', exact: true }).click();
  await alice.getByRole('heading', { name: 'Find anything you may see' }).waitFor();
  await alice.getByRole('searchbox', { name: 'Words to look for' }).fill('monday');
  const finding = alice.locator('.result', { hasText: 'The launch is on Monday' });
  // What was just written is found a moment later.
  for (let tries = 0; tries < 20 && !await finding.isVisible(); tries++) {
    await alice.keyboard.press('Enter');
    await finding.waitFor({ timeout: 500 }).catch(() => {});
  }
  await finding.waitFor();
  await finding.locator('mark', { hasText: 'Monday' }).waitFor();
  assert.match(alice.url(), /\/search\?q=monday/);
  await alice.getByText('Narrow down').click();
  await alice.getByLabel('Kind').selectOption('note');
  await alice.getByText('Nothing found').waitFor();
  await alice.getByLabel('Kind').selectOption('message');
  await finding.waitFor();
  assert.deepEqual(await inaccessible(alice), []);
  await shoot(alice, 'search');
  await finding.click();
  await alice.locator('article.message:focus', { hasText: 'The launch is on Monday' }).waitFor();
  await alice.goBack();
  await finding.waitFor();
  await alice.getByRole('link', { name: /Launch/ }).first().click();
});

test('a file crosses, and its recall is acknowledged by the other side', async () => {
  await openRoom(bob, 'Launch');
  const chooser = alice.waitForEvent('filechooser');
  await alice.getByRole('button', { name: 'Attach files' }).click();
  await (await chooser).setFiles({ name: 'plan.txt', mimeType: 'text/plain', buffer: Buffer.from('the plan') });
  await alice.locator('.tray .file', { hasText: 'plan.txt' }).waitFor();
  await alice.locator('.composer .send.ready').click();
  await alice.locator('article.message a.file', { hasText: 'plan.txt' }).waitFor();
  const there = bob.locator('article.message a.file', { hasText: 'plan.txt' });
  await there.waitFor({ timeout: 30_000 });
  const message = alice.locator('article.message', { has: alice.locator('a.file', { hasText: 'plan.txt' }) });
  await message.hover();
  await message.getByRole('button', { name: 'More' }).click();
  await alice.getByRole('menuitem', { name: 'Take back' }).click();
  await alice.getByRole('dialog').getByRole('button', { name: 'Take back' }).click();
  await alice.locator('.tombstone', { hasText: 'Globex has confirmed the removal' }).waitFor({ timeout: 30_000 });
  await there.waitFor({ state: 'detached' });
  await bob.locator('.room-row[aria-current] .room-last', { hasText: 'took this message back' }).waitFor();
});

test('p22 one sees who types, who is there and who has read, and none of it after switching it off', async () => {
  await openRoom(bob, 'Launch');
  await openRoom(alice, 'Launch');
  await alice.locator('.composer-input').pressSequentially('half a th');
  await bob.locator('.typing', { hasText: 'Alice is typing' }).waitFor();
  await bob.locator('.room-typing').first().waitFor();
  await shoot(bob, 'typing');
  await alice.locator('.composer-input').fill('a whole thought');
  await alice.keyboard.press('Enter');
  await message(bob, 'a whole thought').waitFor();
  await bob.locator('.typing:empty').waitFor({ state: 'attached' });
  await message(alice, 'a whole thought').getByRole('img', { name: /Read by .*Bob/ }).waitFor();
  await bob.locator('.room-row', { hasText: 'Alice' }).locator('.presence.online').waitFor();
  assert.deepEqual(await inaccessible(alice), []);
  await shoot(alice, 'read-by');
  await bob.getByRole('link', { name: 'Settings', exact: true }).click();
  await bob.getByRole('switch', { name: 'Whether I am there' }).click();
  await bob.locator('.room-row', { hasText: 'Alice' }).locator('.presence').waitFor({ state: 'detached' });
  await openRoom(bob, 'Launch');
});

test('everybody is called at once', async () => {
  await alice.locator('.composer-input').pressSequentially('@every');
  await alice.locator('.mention-option', { hasText: 'everybody' }).waitFor();
  await alice.keyboard.press('Enter');
  await alice.locator('.composer-input').pressSequentially('to the stage');
  await alice.keyboard.press('Enter');
  await message(bob, 'to the stage').locator('.mention.me', { hasText: '@everybody' }).waitFor();
});

test('a master changes what the room has, and members see why a tool is off', async () => {
  await openTab(alice, 'Details');
  await panel(alice).getByLabel('Notes').uncheck();
  await panel(alice).getByRole('button', { name: 'Save' }).click();
  await bob.getByRole('button', { name: 'Notes', exact: true }).click();
  await panel(bob).getByText('The Group Masters have switched this off').waitFor();
  await panel(alice).getByLabel('Notes').check();
  await panel(alice).getByRole('button', { name: 'Save' }).click();
  await panel(bob).getByRole('button', { name: 'New note' }).waitFor();
});

test('p19 files are put into the folder, renamed, moved, given versions, deleted and brought back', async () => {
  await openRoom(bob, 'Launch');
  await openTab(alice, 'Folder');
  await panel(alice).getByRole('button', { name: 'New folder' }).click();
  const dialog = alice.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Press');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await panel(alice).getByRole('button', { name: /^Press/ }).click();
  const put = async (name, text) => {
    const chooser = alice.waitForEvent('filechooser');
    await panel(alice).getByRole('button', { name: 'Add files' }).click();
    await (await chooser).setFiles({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });
  };
  await put('release.txt', 'The release');
  await panel(alice).locator('a.item-row', { hasText: 'release.txt' }).waitFor();
  const menu = async (page, name, item) => {
    await panel(page).getByRole('button', { name: `More: ${name}` }).click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  const chooser = alice.waitForEvent('filechooser');
  await menu(alice, 'release.txt', 'Add a version');
  await (await chooser).setFiles({ name: 'release.txt', mimeType: 'text/plain', buffer: Buffer.from('The release, mended') });
  await panel(alice).getByText('2 versions').waitFor();
  assert.deepEqual(await inaccessible(alice), []);
  await shoot(alice, 'folder');
  await bob.locator('.row-event', { hasText: 'made the folder' }).waitFor();
  await openTab(bob, 'Folder');
  await panel(bob).getByRole('button', { name: /^Press/ }).click();
  const download = bob.waitForEvent('download');
  await panel(bob).locator('a.item-row', { hasText: 'release.txt' }).click();
  const stream = await (await download).createReadStream();
  let content = '';
  for await (const part of stream) content += part;
  assert.equal(content, 'The release, mended', 'the newest version crossed');
  await menu(alice, 'release.txt', 'Rename');
  await dialog.getByLabel('Name').fill('final.txt');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await panel(bob).locator('.item-row', { hasText: 'final.txt' }).waitFor();
  await menu(alice, 'final.txt', 'Move to');
  await dialog.getByRole('button', { name: 'Folder' }).click();
  await panel(alice).getByText('Nothing here yet').waitFor();
  await panel(alice).getByRole('button', { name: 'Folder', exact: true }).first().click();
  await menu(alice, 'final.txt', 'Delete');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await panel(alice).getByRole('button', { name: 'Deleted' }).click();
  await menu(alice, 'final.txt', 'Bring back');
  await panel(alice).locator('.item-row', { hasText: 'final.txt' }).waitFor({ state: 'detached' });
  await panel(alice).getByRole('button', { name: 'Folder', exact: true }).first().click();
  await panel(alice).locator('.item-row', { hasText: 'final.txt' }).waitFor();
});

test('p24 a person and a room have photos that cross to the partner', async () => {
  const png = Buffer.from(await alice.evaluate(async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 200, height: 200 });
    const pen = canvas.getContext('2d');
    pen.fillStyle = '#b0307e';
    pen.fillRect(0, 0, 200, 200);
    return [...new Uint8Array(await new Promise((done) => canvas.toBlob((blob) => blob.arrayBuffer().then(done), 'image/png')))];
  }));
  await openTab(alice, 'Details');
  await panel(alice).locator('.photo-editor input').setInputFiles({ name: 'room.png', mimeType: 'image/png', buffer: png });
  await bob.locator('.room-row', { has: bob.locator('.room-name', { hasText: 'Launch' }) }).locator('.avatar img').waitFor();
  await alice.getByRole('link', { name: 'Settings', exact: true }).click();
  await alice.locator('.photo-editor input').setInputFiles({ name: 'me.png', mimeType: 'image/png', buffer: png });
  await alice.locator('.photo-editor .avatar img').waitFor();
  await bob.locator('.room-row', { has: bob.locator('.room-name', { hasText: 'Alice' }) }).locator('.avatar img').waitFor();
  await bob.locator('.room-row .avatar img').first().evaluate((image) => image.decode());
  assert.deepEqual(await inaccessible(alice), []);
  await shoot(alice, 'settings-photo');
  await alice.locator('.photo-editor').getByRole('button', { name: 'Remove' }).click();
  await bob.locator('.room-row', { has: bob.locator('.room-name', { hasText: 'Alice' }) }).locator('.avatar img').waitFor({ state: 'detached' });
  await openRoom(alice, 'Launch');
});

test('everything beside the messages fits a phone and is accessible in the dark', async () => {
  const phone = await browser.signIn(town.globex, 'bob', { viewport: { width: 360, height: 720 }, colorScheme: 'dark', hasTouch: true, isMobile: true, locale: 'ko-KR' });
  await openRoom(phone, 'Launch');
  await phone.locator('[data-what=panel]').click();
  for (const name of await phone.locator('[role=tab]').evaluateAll((tabs) => tabs.map((one) => one.dataset.tab))) {
    await phone.locator(`[role=tab][data-tab=${name}]`).click();
    await phone.waitForFunction(() => !document.querySelector('.panel .spinner'));
    assert.deepEqual(await inaccessible(phone), [], name);
    assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is too wide`);
    await shoot(phone, `phone-${name}-dark-korean`);
  }
  await phone.goto(`${town.globex.url}/search?q=launch`);
  await phone.locator('.result').first().waitFor();
  assert.deepEqual(await inaccessible(phone), [], 'search');
  await shoot(phone, 'phone-search-dark-korean');
  await phone.context().close();
});

test('every view fits every size in both colours', async () => {
  for (const [size, width, height] of [['phone', 390, 844], ['laptop', 1280, 800], ['wide', 1920, 1080]]) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await browser.signIn(town.acme, 'alice', { viewport: { width, height }, colorScheme, reducedMotion: 'reduce' });
      const look = async (name) => {
        await page.waitForFunction(() => !document.querySelector('.spinner'));
        assert.deepEqual(await inaccessible(page), [], `${name} ${size} ${colorScheme}`);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} ${size} is too wide`);
        await shoot(page, `chat-${name}-${size}-${colorScheme}`);
      };
      await look('list');
      await openRoom(page, 'Launch');
      await look('room');
      await openTab(page, 'Details');
      for (const name of ['details', 'notes', 'calendar', 'folder']) {
        await page.locator(`[role=tab][data-tab=${name}]`).click();
        await look(name);
      }
      for (const name of ['contacts', 'notifications', 'settings', 'search']) {
        await page.goto(`${town.acme.url}/${name}`);
        await page.locator('.main-page').waitFor();
        await look(name);
      }
      await page.context().close();
    }
  }
});

test('the content security policy was never violated and nobody else was asked', () => {
  assert.deepEqual(browser.complaints, []);
});
