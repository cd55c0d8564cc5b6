// The daemon itself: readiness, load, and graphs of traffic and lag that go on while one looks.

import { fill, h } from '../../shared/dom.js';
import { number, t } from '../../shared/i18n.js';
import { Chart } from '../chart.js';
import { heading, mark } from '../draw.js';
import { bytes, figure, seconds } from '../format.js';
import { EVERY_MS } from '../live.js';
import { labelValues, quantile, rate, total } from '../metrics.js';

const SPANS_MIN = [2, 10, 30];
const TONES = ['a', 'b', 'c', 'd', 'e', 'f'];

/** The series of each chart, from the samples of a span. */
function seriesOf(samples, from) {
  const latest = samples.latest?.metrics ?? new Map();
  const per = (name, wanted) => samples.between((earlier, later) => rate(earlier, later, name, wanted) ?? 0, from);
  const toned = (series) => series.map((one, at) => ({ ...one, tone: TONES[at % TONES.length] }));
  const peers = labelValues(latest, 'handclasp_link_state', 'peer');
  const requests = (pattern) => samples.between((earlier, later) => {
    const statuses = labelValues(later.metrics, 'handclasp_http_requests_total', 'status').filter((status) => pattern.test(status));
    return statuses.reduce((sum, status) => sum + (rate(earlier, later, 'handclasp_http_requests_total', { status }) ?? 0), 0);
  }, from);
  const commit = (q) => samples.between((earlier, later) => quantile(earlier, later, 'handclasp_commit_seconds', q), from);
  return {
    records: toned(peers.flatMap((peer) => ['in', 'out'].map((direction) => ({ name: t(`health.${direction}`, { peer }), points: per('handclasp_records_total', { peer, direction }) })))),
    lag: toned(peers.map((peer) => ({ name: peer, points: samples.gauge('handclasp_link_lag_records', { peer }, from) }))),
    latency: toned([{ name: t('health.median'), points: commit(0.5) }, { name: t('health.p99'), points: commit(0.99) }]),
    requests: toned(['client', 'admin'].map((listener) => ({ name: t(`health.${listener}`), points: per('handclasp_http_requests_total', { listener }) }))),
    errors: toned([{ name: t('health.refusals'), points: requests(/^4/) }, { name: t('health.faults'), points: requests(/^5/) }]),
    load: toned([{ name: t('health.memory'), points: samples.gauge('process_resident_memory_bytes', {}, from) }]),
  };
}

const CHARTS = {
  records: { format: figure },
  lag: { format: figure, floor: 4 },
  latency: { format: seconds, floor: 0.002 },
  requests: { format: figure },
  errors: { format: figure },
  load: { format: bytes, base: 1024 },
};

function tiles({ samples, isReady, problem }) {
  const metrics = samples.latest?.metrics ?? new Map();
  const told = (name, format) => {
    const value = total(metrics, name);
    return value === undefined ? '–' : format(value);
  };
  const known = samples.all.filter((sample) => sample.metrics);
  const [first, last] = [known.at(-13) ?? known[0], known.at(-1)];
  const isPair = first && last && first !== last;
  const cpu = isPair && rate(first, last, 'process_cpu_seconds_total');
  const commit = isPair && quantile(first, last, 'handclasp_commit_seconds', 0.99);
  const ready = problem || isReady === undefined ? ['bad', 'unknown'] : isReady ? ['good', 'yes'] : ['warn', 'no'];
  const tile = (name, value, hint) => h('div', { class: 'tile' }, h('span', { class: 'tile-name' }, t(name)), h('span', { class: 'tile-value' }, value), h('span', { class: 'faint' }, t(hint)));
  return [
    tile('health.ready', mark(ready[0], t(`health.ready.${ready[1]}`)), 'health.ready.hint'),
    tile('health.commit', commit ? seconds(commit) : '–', 'health.commit.hint'),
    tile('health.cpu', Number.isFinite(cpu) && cpu !== false ? `${figure(cpu * 100)} %` : '–', 'health.cpu.hint'),
    tile('health.memory', told('process_resident_memory_bytes', bytes), 'health.memory.hint'),
    tile('health.files', told('process_open_fds', number), 'health.files.hint'),
  ];
}

/** All metrics as they were read, without the buckets of histograms. */
function rawTable(metrics) {
  const rows = [...(metrics ?? [])].filter(([name]) => !name.endsWith('_bucket')).flatMap(([name, series]) => series.map(({ labels, value }) => {
    const text = Object.entries(labels).map(([label, told]) => `${label}=${told}`).join(' ');
    return h('tr', {}, h('th', { scope: 'row', class: 'mono' }, name), h('td', { class: 'mono faint' }, text), h('td', { class: 'number mono' }, String(value)));
  }));
  return h('table', { class: 'table' }, h('tbody', {}, rows));
}

/** The view. */
export function health(app) {
  const charts = Object.fromEntries(Object.entries(CHARTS).map(([name, options]) => [name, new Chart({ title: t(`health.${name}`), hint: t(`health.${name}.hint`), ...options })]));
  const figures = h('div', { class: 'tiles' });
  const table = h('div', { class: 'scroll', tabIndex: 0, role: 'region', aria: { label: t('health.raw') } });
  const raw = h('details', { class: 'panel', on: { toggle: () => update() } }, h('summary', {}, t('health.raw'), ' ', h('span', { class: 'faint' }, t('health.raw.hint'))), table);
  let span = SPANS_MIN[1];
  const picker = h('select', { class: 'input narrow', aria: { label: t('health.span') }, on: { change: () => { span = Number(picker.value); update(); } } }, SPANS_MIN.map((count) => h('option', { value: count, selected: count === span }, t('health.minutes', { count }))));
  function update() {
    const { samples } = app.live;
    const to = samples.all.at(-1)?.at ?? Date.now();
    const known = to - (samples.all[0]?.at ?? to);
    const from = to - Math.min(span * 60_000, Math.max(known, SPANS_MIN[0] * 60_000));
    fill(figures, tiles(app.live));
    for (const [name, series] of Object.entries(seriesOf(samples, from))) charts[name].show(series, from, to);
    if (raw.open && !table.contains(document.activeElement)) fill(table, rawTable(samples.latest?.metrics));
  }
  update();
  const element = h('div', { class: 'view' }, heading(t('health.title'), t('health.lead', { seconds: EVERY_MS / 1000 }), picker), figures,
    h('div', { class: 'charts' }, Object.values(charts).map((chart) => chart.figure)), h('p', { class: 'faint' }, t('health.note')), raw);
  return { title: t('health.title'), element, update, close: () => Object.values(charts).forEach((chart) => chart.close()) };
}
