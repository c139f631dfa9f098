#!/bin/sh
# Makes the environment, installs the hooks, checks this machine, as `task setup` does. Arguments go to atomci.
set -eu
cd -- "$(dirname -- "$0")/.."
exec sh scripts/in_venv.sh atomci run bootstrap "$@"
