CLIENT='sigstore-python, Rekor v1'
TOOLS=(python3)

source "$HERE/private_certificates.sh"
source "$HERE/sigstore_python.sh"

VERSION=$SIGSTORE_PYTHON_VERSION

install() {
    install_sigstore_python
}

jobs() {
    local kind
    printf 'an artifact\n' >artifact
    printf 'another artifact\n' >changed
    python authority
    local authorities=(--api-version 1 --certificate-authority ca.pem --ct-key ct.pub --fulcio-url https://ca.example.test)
    local timestamps=(--timestamp-authority private-tsa-chain.pem --tsa-url https://tsa.example.test)
    write_trust "$TRUST" "${authorities[@]}"
    write_trust "$STAMPED_TRUST" "${authorities[@]}" "${timestamps[@]}"
    with_other_log make_other_trust

    for kind in artifact statement; do
        job "sign $kind" sign "$kind" "$kind"
        job "sign $kind, time stamp" sign "$kind" "$kind-stamped" --time-stamp
        ! present node "sign $kind, first reply lost" || lost_reply_jobs "$kind"
    done
    job "read the entry by index and by both ids" python read "$LOG_URL" artifact-stamped.sigstore.json
    detached_jobs
    ! present node "sign artifact, first reply lost, conflict mode" || with_conflict_log with_lossy_proxy conflict_jobs

    # Offline from here on.
    stop_service log
    for kind in artifact statement; do
        offline_jobs "$kind"
    done
    refused "verify artifact, changed artifact" "$BAD_MESSAGE" verify artifact "$TRUST" changed
    refused "verify statement, changed artifact" "$BAD_DIGEST" verify statement "$TRUST" changed
}

# The files of `ledgerstone trust` with a time stamp authority.
STAMPED_TRUST=stamped-trust

# What sigstore-python says when it refuses what Rekor v1 answered.
BAD_TIME='SET: invalid inclusion promise'
BAD_STAMP='no Timestamp Authorities have been provided'
CHANGED='Bundle message digest mismatch|in-toto statement has no subject for digest'
CONFLICT='409: an equivalent entry already exists'

make_other_trust() {
    write_trust "$OTHER_TRUST" "${authorities[@]}"
    python sign artifact "$OTHER_TRUST/client_trust_config.json" artifact other.sigstore.json
}

# sign KIND NAME OPTION...
sign() {
    local kind=$1 name=$2
    shift 2
    python sign "$kind" "$TRUST/client_trust_config.json" artifact "$name.sigstore.json" "$@"
}

# The client does not submit again by itself.
lost_reply_jobs() {
    local kind=$1
    with_lossy_proxy job "sign $kind, first reply lost, its caller submits again" submit_again "$kind" "$kind-retried"
    job "verify $kind, first reply lost" verify "$kind" "$TRUST" artifact "$kind-retried"
}

# Both submissions are one entry.
submit_again() {
    local before
    before=$(tree_size)
    sign "$1" "$2" --log "$LOG_URL" --submit-again
    reply_was_lost
    [[ $(tree_size) == $((before + 1)) ]]
}

# Where there is no bundle, the client asks the log for the entry that certificate and signature would make. It finds the log
# by the base URL of the trusted root.
detached_jobs() {
    sed "s#http://$ORIGIN#$LOG_URL#" "$TRUST/client_trust_config.json" >online.json
    python detach artifact.sigstore.json
    python detach other.sigstore.json
    job "verify artifact, certificate and signature alone" verify_detached artifact artifact
    refused "verify artifact, certificate and signature alone, changed artifact" "$BAD_REQUEST" \
        verify_detached artifact changed
    refused "verify artifact, certificate and signature of another log" "No matching log entry" \
        verify_detached other artifact
}

BAD_REQUEST='400: .*signature'

# verify_detached NAME ARTIFACT
verify_detached() {
    command_line --trust-config online.json verify identity --cert-identity signer@example.test \
        --cert-oidc-issuer https://issuer.example.test \
        --certificate "$1.sigstore.crt" --signature "$1.sigstore.sig" "$2"
}

# It takes a 409 for an error: the log's default is to return the entry, for the sake of such clients.
conflict_jobs() {
    refused "sign artifact, first reply lost, conflict mode: its caller is told 409" "$CONFLICT" \
        submit_again artifact conflict
}

offline_jobs() {
    local kind=$1
    job "verify $kind, offline" verify "$kind" "$TRUST" artifact
    job "verify $kind, offline, command line" verify_bundle "$kind" "$TRUST" artifact
    job "verify $kind, offline, time stamp" verify "$kind" "$STAMPED_TRUST" artifact "$kind-stamped"
    refused "verify $kind, offline, command line, changed artifact" "$CHANGED" verify_bundle "$kind" "$TRUST" changed
    refused "verify $kind, unknown time stamp authority" "$BAD_STAMP" verify "$kind" "$TRUST" artifact "$kind-stamped"
    refused "verify $kind, changed time" "$BAD_TIME" verify_changed_time "$kind"
    refused "verify $kind, root of another log" "$NOT_IN_LOG" verify "$kind" "$OTHER_TRUST" artifact
}

# verify_bundle NAME TRUST ARTIFACT
verify_bundle() {
    command_line --trust-config "$2/client_trust_config.json" verify identity --offline \
        --cert-identity signer@example.test --cert-oidc-issuer https://issuer.example.test \
        --bundle "$1.sigstore.json" "$3"
}

verify_changed_time() {
    a_second_later "$1.sigstore.json" >"$1-later.sigstore.json"
    verify "$1" "$TRUST" artifact "$1-later"
}

command_line() {
    "$CACHE/sigstore-python-$SIGSTORE_PYTHON_VERSION/bin/sigstore" "$@"
}
