CLIENT=sigstore-go
VERSION=v1.3.0
TOOLS=(go)

source "$HERE/timestamp_authority.sh"

install() {
    go_install "sigstore-go-$VERSION" \
        "github.com/sigstore/sigstore-go/examples/sigstore-go-signing@$VERSION" \
        "github.com/sigstore/sigstore-go/examples/sigstore-go-verification@$VERSION"
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

# What sigstore-go says when it refuses.
BAD_SIGNATURE='could not verify message: invalid signature'
BAD_DIGEST='artifact digests do not match digests in statement'
BAD_INCLUSION='verifying inclusion: calculated root'
NOT_IN_LOG='not enough verified log entries from transparency log: 0 < 1'

write_statement() {
    printf '{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"%s","digest":{"sha256":"%s"}}],"predicateType":"https://example.test/predicate","predicate":{}}' \
        "$1" "$(openssl dgst -sha256 -r "$1" | cut -d ' ' -f 1)"
}

# sign TRUST FILE NAME OPTION...: writes NAME.sigstore.json, the last line that the program prints,
# and NAME.pub, the key that it prints before.
sign() {
    local trust=$1 file=$2 name=$3
    shift 3
    "$CACHE/sigstore-go-$VERSION/sigstore-go-signing" -s "$TRUST/signing_config.v0.2.json" \
        -t "$trust/trusted_root.json" "$@" "$file" >"$name.out"
    tail -n 1 "$name.out" >"$name.sigstore.json"
    sed -n '/BEGIN PUBLIC KEY/,/END PUBLIC KEY/p' "$name.out" >"$name.pub"
}

# verify NAME TRUST ARTIFACT
verify() {
    verify_with_key "$1.pub" "$@"
}

# verify_with_key KEY NAME TRUST ARTIFACT
verify_with_key() {
    "$CACHE/sigstore-go-$VERSION/sigstore-go-verification" -trustedrootJSONpath "$3/trusted_root.json" \
        -publicKey "$1" -requireCTlog=false -artifact "$4" "$2.sigstore.json"
}
