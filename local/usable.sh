#!/bin/sh
# Prints what is to be used where the environment names nothing, or something of no use.
#
#     usable.sh home | temporary | cache HOME | cargo HOME | certificates
#
# `home` is where the settings of cargo and pip are, `temporary` takes temporary files, `cache` and `cargo`
# what is fetched; `certificates` prints the
# names of the variables that name a file or folder of certificates which is not there.
project=$(pwd)

# writable FOLDER: it is made if it is not there. Tried, because the rights of a folder say nothing of a file system that is read-only.
writable() {
    mkdir -p "$1" 2>/dev/null && probe=$(mktemp -d "$1/.probe.XXXXXX" 2>/dev/null) && rmdir "$probe"
}

# runs_programs FOLDER
runs_programs() {
    probe=$(mktemp "$1/probe.XXXXXX" 2>/dev/null) || return
    printf '#!/bin/sh\n' >"$probe" && chmod 700 "$probe" && "$probe" 2>/dev/null
    result=$?
    rm -f "$probe"
    return $result
}

case $1 in
home)
    for home in "$HOME" "$(eval echo "~$(id -un 2>/dev/null)")"; do
        case $home in
        /*) [ ! -d "$home" ] || { echo "$home" && exit; } ;;
        esac
    done
    mkdir -p "$project/target/home" && echo "$project/target/home"
    ;;
temporary)
    case $TMPDIR in
    *[![:graph:]]* | [!/]*) ;;
    ?*) ! runs_programs "$TMPDIR" || { echo "$TMPDIR" && exit; } ;;
    esac
    echo /tmp
    ;;
cache)
    cache=${XDG_CACHE_HOME:-$2/.cache}
    if writable "$cache"; then echo "$cache"; else echo "$project/target/cache"; fi
    ;;
cargo)
    cargo=${CARGO_HOME:-$2/.cargo}
    if writable "$cargo/registry"; then
        echo "$cargo"
    else
        mkdir -p "$project/target/cargo" || exit
        # How to reach the registries stands there.
        for file in config config.toml credentials.toml; do
            [ ! -e "$cargo/$file" ] || ln -sf "$cargo/$file" "$project/target/cargo/"
        done
        echo "$project/target/cargo"
    fi
    ;;
certificates)
    for name in SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE PIP_CERT PIP_CLIENT_CERT CARGO_HTTP_CAINFO GIT_SSL_CAINFO; do
        eval "named=\${$name-}"
        [ -z "$named" ] || [ -e "$named" ] || echo "$name"
    done
    ;;
esac
