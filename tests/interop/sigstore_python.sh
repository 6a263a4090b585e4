# What the scripts of sigstore-python share. Sourced by them.

SIGSTORE_PYTHON_VERSION=4.5.1

# What sigstore-python says when it refuses.
BAD_MESSAGE='Bundle message digest mismatch'
BAD_DIGEST="is not the statement's"
NOT_IN_LOG='invalid log entry: checkpoint: invalid signature'

install_sigstore_python() {
    pip_install "sigstore-python-$SIGSTORE_PYTHON_VERSION" "sigstore==$SIGSTORE_PYTHON_VERSION"
}

# -B: nothing is written beside the scripts.
python() {
    "$CACHE/sigstore-python-$SIGSTORE_PYTHON_VERSION/bin/python" -B "$HERE/clients/sigstore-python.py" "$@"
}

# The certificate authority as a server; it takes the place of the shell that starts it.
serve_authority() {
    exec "$CACHE/sigstore-python-$SIGSTORE_PYTHON_VERSION/bin/python" -B "$HERE/clients/sigstore-python.py" serve
}

# verify KIND TRUST ARTIFACT [NAME]
verify() {
    python verify "$1" "$2/client_trust_config.json" "$3" "${4:-$1}.sigstore.json"
}
