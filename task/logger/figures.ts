/** A figure of Plotly: what the web app draws. */
export interface Figure {
  readonly data: readonly object[];
  readonly layout?: object;
}

export interface Axes {
  readonly xaxis?: string;
  readonly yaxis?: string;
  readonly zaxis?: string;
  /** Put over the layout that is made. */
  readonly layout?: object;
}

/** A row is a record or a list of cells. */
export type TableRow = Readonly<Record<string, unknown>> | readonly unknown[];

const axesOf = ({ xaxis, yaxis }: Axes): object => ({
  ...(xaxis === undefined ? {} : { xaxis: { title: { text: xaxis } } }),
  ...(yaxis === undefined ? {} : { yaxis: { title: { text: yaxis } } }),
});

export function histogramFigure(
  title: string,
  series: string,
  values: readonly number[] | readonly (readonly number[])[],
  options: Axes & {
    readonly labels?: readonly string[];
    readonly xlabels?: readonly (string | number)[];
    readonly mode?: "group" | "stack" | "relative";
  },
): Figure {
  const rows = (Array.isArray(values[0]) ? values : [values]) as readonly (readonly number[])[];
  const data = rows.map((y, at) => ({
    type: "bar",
    name: options.labels?.[at] ?? (rows.length === 1 ? series : `${series} ${at}`),
    y,
    ...(options.xlabels === undefined ? {} : { x: options.xlabels }),
  }));
  return { data, layout: { title, barmode: options.mode ?? "group", ...axesOf(options), ...options.layout } };
}

export function scatter2dFigure(
  title: string,
  series: string,
  points: readonly (readonly [number, number])[],
  options: Axes & { readonly mode?: "lines" | "markers" | "lines+markers"; readonly labels?: readonly string[] },
): Figure {
  const [x, y] = [points.map((point) => point[0]), points.map((point) => point[1])];
  const trace = { type: "scatter", name: series, mode: options.mode ?? "lines", x, y, ...(options.labels && { text: options.labels }) };
  return { data: [trace], layout: { title, ...axesOf(options), ...options.layout } };
}

export function scatter3dFigure(
  title: string,
  series: string,
  points: readonly (readonly [number, number, number])[],
  options: Axes & { readonly mode?: "lines" | "markers" | "lines+markers" },
): Figure {
  const at = (index: 0 | 1 | 2): number[] => points.map((point) => point[index]);
  const trace = { type: "scatter3d", name: series, mode: options.mode ?? "markers", x: at(0), y: at(1), z: at(2) };
  const { xaxis, yaxis, zaxis } = options;
  const scene = {
    xaxis: { title: { text: xaxis ?? "" } },
    yaxis: { title: { text: yaxis ?? "" } },
    zaxis: { title: { text: zaxis ?? "" } },
  };
  return { data: [trace], layout: { title, scene, ...options.layout } };
}

/** A matrix as colours: confusion matrices, values over two axes. */
export function matrixFigure(
  title: string,
  series: string,
  matrix: readonly (readonly number[])[],
  options: Axes & { readonly xlabels?: readonly string[]; readonly ylabels?: readonly string[] },
): Figure {
  const trace = {
    type: "heatmap",
    name: series,
    z: matrix,
    ...(options.xlabels && { x: options.xlabels }),
    ...(options.ylabels && { y: options.ylabels }),
  };
  return { data: [trace], layout: { title, ...axesOf(options), ...options.layout } };
}

export function surfaceFigure(title: string, series: string, matrix: readonly (readonly number[])[], options: Axes): Figure {
  const { xaxis, yaxis, zaxis } = options;
  const scene = {
    xaxis: { title: { text: xaxis ?? "" } },
    yaxis: { title: { text: yaxis ?? "" } },
    zaxis: { title: { text: zaxis ?? "" } },
  };
  return { data: [{ type: "surface", name: series, z: matrix }], layout: { title, scene, ...options.layout } };
}

/** Columns in the order in which the rows first name them; lists of cells have their first row for a head. */
export function tableFigure(title: string, rows: readonly TableRow[], layout: object = {}): Figure {
  const [head, cells] = columnsOf(rows);
  const trace = { type: "table", header: { values: head.map((name) => [`<b>${name}</b>`]) }, cells: { values: cells } };
  return { data: [trace], layout: { title, ...layout } };
}

function columnsOf(rows: readonly TableRow[]): [head: string[], columns: unknown[][]] {
  const [first] = rows;
  if (Array.isArray(first)) {
    const lists = rows.slice(1) as readonly (readonly unknown[])[];
    return [first.map(String), first.map((_name, at) => lists.map((row) => cell(row[at])))];
  }
  const records = rows as readonly Readonly<Record<string, unknown>>[];
  const head = [...new Set(records.flatMap(Object.keys))];
  return [head, head.map((name) => records.map((row) => cell(row[name])))];
}

const cell = (value: unknown): unknown => (typeof value === "object" && value !== null ? JSON.stringify(value) : (value ?? ""));
