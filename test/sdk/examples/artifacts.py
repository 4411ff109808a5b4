"""Artifacts of many types, and one that replaces its former content."""
from pathlib import Path

import numpy
from clearml import Task
from PIL import Image

task = Task.init("SDK examples", "artifacts")
Path("notes.txt").write_text("some notes")
Path("folder").mkdir(exist_ok=True)
Path("folder/one.txt").write_text("one")
Path("folder/two.txt").write_text("two")
task.upload_artifact("numbers", numpy.arange(12).reshape(3, 4))
task.upload_artifact("dictionary", {"a": 1, "b": [1, 2]}, metadata={"kind": "a dictionary"})
task.upload_artifact("file", "notes.txt")
task.upload_artifact("folder", "folder")
task.upload_artifact("text", "a text of its own")
task.upload_artifact("picture", Image.new("RGB", (6, 6), (255, 0, 0)))
task.upload_artifact("object", {1, 2, 3}, wait_on_upload=True)
task.upload_artifact("replaced", {"round": 1}, wait_on_upload=True)
task.upload_artifact("replaced", {"round": 2}, wait_on_upload=True)
task.flush(wait_for_uploads=True)
print("artifacts: the folder has", sorted(path.name for path in Path(task.artifacts["folder"].get()).iterdir()))
print("artifacts: round", task.artifacts["replaced"].get()["round"])
