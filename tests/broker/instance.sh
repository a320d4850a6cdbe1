#!/bin/bash
# Stands in for what EC2 instances have and this machine has not, or must not do: a link to this file under each command's name. Every call
# is a line in INSTANCE/calls; what is below /etc, /opt, /usr/local and /var/lib there is below INSTANCE here. What all instances share
# (S3, secrets, the stack) is below CLOUD: the same folder, or that of several instances, i-1 to i-3, of which CloudFormation boots those
# that are to be there.
set -euo pipefail

name=$(basename "$0")
all=$*
CLOUD=${CLOUD:-$INSTANCE}
[ "$name" = user-data ] || printf '%s\n' "$name $*" | sed "s#$INSTANCE##g" >>"$INSTANCE/calls"
device=$INSTANCE/dev/sdk
real_path=${PATH#"$INSTANCE/bin:"}

move_below_instance() {
    sed -E -i "s#/(etc|opt|usr/local|var/lib)/#$INSTANCE&#g; s#/dev/sdk#$INSTANCE&#g" "$@"
}

local_path() {
    printf %s "${1/#s3:\/\//$CLOUD/s3/}"
}

is_running() {
    [ -e "$INSTANCE/run/$1" ] && kill -0 "$(<"$INSTANCE/run/$1")" 2>/dev/null
}

stop() {
    if is_running "$1"; then
        local process
        process=$(<"$INSTANCE/run/$1")
        kill "$process"
        while kill -0 "$process" 2>/dev/null; do /bin/sleep 0.1; done
    fi
    rm -f "$INSTANCE/run/$1"
}

# As systemd does it: nothing of the caller's environment, one process that stays.
start() {
    local unit=$INSTANCE/etc/systemd/system/$1.service
    stop "$1"
    {
        echo 'set -ea'
        [ ! -e "$INSTANCE/machine.env" ] || echo ". $INSTANCE/machine.env"
        sed -n 's/^EnvironmentFile=/. /p' "$unit"
        sed -n 's/^ExecStartPre=//p' "$unit"
        sed -n 's/^ExecStart=/exec /p' "$unit"
    } >"$INSTANCE/run/$1.sh"
    env -i "PATH=$PATH" bash "$INSTANCE/run/$1.sh" </dev/null >>"$INSTANCE/$1.log" 2>&1 &
    echo $! >"$INSTANCE/run/$1"
}

# Runs something on an instance, as root there.
on() {
    (
        set -a
        # shellcheck source=/dev/null
        . "$CLOUD/machine.$1.env"
        set +a
        exec env "INSTANCE=$CLOUD/i-$1" "CLOUD=$CLOUD" "PATH=$CLOUD/i-$1/bin:$real_path" "${@:2}"
    )
}

boot() {
    local machine=$CLOUD/i-$1 folder
    for folder in bin dev etc/systemd/system opt/aws/bin run usr/local/bin var/lib/cloud/instance; do
        mkdir -p "$machine/$folder"
    done
    cp -P "$CLOUD"/bin/* "$machine/bin/"
    ln -sf "$(readlink -f "$0")" "$machine/opt/aws/bin/cfn-signal"
    touch "$machine/dev/sdk" "$machine/etc/fstab" "$machine/calls"
    cp "$CLOUD/machine.$1.env" "$machine/machine.env"
    # The volume.
    [ -e "$machine/var/lib/kafka" ] || {
        mkdir "$machine/var/lib/kafka"
        cp "$CLOUD/own.$1.properties" "$machine/var/lib/kafka/own.properties"
    }
    cp "$CLOUD/user-data.$1" "$machine/var/lib/cloud/instance/user-data.txt"
    INSTANCE=$machine move_below_instance "$machine/var/lib/cloud/instance/user-data.txt"
    touch "$machine/run/booting"
    {
        on "$1" bash "$machine/var/lib/cloud/instance/user-data.txt" </dev/null >"$machine/boot.log" 2>&1 || touch "$machine/run/failed"
        rm "$machine/run/booting"
    } &
}

# Only what is told apart by its value here.
parameter() {
    local argument
    for argument in "${@:2}"; do
        [[ $argument != "$1="* ]] || printf '%s\n' "${argument#*=}"
    done | tail -n 1
}

deploy() {
    local changed value fresh=
    [ -e "$CLOUD/stack" ] || fresh=yes
    touch "$CLOUD/stack"
    for changed in BrokerCount StackIsComplete Without WithoutVolume; do
        value=$(parameter "$changed" "$@")
        [ -z "$value" ] || echo "$value" >"$CLOUD/$changed"
    done
    [ -e "$CLOUD/user-data.1" ] || return 0
    local id count without
    count=$(<"$CLOUD/BrokerCount")
    without=$(cat "$CLOUD/Without" 2>/dev/null || echo 0)
    for ((id = 1; id <= count; id++)); do
        if [ "$id" = "$without" ]; then
            [ -e "$CLOUD/stopped.$id" ] || exit 9
            if [[ $(cat "$CLOUD/WithoutVolume" 2>/dev/null) == true && -e $CLOUD/i-$id/var/lib/kafka ]]; then
                mv "$CLOUD/i-$id/var/lib/kafka" "$CLOUD/kept.$id"
                echo $(($(cat "$CLOUD/volumes.$id" 2>/dev/null || echo 0) + 1)) >"$CLOUD/volumes.$id"
            fi
            rm -rf "$CLOUD/i-$id"/{bin,dev,etc,opt,run,usr,machine.env}
        elif [ ! -e "$CLOUD/i-$id/etc" ]; then
            rm -f "$CLOUD/stopped.$id"
            boot "$id"
        fi
    done
    # It waits for the signals of those that come with the stack.
    [ -n "$fresh" ] || return 0
    wait
    for ((id = 1; id <= count; id++)); do
        [ ! -e "$CLOUD/i-$id/run/failed" ]
    done
}

settings() {
    local count all
    count=$(cat "$CLOUD/BrokerCount")
    # All are on one machine here: the same address, and ports of their own.
    all=$(printf ',127.0.0.1%.0s' $(seq "$count"))
    sed "s/@HOSTS@/${all#,}/; s/@COMPLETE@/$(<"$CLOUD/StackIsComplete")/" "$CLOUD/settings"
    [ ! -e "$CLOUD/addresses.$count" ] || cat "$CLOUD/addresses.$count"
}

if [ -e "$INSTANCE/machine.env" ]; then
    set -a
    # shellcheck source=/dev/null
    . "$INSTANCE/machine.env"
    set +a
fi

case $name in
user-data)
    move_below_instance "$1"
    exec bash "$1"
    ;;
aws)
    case "$1 $2" in
    's3 cp') cp "$(local_path "${*: -2:1}")" "$(local_path "${*: -1}")" ;;
    'ssm get-parameter')
        case $* in
        *" tickerlake-broker-"*)
            cat "$CLOUD/parameter.$4" 2>/dev/null || {
                echo 'An error occurred (ParameterNotFound) when calling the GetParameter operation' >&2
                exit 254
            }
            ;;
        *ami-amazon-linux*) echo ami-00000000000000001 ;;
        *) settings ;;
        esac
        ;;
    'ssm put-parameter')
        [[ ! -e $CLOUD/parameter.$4 || $* == *--overwrite* ]] || {
            echo 'An error occurred (ParameterAlreadyExists) when calling the PutParameter operation' >&2
            exit 254
        }
        printf '%s\n' "${*: -1}" >"$CLOUD/parameter.$4"
        ;;
    'ssm delete-parameter') rm "$CLOUD/parameter.$4" ;;
    'ssm send-command')
        id=${all#*--instance-ids i-0000000000000000}
        id=${id%% *}
        command=$(sed -E 's/.*"commands":\["([^"]*)"\].*/\1/' <<<"$*")
        printf '%s\n' "$command" | sed -E "s#/(etc|opt|usr/local|var/lib)/#$CLOUD/i-$id&#g" >"$CLOUD/command"
        if on "$id" bash "$CLOUD/command" </dev/null >"$CLOUD/command.out" 2>"$CLOUD/command.err"; then
            echo Success
        else
            echo Failed
        fi >"$CLOUD/command.status"
        echo 00000000-0000-0000-0000-000000000001
        ;;
    'ssm get-command-invocation')
        case ${*: -1} in
        Status) cat "$CLOUD/command.status" ;;
        StandardOutputContent) cat "$CLOUD/command.out" ;;
        *) cat "$CLOUD/command.err" ;;
        esac
        ;;
    'ec2 describe-subnets')
        case $* in
        *subnet-2*) echo eu-central-1b ;;
        *subnet-3*) echo eu-central-1c ;;
        *) echo eu-central-1a ;;
        esac
        ;;
    'ec2 describe-instances') echo running ;;
    'ec2 describe-network-interfaces') cat "$CLOUD/interfaces" ;;
    'ec2 describe-security-groups') [[ $* != *=egress.ip-permission.group-id,* ]] || cat "$CLOUD/groups" ;;
    # A machine that is stopped ends what runs on it; one that is lost had no time for that.
    'ec2 stop-instances')
        id=${all#*--instance-ids i-0000000000000000}
        id=${id%% *}
        touch "$CLOUD/stopped.$id"
        [ ! -e "$CLOUD/i-$id" ] || on "$id" "$CLOUD/i-$id/bin/systemctl" stop producer kafka
        ;;
    'ec2 describe-images') echo ami-0000000000000000a ;;
    'ec2 describe-volumes') cat "$CLOUD/aside" 2>/dev/null || true ;;
    'ec2 create-tags') [[ $* != *-aside ]] || echo "$4" >>"$CLOUD/aside" ;;
    'cloudformation get-template') echo 'the template' ;;
    'ec2 wait' | 'cloudformation wait') ;;
    'cloudformation delete-stack') rm "$CLOUD/stack" ;;
    'cloudformation describe-stack-resources')
        [ -e "$CLOUD/stack" ]
        # All are gone of a stack that was taken back, and are still listed.
        [[ ! -e $CLOUD/taken-back || $* != *"ResourceStatus!='DELETE_COMPLETE'"* ]] || exit 0
        count=$(cat "$CLOUD/BrokerCount" 2>/dev/null || echo 1)
        case $* in
        *"'Broker"[123]"'"*)
            id=${all#*"'Broker"}
            id=${id%%\'*}
            [[ $id -gt $count || $id == $(cat "$CLOUD/Without" 2>/dev/null) ]] || echo "i-0000000000000000$id"
            ;;
        *"'DataVolume"[123]"'"*)
            id=${all#*"'DataVolume"}
            id=${id%%\'*}
            [[ $id -gt $count || $id$(cat "$CLOUD/WithoutVolume" 2>/dev/null) == $(cat "$CLOUD/Without" 2>/dev/null)true ]] ||
                printf 'vol-%016d%s\n' "$(cat "$CLOUD/volumes.$id" 2>/dev/null || echo 0)" "$id"
            ;;
        *"'ClientSecurityGroup'"*) echo sg-clients ;;
        *"'BrokerSecurityGroup'"*) echo sg-broker ;;
        esac
        ;;
    'cloudformation deploy') deploy "$@" ;;
    'cloudformation describe-stacks')
        [ -e "$CLOUD/stack" ]
        case $* in
        *"'VpcId'"*) echo vpc-1 ;;
        *"'SubnetId'"*) echo subnet-1 ;;
        *"'SubnetId2'"* | *"'SubnetId3'"*) ;;
        *"'Architecture'"*) echo arm64 ;;
        *"'ArtifactsBucket'"*) echo my-artifacts ;;
        *"'Without'"*) cat "$CLOUD/Without" 2>/dev/null || echo 0 ;;
        *"'BrokerCount'"*) cat "$CLOUD/BrokerCount" ;;
        *"'ImageId'"*) echo ami-0000000000000000a ;;
        *) echo KafkaTopic=stock-bars ;;
        esac
        ;;
    'secretsmanager get-secret-value')
        [ -s "$CLOUD/secrets/$4" ] || {
            echo 'An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation' >&2
            exit 254
        }
        cat "$CLOUD/secrets/$4"
        ;;
    'secretsmanager put-secret-value')
        [ ! -e "$INSTANCE/secrets-are-refused" ]
        cat >"$CLOUD/secrets/$4"
        ;;
    'cloudwatch put-metric-data') printf '%s\n' "${*: -1}" >>"$CLOUD/metrics" ;;
    *) exit 2 ;;
    esac
    ;;
