"""A small training: it fits a line to noisy points by gradient descent and shows its progress. It uses no ClearML SDK:
its parameters come as command-line arguments, and all of them as JSON in the file named by WINDLASS_PARAMETERS."""

import argparse
import json
import os
import random
import sys
import time

import six

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--rate", type=float, default=0.05)
parser.add_argument("--pause", type=float, default=0.2, help="seconds an epoch, so that there is something to watch")
options = parser.parse_args()

print("python", sys.version.split()[0], "six", six.__version__)
print("arguments:", vars(options))
with open(os.environ["WINDLASS_PARAMETERS"], encoding="utf-8") as file:
    print("parameters as the program sees them:", json.dumps(json.load(file), sort_keys=True))
print("greeting of the set-up script:", os.path.exists("/windlass-demo") and open("/windlass-demo", encoding="utf-8").read().strip())

random.seed(1)
points = [(x / 50, 3 * x / 50 + 1 + random.gauss(0, 0.1)) for x in range(50)]
slope = intercept = 0.0
for epoch in range(1, options.epochs + 1):
    for _ in range(2000):
        x, y = random.choice(points)
        error = slope * x + intercept - y
        slope -= options.rate * error * x
        intercept -= options.rate * error
    loss = sum((slope * x + intercept - y) ** 2 for x, y in points) / len(points)
    done = 30 * epoch // options.epochs
    sys.stderr.write(f"\r[{'#' * done:<30}] epoch {epoch}/{options.epochs} loss {loss:.5f}")
    sys.stderr.flush()
    time.sleep(options.pause)
sys.stderr.write("\n")
print(f"y = {slope:.2f} x + {intercept:.2f}")
