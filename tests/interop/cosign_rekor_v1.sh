# What cosign 2 and cosign 3 do with Rekor v1: with the trust files, and with the flags that came before them. Sourced by the
# scripts of both, which define `conflicts` and `own_jobs` for what they do differently.

# Every kind of key whose signatures the log takes as hashedrekord: arguments of `openssl genpkey`, and the digest that belongs
# to the key (cosign takes SHA-256 to verify with unless it is told).
declare -A KEY_OPTIONS=(
    [P-256]='EC -pkeyopt ec_paramgen_curve:P-256'
    [P-384]='EC -pkeyopt ec_paramgen_curve:P-384'
    [P-521]='EC -pkeyopt ec_paramgen_curve:P-521'
    [RSA-2048]='RSA -pkeyopt rsa_keygen_bits:2048'
    [RSA-3072]='RSA -pkeyopt rsa_keygen_bits:3072'
    [RSA-4096]='RSA -pkeyopt rsa_keygen_bits:4096'
    [other]='EC -pkeyopt ec_paramgen_curve:P-256'
)
declare -A KEY_DIGESTS=([P-256]=sha256 [P-384]=sha384 [P-521]=sha512 [RSA-2048]=sha256 [RSA-3072]=sha256 [RSA-4096]=sha256)

# Whether `--new-bundle-format`: the Sigstore bundle, or the older JSON with the log's promise (SET) alone.
FORMATS=(true false)
declare -A FORMAT_NAMES=([true]='Sigstore bundle' [false]='old bundle')

# What cosign says when it refuses: with the trust files, with the log asked, and with the old bundle.
BAD_SIGNATURE='could not verify message: invalid signature'
BAD_SIGNATURE_ONLINE='entries/retrieve\]\[400\].*does not verify'
BAD_SIGNATURE_OLD='matching bundle to payload'
BAD_DIGEST='artifact digests? do(es)? not match (digests|any digest) in statement'
BAD_DIGEST_ONLINE='no matching subject digest found'
OTHER_SIGNER='transparency log certificate does not match'
NOT_IN_LOG='not enough verified log entries from transparency log: 0 < 1'
NO_LOG_KEY='rekor log public key not found for payload'
NOT_LOGGED='signature not found in transparency log'
CONFLICT='\[409\].*an equivalent entry already exists'

jobs() {
    export COSIGN_PASSWORD=
    local kind kinds format
    mapfile -t kinds < <(printf '%s\n' "${!KEY_DIGESTS[@]}" | sort)
    printf 'an artifact\n' >artifact
    printf 'another artifact\n' >changed
    printf '{"buildDefinition":{"buildType":"https://example.test/build","externalParameters":{}},"runDetails":{"builder":{"id":"https://example.test/builder"}}}' >predicate.json
    make_keys
    write_trust "$TRUST" --api-version 1
    with_other_log write_trust "$OTHER_TRUST" --api-version 1

    # With a trusted root cosign verifies the log's reply before it writes the bundle.
    for kind in "${kinds[@]}"; do
        job "sign-blob, signing config, $kind" sign_blob "$TRUST" "$kind"
    done
    job "sign-blob again, RSA-2048: the same entry" sign_again
    job "attest-blob, signing config" attest_blob
    refused "sign-blob, signing config, reply of another log" "$NOT_IN_LOG" sign_blob "$OTHER_TRUST" P-256
    for format in "${FORMATS[@]}"; do
        for kind in P-256 RSA-3072; do
            job "sign-blob, --rekor-url, ${FORMAT_NAMES[$format]}, $kind" sign_blob_flags "$format" "$kind" "flags-$format-$kind"
        done
        job "attest-blob, --rekor-url, ${FORMAT_NAMES[$format]}" attest_blob_flags "$format" "flags-$format"
    done
    ! present node "sign-blob, first reply lost" || lost_replies
    with_conflict_log conflicts
    online_jobs
    own_jobs

    # Whatever follows is offline: there is no log any more.
    stop_service log
    for kind in "${kinds[@]}"; do
        job "verify-blob, offline, $kind" verify_blob "$kind" "$TRUST" artifact
    done
    refused "verify-blob, changed artifact" "$BAD_SIGNATURE" verify_blob P-256 "$TRUST" changed
    refused "verify-blob, other key" "$OTHER_SIGNER" verify_with_other_key
    refused "verify-blob, root of another log" "$NOT_IN_LOG" verify_blob P-256 "$OTHER_TRUST" artifact
    job "verify-blob-attestation, offline" verify_attestation attestation "$TRUST" artifact
    refused "verify-blob-attestation, changed artifact" "$BAD_DIGEST" verify_attestation attestation "$TRUST" changed
    refused "verify-blob-attestation, root of another log" "$NOT_IN_LOG" verify_attestation attestation "$OTHER_TRUST" artifact
    offline_jobs_of_flags
}

