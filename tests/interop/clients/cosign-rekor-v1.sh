CLIENT=cosign
VERSION=v3.1.2
TOOLS=(go)

source "$HERE/cosign_rekor_v1.sh"

install() {
    go_install "cosign-$VERSION" "github.com/sigstore/cosign/v3/cmd/cosign@$VERSION"
}

lost_replies() {
    with_lossy_proxy job "sign-blob, first reply lost: retries by itself" sign_through_proxy true P-256 lost
    job "verify-blob, first reply lost" verify_bundle lost P-256 "$TRUST" lost
}

# This version has no way to go on after an answer of 409, whether it signed twice or asked again by itself.
conflicts() {
    job "sign-blob, log that answers 409, first time" sign_blob_flags true RSA-2048 conflict
    refused "sign-blob again, 409: gives up" "$CONFLICT" sign_blob_flags true RSA-2048 refused
}
