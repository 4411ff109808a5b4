"""One plot of each kind that needs no plotting library."""
import numpy
from clearml import Task

task = Task.init("SDK examples", "plots")
logger = task.get_logger()
wave = numpy.sin(numpy.linspace(0, 6, 30))
logger.report_histogram("bars", "of a list", values=[3, 1, 2], xlabels=["low", "middle", "high"], iteration=0)
logger.report_line_plot("lines", [{"name": "wave", "data": list(zip(range(30), wave))}], xaxis="time", yaxis="height", iteration=0)
logger.report_scatter2d("points", "flat", scatter=numpy.column_stack([wave, wave[::-1]]), iteration=0, mode="markers")
logger.report_scatter3d("points", "in space", scatter=numpy.column_stack([wave, wave, wave]), iteration=0)
logger.report_confusion_matrix("confusion", "of three", matrix=numpy.diag([5, 6, 7]), xlabels=list("abc"), ylabels=list("abc"), iteration=0)
logger.report_surface("surface", "hill", matrix=numpy.outer(wave[:8], wave[:8]), iteration=0)
logger.report_table("table", "of rows", table_plot=[["name", "size"], ["one", 1], ["two", 2]], iteration=0)
logger.report_plotly("figure", "by hand", iteration=0, figure={"data": [{"type": "bar", "y": [1, 3]}], "layout": {}})
print("plots: reported")
