#!/bin/sh
# Repairs what ruff and black can, as `task fix` does. Arguments go to black.
set -eu
cd -- "$(dirname -- "$0")/.."
sh scripts/in_venv.sh ruff check --fix --exit-zero
exec sh scripts/in_venv.sh black . "$@"
