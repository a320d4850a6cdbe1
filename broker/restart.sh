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

answers() {
    (: <"/dev/tcp/$BROKER_HOST/$BROKER_PORT") 2>/dev/null
}
certificate=$BROKER_FOLDER/security/broker.crt
expired=
[ ! -s "$certificate" ] || openssl x509 -in "$certificate" -noout -checkend 0 >/dev/null || expired=yes
# One that is only coming, or coming back without its instance or volume, is waited for by the command that brings it.
awaits=yes
[ -s "$BROKER_FOLDER/controller" ] && [ -z "${NEW_INSTANCE-}" ] || awaits=

# One that does not answer serves nobody, and one whose certificate has expired is spoken to by nobody.
if [ -z "$expired" ] && answers; then
    "$scripts/as-kafka.sh" join.sh
    "$scripts/as-kafka.sh" await-in-sync.sh
fi
# kafka.service makes one where there is none.
[ "${1-}" != certificate ] || rm -f "$BROKER_FOLDER/security/broker.pem"
# Not before: what is refused changes nothing.
"$scripts/as-kafka.sh" write-server-properties.sh
systemctl restart kafka
if [ -n "$expired" ] && [[ $BROKER_HOSTS == *,* ]]; then
    echo 'the certificate had expired, and is a new one: this broker answers when another one has a new one too'
    exit
fi
# After a crash it reads its records first, as long as that takes.
for ((second = 0; second < 900; second++)); do
    if answers; then
        "$scripts/as-kafka.sh" join.sh
        [ -z "$awaits" ] || "$scripts/as-kafka.sh" await-in-sync.sh
        exit
    fi
    systemctl is-active --quiet kafka || break
    sleep 1
done
echo 'the broker did not start: journalctl -u kafka says why' >&2
exit 1