tar)
    PATH=$real_path command tar "$@"
    [[ $1 != -x* ]] || move_below_instance unpacked/broker/*
    ;;
blkid)
    case $* in
    *UUID*) echo 00000000-0000-0000-0000-000000000001 ;;
    *) cat "$device" ;;
    esac
    ;;
dnf)
    # As often as there are lines the packages are not to be had.
    fails=$CLOUD/no-packages.$(basename "$INSTANCE")
    if [ -s "$fails" ]; then
        sed -i 1d "$fails"
        exit 1
    fi
    [[ $* != *aws-cfn-bootstrap ]] || ln -s "$0" "$INSTANCE/opt/aws/bin/cfn-signal"
    ;;
mkfs.xfs) echo xfs >"$device" ;;
mountpoint) [ -e "$INSTANCE/run/mounted" ] ;;
mount) touch "$INSTANCE/run/mounted" ;;
# As the kernel does: not while somebody has a file open there.
umount)
    [ ! -e "$INSTANCE/run/kafka" ]
    rm "$INSTANCE/run/mounted"
    ;;
# Refused as often as there are lines: CloudFormation has not come to the resource yet.
cfn-signal)
    if [ -s "$INSTANCE/refused-signals" ]; then
        sed -i 1d "$INSTANCE/refused-signals"
        exit 1
    fi
    ;;
cloud-init) while [ -e "$INSTANCE/run/booting" ]; do /bin/sleep 0.2; done ;;
id) [ -e "$INSTANCE/run/user" ] ;;
useradd) touch "$INSTANCE/run/user" ;;
# Those between two looks for the volume and two signals; the others wait for what really happens.
sleep) [[ ! -e $CLOUD/user-data.1 && ($1 == 5 || $1 == 10) ]] || PATH=$real_path command sleep "$1" ;;
curl)
    case $* in
    *'-X PUT'*'/api/token') echo token-of-imdsv2 ;;
    *'token-of-imdsv2'*'/placement/availability-zone') sed -n 's/^BROKER_ID=//p' "$INSTANCE/opt/tickerlake/instance.env" | tr 123 abc | sed 's/^/eu-central-1/' ;;
    *) exit 22 ;;
    esac
    ;;
runuser) exec "${@:4}" ;;
systemctl)
    case $1 in
    restart) start "$2" ;;
    stop) for service in "${@:2}"; do stop "$service"; done ;;
    show) cat "$INSTANCE/run/kafka" 2>/dev/null || echo 0 ;;
    is-active) is_running "${*: -1}" ;;
    esac
    ;;
esac
