// Prometheus' text form, and what is drawn from two or more of its samples. Pure.

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/**
 * Reads a scrape: from the name of a metric to its series, each `{labels, value}`. Lines that are no samples are skipped.
 * @param {string} text
 * @returns {Map<string, {labels: Record<string, string>, value: number}[]>}
 */
export function parseMetrics(text) {
  const metrics = new Map();
  for (const line of text.split("\n")) {
    if (!line || line.startsWith("#")) continue;
    const found = LINE.exec(line);
    if (!found) continue;
    const [, name, labels, value] = found;
    if (!metrics.has(name)) metrics.set(name, []);
    metrics.get(name).push({ labels: parseLabels(labels ?? ""), value: parseValue(value) });
  }
  return metrics;
}

function parseLabels(text) {
  const labels = {};
  for (const [, name, value] of text.matchAll(LABEL)) {
    labels[name] = value.replace(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped));
  }
  return labels;
}

function parseValue(text) {
  if (text === "+Inf") return Infinity;
  return text === '-Inf' ? -Infinity : Number(text);
}

const fits = (labels, wanted) => Object.entries(wanted).every(([name, value]) => labels[name] === value);

/** The sum of a metric's series with these labels; undefined when there are none. */
export function total(metrics, name, wanted = {}) {
  const series = (metrics.get(name) ?? []).filter((one) => fits(one.labels, wanted));
  return series.length ? series.reduce((sum, one) => sum + one.value, 0) : undefined;
}

/** The values that a label takes in a metric, sorted. */
export function labelValues(metrics, name, label) {
  return [...new Set((metrics.get(name) ?? []).map((one) => one.labels[label]).filter(Boolean))].sort();
}

/**
 * How fast a counter grew between two samples, per second. A counter that fell was restarted with its process: what it
 * shows has grown since then.
 * @param {{at: number, metrics: Map}} earlier
 * @param {{at: number, metrics: Map}} later
 */
export function rate(earlier, later, name, wanted = {}) {
  const to = total(later.metrics, name, wanted);
  if (to === undefined || later.at <= earlier.at) return undefined;
  const from = total(earlier.metrics, name, wanted) ?? 0;
  return (to >= from ? to - from : to) / ((later.at - earlier.at) / 1000);
}

/**
 * A quantile of a histogram over what was observed between two samples, by linear interpolation within its bucket as
 * Prometheus does; undefined when nothing was observed.
 */
export function quantile(earlier, later, name, q, wanted = {}) {
  const from = buckets(earlier.metrics, name, wanted);
  const grown = [...buckets(later.metrics, name, wanted)].map(([le, count]) => [le, count - (from.get(le) ?? 0)]);
  grown.sort((a, b) => a[0] - b[0]);
  const all = grown.at(-1)?.[1] ?? 0;
  if (all <= 0) return undefined;
  const wantedCount = q * all;
  const at = grown.findIndex(([, count]) => count >= wantedCount);
  const [upper, count] = grown[at];
  const [lower, below] = at > 0 ? grown[at - 1] : [0, 0];
  if (upper === Infinity) return lower;
  return lower + (upper - lower) * (count > below ? (wantedCount - below) / (count - below) : 1);
}

function buckets(metrics, name, wanted) {
  const sums = new Map();
  for (const { labels, value } of metrics.get(`${name}_bucket`) ?? []) {
    if (!fits(labels, wanted)) continue;
    const le = parseValue(labels.le);
    sums.set(le, (sums.get(le) ?? 0) + value);
  }
  return sums;
}

/** A ring of samples: the newest `max` of them. */
export class Samples {
  #kept = [];

  constructor(max) {
    this.max = max;
  }

  /** Takes a sample; without `text`, a gap. */
  add(at, text) {
    this.#kept.push({ at, metrics: text === undefined ? undefined : parseMetrics(text) });
    if (this.#kept.length > this.max) this.#kept.shift();
  }

  get all() {
    return this.#kept;
  }

  get latest() {
    return this.#kept.findLast((sample) => sample.metrics);
  }

  /** A point per sample since `from`: `{at, value}`, whose value is undefined where nothing is known. */
  gauge(name, wanted = {}, from = 0) {
    return this.#since(from).map(({ at, metrics }) => ({ at, value: metrics && total(metrics, name, wanted) }));
  }

  /** As `gauge`, of what `measure(earlier, later)` tells about each pair of neighbours. */
  between(measure, from = 0) {
    const kept = this.#since(from);
    return kept.slice(1).map((later, index) => {
      const earlier = kept[index];
      return { at: later.at, value: earlier.metrics && later.metrics ? measure(earlier, later) : undefined };
    });
  }

  #since(from) {
    return this.#kept.filter((sample) => sample.at >= from);
  }
}
