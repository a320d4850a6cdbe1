#!/bin/bash
# Stands in for what an EC2 instance has and this machine has not, or must not do: a link to this file under each command's name. Every call
# is a line in INSTANCE/calls; what is below /etc, /opt, /usr/local and /var/lib there is below INSTANCE here.
set -euo pipefail

name=$(basename "$0")
[ "$name" = user-data ] || printf '%s\n' "$name $*" | sed "s#$INSTANCE##g" >>"$INSTANCE/calls"
device=$INSTANCE/dev/sdk

move_below_instance() {
    sed -E -i "s#/(etc|opt|usr/local|var/lib)/#$INSTANCE&#g; s#/dev/sdk#$INSTANCE&#g" "$@"
}

local_path() {
    printf %s "${1/#s3:\/\//$INSTANCE/s3/}"
}

stop() {
    [ -e "$INSTANCE/run/$1" ] || return 0
    local process
    process=$(<"$INSTANCE/run/$1")
    kill "$process"
    while kill -0 "$process" 2>/dev/null; do /bin/sleep 0.1; done
    rm "$INSTANCE/run/$1"
}

# As systemd does it: nothing of the caller's environment, one process that stays.
start() {
    local unit=$INSTANCE/etc/systemd/system/$1.service
    stop "$1"
    {
        echo 'set -ea'
        sed -n 's/^EnvironmentFile=/. /p' "$unit"
        sed -n 's/^ExecStartPre=//p' "$unit"
        sed -n 's/^ExecStart=/exec /p' "$unit"
    } >"$INSTANCE/run/$1.sh"
    env -i "PATH=$PATH" bash "$INSTANCE/run/$1.sh" </dev/null >>"$INSTANCE/$1.log" 2>&1 &
    echo $! >"$INSTANCE/run/$1"
}

case $name in
user-data)
    move_below_instance "$1"
    exec bash "$1"
    ;;
aws)
    case "$1 $2" in
    's3 cp') cp "$(local_path "${*: -2:1}")" "$(local_path "${*: -1}")" ;;
    'ssm get-parameter') echo ami-00000000000000001 ;;
    'ec2 describe-instances')
        case $* in
        *State.Name*) echo running ;;
        *) echo ami-0000000000000000a ;;
        esac
        ;;
    'ec2 describe-network-interfaces') cat "$INSTANCE/interfaces" ;;
    'ec2 describe-security-groups') [[ $* != *=egress.ip-permission.group-id,* ]] || cat "$INSTANCE/groups" ;;
    'ec2 stop-instances' | 'ec2 wait' | 'cloudformation wait') ;;
    'cloudformation delete-stack') rm "$INSTANCE/stack" ;;
    'cloudformation describe-stack-resources')
        [ -e "$INSTANCE/stack" ]
        # All are gone of a stack that was taken back, and are still listed.
        [[ ! -e $INSTANCE/taken-back || $* != *"ResourceStatus!='DELETE_COMPLETE'"* ]] || exit 0
        case $* in
        *"'Broker'"*) echo i-00000000000000001 ;;
        *"'DataVolume'"*) echo vol-00000000000000001 ;;
        *"'ClientSecurityGroup'"*) echo sg-clients ;;
        *"'BrokerSecurityGroup'"*) echo sg-broker ;;
        esac
        ;;
    'cloudformation deploy') touch "$INSTANCE/stack" ;;
    'cloudformation describe-stacks')
        [ -e "$INSTANCE/stack" ]
        case $* in
        *"'VpcId'"*) echo vpc-1 ;;
        *"'SubnetId'"*) echo subnet-1 ;;
        *"'Architecture'"*) echo arm64 ;;
        *) echo i-00000000000000001 ;;
        esac
        ;;
    'secretsmanager put-secret-value')
        [ ! -e "$INSTANCE/secrets-are-refused" ]
        cat >"$INSTANCE/secrets/$4"
        ;;
    *) exit 2 ;;
    esac
    ;;
tar)
    PATH=${PATH#"$INSTANCE/bin:"} command tar "$@"
    [[ $1 != -x* ]] || move_below_instance broker/*
    ;;
blkid)
    case $* in
    *UUID*) echo 00000000-0000-0000-0000-000000000001 ;;
    *) cat "$device" ;;
    esac
    ;;
dnf) [[ $* != *aws-cfn-bootstrap ]] || ln -s "$0" "$INSTANCE/opt/aws/bin/cfn-signal" ;;
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
id) [ -e "$INSTANCE/run/user" ] ;;
useradd) touch "$INSTANCE/run/user" ;;
# Those between two looks for the volume and two signals; the others wait for what really happens.
sleep) [[ $1 == 5 || $1 == 10 ]] || /bin/sleep "$1" ;;
curl)
    case $* in
    *'-X PUT'*'/api/token') echo token-of-imdsv2 ;;
    *'token-of-imdsv2'*'/local-ipv4') echo 127.0.0.1 ;;
    *) exit 22 ;;
    esac
    ;;
runuser) exec "${@:4}" ;;
systemctl)
    case $1 in
    restart) start "$2" ;;
    stop) for service in "${@:2}"; do stop "$service"; done ;;
    esac
    ;;
esac
