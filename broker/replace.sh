#!/bin/bash
# Makes the instance of a broker anew, at the same address, while the others serve: `make replace-broker`, which names the variables.
set -euo pipefail

: "${BROKER:?name the broker: BROKER=1, 2 or 3}"
stack=tickerlake-broker
scripts=$(cd "$(dirname "$0")" && pwd)
resource() {
    aws cloudformation describe-stack-resources --stack-name "$stack" --output text \
        --query "StackResources[?LogicalResourceId=='$1' && ResourceStatus!='DELETE_COMPLETE'].PhysicalResourceId"
}
deploy() {
    aws cloudformation deploy --stack-name "$stack" --template-file broker.yaml --capabilities CAPABILITY_IAM \
        --no-fail-on-empty-changeset --parameter-overrides StackIsComplete=true "$@"
}

# An empty volume costs what no other broker has.
count=$(aws cloudformation describe-stacks --stack-name "$stack" --output text \
    --query "Stacks[0].Parameters[?ParameterKey=='BrokerCount'].ParameterValue")
[ "$BROKER" -le "$count" ] || {
    echo "there are $count brokers, and no broker $BROKER" >&2
    exit 1
}
if [ "$count" -gt 1 ]; then
    "$scripts/on-broker.sh" $((BROKER % 3 + 1)) "/opt/tickerlake/broker/as-kafka.sh may-go.sh $BROKER"
elif [ -n "${EMPTY-}" ] && [ -z "${LOSE-}" ]; then
    echo 'it is the only broker: what has not landed is on its volume, and nowhere else. LOSE=1 replaces it all the same; nothing was changed' >&2
    exit 1
fi

# CloudFormation detaches no volume that is in use; a machine that is stopped mounts none. One that is lost is gone.
instance=$(resource "Broker$BROKER")
if [ -n "$instance" ]; then
    state=$(aws ec2 describe-instances --instance-ids "$instance" --output text --query 'Reservations[].Instances[].State.Name' 2>&1) ||
        [[ $state == *InvalidInstanceID.NotFound* ]] || {
        printf '%s\n' "$state" >&2
        exit 1
    }
    if [[ $state == running || $state == stopping || $state == pending ]]; then
        aws ec2 stop-instances --instance-ids "$instance" --output text >/dev/null
        aws ec2 wait instance-stopped --instance-ids "$instance"
    fi
fi
deploy "Without=$BROKER" ${EMPTY:+WithoutVolume=true}
deploy Without=0 WithoutVolume=false
"$scripts/on-broker.sh" "$BROKER" '/opt/tickerlake/broker/as-kafka.sh await-in-sync.sh 3000'
echo "broker $BROKER is back${EMPTY:+, with an empty volume; the one before is kept, and costs}, and in sync"
