"""A running program that is aborted from outside; its callback is called before it ends."""
import json
import os
import subprocess
import sys
import time

from clearml import Task

if sys.argv[1:]:
    task = Task.init("SDK aborted", "is aborted", reuse_last_task_id=False)
    if sys.argv[1] == "callback":
        task.register_abort_callback(lambda: print("tidied up", flush=True), callback_execution_timeout=20)
    print("task", task.id, flush=True)
    time.sleep(100)
    raise SystemExit(3)


def begin(form):
    child = subprocess.Popen([sys.executable, __file__, form], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in child.stdout:
        if line.startswith("task "):
            return child, Task.get_task(task_id=line.split()[1])
    raise AssertionError("the program did not start")


child, task = begin("callback")
plain, other = begin("plain")
task.wait_for_status(status=["in_progress"], check_interval_sec=0.5)
task.mark_stop_request(status_message="from outside")
other.mark_stopped(status_message="from outside")
output = child.communicate(timeout=90)[0]
plain_output = plain.communicate(timeout=90)[0]
assert "tidied up" in output, output
assert child.returncode != 3 and plain.returncode != 3, (child.returncode, plain.returncode)
task.reload()
other.reload()
assert task.get_status() == "stopped", task.get_status()
assert other.get_status() == "stopped" and "ABORTED" in plain_output, plain_output
try:
    task.wait_for_status(status=["completed"], raise_on_status=["stopped"], check_interval_sec=0.2)
    raise AssertionError("waited for a completed task")
except RuntimeError:
    pass
print("done", json.dumps({"task": task.id, "plain": other.id, "pid": os.getpid()}))
