#!/bin/sh
# Brings .venv in line with requirements/dev.txt, then runs the command in it.
#   sh scripts/in_venv.sh COMMAND...   run it
#   sh scripts/in_venv.sh --lock       compile dev.txt again from pyproject.toml and dev.in
set -eu
cd -- "$(dirname -- "$0")/.."
lock=requirements/dev.txt

bin=.venv/bin
if [ -d .venv/Scripts ]; then bin=.venv/Scripts; fi

# The copy inside .venv shows which lock was installed.
if [ "${1:-}" = --lock ] || [ ! -f .venv/pyvenv.cfg ] || ! cmp -s "$lock" .venv/dev.txt; then
  if [ ! -f .venv/pyvenv.cfg ]; then
    # The first that starts and is new enough: a shim on PATH may not be.
    found=
    for python in "${PYTHON:-python3}" python3.11 python3.12 python3.13 python3.14 python3.15 python; do
      if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        found=$python
        break
      fi
    done
    if [ -z "$found" ]; then
      echo "in_venv.sh: no Python 3.11 or newer on PATH; name one: PYTHON=/path/to/python $0 $*" >&2
      exit 3
    fi
    mkdir -p .venv
  fi
  if [ ! -w .venv ]; then
    echo "in_venv.sh: .venv isn't as $lock says, and can't be written" >&2
    exit 3
  fi

  # One at a time: pre-commit starts a hook several times at once. A turn whose process is gone is over.
  turn=.venv/in_venv.pid
  unnamed=0 waited=0
  until (set -C && echo $$ >"$turn") 2>/dev/null; do
    holder=$(cat "$turn" 2>/dev/null || true)
    if [ -z "$holder" ]; then unnamed=$((unnamed + 1)); fi
    if [ "$unnamed" -gt 3 ] || { [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; }; then rm -f "$turn"; fi
    waited=$((waited + 1))
    if [ "$waited" = 10 ]; then echo "in_venv.sh: process $holder changes .venv; if none does: rm $turn" >&2; fi
    sleep 1
  done
  trap 'rm -f "$turn"' EXIT
  trap 'exit 130' HUP INT TERM
  export PIP_DISABLE_PIP_VERSION_CHECK=1

  if [ ! -f .venv/pyvenv.cfg ]; then
    "$found" -m venv .venv
    if [ -d .venv/Scripts ]; then bin=.venv/Scripts; fi
  fi
  if ! "$bin/python" -c 'import piptools' 2>/dev/null; then
    # uv makes environments without pip.
    "$bin/python" -c 'import pip' 2>/dev/null || "$bin/python" -m ensurepip >/dev/null
    # The pip that comes with Python may be too old for a git+file:// pin.
    "$bin/python" -m pip install --quiet --no-compile --upgrade pip pip-tools
  fi
  if [ "${1:-}" = --lock ] || [ ! -f "$lock" ]; then
    "$bin/python" -m piptools compile --quiet --output-file "$lock" pyproject.toml requirements/dev.in
  fi
  # Another may have done it meanwhile.
  if ! cmp -s "$lock" .venv/dev.txt; then
    # As uv does it: what is imported is compiled then, and of most packages little ever is.
    "$bin/python" -m piptools sync --quiet --pip-args=--no-compile "$lock"
    # The build uses hatchling and editables from the lock, so nothing unlocked is downloaded.
    "$bin/python" -m pip install --quiet --no-compile --no-deps --no-build-isolation --editable .
    cp "$lock" .venv/dev.txt
  fi
  rm -f "$turn"
  if [ "${1:-}" = --lock ]; then exit 0; fi
fi

VIRTUAL_ENV=$PWD/.venv
PATH=$PWD/$bin:$PATH
export PATH VIRTUAL_ENV
exec "$@"
