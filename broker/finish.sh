#!/bin/bash
# Lets the brokers use what the new version of Kafka can: `make finish-upgrade`. There is no way back to the version before.
# shellcheck source=broker/stack.sh
. "$(dirname "$0")/stack.sh"

brokers >/dev/null
lock 'make finish-upgrade'
"$scripts/on-broker.sh" 1 '/opt/tickerlake/broker/as-kafka.sh finish-upgrade.sh'
