"""A model that is uploaded and described, one in parts, and the first one taken as an input."""
from pathlib import Path

from clearml import InputModel, OutputModel, Task

task = Task.init("SDK examples", "models", output_uri=True)
Path("weights.bin").write_bytes(b"weights" * 50)
Path("parts").mkdir(exist_ok=True)
Path("parts/a.bin").write_bytes(b"a")
Path("parts/b.bin").write_bytes(b"b")
output = OutputModel(task=task, name="net", framework="PyTorch", config_dict={"layers": 3}, label_enumeration={"cat": 1}, comment="made by the example")
output.update_weights("weights.bin", iteration=5, auto_delete_file=False)
output.set_metadata("accuracy", "0.9", "float")
OutputModel(task=task, name="in parts", framework="Custom").update_weights_package(weights_path="parts", auto_delete_file=False)
task.flush(wait_for_uploads=True)
given = InputModel(model_id=output.id)
task.connect(given, name="its own")
print("models: fetched", Path(given.get_local_copy()).stat().st_size, "bytes, layers", given.config_dict["layers"])
