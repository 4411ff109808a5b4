"""Models out, in, asked for, described, archived and published."""
import json
from pathlib import Path

from clearml import InputModel, Model, OutputModel, Task

task = Task.init("SDK models", "models out and in", output_uri=True)
Path("weights.bin").write_bytes(b"weights" * 100)
Path("parts").mkdir()
for name in ("a.bin", "b.bin"):
    Path("parts", name).write_bytes(name.encode())

output = OutputModel(task=task, name="the net", framework="PyTorch", tags=["net"], comment="made here", config_dict={"layers": 3}, label_enumeration={"cat": 1})
output.update_weights("weights.bin", iteration=5, auto_delete_file=False)
output.set_metadata("accuracy", "0.91", "float")
output.report_scalar("score", "final", value=0.5, iteration=5)
output.report_single_value("best", 0.7)
several = OutputModel(task=task, name="in parts", framework="Custom")
several.update_weights_package(weights_path="parts", auto_delete_file=False)
task.update_output_model("weights.bin", name="by update", model_name="by update", auto_delete_file=False)
task.flush(wait_for_uploads=True)
assert output.url and "weights.bin" in output.url, output.url
task.close()

assert output.id in [model.id for model in Task.get_task(task_id=task.id).models["output"]]
model = Model(model_id=output.id)
assert model.name == "the net", model.name
assert model.framework == "PyTorch" and model.tags == ["net"] and model.labels == {"cat": 1}, (model.framework, model.tags, model.labels)
assert model.config_dict == {"layers": 3}, model.config_dict
assert Path(model.get_local_copy()).read_bytes() == b"weights" * 100
assert model.get_metadata("accuracy") == "0.91" and model.get_metadata_casted("accuracy") == 0.91, model.get_all_metadata()
assert model.get_all_metadata()["accuracy"]["type"] == "float", model.get_all_metadata()
assert model.original_task == task.id and model.published is False
parts = Path(Model(several.id).get_local_copy(extract_archive=True))
assert sorted(part.name for part in parts.iterdir()) == ["a.bin", "b.bin"], list(parts.iterdir())

user = Task.create("SDK models", "uses models")
source = InputModel(model_id=output.id)
user.set_input_model(model_id=source.id)
imported = InputModel.import_model("https://models.example.org/net.onnx", name="imported", framework="ONNX", config_dict={"a": 1}, label_enumeration={"dog": 2})
again = InputModel.import_model("https://models.example.org/net.onnx")
assert again.id == imported.id, (again.id, imported.id)
user.set_input_model(model_id=imported.id, name="second")
user.reload()
assert {entry.id for entry in user.models["input"]} == {output.id, imported.id}, user.models["input"]
user.remove_input_models([imported.id])
user.reload()
assert {entry.id for entry in user.models["input"]} == {output.id}

output.tags = ["net", "extra"]
output.comment = "said later"
output.name = "renamed net"
def ids(**query):
    return {found.id for found in Model.query_models(project_name="SDK models", **query)}


assert ids(tags=["extra"]) == {output.id}, ids(tags=["extra"])
assert ids(model_name="renamed net") == {output.id}
assert several.id in ids(tags=["-extra"]) and output.id not in ids(tags=["-extra"])
assert ids(metadata={"accuracy": "0.91"}) == {output.id}, ids(metadata={"accuracy": "0.91"})
assert ids(only_published=True) == set()
output.publish()
assert ids(only_published=True) == {output.id}
assert Model(output.id).published
several.archive()
assert several.id not in ids() and several.id in ids(include_archived=True)
several.unarchive()
assert several.id in ids()
assert Model(output.id).set_metadata("more", 5, "int") and Model(output.id).get_metadata_casted("more") == 5
assert Model.remove(several.id, delete_weights_file=True)
assert several.id not in ids(include_archived=True)
print("done", json.dumps({"task": task.id, "model": output.id, "user": user.id, "url": Model(output.id).url, "removed": several.id}))
