"""What a program reads back of itself and of others while it runs."""
from clearml import Task

task = Task.init("SDK examples", "monitoring")
task.get_logger().report_scalar("score", "total", value=3, iteration=1)
task.set_progress(50)
task.flush(wait_for_uploads=True)
itself = Task.get_task(task_id=task.id)
print("monitoring: status", itself.get_status(), "progress", itself.get_progress())
print("monitoring: score", itself.get_last_scalar_metrics()["score"]["total"]["last"])
clone = Task.clone(task, name="a clone of a running task")
print("monitoring: clone", clone.get_status(), "of the same program", clone.data.script.diff == task.data.script.diff)
clone.delete()
