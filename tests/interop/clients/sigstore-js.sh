CLIENT=sigstore-js
# Versions of @sigstore/sign and @sigstore/verify: the newest that Node 20 is declared for, and the newest.
PAIRS=("4.1.1 3.1.1" "5.1.0 4.1.3")
VERSION=${PAIRS[*]}
TOOLS=(node npm)

source "$HERE/timestamp_authority.sh"

install() {
    local pair
    for pair in "${PAIRS[@]}"; do
        read -r sign verify <<<"$pair"
        npm_install "sigstore-js-$sign" "@sigstore/sign@$sign" "@sigstore/verify@$verify"
    done
    ! command -v go >/dev/null || install_timestamp_authority
}

jobs() {
    local pair
    printf 'an artifact\n' >artifact
    printf 'another artifact\n' >changed
    make_certificates
    for pair in "${PAIRS[@]}"; do
        read -r sign verify <<<"$pair"
        VERSION="sign $sign, verify $verify"
        export PACKAGES=$CACHE/sigstore-js-$sign
        key_jobs message
        key_jobs dsse
        refused "plain key in place of a certificate" "$BAD_REQUEST" sign message "$sign-refused" --plain-key
    done
    if ! timestamp_authority_is_installed; then
        record "certificate and time stamp" "SKIP (the time stamp authority needs go)"
        return
    fi
    start_timestamp_authority
    write_trust "$TRUST" --timestamp-authority "$TSA_CHAIN" --tsa-url "$TSA_URL" \
        --certificate-authority ca.pem --fulcio-url https://ca.example.test
    for pair in "${PAIRS[@]}"; do
        read -r sign verify <<<"$pair"
        VERSION="sign $sign, verify $verify"
        export PACKAGES=$CACHE/sigstore-js-$sign
        certificate_jobs message
        certificate_jobs dsse
    done
}

# What the packages say when they refuse.
BAD_REQUEST='TLOG_CREATE_ENTRY_ERROR.*invalid hashedrekord request'
BAD_CHECKPOINT='TLOG_INCLUSION_PROOF_ERROR'
BAD_SIGNATURE='SIGNATURE_ERROR|TLOG_BODY_ERROR'

# A key of the client's own, known to the verifier by its hint.
key_jobs() {
    local kind=$1 bundle=$sign-$1
    job "sign $kind" sign "$kind" "$bundle"
    job "verify $kind" verify "$bundle" "$TRUST" artifact
    refused "verify $kind, changed content" "$BAD_SIGNATURE" verify_changed "$kind" "$bundle"
    refused "verify $kind, root of another log" "$BAD_CHECKPOINT" verify "$bundle" "$OTHER_TRUST" artifact
    job "sign $kind, first reply lost" sign "$kind" "$bundle-retried" --drop-first-reply
    job "verify $kind, first reply lost" verify "$bundle-retried" "$TRUST" artifact
}

# A certificate of a private authority, and a signed time.
certificate_jobs() {
    local kind=$1 bundle=$sign-$1-certificate
    job "sign $kind, certificate and time stamp" sign "$kind" "$bundle" --timestamps "${TSA_URL%/api/v1/timestamp}"
    job "verify $kind, certificate and time stamp" verify "$bundle" "$TRUST" artifact
    refused "verify $kind, certificate, changed content" "$BAD_SIGNATURE" verify_changed "$kind" "$bundle"
}

# sign KIND NAME OPTION...
sign() {
    local kind=$1 name=$2
    shift 2
    node "$HERE/clients/sigstore-js.mjs" sign --kind "$kind" --bundle "$name.sigstore.json" "$@" artifact
}

# verify NAME TRUST ARTIFACT
verify() {
    node "$HERE/clients/sigstore-js.mjs" verify --bundle "$1.sigstore.json" --trusted-root "$2/trusted_root.json" "$3"
}

# A message is checked against the artifact; an envelope carries its content itself.
verify_changed() {
    case $1 in
    message) verify "$2" "$TRUST" changed ;;
    dsse)
        sed -E 's/"payload":"[^"]*"/"payload":"Y2hhbmdlZA=="/' "$2.sigstore.json" >"$2-changed.sigstore.json"
        verify "$2-changed" "$TRUST" artifact
        ;;
    esac
}

# key.pem, and certificate.pem that ca.pem issued for it.
make_certificates() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj '/O=example.test/CN=authority' \
        -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign' -keyout ca.key -out ca.pem
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=signer' -keyout key.pem -out request.pem
    printf '%s\n' 'basicConstraints=CA:FALSE' 'keyUsage=critical,digitalSignature' 'extendedKeyUsage=codeSigning' \
        'subjectAltName=email:signer@example.test' >extensions
    openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile extensions -out certificate.pem
    openssl ec -in key.pem -pubout -out key.pub
} 2>/dev/null
