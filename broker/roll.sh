#!/bin/bash
# Does something on one broker after the other, each when all are in sync, so that publishing goes on: `make restart-brokers` and others.
# Those that do not answer come first: that costs nobody anything, and the others wait for them.
#
#     roll.sh restart
#     roll.sh certificates     new ones, signed by the same authority
#     roll.sh upgrade          brings each up to date with what `make deploy-broker` has uploaded, Kafka too
# shellcheck source=broker/stack.sh
. "$(dirname "$0")/stack.sh"

# What all need before one is waited for: with certificates that have expired they speak to none, and on a full disk one has ended, though its
# volume was enlarged since.
first=true
case ${1-} in
restart)
    target=restart-brokers
    command=/opt/tickerlake/broker/restart.sh
    ;;
certificates)
    target=renew-certificates
    command='/opt/tickerlake/broker/restart.sh certificate'
    first="openssl x509 -in /var/lib/kafka/security/broker.crt -noout -checkend 0 >/dev/null || $command"
    ;;
upgrade)
    target=upgrade-brokers
    command='bash /var/lib/cloud/instance/user-data.txt'
    first='xfs_growfs -d /var/lib/kafka >/dev/null || true'
    ;;
*)
    sed -n 's/^#     //p' "$0" >&2
    exit 2
    ;;
esac
count=$(brokers)
lock "make $target"
[ "$count" != 1 ] || echo 'there is one broker: publishing waits while it restarts'
silent=() others=()
for ((id = 1; id <= count; id++)); do
    # shellcheck disable=SC2016 # They are the instance's.
    said=$("$scripts/on-broker.sh" "$id" "$first || exit 1"'; . /etc/tickerlake/broker.env; timeout 5 bash -c '\'': </dev/tcp/$0/$1'\'' $BROKER_HOST ${BROKER_PORT:-9096} 2>/dev/null && echo answers || echo silent')
    if [[ $said == *answers* ]]; then others+=("$id"); else silent+=("$id"); fi
done
for id in "${silent[@]}" "${others[@]}"; do
    echo "broker $id: $1"
    "$scripts/on-broker.sh" "$id" "$command"
done
