"""The secrets with which Lambda logs in: whether they are there and have the shape that it reads. No value is printed."""

import json

from botocore.exceptions import ClientError

from .findings import bad, note, ok

PASSWORD = ("username", "password")
SHAPES = {
    "SASL_SCRAM_512_AUTH": PASSWORD,
    "SASL_SCRAM_256_AUTH": PASSWORD,
    "BASIC_AUTH": PASSWORD,
    "CLIENT_CERTIFICATE_TLS_AUTH": ("certificate", "privateKey"),
}
PEM = ("certificate", "privateKey")
MECHANISMS = {
    "SASL_SCRAM_512_AUTH": "SCRAM-SHA-512",
    "SASL_SCRAM_256_AUTH": "SCRAM-SHA-256",
    "BASIC_AUTH": "PLAIN",
}


def examine(secrets, parameters, region):
    """Findings, and the secrets that could be read, by parameter."""
    authentication = parameters["KafkaAuthentication"]
    wanted = {}
    found = []
    if authentication != "NONE":
        if authentication not in SHAPES:
            found.append(bad(f"KafkaAuthentication is {authentication}: it may be NONE, {', '.join(SHAPES)}"))
        elif not parameters["KafkaSecretArn"]:
            found.append(bad(f"KafkaAuthentication {authentication} needs KafkaSecretArn, the secret to log in with"))
        else:
            wanted["KafkaSecretArn"] = SHAPES[authentication]
    if parameters["KafkaRootCaSecretArn"]:
        wanted["KafkaRootCaSecretArn"] = ("certificate",)

    readable = {}
    for name, fields in wanted.items():
        more, secret = look_at(secrets, name, parameters, fields, region)
        found += more
        if secret is not None:
            readable[name] = secret
    return found, readable


def look_at(secrets, name, parameters, fields, region):
    """Findings about one secret, and the secret if it is well."""
    arn = parameters[name]
    found = []
    secret_region = (arn.split(":") + [""] * 4)[3]
    if secret_region != region:
        return [bad(f"{name} is in {secret_region}, the stack in {region}: Lambda reads secrets of its own region only; make it there")], None
    try:
        description = secrets.describe_secret(SecretId=arn)
        if description.get("DeletedDate"):
            return [bad(f"{name} is scheduled for deletion: aws secretsmanager restore-secret brings it back")], None
        value = secrets.get_secret_value(SecretId=arn)
    except ClientError as error:
        return [unread(name, error)], None
    key = description.get("KmsKeyId", "")
    if key and "alias/aws/secretsmanager" not in key and key != parameters["KmsKeyArn"]:
        found.append(note(f"{name} is encrypted with a key of your own, {key}: its policy must let the role of ingest kms:Decrypt, or pass it as KmsKeyArn"))
    secret, wrong = shape(value.get("SecretString"), fields)
    if wrong:
        return found + [bad(f"{name} {wrong}")], None
    return found + [ok(f"{name} is there, in {region}, with {' and '.join(fields)}")], secret


def unread(name, error):
    code = error.response["Error"]["Code"]
    if code == "ResourceNotFoundException":
        return bad(f"{name} names a secret that does not exist: check the ARN, or make it with aws secretsmanager create-secret")
    if code in ("AccessDeniedException", "AccessDenied"):
        return note(f"{name} could not be looked at: these credentials may not read it (secretsmanager:DescribeSecret, GetSecretValue)")
    return bad(f"{name} could not be read: {code}")


def shape(text, fields):
    """The secret as a dictionary, and what is wrong with it in words, or None. Neither repeats a value."""
    like = "{" + ", ".join(f'"{field}": "..."' for field in fields) + "}"
    if text is None:
        return None, f"is binary: store it as text, {like}"
    try:
        secret = json.loads(text)
    except ValueError:
        secret = None
    if not isinstance(secret, dict):
        return None, f"is not a JSON object: it must be {like}"
    for field in fields:
        value = secret.get(field)
        if not isinstance(value, str) or not value:
            return None, f'has no text in "{field}": it must be {like}'
        if field in PEM and not value.lstrip().startswith("-----BEGIN"):
            return None, f'has no PEM in "{field}": it must begin with -----BEGIN, with \\n for each line break'
    if "ENCRYPTED" in secret.get("privateKey", "") and not secret.get("privateKeyPassword"):
        return None, 'has an encrypted privateKey and no "privateKeyPassword"'
    return secret, None


def properties(parameters, secrets, folder):
    """What Lambda does with them, as librdkafka properties; certificates and keys become files in `folder`."""
    authentication = parameters["KafkaAuthentication"]
    if authentication == "NONE":
        return {}

    def file(name, text):
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        return str(path)

    login = secrets.get("KafkaSecretArn", {})
    made = {}
    if "KafkaRootCaSecretArn" in secrets:
        made["ssl.ca.location"] = file("ca.pem", secrets["KafkaRootCaSecretArn"]["certificate"])
    if authentication == "CLIENT_CERTIFICATE_TLS_AUTH":
        made |= {
            "security.protocol": "SSL",
            "ssl.certificate.location": file("client.pem", login["certificate"]),
            "ssl.key.location": file("client.key", login["privateKey"]),
        }
        if login.get("privateKeyPassword"):
            made["ssl.key.password"] = login["privateKeyPassword"]
        return made
    return made | {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": MECHANISMS[authentication],
        "sasl.username": login["username"],
        "sasl.password": login["password"],
    }
