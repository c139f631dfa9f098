#!/bin/sh
# Does each part of the pipeline hold, with evidence, as `task check` says. Arguments go to atomci.
set -eu
cd -- "$(dirname -- "$0")/.."
exec uv run --frozen atomci check "$@"
