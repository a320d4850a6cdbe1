# shellcheck shell=bash
# What the commands for the stack of broker.yaml agree on, on the machine from which it is administrated; each of them begins with it.
set -euo pipefail

stack=tickerlake-broker
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export scripts

# What a resource is at AWS: nothing if it is not there.
resource() {
    aws cloudformation describe-stack-resources --stack-name "$stack" --output text \
        --query "StackResources[?LogicalResourceId=='$1' && ResourceStatus!='DELETE_COMPLETE'].PhysicalResourceId"
}

query() {
    aws cloudformation describe-stacks --stack-name "$stack" --output text --query "$1"
}

# The value of a parameter of the stack.
was() {
    query "Stacks[0].Parameters[?ParameterKey=='$1'].ParameterValue"
}

brokers() {
    local count
    count=$(was BrokerCount) || return
    [ -n "$count" ] || {
        echo "$stack was made by an earlier version, whose broker keeps neither its address nor its layout: when all has landed, make undeploy-broker, and deploy anew" >&2
        return 1
    }
    echo "$count"
}

# One command at a time, from whichever machine: two that each take a broker away would take two. The parameter is the lock.
lock() {
    local said
    said=$(aws ssm put-parameter --name "$stack-lock" --type String --value "$1, $(whoami)@$(uname -n), $(date -u +%FT%TZ)" 2>&1) || {
        if [[ $said == *ParameterAlreadyExists* ]]; then
            said="another command is under way: $(aws ssm get-parameter --name "$stack-lock" --output text --query Parameter.Value || true)
nothing was changed. If it was interrupted, and nothing of it runs on the instances any more: aws ssm delete-parameter --name $stack-lock"
        fi
        printf '%s\n' "$said" >&2
        exit 1
    }
    trap unlock EXIT
    trap 'interrupted HUP' HUP
    trap 'interrupted INT' INT
    trap 'interrupted TERM' TERM
}

unlock() {
    [ -z "${archive-}" ] || rm -f "$archive"
    [ -n "${kept_lock-}" ] || aws ssm delete-parameter --name "$stack-lock" >/dev/null
}

# What was sent to an instance goes on there.
interrupted() {
    kept_lock=yes
    echo "interrupted by SIG$1. What was begun on an instance goes on there; when it has ended: aws ssm delete-parameter --name $stack-lock, and the same command again" >&2
    exit 1
}
