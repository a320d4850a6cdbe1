#!/bin/sh
# Names every prerequisite that is missing, with how to get it, before anything starts.
#
#     prerequisites.sh [kafka|test]
#
# `kafka` asks for Java and Maven too, unless KAFKA_BOOTSTRAP_SERVERS names a broker; `test` asks for a browser besides.
missing=0

lacks() {
    printf 'missing: %s\n         %s\n' "$1" "$2" >&2
    missing=1
}

# at_least VERSION WANTED: both dotted numbers
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

[ "$(uname -s)" = Linux ] ||
    lacks 'Linux' 'the functions are Linux programs that run on this machine: use Linux, WSL 2 or a Linux virtual machine'

rust=$(cargo --version 2>/dev/null | cut -d ' ' -f 2)
if [ -z "$rust" ]; then
    lacks 'Rust 1.94 or newer' 'https://rustup.rs, then open a new shell'
elif ! at_least "$rust" 1.94; then
    lacks "Rust 1.94 or newer (this is $rust)" 'rustup update stable'
fi

for tool in cc c++ perl; do
    command -v $tool >/dev/null ||
        lacks "$tool (librdkafka and OpenSSL are compiled along)" 'Debian, Ubuntu: apt-get install build-essential perl; Fedora: dnf install gcc-c++ perl'
done

python3=${PYTHON-python3}
python=$("$python3" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
if [ -z "$python" ] || ! at_least "$python" 3.11; then
    lacks "Python 3.11 or newer${python:+ (this is $python)}" 'Debian, Ubuntu: apt-get install python3 python3-venv'
elif ! "$python3" -c 'import venv, ensurepip' 2>/dev/null; then
    lacks "Python's venv module" 'Debian, Ubuntu: apt-get install python3-venv'
fi

if [ -n "$1" ] && [ -z "$KAFKA_BOOTSTRAP_SERVERS" ]; then
    command -v openssl >/dev/null ||
        lacks 'openssl (certificates of a broker with TLS are made with it)' 'Debian, Ubuntu: apt-get install openssl; Fedora: dnf install openssl'
    java=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
    if [ -z "$java" ] || [ "$java" -lt 17 ]; then
        lacks "Java 17 or newer${java:+ (this is $java)}" 'Debian, Ubuntu: apt-get install openjdk-17-jre-headless; or name a broker: KAFKA_BOOTSTRAP_SERVERS=host:9092'
    fi
    command -v mvn >/dev/null ||
        lacks 'Maven' 'Debian, Ubuntu: apt-get install maven; or name a broker: KAFKA_BOOTSTRAP_SERVERS=host:9092'
fi

if [ "$1" = test ] && [ -z "$CHROMIUM" ]; then
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
        lacks 'Chromium (the tests look at the reports in it)' 'Debian: apt-get install chromium; Fedora: dnf install chromium; or name one: CHROMIUM=/path/to/it'
fi

exit $missing
