#!/bin/bash
# Makes a broker of an instance with Amazon Linux 2023: run as root by the UserData of broker.yaml, and again whenever something is to be
# brought up to date. What is there stays: authority, passwords, records.
#
# /etc/tickerlake/broker.env has the settings; broker.yaml writes it.
set -euo pipefail

set -a
# shellcheck source=/dev/null
. /etc/tickerlake/broker.env
set +a
: "${BROKER_PORT:=9096}"
scripts=$(cd "$(dirname "$0")" && pwd)

main() {
    dnf install --assumeyes --quiet java-17-amazon-corretto-headless openssl xfsprogs
    mount_volume
    id kafka >/dev/null 2>&1 || useradd --system --home-dir "$BROKER_FOLDER" --no-create-home --shell /sbin/nologin kafka
    chown kafka:kafka "$BROKER_FOLDER"
    chmod 700 "$BROKER_FOLDER"
    name_host

    as_kafka make-ca.sh
    as_kafka make-certificate.sh broker "$BROKER_HOST"
    as_kafka make-passwords.sh
    as_kafka write-server-properties.sh
    as_kafka format-storage.sh

    install --mode 644 "$scripts/kafka.service" /etc/systemd/system/
    systemctl daemon-reload
    systemctl enable --quiet kafka
    systemctl restart kafka
    await_broker
    as_kafka make-topic.sh

    put_secret "$READER_SECRET_ARN" login lake
    put_secret "$WRITER_SECRET_ARN" login producer
    put_secret "$ROOT_CA_SECRET_ARN" ca
    install_producer
    echo "the broker answers at $BROKER_HOST:$BROKER_PORT"
}

as_kafka() {
    runuser --user kafka -- "$scripts/$1" "${@:2}"
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

# The private address, which stays for as long as the instance.
name_host() {
    local service=http://169.254.169.254/latest token
    token=$(curl -fsS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' $service/api/token)
    BROKER_HOST=$(curl -fsS -H "X-aws-ec2-metadata-token: $token" $service/meta-data/local-ipv4)
    export BROKER_HOST
    # kafka.service reads it from there.
    sed -i '/^BROKER_HOST=/d' /etc/tickerlake/broker.env
    echo "BROKER_HOST=$BROKER_HOST" >>/etc/tickerlake/broker.env
}

await_broker() {
    for _ in {1..60}; do
        (: <"/dev/tcp/$BROKER_HOST/$BROKER_PORT") 2>/dev/null && return
        sleep 2
    done
    echo 'the broker did not start: journalctl -u kafka says why' >&2
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
