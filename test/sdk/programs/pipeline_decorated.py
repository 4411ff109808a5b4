"""A pipeline by decorators whose components run as processes of this machine, and one in debug mode."""
import json
import subprocess
import sys

from clearml import Task
from clearml.automation.controller import PipelineDecorator


ran = []


@PipelineDecorator.component(return_values=["value"], cache=False)
def first(size):
    print("the first gets", size)
    return size + 1


@PipelineDecorator.component(return_values=["value"])
def second(value):
    return value * 10


@PipelineDecorator.pipeline(name="decorated", project="SDK decorated", version="0.1", pool_frequency=0.02)
def run(size=3):
    value = second(first(size))
    print("the pipeline's value is", value)
    ran.append(Task.current_task().id)
    return value


if __name__ == "__main__":
    if sys.argv[1:] == ["debug"]:
        PipelineDecorator.debug_pipeline()
        assert run(5) == 60
        raise SystemExit(0)
    debug = subprocess.run([sys.executable, __file__, "debug"], capture_output=True, text=True)
    assert debug.returncode == 0 and "the pipeline's value is 60" in debug.stdout, debug.stdout + debug.stderr
    PipelineDecorator.run_locally()
    assert run(2) == 30
    identifier = ran[-1]
    steps = {step.name: str(step.get_status()) for step in Task.get_tasks(task_filter={"parent": identifier})}
    assert steps == {"first": "completed", "second": "completed"}, steps
    print("done", json.dumps({"task": identifier}))
