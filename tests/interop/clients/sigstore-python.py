"""Signs and verifies with sigstore-python.

sigstore-python takes certificates from a certificate authority only, and no key of its own. So the authorities live in this
process: `authority` makes their keys in the working directory (see private_authority).
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import private_authority
import requests
from cryptography.hazmat.primitives import serialization
from private_authority import IDENTITY, ISSUER
from sigstore._internal.rekor.client import RekorClient
from sigstore.dsse import Statement
from sigstore.models import Bundle, ClientTrustConfig
from sigstore.oidc import IdentityToken
from sigstore.sign import SigningContext
from sigstore.verify import Verifier
from sigstore.verify.policy import Identity

KINDS = ["artifact", "statement"]


def main():
    options = parse_options()
    match options.command:
        case "authority":
            private_authority.make()
        case "serve":
            private_authority.serve()
        case "token":
            print(private_authority.identity_token())
        case "sign":
            sign(options)
        case "verify":
            verify(options)
        case "detach":
            detach(options)
        case "read":
            read(options)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("authority", help="make the keys of the authorities")
    commands.add_parser("serve", help="be the certificate authority for clients that ask by HTTP")
    commands.add_parser("token", help="print a token that stands for the signer")

    command = commands.add_parser("sign")
    command.add_argument("kind", choices=KINDS)
    command.add_argument("trust_config", type=Path)
    command.add_argument("file", type=Path)
    command.add_argument("bundle", type=Path)
    command.add_argument("--log", metavar="URL", help="submit there, not where the trust config says (Rekor v1)")
    command.add_argument("--time-stamp", action="store_true", help="have the signature stamped in this process")
    command.add_argument("--submit-again", action="store_true", help="when no reply comes, submit the same once more")

    command = commands.add_parser("verify")
    command.add_argument("kind", choices=KINDS)
    command.add_argument("trust_config", type=Path)
    command.add_argument("file", type=Path)
    command.add_argument("bundle", type=Path)

    command = commands.add_parser("detach", help="write certificate and signature of a bundle into BUNDLE.crt and BUNDLE.sig")
    command.add_argument("bundle", type=Path)

    command = commands.add_parser("read", help="read the entry of a bundle from a Rekor v1, in all ways")
    command.add_argument("log", metavar="URL")
    command.add_argument("bundle", type=Path)
    return parser.parse_args()


def sign(options):
    trust = ClientTrustConfig.from_json(options.trust_config.read_text())
    # What the package itself would do with this configuration, but for the authorities and the options.
    log = RekorClient(options.log) if options.log else trust.signing_config.get_tlogs()[0]
    context = SigningContext(
        fulcio=private_authority.CertificateAuthority(),
        rekor=SubmittingAgain(log) if options.submit_again else log,
        trusted_root=trust.trusted_root,
        tsa_clients=[private_authority.TimestampAuthority()] if options.time_stamp else trust.signing_config.get_tsas(),
    )
    with context.signer(IdentityToken(private_authority.identity_token())) as signer:
        if options.kind == "artifact":
            signed = signer.sign_artifact(options.file.read_bytes())
        else:
            signed = signer.sign_dsse(Statement(json.dumps(statement(options.file)).encode()))
    if options.time_stamp and not signed.verification_material.timestamp_verification_data.rfc3161_timestamps:
        sys.exit("the bundle has no time stamp")
    options.bundle.write_text(signed.to_json())


class SubmittingAgain:
    """A client of a log whose caller submits the same request once more when no reply comes, which the client itself does not."""

    def __init__(self, log):
        self._log = log

    def __getattr__(self, name):
        return getattr(self._log, name)

    def create_entry(self, request):
        try:
            self._log.create_entry(request)
        except requests.ConnectionError:
            return self._log.create_entry(request)
        sys.exit("the first reply was not lost")


def verify(options):
    trust = ClientTrustConfig.from_json(options.trust_config.read_text())
    verifier = Verifier(trusted_root=trust.trusted_root)
    policy = Identity(identity=IDENTITY, issuer=ISSUER)
    signed = Bundle.from_json(options.bundle.read_bytes())
    if options.kind == "artifact":
        verifier.verify_artifact(options.file.read_bytes(), signed, policy)
        return
    _, payload = verifier.verify_dsse(signed, policy)
    # The package leaves it to its caller to compare the statement's subject.
    if json.loads(payload)["subject"] != statement(options.file)["subject"]:
        sys.exit(f"the digest of {options.file} is not the statement's")


def detach(options):
    signed = json.loads(options.bundle.read_text())
    certificate = Bundle.from_json(options.bundle.read_bytes()).signing_certificate
    options.bundle.with_suffix(".crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    options.bundle.with_suffix(".sig").write_text(signed["messageSignature"]["signature"])


def read(options):
    entry = Bundle.from_json(options.bundle.read_bytes()).log_entry._inner
    log = RekorClient(options.log).log
    info = log.get()
    if info.tree_size <= entry.log_index:
        sys.exit(f"the log has {info.tree_size} entries, and the bundle is entry {entry.log_index}")
    leaf_hash = hashlib.sha256(b"\0" + entry.canonicalized_body).hexdigest()
    tree_id = f"{int(info.tree_id):016x}"
    found = [
        log.entries.get(uuid=leaf_hash),
        log.entries.get(uuid=tree_id + leaf_hash),
        log.entries.get(log_index=entry.log_index),
    ]
    for other in found:
        other = other._inner
        if (other.log_index, other.canonicalized_body) != (entry.log_index, entry.canonicalized_body):
            sys.exit(f"asked for entry {entry.log_index}, was given another: {other}")


def statement(file):
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "artifact", "digest": {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()}}],
        "predicateType": "https://example.test/predicate",
        "predicate": {},
    }


if __name__ == "__main__":
    main()
