"""The Dataset class: made, added to, finalized, a version above a parent, found, fetched, listed and deleted."""
import json
from pathlib import Path

from clearml import Dataset

Path("data/deep").mkdir(parents=True)
Path("data/one.csv").write_text("a,b\n1,2\n")
Path("data/deep/two.txt").write_text("two")
first = Dataset.create(dataset_name="the data", dataset_project="SDK datasets", dataset_tags=["raw"], description="the first version")
assert first.add_files("data") == 2
first.set_metadata({"rows": 1}, metadata_name="facts")
first.get_logger().report_scalar("size", "rows", 1, 0)
first.upload(show_progress=False)
assert first.finalize() and first.is_final()

Path("data/three.txt").write_text("three")
Path("data/one.csv").write_text("a,b\n1,2\n3,4\n")
second = Dataset.create(dataset_name="the data", dataset_project="SDK datasets", parent_datasets=[first.id])
assert second.remove_files("deep/two.txt") == 1
second.add_files("data/three.txt")
second.add_files("data/one.csv")
second.add_tags(["better"])
second.upload(show_progress=False)
second.finalize()
second.publish()

found = Dataset.get(dataset_name="the data", dataset_project="SDK datasets")
assert found.id == second.id, (found.id, first.id, second.id)
assert Dataset.get(dataset_id=first.id).version == "1.0.0" and found.version == "1.0.1", (found.version)
assert Dataset.get(dataset_name="the data", dataset_project="SDK datasets", dataset_version="1.0.0").id == first.id
assert Dataset.get(dataset_name="the data", dataset_project="SDK datasets", dataset_tags=["better"], only_published=True).id == second.id
assert sorted(found.list_files()) == ["one.csv", "three.txt"], found.list_files()
assert found.list_removed_files(first.id) == ["deep/two.txt"], found.list_removed_files(first.id)
assert found.list_added_files(first.id) == ["three.txt"], found.list_added_files(first.id)
assert found.list_modified_files(first.id) == ["one.csv"], found.list_modified_files(first.id)
copy = Path(found.get_local_copy())
assert sorted(path.name for path in copy.iterdir() if path.is_file()) == ["one.csv", "three.txt"], list(copy.iterdir())
assert (copy / "one.csv").read_text().endswith("3,4\n")
mutable = Path(Dataset.get(dataset_id=first.id).get_mutable_local_copy("mutable", overwrite=True))
assert (mutable / "deep/two.txt").read_text() == "two"
assert Dataset.get(dataset_id=first.id).get_metadata("facts") == {"rows": 1}
assert found.verify_dataset_hash(str(copy)) == []
assert found.get_dependency_graph()[second.id] == [first.id], found.get_dependency_graph()
rows = Dataset.list_datasets(dataset_project="SDK datasets", only_completed=True)
assert {row["id"] for row in rows} == {first.id, second.id}, rows
assert {row["id"] for row in Dataset.list_datasets(partial_name="data", tags=["raw"])} == {first.id}
squashed = Dataset.squash("squashed", dataset_ids=[first.id, second.id])
assert sorted(Dataset.get(dataset_id=squashed.id).list_files()) == ["deep/two.txt", "one.csv", "three.txt"]
Dataset.rename("renamed", dataset_project=squashed.project, dataset_name="squashed")
assert Dataset.get(dataset_id=squashed.id).name == "renamed"
Dataset.delete(dataset_id=squashed.id)
try:
    Dataset.get(dataset_id=squashed.id)
    raise AssertionError("the deleted dataset is there")
except ValueError:
    pass
print("done", json.dumps({"first": first.id, "second": second.id, "squashed": squashed.id}))
