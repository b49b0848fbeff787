# Which lists of requirements there are, and the Python and uv that they need.
# Sourced by scripts/setup and scripts/requirements.

# Home Assistant, the Python it runs on, and how many megabytes are downloaded the
# first time, which become three times as much on disk. Newest first. All sizes here
# were measured on Linux (x86-64) with an uncompressed index; the help of scripts/demo and
# scripts/test shows totals.
versions="\
2026.11.0 >=3.14.2,<3.15 380
2026.10.4 >=3.14.2,<3.15 360
2026.9.3  >=3.14.2,<3.15 380
2026.8.1  >=3.14.2,<3.15 380
2026.7.1  >=3.14.2,<3.15 380
2026.5.1  >=3.14.2,<3.15 370
2025.12.2 >=3.14.2,<3.15 380
2025.4.4  >=3.13,<3.14   290
2024.12.0 >=3.12,<3.13   240
2024.3.3  >=3.11,<3.12   220
2024.1.2  >=3.11,<3.12   190"

# Tools that run on the Python of any version above, preferably the newest one.
tools="\
browser  60
forecast 50
lint     40
mutate   15"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/claude-pulse
export UV_CACHE_DIR=${UV_CACHE_DIR:-$cache/uv}
export UV_PYTHON_INSTALL_DIR=${UV_PYTHON_INSTALL_DIR:-$cache/python}
export UV_NO_PROGRESS=1
# Trust the certificates that the machine trusts, as pip does. (Older releases of uv know
# the second name.)
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then export UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1; fi

say() { printf '%s\n' "$*" >&2; }
die() { say "$0: $*"; exit 1; }

# Print the rows "LIST PYTHON MEGABYTES" that match a name, newest first.
rows_of() { # NAME
  local size
  size=$(awk -v name="$1" '$1 == name {print $2}' <<<"$tools")
  awk -v name="$1" -v size="$size" '
    size && !seen[$2]++ {print name, $2, size}
    $1 == name || (name == "newest" && !seen[$2]++)' <<<"$versions"
}

debian_python() {
  [ -e "$cache/python3.14" ] || say "Getting Debian's Python 3.14 (up to 35 MB to download) ..."
  scripts/install-python3.14 "$cache/python3.14"
}

# Set uv: the one on PATH, the one downloaded earlier, or the pinned one from the package
# index; an older one is not used.
find_uv() {
  for uv in "$(command -v uv || true)" "$cache/bin/uv"; do
    if [ -x "$uv" ] && "$uv" pip sync --require-build-hashes --help >/dev/null 2>&1; then return; fi
  done
  say "Getting uv, which installs the rest (up to 25 MB to download) ..."
  mkdir -p "$cache/bin"
  local try python
  try=$(mktemp -d "$cache/installer.XXXXXX")
  # Debian's python3 comes without venv and without pip; its packages of 3.14 have both.
  for python in "$(command -v python3 || true)" debian; do
    if [ "$python" = debian ]; then python=$(debian_python) || break; fi
    if [ -n "$python" ] && "$python" -m venv --clear "$try" >/dev/null 2>&1 &&
      "$try/bin/python" -m pip install --quiet --disable-pip-version-check \
        --require-hashes --requirement requirements/uv.txt >&2
    then mv "$try/bin/uv" "$uv" && rm -rf "$try" && return; fi
  done
  rm -rf "$try"
  die "uv could not be installed: install uv, or Python's venv module (Debian: python3-venv), and try again"
}

# Print the path of a Python: one of this machine, or one downloaded earlier.
find_python() { # RANGE
  local bin path=$cache/python3.14/bin
  # uv stops at pyenv's shims for versions that are not activated.
  for bin in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin; do path=$path:$bin; done
  PATH=$path:$PATH UV_PYTHON_DOWNLOADS=never "$uv" python find --no-project --system "$1" 2>/dev/null
}

# Find a Python, or download one from uv or Debian.
get_python() { # RANGE
  find_python "$1" && return
  say "Getting a Python $1 ..."
  # uv gets it from a host that many networks cannot reach: give up soon.
  UV_HTTP_RETRIES=1 UV_HTTP_CONNECT_TIMEOUT=5 "$uv" python install --quiet --no-bin "$1" 2>/dev/null &&
    find_python "$1" && return
  case $1 in ">=3.14"*) debian_python ;; *) return 1 ;; esac
}
