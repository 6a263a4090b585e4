CLIENT='sigstore-go, Rekor v1'
VERSION=v1.3.0
TOOLS=(go)

source "$HERE/sigstore_go.sh"

install() {
    install_sigstore_go
}

# What sigstore-go says of another key; over Rekor v2 it compares hashes instead.
OTHER_SIGNER='transparency log certificate does not match'

# No time stamp authority: the log itself promises the time.
jobs() {
    write_trust "$TRUST" --api-version 1
    with_other_log write_trust "$OTHER_TRUST" --api-version 1
    printf 'an artifact\n' >artifact
    printf 'another artifact\n' >changed
    write_statement artifact >statement.json

    # The signing program makes a key of its own, and verifies what it got before it prints the bundle.
    job "sign, Rekor v1" sign_with_rekor_v1
    job "sign in-toto statement, Rekor v1" sign "$TRUST" statement.json statement -rekor -in-toto
    refused "sign, Rekor v1, reply of another log" "$NOT_IN_LOG" sign "$OTHER_TRUST" artifact refused -rekor
    if present node "sign, Rekor v1, first reply lost"; then
        with_lossy_proxy job "sign, Rekor v1, first reply lost: retries by itself" sign_through_proxy artifact lost -rekor
        with_lossy_proxy job "sign in-toto statement, Rekor v1, first reply lost: retries by itself" \
            sign_through_proxy statement.json lost-statement -rekor -in-toto
        with_conflict_log conflicts
    fi

    # Offline from here on.
    stop_service log
    job "verify, Rekor v1, offline" verify artifact "$TRUST" artifact
    job "verify in-toto statement, Rekor v1, offline" verify statement "$TRUST" artifact
    if [[ -e lost.sigstore.json ]]; then
        job "verify, Rekor v1, first reply lost" verify lost "$TRUST" artifact
        job "verify in-toto statement, Rekor v1, first reply lost" verify lost-statement "$TRUST" artifact
        job "verify, Rekor v1, first reply lost, then 409" verify lost-conflict conflict-trust artifact
    fi
    refused "verify, Rekor v1, changed artifact" "$BAD_SIGNATURE" verify artifact "$TRUST" changed
    refused "verify in-toto statement, Rekor v1, changed artifact" "$BAD_DIGEST" verify statement "$TRUST" changed
    refused "verify, Rekor v1, other key" "$OTHER_SIGNER" verify_with_key statement.pub artifact "$TRUST" artifact
    refused "verify, Rekor v1, root of another log" "$NOT_IN_LOG" verify artifact "$OTHER_TRUST" artifact
}

sign_with_rekor_v1() {
    sign "$TRUST" artifact artifact -rekor
    grep -E '"kindVersion": *\{"kind": *"hashedrekord", *"version": *"0\.0\.1"\}' artifact.sigstore.json >/dev/null
}

# The key is made for one signature: the only submission that the log knows already is one that the client repeats.
conflicts() {
    write_trust conflict-trust --api-version 1
    local TRUST=conflict-trust
    with_lossy_proxy job "sign, Rekor v1, first reply lost, then 409: takes the entry that there is" \
        sign_through_proxy artifact lost-conflict -rekor
}

# sign_through_proxy FILE NAME OPTION...: the log has one entry more, whatever the client had to do for it.
sign_through_proxy() {
    local file=$1 name=$2 size
    shift 2
    size=$(tree_size)
    sed "s#\"$PROXIED_URL\"#\"$LOG_URL\"#" "$TRUST/signing_config.v0.2.json" >proxied.json
    sign_with_config proxied.json "$TRUST" "$file" "$name" "$@"
    reply_was_lost
    [[ $(tree_size) == $((size + 1)) ]]
}
