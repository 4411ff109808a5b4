"""What a person does to tasks from a program: clone, queue, reset, archive, publish, export, delete."""
import json

from clearml import Task
from clearml.backend_api.session.client import APIClient

client = APIClient()
first = Task.create("SDK edits", "the first", task_type="inference")
queue = client.queues.create(name="edits queue").id

first.add_tags("one")
first.add_tags(["two", "three"])
first.remove_tags(["two"])
first.set_comment("a comment")
first.set_user_properties(color="red", weight=5)
assert first.delete_user_properties(("properties", "weight"))
first.set_parameters({"General/a": 1, "General/b": "two", "c": 3.5})
first.update_parameters({"General/d": True})
first.set_parameter("General/a", 2)
first.delete_parameter("General/b")
first.set_name("the first, renamed")
first.set_base_docker("python:3.12", docker_arguments="-e A=1", docker_setup_bash_script=["echo hello"])
first.set_packages(["numpy==1.0", "six"])
first.set_repo("https://example.org/repo.git", branch="main", commit="0" * 40)
first.set_script(working_dir=".", entry_point="train.py")
first.reload()
assert first.name == "the first, renamed" and sorted(first.get_tags()) == ["one", "three"], first.get_tags()
assert first.get_parameters() == {"General/a": "2", "General/c": "3.5", "General/d": "True"}, first.get_parameters()
assert first.get_base_docker() == "python:3.12 -e A=1", first.get_base_docker()
assert "numpy==1.0" in first.data.script.requirements["pip"], first.data.script.requirements
assert first.data.script.entry_point == "train.py" and first.data.script.version_num == "0" * 40

clone = Task.clone(first, name="a clone", comment="cloned", parent=first.id, project=None)
assert clone.get_parameters() == first.get_parameters() and clone.parent == first.id and clone.comment == "cloned"
assert Task.enqueue(clone, queue_name="edits queue")
clone.reload()
assert clone.get_status() == "queued" and Task.get_num_enqueued_tasks(queue_name="edits queue") == 1
assert clone.get_executed_queue() == queue and clone.get_executed_queue(return_name=True) == "edits queue"
Task.dequeue(clone)
clone.reload()
assert clone.get_status() == "created", clone.get_status()
Task.enqueue(clone.id, queue_id=queue)
Task.dequeue(clone.id)
try:
    Task.enqueue(clone, queue_name="no such queue")
    raise AssertionError("enqueued into a queue that does not exist")
except Exception as error:
    assert "no such queue" in str(error), error

clone.mark_started(force=True)
clone.get_logger().report_scalar("m", "v", 1, 1)
clone.flush(wait_for_uploads=True)
clone.mark_completed(status_message="well done")
assert clone.get_status() == "completed" and clone.get_status_message()[1] == "well done", clone.get_status_message()
clone.reset(set_started_on_success=False, force=True)
assert clone.get_status() == "created" and Task.get_task(task_id=clone.id).get_last_iteration() == 0
clone.mark_started()
clone.mark_stopped(force=True, status_message="stopped by hand")
assert clone.get_status() == "stopped"
clone.mark_started(force=True)
clone.mark_failed(status_reason="because", status_message="it broke", force=True)
assert clone.get_status() == "failed"

assert not clone.get_archived()
clone.set_archived(True)
assert clone.get_archived() and "archived" in clone.get_system_tags()
assert clone.id not in [task.id for task in Task.get_tasks(project_name="SDK edits", allow_archived=False)]
clone.set_archived(False)
assert not clone.get_archived()

exported = clone.export_task()
assert exported["name"] == "a clone" and exported["hyperparams"]["General"]["a"]["value"] == "2", exported
imported = Task.import_task(exported)
assert imported.id != clone.id and imported.name == "a clone" and imported.get_parameters() == clone.get_parameters()
exported["name"] = "imported over it"
over = Task.import_task(exported, target_task=imported.id, update=True)
assert over.id == imported.id and Task.get_task(imported.id).name == "imported over it"

imported.set_parent(first.id)
imported.move_to_project(new_project_name="SDK edits/below")
imported.reload()
assert imported.get_project_name() == "SDK edits/below" and imported.parent == first.id
assert Task.get_project_id("SDK edits/below") == imported.project
assert {"SDK edits", "SDK edits/below"} <= {project.name for project in Task.get_projects()}
imported.mark_started()
imported.mark_completed()
imported.publish()
assert imported.get_status() == "published"

published = imported.id
assert clone.delete(delete_artifacts_and_models=True)
assert Task.get_task(task_id=published).id == published
try:
    gone = Task.get_task(task_id=clone.id)
    raise AssertionError(f"the deleted task is there: {gone}")
except ValueError:
    pass
print("done", json.dumps({"first": first.id, "clone": clone.id, "published": published, "queue": queue}))
