CLIENT=sigstore-python
VERSION=4.5.1
# Go builds the time stamp authority, without which sigstore-python accepts no entry of Rekor v2.
TOOLS=(python3 go)

source "$HERE/timestamp_authority.sh"

install() {
    pip_install "sigstore-python-$VERSION" "sigstore==$VERSION"
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

# What sigstore-python says when it refuses.
BAD_MESSAGE='Bundle message digest mismatch'
BAD_DIGEST="is not the statement's"
NOT_IN_LOG='invalid log entry: checkpoint: invalid signature'

# verify NAME TRUST ARTIFACT
verify() {
    python verify "$1" "$2/client_trust_config.json" "$3" "$1.sigstore.json"
}

python() {
    "$CACHE/sigstore-python-$VERSION/bin/python" "$HERE/clients/sigstore-python.py" "$@"
}
