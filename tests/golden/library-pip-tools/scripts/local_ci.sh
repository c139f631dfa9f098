#!/bin/sh
# The gate: what the pre-push hook, `task ci` and CI run. Arguments go to atomci.
set -eu
cd -- "$(dirname -- "$0")/.."
exec sh scripts/in_venv.sh atomci run local_ci "$@"
