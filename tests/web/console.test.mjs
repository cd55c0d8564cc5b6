// The admin console, clicked through by admins of two organizations in browser sessions of their own.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { inaccessible, openRoom, shoot, startBrowser } from './browser.mjs';
import { startTown } from './town.mjs';

const HOSTILE = '<img src=x onerror="document.title=\'owned\'">';
const SIZES = [['phone', 390, 844], ['laptop', 1280, 800], ['wide', 1920, 1080]];
const VIEWS = ['/', '/pair', '/users', '/users/alice', '/policy', '/rooms', '/reports', '/holds', '/why', '/audit', '/health', '/limits'];

let town;
let browser;
let ours;
let theirs;
before(async () => {
  town = await startTown();
  browser = await startBrowser();
  [ours, theirs] = [town.acme.console, town.globex.console];
});
after(async () => { await browser?.stop(); await town?.stop(); });
afterEach(() => assert.deepEqual(browser.complaints.splice(0), [], 'complaints of the pages'));

const open = (admin, options) => browser.visit(admin, { reducedMotion: 'reduce', ...options });

async function signIn(page, admin, actor) {
  await page.getByLabel('Admin token').fill(admin.token);
  await page.getByLabel('Your name').fill(actor);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
}

const go = async (page, path) => {
  await page.evaluate((to) => { location.hash = to; }, path);
  await page.locator('main h1').first().waitFor();
};

const checkAccess = async (page, where) => assert.deepEqual(await inaccessible(page), [], where);

test('a wrong token is refused in words, and the right one is held by no script', async () => {
  const page = await open(ours);
  await page.getByLabel('Admin token').fill('short');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('An admin token has 43 characters').waitFor();
  await page.getByLabel('Admin token').fill('A'.repeat(43));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('This is not the admin token').waitFor();
  await checkAccess(page, 'sign-in');
  await signIn(page, ours, 'carol');
  const held = await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie]));
  assert.ok(!held.includes(ours.token), 'a script could read the token');
  await page.reload();
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in to the console' }).waitFor();
  await page.context().close();
});

test('p27 a revocation tells its consequences first, and both consoles show who closed the link', async () => {
  const [here, there] = [await open(ours), await open(theirs)];
  await signIn(here, ours, 'carol');
  await signIn(there, theirs, 'dora');
  await here.locator('.partner h3 a').first().click();
  const control = here.getByRole('switch', { name: /permits/ });
  assert.equal(await control.getAttribute('aria-checked'), 'true', 'the demo leaves the link open');
  await control.click();
  const dialog = here.getByRole('dialog');
  await dialog.getByText('direct room').first().waitFor();
  await dialog.getByLabel(/Reason/).fill(HOSTILE);
  await checkAccess(here, 'revocation');
  await dialog.getByRole('button', { name: 'Revoke now' }).click();
  await here.locator('.view-head .mark', { hasText: 'Closed by you' }).waitFor();
  await there.locator('.partner .mark', { hasText: 'Closed by them' }).waitFor({ timeout: 30_000 });
  await there.locator('.partner h3 a').first().click();
  await there.getByText(HOSTILE).first().waitFor();
  assert.equal(await there.locator('img').count(), 0, 'a reason became markup');
  for (const page of [here, there]) await page.context().close();
});

test('a grant that another admin changed meanwhile is shown before it is replaced', async () => {
  const [first, second] = [await open(ours), await open(ours)];
  await signIn(first, ours, 'carol');
  await signIn(second, ours, 'erin');
  const peer = (await first.locator('.partner h3 a').first().getAttribute('href')).slice(1);
  for (const page of [first, second]) {
    await go(page, peer);
    await page.getByRole('button', { name: 'Give a grant' }).click();
  }
  await second.getByRole('dialog').getByLabel(/Reason/).fill('by erin');
  await second.getByRole('dialog').getByRole('button', { name: 'Give a grant' }).click();
  await second.getByRole('dialog').waitFor({ state: 'detached' });
  await first.getByRole('dialog').getByLabel(/Reason/).fill('by carol');
  await first.getByRole('dialog').getByRole('button', { name: 'Give a grant' }).click();
  await first.getByRole('dialog').getByText('Another admin changed this grant').waitFor();
  await first.getByRole('dialog').getByText('by erin').waitFor();
  await first.getByRole('button', { name: 'Put mine in its place' }).click();
  await first.getByRole('dialog').waitFor({ state: 'detached' });
  await first.locator('.grant').first().getByText('by carol').waitFor();
  await first.locator('.view-head .mark', { hasText: 'Open' }).waitFor({ timeout: 60_000 });
  for (const page of [first, second]) await page.context().close();
});

