# Shared by the scripts; sourced, never run. `root` is the project's folder.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# The version of clang-format and clang-tidy that judges this tree: versions differ in what they find.
# Debian 12 and 13 both have it.
clang_tools=19

# The server refuses files and folders that others may write to: nothing that is built here is one.
umask 022

say() {
    printf '%s\n' "==> $*"
}

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Ends with what mends it if others may write to this folder or the configuration in it: the server would
# refuse to load anything from here. A group that has its owner's name is the owner's alone.
check_modes() {
    local path others=
    for path in "$root" "$root/config/sluice.yaml"; do
        if [ "$(stat -c %U "$path")" = "$(stat -c %G "$path")" ]; then
            others+=$(find "$path" -maxdepth 0 -perm /002)
        else
            others+=$(find "$path" -maxdepth 0 -perm /022)
        fi
    done
    if [ -n "$others" ]; then
        fail "other users may write to $root, and so could change what the server runs;" \
            "mend it with: chmod -R go-w $root"
    fi
}

usage_error() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    usage >&2
    exit 2
}

# The name of a clang tool of the version that judges this tree: NAME-19, or NAME if that is of this
# version; status 1 if neither is here.
clang_tool() {
    if command -v "$1-$clang_tools"; then
        return
    fi
    "$1" --version 2>/dev/null | grep -q "version $clang_tools\." && command -v "$1"
}

# -- Debian's packages --

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Runs a command as root.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "packages are missing and this is neither root nor is there sudo; run as root: $*"
    fi
}

install_packages() {
    local package missing=()
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    if [ ${#missing[@]} -eq 0 ]; then
        say "Debian packages: all $# are installed"
        return
    fi
    say "Debian packages: installing ${missing[*]}"
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# The address of the machine's Debian mirror, from its own configuration.
debian_mirror() {
    local mirror
    # shellcheck disable=SC2016 # APT expands these
    mirror=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 2>/dev/null |
        sed -n 's/^Debian \(.*\)$/\1/p' | head -n 1)
    if [ -z "$mirror" ]; then # no lists have been fetched yet: what would be
        mirror=$(apt-get --print-uris update 2>/dev/null |
            sed -n "s|^'\(.*/debian/\)dists/[^']*/InRelease'.*|\1|p" | head -n 1)
    fi
    [ -n "$mirror" ] && printf '%s\n' "$mirror"
}
