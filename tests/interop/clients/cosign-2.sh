CLIENT='cosign, Rekor v1'
VERSION=v2.6.2
TOOLS=(go)

source "$HERE/cosign_rekor_v1.sh"

install() {
    go_install "cosign-$VERSION" "github.com/sigstore/cosign/v2/cmd/cosign@$VERSION"
}

# On an answer of 409 it takes the entry from where Location says, and checks that in place of a new one.
conflicts() {
    job "sign-blob, log that answers 409, first time" sign_blob_flags false RSA-2048 conflict
    job "sign-blob again, 409: takes the entry that there is" sign_again_conflict
    if present node "sign-blob, first reply lost, then 409"; then
        with_lossy_proxy job "sign-blob, first reply lost, then 409: takes the entry that there is" \
            sign_through_proxy false RSA-2048 lost-conflict
        with_lossy_proxy job "attest-blob, first reply lost, then 409: takes the entry that there is" \
            attest_through_proxy false lost-conflict
    fi
}

sign_again_conflict() {
    local size
    size=$(tree_size)
    sign_blob_flags false RSA-2048 conflict-again
    [[ $(old_log_index conflict-again) == "$(old_log_index conflict)" && $(tree_size) == "$size" ]]
}

old_log_index() {
    grep -oE '"logIndex": *[0-9]+' "$1.sigstore.json"
}

# The kind that came before dsse, which cosign 3 has no more.
own_jobs() {
    job "attest-blob, --rekor-url, intoto" attest_as_intoto
    job "verify-blob-attestation, online, intoto" verify_attestation_online flags-intoto "$TRUST" artifact
    job "verify-blob-attestation, offline, old bundle, intoto" verify_attestation_old flags-intoto "$TRUST" artifact
}

attest_as_intoto() {
    attest_blob_flags false flags-intoto --rekor-entry-type intoto
    sed -nE 's/.*"body": *"([^"]*)".*/\1/p' flags-intoto-attestation.sigstore.json | openssl base64 -d -A | grep -F '"kind":"intoto"'
}
