# SPDX-License-Identifier: ISC
"""certs.py: keys and certificates for the other parties, made by the openssl command."""
import base64
import hashlib
import ssl
import subprocess
from typing import NamedTuple


class Pair(NamedTuple):
    """Paths of a certificate and of its key."""

    certificate: str
    key: str

    @property
    def fingerprint(self):
        """SHA-256 of the certificate, 64 hex digits."""
        with open(self.certificate, encoding="ascii") as file:
            return hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).hexdigest()


def openssl(*arguments):
    """Runs openssl; its standard output as text."""
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")


def key_hashes(pair):
    """SHA-1 and SHA-256 over the DER SubjectPublicKeyInfo, as hex."""
    pem = openssl("x509", "-in", pair.certificate, "-noout", "-pubkey")
    der = base64.b64decode("".join(pem.splitlines()[1:-1]))
    return hashlib.sha1(der).hexdigest(), hashlib.sha256(der).hexdigest()


def self_signed(folder, name, *, days=30):
    """A self-signed RSA certificate, as a controller has one."""
    pair = Pair(str(folder / f"{name}.crt"), str(folder / f"{name}.key"))
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", days, "-subj", f"/CN={name}",
            "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
            "-keyout", pair.key, "-out", pair.certificate)
    return pair


def issued(folder, name, authority):
    """A certificate for 127.0.0.1 and localhost, signed by the authority's."""
    pair = Pair(str(folder / f"{name}.crt"), str(folder / f"{name}.key"))
    request, extensions = folder / f"{name}.csr", folder / f"{name}.ext"
    extensions.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n", encoding="ascii")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", pair.key,
            "-out", request)
    openssl("x509", "-req", "-in", request, "-CA", authority.certificate, "-CAkey", authority.key,
            "-CAcreateserial", "-days", 30, "-extfile", extensions, "-out", pair.certificate)
    return pair
