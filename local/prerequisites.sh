#!/bin/sh
# Names everything that is missing or in the way, with what to do about it, before anything starts.
#
#     prerequisites.sh compilers|libraries|tls|cplusplus|python|broker|openssl|browser|trino_java|go ...
#
# What compiles Rust, librdkafka, OpenSSL for TLS, C++; what sets up the tools; the broker that KAFKA_BOOTSTRAP_SERVERS names,
# if it does; and what only the tests use.
# Each need is the name of a function, which is called by that name at the end.
# shellcheck disable=SC2329
missing=0

lacks() {
    printf 'missing: %s\n         %s\n' "$1" "$2" >&2
    missing=1
}

# at_least VERSION WANTED: both dotted numbers
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

has_space() {
    case $1 in
    *[[:space:]]*) ;;
    *) return 1 ;;
    esac
}

# How to get the packages of a system.
packages() {
    printf 'Debian, Ubuntu: apt-get install %s; Fedora: dnf install %s' "$1" "$2"
}

system() {
    [ "$(uname -s)" = Linux ] ||
        lacks 'Linux' 'the functions are Linux programs that run on this machine: use Linux, WSL 2 or a Linux virtual machine'
    case $(uname -r) in
    *-Microsoft) lacks 'WSL 2 (this is WSL 1)' 'in a Windows terminal: wsl --set-version <name of the distribution> 2' ;;
    esac
    # dash and busybox have it, as bash has.
    # shellcheck disable=SC3045
    files=$(ulimit -Hn)
    [ "$files" = unlimited ] || [ "$files" -ge 1024 ] ||
        lacks "1024 open files (this shell allows $files, and no more)" 'log in anew, or raise "nofile" in /etc/security/limits.conf'
}

# Where the project lies: it is built, and runs, below target/.
folder() {
    case $(pwd) in
    *[:\$\#\\\'\"\`]*)
        lacks 'a folder for the project that all programs can name' "$(pwd) has one of : \$ # \\ ' \" \` in its path: move the project"
        return
        ;;
    esac
    # local/environment.mk has it built in cargo's folder then.
    if has_space "$(pwd)" && has_space "${CARGO_HOME-$HOME/.cargo}"; then
        lacks 'a folder without a space in its path, for the project or for cargo' \
            "librdkafka cannot be built in any other: move the project, or set CARGO_HOME to a folder that has none"
        return
    fi
    # Of WSL only: elsewhere such a file system may do all that is needed.
    case $(uname -r)$(stat --file-system --format %T . 2>/dev/null) in
    *[Mm]icrosoft*v9fs | *[Mm]icrosoft*9p | *[Mm]icrosoft*drvfs)
        lacks 'a Linux file system for the project' \
            "$(pwd) is on a drive of Windows, which keeps no locks and rights and is slow: clone the project anew below your home in Linux (cd ~)"
        return
        ;;
    esac
    if ! mkdir -p target || ! probe=$(mktemp -d target/probe.XXXXXX); then
        lacks 'a folder for the project that can be written' "$(pwd) cannot: it belongs to another user, is read-only or full"
        return
    fi
    # shellcheck disable=SC2015
    printf '#!/bin/sh\n' >"$probe/program" && chmod 700 "$probe/program" && ln -s program "$probe/link" && "$probe/link" 2>/dev/null ||
        lacks 'a file system for the project that runs programs' "$(pwd) is mounted with noexec, or knows no links: move the project"
    rm -rf "$probe"
}

