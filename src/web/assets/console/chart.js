// A small line chart in SVG: built by DOM, drawn anew on each sample, read with a pointer or the arrow keys.

import { fill, h } from '../shared/dom.js';
import { t } from '../shared/i18n.js';
import { svg } from './draw.js';
import { clock } from './format.js';

const HEIGHT = 148;
const PAD = { top: 10, right: 12, bottom: 22, left: 52 };
const STEPS = [1, 2, 4, 6, 8, 10];
const POWERS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** A round number not below `value`, so that the axis has readable marks; bytes are round in powers of two. */
export function niceCeil(value, base = 10) {
  if (!(value > 0)) return 1;
  const power = base ** Math.floor(Math.log(value) / Math.log(base) + 1e-9);
  return (base === 10 ? STEPS : POWERS).find((step) => step * power >= value * 0.999) * power;
}

/**
 * A figure with one chart.
 * - `title`: what it shows
 * - `hint`: how to read it
 * - `format`: a value as text
 * - `floor`: the least top of the axis, so that noise near zero stays small
 * - `base`: 1024 for bytes
 */
export class Chart {
  constructor({ title, hint, format, floor = 0, base = 10 }) {
    Object.assign(this, { format, floor, base, series: [], span: [0, 1], picked: undefined });
    this.legend = h('ul', { class: 'chart-legend' });
    this.plot = svg('svg', { class: 'chart-plot', height: HEIGHT, tabindex: 0, role: 'img' });
    this.said = h('p', { class: 'unseen', aria: { live: 'off' } });
    this.title = title;
    this.figure = h('figure', { class: 'panel chart' },
      h('figcaption', {}, h('h2', {}, title), hint && h('p', { class: 'faint' }, hint)), this.plot, this.legend, this.said);
    this.plot.addEventListener('pointermove', (event) => this.#pickAt(event.offsetX));
    this.plot.addEventListener('pointerleave', () => this.#pick(undefined));
    this.plot.addEventListener('blur', () => this.#pick(undefined));
    this.plot.addEventListener('keydown', (event) => this.#onKey(event));
    this.watch = new ResizeObserver(() => this.#draw());
    this.watch.observe(this.plot);
  }

  close() {
    this.watch.disconnect();
  }

  /** Shows these series over a span of time: each `{name, points: [{at, value}], tone}`. */
  show(series, from, to) {
    this.series = series;
    this.span = [from, to];
    if (this.plot.isConnected) this.#draw();
  }

  #times() {
    return [...new Set(this.series.flatMap((one) => one.points.map((point) => point.at)))].sort((a, b) => a - b);
  }

  #pickAt(offsetX) {
    const times = this.#times();
    if (!times.length) return;
    const near = times.reduce((best, at) => (Math.abs(this.#x(at) - offsetX) < Math.abs(this.#x(best) - offsetX) ? at : best));
    this.#pick(near);
  }

  #onKey(event) {
    const times = this.#times();
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !times.length) return;
    event.preventDefault();
    const present = this.picked === undefined ? times.length : times.indexOf(this.picked);
    this.#pick(times[Math.min(times.length - 1, Math.max(0, present + step))]);
    this.said.textContent = this.#tell();
  }

  #pick(at) {
    this.picked = at;
    this.said.setAttribute('aria-live', at === undefined ? 'off' : 'polite');
    if (at === undefined) this.said.textContent = '';
    this.#draw();
  }

  #tell() {
    const values = this.series.map((one) => `${one.name} ${this.#valueAt(one, this.picked)}`);
    return `${clock(this.picked)}: ${values.join(', ')}`;
  }

  #valueAt(series, at) {
    const value = series.points.find((point) => point.at === at)?.value;
    return value === undefined ? '–' : this.format(value);
  }

  #x(at) {
    const [from, to] = this.span;
    return PAD.left + ((at - from) / (to - from || 1)) * (this.width - PAD.left - PAD.right);
  }

  #y(value) {
    return HEIGHT - PAD.bottom - (value / this.top) * (HEIGHT - PAD.top - PAD.bottom);
  }

  #draw() {
    this.width = this.plot.clientWidth;
    if (!this.width) return;
    const values = this.series.flatMap((one) => one.points.map((point) => point.value)).filter(Number.isFinite);
    this.top = niceCeil(Math.max(this.floor, ...values), this.base);
    this.plot.replaceChildren(...this.#grid(), ...this.series.flatMap((one) => this.#line(one)), ...this.#cross());
    if (!values.length) this.plot.append(this.#text(this.width / 2, HEIGHT / 2, t('chart.empty'), 'middle'));
    this.plot.setAttribute('aria-label', this.#summary(values));
    const shown = this.picked ?? this.#times().at(-1);
    fill(this.legend, this.series.map((one) => h('li', { class: `series-${one.tone}` },
      h('span', { class: 'swatch', aria: { hidden: true } }), one.name, h('b', {}, this.#valueAt(one, shown)))));
  }

  #summary(values) {
    if (!values.length) return `${this.title}: ${t('chart.empty')}`;
    const range = t('chart.summary', { low: this.format(Math.min(...values)), high: this.format(Math.max(...values)) });
    return `${this.title}: ${range}`;
  }

  #grid() {
    const marks = [0, this.top / 2, this.top].flatMap((value) => [
      svg('line', { class: 'grid', x1: PAD.left, x2: this.width - PAD.right, y1: this.#y(value), y2: this.#y(value) }),
      this.#text(PAD.left - 8, this.#y(value) + 4, this.format(value), 'end'),
    ]);
    const [from, to] = this.span;
    const count = this.width > 480 ? 4 : 2;
    const times = Array.from({ length: count + 1 }, (_, step) => from + ((to - from) * step) / count);
    return [...marks, ...times.map((at, step) => {
      const anchor = step === 0 ? 'start' : step === count ? 'end' : 'middle';
      return this.#text(this.#x(at), HEIGHT - 5, clock(at), anchor);
    })];
  }

  /** One line, broken where values are missing, and the area below it. */
  #line({ points, tone }) {
    const runs = [[]];
    for (const { at, value } of points) {
      if (Number.isFinite(value)) runs.at(-1).push([this.#x(at), this.#y(value)]);
      else if (runs.at(-1).length) runs.push([]);
    }
    return runs.filter((run) => run.length).flatMap((run) => {
      const path = run.map(([x, y], index) => `${index ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
      if (run.length === 1) return [svg('circle', { class: `dot series-${tone}`, cx: run[0][0], cy: run[0][1], r: 2.5 })];
      const floor = this.#y(0);
      const area = `${path}L${run.at(-1)[0].toFixed(1)} ${floor}L${run[0][0].toFixed(1)} ${floor}Z`;
      return [svg('path', { class: `area series-${tone}`, d: area }), svg('path', { class: `line series-${tone}`, d: path })];
    });
  }

  #cross() {
    if (this.picked === undefined) return [];
    const x = this.#x(this.picked);
    const dots = this.series.flatMap((one) => {
      const value = one.points.find((point) => point.at === this.picked)?.value;
      return Number.isFinite(value) ? [svg('circle', { class: `dot series-${one.tone}`, cx: x, cy: this.#y(value), r: 4 })] : [];
    });
    const label = this.#text(Math.min(Math.max(x, PAD.left + 28), this.width - PAD.right - 28), PAD.top, clock(this.picked), 'middle');
    return [svg('line', { class: 'cross', x1: x, x2: x, y1: PAD.top + 4, y2: HEIGHT - PAD.bottom }), ...dots, label];
  }

  #text(x, y, text, anchor) {
    return svg('text', { x, y, 'text-anchor': anchor }, text);
  }
}
