// A headless Chromium, people in it, and what must never happen: a violation of the content security policy, or an error.

import { AxeBuilder } from './axe.mjs';
import { chromium } from 'playwright-core';
import { mkdirSync } from 'node:fs';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const shots = new URL('./shots/', import.meta.url).pathname;

/** Chromium with people in it. Each person has a profile of their own. `flags`: more of the browser's. */
export async function startBrowser(flags = []) {
  mkdirSync(shots, { recursive: true });
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...FLAGS, ...flags] });
  const complaints = [];
  return {
    /** What must not have happened. */
    complaints,
    stop: () => browser.close(),
    /** A fresh page of an org, not signed in. */
    async visit(org, options = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US', ...options });
      const page = await context.newPage();
      // Long, because a gate shares its machine: what is waited for comes at once where nothing is wrong.
      page.setDefaultTimeout(30_000);
      page.on('pageerror', (error) => complaints.push(`error: ${error.stack}`));
      page.on('console', (message) => { if (/content security policy|trusted ?type|refused to/i.test(message.text())) complaints.push(message.text()); });
      page.on('request', (request) => { if (!/^(blob:|data:)/.test(request.url()) && !request.url().startsWith(org.url)) complaints.push(`asked abroad: ${request.url()}`); });
      await page.addInitScript(() => addEventListener('securitypolicyviolation', (event) => console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI}`)));
      await page.goto(org.url);
      return page;
    },
    /** Somebody who is signed in and sees their rooms. */
    async signIn(org, user, options) {
      const page = await this.visit(org, options);
      // By name, not by label: the labels speak the page's language.
      await page.locator('input[name=username]').fill(user);
      await page.locator('input[name=password]').fill(org.password);
      await page.keyboard.press('Enter');
      await page.locator('hc-sidebar').waitFor();
      return page;
    },
  };
}

export const shoot = (page, name) => page.screenshot({ path: `${shots}${name}.png` });

/** Opens a room by its name and waits until one can write. */
export async function openRoom(page, name) {
  await page.locator('.room-row', { has: page.locator('.room-name', { hasText: name }) }).first().click();
  await page.locator('hc-messages .message, hc-messages .row-beginning').first().waitFor();
}

export async function say(page, text) {
  await page.locator('.composer-input').fill(text);
  await page.keyboard.press('Enter');
}

/** The message with this text. */
export const message = (page, text) => page.locator('article.message', { has: page.locator('.words', { hasText: text }) }).last();

/** What axe-core finds against the page as it stands, one line each. */
export async function inaccessible(page) {
  return new AxeBuilder(page).find();
}
