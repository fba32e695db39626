#!/usr/bin/env bash
# What the tests need besides Python. Installs Debian's packages when something is missing and it may.
set -euo pipefail

missing=()
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || missing+=(postgresql)
command -v redis-server >/dev/null || missing+=(redis-server)
command -v chromium >/dev/null || missing+=(chromium)
fc-list ':lang=zh' 2>/dev/null | grep -q . || missing+=(fontconfig fonts-noto-cjk)
command -v node >/dev/null || missing+=(nodejs)
command -v strace >/dev/null || missing+=(strace)
command -v faketime >/dev/null || missing+=(faketime)
[ -x /usr/sbin/nginx ] || command -v nginx >/dev/null || missing+=(nginx-light)

[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "The tests need ${missing[*]}. On Debian: sudo apt-get install ${missing[*]}" >&2
    exit 1
fi
echo "Installing ${missing[*]} …"
export DEBIAN_FRONTEND=noninteractive
{ apt-get -qq update && apt-get -qq install -y --no-install-recommends "${missing[@]}"; } >/tmp/answerdesk-apt.log 2>&1 || {
    tail -5 /tmp/answerdesk-apt.log >&2
    echo "apt-get could not install ${missing[*]}: see /tmp/answerdesk-apt.log, then run the same command again." >&2
    exit 1
}
