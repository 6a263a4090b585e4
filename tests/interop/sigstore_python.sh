# What the scripts of sigstore-python share. Sourced by them.

VERSION=4.5.1

# What sigstore-python says when it refuses.
BAD_MESSAGE='Bundle message digest mismatch'
BAD_DIGEST="is not the statement's"
NOT_IN_LOG='invalid log entry: checkpoint: invalid signature'

install_sigstore_python() {
    pip_install "sigstore-python-$VERSION" "sigstore==$VERSION"
}

# -B: nothing is written beside the scripts.
python() {
    "$CACHE/sigstore-python-$VERSION/bin/python" -B "$HERE/clients/sigstore-python.py" "$@"
}

# verify KIND TRUST ARTIFACT [NAME]
verify() {
    python verify "$1" "$2/client_trust_config.json" "$3" "${4:-$1}.sigstore.json"
}
