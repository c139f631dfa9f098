#!/bin/sh
# Makes the environment, installs the hooks, checks this machine, as `task setup` does. Arguments go to atomci.
set -eu
cd -- "$(dirname -- "$0")/.."
uv sync
exec uv run --frozen atomci run bootstrap "$@"
