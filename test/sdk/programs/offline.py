"""A session without a server, imported afterwards."""
import json
import os
import subprocess
import sys
from pathlib import Path

if sys.argv[1:] == ["offline"]:
    from clearml import Task

    Task.set_offline(offline_mode=True)
    task = Task.init("SDK offline", "made offline", tags=["away"])
    task.connect({"alpha": 3}, name="Given")
    task.get_logger().report_scalar("loss", "train", 2.5, iteration=4)
    task.get_logger().report_single_value("end", 8)
    task.upload_artifact("notes", {"n": 1}, wait_on_upload=True)
    print("a line said offline")
    task.close()
    print("session", task.get_offline_mode_folder())
    sys.exit(0)

ended = subprocess.run([sys.executable, __file__, "offline"], capture_output=True, text=True)
assert ended.returncode == 0, ended.stdout + ended.stderr
folder = next(line.split(" ", 1)[1] for line in ended.stdout.splitlines() if line.startswith("session "))
archive = next(iter(Path(folder).parent.glob("*.zip")))

from clearml import Task

imported = Task.import_offline_session(str(archive))
task = Task.get_task(task_id=imported)
assert task.name == "made offline" and task.get_tags() == ["away"], (task.name, task.get_tags())
assert task.get_status() == "completed", task.get_status()
assert task.get_parameters()["Given/alpha"] == "3"
assert task.get_reported_scalars()["loss"]["train"]["y"] == [2.5]
assert task.get_reported_single_values() == {"end": 8.0}
assert task.artifacts["notes"].get() == {"n": 1}
assert "a line said offline" in "".join(task.get_reported_console_output(5))
print("done", json.dumps({"task": imported, "pid": os.getpid()}))
