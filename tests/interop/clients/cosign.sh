CLIENT='cosign, Rekor v2'
VERSION=v3.1.2
TOOLS=(go)

# Every kind of key that cosign can sign and verify blobs with: arguments of `openssl genpkey`, and the
# digest that belongs to the key (cosign takes SHA-256 to verify with unless it is told). Ed25519 is not
# among them: cosign signs with Ed25519ph and then checks its own signature as plain Ed25519.
declare -A KEY_OPTIONS=(
    [P-384]='EC -pkeyopt ec_paramgen_curve:P-384'
    [P-521]='EC -pkeyopt ec_paramgen_curve:P-521'
    [RSA-2048]='RSA -pkeyopt rsa_keygen_bits:2048'
    [RSA-3072]='RSA -pkeyopt rsa_keygen_bits:3072'
    [RSA-4096]='RSA -pkeyopt rsa_keygen_bits:4096'
)
declare -A KEY_DIGESTS=([P-256]=sha256 [P-384]=sha384 [P-521]=sha512 [RSA-2048]=sha256 [RSA-3072]=sha256 [RSA-4096]=sha256)

install() {
    go_install "cosign-$VERSION" "github.com/sigstore/cosign/v3/cmd/cosign@$VERSION"
}

jobs() {
    export COSIGN_PASSWORD=
    local kind kinds
    mapfile -t kinds < <(printf '%s\n' "${!KEY_DIGESTS[@]}" | sort)
    printf 'an artifact\n' >artifact
    printf 'another artifact\n' >changed
    printf '{"buildDefinition":{"buildType":"https://example.test/build","externalParameters":{}},"runDetails":{"builder":{"id":"https://example.test/builder"}}}' >predicate.json
    make_keys

    # With a trusted root cosign verifies the log's reply before it writes the bundle.
    for kind in "${kinds[@]}"; do
        job "sign-blob, $kind" sign_blob "$TRUST" "$kind"
    done
    job "sign-blob again, RSA-2048: the same entry" sign_again
    job "attest-blob" attest_blob
    refused "sign-blob, reply of another log" "$NOT_IN_LOG" sign_blob "$OTHER_TRUST" P-256

    # Whatever follows is offline: there is no log any more.
    stop_service log
    for kind in "${kinds[@]}"; do
        job "verify-blob, offline, $kind" verify_blob "$kind" "$TRUST" artifact
    done
    refused "verify-blob, changed artifact" "$BAD_SIGNATURE" verify_blob P-256 "$TRUST" changed
    refused "verify-blob, other key" "$BAD_INCLUSION" verify_with_other_key
    refused "verify-blob, root of another log" "$NOT_IN_LOG" verify_blob P-256 "$OTHER_TRUST" artifact
    job "verify-blob-attestation, offline" verify_attestation "$TRUST" artifact
    refused "verify-blob-attestation, changed artifact" "$BAD_DIGEST" verify_attestation "$TRUST" changed
    refused "verify-blob-attestation, root of another log" "$NOT_IN_LOG" verify_attestation "$OTHER_TRUST" artifact
}

# What cosign says when it refuses.
BAD_SIGNATURE='could not verify message: invalid signature'
BAD_DIGEST='artifact digests do not match digests in statement'
BAD_INCLUSION='verifying inclusion: calculated root'
NOT_IN_LOG='not enough verified log entries from transparency log: 0 < 1'

cosign() {
    "$CACHE/cosign-$VERSION/cosign" "$@"
}

# KIND.key and KIND.pub for every kind; cosign's own generator makes P-256 only.
make_keys() {
    local kind options
    cosign generate-key-pair --output-key-prefix P-256
    cosign generate-key-pair --output-key-prefix other
    for kind in "${!KEY_OPTIONS[@]}"; do
        read -ra options <<<"${KEY_OPTIONS[$kind]}"
        openssl genpkey -algorithm "${options[@]}" -out "$kind.pem"
        cosign import-key-pair --key "$kind.pem" --output-key-prefix "$kind"
    done
} >/dev/null 2>&1

# sign_blob TRUST KIND: the log of this run answers, and its reply is checked with TRUST.
sign_blob() {
    cosign sign-blob --key "$2.key" --signing-config "$TRUST/signing_config.v0.2.json" \
        --trusted-root "$1/trusted_root.json" --bundle "$(bundle_in "$1" "$2")" -y artifact
}

# The bundle that is expected not to come about must not replace the good one.
bundle_in() {
    if [[ $1 == "$TRUST" ]]; then printf '%s.sigstore.json' "$2"; else printf 'refused.sigstore.json'; fi
}

# The same key makes the same RSA signature, and so the entry that the log already holds: cosign has no
# way to go on after an answer of 409.
sign_again() {
    cp RSA-2048.sigstore.json first.sigstore.json
    sign_blob "$TRUST" RSA-2048
    [[ $(log_index first.sigstore.json) == "$(log_index RSA-2048.sigstore.json)" ]]
}

log_index() {
    grep -oE '"logIndex": *"[0-9]+"' "$1" | sort -u
}

attest_blob() {
    cosign attest-blob --key P-256.key --signing-config "$TRUST/signing_config.v0.2.json" \
        --trusted-root "$TRUST/trusted_root.json" --predicate predicate.json --type slsaprovenance1 \
        --bundle attestation.sigstore.json -y artifact
}

# verify_blob KIND TRUST ARTIFACT
verify_blob() {
    cosign verify-blob --key "$1.pub" --signature-digest-algorithm "${KEY_DIGESTS[$1]}" \
        --trusted-root "$2/trusted_root.json" --bundle "$1.sigstore.json" "$3"
}

verify_with_other_key() {
    cosign verify-blob --key other.pub --trusted-root "$TRUST/trusted_root.json" --bundle P-256.sigstore.json artifact
}

# verify_attestation TRUST ARTIFACT
verify_attestation() {
    cosign verify-blob-attestation --key P-256.pub --trusted-root "$1/trusted_root.json" \
        --type slsaprovenance1 --bundle attestation.sigstore.json "$2"
}
