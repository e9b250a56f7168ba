import { format, toReference } from './figures.mjs';

const WIDTH = 940;
const LABELS = 270;
const RIGHT = 130;
const ROW = 28;
const BAR = 16;
const HEAD = 34;
const FOOT = 52;
/** The ground is opaque: whatever page shows the plot, its text stands on a colour that goes with it. */
const STYLE = `
  text { fill: #1f2328 } .quiet { fill: #59636e } .ground { fill: #ffffff } .grid { stroke: #d1d9e0 }
  .cpu { fill: #2f6fb0 } .rate { fill: #3f8f5f } .mark { stroke: #b3261e; stroke-width: 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .quiet { fill: #9198a1 } .ground { fill: #0d1117 } .grid { stroke: #3d444d }
    .cpu { fill: #4a90d9 } .rate { fill: #55a878 } .mark { stroke: #ff6b61 }
  }
`;
const FONT = 'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif"';

/**
 * A drawing of `summarize`'s rows as SVG: CPU time a message against its budget, as it is judged, and messages a second as
 * measured against the goal, both on a logarithmic scale.
 */
export function toPlot(rows, caption) {
  const cpu = rows
    .filter((row) => row.result.figures[row.cpu] !== undefined)
    .map(({ short, cpu: name, result }) => ({
      label: short,
      value: toReference(name, result.figures, result.slowness),
      mark: result.budget[name],
    }));
  const rates = rows.flatMap(({ short, measured, result }) =>
    measured
      .filter((name) => name.includes('PerSecond') && result.figures[name] !== undefined)
      .map((name) => ({ label: short, value: result.figures[name], mark: result.goal[name] })),
  );
  const upper = toPanel(cpu, {
    top: 24,
    title: 'CPU time a message, at reference speed',
    unit: 'µs',
    mark: 'budget',
    kind: 'cpu',
  });
  const lower = toPanel(rates, {
    top: upper.bottom + 18,
    title: 'Messages or requests a second',
    unit: 'a second',
    mark: 'goal',
    kind: 'rate',
  });
  const height = lower.bottom + 30;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ${FONT} font-size="13">`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" width="${WIDTH}" height="${height}"/>`,
    ...upper.shapes,
    ...lower.shapes,
    text(LABELS, height - 12, caption, 'class="quiet" font-size="12"'),
    '</svg>',
    '',
  ].join('\n');
}

function toPanel(bars, { top, title, unit, mark, kind }) {
  const scale = toLogScale(bars.flatMap((bar) => [bar.value, bar.mark ?? bar.value]));
  const first = top + HEAD;
  const end = first + bars.length * ROW;
  const ticks = scale.ticks.flatMap((tick) => [
    `<line x1="${scale.x(tick)}" y1="${first - 4}" x2="${scale.x(tick)}" y2="${end}" class="grid"/>`,
    text(scale.x(tick), end + 18, format(tick), 'text-anchor="middle" class="quiet"'),
  ]);
  const shapes = [
    text(LABELS, top + 12, title, 'font-weight="600" font-size="15"'),
    ...toLegend(WIDTH - RIGHT, top + 12, mark, kind),
    ...ticks,
    ...bars.flatMap((bar, index) => toBar(bar, first + index * ROW, scale, kind)),
    text((LABELS + WIDTH - RIGHT) / 2, end + 38, `${unit} (logarithmic)`, 'text-anchor="middle" class="quiet"'),
  ];
  return { shapes, bottom: end + FOOT };
}

/** The mark is a line across the bar. */
function toBar({ label, value, mark }, top, scale, kind) {
  const y = top + (ROW - BAR) / 2;
  const middle = top + ROW / 2 + 4;
  const end = scale.x(value);
  const shapes = [
    text(LABELS - 12, middle, label, 'text-anchor="end"'),
    `<rect x="${LABELS}" y="${y}" width="${round(end - LABELS)}" height="${BAR}" class="${kind}"/>`,
  ];
  const after = mark === undefined ? end : Math.max(end, scale.x(mark));
  shapes.push(text(after + 8, middle, format(value)));
  if (mark === undefined) return shapes;
  const x = scale.x(mark);
  return [...shapes, `<line x1="${x}" y1="${y - 4}" x2="${x}" y2="${y + BAR + 4}" class="mark"/>`];
}

function toLegend(right, y, mark, kind) {
  return [
    `<rect x="${right - 150}" y="${y - 10}" width="14" height="11" class="${kind}"/>`,
    text(right - 130, y, 'measured'),
    `<line x1="${right - 58}" y1="${y - 12}" x2="${right - 58}" y2="${y + 3}" class="mark"/>`,
    text(right - 48, y, mark),
  ];
}

/** Whole powers of ten around the values; a value at the lower end would have no bar, so there is one more below. */
function toLogScale(values) {
  const low = Math.floor(Math.log10(Math.min(...values)) - 0.2);
  const high = Math.ceil(Math.log10(Math.max(...values)) + 0.001);
  const width = WIDTH - RIGHT - LABELS;
  return {
    ticks: Array.from({ length: high - low + 1 }, (_, place) => 10 ** (low + place)),
    x: (value) => round(LABELS + ((Math.log10(value) - low) / (high - low)) * width),
  };
}

function round(value) {
  return Math.round(value * 10) / 10;
}

function text(x, y, content, more = '') {
  const safe = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${round(x)}" y="${round(y)}"${more === '' ? '' : ` ${more}`}>${safe}</text>`;
}
