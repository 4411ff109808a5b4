"""A program that sends itself to a queue, one that sends a function, and tasks made from a repository and a script."""
import json
import subprocess
import sys
from pathlib import Path

from clearml import Task

if sys.argv[1:2] == ["itself"]:
    task = Task.init("SDK remote", "executes remotely")
    task.connect({"alpha": 1}, name="Given")
    task.execute_remotely(queue_name="remote queue", clone=False, exit_process=True)
    raise SystemExit("it went on")

if sys.argv[1:2] == ["cloned"]:
    task = Task.init("SDK remote", "a clone of it executes remotely")
    task.execute_remotely(queue_name="remote queue", clone=True, exit_process=False)
    task.close()
    print("went on", task.id)
    raise SystemExit(0)

if sys.argv[1:2] == ["function"]:
    task = Task.init("SDK remote", "makes a function task")

    def work(size, name="a name"):
        print(size, name)
        return size

    made = task.create_function_task(work, func_name="work", task_name="the function", size=3, name="other")
    print("made", made.id)
    Task.enqueue(made, queue_name="remote queue")
    task.close()
    raise SystemExit(0)

from clearml.backend_api.session.client import APIClient

client = APIClient()
queue = client.queues.create(name="remote queue").id
runs = {form: subprocess.Popen([sys.executable, __file__, form], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for form in ("itself", "cloned", "function")}

Path("script.py").write_text('from argparse import ArgumentParser\nparser = ArgumentParser()\nparser.add_argument("--size", type=int, default=3)\nprint(parser.parse_args().size)\n')
script = Task.create("SDK remote", "from a script", script="script.py", packages=["six"], argparse_args=[("size", "5")], add_task_init_call=False)
assert script.data.script.diff.startswith("from argparse") and script.get_parameters()["Args/size"] == "5", script.get_parameters()
assert "six" in script.data.script.requirements["pip"], script.data.script.requirements
for command in (["init", "-q", "-b", "main", "repository"], ["-C", "repository", "config", "user.email", "t@example.org"], ["-C", "repository", "config", "user.name", "T"]):
    subprocess.run(["git", *command], check=True)
Path("repository/train.py").write_text("print('trains')\n")
subprocess.run(["git", "-C", "repository", "add", "-A"], check=True)
subprocess.run(["git", "-C", "repository", "commit", "-qm", "first"], check=True)
repository = Task.create(
    "SDK remote", "from a repository", repo=str(Path("repository").absolute()), branch="main", script="train.py", working_directory=".",
    docker="python:3.12", docker_args="-e A=1", docker_bash_setup_script="echo one\necho two", requirements_file=False, add_task_init_call=True,
)
assert repository.data.script.version_num and repository.data.script.branch == "main" and repository.data.script.entry_point == "train.py", repository.data.script
assert repository.get_base_docker().startswith("python:3.12"), repository.get_base_docker()
assert repository.data.container["setup_shell_script"], repository.data.container

outputs = {form: run.communicate(timeout=100)[0] for form, run in runs.items()}
assert all(run.returncode == 0 for run in runs.values()), outputs
itself = Task.get_task(project_name="SDK remote", task_name="executes remotely")
assert itself.get_status() == "queued" and itself.get_parameters()["Given/alpha"] == "1", (itself.get_status(), outputs["itself"])
assert "it went on" not in outputs["itself"]
clone = Task.get_tasks(project_name="SDK remote", task_name="a clone of it executes remotely", task_filter={"status": ["queued"]})
assert len(clone) == 1 and "went on" in outputs["cloned"], outputs["cloned"]
function = Task.get_task(project_name="SDK remote", task_name="the function")
assert function.get_parameters()["Function/size"] == "3" and function.get_parameters()["Function/name"] == "other", function.get_parameters()
entries = {entry.task for entry in client.queues.get_by_id(queue=queue).entries}
assert entries == {itself.id, clone[0].id, function.id}, entries
print("done", json.dumps({"itself": itself.id, "clone": clone[0].id, "function": function.id, "queue": queue, "repository": repository.id, "script": script.id}))
