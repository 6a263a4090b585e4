# What the scripts of sigstore-js share. Sourced by them.

source "$HERE/private_certificates.sh"

# Versions of @sigstore/sign and @sigstore/verify: the newest that Node 20 is declared for, and the newest.
PAIRS=("4.1.1 3.1.1" "5.1.0 4.1.3")

# What the packages say when they refuse.
BAD_CHECKPOINT='TLOG_INCLUSION_PROOF_ERROR'
BAD_SIGNATURE='SIGNATURE_ERROR|TLOG_BODY_ERROR'

install_packages() {
    local pair sign verify
    for pair in "${PAIRS[@]}"; do
        read -r sign verify <<<"$pair"
        npm_install "sigstore-js-$sign" "@sigstore/sign@$sign" "@sigstore/verify@$verify"
    done
}

# use_pair PAIR: sets VERSION and PACKAGES, and SIGN to the version that names files.
use_pair() {
    local verify
    read -r SIGN verify <<<"$1"
    VERSION="sign $SIGN, verify $verify"
    export PACKAGES=$CACHE/sigstore-js-$SIGN
}

sigstore_js() {
    node "$HERE/clients/sigstore-js.mjs" "$@"
}
