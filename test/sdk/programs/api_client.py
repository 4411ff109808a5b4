"""The APIClient over all services that it knows."""
import json

from clearml.backend_api.services.v2_23.events import MetricsScalarEvent
from clearml.backend_api.session.client import APIClient

client = APIClient()
project = client.projects.create(name="SDK client/below", description="made by the client").id
found = client.projects.get_all(name="^SDK client/below$")
assert [one.id for one in found] == [project] and found[0].description == "made by the client"
client.projects.update(project=project, description="changed", tags=["t"])
assert client.projects.get_by_id(project=project).description == "changed"
assert client.projects.get_unique_metric_variants(project=project) is not None
assert client.projects.get_hyper_parameters(project=project) is not None
assert client.projects.validate_delete(project=project).tasks == 0
assert client.projects.get_task_tags(projects=[project]) is not None

task = client.tasks.create(name="of the client", type="training", project=project, tags=["one"]).id
assert client.tasks.get_by_id(task).name == "of the client"
assert [one.id for one in client.tasks.get_all(project=[project], order_by=["-last_update"], only_fields=["id", "name"])] == [task]
client.tasks.edit_hyper_params(task=task, hyperparams=[{"section": "Args", "name": "x", "value": "1"}])
assert client.tasks.get_hyper_params(tasks=[task]).params[0]["hyperparams"][0]["value"] == "1"
client.tasks.edit_configuration(task=task, configuration=[{"name": "c", "value": "text", "type": "text"}])
assert client.tasks.get_configurations(tasks=[task]).configurations[0]["configuration"][0]["value"] == "text"
assert client.tasks.ping(task=task) is not None
queue = client.queues.create(name="client queue", tags=["q"]).id
assert client.tasks.enqueue(task=task, queue=queue).queued == 1
assert client.queues.get_num_entries(queue=queue).num == 1
assert [one.id for one in client.queues.get_all(name="client queue")] == [queue]
assert client.queues.get_by_id(queue).entries[0].task == task
assert client.queues.get_queue_metrics(from_date=1, to_date=2_000_000_000, interval=3600, queue_ids=[queue]) is not None
assert client.queues.get_default() is not None
popped = client.queues.get_next_task(queue=queue)
assert popped.entry.task == task
client.tasks.started(task=task)
client.workers.register(worker="client:1", queues=[queue])
client.workers.status_report(worker="client:1", timestamp=1_700_000_000_000, queue=queue, task=task, machine_stats={"cpu_usage": [10, 20]})
assert any(worker.id == "client:1" for worker in client.workers.get_all(last_seen=3600))
assert client.workers.get_metric_keys(worker_ids=["client:1"]).categories
assert client.workers.get_stats(from_date=1_699_999_000, to_date=1_700_001_000, interval=60, items=[{"key": "cpu_usage"}], worker_ids=["client:1"]).workers
assert client.workers.get_activity_report(from_date=1_699_999_000, to_date=1_700_001_000, interval=60) is not None
client.workers.unregister(worker="client:1")
client.events.add(event=MetricsScalarEvent(task=task, iter=1, metric="m", variant="v", value=2.0))
assert client.events.scalar_metrics_iter_histogram(task=task) is not None
assert client.events.get_scalar_metrics_and_variants(task=task).metrics == {"m": ["v"]}
assert client.events.get_task_metrics(tasks=[task], event_type="training_stats_scalar").metrics
assert client.events.get_task_log(task=task) is not None
assert client.events.get_task_plots(task=task) is not None
assert client.events.get_multi_task_plots(tasks=[task]) is not None
assert client.events.multi_task_scalar_metrics_iter_histogram(tasks=[task]) is not None
assert client.events.get_task_latest_scalar_values(task=task) is not None
assert client.events.get_task_events(task=task, event_type="training_stats_scalar").events[0]["value"] == 2.0
client.tasks.completed(task=task)
model = client.models.create(uri="file:///tmp/m", name="client model", project=project, task=task, labels={"a": 1}).id
assert client.models.get_by_id(model).name == "client model"
client.models.add_or_update_metadata(model=model, metadata=[{"key": "k", "type": "str", "value": "v"}])
client.models.edit(model=model, name="edited model")
client.models.set_ready(model=model)
assert [one.name for one in client.models.get_all(project=[project], ready=True)] == ["edited model"]
assert client.models.get_frameworks() is not None
client.models.delete(model=model, force=True)
client.tasks.archive(tasks=[task])
assert "archived" in client.tasks.get_by_id(task).system_tags
clone = client.tasks.clone(task=task, new_task_name="a clone").id
assert client.tasks.get_by_id(clone).name == "a clone"
client.tasks.delete(task=clone)
assert client.auth.login() is not None
assert client.tasks.get_types(projects=[project]).types == ["training"]
client.queues.delete(queue=queue)
client.projects.delete(project=project, delete_contents=True, force=True)
print("done", json.dumps({"project": project, "task": task}))
