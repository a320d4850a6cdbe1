#!/bin/bash
# Runs a command as root on the instance of a broker, by Run Command of Systems Manager, and prints what that prints.
#
#     on-broker.sh ID COMMAND
set -euo pipefail

stack=tickerlake-broker
instance=$(aws cloudformation describe-stack-resources --stack-name "$stack" --output text \
    --query "StackResources[?LogicalResourceId=='Broker$1' && ResourceStatus!='DELETE_COMPLETE'].PhysicalResourceId")
[ -n "$instance" ] || {
    echo "there is no broker $1 in the stack $stack" >&2
    exit 1
}
# A new instance is not known to Systems Manager at once, and then has to come to the end of its first boot.
command="cloud-init status --wait >/dev/null; $2"
for try in {1..60}; do
    ! sent=$(aws ssm send-command --instance-ids "$instance" --document-name AWS-RunShellScript --output text --query Command.CommandId \
        --parameters "{\"commands\":[\"$command\"],\"executionTimeout\":[\"3600\"]}" 2>&1) || break
    [[ $sent == *InvalidInstanceId* && $try != 60 ]] || {
        printf '%s\n' "$sent" >&2
        exit 1
    }
    sleep 10
done
ask() {
    aws ssm get-command-invocation --command-id "$sent" --instance-id "$instance" --output text --query "$1"
}
while status=$(ask Status 2>/dev/null || echo Pending) && [[ $status == Pending || $status == InProgress || $status == Delayed ]]; do
    sleep 5
done
ask StandardOutputContent
[ "$status" = Success ] || {
    ask StandardErrorContent >&2
    echo "broker $1: $2: $status" >&2
    exit 1
}
