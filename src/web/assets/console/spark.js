// A line without axes, beside a figure. Decoration: the figure says it in words.

import { niceCeil } from './chart.js';
import { svg } from './draw.js';

const WIDTH = 120;
const HEIGHT = 32;

/** A small line of points `{at, value}`. */
export function sparkline(points) {
  const known = points.filter((point) => Number.isFinite(point.value));
  const element = svg('svg', { class: 'spark series-a', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  if (known.length < 2) return element;
  const top = niceCeil(Math.max(...known.map((point) => point.value)));
  const [from, to] = [known[0].at, known.at(-1).at];
  const place = ({ at, value }) => `${(((at - from) / (to - from)) * WIDTH).toFixed(1)} ${(HEIGHT - 2 - (value / top) * (HEIGHT - 4)).toFixed(1)}`;
  const path = `M${known.map(place).join('L')}`;
  element.append(svg('path', { class: 'area', d: `${path}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z` }), svg('path', { class: 'line', d: path }));
  return element;
}
