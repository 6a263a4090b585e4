# What the clients share that are generated from the .proto files of this project. Sourced by them.

GRPCIO_TOOLS_VERSION=1.76.0

# Where the .proto files lie.
PROTOS=$(cd "$HERE/../../proto" && pwd)

# protoc comes with grpcio-tools.
install_protoc() {
    pip_install "grpcio-tools-$GRPCIO_TOOLS_VERSION" "grpcio-tools==$GRPCIO_TOOLS_VERSION" "grpcio==$GRPCIO_TOOLS_VERSION" \
        "googleapis-common-protos==1.76.0"
}

python() {
    "$CACHE/grpcio-tools-$GRPCIO_TOOLS_VERSION/bin/python" -B "$@"
}

# protoc ARGUMENT...: over every file of this project; those of google/ have packages of their own everywhere.
protoc() {
    (cd "$PROTOS" && python -m grpc_tools.protoc -I . "$@" $(find dev ledgerstone -name '*.proto'))
}

# Two entries, for a client to read.
fill_log() {
    printf 'an artifact\n' >artifact
    printf 'another artifact\n' >another
    "$LEDGERSTONE_BIN" sign artifact --url "$LOG_URL"
    "$LEDGERSTONE_BIN" sign another --url "$LOG_URL"
    "$LEDGERSTONE_BIN" get --range 0..2 --url "$LOG_URL" >expected
}

# agrees_with_get FILE: the client's output names the log, its size, and the entries that `get` names.
agrees_with_get() {
    head -n 1 "$1" | grep -qE "^$ORIGIN 2 [0-9a-f]{64}$"
    diff <(awk '{ print $1, $2, $4 }' expected) <(tail -n +2 "$1")
}
