CLIENT='sigstore-js, Rekor v1'
TOOLS=(node npm)

source "$HERE/sigstore_js.sh"

VERSION=${PAIRS[*]}

# What a bundle holds, and as which kind of entry it is logged: hashedrekord 0.0.1, dsse 0.0.1, intoto 0.0.2.
KINDS=(message dsse intoto)

# The files of `ledgerstone trust` for the log in conflict mode.
CONFLICT_TRUST=conflict-trust

install() {
    install_packages
}

jobs() {
    local authority=(--certificate-authority ca.pem --fulcio-url https://ca.example.test) pair kind
    printf 'an artifact\n' >artifact
    printf 'another artifact\n' >changed
    make_certificates
    make_rsa_key
    make_statement
    write_trust "$TRUST" --api-version 1 "${authority[@]}"
    with_other_log write_trust "$OTHER_TRUST" --api-version 1 "${authority[@]}"
    for pair in "${PAIRS[@]}"; do
        use_pair "$pair"
        for kind in "${KINDS[@]}"; do
            key_jobs "$kind"
            certificate_jobs "$kind"
            retry_jobs "$kind" "$TRUST"
        done
    done

    with_conflict_log conflict_jobs
}

# The log answers 409 to what it has already, with the entry's place.
conflict_jobs() {
    local pair kind
    write_trust "$CONFLICT_TRUST" --api-version 1
    for pair in "${PAIRS[@]}"; do
        use_pair "$pair"
        for kind in "${KINDS[@]}"; do
            retry_jobs "$kind" "$CONFLICT_TRUST" ", conflict mode" --fetch-on-conflict
            refused "sign $kind again, conflict mode, the existing entry not fetched" "$CONFLICT" \
                sign "$kind" refused --key rsa
        done
    done
}

CONFLICT='409.*an equivalent entry already exists'
BAD_TIME='TLOG_INCLUSION_PROMISE_ERROR'
BAD_IDENTITY='UNTRUSTED_SIGNER_ERROR'

# A key of the client's own, known to the verifier by its hint.
key_jobs() {
    local kind=$1 bundle=$SIGN-$1
    job "sign $kind" sign "$kind" "$bundle"
    job "verify $kind" verify "$bundle" "$TRUST" artifact
    refused_where_wrong "$kind" "$bundle" ""
}

# A certificate of a private authority, at the time that the log has signed.
certificate_jobs() {
    local kind=$1 bundle=$SIGN-$1-certificate
    job "sign $kind, certificate" sign "$kind" "$bundle" --certificate
    job "verify $kind, certificate" verify "$bundle" "$TRUST" artifact --identity signer@example.test
    refused_where_wrong "$kind" "$bundle" ", certificate"
    refused "verify $kind, certificate, another identity" "$BAD_IDENTITY" \
        verify "$bundle" "$TRUST" artifact --identity other@example.test
}

refused_where_wrong() {
    local kind=$1 bundle=$2 how=$3
    refused "verify $kind$how, changed content" "$BAD_SIGNATURE" verify_changed "$kind" "$bundle"
    refused "verify $kind$how, changed time" "$BAD_TIME" verify_changed_time "$bundle"
    refused "verify $kind$how, root of another log" "$BAD_TIME" verify "$bundle" "$OTHER_TRUST" artifact
}

# retry_jobs KIND TRUST [HOW OPTION...]: what was submitted before is the same entry again. The package retries by itself when
# no reply comes. An RSA key gives the same signature each time that it signs, which makes a later run submit the same.
retry_jobs() {
    local kind=$1 trust=$2 how=${3:-} bundle=$SIGN-$1${3:+-conflict}
    shift 2
    shift $(($# > 0))
    job "sign $kind, first reply lost$how" sign "$kind" "$bundle-retried" --drop-first-reply "$@"
    job "verify $kind, first reply lost$how" verify "$bundle-retried" "$trust" artifact
    job "sign $kind twice with an RSA key$how" sign_twice "$kind" "$bundle-rsa" "$@"
    job "verify $kind signed twice$how" verify "$bundle-rsa-2" "$trust" artifact --key rsa
}

# sign KIND NAME OPTION...
sign() {
    local kind=$1 name=$2
    shift 2
    case $kind in
    message) set -- --kind message "$@" artifact ;;
    *) set -- --kind dsse --entry-type "$kind" --payload-type application/vnd.in-toto+json "$@" statement.json ;;
    esac
    sigstore_js sign --rekor 1 --bundle "$name.sigstore.json" "$@"
}

sign_twice() {
    local kind=$1 name=$2 first second
    shift 2
    sign "$kind" "$name-1" --key rsa "$@"
    sign "$kind" "$name-2" --key rsa "$@"
    first=$(log_index "$name-1")
    second=$(log_index "$name-2")
    [[ $first == "$second" ]]
}

# The index of the entry in a bundle.
log_index() {
    grep -oE '"tlogEntries":\[\{"logIndex":"[0-9]+"' "$1.sigstore.json"
}

# verify NAME TRUST ARTIFACT OPTION...
verify() {
    local name=$1 trust=$2 artifact=$3
    shift 3
    sigstore_js verify --rekor 1 --bundle "$name.sigstore.json" --trusted-root "$trust/trusted_root.json" "$@" "$artifact"
}

# A message is checked against the artifact; an envelope carries its content itself.
verify_changed() {
    case $1 in
    message) verify "$2" "$TRUST" changed ;;
    *)
        changed_payload "$2.sigstore.json" >"$2-changed.sigstore.json"
        verify "$2-changed" "$TRUST" artifact
        ;;
    esac
}

verify_changed_time() {
    a_second_later "$1.sigstore.json" >"$1-later.sigstore.json"
    verify "$1-later" "$TRUST" artifact
}

make_rsa_key() {
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem
    openssl pkey -in rsa.pem -pubout -out rsa.pub
} 2>/dev/null
