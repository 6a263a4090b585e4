CLIENT='sigstore-js, Rekor v2'
TOOLS=(node npm)

source "$HERE/sigstore_js.sh"
source "$HERE/timestamp_authority.sh"

VERSION=${PAIRS[*]}

install() {
    install_packages
    ! command -v go >/dev/null || install_timestamp_authority
}

jobs() {
    local pair
    printf 'an artifact\n' >artifact
    printf 'another artifact\n' >changed
    make_certificates
    for pair in "${PAIRS[@]}"; do
        use_pair "$pair"
        key_jobs message
        key_jobs dsse
        refused "plain key in place of a certificate" "$BAD_REQUEST" sign message "$SIGN-refused" --plain-key
    done
    if ! timestamp_authority_is_installed; then
        record "certificate and time stamp" "SKIP (the time stamp authority needs go)"
        return
    fi
    start_timestamp_authority
    write_trust "$TRUST" --timestamp-authority "$TSA_CHAIN" --tsa-url "$TSA_URL" \
        --certificate-authority ca.pem --fulcio-url https://ca.example.test
    for pair in "${PAIRS[@]}"; do
        use_pair "$pair"
        certificate_jobs message
        certificate_jobs dsse
    done
}

BAD_REQUEST='TLOG_CREATE_ENTRY_ERROR.*invalid hashedrekord request'

# A key of the client's own, known to the verifier by its hint.
key_jobs() {
    local kind=$1 bundle=$SIGN-$1
    job "sign $kind" sign "$kind" "$bundle"
    job "verify $kind" verify "$bundle" "$TRUST" artifact
    refused "verify $kind, changed content" "$BAD_SIGNATURE" verify_changed "$kind" "$bundle"
    refused "verify $kind, root of another log" "$BAD_CHECKPOINT" verify "$bundle" "$OTHER_TRUST" artifact
    job "sign $kind, first reply lost" sign "$kind" "$bundle-retried" --drop-first-reply
    job "verify $kind, first reply lost" verify "$bundle-retried" "$TRUST" artifact
}

# A certificate of a private authority, and a signed time.
certificate_jobs() {
    local kind=$1 bundle=$SIGN-$1-certificate
    job "sign $kind, certificate and time stamp" \
        sign "$kind" "$bundle" --certificate --timestamps "${TSA_URL%/api/v1/timestamp}"
    job "verify $kind, certificate and time stamp" verify "$bundle" "$TRUST" artifact
    refused "verify $kind, certificate, changed content" "$BAD_SIGNATURE" verify_changed "$kind" "$bundle"
}

# sign KIND NAME OPTION...
sign() {
    local kind=$1 name=$2
    shift 2
    sigstore_js sign --rekor 2 --kind "$kind" --bundle "$name.sigstore.json" "$@" artifact
}

# verify NAME TRUST ARTIFACT
verify() {
    sigstore_js verify --rekor 2 --bundle "$1.sigstore.json" --trusted-root "$2/trusted_root.json" "$3"
}

# A message is checked against the artifact; an envelope carries its content itself.
verify_changed() {
    case $1 in
    message) verify "$2" "$TRUST" changed ;;
    dsse)
        changed_payload "$2.sigstore.json" >"$2-changed.sigstore.json"
        verify "$2-changed" "$TRUST" artifact
        ;;
    esac
}
