# The lists of requirements, and functions that get uv and Python.
# Sourced by scripts/setup and scripts/requirements.

# Home Assistant, its Python, and the megabytes of the first download, which take three
# times as much on disk. Newest first. Sizes were measured on Linux (x86-64) with an
# uncompressed index. The help of scripts/demo and scripts/test shows totals.
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
card     60
displays 80
forecast 50
lint     50"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/claude-pulse
export UV_CACHE_DIR=${UV_CACHE_DIR:-$cache/uv}
export UV_PYTHON_INSTALL_DIR=${UV_PYTHON_INSTALL_DIR:-$cache/python}
# Debian's Python, then those of pyenv: uv fails on pyenv's shims of inactive versions.
search_path=$cache/python3.14/bin
for bin in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin; do search_path+=:$bin; done
export UV_PYTHON_SEARCH_PATH=$search_path:$PATH
# Trust the certificates that the machine trusts, as pip does.
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then export UV_SYSTEM_CERTS=1; fi

say() { printf '%s\n' "$*" >&2; }
die() { say "$0: $*"; exit 1; }
no_network="no network: the package index cannot be reached. Check the index and proxy settings"

# Print the rows "LIST PYTHON MEGABYTES" that match a name, newest first.
rows_of() { # NAME
  local size
  size=$(awk -v name="$1" '$1 == name {print $2}' <<<"$tools")
  awk -v name="$1" -v size="$size" '
    size && !seen[$2]++ {print name, $2, size}
    $1 == name || (name == "newest" && !seen[$2]++)' <<<"$versions"
}

# Set uv: one on PATH, one installed earlier, or the pinned one from the package index,
# whose hash pip verifies. Versions that cannot verify build requirements are not used.
find_uv() {
  for uv in "$(command -v uv || true)" "$cache/bin/uv"; do
    if [ -x "$uv" ] && "$uv" pip sync --require-build-hashes --help >/dev/null 2>&1; then return; fi
  done
  say "Installing uv (downloads up to 25 MB) ..."
  mkdir -p "$cache/bin"
  local try python
  try=$(mktemp -d "$cache/installer.XXXXXX")
  trap "rm -rf '$try'" EXIT
  if ! python3 -m venv "$try" >/dev/null 2>&1; then
    say "python3 lacks the module venv (Debian: python3-venv)."
    python=$(scripts/install-python3.14) || exit
    "$python" -m venv --clear "$try"
  fi
  if "$try/bin/python" -m pip install --quiet --disable-pip-version-check --retries 1 \
    --require-hashes --requirement requirements/uv.txt 2>&1 | tee "$try/log" >&2
  then
    mv "$try/bin/uv" "$uv"
  elif grep -q "Retrying (" "$try/log"; then die "$no_network of pip"
  else die "uv could not be installed (see above)"
  fi
}

# Exit with the reason of a failed installation.
fail() { # REASON
  UV_HTTP_RETRIES=0 "$uv" pip compile --quiet --no-cache --no-deps requirements/uv.in \
    >/dev/null 2>&1 || die "$no_network of uv"
  die "$1 (see above)"
}

# Provide a Python that uv finds: an installed one, one that uv downloads and verifies
# against its own list of hashes, or Debian's.
get_python() { # RANGE
  "$uv" python find --no-project --system "$1" >/dev/null 2>&1 && return
  say "Installing a Python $1 (downloads up to 35 MB) ..."
  # Many networks block the host that uv downloads from: give up soon.
  local errors
  errors=$(UV_HTTP_RETRIES=1 UV_HTTP_CONNECT_TIMEOUT=5 "$uv" python install --no-bin "$1" 2>&1) && return
  case $1 in ">=3.14"*) scripts/install-python3.14 >/dev/null && return ;; esac
  say "$errors"
  return 1
}
