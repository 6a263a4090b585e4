CLIENT=cosign
VERSION=v3.1.2
TOOLS=(go)

install() {
    go_install "cosign-$VERSION" "github.com/sigstore/cosign/v3/cmd/cosign@$VERSION"
}

jobs() {
    export COSIGN_PASSWORD=
    printf 'an artifact\n' >artifact
    printf 'another artifact\n' >changed
    printf '{"buildDefinition":{"buildType":"https://example.test/build","externalParameters":{}},"runDetails":{"builder":{"id":"https://example.test/builder"}}}' >predicate.json
    cosign generate-key-pair >/dev/null 2>&1
    cosign generate-key-pair --output-key-prefix other >/dev/null 2>&1

    # With a trusted root cosign verifies the log's reply before it writes the bundle.
    job "sign-blob" sign_blob artifact artifact.sigstore.json
    job "attest-blob" attest_blob artifact attestation.sigstore.json
    refused "sign-blob, reply of another log" "$NOT_IN_LOG" sign_with_other_root

    # Whatever follows is offline: there is no log any more.
    stop_service log
    job "verify-blob, offline" verify_blob cosign.pub "$TRUST" artifact
    refused "verify-blob, changed artifact" "$BAD_SIGNATURE" verify_blob cosign.pub "$TRUST" changed
    refused "verify-blob, other key" "$BAD_INCLUSION" verify_blob other.pub "$TRUST" artifact
    refused "verify-blob, root of another log" "$NOT_IN_LOG" verify_blob cosign.pub "$OTHER_TRUST" artifact
    job "verify-blob-attestation, offline" verify_attestation "$TRUST" artifact
    refused "verify-blob-attestation, changed artifact" "$BAD_DIGEST" verify_attestation "$TRUST" changed
    refused "verify-blob-attestation, root of another log" "$NOT_IN_LOG" verify_attestation "$OTHER_TRUST" artifact
}

# What cosign says when it refuses.
BAD_SIGNATURE='invalid signature|failed to verify signature|could not verify'
BAD_DIGEST='digest|subject'
BAD_INCLUSION='verifying inclusion: calculated root'
NOT_IN_LOG='not enough verified (log|tlog) entries|transparency log'

cosign() {
    "$CACHE/cosign-$VERSION/cosign" "$@"
}

sign_blob() {
    cosign sign-blob --key cosign.key --signing-config "$TRUST/signing_config.v0.2.json" \
        --trusted-root "$TRUST/trusted_root.json" --bundle "$2" -y "$1"
}

sign_with_other_root() {
    cosign sign-blob --key cosign.key --signing-config "$TRUST/signing_config.v0.2.json" \
        --trusted-root "$OTHER_TRUST/trusted_root.json" --bundle refused.sigstore.json -y artifact
}

attest_blob() {
    cosign attest-blob --key cosign.key --signing-config "$TRUST/signing_config.v0.2.json" \
        --trusted-root "$TRUST/trusted_root.json" --predicate predicate.json --type slsaprovenance1 \
        --bundle "$2" -y "$1"
}

# verify_blob KEY TRUST ARTIFACT
verify_blob() {
    cosign verify-blob --key "$1" --trusted-root "$2/trusted_root.json" --bundle artifact.sigstore.json "$3"
}

# verify_attestation TRUST ARTIFACT
verify_attestation() {
    cosign verify-blob-attestation --key cosign.pub --trusted-root "$1/trusted_root.json" \
        --type slsaprovenance1 --bundle attestation.sigstore.json "$2"
}
