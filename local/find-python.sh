#!/bin/sh
# Prints the Python that makes the venvs: the first that is new enough and can. If none is, the first there is: prerequisites.sh says what it lacks.
first=
for name in python3 /usr/bin/python3 python3.14 python3.13 python3.12 python3.11; do
    program=$(command -v "$name") || continue
    first=${first:-$program}
    # -I: whatever PYTHONHOME and the like say.
    "$program" -I -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    echo "$program"
    exit
done
echo "${first:-python3}"
