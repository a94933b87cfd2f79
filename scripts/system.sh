# Fresh Debian systems in folders, for the scripts that try things in them; sourced, never run. Needs lib.sh and root.

# make_system SUITE ROOT: a system with nothing but its essential packages, sudo and certificates, and a user
# `newcomer` who may use sudo.
make_system() {
    local suite=$1 system=$2 mirror security
    install_packages debootstrap
    mirror=$(debian_mirror) || fail "found no Debian mirror in APT's configuration"
    # shellcheck disable=SC2016 # APT expands these
    security=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 2>/dev/null |
        sed -n 's/^Debian-Security \(.*\)$/\1/p' | head -n 1)
    say "Making a system of $suite in $system"
    debootstrap --variant=minbase --include=sudo,ca-certificates "$suite" "$system" "$mirror" >"$system.log" ||
        fail "debootstrap failed; see $system.log"
    {
        printf 'deb %s %s main\n' "$mirror" "$suite" "$mirror" "$suite-updates"
        [ -z "$security" ] || printf 'deb %s %s main\n' "$security" "$suite-security"
    } >"$system/etc/apt/sources.list"
    echo force-unsafe-io >"$system/etc/dpkg/dpkg.cfg.d/unsafe-io" # nobody misses it after a crash
    useradd --root "$system" --create-home --shell /bin/bash newcomer
    printf 'newcomer ALL=(ALL) NOPASSWD: ALL\n' >"$system/etc/sudoers.d/newcomer"
}

# lend_network ROOT: how this machine reaches its package registries.
lend_network() {
    local system=$1
    cp -L /etc/resolv.conf /etc/hosts "$system/etc/"
    cp /etc/hostname "$system/etc/hostname"
    cp /usr/local/share/ca-certificates/*.crt "$system/usr/local/share/ca-certificates/" 2>/dev/null || true
    chroot "$system" update-ca-certificates >/dev/null
    local file
    for file in /etc/apt/apt.conf.d/*; do # proxies and the like; what belongs to packages is left out
        dpkg-query -S "$file" >/dev/null 2>&1 || cp "$file" "$system/etc/apt/apt.conf.d/"
    done
}

# mount_devices ROOT, mount_system ROOT: what programs expect; /run is a tmpfs in a system. For namespaces of its own,
# with which the mounts go.
mount_devices() {
    mount -t proc proc "$1/proc"
    mount -t sysfs -o ro sysfs "$1/sys"
    mount --rbind /dev "$1/dev"
    mount -t tmpfs tmpfs "$1/dev/shm"
}

mount_system() {
    mount_devices "$1"
    mount -t tmpfs tmpfs "$1/run"
}

# overlay BASE LAYER: mounts LAYER/root, a system that begins as BASE and whose changes are kept in LAYER. For
# namespaces of its own.
overlay() {
    mkdir -p "$2/changes" "$2/work" "$2/root"
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/changes,workdir=$2/work" "$2/root"
}

# alone FUNCTION...: runs a function in namespaces of its own, with which its mounts and processes go. With
# `alone --net`, without a network but the loopback.
alone() {
    local spaces=(--mount --pid --fork --kill-child --ipc --uts)
    if [ "$1" = --net ]; then
        spaces+=(--net)
        shift
    fi
    # What the shell knows, functions and variables, goes along.
    unshare "${spaces[@]}" -- bash -euo pipefail -c "$(declare -f); $(declare -p root); \"\$@\"" alone "$@"
}

# -- a server in such a system --

# wait_for COMMAND...: until it succeeds, 300 times at most. Shows the file $log if it does not.
wait_for() {
    local attempt
    for attempt in $(seq 1 300); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    printf 'it goes on failing: %s\n' "$*" >&2
    cat "$log" >&2
    return 1
}

# round_trip ADDRESS PORT [--tls]: what a client sends comes back to it and to another.
round_trip() {
    PYTHONPATH=$root/tests/integration/harness python3 - "$@" <<'PYTHON'
import os, ssl, sys, types
# The tests' client, without what else the tests need.
harness = types.ModuleType('harness')
harness.__path__ = [os.environ['PYTHONPATH']]
sys.modules['harness'] = harness
from harness.wire import RawClient, Refused
address = (sys.argv[1], int(sys.argv[2]))
tls = None
if '--tls' in sys.argv:
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    try:
        RawClient(None, tls=tls, address=address)
        sys.exit('a client without a token was let in')
    except Refused as refused:
        print(f'==> TLS upgrade without a token: {refused.status}')
        sys.exit(refused.status != 401)
with RawClient(None, address=address) as sender, RawClient(None, address=address) as receiver:
    sender.text('hello')
    assert sender.read_text() == receiver.read_text() == 'hello'
    print('==> WebSocket round trip: hello')
PYTHON
}
