#!/bin/sh
# Runs once while the image is built; several lines and constructs stay what they are.
set -e
for word in hello from the set-up script; do
  printf '%s ' "$word"
done > /windlass-demo
