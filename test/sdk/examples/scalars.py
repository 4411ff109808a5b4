"""Curves of two series, a curve that begins late, and single values."""
from clearml import Logger, Task

task = Task.init("SDK examples", "scalars")
logger = Logger.current_logger()
for step in range(20):
    logger.report_scalar("loss", "train", value=1 / (step + 1), iteration=step)
    logger.report_scalar("loss", "validation", value=2 / (step + 1), iteration=step)
for step in range(10, 20):
    logger.report_scalar("late", "series", value=step * step, iteration=step)
logger.report_single_value("best loss", 0.05)
print("scalars: reported")
