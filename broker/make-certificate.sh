#!/bin/bash
# Makes the certificate of a broker or a client, signed by our authority: security/NAME.key, NAME.crt, and both in NAME.pem.
#
#     make-certificate.sh NAME [ADDRESS]
#
# ADDRESS is the IP address or host name that clients connect to; a client of its own needs none. What is there stays, until it has
# less than 90 days left or the address is another; kafka.service asks at every start.
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

name=${1:?the name of who is certified}
address=${2-}
case $address in
'') alternatives= ;;
*[!0-9.]*) alternatives=DNS:$address ;;
*) alternatives=IP:$address ;;
esac

holds() {
    openssl x509 -in "$security/$name.crt" -noout -checkend $((90 * 24 * 3600)) &&
        openssl verify -CAfile "$security/ca.pem" "$security/$name.crt" &&
        { [ -z "$address" ] || openssl x509 -in "$security/$name.crt" -noout -ext subjectAltName |
            sed 's/IP Address:/IP:/g; s/ //g' | grep -Fqx "$alternatives"; }
}
[ -s "$security/$name.pem" ] && holds >/dev/null 2>&1 && exit 0

new=$(mktemp -d "$security/new.XXXXXX")
trap 'rm -rf "$new"' EXIT
# RSA, and PKCS #8: every client of Kafka and of Lambda reads these.
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out "$new/key" 2>/dev/null
printf '[req]\nprompt = no\ndistinguished_name = name\n[name]\nCN = %s\n' "$name" |
    openssl req -new -key "$new/key" -out "$new/request" -config /dev/stdin
{
    echo 'basicConstraints = critical, CA:FALSE'
    echo 'keyUsage = critical, digitalSignature, keyEncipherment'
    echo 'extendedKeyUsage = serverAuth, clientAuth'
    [ -z "$alternatives" ] || echo "subjectAltName = $alternatives"
} >"$new/extensions"
openssl x509 -req -in "$new/request" -CA "$security/ca.pem" -CAkey "$security/ca.key" -sha256 -days 825 \
    -set_serial "0x$(openssl rand -hex 16)" -extfile "$new/extensions" -out "$new/crt" 2>/dev/null

cat "$new/key" "$new/crt" >"$new/pem"
mv "$new/key" "$security/$name.key"
mv "$new/crt" "$security/$name.crt"
mv "$new/pem" "$security/$name.pem"
echo "made a certificate for $name${address:+ at $address}, $security/$name.crt"
