CLIENT='sigstore-go, Rekor v2'
VERSION=v1.3.0
TOOLS=(go)

source "$HERE/sigstore_go.sh"
source "$HERE/timestamp_authority.sh"

install() {
    install_sigstore_go
    install_timestamp_authority
}

jobs() {
    start_timestamp_authority
    local timestamps=(--timestamp-authority "$TSA_CHAIN" --tsa-url "$TSA_URL")
    write_trust "$TRUST" "${timestamps[@]}"
    printf 'an artifact\n' >artifact
    printf 'another artifact\n' >changed
    write_statement artifact >statement.json

    # The signing program makes a key of its own, and verifies what it got before it prints the bundle.
    job "sign, no time stamp" sign "$TRUST" artifact plain -rekor
    job "sign, time stamp" sign "$TRUST" artifact artifact -rekor -tsa
    job "sign in-toto statement, time stamp" sign "$TRUST" statement.json statement -rekor -tsa -in-toto
    refused "sign, reply of another log" "$NOT_IN_LOG" sign "$OTHER_TRUST" artifact refused -rekor

    # Offline from here on.
    stop_service log
    job "verify, offline" verify artifact "$TRUST" artifact
    job "verify in-toto statement, offline" verify statement "$TRUST" artifact
    refused "verify, changed artifact" "$BAD_SIGNATURE" verify artifact "$TRUST" changed
    refused "verify in-toto statement, changed artifact" "$BAD_DIGEST" verify statement "$TRUST" changed
    refused "verify, other key" "$BAD_INCLUSION" verify_with_key statement.pub artifact "$TRUST" artifact
    # The other log's files, with the same time stamp authority: only the log is a stranger.
    with_other_log write_trust "$OTHER_TRUST" "${timestamps[@]}"
    refused "verify, root of another log" "$NOT_IN_LOG" verify artifact "$OTHER_TRUST" artifact
}
