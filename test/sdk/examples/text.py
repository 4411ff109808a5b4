"""Lines of every origin: print, standard error, logging, report_text, and a line that overwrites itself."""
import logging
import sys

from clearml import Task

task = Task.init("SDK examples", "text")
print("text: by print")
print("text: by stderr", file=sys.stderr)
logging.basicConfig(level=logging.INFO)
logging.getLogger("example").warning("text: by logging")
task.get_logger().report_text("text: by report_text")
for percent in range(0, 101, 10):
    sys.stdout.write(f"\rtext: progress {percent}")
print("\ntext: ünïcödé ✓")
