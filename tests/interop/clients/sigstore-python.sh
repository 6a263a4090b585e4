CLIENT='sigstore-python, Rekor v2'
# Go builds the time stamp authority, without which sigstore-python accepts no entry of Rekor v2.
TOOLS=(python3 go)

source "$HERE/sigstore_python.sh"
source "$HERE/timestamp_authority.sh"

VERSION=$SIGSTORE_PYTHON_VERSION

install() {
    install_sigstore_python
    install_timestamp_authority
}

jobs() {
    start_timestamp_authority
    printf 'an artifact\n' >artifact
    printf 'another artifact\n' >changed
    python authority
    local authorities=(
        --timestamp-authority "$TSA_CHAIN" --tsa-url "$TSA_URL"
        --certificate-authority ca.pem --ct-key ct.pub --fulcio-url https://ca.example.test
    )
    write_trust "$TRUST" "${authorities[@]}"

    job "sign artifact" python sign artifact "$TRUST/client_trust_config.json" artifact artifact.sigstore.json
    job "sign in-toto statement" python sign statement "$TRUST/client_trust_config.json" artifact statement.sigstore.json

    # Offline from here on.
    with_other_log write_trust "$OTHER_TRUST" "${authorities[@]}"
    stop_service log
    job "verify artifact, offline" verify artifact "$TRUST" artifact
    job "verify in-toto statement, offline" verify statement "$TRUST" artifact
    refused "verify artifact, changed artifact" "$BAD_MESSAGE" verify artifact "$TRUST" changed
    refused "verify in-toto statement, changed artifact" "$BAD_DIGEST" verify statement "$TRUST" changed
    refused "verify artifact, root of another log" "$NOT_IN_LOG" verify artifact "$OTHER_TRUST" artifact
}
