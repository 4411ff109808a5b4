"""A pipeline of three functions, each in a process beside its controller."""
from clearml import PipelineController


def load(size):
    return list(range(int(size)))


def double(values):
    return [2 * value for value in values]


def total(values):
    print("pipeline_functions: the total is", sum(values))
    return sum(values)


pipeline = PipelineController("functions", "SDK examples", version="1.0.0", pool_frequency=0.02)
pipeline.add_parameter("size", 5, "how many numbers")
pipeline.add_function_step("load", load, function_kwargs={"size": "${pipeline.size}"}, function_return=["values"])
pipeline.add_function_step("double", double, function_kwargs={"values": "${load.values}"}, function_return=["doubled"])
pipeline.add_function_step("total", total, function_kwargs={"values": "${double.doubled}"}, function_return=["sum"])
pipeline.start_locally(run_pipeline_steps_locally=True)
pipeline.wait()
print("pipeline_functions: steps", sorted(pipeline.get_processed_nodes()))
pipeline.stop()
