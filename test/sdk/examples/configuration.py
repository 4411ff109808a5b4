"""A configuration from a dictionary and one from a file, labels, properties, tags and a comment."""
from pathlib import Path

from clearml import Task

task = Task.init("SDK examples", "configuration", tags=["example"])
net = task.connect_configuration({"model": {"width": 7, "names": ["x", "y"]}}, name="net", description="of the net")
Path("settings.yaml").write_text("size: 12\n")
settings = task.connect_configuration("settings.yaml", name="settings")
task.connect_label_enumeration({"background": 0, "cat": 1})
task.set_user_properties(team="blue", weight={"value": 3, "type": "int", "description": "of the team"})
task.add_tags(["said by the program"])
task.set_comment("what the program says of itself")
print("configuration: width", net["model"]["width"])
print("configuration: file", Path(settings).read_text().strip())
