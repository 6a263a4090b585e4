"""A certificate authority, its transparency log's signature, and a time stamp authority, all in the process that uses them.

`make` makes their keys (ca.key, ct.key, private-tsa.key) and what verifiers trust (ca.pem, ct.pub, private-tsa-chain.pem) in
the working directory, where the others look for them. `serve` is the certificate authority for clients that ask by HTTP.
"""

import base64
import hashlib
import json
import struct
import subprocess
import time
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, decode_timestamp_response

IDENTITY = "signer@example.test"
ISSUER = "https://issuer.example.test"
OID_ISSUER = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
OID_SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
VALIDITY = timedelta(hours=1)

TSA_CONFIG = """
[tsa]
default_tsa = settings
[settings]
serial = private-tsa.serial
default_policy = 1.3.6.1.4.1.57264.2
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
"""


def identity_token():
    """A token of the right form; only the certificate authority would check its signature."""
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": IDENTITY, "aud": "sigstore", "iat": now, "nbf": now, "exp": now + 600}
    parts = [json.dumps(part).encode() for part in ({"alg": "ES256", "typ": "JWT"}, claims)] + [b"signature"]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def make():
    key = ec.generate_private_key(ec.SECP256R1())
    write_key("ca.key", key)
    # A common name alone, as private authorities often have it.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority.example.test")])
    certificate = (
        certificate_builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage("key_cert_sign", "crl_sign"), critical=True)
        .add_extension(subject_key_id(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    Path("ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    ct_key = ec.generate_private_key(ec.SECP256R1())
    write_key("ct.key", ct_key)
    public = ct_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    Path("ct.pub").write_bytes(public)
    make_timestamp_authority(key, certificate)


def make_timestamp_authority(ca_key, ca_certificate):
    key = ec.generate_private_key(ec.SECP256R1())
    write_key("private-tsa.key", key)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tsa.example.test")])
    certificate = (
        certificate_builder(name, ca_certificate.subject, key.public_key())
        .add_extension(key_usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    leaf, root = (each.public_bytes(serialization.Encoding.PEM) for each in (certificate, ca_certificate))
    Path("private-tsa.pem").write_bytes(leaf)
    Path("private-tsa-chain.pem").write_bytes(leaf + root)
    Path("private-tsa.cnf").write_text(TSA_CONFIG)


class CertificateAuthority:
    """What SigningContext uses of a Fulcio client."""

    class Issued:
        def __init__(self, cert, chain):
            self.cert = cert
            self.chain = chain

    @property
    def signing_cert(self):
        return self

    def post(self, request, _token):
        issuer = x509.load_pem_x509_certificate(Path("ca.pem").read_bytes())
        builder = (
            certificate_builder(x509.Name([]), issuer.subject, request.public_key())
            .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(IDENTITY)]), critical=True)
            .add_extension(key_usage("digital_signature"), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(subject_key_id(request.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)
            .add_extension(x509.UnrecognizedExtension(OID_ISSUER, ISSUER.encode()), critical=False)
        )
        key = read_key("ca.key")
        precertificate = builder.sign(key, hashes.SHA256())
        timestamps = x509.UnrecognizedExtension(OID_SCT_LIST, sct_list(precertificate, issuer))
        certificate = builder.add_extension(timestamps, critical=False).sign(key, hashes.SHA256())
        return self.Issued(certificate, [issuer])


class PublicKeyRequest:
    """Stands for the certificate signing request that CertificateAuthority expects."""

    def __init__(self, pem):
        self._key = serialization.load_pem_public_key(pem.encode())

    def public_key(self):
        return self._key


class SigningCertHandler(BaseHTTPRequestHandler):
    """Issues a certificate for whatever key is posted, whoever asks."""

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        issued = CertificateAuthority().post(PublicKeyRequest(request["publicKeyRequest"]["publicKey"]["content"]), None)
        chain = [each.public_bytes(serialization.Encoding.PEM).decode() for each in (issued.cert, *issued.chain)]
        reply = json.dumps({"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)


def serve():
    server = HTTPServer(("127.0.0.1", 0), SigningCertHandler)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


class TimestampAuthority:
    """What SigningContext uses of a client of a time stamp authority."""

    url = "https://tsa.example.test"

    def request_timestamp(self, signature):
        request = TimestampRequestBuilder().hash_algorithm(HashAlgorithm.SHA256).data(signature).nonce(nonce=True).build()
        Path("private-tsa.query").write_bytes(request.as_bytes())
        arguments = "-config private-tsa.cnf -queryfile private-tsa.query -signer private-tsa.pem -inkey private-tsa.key"
        reply = subprocess.run(
            ["openssl", "ts", "-reply", *arguments.split()], check=True, stdout=subprocess.PIPE
        )
        return decode_timestamp_response(reply.stdout)


def sct_list(precertificate, issuer):
    """One signed certificate timestamp (RFC 6962, sections 3.2 and 3.3) in the form of an extension."""
    key = read_key("ct.key")
    milliseconds = int(time.time()) * 1000
    body = precertificate.tbs_certificate_bytes
    entry = struct.pack("!H", 1) + spki_hash(issuer.public_key()) + len(body).to_bytes(3, "big") + body
    no_extensions = struct.pack("!H", 0)
    signed = struct.pack("!BBQ", 0, 0, milliseconds) + entry + no_extensions
    signature = key.sign(signed, ec.ECDSA(hashes.SHA256()))
    sha256_ecdsa = bytes([4, 3])
    sct = struct.pack("!B32sQ", 0, spki_hash(key.public_key()), milliseconds) + no_extensions + sha256_ecdsa
    sct += vector(signature)
    return der(0x04, vector(vector(sct)))


def certificate_builder(subject, issuer, public_key):
    now = datetime.now(timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - VALIDITY)
        .not_valid_after(now + VALIDITY)
    )


def key_usage(*uses):
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )
    return x509.KeyUsage(**{name: name in uses for name in names})


def subject_key_id(public_key):
    return x509.SubjectKeyIdentifier.from_public_key(public_key)


def spki_hash(public_key):
    spki = public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).digest()


def vector(data):
    """Bytes after their length in two bytes, as TLS has it."""
    return struct.pack("!H", len(data)) + data


def der(tag, data):
    """One DER value of fewer than 256 bytes."""
    length = bytes([len(data)]) if len(data) < 128 else bytes([0x81, len(data)])
    return bytes([tag]) + length + data


def write_key(path, key):
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    Path(path).write_bytes(pem)


def read_key(path):
    return serialization.load_pem_private_key(Path(path).read_bytes(), password=None)
