CLIENT=cosign
VERSION=v2.6.2
TOOLS=(go)

source "$HERE/cosign_rekor_v1.sh"

install() {
    go_install "cosign-$VERSION" "github.com/sigstore/cosign/v2/cmd/cosign@$VERSION"
}

lost_replies() {
    local format
    for format in "${FORMATS[@]}"; do
        with_lossy_proxy job "sign-blob, first reply lost: retries by itself, ${FORMAT_NAMES[$format]}" \
            sign_through_proxy "$format" P-256 "lost-$format"
    done
}

# On an answer of 409 it takes the entry from where Location says, and checks that in place of a new one.
conflicts() {
    job "sign-blob, log that answers 409, first time" sign_blob_flags false RSA-2048 conflict
    job "sign-blob again, 409: takes the entry that there is" sign_again_conflict
    if present node "sign-blob, first reply lost, then 409"; then
        with_lossy_proxy job "sign-blob, first reply lost, then 409: takes the entry that there is" \
            sign_through_proxy false RSA-2048 lost-conflict
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
