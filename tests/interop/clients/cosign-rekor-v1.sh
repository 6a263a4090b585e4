CLIENT='cosign, Rekor v1'
VERSION=v3.1.2
TOOLS=(go)

source "$HERE/cosign_rekor_v1.sh"
source "$HERE/tuf.sh"

install() {
    go_install "cosign-$VERSION" "github.com/sigstore/cosign/v3/cmd/cosign@$VERSION"
    ! command -v python3 >/dev/null || install_tuf
}

# This version has no way to go on after an answer of 409, whether it signed twice or asked again by itself.
conflicts() {
    job "sign-blob, log that answers 409, first time" sign_blob_flags true RSA-2048 conflict
    refused "sign-blob again, 409: gives up" "$CONFLICT" sign_blob_flags true RSA-2048 refused
    ! present node "sign-blob, first reply lost, then 409" ||
        with_lossy_proxy refused "sign-blob, first reply lost, then 409: gives up" "$CONFLICT" sign_blob_flags true P-256 refused
}

# A client that was pointed to a TUF repository once has everything else from there.
own_jobs() {
    present python3 "initialize, sign-blob and verify-blob through TUF" || return 0
    start_tuf_repository "$TRUST/trusted_root.json" "$TRUST/signing_config.v0.2.json"
    job "initialize, through TUF" cosign initialize --mirror "$REPOSITORY_URL" --root repository/1.root.json
    job "sign-blob, through TUF" cosign sign-blob --key P-256.key --bundle tuf.sigstore.json -y artifact
    job "attest-blob, through TUF" cosign attest-blob --key P-256.key --predicate predicate.json --type slsaprovenance1 \
        --bundle tuf-attestation.sigstore.json -y artifact
    job "verify-blob, through TUF" cosign verify-blob --key P-256.pub --bundle tuf.sigstore.json artifact
    job "verify-blob-attestation, through TUF" cosign verify-blob-attestation --key P-256.pub --type slsaprovenance1 \
        --bundle tuf-attestation.sigstore.json artifact
    refused "verify-blob, through TUF, changed artifact" "$BAD_SIGNATURE" \
        cosign verify-blob --key P-256.pub --bundle tuf.sigstore.json changed
    start_tuf_repository "$OTHER_TRUST/trusted_root.json" "$OTHER_TRUST/signing_config.v0.2.json"
    job "initialize, through TUF of another log" cosign initialize --mirror "$REPOSITORY_URL" --root repository/1.root.json
    refused "verify-blob, through TUF of another log" "$NOT_IN_LOG" \
        cosign verify-blob --key P-256.pub --bundle tuf.sigstore.json artifact
}
