# shellcheck source=../protos.sh
source "$HERE/protos.sh"
CLIENT=protos-go
VERSION=v1.36.11
TOOLS=(go python3)

GENERATOR_VERSION=v1.6.0

install() {
    install_protoc
    go_install "protoc-gen-go-$VERSION" "google.golang.org/protobuf/cmd/protoc-gen-go@$VERSION"
    go_install "protoc-gen-go-grpc-$GENERATOR_VERSION" \
        "google.golang.org/grpc/cmd/protoc-gen-go-grpc@$GENERATOR_VERSION"
}

# A short program over what is generated from this project's .proto files.
jobs() {
    fill_log
    job "generate" generate
    job "build" build
    job "head and entries, as get has them" read_log
}

# The .proto files name no package of Go: whoever generates says where theirs go.
generate() {
    local file options=()
    # What is in google/ has packages of its own in Go, which these files do not name.
    for file in annotations:annotations http:annotations httpbody:httpbody; do
        options+=("--go_opt=Mgoogle/api/${file%:*}.proto=google.golang.org/genproto/googleapis/api/${file#*:}"
            "--go-grpc_opt=Mgoogle/api/${file%:*}.proto=google.golang.org/genproto/googleapis/api/${file#*:}")
    done
    mkdir module
    while IFS= read -r file; do
        options+=("--go_opt=M$file=example.com/client/$(dirname "$file")" "--go-grpc_opt=M$file=example.com/client/$(dirname "$file")")
    done < <(cd "$PROTOS" && find dev ledgerstone -name '*.proto')
    PATH=$CACHE/protoc-gen-go-$VERSION:$CACHE/protoc-gen-go-grpc-$GENERATOR_VERSION:$PATH protoc --go_out="$PWD/module" --go_opt=module=example.com/client \
        --go-grpc_out="$PWD/module" --go-grpc_opt=module=example.com/client "${options[@]}"
    cp "$HERE/clients/protos/main.go" module/
}

build() {
    export GOPATH=$CACHE/go GOCACHE=$CACHE/go-build GOFLAGS="-modcacherw -mod=mod"
    cd module
    go mod init example.com/client
    go get "google.golang.org/protobuf@$VERSION"
    go mod tidy
    go build -o client .
}

read_log() {
    module/client "${LOG_URL#http://}" | tee read
    agrees_with_get read
}
