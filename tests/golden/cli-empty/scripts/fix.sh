#!/bin/sh
# Repairs what ruff and black can, as `task fix` does. Arguments go to black.
set -eu
cd -- "$(dirname -- "$0")/.."
uv run --frozen ruff check --fix --exit-zero
exec uv run --frozen black . "$@"
