"""HyperParameterOptimizer with RandomSearch; the tasks are run by an agent that serves the queue."""
import json

from clearml import Task
from clearml.automation import DiscreteParameterRange, HyperParameterOptimizer, RandomSearch, UniformIntegerParameterRange

task = Task.init("SDK optimizer", "the optimizer", task_type=Task.TaskTypes.optimizer, reuse_last_task_id=False)
base = Task.get_task(project_name="SDK agent", task_name="a step")
optimizer = HyperParameterOptimizer(
    base_task_id=base.id,
    hyper_parameters=[UniformIntegerParameterRange("General/a", 1, 3), DiscreteParameterRange("General/b", [10, 20])],
    objective_metric_title="score",
    objective_metric_series="total",
    objective_metric_sign="max",
    optimizer_class=RandomSearch,
    execution_queue="agent queue",
    max_number_of_concurrent_tasks=2,
    total_max_jobs=3,
    pool_period_min=0.05,
    min_iteration_per_job=None,
    max_iteration_per_job=None,
    save_top_k_tasks_only=-1,
)
optimizer.set_report_period(0.05)
optimizer.start()
optimizer.wait(timeout=2.0)
best = optimizer.get_top_experiments(top_k=3)
optimizer.stop()
assert len(best) == 3, best
values = [Task.get_task(task_id=one.id).get_last_scalar_metrics()["score"]["total"]["last"] for one in best]
assert values == sorted(values, reverse=True), values
details = optimizer.get_top_experiments_details(top_k=2)
assert details[0]["metrics"], details
task.close()
print("done", json.dumps({"task": task.id, "best": [one.id for one in best], "values": values}))
