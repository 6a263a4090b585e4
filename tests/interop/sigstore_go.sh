# The signing and verification programs of sigstore-go, over either version of Rekor. Sourced by clients' scripts, which set
# VERSION.

install_sigstore_go() {
    go_install "sigstore-go-$VERSION" \
        "github.com/sigstore/sigstore-go/examples/sigstore-go-signing@$VERSION" \
        "github.com/sigstore/sigstore-go/examples/sigstore-go-verification@$VERSION"
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

# sign TRUST FILE NAME OPTION...: the log of this run answers, and its reply is checked with TRUST. Writes NAME.sigstore.json
# and NAME.pub.
sign() {
    sign_with_config "$TRUST/signing_config.v0.2.json" "$@"
}

# sign_with_config SIGNING_CONFIG TRUST FILE NAME OPTION...: the bundle is the last line that the program prints, and the key
# comes before.
sign_with_config() {
    local config=$1 trust=$2 file=$3 name=$4
    shift 4
    "$CACHE/sigstore-go-$VERSION/sigstore-go-signing" -s "$config" -t "$trust/trusted_root.json" "$@" "$file" >"$name.out"
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
