"""A task from Task.init to close with everything connected, read back as another client would."""
import json
import sys
from argparse import ArgumentParser
from pathlib import Path

from clearml import Task

sys.argv += ["--rate", "0.25"]
task = Task.init("SDK connects", "everything connected", task_type=Task.TaskTypes.testing, tags=["first", "second"], output_uri=False)

parser = ArgumentParser()
parser.add_argument("--rate", type=float, default=0.1, help="the learning rate")
parser.add_argument("--layers", type=int, nargs="+", default=[3, 4])
parser.add_argument("--fast", action="store_true")
arguments = parser.parse_args()
assert arguments.rate == 0.25, arguments


class Settings:
    depth = 4
    kind = "tree"


given = task.connect({"alpha": 1, "nested": {"beta": "two", "none": None}, "a.b c/d": True}, name="Given")
assert given["alpha"] == 1
task.connect(Settings, name="Settings")
configuration = task.connect_configuration({"model": {"width": 7, "names": ["x", "y"]}}, name="net", description="the net")
assert configuration["model"]["width"] == 7
Path("conf.yaml").write_text("size: 12\nlist: [1, 2]\n")
path = task.connect_configuration("conf.yaml", name="file")
assert Path(path).read_text().startswith("size: 12")
task.connect_label_enumeration({"background": 0, "cat": 1})
task.set_parameter("General/added", 5, description="by hand")
task.set_user_properties(team="blue", size={"value": 3, "type": "int", "description": "a number"})
task.set_comment("what it is for")
task.add_tags(["third", "first"])
task.set_progress(40)
print("a line of the console")
task.flush(wait_for_uploads=True)
task.close()

other = Task.get_task(task_id=task.id)
assert other.get_status() == "completed", other.get_status()
assert other.name == "everything connected" and other.get_project_name() == "SDK connects"
parameters = other.get_parameters()
assert parameters["Args/rate"] == "0.25" and parameters["Args/layers"] == "[3, 4]" and parameters["Args/fast"] == "False", parameters
assert parameters["Given/nested/beta"] == "two" and parameters["Given/a.b c/d"] == "True", parameters
assert parameters["Settings/depth"] == "4" and parameters["General/added"] == "5", parameters
assert other.get_parameters(cast=True)["Args/rate"] == 0.25, other.get_parameters(cast=True)
nested = other.get_parameters_as_dict()
assert nested["Given"]["nested"]["beta"] == "two", nested
assert other.get_configuration_object_as_dict("net") == {"model": {"width": 7, "names": ["x", "y"]}}
assert "size: 12" in other.get_configuration_object("file")
assert set(other.get_configuration_objects()) >= {"net", "file"}, other.get_configuration_objects()
assert other.get_labels_enumeration() == {"background": 0, "cat": 1}
properties = other.get_user_properties()
assert properties["team"]["value"] == "blue" and properties["size"]["type"] == "int", properties
assert sorted(other.get_tags()) == ["first", "second", "third"], other.get_tags()
assert other.comment == "what it is for" and other.get_progress() in (40, 100), (other.comment, other.get_progress())
assert str(other.task_type) == "testing" and other.get_system_tags() == ["development"], other.get_system_tags()
assert any("a line of the console" in part for part in other.get_reported_console_output(5))
script = other.get_script()
assert script["entry_point"] .startswith("task_connects") and "everything connected" in other.data.script.diff, script
assert other.get_initial_iteration() == 0 and other.get_last_iteration() == 0
assert other.data.started and other.data.completed
assert other.data.active_duration is not None and other.data.active_duration >= 0, other.data.active_duration
assert other.get_output_log_web_page().startswith("http")
print("done", json.dumps({"task": task.id}))
