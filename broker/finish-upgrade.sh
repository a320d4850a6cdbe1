#!/bin/bash
# Lets the brokers use what their version of Kafka can, after all of them have it. There is no way back to the version before.
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

jars=("$KAFKA_LIBS"/kafka_2.13-*.jar)
version=${jars[0]##*/kafka_2.13-}
"$scripts/await-in-sync.sh"
"$scripts/administrate.sh" features upgrade --release-version "${version%.*.jar}"
