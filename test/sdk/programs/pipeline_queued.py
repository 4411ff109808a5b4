"""A pipeline whose steps are tasks that an agent runs; only the controller runs here."""
import json

from clearml import PipelineController, Task

pipeline = PipelineController("queued steps", "SDK pipelines", version="1.0", pool_frequency=0.01)
pipeline.add_parameter("size", 4)
pipeline.add_step("one", base_task_project="SDK agent", base_task_name="a step", parameter_override={"General/a": "${pipeline.size}"})
pipeline.add_step("two", parents=["one"], base_task_project="SDK agent", base_task_name="a step", parameter_override={"General/a": "${one.parameters.General/a}", "General/b": "${one.id}"})
pipeline.add_step("three", parents=["two"], base_task_project="SDK agent", base_task_name="a step")
pipeline.set_default_execution_queue("agent queue")
pipeline.set_pipeline_execution_time_limit(2)
pipeline.start_locally()
pipeline.wait()
pipeline.stop()
identifier = pipeline.id
steps = {step.name: step for step in Task.get_tasks(task_filter={"parent": identifier})}
assert set(steps) == {"one", "two", "three"}, steps
assert {str(step.get_status()) for step in steps.values()} == {"completed"}, {name: step.get_status() for name, step in steps.items()}
assert steps["two"].get_parameters()["General/a"] == "4" and steps["two"].get_parameters()["General/b"] == steps["one"].id
print("done", json.dumps({"task": identifier, "steps": {name: step.id for name, step in steps.items()}}))
