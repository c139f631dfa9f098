#!/bin/sh
# The gate: what the pre-push hook, `task ci` and CI run. Arguments go to atomci.
set -eu
cd -- "$(dirname -- "$0")/.."
exec uv run --frozen atomci run local_ci "$@"
