/** Text as it may stand in HTML. */
export function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** A line of a plot. A gap stands where a value is undefined. */
export type Series = {
  name: string;
  /** A colour of CSS, and how the line is drawn: colour is not the only sign. */
  colour: string;
  dash?: string;
  values: readonly (number | undefined)[];
};

export type Plot = {
  title: string;
  unit: string;
  /** Seconds between two values. */
  stepSeconds: number;
  series: readonly Series[];
  /** Shaded spans, in seconds. */
  bands: readonly { name: string; from: number; to: number }[];
};

const width = 760;
const height = 220;
const margin = { left: 56, right: 12, top: 26, bottom: 28 };

/** The least "round" number that is not below `value`: 1, 2 or 5 times a power of ten. */
export function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}

/** One plot as inline SVG, with its bands behind the lines. */
export function renderPlot({ title, unit, stepSeconds, series, bands }: Plot): string {
  const count = Math.max(...series.map(({ values }) => values.length), 1);
  const seconds = count * stepSeconds;
  const highest = Math.max(...series.flatMap(({ values }) => values.map((value) => value ?? 0)), 0);
  const top = roundUp(highest);
  const x = (second: number): number =>
    margin.left + (Math.min(Math.max(second, 0), seconds) / seconds) * (width - margin.left - margin.right);
  const y = (value: number): number =>
    height - margin.bottom - (value / top) * (height - margin.top - margin.bottom);
  const shaded = bands.map(({ name, from, to }) => {
    const left = x(from);
    return (
      `<rect class="band" x="${left.toFixed(1)}" y="${String(margin.top)}" width="${Math.max(x(to) - left, 2).toFixed(1)}" ` +
      `height="${String(height - margin.top - margin.bottom)}"><title>${escape(name)}</title></rect>`
    );
  });
  const grid = [0, 0.5, 1].map((share) => {
    const at = y(top * share).toFixed(1);
    const label = String(Math.round(top * share * 100) / 100);
    return `<line class="grid" x1="${String(margin.left)}" x2="${String(width - margin.right)}" y1="${at}" y2="${at}"/><text class="axis" x="${String(margin.left - 6)}" y="${at}" text-anchor="end" dominant-baseline="middle">${label}</text>`;
  });
  const step = Math.max(roundUp(seconds / 10), 1);
  const ticks = Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => {
    const at = x(index * step).toFixed(1);
    return `<text class="axis" x="${at}" y="${String(height - 10)}" text-anchor="middle">${String(index * step)} s</text>`;
  });
  const lines = series.map(({ name, colour, dash, values }) => {
    const points = pathOf(
      values.map((value, index) => ({ value, x: x((index + 0.5) * stepSeconds) })),
      y,
    );
    return `<path d="${points}" fill="none" stroke="${colour}" stroke-width="2"${dash === undefined ? "" : ` stroke-dasharray="${dash}"`}><title>${escape(name)}</title></path>`;
  });
  const legend = series.map(({ name, colour, dash }) => {
    const line = `<svg width="28" height="8" aria-hidden="true"><path d="M0 4H28" stroke="${colour}" stroke-width="2"${dash === undefined ? "" : ` stroke-dasharray="${dash}"`}/></svg>`;
    return `<span>${line} ${escape(name)}</span>`;
  });
  return (
    `<figure><figcaption>${escape(title)}${unit === "" ? "" : `, ${escape(unit)}`} <span class="legend">${legend.join(" ")}</span></figcaption>` +
    `<svg viewBox="0 0 ${String(width)} ${String(height)}" role="img" aria-label="${escape(title)}">${[...shaded, ...grid, ...ticks, ...lines].join("")}</svg></figure>`
  );
}

function pathOf(
  points: readonly { x: number; value: number | undefined }[],
  y: (value: number) => number,
): string {
  let path = "";
  let pen = "M";
  for (const { x, value } of points) {
    if (value === undefined) {
      pen = "M";
      continue;
    }
    path += `${pen}${x.toFixed(1)} ${y(value).toFixed(1)}`;
    pen = "L";
  }
  return path;
}
