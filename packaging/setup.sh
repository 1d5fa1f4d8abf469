#!/usr/bin/env bash
# Makes this checkout ready to use, and does nothing when it already is.
#
#   packaging/setup.sh demo    what `make run` needs: the terminal and the reference central platform
#   packaging/setup.sh dev     what `make test` needs: the same, and the tools that check it
#
# Three steps: Debian packages, the virtual environment .venv with hash-locked wheels, the project itself (editable).
# Where pip and apt download from is the machine's own configuration; nothing here names a host.
#
#   PYTHON=python3.12     use this interpreter instead of the first fitting one
#   SKIP_PACKAGES=1       leave the Debian packages alone (you have the libraries from elsewhere)

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

profile=${1:-dev}
case $profile in demo | dev) ;; *) echo "usage: packaging/setup.sh demo|dev" >&2; exit 2 ;; esac

root=$PWD
venv=.venv
lock=packaging/locks/$profile.txt
stamp=$venv/ready-$profile
dpkg_status=/var/lib/dpkg/status

# --- The way out when nothing changed: no process is started, so that the second `make run` costs nothing. ----------

newer_than_inputs() {
    local input
    for input in packaging/setup.sh "$lock" pyproject.toml "$dpkg_status"; do
        if [[ -e $input && ! $1 -nt $input ]]; then return 1; fi
    done
}

stands_here() {  # a checkout that was moved or copied has scripts that point to the old place
    local place
    { read -r place < "$1"; } 2> /dev/null && [[ $place == "$root" ]]
}

if [[ -x $venv/bin/python ]] && stands_here "$stamp" && newer_than_inputs "$stamp"; then exit 0; fi

say() { if [[ -t 1 ]]; then printf '\033[1m%s\033[0m\n' "$*"; else printf '%s\n' "$*"; fi; }
stop() { printf '%s\n' "$@" >&2; exit 1; }

# Two makes at once would write one environment over the other.
exec 9< packaging/setup.sh
if command -v flock > /dev/null; then flock 9; fi

# --- Debian packages -------------------------------------------------------------------------------------------------

# One line a package: the name in Debian 12 (a later package that Provides it counts as well), and why. The libraries are
# those that Qt's own wheels link and do not bring: packaging/rehearse.sh lists any that is missing.
needed_packages() {
    cat << 'TABLE'
python3              Linban is written in Python (3.11 or later)
python3-venv         the private environment .venv, which nothing on the system can disturb
fonts-noto-cjk       Chinese characters on screens and slips, rare ones of names included
libegl1              Qt: drawing, with or without a display
libgl1               Qt: drawing
libfontconfig1       Qt: finds the fonts
libfreetype6         Qt: draws the letters
libglib2.0-0         Qt: the event loop
libdbus-1-3          Qt: talks to a screen reader
libgssapi-krb5-2     Qt: its network library, which holds the local sockets between our processes, links it
libbrotli1           Qt: the same
libpulse0            Qt: its pinyin keyboard links its sound library, which links this
libxkbcommon0        Qt: keyboards
libxkbcommon-x11-0   Qt on X11: keyboards
libx11-6             Qt on X11
libx11-xcb1          Qt on X11
libxcb-cursor0       Qt on X11: the pointer
libxcb-glx0          Qt on X11: drawing
libxcb-icccm4        Qt on X11: windows
libxcb-image0        Qt on X11: pictures
libxcb-keysyms1      Qt on X11: keys
libxcb-randr0        Qt on X11: upright and second screens
libxcb-render0       Qt on X11: drawing
libxcb-render-util0  Qt on X11: drawing
libxcb-shape0        Qt on X11: windows
libxcb-shm0          Qt on X11: pictures
libxcb-sync1         Qt on X11: drawing in step
libxcb-util1         Qt on X11: windows
libxcb-xfixes0       Qt on X11: the pointer
libxcb-xkb1          Qt on X11: keyboards
libwayland-client0   Qt on Wayland
libwayland-cursor0   Qt on Wayland: the pointer
libwayland-egl1      Qt on Wayland: drawing
libusb-1.0-0         card readers and printers on USB
libpcsclite1         social-security cards and staff badges (readers need pcscd as well)
libudev1             notices at once when a device is plugged in
libzbar0             the second decoder for codes that the first one finds and cannot read
TABLE
    if [[ $profile == dev ]]; then
        cat << 'TABLE'
chromium             the tests: the operators' console in a browser
chromium-driver      the tests: the same
dnsmasq-base         the tests: names that answer wrongly, late or never
mosquitto            the tests: a peer of the drain benchmark
nftables             the tests: lines that lose packets
postgresql           the tests: a platform for a whole county
swtpm                the tests: a security chip without the chip
tpm2-tools           the tests: another program that speaks with it
strace               the tests: a journal whose every write and sync fails once
cups-client          the tests: lpadmin sets up a queue
cups-daemon          the tests: a print service of their own, in a folder of their own
cups-filters         the tests: what turns a PDF into the printer's language
cups-ipp-utils       the tests: ippeveprinter, an A4 printer without the printer
dbus                 the tests: ippeveprinter asks for a system bus
iproute2             the tests: network namespaces
nut-server           the tests: an uninterruptible power supply without the supply
pcscd                the tests: the service behind card readers, in a namespace of its own
poppler-utils        the tests: look at the PDF pages that were made
umockdev             the tests: USB devices without the devices
gir1.2-umockdev-1.0  the tests: the same, from Python
python3-gi           the tests: the same
vsmartcard-vpcd      the tests: a card reader without the reader
TABLE
    fi
}

