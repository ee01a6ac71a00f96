#!/usr/bin/env bash
# The whole test: an environment of its own, a browser, the style of the code, the tests.
#
#   bash tests/run.sh                       everything
#   bash tests/run.sh tests/test_cli.py -x  arguments go to pytest
#
# The second time nothing is installed again, unless a list of requirements or the version of Python has changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=.venv-test
python=$venv/bin/python

base=
for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
  if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    base=$candidate
    break
  fi
done
if [ -z "$base" ]; then
  echo "Python 3.11 or newer is needed; install it and try again." >&2
  exit 1
fi

stamp=$("$base" - <<'PY'
import hashlib, pathlib, sys
state = hashlib.sha256(sys.version.encode())
for name in ("requirements.txt", "tests/requirements.txt", "styleshot_demo/training/requirements.txt",
             "styleshot_demo/batch/requirements.txt"):
    state.update(pathlib.Path(name).read_bytes())
print(state.hexdigest())
PY
)
if [ ! -x "$python" ] || [ "$(cat "$venv/stamp" 2>/dev/null)" != "$stamp" ]; then
  "$base" -m venv --clear "$venv"
  "$python" -m pip install -r requirements.txt -r tests/requirements.txt
  echo "$stamp" >"$venv/stamp"
fi

# A browser: the system's, else the packages of Debian or Ubuntu for root, else Playwright's own. Chromium without its own
# windows comes first: it takes a third of the time for each page that is opened.
system_browser() {
  command -v chromium-headless-shell || command -v chromium || command -v chromium-browser || command -v google-chrome || true
}
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  if [ -z "$(system_browser)" ] || ! dpkg -s fonts-noto-cjk >/dev/null 2>&1 ||
    { ! command -v chromium-headless-shell && apt-cache show chromium-headless-shell; } >/dev/null 2>&1; then
    apt-get update -qq || true
    # Ubuntu has no such package outside of snap: then Playwright's own browser follows.
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium-headless-shell fonts-noto-cjk ||
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk ||
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends fonts-noto-cjk || true
  fi
fi
STYLESHOT_TEST_BROWSER=$(system_browser)
if [ -z "$STYLESHOT_TEST_BROWSER" ]; then
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    "$python" -m playwright install --with-deps chromium
  else
    "$python" -m playwright install chromium
  fi
fi
export STYLESHOT_TEST_BROWSER  # empty: Playwright finds its own

"$python" -m ruff check .
# Types: of the whole package, or not at all where single tests are asked for, and beside the tests, since they take one
# core alone for a minute or more. What is found is shown at the end. It asks no network for a newer version.
types=
if [ $# -eq 0 ]; then
  PYRIGHT_PYTHON_IGNORE_WARNINGS=1 "$python" -m pyright --pythonpath "$python" >"$venv/types.txt" 2>&1 &
  types=$!
  trap 'kill "$types" 2>/dev/null || true' EXIT
fi
# A process for each core, each of which computes with one thread: two threads each would stand in each other's way.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
# Tests start many programs: none of them should have to compile again what the one before it has compiled.
unset PYTHONDONTWRITEBYTECODE
status=0
"$python" -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder "$@" || status=$?
if [ -n "$types" ]; then
  wait "$types" || status=$?
  cat "$venv/types.txt"
fi
exit "$status"
