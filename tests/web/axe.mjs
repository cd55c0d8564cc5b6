// axe-core in a page whose content security policy lets no script in: it is evaluated from outside.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export class AxeBuilder {
  constructor(page) { this.page = page; }

  async find() {
    // What is still fading in has colours that nobody has to read.
    await this.page.evaluate(() => Promise.all(document.getAnimations()
      .filter((it) => Number.isFinite(it.effect.getComputedTiming().endTime))
      .map((it) => it.finished.catch(() => {}))));
    await this.page.evaluate(source);
    const { violations } = await this.page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.failureSummary}`));
  }
}
