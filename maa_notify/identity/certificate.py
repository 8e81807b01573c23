"""A certificate file, PEM or PFX, in MSAL's form. Imported only where needed: `cryptography` loads slowly."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

_ENCRYPTED = (b"BEGIN ENCRYPTED PRIVATE KEY", b"Proc-Type: 4,ENCRYPTED")


def read_certificate(path: Path) -> dict[str, str]:
    """Key and certificate of a file, for MSAL's `client_credential`.

    Raises:
        OSError: the file cannot be read.
        ValueError: it does not hold an RSA key and a certificate that belong together.
    """
    key, certificate = _parts(path.read_bytes())
    if not isinstance(key, RSAPrivateKey) or certificate is None:
        raise ValueError("it must hold both the certificate and its private key (RSA)")
    if certificate.public_key() != key.public_key():
        raise ValueError("its private key is not that of its certificate")
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = certificate.public_bytes(Encoding.PEM)
    return {"private_key": private.decode("ascii"), "public_certificate": public.decode("ascii")}


def _parts(data: bytes) -> tuple[object, x509.Certificate | None]:
    is_pem = b"-----BEGIN " in data
    if any(mark in data for mark in _ENCRYPTED):
        raise ValueError("its private key must not be protected by a password")
    try:
        return _parts_of_pem(data) if is_pem else pkcs12.load_key_and_certificates(data, None)[:2]
    except (ValueError, TypeError):
        kind = "PEM" if is_pem else "PFX without a password, or PEM,"
    raise ValueError(f"it must be {kind} with both the certificate and its private key")


def _parts_of_pem(data: bytes) -> tuple[object, x509.Certificate]:
    return load_pem_private_key(data, None), x509.load_pem_x509_certificate(data)
