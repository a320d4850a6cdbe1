#!/bin/bash
# One of Kafka's own tools, logged in as administrator at whichever broker answers: administrate.sh topics|acls|... ARGUMENTS
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

# One tool calls it by its older name.
option=--command-config
[ "$1" != leader-election ] || option=--admin.config
exec "$scripts/kafka.sh" "$1" --bootstrap-server "$BOOTSTRAP_SERVERS" "$option" "${ADMINISTRATOR:-$administrator}" "${@:2}"
