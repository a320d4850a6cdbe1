#!/bin/sh
# Prints the Java that Trino runs on: the one that TRINO_JAVA names, else the first there is, if it is of version 24 or newer and has the
# module jdk.incubator.vector. Else nothing: prerequisites.sh says what is missing.
for java in "${TRINO_JAVA:-$JAVA_HOME/bin/java}" "${TRINO_JAVA:-$(command -v java)}" "${TRINO_JAVA:-/usr/lib/jvm}"/*/bin/java; do
    # An old one knows no modules.
    modules=$("$java" --list-modules 2>/dev/null) || continue
    version=$(printf '%s\n' "$modules" | sed -n 's/^java\.base@\([0-9]*\).*/\1/p')
    [ "${version:-0}" -ge 24 ] || continue
    case $modules in
    *jdk.incubator.vector*)
        echo "$java"
        exit
        ;;
    esac
done
