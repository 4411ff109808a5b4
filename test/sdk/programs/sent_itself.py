"""Sends itself to a queue, and goes on when an agent runs it. Begun by sent.py."""
from clearml import Task

Task.force_requirements_env_freeze(force=False, requirements_file="requirements.txt")
task = Task.init("SDK sent", "sends itself", reuse_last_task_id=False)
given = task.connect({"alpha": 1}, name="Given")
if Task.running_locally():
    task.set_parameter("Given/alpha", 5)
task.execute_remotely(queue_name="agent queue", clone=False, exit_process=True)
print("sent: alpha is", given["alpha"])
task.get_logger().report_single_value("twice", 2 * given["alpha"])
