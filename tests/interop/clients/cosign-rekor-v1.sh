CLIENT=cosign
VERSION=v3.1.2
TOOLS=(go)

source "$HERE/cosign_rekor_v1.sh"

install() {
    go_install "cosign-$VERSION" "github.com/sigstore/cosign/v3/cmd/cosign@$VERSION"
}

# This version has no way to go on after an answer of 409, whether it signed twice or asked again by itself.
conflicts() {
    job "sign-blob, log that answers 409, first time" sign_blob_flags true RSA-2048 conflict
    refused "sign-blob again, 409: gives up" "$CONFLICT" sign_blob_flags true RSA-2048 refused
    ! present node "sign-blob, first reply lost, then 409" ||
        with_lossy_proxy refused "sign-blob, first reply lost, then 409: gives up" "$CONFLICT" sign_blob_flags true P-256 refused
}

own_jobs() {
    :
}
