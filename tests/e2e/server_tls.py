# SPDX-License-Identifier: ISC
"""server_tls.py: a controller's TLS context.

A controller asks for a certificate, takes any that is self-signed, and refuses by its own list
with alert 46. Python's ssl has no verify callback, so the context gets one through ctypes.
"""
import ctypes
import ctypes.util
import ssl

VERIFY_PEER = 1 | 2  # SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
# An error for which OpenSSL has no alert of its own, so that it sends certificate_unknown (46);
# and the one of a certificate that is not valid any more, certificate_expired (45).
REFUSED, EXPIRED = 34, 10
CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p)

_libssl = ctypes.CDLL("libssl.so.3")
_libcrypto = ctypes.CDLL("libcrypto.so.3")
_libssl.SSL_CTX_set_verify.argtypes = [ctypes.c_void_p, ctypes.c_int, CALLBACK]
_libssl.SSL_CTX_set_verify.restype = None
_libcrypto.X509_STORE_CTX_set_error.argtypes = [ctypes.c_void_p, ctypes.c_int]
_libcrypto.X509_STORE_CTX_set_error.restype = None


@CALLBACK
def _accept(_verified, _store):
    return 1


def _refusal(error):
    @CALLBACK
    def refuse(_verified, store):
        _libcrypto.X509_STORE_CTX_set_error(store, error)
        return 0
    return refuse


# Kept, for contexts hold the address only.
_VERDICTS = {False: _accept, True: _refusal(REFUSED), EXPIRED: _refusal(EXPIRED)}


def _pointer(context):
    """The SSL_CTX of a Python context: the first field behind the object's head."""
    head = object.__basicsize__
    return ctypes.c_void_p.from_address(id(context) + head).value


def context(pair, *, lowest=None, highest=None, ciphers=None, refuse=False):
    """A server context that asks for a client certificate and accepts all, or refuses all: with
    alert 46, or for the reason given."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if ciphers:
        made.set_ciphers(ciphers)
    if lowest:
        made.minimum_version = lowest
    if highest:
        made.maximum_version = highest
    made.load_cert_chain(pair.certificate, pair.key)
    _libssl.SSL_CTX_set_verify(_pointer(made), VERIFY_PEER, _VERDICTS[refuse])
    return made
