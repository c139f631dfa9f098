#!/bin/sh
# Brings .venv in line with requirements/dev.txt, then runs the command in it.
#   sh scripts/in_venv.sh COMMAND...   run it
#   sh scripts/in_venv.sh --lock       compile dev.txt again from pyproject.toml and dev.in
set -eu
cd -- "$(dirname -- "$0")/.."
lock=requirements/dev.txt

if [ ! -f .venv/pyvenv.cfg ]; then
  # The first that starts and is new enough: a shim on PATH may not be.
  for python in "${PYTHON:-python3}" python3.11 python3.12 python3.13 python3.14 python3.15 python; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      "$python" -m venv .venv
      break
    fi
  done
  if [ ! -f .venv/pyvenv.cfg ]; then
    echo "in_venv.sh: no Python 3.11 or newer on PATH; name one: PYTHON=/path/to/python $0 $*" >&2
    exit 3
  fi
fi
bin=.venv/bin
if [ -d .venv/Scripts ]; then bin=.venv/Scripts; fi
export PIP_DISABLE_PIP_VERSION_CHECK=1

if ! "$bin/python" -c 'import piptools' 2>/dev/null; then
  # The pip that comes with Python may be too old for a git+file:// pin.
  "$bin/python" -m pip install --quiet --upgrade pip pip-tools
fi
if [ "${1:-}" = --lock ] || [ ! -f "$lock" ]; then
  "$bin/python" -m piptools compile --quiet --output-file "$lock" pyproject.toml requirements/dev.in
fi
# The copy inside .venv shows which lock was installed.
if ! cmp -s "$lock" .venv/dev.txt; then
  "$bin/python" -m piptools sync --quiet "$lock"
  # The build uses hatchling and editables from the lock, so nothing unlocked is downloaded.
  "$bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
  cp "$lock" .venv/dev.txt
fi
if [ "${1:-}" = --lock ]; then exit 0; fi

VIRTUAL_ENV=$PWD/.venv
PATH=$PWD/$bin:$PATH
export PATH VIRTUAL_ENV
exec "$@"
