"""A pipeline of three function steps, run in this process' place, one fed by the other."""
import json

from clearml import PipelineController, Task


def load(size):
    return list(range(int(size)))


def double(values):
    return [2 * value for value in values]


def total(values, offset=0):
    print("the total is", sum(values) + offset)
    return sum(values) + offset


pipeline = PipelineController("three steps", "SDK pipelines", version="1.2.3", add_pipeline_tags=True, pool_frequency=0.02)
pipeline.add_parameter("size", 4, "how many")
pipeline.add_function_step("load", load, function_kwargs={"size": "${pipeline.size}"}, function_return=["values"], cache_executed_step=True)
pipeline.add_function_step("double", double, function_kwargs={"values": "${load.values}"}, function_return=["doubled"])
pipeline.add_function_step("total", total, function_kwargs={"values": "${double.doubled}", "offset": 1}, function_return=["sum"], monitor_metrics=[("a", "b")])
pipeline.start_locally(run_pipeline_steps_locally=True)
pipeline.wait()
pipeline.stop()
identifier = pipeline.id
task = Task.get_task(task_id=identifier)
assert pipeline.is_successful(), task.get_status()
assert str(task.task_type) == "controller" and "pipeline" in task.get_system_tags(), task.get_system_tags()
assert task.get_project_name() == "SDK pipelines/.pipelines/three steps", task.get_project_name()
steps = {step.name: step for step in Task.get_tasks(task_filter={"parent": identifier})}
assert set(steps) == {"load", "double", "total"}, steps
assert all(step.get_status() == "completed" for step in steps.values()), {name: step.get_status() for name, step in steps.items()}
assert Task.get_task(steps["total"].id).get_parameter("return/sum") == "13"
found = PipelineController.get(pipeline_name="three steps", pipeline_project="SDK pipelines")
assert found.id == identifier, found.id
print("done", json.dumps({"task": identifier, "steps": {name: step.id for name, step in steps.items()}}))
