#!/bin/bash
# Does something on one broker after the other, each when all are in sync, so that publishing goes on: `make restart-brokers` and others.
#
#     roll.sh restart
#     roll.sh certificates     new ones, signed by the same authority
#     roll.sh upgrade          brings each up to date with what `make deploy-broker` has uploaded, Kafka too
set -euo pipefail

scripts=$(cd "$(dirname "$0")" && pwd)
case ${1-} in
restart) command=/opt/tickerlake/broker/restart.sh ;;
certificates) command='/opt/tickerlake/broker/restart.sh certificate' ;;
upgrade) command='bash /var/lib/cloud/instance/user-data.txt' ;;
*)
    sed -n 's/^#     //p' "$0" >&2
    exit 2
    ;;
esac
count=$(aws cloudformation describe-stacks --stack-name tickerlake-broker --output text \
    --query "Stacks[0].Parameters[?ParameterKey=='BrokerCount'].ParameterValue")
[ "$count" != 1 ] || echo 'there is one broker: publishing waits while it restarts'
for ((id = 1; id <= count; id++)); do
    echo "broker $id: $1"
    "$scripts/on-broker.sh" "$id" "$command"
done
