"""Programs that send themselves or a function to a queue; an agent runs both, and what they did is read back."""
import json
import subprocess
import sys
from pathlib import Path

from clearml import Task

Path("requirements.txt").write_text("clearml==2.1.12\n")
folder = Path(__file__).parent
runs = [subprocess.Popen([sys.executable, folder / name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for name in ("sent_itself.py", "sent_function.py")]
outputs = [run.communicate(timeout=100)[0] for run in runs]
assert [run.returncode for run in runs] == [0, 0], outputs
assert "sent: " not in "".join(outputs), outputs


def ended(name):
    task = Task.get_task(project_name="SDK sent", task_name=name)
    try:
        task.wait_for_status(check_interval_sec=0.5)
    except RuntimeError:
        pass
    task.reload()
    said = "".join(task.get_reported_console_output(50))
    assert task.get_status() == "completed", said
    return task, said


itself, said = ended("sends itself")
assert "sent: alpha is 5" in said and itself.get_reported_single_values() == {"twice": 10.0}, said
function, said = ended("the function")
assert "sent: work on 3 other" in said and function.artifacts["result"].get() == {"size": 6}, said
print("done", json.dumps({"itself": itself.id, "function": function.id}))