# The log is asked for the entry, which it finds by the proposal for it (entries/retrieve).
online_jobs() {
    openssl dgst -sha256 -sign P-256.pem artifact | openssl base64 -A >not-logged.sig
    for kind in P-256 RSA-3072; do
        job "verify-blob, online, $kind" verify_online "$kind" "flags-false-$kind.sig" "$TRUST" artifact
    done
    refused "verify-blob, online, not in the log" "$NOT_LOGGED" verify_online P-256 not-logged.sig "$TRUST" artifact
    refused "verify-blob, online, changed artifact" "$BAD_SIGNATURE_ONLINE" verify_online P-256 flags-false-P-256.sig "$TRUST" changed
    refused "verify-blob, online, key of another log" "$NO_LOG_KEY" verify_online P-256 flags-false-P-256.sig "$OTHER_TRUST" artifact
    job "verify-blob-attestation, online" verify_attestation_online flags-false "$TRUST" artifact
    refused "verify-blob-attestation, online, changed artifact" "$BAD_DIGEST_ONLINE" verify_attestation_online flags-false "$TRUST" changed
    refused "verify-blob-attestation, online, key of another log" "$NO_LOG_KEY" verify_attestation_online flags-false "$OTHER_TRUST" artifact
}

offline_jobs_of_flags() {
    job "verify-blob, offline, Sigstore bundle of --rekor-url" verify_bundle flags-true-P-256 P-256 "$TRUST" artifact
    job "verify-blob-attestation, offline, Sigstore bundle of --rekor-url" verify_attestation flags-true "$TRUST" artifact
    for kind in P-256 RSA-3072; do
        job "verify-blob, offline, old bundle, $kind" verify_old "$kind" "$TRUST" artifact
    done
    refused "verify-blob, offline, old bundle, changed artifact" "$BAD_SIGNATURE_OLD" verify_old P-256 "$TRUST" changed
    refused "verify-blob, offline, old bundle, key of another log" "$NO_LOG_KEY" verify_old P-256 "$OTHER_TRUST" artifact
    job "verify-blob-attestation, offline, old bundle" verify_attestation_old flags-false "$TRUST" artifact
    refused "verify-blob-attestation, offline, old bundle, key of another log" "$NO_LOG_KEY" verify_attestation_old flags-false "$OTHER_TRUST" artifact
}

cosign() {
    "$CACHE/cosign-$VERSION/cosign" "$@"
}

# KIND.key and KIND.pub for every kind.
make_keys() {
    local kind options
    for kind in "${!KEY_OPTIONS[@]}"; do
        read -ra options <<<"${KEY_OPTIONS[$kind]}"
        openssl genpkey -algorithm "${options[@]}" -out "$kind.pem"
        cosign import-key-pair --key "$kind.pem" --output-key-prefix "$kind"
    done
} >/dev/null 2>&1

# sign_blob TRUST KIND: the log of this run answers, and its reply is checked with TRUST.
sign_blob() {
    cosign sign-blob --key "$2.key" --signing-config "$TRUST/signing_config.v0.2.json" --new-bundle-format=true \
        --trusted-root "$1/trusted_root.json" --bundle "$(bundle_in "$1" "$2")" -y artifact
    is_rekor_v1 "$2" hashedrekord
}

# is_rekor_v1 NAME KIND: the entry in the bundle is of that kind, in its version of Rekor v1.
is_rekor_v1() {
    grep -E "\"kindVersion\": *\{\"kind\": *\"$2\", *\"version\": *\"0\.0\.1\"\}" "$1.sigstore.json" >/dev/null
}

# The bundle that is expected not to come about must not replace the good one.
bundle_in() {
    if [[ $1 == "$TRUST" ]]; then printf '%s.sigstore.json' "$2"; else printf 'refused.sigstore.json'; fi
}

# The same key makes the same RSA signature, and so the entry that the log already holds.
sign_again() {
    local size
    size=$(tree_size)
    cp RSA-2048.sigstore.json first.sigstore.json
    sign_blob "$TRUST" RSA-2048
    [[ $(log_index first.sigstore.json) == "$(log_index RSA-2048.sigstore.json)" && $(tree_size) == "$size" ]]
}

log_index() {
    grep -oE '"logIndex": *"[0-9]+"' "$1" | sort -u
}

attest_blob() {
    cosign attest-blob --key P-256.key --signing-config "$TRUST/signing_config.v0.2.json" --new-bundle-format=true \
        --trusted-root "$TRUST/trusted_root.json" --predicate predicate.json --type slsaprovenance1 \
        --bundle attestation.sigstore.json -y artifact
    is_rekor_v1 attestation dsse
}

