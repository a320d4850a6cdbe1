#!/bin/bash
# Runs a script of this folder on the instance as the user of Kafka, with the instance's settings: as-kafka.sh SCRIPT ARGUMENTS
set -euo pipefail

set -a
# shellcheck source=/dev/null
. /etc/tickerlake/broker.env
set +a
exec runuser --user kafka -- "$(dirname "$0")/$1" "${@:2}"
