"""A Maven repository over HTTP: appends to a file what is still missing of it."""

import base64
import contextlib
import http.client
import netrc
import os
import ssl
import urllib.error
import urllib.parse
import urllib.request

SECONDS_OF_SILENCE = 30
CHUNK = 64 * 1024
# Where the systems keep the CAs that they trust: not every Python knows.
CA_FILES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem")


class Trouble(Exception):
    """It did not come; the next try may bring it."""


class Gone(Trouble):
    """It will not come."""


class Repository:
    def __init__(self, address):
        parts = urllib.parse.urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Gone(f"MAVEN_MIRROR is no address of a repository: {without_login(parts)}; it begins with https://")
        self.address = without_login(parts).rstrip("/")
        self.login = login(parts)
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler(proxies()), urllib.request.HTTPSHandler(context=trusted())
        )

    def shown(self, place):
        return f"{self.address}/{place}"

    def append(self, place, part, came, stop):
        """Appends to the file `part` until it is as long as the file at `place`."""
        have = part.stat().st_size if part.exists() else 0
        request = urllib.request.Request(self.shown(place))
        if have:
            request.add_header("Range", f"bytes={have}-")
        if self.login:
            # Not for whoever the repository sends us on to.
            request.add_unredirected_header("Authorization", self.login)
        try:
            with self.opener.open(request, timeout=SECONDS_OF_SILENCE) as answer:
                # Without 206 it is the whole file again.
                continued = answer.status == http.HTTPStatus.PARTIAL_CONTENT
                with opened(part, "ab" if continued else "wb") as write:
                    while chunk := answer.read(CHUNK):
                        write(chunk)
                        came(len(chunk))
                        if stop.is_set():
                            return
                if answer.length:
                    raise Trouble(f"{self.shown(place)}: cut off, {answer.length} bytes before its end")
        except urllib.error.HTTPError as error:
            if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                # Nothing is missing, or it is another file; its SHA-256 tells.
                return
            failed = f"{self.shown(place)}: the answer is {error.code} {error.reason}"
            if error.code >= 500 or error.code in (http.HTTPStatus.REQUEST_TIMEOUT, http.HTTPStatus.TOO_MANY_REQUESTS):
                raise Trouble(failed) from error
            raise Gone(failed) from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            if isinstance(reason, ssl.SSLCertVerificationError):
                raise Gone(f"{self.shown(place)}: {reason.verify_message}; a company's CA can be named: SSL_CERT_FILE=ca.pem") from error
            raise Trouble(f"{self.shown(place)}: {reason}") from error


@contextlib.contextmanager
def opened(file, mode):
    """To write to; what goes wrong there is no trouble of the network."""

    def write(chunk):
        rest = memoryview(chunk)
        try:
            while rest:
                rest = rest[handle.write(rest) :]
        except OSError as error:
            raise Gone(f"{file}: {error.strerror}") from error

    # Unbuffered: each chunk is written, or fails, in its turn.
    with open(file, mode, buffering=0) as handle:
        yield write


def without_login(parts):
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def login(parts):
    """From the address, or from ~/.netrc."""
    user, password = (urllib.parse.unquote(part or "") for part in (parts.username, parts.password))
    if not user:
        with contextlib.suppress(OSError, netrc.NetrcParseError, RuntimeError):
            if found := netrc.netrc().authenticators(parts.hostname):
                user, _, password = found
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode() if user else None


def proxies():
    """Those of the environment. urllib itself overlooks ALL_PROXY."""
    found = urllib.request.getproxies()
    if (everywhere := found.pop("all", "")).startswith("http"):
        found = {"http": everywhere, "https": everywhere} | found
    return found


def trusted():
    context = ssl.create_default_context()
    named = [os.environ.get(name, "") for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")]
    for file in (*CA_FILES, *named):
        # What cannot be read is no reason to stop: another may do.
        with contextlib.suppress(OSError):
            context.load_verify_locations(file)
    return context
