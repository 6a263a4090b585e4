CLIENT='sigstore-rust, Rekor v1'
VERSION='sigstore 0.15.0, sigstore-rekor and sigstore-verify 0.15.1'
TOOLS=(cargo)

source "$HERE/private_certificates.sh"

# What the programs and crates say when they refuse.
OTHER_KEY='No valid signature found for checkpoint'
BAD_ARTIFACT='artifact mismatch'
BAD_TIME='SET verification failed'
NOT_IN_LOG='No log key valid at integrated time'
NO_SUCH_ENTRY='HTTP 404'
CONFLICT='status code 409|HTTP 409'

install() {
    progress "building the crates (the first time takes minutes)"
    (cd "$HERE/clients/sigstore-rust" && CARGO_TARGET_DIR=$CACHE/sigstore-rust nice cargo build --quiet --locked)
}

jobs() {
    local authority=(--api-version 1 --certificate-authority ca.pem --fulcio-url https://ca.example.test) kind
    printf 'an artifact\n' >artifact
    printf 'another artifact\n' >changed
    printf 'a third artifact\n' >third
    make_statement
    make_certificates
    write_trust "$TRUST" "${authority[@]}"
    with_other_log write_trust "$OTHER_TRUST" "${authority[@]}"

    sigstore_jobs
    for kind in artifact statement; do
        bundle_jobs "$kind"
    done
    with_other_log refused "sigstore-rekor: find what is not in the log" "$NO_SUCH_ENTRY" find artifact
    if present node "first reply lost"; then
        lost_reply_jobs
        with_conflict_log conflict_jobs
    fi
}

# The crate `sigstore` submits with a plain key, and checks inclusion and checkpoints, but not the promise (SET).
sigstore_jobs() {
    job "sigstore: submit with CRLF in its PEM" sigstore submit artifact
    job "sigstore: find by digest, key, id and index" sigstore find artifact
    job "sigstore: log info, public key, proof of growth" sigstore grow changed
    refused "sigstore: find what is not in the log" "one entry of the artifact was expected: \\[\\]" sigstore find third
    refused "sigstore: find, key of another log" "$OTHER_KEY" sigstore_with_other_key find artifact
    refused "sigstore: proof of growth, key of another log" "$OTHER_KEY" sigstore_with_other_key grow third
}

bundle_jobs() {
    local kind=$1
    job "sigstore-rekor: submit $kind with CRLF in its PEM" submit submit "$kind" "$kind"
    job "sigstore-rekor: find $kind by both ids, index, digest and identity" find "$kind"
    job "sigstore-verify: verify $kind" verify "$kind" "$TRUST" artifact
    refused "sigstore-verify: verify $kind, changed artifact" "$BAD_ARTIFACT" verify "$kind" "$TRUST" changed
    refused "sigstore-verify: verify $kind, changed time" "$BAD_TIME" verify_changed_time "$kind"
    refused "sigstore-verify: verify $kind, root of another log" "$NOT_IN_LOG" verify "$kind" "$OTHER_TRUST" artifact
}

# The crates do not submit again by themselves.
lost_reply_jobs() {
    local kind
    with_lossy_proxy job "sigstore: submit, first reply lost, its caller submits again" \
        is_one_entry sigstore submit-again artifact
    for kind in artifact statement; do
        with_lossy_proxy job "sigstore-rekor: submit $kind, first reply lost, its caller submits again" \
            is_one_entry submit submit-again "$kind" "$kind-retried"
        job "sigstore-verify: verify $kind, first reply lost" verify "$kind-retried" "$TRUST" artifact
    done
}

# They take a 409 for an error.
conflict_jobs() {
    with_lossy_proxy refused "sigstore: first reply lost, conflict mode: its caller is told 409" "$CONFLICT" \
        sigstore submit-again artifact
    with_lossy_proxy refused "sigstore-rekor: first reply lost, conflict mode: its caller is told 409" "$CONFLICT" \
        submit submit-again artifact refused
}

# is_one_entry COMMAND...: what it submits more than once is one entry.
is_one_entry() {
    local before
    before=$(tree_size)
    "$@"
    reply_was_lost
    [[ $(tree_size) == $((before + 1)) ]]
}

# sigstore COMMAND FILE
sigstore() {
    crates sigstore "$1" "${LOG_KEYS:-$TRUST}/log-ecdsa-p256.pub" "$2"
}

sigstore_with_other_key() {
    LOG_KEYS=$OTHER_TRUST sigstore "$@"
}

# submit COMMAND KIND NAME
submit() {
    local file=artifact
    [[ $2 == artifact ]] || file=statement.json
    crates sigstore-rekor "$1" "$2" "$file" "$3.sigstore.json"
}

find() {
    crates sigstore-rekor find artifact "$1.sigstore.json"
}

# verify NAME TRUST ARTIFACT
verify() {
    crates sigstore-verify "$2/trusted_root.json" "$1.sigstore.json" "$3"
}

verify_changed_time() {
    a_second_later "$1.sigstore.json" >"$1-later.sigstore.json"
    verify "$1-later" "$TRUST" artifact
}

crates() {
    RUST_BACKTRACE=0 "$CACHE/sigstore-rust/debug/sigstore-rust" "$@"
}
