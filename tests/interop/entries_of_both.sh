# Entries of either version of Rekor, as requests to submit. Sourced by clients' scripts.

source "$HERE/rekor_v1_entries.sh"

# hashedrekord_v002 KEY_OR_CERTIFICATE FILE SIGNATURE
hashedrekord_v002() {
    printf '{"hashedRekordRequestV002":{"digest":"%s","signature":{"content":"%s","verifier":%s}}}' \
        "$(openssl dgst -sha256 -binary "$2" | openssl base64 -A)" \
        "$(openssl base64 -A -in "$3")" "$(verifier_v002 "$1")"
}

# dsse_v002 KEY_OR_CERTIFICATE ENVELOPE
dsse_v002() {
    printf '{"dsseRequestV002":{"envelope":%s,"verifiers":[%s]}}' "$(<"$2")" "$(verifier_v002 "$1")"
}

verifier_v002() {
    local bytes field=publicKey details=PKIX_ECDSA_P256_SHA_256
    bytes=$(sed '/^-----/d' "$1" | tr -d '\n')
    [[ $1 != rsa.pub ]] || details=PKIX_RSA_PKCS1V15_3072_SHA256
    ! grep -q CERTIFICATE "$1" || field=x509Certificate
    printf '{"%s":{"rawBytes":"%s"},"keyDetails":"%s"}' "$field" "$bytes" "$details"
}

# submit API_VERSION KEY_OR_CERTIFICATE FILE SIGNATURE
submit() {
    local request
    if [[ $1 == 1 ]]; then
        request=$(hashedrekord_v001 "$2" "$3" "$4")
    else
        request=$(hashedrekord_v002 "$2" "$3" "$4")
    fi
    submit_request "$1" "$request"
}

# submit_request API_VERSION REQUEST
submit_request() {
    curl --silent --show-error --fail --output submitted.json \
        --header 'Content-Type: application/json' --data "$2" "$LOG_URL/api/v$1/log/entries"
}
