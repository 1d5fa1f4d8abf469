#!/usr/bin/env bash
# Does on a fresh Debian, in a directory of this machine, what a person does on a new terminal: clone, make.
#
#   packaging/rehearse.sh                          Debian 12, `make check test`
#   packaging/rehearse.sh trixie test              Debian 13, one target
#   REHEARSAL_ROOT=/var/tmp/fresh packaging/rehearse.sh
#
# Needs root, debootstrap, git, flock. Mirror, proxy, certificates and pip's configuration are this machine's own: they
# are copied into the root or handed on, so that the rehearsal works wherever this machine can install things at all.
# The committed state of the checkout is what is rehearsed. The root is made new each time; what apt downloaded is kept
# beside it.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

release=${1:-bookworm}
shift || true
targets=("$@")
((${#targets[@]})) || targets=(check test)

root=${REHEARSAL_ROOT:-/var/tmp/linban-fresh-$release}
cache=$root.packages

say() { printf '\n\033[1m=== %s\033[0m\n' "$*"; }

((EUID == 0)) || { echo "packaging/rehearse.sh needs root: it makes a Debian root and enters it." >&2; exit 1; }
command -v debootstrap > /dev/null || { echo "Install debootstrap first: apt-get install debootstrap" >&2; exit 1; }

leave() {
    local mount
    for mount in dev/pts dev proc sys var/cache/apt/archives; do
        if mountpoint -q "$root/$mount"; then umount "$root/$mount"; fi
    done
}
trap leave EXIT

own_mirror() {  # the first Debian archive this machine itself uses
    { grep -rhoE '^(URIs: *|deb (\[[^]]*\] )?)https?://[^ ]+' /etc/apt/sources.list /etc/apt/sources.list.d/*.sources \
        /etc/apt/sources.list.d/*.list 2> /dev/null || true; } \
        | grep -oE 'https?://[^ ]+' | grep -E '/debian/?$' | head -n 1
}

enter() {
    # env -i: nothing of this shell leaks in, except how to reach the outside.
    local -a handed_on=()
    local name
    while read -r name; do handed_on+=("$name=${!name}"); done \
        < <(compgen -e | grep -E '^(PIP_.*|.*_proxy|.*_PROXY|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE)$' || true)
    env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb \
        ${handed_on[@]+"${handed_on[@]}"} chroot "$root" "$@"
}

mirror=${REHEARSAL_MIRROR:-$(own_mirror)}
[[ -n $mirror ]] || { echo "No Debian mirror in apt's configuration; name one in REHEARSAL_MIRROR." >&2; exit 1; }

say "A fresh $release from this machine's mirror"
leave
rm -rf --one-file-system "$root"
mkdir -p "$cache"
if [[ ! -f $cache/base-$release.tar ]]; then
    debootstrap --variant=minbase --include=git,make,ca-certificates "$release" "$root" "$mirror" > "$cache/debootstrap.log" \
        || { tail -n 20 "$cache/debootstrap.log" >&2; exit 1; }
    rm -rf "$root"/var/cache/apt/archives/*.deb
    tar -C "$root" --one-file-system -cf "$cache/base-$release.tar" .
else
    mkdir -p "$root"
    tar -C "$root" -xf "$cache/base-$release.tar"
fi

mkdir -p "$root/var/cache/apt/archives" "$cache/archives"
mount --bind "$cache/archives" "$root/var/cache/apt/archives"
for part in proc sys dev dev/pts; do mount --bind "/$part" "$root/$part"; done
cp /etc/resolv.conf "$root/etc/resolv.conf"

# How this machine reaches the outside: apt's options and pip's configuration, its certificates, its local wheels.
for options in /etc/apt/apt.conf.d/*; do
    # Container images tell apt to delete what it downloads; here it is kept for the next rehearsal.
    if [[ $options != */docker-* ]]; then cp -n "$options" "$root/etc/apt/apt.conf.d/"; fi
done
echo 'Binary::apt::APT::Keep-Downloaded-Packages "true";' > "$root/etc/apt/apt.conf.d/00keep"
if [[ -f /etc/pip.conf ]]; then cp /etc/pip.conf "$root/etc/pip.conf"; fi
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
if [[ $release == bookworm ]]; then
    # The security archive as this machine has it, or the oldest packages of the release are what is rehearsed.
    cp /etc/apt/sources.list.d/debian.sources "$root/etc/apt/sources.list.d/" 2> /dev/null && : > "$root/etc/apt/sources.list" || true
fi

git -c safe.directory='*' clone --quiet --no-local . "$root/root/linban"
say "$(git log -1 --format='%h %s') on $(. "$root/etc/os-release" && echo "$PRETTY_NAME")"

for target in "${targets[@]}"; do
    say "make $target"
    started=$SECONDS
    enter bash -c "cd /root/linban && make $target"
    echo "--- make $target: $((SECONDS - started)) s"
done

say "Libraries that Qt's plugins look for and do not find"
# Plugins that a terminal never loads: foreign databases, GTK's look, printing through Qt, a compositor, bare video modes.
enter bash -c 'cd /root/linban/.venv/lib/python3*/site-packages && find . \( -name "*.so*" -o -path "*/PySide6/*" -type f -perm -u+x \) \
    | grep -vE "libqsql(mysql|psql|odbc|oci|ibase|mimer)|gtk3|cupsprintersupport|[Cc]ompositor|eglfs|EglFs|linuxfb|vkkhr|wayland-server|-server\.so" \
    | while read -r file; do ldd "$file" 2> /dev/null | grep "not found" | grep -v libQt6 | sed "s|^|$file:|"; done' | sort | uniq || true

say "What set-up costs when there is nothing to do"
enter bash -c 'cd /root/linban && time make setup && time make setup-dev'
