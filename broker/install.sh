#!/bin/bash
# Makes a broker of an instance with Amazon Linux 2023: run as root by boot.sh, and again whenever something is to be brought up to date.
# What is there stays: authority, passwords, records. A broker that is not the first takes authority and passwords from that one, by
# Secrets Manager, and its records from the others.
#
# /etc/tickerlake/broker.env has the settings; boot.sh writes it.
set -euo pipefail

set -a
# shellcheck source=/dev/null
. /etc/tickerlake/broker.env
set +a
scripts=/opt/tickerlake/broker

main() {
    dnf install --assumeyes --quiet java-17-amazon-corretto-headless openssl xfsprogs
    mount_volume
    id kafka >/dev/null 2>&1 || useradd --system --home-dir "$BROKER_FOLDER" --no-create-home --shell /sbin/nologin kafka
    # All of it: on the instance before, its number may have been another.
    chown --recursive kafka:kafka "$BROKER_FOLDER"
    chmod 700 "$BROKER_FOLDER"

    local unit
    for unit in kafka.service health.service health.timer; do
        install --mode 644 "$scripts/$unit" /etc/systemd/system/
    done
    systemctl daemon-reload
    systemctl enable --quiet kafka
    systemctl enable --quiet --now health.timer

    share_keyring
    [ -s "$BROKER_FOLDER/data/meta.properties" ] || as_kafka write-server-properties.sh
    as_kafka format-storage.sh
    "$scripts/restart.sh"

    if [ "$BROKER_ID" = 1 ]; then
        as_kafka make-topic.sh
        as_kafka spread.sh
        put_secret "$READER_SECRET_ARN" login lake
        put_secret "$WRITER_SECRET_ARN" login producer
        put_secret "$ROOT_CA_SECRET_ARN" ca
        install_producer
    fi
    echo "broker $BROKER_ID answers"
}

as_kafka() {
    "$scripts/as-kafka.sh" "$@"
}

# The volume is attached while the instance already runs. Only an empty one is formatted: a new one is all zeros, and one whose file system
# is broken is not.
mount_volume() {
    local device=/dev/sdk
    for _ in {1..60}; do
        [ -e "$device" ] && break
        sleep 5
    done
    [ -e "$device" ] || {
        echo "there is no volume at $device: is DataVolumeAttachment of the stack made, and amazon-ec2-utils, which names it, installed?" >&2
        return 1
    }
    if [ -z "$(blkid --output value --match-tag TYPE "$device")" ]; then
        [ "$(head --bytes 1048576 "$device" | tr -d '\0' | wc -c)" = 0 ] || {
            echo "the volume at $device is not empty, and has no file system that can be read: xfs_repair $device, or another volume" >&2
            return 1
        }
        mkfs.xfs -q "$device"
    fi
    mkdir -p "$BROKER_FOLDER"
    grep -q " $BROKER_FOLDER " /etc/fstab ||
        echo "UUID=$(blkid --output value --match-tag UUID "$device") $BROKER_FOLDER xfs defaults,nofail 0 2" >>/etc/fstab
    mountpoint -q "$BROKER_FOLDER" || mount "$BROKER_FOLDER"
    # The volume may have been enlarged since.
    xfs_growfs -d "$BROKER_FOLDER" >/dev/null
}

# The first broker makes what all share, once for the life of the stack; whoever comes later, or again without its volume, takes that.
share_keyring() {
    local keyring said=/etc/tickerlake/keyring.said
    [ ! -s "$BROKER_FOLDER/security/cluster-id" ] || [ -e "$BROKER_FOLDER/founder" ] || return 0
    for _ in {1..90}; do
        if keyring=$(aws secretsmanager get-secret-value --secret-id "$KEYRING_SECRET_ARN" --output text --query SecretString 2>$said); then
            [ -s "$BROKER_FOLDER/security/cluster-id" ] || as_kafka take-keyring.sh <<<"$keyring"
            return
        fi
        # It has no value yet.
        grep -q ResourceNotFoundException $said || break
        if [ "$BROKER_ID" = 1 ]; then
            as_kafka make-keyring.sh
            put_secret "$KEYRING_SECRET_ARN" keyring
            return
        fi
        sleep 5
    done
    echo "what the brokers share is not to be had: $(<$said)" >&2
    return 1
}

put_secret() {
    local secret token
    secret=$(as_kafka print-secret.sh "${@:2}")
    # The same text has the same token, and is not stored again.
    token=$(printf %s "$secret" | sha256sum | cut -d ' ' -f 1)
    printf %s "$secret" | aws secretsmanager put-secret-value --secret-id "$1" \
        --client-request-token "$token" --secret-string file:///dev/stdin >/dev/null
}

install_producer() {
    install --mode 644 "$BROKER_FOLDER/security/ca.pem" /etc/tickerlake/ca.pem
    (
        umask 077
        as_kafka print-producer-environment.sh /etc/tickerlake/ca.pem >/etc/tickerlake/producer-login.env
    )
    keep_producer_environment
    install --mode 644 "$scripts/producer.service" /etc/systemd/system/
    systemctl daemon-reload

    [ -n "$PRODUCER_URL" ] || return 0
    aws s3 cp --no-progress "$PRODUCER_URL" /usr/local/bin/producer.new
    chmod 755 /usr/local/bin/producer.new
    mv /usr/local/bin/producer.new /usr/local/bin/producer
    [ ! -e /etc/tickerlake/note ] || return 0
    systemctl enable --quiet producer
    systemctl restart producer
}

# Yours to change, and so on the volume: it outlives the instance. Where the volume is another one too, nobody knows what was in it, and
# simulated bars are not to come among real ones.
keep_producer_environment() {
    local kept=$BROKER_FOLDER/producer.env link=/etc/tickerlake/producer.env
    rm -f /etc/tickerlake/note
    # As earlier versions had it.
    [ -L $link ] || [ ! -e $link ] || mv $link "$kept"
    if [ ! -e "$kept" ]; then
        if [ -n "${NEW_INSTANCE-}" ] && [ "$STACK_IS_COMPLETE" = true ]; then
            echo '# Its settings went with the volume before: write them anew, then systemctl enable --now producer' >"$kept"
            [ -z "$PRODUCER_URL" ] ||
                echo "note: the producer's settings went with the volume before, so it was not started: write $link, then systemctl enable --now producer" |
                tee /etc/tickerlake/note
        else
            cp "$scripts/producer.env" "$kept"
        fi
    fi
    chown root:root "$kept"
    chmod 600 "$kept"
    ln -sfn "$kept" $link
}

main
