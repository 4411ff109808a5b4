"""Parameters from the command line, a dictionary and an object; each may be edited on a clone."""
from argparse import ArgumentParser

from clearml import Task

parser = ArgumentParser()
parser.add_argument("--rate", type=float, default=0.1, help="the learning rate")
parser.add_argument("--layers", type=int, nargs="+", default=[8, 4])
parser.add_argument("--fast", action="store_true")
task = Task.init("SDK examples", "hyper parameters")
arguments = parser.parse_args()


class Net:
    def __init__(self):
        self.depth = 3
        self.kind = "tree"


settings = task.connect({"batch": 16, "nested": {"decay": 0.5}, "names": ["a", "b"]}, name="Settings")
net = Net()
task.connect(net, name="Net")
print("hyper_parameters: rate", arguments.rate, "layers", arguments.layers, "fast", arguments.fast)
print("hyper_parameters: batch", settings["batch"], "decay", settings["nested"]["decay"], "names", settings["names"])
print("hyper_parameters: depth", net.depth, "kind", net.kind, type(net.depth).__name__)