missing_packages() {  # → the lines of the table whose package is not installed
    {
        needed_packages
        echo '--'
        dpkg-query -W -f '${db:Status-Abbrev}|${Package}|${Provides}\n'
    } | awk '
        $0 == "--" { installed = 1; next }
        !installed { wanted[$1] = $0; order[++count] = $1; next }
        {
            split($0, field, "|")
            if (field[1] !~ /^.i/) next
            delete wanted[field[2]]
            provided = split(field[3], names, /, */)
            for (i = 1; i <= provided; i++) { sub(/ .*/, "", names[i]); delete wanted[names[i]] }
        }
        END { for (i = 1; i <= count; i++) if (order[i] in wanted) print wanted[order[i]] }
    '
}

install_packages() {
    local missing names command
    if [[ -n ${SKIP_PACKAGES:-} ]]; then return; fi
    if ! command -v dpkg-query > /dev/null || ! command -v apt-get > /dev/null; then
        say "This is not a Debian or Ubuntu system. Linban goes on, and expects the equivalents of:"
        needed_packages | sed 's/^/  /'
        return
    fi
    missing=$(missing_packages)
    if [[ -z $missing ]]; then return; fi

    names=$(awk '{ printf "%s ", $1 }' <<< "$missing")
    command="apt-get install --yes --no-install-recommends ${names% }"
    say "Linban needs Debian packages that are not here yet:"
    sed 's/^/  /' <<< "$missing"

    local -a as_root=()
    if ((EUID != 0)); then
        if ! command -v sudo > /dev/null; then
            stop "" "You are not root and there is no sudo. Ask whoever keeps this machine to run, as root:" "" \
                "    apt-get update && $command" "" "and then run the same make command again."
        fi
        # Without a terminal sudo cannot ask for a password; with one it may.
        if [[ ! -t 0 ]] && ! sudo -n true 2> /dev/null; then
            stop "" "sudo wants a password and there is no terminal to ask on. Run this first:" "" \
                "    sudo apt-get update && sudo $command"
        fi
        as_root=(sudo)
    fi
    say "Installing them: ${as_root[*]:+sudo }$command"
    # A machine without its package lists, or with old ones, finds nothing or finds files that are gone.
    ${as_root[@]+"${as_root[@]}"} apt-get update -qq
    # shellcheck disable=SC2086  # a list of words on purpose
    ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive $command -qq < /dev/null > "$log" 2>&1 \
        || { cat "$log" >&2; stop "apt could not install them; its own words stand above."; }
    missing=$(missing_packages)
    if [[ -n $missing ]]; then stop "apt finished, but these are still missing:" "$missing"; fi
}

# --- The environment -------------------------------------------------------------------------------------------------

fitting_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
            echo "$candidate"
            return
        fi
    done
    stop "Linban needs Python 3.11 or later; ${PYTHON:-python3} here is $("${PYTHON:-python3}" --version 2>&1 || true)." \
        "Debian 12, Debian 13 and Ubuntu 24.04 bring one that fits."
}

check_c_library() {
    # Qt's wheels are built against these; pip's own answer ("no matching distribution") would not say so.
    local needs have
    case $(uname -m) in x86_64) needs=2.34 ;; aarch64) needs=2.39 ;; *) needs='' ;; esac
    have=$(getconf GNU_LIBC_VERSION 2> /dev/null | awk '{ print $2 }')
    if [[ -z $needs ]]; then
        stop "There are no Qt wheels for $(uname -m): Linban runs on amd64 and arm64."
    fi
    if [[ -z $have || $(printf '%s\n' "$needs" "$have" | sort -V | head -n 1) != "$needs" ]]; then
        stop "Qt's wheels for $(uname -m) need glibc $needs or later; this system has ${have:-another C library}." \
            "On arm64 that means Debian 13 or Ubuntu 24.04; on amd64 Debian 12 is enough."
    fi
}

make_environment() {
    local python version
    python=$(fitting_python)
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if [[ ! -x $venv/bin/python || ! -d $venv/lib/python$version/site-packages/pip ]] \
        || ! grep -qsx "$root" "$venv/place"; then
        say "Making .venv with Python $version"
        rm -rf "$venv"
        "$python" -m venv "$venv"
        echo "$root" > "$venv/place"
    fi
}

pip() { "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@"; }

install_wheels() {
    say "Installing $(grep -c '^[a-z0-9]' "$lock") hash-locked packages ($lock); the first time takes a minute or two"
    # The lock is complete, so nothing is resolved; only wheels, so nothing is compiled or run from a source archive.
    pip install -qq --require-hashes --no-deps --only-binary :all: -r "$lock"
}

install_project() {
    # Without isolation and without an index: works offline, with the locked build backend.
    pip install -qq --no-index --no-deps --no-build-isolation --editable .
}

# --- Together --------------------------------------------------------------------------------------------------------

fingerprint() { cat packaging/setup.sh "$lock" pyproject.toml | cksum; }

log=$(mktemp)
trap 'rm -f "$log"' EXIT

install_packages

# Files may be newer without being different (a branch switched there and back, an unrelated apt run).
if [[ -x $venv/bin/python ]] && stands_here "$stamp" && [[ $(tail -n +2 "$stamp") == "$(fingerprint)" ]] \
    && "$venv/bin/python" -c 'import PySide6, click' 2> /dev/null; then
    touch "$stamp"
    exit 0
fi

check_c_library
make_environment
install_wheels
install_project
printf '%s\n' "$root" "$(fingerprint)" > "$stamp"
if [[ $profile == dev && -f packaging/locks/demo.txt ]]; then
    # dev holds everything that demo does: `make run` after `make test` has nothing to install.
    printf '%s\n' "$root" "$(cat packaging/setup.sh packaging/locks/demo.txt pyproject.toml | cksum)" > "$venv/ready-demo"
fi
say "Ready: $venv/bin/kiosk"
