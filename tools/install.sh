#!/usr/bin/env bash
# Makes the virtual environment with every pinned dependency. Usage: install.sh PYTHON VENV
set -euo pipefail
python="$1" venv="$2"

fail() { printf '\n%s\n' "$1" >&2; exit 1; }

command -v "$python" >/dev/null || fail "There is no $python. Install Python 3.11 or newer (Debian: apt-get install python3 python3-venv), or say 'make PYTHON=/path/to/python'."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "$python is $("$python" --version 2>&1); Python 3.11 or newer is needed. Say 'make PYTHON=/path/to/python3.11'."
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv" || fail "The virtual environment could not be made. On Debian: apt-get install python3-venv"

pip() { "$venv/bin/python" -m pip --disable-pip-version-check --quiet "$@" 2> >(grep -v 'is ignored: it is neither' >&2); }
again="Check the network and the disk (about 2 GB are needed), then run the same command again: what is installed already is kept."

echo "Installing the pinned dependencies into $venv (some minutes the first time) …"
# torch on its own and first: asked for through another package, pip would take the build with gigabytes of CUDA.
torch=$(grep '^torch==' constraints.txt)
"$venv/bin/python" -c "import torch, sys; sys.exit(torch.__version__.split('+')[0] != '${torch#torch==}')" 2>/dev/null ||
    pip install "$torch" || fail "PyTorch could not be installed. $again"
pip install --upgrade 'pip>=25.1' || fail "pip could not be upgraded. $again"
pip install --constraint constraints.txt --editable . --group dev || fail "The dependencies could not be installed. $again"
echo "Installed."
