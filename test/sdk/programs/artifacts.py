"""Artifacts of every type, up and down; deleted one by one and with the task."""
import json
from pathlib import Path

import numpy
import pandas
from PIL import Image

from clearml import Task

task = Task.init("SDK artifacts", "all kinds of artifacts")
Path("folder/below").mkdir(parents=True)
Path("folder/one.txt").write_text("one")
Path("folder/below/two.txt").write_text("two")
Path("plain file.txt").write_text("plain text")


class Thing:
    def __init__(self):
        self.size = 5


frame = pandas.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
uploads = {
    "dict": {"x": 1, "list": [1, 2]},
    "numpy": numpy.arange(6).reshape(2, 3),
    "pandas": frame,
    "file": "plain file.txt",
    "folder": "folder",
    "object": {1, 2, 3},
    "text": "only a text",
    "image": Image.new("RGB", (5, 7), (0, 255, 0)),
    "path": Path("plain file.txt"),
}
for name, value in uploads.items():
    assert task.upload_artifact(name, value, metadata={"kind": name}, wait_on_upload=True), name
task.upload_artifact("made by function", Thing(), serialization_function=lambda thing: str(thing.size).encode(), wait_on_upload=True)
task.upload_artifact("wild *", "folder/*.txt", wait_on_upload=True)
keeper = Task.create("SDK artifacts", "keeps artifacts")
keeper.mark_started()
keeper.upload_artifact("kept", {"here": 1}, wait_on_upload=True)
keeper.upload_artifact("to be deleted", {"gone": 1}, wait_on_upload=True)
keeper.flush(wait_for_uploads=True)
deleted = Task.get_task(task_id=keeper.id).artifacts["to be deleted"].url
assert Task.get_task(task_id=keeper.id).delete_artifacts(["to be deleted"], delete_from_storage=True)
assert list(Task.get_task(task_id=keeper.id).artifacts) == ["kept"], Task.get_task(task_id=keeper.id).artifacts
task.register_artifact("watched", frame, metadata={"rows": 3})
assert task.get_registered_artifacts()["watched"] is not None
task.flush(wait_for_uploads=True)
task.close()

other = Task.get_task(task_id=task.id)
found = other.artifacts
assert set(found) >= set(uploads) | {"made by function", "wild *", "watched"}, list(found)
assert found["dict"].get() == {"x": 1, "list": [1, 2]}
assert (found["numpy"].get() == numpy.arange(6).reshape(2, 3)).all()
assert found["pandas"].get().reset_index(drop=True)["b"].tolist() == ["x", "y", "z"]
assert Path(found["file"].get_local_copy()).read_text() == "plain text"
assert Path(found["path"].get()).read_text() == "plain text"
folder = Path(found["folder"].get_local_copy())
assert (folder / "below/two.txt").read_text() == "two" and (folder / "one.txt").read_text() == "one"
assert found["object"].get() == {1, 2, 3}
assert found["text"].get() == "only a text"
assert found["image"].get().size == (5, 7)
assert found["made by function"].get(deserialization_function=lambda data: int(data)) == 5
assert found["dict"].metadata == {"kind": "dict"}, found["dict"].metadata
assert found["file"].size == 10 and found["file"].hash and found["file"].type == "custom" and found["file"].mode
assert found["file"].timestamp and found["file"].preview
left = {artifact.key: artifact.uri for artifact in other.data.execution.artifacts}
victim = Task.clone(other, name="a clone without artifacts")
assert not victim.artifacts, victim.artifacts
print("done", json.dumps({"task": task.id, "file": found["file"].url, "deleted": deleted, "left": left}))
