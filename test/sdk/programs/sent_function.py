"""Sends a function to a queue; the same program, run by an agent, gets as far as the function and ends with it. Begun by sent.py."""
from clearml import Task

Task.force_requirements_env_freeze(force=False, requirements_file="requirements.txt")
task = Task.init("SDK sent", "makes the function", reuse_last_task_id=False)


def work(size, name="a name"):
    print("sent: work on", size, name)
    Task.current_task().upload_artifact("result", {"size": size * 2}, wait_on_upload=True)
    return size


made = task.create_function_task(work, func_name="work", task_name="the function", size=3, name="other")
Task.enqueue(made, queue_name="agent queue")
task.close()
