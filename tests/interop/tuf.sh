# A TUF repository on loopback with a log's trust files, for clients that find a log through nothing else. Sourced by clients'
# scripts.

TUF_VERSION=7.0.1

install_tuf() {
    pip_install "tuf-$TUF_VERSION" "tuf==$TUF_VERSION" 'securesystemslib[crypto]==1.6.0'
}

# start_tuf_repository FILE...: a fresh one with these targets, in the directory `repository` with 1.root.json; sets
# REPOSITORY_URL.
start_tuf_repository() {
    stop_service repository
    rm -rf repository
    "$CACHE/tuf-$TUF_VERSION/bin/python" "$HERE/tuf_repository.py" repository "$@"
    start_service repository repository_address python3 -u -m http.server --bind 127.0.0.1 --directory repository 0
    REPOSITORY_URL=$SERVICE_URL
}

repository_address() {
    sed -nE 's#.*(http://127\.0\.0\.1:[0-9]+)/.*#\1#p' <<<"$1"
}
