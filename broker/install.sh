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
    chown kafka:kafka "$BROKER_FOLDER"
    chmod 700 "$BROKER_FOLDER"
    name_zone

    share_keyring
    as_kafka write-server-properties.sh
    as_kafka format-storage.sh

    local unit
    for unit in kafka.service health.service health.timer; do
        install --mode 644 "$scripts/$unit" /etc/systemd/system/
    done
    systemctl daemon-reload
    systemctl enable --quiet kafka
    "$scripts/restart.sh"

    if [ "$BROKER_ID" = 1 ]; then
        as_kafka make-topic.sh
        as_kafka spread.sh
        put_secret "$READER_SECRET_ARN" login lake
        put_secret "$WRITER_SECRET_ARN" login producer
        put_secret "$ROOT_CA_SECRET_ARN" ca
        install_producer
    fi
    systemctl enable --quiet --now health.timer
    echo "broker $BROKER_ID answers"
}

as_kafka() {
    "$scripts/as-kafka.sh" "$@"
}

# The volume is attached while the instance already runs. Only an empty one is formatted: mkfs refuses any other.
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
    [ -n "$(blkid --output value --match-tag TYPE "$device")" ] || mkfs.xfs -q "$device"
    mkdir -p "$BROKER_FOLDER"
    grep -q " $BROKER_FOLDER " /etc/fstab ||
        echo "UUID=$(blkid --output value --match-tag UUID "$device") $BROKER_FOLDER xfs defaults,nofail 0 2" >>/etc/fstab
    mountpoint -q "$BROKER_FOLDER" || mount "$BROKER_FOLDER"
    # The volume may have been enlarged since.
    xfs_growfs -d "$BROKER_FOLDER" >/dev/null
}

# The copies of a record are to be in different zones.
name_zone() {
    local service=http://169.254.169.254/latest token zone
    token=$(curl -fsS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' $service/api/token)
    zone=$(curl -fsS -H "X-aws-ec2-metadata-token: $token" $service/meta-data/placement/availability-zone)
    echo "BROKER_RACK=$zone" >>/etc/tickerlake/broker.env
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
    # Yours to change.
    [ -e /etc/tickerlake/producer.env ] || install --mode 600 "$scripts/producer.env" /etc/tickerlake/
    install --mode 644 "$scripts/producer.service" /etc/systemd/system/
    systemctl daemon-reload

    [ -n "$PRODUCER_URL" ] || return 0
    aws s3 cp --no-progress "$PRODUCER_URL" /usr/local/bin/producer.new
    chmod 755 /usr/local/bin/producer.new
    mv /usr/local/bin/producer.new /usr/local/bin/producer
    systemctl enable --quiet producer
    systemctl restart producer
}

main
