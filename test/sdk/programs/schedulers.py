"""TaskScheduler and TriggerScheduler: each enqueues what is due, once."""
import json
from datetime import datetime, timedelta, timezone

from clearml import Task
from clearml.automation import TaskScheduler, TriggerScheduler
from clearml.backend_api.session.client import APIClient

client = APIClient()
queue = client.queues.create(name="schedule queue").id
base = Task.create("SDK schedules", "the scheduled task")
base.set_parameters({"General/a": 1})

scheduler = TaskScheduler(sync_frequency_minutes=1)
assert scheduler.add_task(schedule_task_id=base.id, queue="schedule queue", name="at once", execute_immediately=True, minute=30, task_parameters={"General/a": 7})
scheduler._step()
entries = client.queues.get_by_id(queue=queue).entries
assert len(entries) == 1, entries
scheduled = Task.get_task(task_id=entries[0].task)
assert scheduled.get_parameters()["General/a"] == "7" and scheduled.parent == base.id, (scheduled.get_parameters(), scheduled.parent)

# A trigger whose project is not there yet watches all of them.
watched = Task.create("SDK schedules/watched", "the watched task")
trigger = TriggerScheduler(pooling_frequency_minutes=1)
trigger.add_task_trigger(name="on completion", schedule_task_id=base.id, schedule_queue="schedule queue", trigger_project="SDK schedules/watched", trigger_on_status=["completed"])
trigger.add_model_trigger(name="on publish", schedule_task_id=base.id, schedule_queue="schedule queue", trigger_project="SDK schedules/watched", trigger_on_publish=True)
trigger._step()
assert len(client.queues.get_by_id(queue=queue).entries) == 1, client.queues.get_by_id(queue=queue).entries
watched.mark_started()
watched.mark_completed()
trigger._step()
assert len(client.queues.get_by_id(queue=queue).entries) == 2, client.queues.get_by_id(queue=queue).entries
trigger._step()
assert len(client.queues.get_by_id(queue=queue).entries) == 2, client.queues.get_by_id(queue=queue).entries
print("done", json.dumps({"queue": queue, "base": base.id, "watched": watched.id}))
