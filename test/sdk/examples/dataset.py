"""A data set made from files, a version above it, and both fetched again."""
from pathlib import Path

from clearml import Dataset, Task

task = Task.init("SDK examples", "dataset")
Path("data").mkdir(exist_ok=True)
Path("data/one.csv").write_text("a,b\n1,2\n")
first = Dataset.create(dataset_name=f"numbers {task.id}", dataset_project="SDK examples/data", dataset_version="1.0.0")
first.add_files("data")
first.upload(show_progress=False)
first.finalize()
Path("data/two.csv").write_text("a,b\n3,4\n")
second = Dataset.create(dataset_name=f"numbers {task.id}", dataset_project="SDK examples/data", parent_datasets=[first.id], dataset_version="1.1.0")
second.sync_folder("data")
second.upload(show_progress=False)
second.finalize()
copy = Path(Dataset.get(dataset_id=second.id).get_local_copy())
print("dataset: version", second.version, "has", sorted(path.name for path in copy.iterdir() if path.is_file()))