test('w2 a card is compared by ear before it is taken', async () => {
  const [here, there] = [await open(ours), await open(theirs)];
  await signIn(here, ours, 'carol');
  await signIn(there, theirs, 'dora');
  for (const page of [here, there]) await go(page, '#/pair');
  await there.locator('.fingerprint li').last().waitFor();
  const aloud = (await there.locator('.fingerprint li').allTextContents()).join(' ').toLowerCase();
  const card = await there.evaluate(() => fetch('/admin/v1/card').then((answer) => answer.text()));
  const paste = here.getByLabel("Or paste the card's text");
  await paste.fill('no card');
  await here.getByText('it is not even JSON').waitFor();
  await paste.fill(await here.evaluate(() => fetch('/admin/v1/card').then((answer) => answer.text())));
  await here.getByText('This is your own card').waitFor();
  await paste.fill(card);
  const submit = here.getByRole('button', { name: /^Pair with / });
  await submit.waitFor();
  assert.ok(await submit.isDisabled(), 'nothing was compared yet');
  const heard = here.getByLabel('What they read to you');
  await heard.fill(aloud.replace(/^./, (letter) => (letter === 'a' ? 'b' : 'a')));
  await here.getByText('Group 1 does not fit').waitFor();
  assert.ok(await submit.isDisabled(), 'the fingerprint is another');
  await heard.fill(aloud);
  await here.getByText('All eight groups fit').waitFor();
  await checkAccess(here, 'comparison');
  await here.getByText('You are paired with globex.example already', { exact: false }).waitFor();
  await submit.click();
  await here.getByText('is pinned with this card already').waitFor();
  for (const page of [here, there]) await page.context().close();
});

