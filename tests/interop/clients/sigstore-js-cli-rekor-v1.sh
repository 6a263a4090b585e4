CLIENT='@sigstore/cli, Rekor v1'
# The newest that Node 20 is declared for.
VERSION=0.8.1
# It takes its certificate from an authority by HTTP and its trust from a TUF repository, which are made with Python.
TOOLS=(node npm python3)

source "$HERE/private_certificates.sh"
source "$HERE/sigstore_python.sh"
source "$HERE/tuf.sh"

# What it says when it refuses.
BAD_SIGNATURE='SIGNATURE_ERROR|signature verification failed|payload hash mismatch'
BAD_TIME='inclusion promise could not be verified'
BAD_IDENTITY='certificate identity error'
NO_REPLY='error creating tlog entry'

install() {
    npm_install "sigstore-cli-$VERSION" "@sigstore/cli@$VERSION"
    install_sigstore_python
    install_tuf
}

jobs() {
    local authorities=(--api-version 1 --certificate-authority ca.pem --ct-key ct.pub --fulcio-url https://ca.example.test)
    printf 'an artifact\n' >artifact
    make_statement
    python authority
    write_trust "$TRUST" "${authorities[@]}"
    with_other_log write_trust "$OTHER_TRUST" "${authorities[@]}"
    start_service authority log_address serve_authority
    AUTHORITY_URL=$SERVICE_URL

    start_tuf_repository "$TRUST/trusted_root.json"
    job "attest, as intoto 0.0.2" attest signed
    job "verify" verify signed signer@example.test
    refused "verify, changed payload" "$BAD_SIGNATURE" verify_changed_payload signed
    refused "verify, changed time" "$BAD_TIME" verify_changed_time signed
    refused "verify, another identity" "$BAD_IDENTITY" verify signed other@example.test
    if present node "attest, first reply lost"; then
        with_lossy_proxy lost_reply_jobs
        job "verify, first reply lost" verify retried signer@example.test
    fi
    start_tuf_repository "$OTHER_TRUST/trusted_root.json"
    refused "verify, root of another log" "$BAD_TIME" verify signed signer@example.test
}

# Each run makes a key of its own, so that the second one submits something else.
lost_reply_jobs() {
    refused "attest, first reply lost: gives up" "$NO_REPLY" attest lost
    job "attest again: another key, so another entry" attest_again
}

attest_again() {
    local before
    before=$(tree_size)
    reply_was_lost
    attest retried
    [[ $(tree_size) == $((before + 1)) ]]
}

attest() {
    CI=1 SIGSTORE_ID_TOKEN=$(python token) cli attest --fulcio-url "$AUTHORITY_URL" --rekor-url "$LOG_URL" \
        --output-file "$1.sigstore.json" statement.json
    grep -q '"kindVersion":{"kind":"intoto","version":"0.0.2"}' "$1.sigstore.json"
}

# verify NAME IDENTITY, with nothing kept from before.
verify() {
    rm -rf tuf-cache
    mkdir tuf-cache
    cli verify --tuf-mirror-url "$REPOSITORY_URL" --tuf-root-path "$PWD/repository/1.root.json" \
        --tuf-cache-path "$PWD/tuf-cache" --certificate-identity-email "$2" \
        --certificate-issuer https://issuer.example.test "$1.sigstore.json"
}

verify_changed_payload() {
    changed_payload "$1.sigstore.json" >"$1-changed.sigstore.json"
    verify "$1-changed" signer@example.test
}

verify_changed_time() {
    a_second_later "$1.sigstore.json" >"$1-later.sigstore.json"
    verify "$1-later" signer@example.test
}

cli() {
    "$CACHE/sigstore-cli-$VERSION/node_modules/.bin/sigstore" "$@"
}
