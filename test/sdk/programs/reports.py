"""Scalars, plots, texts, images, tables and single values, written and read back."""
import io
import json

import matplotlib.pyplot as plt
import numpy
import pandas
from PIL import Image

from clearml import Logger, StorageManager, Task

task = Task.init("SDK reports", "all kinds of reports")
logger = task.get_logger()
for step in range(10):
    logger.report_scalar("loss", "train", value=10.0 - step, iteration=step)
    logger.report_scalar("loss", "test", value=20.0 - step, iteration=step)
logger.report_scalar("a.b/c $x", "dotted.series", value=0.5, iteration=3)
logger.report_single_value("accuracy", 0.75)
logger.report_single_value("count", 12)
logger.report_text("a reported text", print_console=False)
logger.report_plotly("plotly", "lines", iteration=1, figure={"data": [{"x": [1, 2], "y": [3, 4], "type": "scatter"}], "layout": {"title": "t"}})
logger.report_histogram("histogram", "h", values=[1, 2, 3], iteration=1, xlabels=["a", "b", "c"])
logger.report_confusion_matrix("matrix", "m", matrix=numpy.eye(3), iteration=1)
logger.report_scatter2d("scatter", "s", scatter=[[0, 1], [1, 2]], iteration=2)
logger.report_vector("vector", "v", values=[1, 2, 3], iteration=2)
logger.report_surface("surface", "s", matrix=numpy.ones((3, 3)), iteration=2)
logger.report_table("table", "frame", iteration=1, table_plot=pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
for step in range(3):
    logger.report_image("image", "noise", iteration=step, image=(numpy.ones((8, 8, 3)) * 40 * step).astype(numpy.uint8))
Image.new("RGB", (4, 4), (255, 0, 0)).save("red.png")
logger.report_image("image", "file", iteration=0, local_path="red.png")
logger.report_media("media", "text", iteration=0, stream=io.StringIO("media text"), file_extension="txt")
plt.plot([1, 2, 3], [2, 1, 3])
plt.title("figure")
plt.show()
task.flush(wait_for_uploads=True)
task.close()

other = Task.get_task(task_id=task.id)
scalars = other.get_reported_scalars()
assert scalars["loss"]["train"]["y"] == [10.0 - step for step in range(10)], scalars["loss"]
assert scalars["loss"]["test"]["x"] == list(range(10)), scalars["loss"]
assert "a.b/c $x" in scalars and "dotted.series" in scalars["a.b/c $x"], list(scalars)
assert len(other.get_reported_scalars(max_samples=5, x_axis="timestamp")["loss"]["train"]["x"]) <= 6
assert other.get_reported_scalars(x_axis="iso_time")["loss"]["train"]["x"][0].startswith("20")
every = other.get_all_reported_scalars()
assert every["loss"]["train"]["y"][:3] == [10, 9, 8], every["loss"]
last = other.get_last_scalar_metrics()
assert last["loss"]["train"] == {"last": 1.0, "min": 1.0, "max": 10.0}, last["loss"]
assert last["a.b/c $x"]["dotted.series"]["last"] == 0.5, last
assert other.get_reported_single_values() == {"accuracy": 0.75, "count": 12.0}, other.get_reported_single_values()
assert other.get_reported_single_value("accuracy") == 0.75
plots = {(plot["metric"], plot["variant"]): json.loads(plot["plot_str"]) for plot in other.get_reported_plots()}
for key in [("plotly", "lines"), ("histogram", "h"), ("matrix", "m"), ("scatter", "s"), ("vector", "v"), ("surface", "s"), ("table", "frame")]:
    assert key in plots, list(plots)
assert plots[("plotly", "lines")]["data"][0]["y"] == [3, 4], plots[("plotly", "lines")]
assert any(metric.startswith("figure") for metric, _ in plots), list(plots)
samples = other.get_debug_samples("image", "noise")
assert [sample["iter"] for sample in samples] == [2, 1, 0], [sample["iter"] for sample in samples]
assert len(other.get_debug_samples("image", "file")) == 1 and len(other.get_debug_samples("image", "noise", n_last_iterations=2)) == 2
assert other.get_debug_samples("image", "no such") == []
local = StorageManager.get_local_copy(samples[0]["url"])
assert Image.open(local).size == (8, 8)
assert "a reported text" in "".join(other.get_reported_console_output(10))
assert other.get_last_iteration() == 9, other.get_last_iteration()
assert Logger.current_logger() is None
print("done", json.dumps({"task": task.id, "samples": [sample["iter"] for sample in samples]}))
