"""Tasks found by name, project, tags, status, type, order and filters."""
import json

from clearml import Task

PROJECT = "SDK finding"
made = {}
for name, tags, project in [
    ("alpha one", ["a", "b"], PROJECT),
    ("alpha two", ["b", "c"], PROJECT),
    ("beta [1]", ["a", "b", "c"], PROJECT),
    ("gamma", [], PROJECT + "/sub"),
]:
    task = Task.create(project, name, task_type="training" if name != "gamma" else "data_processing")
    task.set_tags(tags)
    task.set_parameters({"General/order": len(made)})
    made[name] = task.id
task = Task.get_task(made["alpha two"])
task.mark_started()
task.mark_completed()
names = {identifier: name for name, identifier in made.items()}


def found(**query):
    query.setdefault("project_name", PROJECT)
    return [names[task.id] for task in Task.get_tasks(**query) if task.id in names]


def asked(**query):
    query.setdefault("project_name", PROJECT)
    return sorted(names[identifier] for identifier in Task.query_tasks(**query) if identifier in names)


assert sorted(found()) == ["alpha one", "alpha two", "beta [1]"], found()
assert sorted(found(project_name=[PROJECT, PROJECT + "/sub"])) == sorted(names.values())
assert sorted(found(task_name="alpha")) == ["alpha one", "alpha two"]
assert sorted(found(task_name="^alpha one$")) == ["alpha one"]
assert Task.get_task(project_name=PROJECT, task_name="beta [1]").id == made["beta [1]"]
assert sorted(found(tags=["a"])) == ["alpha one", "beta [1]"]
assert sorted(found(tags=["a", "-c"])) == ["alpha one"], found(tags=["a", "-c"])
assert sorted(found(tags=["__$all", "a", "c"])) == ["beta [1]"]
assert sorted(found(tags=["__$or", "a", "c"])) == ["alpha one", "alpha two", "beta [1]"]
assert sorted(found(tags=["__$and", "b", "__$not", "c"])) == ["alpha one"]
assert asked(tags=["c"]) == ["alpha two", "beta [1]"]
assert found(task_filter={"status": ["completed"]}) == ["alpha two"]
assert asked(task_filter={"status": ["created"]}) == ["alpha one", "beta [1]"]
assert found(task_filter={"order_by": ["name"], "status": ["created"]}) == ["alpha one", "beta [1]"]
assert found(task_filter={"order_by": ["-name"]}) == ["beta [1]", "alpha two", "alpha one"]
assert asked(project_name=None, task_filter={"type": ["data_processing"]}) == ["gamma"]
assert asked(task_filter={"_any_": {"fields": ["name", "id"], "pattern": "ALPHA"}}) == ["alpha one", "alpha two"]
assert asked(project_name=PROJECT + "/sub") == ["gamma"]
assert asked(project_name=None, task_name="gamm") == ["gamma"]
rows = Task.query_tasks(project_name=PROJECT, task_name="alpha", additional_return_fields=["name", "status", "hyperparams.General.order.value"])
assert {row["name"]: str(row["status"]) for row in rows} == {"alpha one": "created", "alpha two": "completed"}, rows
assert Task.query_tasks(project_name=PROJECT, task_filter={"_all_": {"fields": ["name"], "pattern": "^beta"}}) == [made["beta [1]"]]
assert {task.id for task in Task.get_tasks(task_ids=[made["gamma"], made["alpha one"]])} == {made["gamma"], made["alpha one"]}
assert Task.get_tasks(project_name=PROJECT, task_name="no such task") == []
assert Task.get_tasks(project_name="no such project") == []
Task.get_task(made["alpha one"]).set_archived(True)
assert sorted(found(allow_archived=False)) == ["alpha two", "beta [1]"], found()
assert sorted(found()) == ["alpha one", "alpha two", "beta [1]"]
print("done", json.dumps(made))
