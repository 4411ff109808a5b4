import { expect } from "chai";
import { Task } from "../../task/index.ts";
import { TaskPrograms } from "../support/task-programs.ts";

describe("reports of tasks", function () {
  this.timeout(60_000);
  let programs: TaskPrograms;
  let task: Task;
  before(async () => {
    programs = await TaskPrograms.start();
  });
  beforeEach(async () => {
    const project = (await programs.server.ask("projects.get_all", { name: "^Reports/here$" })).projects[0]?.id;
    const id = project ?? (await programs.server.ask("projects.create", { name: "Reports/here", description: "" })).id;
    task = (await Task.getTask({ taskId: await programs.server.task({ project: id }) })) as Task;
  });
  after(async () => await programs?.[Symbol.asyncDispose]());

  const plots = async () =>
    (await programs.server.ask("events.get_task_plots", { task: task.id })).plots.map(
      ({ metric, variant, iter, plot_str }: { metric: string; variant: string; iter: number; plot_str: string }) => ({
        metric,
        variant,
        iter,
        figure: JSON.parse(plot_str),
      }),
    );

  it("getLogger and logger give the one logger of the task, whose scalars make curves", async () => {
    expect(task.getLogger()).to.equal(task.logger);
    for (const iteration of [0, 1, 2]) task.logger.reportScalar({ title: "loss", series: "train", iteration, value: 10 - iteration });
    task.logger.reportScalar({ title: "loss", series: "test", iteration: 1, value: 3 });
    await task.logger.flush();
    const curves = await programs.server.ask("events.scalar_metrics_iter_histogram", { task: task.id });
    expect(curves.loss.train).to.deep.include({ x: [0, 1, 2], y: [10, 9, 8] });
    expect(curves.loss.test).to.deep.include({ x: [1], y: [3] });
  });

  it("reports single values, and 0 for what is no number", async () => {
    task.logger.reportSingleValue("accuracy", 0.75);
    task.logger.reportScalar({ title: "odd", series: "nan", iteration: 0, value: Number.NaN });
    await task.flush();
    expect(await task.getReportedSingleValues()).to.deep.equal({ accuracy: 0.75 });
    expect((await task.getReportedScalars())["odd"]?.["nan"]?.y).to.deep.equal([0]);
  });

  it("reports tables, histograms, scatters, matrices and any figure as Plotly's", async () => {
    const at = { title: "plots", iteration: 3 };
    task.logger.reportTable({
      ...at,
      series: "records",
      rows: [
        { a: 1, b: "x" },
        { a: 2, c: [3] },
      ],
    });
    task.logger.reportTable({
      ...at,
      series: "lists",
      rows: [
        ["a", "b"],
        [1, 2],
      ],
    });
    task.logger.reportHistogram({ ...at, series: "bars", values: [1, 2], xlabels: ["p", "q"], xaxis: "what", yaxis: "how many" });
    task.logger.reportVector({ ...at, series: "vector", values: [5] });
    task.logger.reportScatter2d({
      ...at,
      series: "line",
      points: [
        [0, 1],
        [2, 3],
      ],
    });
    task.logger.reportScatter3d({ ...at, series: "space", points: [[0, 1, 2]] });
    task.logger.reportConfusionMatrix({
      ...at,
      series: "matrix",
      matrix: [
        [1, 2],
        [3, 4],
      ],
      xlabels: ["p", "q"],
      ylabels: ["r", "s"],
    });
    task.logger.reportSurface({
      ...at,
      series: "surface",
      matrix: [
        [1, 2],
        [3, 4],
      ],
    });
    task.logger.reportPlotly({ ...at, series: "own", figure: { data: [{ type: "pie", values: [1] }] } });
    await task.flush();
    const byName = new Map<string, { iter: number; figure: { data: Record<string, unknown>[]; layout?: object } }>();
    for (const plot of await plots()) byName.set(plot.variant, plot);
    const trace = (name: string): Record<string, unknown> => byName.get(name)?.figure.data[0] ?? {};
    expect(byName.get("records")?.iter).to.equal(3);
    expect(trace("records")).to.deep.include({
      type: "table",
      cells: {
        values: [
          [1, 2],
          ["x", ""],
          ["", "[3]"],
        ],
      },
    });
    expect(trace("lists")).to.deep.include({ header: { values: [["<b>a</b>"], ["<b>b</b>"]] }, cells: { values: [[1], [2]] } });
    expect(trace("bars")).to.deep.include({ type: "bar", x: ["p", "q"], y: [1, 2] });
    expect(trace("line")).to.deep.include({ type: "scatter", x: [0, 2], y: [1, 3] });
    expect(trace("space")).to.deep.include({ type: "scatter3d", z: [2] });
    expect(trace("matrix")).to.deep.include({
      type: "heatmap",
      z: [
        [1, 2],
        [3, 4],
      ],
    });
    expect(trace("surface")).to.include({ type: "surface" });
    expect(trace("own")).to.deep.equal({ type: "pie", values: [1] });
    expect(trace("vector")).to.deep.include({ y: [5] });
  });

  it("stores images on the file server, and shows them by their address", async () => {
    task.logger.reportImage({ title: "some images", series: "one/two", iteration: 1, bytes: new Uint8Array([1, 2, 3]), kind: "png" });
    task.logger.reportMedia({ title: "some images", series: "page", iteration: 1, bytes: Buffer.from("<p>"), kind: "html" });
    await task.flush();
    const { metrics } = await programs.server.ask("events.debug_images", { metrics: [{ task: task.id }] });
    const events = metrics[0].iterations[0].events as { variant: string; url: string }[];
    expect(events.map(({ variant }) => variant)).to.have.members(["one/two", "page"]);
    const url = events.find(({ variant }) => variant === "one/two")?.url ?? "";
    expect(url).to.contain(`/Reports/here/a%20task.${task.id}/metrics/some%20images/`);
    const response = await fetch(url, { headers: { authorization: `Bearer ${programs.server.token}` } });
    expect(new Uint8Array(await response.arrayBuffer())).to.deep.equal(new Uint8Array([1, 2, 3]));
  });

  it("getReportedConsoleOutput gives the last texts that reportText and others made", async () => {
    task.logger.reportText("first", { printConsole: false });
    task.logger.reportText("second", { printConsole: false, level: "error" });
    await task.flush();
    expect(await task.getReportedConsoleOutput(2)).to.deep.equal(["first", "second"]);
    expect(await task.getReportedConsoleOutput()).to.deep.equal(["second"]);
  });

  it("flush and metricsManager send at once, and tell what waits", async () => {
    task.logger.reportScalar({ title: "a", series: "b", value: 1 });
    expect(task.metricsManager.waiting).to.equal(1);
    expect(await task.flush()).to.equal(true);
    expect(task.metricsManager.waiting).to.equal(0);
  });

  it("getReportedScalars, getLastScalarMetrics and getLastIteration read what was reported", async () => {
    for (const iteration of [0, 5]) task.logger.reportScalar({ title: "loss", series: "train", iteration, value: iteration });
    expect(await task.getLastIteration()).to.equal(5);
    await task.flush();
    expect((await task.getReportedScalars({ maxSamples: 10 }))["loss"]?.["train"]?.y).to.deep.equal([0, 5]);
    expect((await task.getReportedScalars({ xAxis: "timestamp" }))["loss"]?.["train"]?.x[0]).to.be.greaterThan(1e12);
    expect(await task.getLastScalarMetrics()).to.deep.equal({ loss: { train: { last: 5, min: 0, max: 5 } } });
    const another = (await Task.getTask({ taskId: task.id })) as Task;
    expect(await another.getLastIteration()).to.equal(5);
  });

  it("setInitialIteration and getInitialIteration move what is reported from then on", async () => {
    expect(task.getInitialIteration()).to.equal(0);
    task.setInitialIteration(100);
    task.logger.reportScalar({ title: "a", series: "b", iteration: 1, value: 1 });
    await task.flush();
    expect((await task.getReportedScalars())["a"]?.["b"]?.x).to.deep.equal([101]);
    expect(task.getInitialIteration()).to.equal(100);
  });

  it("getOutputLogWebPage is the address of the console in the web app", () => {
    expect(task.getOutputLogWebPage()).to.equal(`${programs.server.apiUrl}/projects/${task.project}/experiments/${task.id}/output/log`);
  });

  it("takes a hundred thousand scalars from a loop and stores them all", async () => {
    for (let iteration = 0; iteration < 100_000; iteration++)
      task.logger.reportScalar({ title: "many", series: "s", iteration, value: iteration % 7 });
    await task.flush();
    const query = { task: task.id, metric: { metric: "many" }, count_total: true, batch_size: 1 };
    expect((await programs.server.ask("events.scalar_metrics_iter_raw", query)).total).to.equal(100_000);
  });
});