test('a user is made, loses the permission, is found, and is deactivated; hostile names stay texts', async () => {
  const page = await open(ours);
  await signIn(page, ours, 'carol');
  await go(page, '#/users');
  const local = `eve${Date.now().toString(36)}`;
  await page.getByRole('button', { name: 'Add a user' }).click();
  await page.getByLabel('Name for signing in').fill(local);
  await page.getByLabel('Display name').fill('<b onclick=x>Eve</b>');
  await page.getByRole('button', { name: 'Make one up' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Add a user' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByPlaceholder('Find by name or address').fill(local);
  await page.getByRole('link', { name: new RegExp(local) }).click();
  await page.getByRole('heading', { name: '<b onclick=x>Eve</b>' }).waitFor();
  await page.getByRole('switch', { name: 'May use external messaging' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByText('The switch for this person is off.').waitFor();
  await page.getByLabel('What it is for').fill('a test');
  await page.getByRole('button', { name: 'Issue a token' }).click();
  await page.getByText('Copy it now').waitFor();
  await page.getByRole('button', { name: 'Deactivate' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Deactivate' }).click();
  await page.getByText('The account is deactivated.').waitFor();
  await page.context().close();
});

test('p5 why not? names the condition, who can change it, and the way there', async () => {
  const page = await open(ours);
  await signIn(page, ours, 'carol');
  await go(page, '#/why');
  await page.getByLabel('Who (one of your users)').fill('alice');
  await page.getByLabel('Whom (an address of a partner)').fill('bob@nowhere.example');
  await page.keyboard.press('Enter');
  await page.getByText('nowhere.example is not a partner yet.').waitFor();
  await page.getByRole('link', { name: 'Pair with them' }).click();
  await page.getByRole('heading', { name: 'Pair with a partner', level: 1 }).waitFor();
  await page.context().close();
});

test('p28 the audit log is searched and its chain holds', async () => {
  const page = await open(ours);
  await signIn(page, ours, 'carol');
  await go(page, '#/audit?action=grant');
  await page.getByText('admin:carol').first().waitFor();
  const acts = await page.locator('.log .entry').allTextContents();
  assert.ok(acts.every((text) => text.includes('grant')), acts.join('\n'));
  await page.getByRole('button', { name: 'Check the chain' }).click();
  await page.getByText('The chain holds').waitFor();
  await page.context().close();
});

test('p28 a report reaches the admins with the original, holds are set and lifted, and erasing asks twice', async () => {
  const alice = await browser.signIn(town.acme, 'alice');
  await openRoom(alice, 'Launch');
  const said = alice.locator('article.message', { hasText: 'Bob is here' });
  await said.hover();
  await said.getByRole('button', { name: 'More' }).click();
  await alice.getByRole('menuitem', { name: 'Report the message' }).click();
  await alice.getByRole('dialog').getByLabel('What is wrong?').fill(HOSTILE);
  await checkAccess(alice, 'report');
  await alice.getByRole('dialog').getByRole('button', { name: 'Report' }).click();
  await alice.getByText('Your administrators have it').waitFor();
  const page = await open(ours);
  await signIn(page, ours, 'carol');
  await go(page, '#/reports');
  await page.getByText(HOSTILE).waitFor();
  await page.getByRole('button', { name: 'What was said' }).click();
  await page.getByRole('dialog').getByText('Bob is here').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Close the report' }).click();
  await page.getByRole('dialog').getByLabel('What was done').fill('talked to Bob');
  await page.getByRole('dialog').getByRole('button', { name: 'Close the report' }).click();
  await page.getByText('No open reports').waitFor();
  await go(page, '#/holds');
  await page.getByRole('button', { name: 'Set a hold' }).click();
  await page.getByLabel('User, as for signing in').fill('alice');
  await page.getByLabel('Reason, which stands in the audit log').fill('a lawsuit');
  await checkAccess(page, 'hold');
  await page.getByRole('dialog').getByRole('button', { name: 'Set a hold' }).click();
  await page.locator('.panel', { hasText: 'a lawsuit' }).getByRole('button', { name: 'Lift the hold' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Lift the hold' }).click();
  await page.getByText('Nothing is held').waitFor();
  await go(page, '#/users/alice');
  await page.getByRole('button', { name: 'Erase this person' }).click();
  await page.getByRole('dialog').getByLabel('Type alice to confirm').fill('bob');
  await page.getByRole('dialog').getByRole('button', { name: 'Erase this person' }).click();
  await page.getByText('must repeat the name of the user').waitFor();
  for (const one of [alice, page]) await one.context().close();
});

test('a daemon that does not answer is said so, and what was known stays in sight', async () => {
  const page = await open(ours);
  await signIn(page, ours, 'carol');
  await page.context().setOffline(true);
  await page.getByText('The daemon does not answer').waitFor({ timeout: 30_000 });
  assert.ok(await page.locator('.partner').count() > 0);
  await page.context().setOffline(false);
  await page.getByText('The daemon does not answer').waitFor({ state: 'detached', timeout: 30_000 });
  await page.context().close();
});

test('rooms with partners are listed with their people, and found; ends of grants and certificates are told', async () => {
  const page = await open(ours);
  await signIn(page, ours, 'carol');
  const card = page.locator('.partner').first();
  for (const name of ['Our grant ends', 'Their grant ends', 'Their certificate ends']) await card.getByText(name).waitFor();
  await card.locator('div', { has: page.getByText('Their certificate ends') }).getByText('never').waitFor();
  await page.locator('.tile', { hasText: 'Own certificate ends' }).waitFor();
  await go(page, '/rooms');
  const row = page.locator('tbody tr', { has: page.getByRole('rowheader', { name: /Launch/ }) });
  await row.getByText('alice@acme.example').waitFor();
  await page.locator('tbody tr', { has: page.getByRole('rowheader', { name: /Direct room/ }) }).getByText('bob@globex.example').first().waitFor();
  await row.getByText('(master)').first().waitFor();
  await page.getByLabel('Find by name, person or partner').fill('nothing of the kind');
  await page.getByText('No room fits').waitFor();
  await page.getByLabel('Find by name, person or partner').fill('launch');
  await row.getByRole('link', { name: 'In the audit log' }).click();
  await page.getByRole('heading', { name: 'Audit log', level: 1 }).waitFor();
  await page.context().close();
});

test('every view is accessible and fits the phone, in both languages and colours', async () => {
  for (const [name, width, height] of SIZES) {
    for (const [colorScheme, locale] of [['light', 'en-US'], ['dark', 'ko-KR']]) {
      const page = await open(ours, { viewport: { width, height }, colorScheme, locale });
      await page.locator('input[name=token]').fill(ours.token);
      await page.keyboard.press('Enter');
      await page.locator('.partner').first().waitFor();
      const partner = (await page.locator('.partner h3 a').first().getAttribute('href')).slice(1);
      for (const view of [...VIEWS, partner]) {
        await go(page, view);
        await page.waitForFunction(() => !document.querySelector('main .spinner'));
        const where = `${view} at ${name}, ${colorScheme}, ${locale}`;
        await checkAccess(page, where);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${where} is too wide`);
        await shoot(page, `console-${view.replaceAll('/', '_')}-${name}-${colorScheme}`);
      }
      await page.context().close();
    }
  }
});
