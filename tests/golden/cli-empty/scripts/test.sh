#!/bin/sh
# Unit tests with coverage, as `task test` runs them. Arguments go to atomci.
set -eu
cd -- "$(dirname -- "$0")/.."
exec uv run --frozen atomci run unit "$@"