# sign_blob_flags NEW_FORMAT KIND NAME [FILE]: writes NAME.sigstore.json, and for the old format NAME.sig.
sign_blob_flags() {
    local outputs=(--bundle "$3.sigstore.json")
    [[ $1 == true ]] || outputs+=(--output-signature "$3.sig")
    cosign sign-blob --key "$2.key" --use-signing-config=false --rekor-url "$LOG_URL" --new-bundle-format="$1" \
        "${outputs[@]}" -y "${4:-artifact}"
}

# attest_blob_flags NEW_FORMAT NAME [OPTION...]: the same with NAME-attestation.sigstore.json and NAME-attestation.sig.
attest_blob_flags() {
    local format=$1 name=$2 outputs=(--bundle "$2-attestation.sigstore.json")
    shift 2
    [[ $format == true ]] || outputs+=(--output-signature "$name-attestation.sig")
    cosign attest-blob --key P-256.key --use-signing-config=false --rekor-url "$LOG_URL" --new-bundle-format="$format" \
        --predicate predicate.json --type slsaprovenance1 "${outputs[@]}" "$@" -y artifact
}

# verify_blob KIND TRUST ARTIFACT
verify_blob() {
    verify_bundle "$1" "$@"
}

# verify_bundle NAME KIND TRUST ARTIFACT
verify_bundle() {
    cosign verify-blob --key "$2.pub" --signature-digest-algorithm "${KEY_DIGESTS[$2]}" --new-bundle-format=true \
        --trusted-root "$3/trusted_root.json" --bundle "$1.sigstore.json" "$4"
}

verify_with_other_key() {
    cosign verify-blob --key other.pub --trusted-root "$TRUST/trusted_root.json" --new-bundle-format=true \
        --bundle P-256.sigstore.json artifact
}

# verify_attestation NAME TRUST ARTIFACT
verify_attestation() {
    local bundle=$1-attestation.sigstore.json
    [[ $1 != attestation ]] || bundle=attestation.sigstore.json
    cosign verify-blob-attestation --key P-256.pub --trusted-root "$2/trusted_root.json" --new-bundle-format=true \
        --type slsaprovenance1 --bundle "$bundle" "$3"
}

# trusting TRUST COMMAND...: the older flags take the log's key from the environment.
trusting() {
    local trust=$1
    shift
    SIGSTORE_REKOR_PUBLIC_KEY=$trust/log-ecdsa-p256.pub "$@"
}

# verify_online KIND SIGNATURE TRUST ARTIFACT
verify_online() {
    trusting "$3" cosign verify-blob --key "$1.pub" --new-bundle-format=false --rekor-url "$LOG_URL" --signature "$2" "$4"
}

# verify_attestation_online NAME TRUST ARTIFACT
verify_attestation_online() {
    trusting "$2" cosign verify-blob-attestation --key P-256.pub --new-bundle-format=false --rekor-url "$LOG_URL" \
        --type slsaprovenance1 --signature "$1-attestation.sig" "$3"
}

# verify_old KIND TRUST ARTIFACT
verify_old() {
    trusting "$2" cosign verify-blob --key "$1.pub" --new-bundle-format=false --offline \
        --bundle "flags-false-$1.sigstore.json" "$3"
}

# verify_attestation_old NAME TRUST ARTIFACT
verify_attestation_old() {
    trusting "$2" cosign verify-blob-attestation --key P-256.pub --new-bundle-format=false --offline \
        --type slsaprovenance1 --signature "$1-attestation.sig" --bundle "$1-attestation.sigstore.json" "$3"
}

# The client asks again by itself.
lost_replies() {
    local format
    for format in "${FORMATS[@]}"; do
        with_lossy_proxy job "sign-blob, first reply lost: retries by itself, ${FORMAT_NAMES[$format]}" \
            sign_through_proxy "$format" P-256 "lost-$format"
        with_lossy_proxy job "attest-blob, first reply lost: retries by itself, ${FORMAT_NAMES[$format]}" \
            attest_through_proxy "$format" "lost-$format"
    done
    job "verify-blob, first reply lost" verify_bundle lost-true P-256 "$TRUST" lost-true
    job "verify-blob-attestation, first reply lost" verify_attestation lost-true "$TRUST" artifact
}

# sign_through_proxy NEW_FORMAT KIND NAME: the log has one entry more, whatever the client had to do for it.
sign_through_proxy() {
    local size
    size=$(tree_size)
    printf 'artifact of %s\n' "$3" >"$3"
    sign_blob_flags "$1" "$2" "$3" "$3"
    reply_was_lost
    [[ $(tree_size) == $((size + 1)) ]]
}

# attest_through_proxy NEW_FORMAT NAME
attest_through_proxy() {
    local size
    size=$(tree_size)
    attest_blob_flags "$1" "$2"
    reply_was_lost
    [[ $(tree_size) == $((size + 1)) ]]
}