compilers() {
    said=$(cargo --version 2>&1)
    rust=$(printf '%s\n' "$said" | sed -n 's/^cargo \([0-9.]*\).*/\1/p')
    chosen=${RUSTUP_TOOLCHAIN:+, which RUSTUP_TOOLCHAIN=$RUSTUP_TOOLCHAIN chooses}
    if ! command -v cargo >/dev/null; then
        lacks 'Rust 1.94.1 or newer' 'https://rustup.rs, then open a new shell'
    elif [ -z "$rust" ]; then
        lacks "Rust 1.94.1 or newer$chosen" "cargo says: $said${RUSTUP_TOOLCHAIN:+ (or unset RUSTUP_TOOLCHAIN)}"
    elif ! at_least "$rust" 1.94.1; then
        lacks "Rust 1.94.1 or newer (this is $rust$chosen)" "${RUSTUP_TOOLCHAIN:+unset RUSTUP_TOOLCHAIN; }rustup update stable"
    fi
    if ! command -v cc >/dev/null; then
        lacks 'cc, a C compiler (Rust links with it)' "$(packages build-essential gcc)"
    else
        said=$(printf '#include <stdio.h>\nint main(void) { return 0; }\n' | cc -x c -o /dev/null - 2>&1) ||
            lacks 'a C compiler with its headers' "cc says: $(printf '%s\n' "$said" | head -n 1); $(packages build-essential 'gcc glibc-devel')"
    fi
    # Where else the programs would be than where they are looked for. An unstable command of cargo: without an answer there is none.
    target=$(RUSTC_BOOTSTRAP=1 cargo -Zunstable-options config get --format json-value build.target 2>/dev/null) && [ -n "$target" ] &&
        lacks 'a cargo that builds for this machine' "build.target is $target in your .cargo/config.toml: remove it there"
}

libraries() {
    for tool in make bash; do
        command -v "$tool" >/dev/null || lacks "$tool (librdkafka is compiled along)" "$(packages 'make bash' 'make bash')"
    done
}

tls() {
    command -v perl >/dev/null || lacks 'perl (OpenSSL is compiled along)' "$(packages perl perl)"
}

cplusplus() {
    command -v c++ >/dev/null || lacks 'c++, a C++ compiler (libFuzzer is compiled along)' "$(packages build-essential gcc-c++)"
}

python() {
    python3=${PYTHON-python3}
    version=$("$python3" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>&1)
    case $version in
    3.*[!0-9]* | [!3]* | '') lacks 'Python 3.11 or newer' "$python3 says: $version; $(packages 'python3 python3-venv' python3)" ;;
    *)
        if ! at_least "$version" 3.11; then
            lacks "Python 3.11 or newer (this is $version)" "a newer one beside it will do: $(packages 'python3.12 python3.12-venv' python3.12)"
        elif ! "$python3" -I -c 'import venv, ensurepip' 2>/dev/null; then
            lacks "Python's venv module" "Debian, Ubuntu: apt-get install python$version-venv"
        fi
        ;;
    esac
}

# The first address only: the local stack asks all of them, and more than whether somebody is there.
broker() {
    [ -n "$KAFKA_BOOTSTRAP_SERVERS" ] || return 0
    said=$("${PYTHON-python3}" -I - "$KAFKA_BOOTSTRAP_SERVERS" 2>&1 <<'END'
import socket, sys

try:
    host, _, port = sys.argv[1].split(",")[0].strip().rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
except (OSError, ValueError, OverflowError) as error:
    sys.exit(str(error))
END
    ) || lacks "the broker that KAFKA_BOOTSTRAP_SERVERS=$KAFKA_BOOTSTRAP_SERVERS names" "$said: unset it to have a broker started, or name one as host:port"
}

openssl_command() {
    command -v openssl >/dev/null ||
        lacks 'openssl (the tests make certificates of a broker with TLS)' "$(packages openssl openssl)"
}

browser() {
    [ -n "$CHROMIUM" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
        lacks 'Chromium (the tests look at the reports in it)' "$(packages chromium chromium); or name one: CHROMIUM=/path/to/it"
}

go() {
    version=$(command go env GOVERSION 2>/dev/null)
    at_least "${version#go}" 1.25 ||
        lacks "Go 1.25 or newer, which builds actionlint${version:+ (this is $version)}" "https://go.dev/dl, or $(packages golang golang)"
}

trino_java() {
    [ -n "$("$(dirname "$0")/find-java.sh")" ] ||
        lacks "Java 24 or newer, a full one, with the module jdk.incubator.vector (Trino runs on it)${TRINO_JAVA:+: TRINO_JAVA=$TRINO_JAVA is none}" \
            "openjdk-25-jdk-headless where your Debian or Ubuntu has it, else Temurin 25 (https://adoptium.net); or name one: TRINO_JAVA=/path/to/bin/java"
}

system
folder
for need in "$@"; do
    case $need in
    openssl) openssl_command ;;
    *) $need ;;
    esac
done
exit $missing
