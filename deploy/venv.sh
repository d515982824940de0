#!/usr/bin/env bash
# Makes the virtual environment .venv in the current folder, on Python 3.11: venv.sh [PYTHON]
# It takes that Python; else python3.11 or python3 of the PATH, if it is 3.11; else one that uv finds or downloads.
set -euo pipefail

usable() { # is it Python 3.11, with what it needs to make an environment?
  "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1
}

if [ -n "${1:-}" ]; then
  if ! usable "$1"; then
    echo "error: PYTHON is $1, which is no Python 3.11 with venv and ensurepip. Name another, or leave PYTHON out" >&2
    exit 1
  fi
  exec "$1" -m venv .venv
fi
for python in python3.11 python3; do
  if usable "$python"; then
    exec "$python" -m venv .venv
  fi
done
if command -v uv >/dev/null; then
  exec uv venv --python 3.11 --seed --allow-existing .venv
fi
echo "error: neither Python 3.11 (with venv) nor uv is on the PATH. Install Python 3.11, or uv, which downloads it;" \
  "or name a Python 3.11: make PYTHON=/path/to/python3.11" >&2
exit 1
