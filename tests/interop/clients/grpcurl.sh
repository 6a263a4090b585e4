CLIENT=grpcurl
VERSION=v1.9.3
TOOLS=(go)

install() {
    go_install "grpcurl-$VERSION" "github.com/fullstorydev/grpcurl/cmd/grpcurl@$VERSION"
}

# Everything is asked for by name: grpcurl learns the messages from the server's reflection.
jobs() {
    printf 'an artifact\n' >artifact
    printf 'another artifact\n' >another
    openssl ecparam -name prime256v1 -genkey -noout -out key.pem
    create_request artifact artifact >artifact.json
    create_request another another >another.json
    create_request artifact another >wrong.json
    printf '{"entry":%s}\n' "$(<artifact.json)" >append.json
    printf '{"entry":%s}\n' "$(<another.json)" "$(<wrong.json)" "$(<artifact.json)" >append-stream.json

    job "list services by reflection" list_services
    job "health" health
    job "Rekor/CreateEntry" create_entry
    refused "Rekor/CreateEntry, wrong signature" "$BAD_REQUEST" call dev.sigstore.rekor.v2.Rekor/CreateEntry wrong.json
    job "Log/Append, same entry again" append_again
    job "Log/AppendStream, one new, one bad, one known" append_stream
    job "Rekor/GetCheckpoint and GetTile, as over HTTP" read_as_over_http
    job "Log/GetTreeHead" tree_head
    job "Log/GetEntry and ReadEntries" read_entries
    refused "Log/GetEntry, beyond the head" "$OUT_OF_RANGE" call ledgerstone.v1.Log/GetEntry '{"index":2}'
    job "Log/GetInclusionProof and GetConsistencyProof" proofs
}

# What the server says when it refuses, as grpcurl prints it.
BAD_REQUEST='Code: InvalidArgument'
OUT_OF_RANGE='Code: OutOfRange'

grpcurl() {
    "$CACHE/grpcurl-$VERSION/grpcurl" -plaintext "$@"
}

# call METHOD REQUEST: the request is JSON or a file with it.
call() {
    local request=$2
    [[ ! -f $request ]] || request=$(<"$request")
    grpcurl -d "$request" "${LOG_URL#http://}" "$1"
}

list_services() {
    grpcurl "${LOG_URL#http://}" list >services
    cat services
    grep -qx 'dev.sigstore.rekor.v2.Rekor' services
    grep -qx 'ledgerstone.v1.Log' services
    grep -qx 'grpc.health.v1.Health' services
}

health() {
    call grpc.health.v1.Health/Check '{}' | tee health.json
    field health.json status SERVING
}

create_entry() {
    call dev.sigstore.rekor.v2.Rekor/CreateEntry artifact.json >created.json
    cat created.json
    field created.json treeSize 1
    field created.json kind hashedrekord
    field created.json version 0.0.2
}

append_again() {
    call ledgerstone.v1.Log/Append append.json >appended.json
    cat appended.json
    field appended.json duplicate true
    field appended.json treeSize 1
}

append_stream() {
    call ledgerstone.v1.Log/AppendStream append-stream.json >stream.json
    cat stream.json
    [[ $(grep -c '"response":' stream.json) == 2 ]]
    [[ $(grep -c '"status":' stream.json) == 1 ]]
    field stream.json code 3
    field stream.json duplicate true
    field stream.json treeSize 2
}

read_as_over_http() {
    call dev.sigstore.rekor.v2.Rekor/GetCheckpoint '{}' | body_of >grpc
    curl --silent --show-error --fail "$LOG_URL/checkpoint" >http
    cmp grpc http
    call dev.sigstore.rekor.v2.Rekor/GetTile '{"L":0,"N":"000.p/2"}' | body_of >grpc
    curl --silent --show-error --fail "$LOG_URL/tile/0/000.p/2" >http
    cmp grpc http
}

tree_head() {
    call ledgerstone.v1.Log/GetTreeHead '{}' >head.json
    cat head.json
    field head.json size 2
    field head.json origin "$ORIGIN"
}

read_entries() {
    call ledgerstone.v1.Log/GetEntry '{"index":1}' >entry.json
    cat entry.json
    field entry.json index 1
    call ledgerstone.v1.Log/ReadEntries '{}' >entries.json
    [[ $(grep -c '"leafHash":' entries.json) == 2 ]]
    grep -F "$(grep '"leafHash":' entry.json)" entries.json
}

proofs() {
    call ledgerstone.v1.Log/GetInclusionProof '{"index":1}' >inclusion.json
    cat inclusion.json
    field inclusion.json treeSize 2
    field inclusion.json index 1
    call ledgerstone.v1.Log/GetConsistencyProof '{"oldSize":1}' >consistency.json
    cat consistency.json
    field consistency.json newSize 2
}

# field FILE NAME VALUE: the JSON has such a field, whether its value is quoted or not.
field() {
    grep -Eq "\"$2\": *\"?$3\"?,?\$" "$1"
}

# The data of a google.api.HttpBody.
body_of() {
    sed -nE 's/.*"data": *"([^"]*)".*/\1/p' | openssl base64 -d -A
}

# create_request FILE SIGNED: a request for the digest of FILE with a signature over SIGNED.
create_request() {
    local digest signature key
    digest=$(openssl dgst -sha256 -binary "$1" | openssl base64 -A)
    signature=$(openssl dgst -sha256 -sign key.pem "$2" | openssl base64 -A)
    key=$(openssl ec -in key.pem -pubout -outform DER 2>/dev/null | openssl base64 -A)
    printf '{"hashedRekordRequestV002":{"digest":"%s","signature":{"content":"%s","verifier":{"publicKey":{"rawBytes":"%s"},"keyDetails":"PKIX_ECDSA_P256_SHA_256"}}}}' \
        "$digest" "$signature" "$key"
}
