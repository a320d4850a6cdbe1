#!/bin/bash
# Makes the broker's own certificate authority, once: security/ca.key, and security/ca.pem for the clients.
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

[ -s "$security/ca.pem" ] && exit 0

# Not the machine's openssl.cnf: the same certificate everywhere.
openssl req -x509 -newkey rsa:3072 -noenc -sha256 -days 3650 \
    -keyout "$security/ca.key" -out "$security/ca.pem.new" -config /dev/stdin 2>/dev/null <<'END'
[req]
prompt = no
distinguished_name = name
x509_extensions = authority
[name]
CN = tickerlake broker CA
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
END
# Last, and at once: what is there is complete.
mv "$security/ca.pem.new" "$security/ca.pem"
echo "made a certificate authority, $security/ca.pem"
