"""A task that goes on where it ended, one that is used again, and one that is not since it has results."""
import json
import subprocess
import sys

from clearml import Task

if len(sys.argv) > 1:
    kind, identifier = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    if kind == "first":
        task = Task.init("SDK continuing", "goes on")
        for step in range(3):
            task.get_logger().report_scalar("loss", "train", 10 - step, step)
        print("said first")
    elif kind == "continue":
        task = Task.init("SDK continuing", "goes on", continue_last_task=identifier)
        assert task.id == identifier
        assert task.get_initial_iteration() == 3, task.get_initial_iteration()
        for step in range(3):
            task.get_logger().report_scalar("loss", "train", 5 - step, step)
    elif kind == "reused":
        task = Task.init("SDK continuing", "used again", reuse_last_task_id=identifier or True)
        task.connect({"round": identifier or "first"})
        task.get_logger().report_scalar("only", "last" if identifier else "before", 1, 1)
    task.close()
    print("task", task.id)
    raise SystemExit(0)


def run(*arguments):
    ended = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return next(line.split(" ")[1] for line in ended.stdout.splitlines() if line.startswith("task "))


def both(*calls):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda call: run(*call), calls))


first, reused = both(["first"], ["reused"])
again, later = both(["continue", first], ["reused", reused])
assert again == first and later == reused, (again, first, later, reused)
task = Task.get_task(task_id=first)
curve = task.get_reported_scalars()["loss"]["train"]
assert curve["x"] == [0, 1, 2, 3, 4, 5] and curve["y"] == [10, 9, 8, 5, 4, 3], curve
assert task.get_status() == "completed" and task.get_last_iteration() == 5
assert "said first" in "".join(task.get_reported_console_output(20))
used = Task.get_task(task_id=reused)
assert list(used.get_reported_scalars()["only"]) == ["last"], used.get_reported_scalars()
assert used.get_parameters()["General/round"] == reused
print("done", json.dumps({"task": first, "reused": reused}))
