#!/bin/bash
# Restarts Kafka on this instance, or starts it, in a way that the others go on: it waits until they can do without this broker, and then
# until it has caught up with them. Run as root.
#
#     restart.sh [certificate]     with a new certificate, however long the old one is good for
set -euo pipefail

scripts=/opt/tickerlake/broker
set -a
# shellcheck source=/dev/null
. /etc/tickerlake/broker.env
set +a
: "${BROKER_HOST:?}" "${BROKER_PORT:=9096}"

! systemctl is-active --quiet kafka || "$scripts/as-kafka.sh" await-in-sync.sh
# kafka.service makes one where there is none.
[ "${1-}" != certificate ] || rm -f "$BROKER_FOLDER/security/broker.pem"
systemctl restart kafka
for _ in {1..150}; do
    if (: <"/dev/tcp/$BROKER_HOST/$BROKER_PORT") 2>/dev/null; then
        "$scripts/as-kafka.sh" join.sh
        "$scripts/as-kafka.sh" await-in-sync.sh
        exit
    fi
    sleep 1
done
echo 'the broker did not start: journalctl -u kafka says why' >&2
exit 1
