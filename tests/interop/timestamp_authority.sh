# A published time stamp authority, for clients that verify nothing without a signed time (an entry of
# Rekor v2 carries none). Its key lives in memory and ends with it. Sourced by clients' scripts.

TIMESTAMP_SERVER_VERSION=v2.1.3

install_timestamp_authority() {
    go_install "timestamp-server-$TIMESTAMP_SERVER_VERSION" \
        "github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server@$TIMESTAMP_SERVER_VERSION"
}

timestamp_authority_is_installed() {
    [[ -x $CACHE/timestamp-server-$TIMESTAMP_SERVER_VERSION/timestamp-server ]]
}

# Starts it; sets TSA_URL, and writes its certificate chain to TSA_CHAIN.
start_timestamp_authority() {
    start_service tsa timestamp_authority_address run_timestamp_server
    TSA_URL=$SERVICE_URL/api/v1/timestamp
    TSA_CHAIN=tsa-chain.pem
    curl --silent --show-error --fail --output "$TSA_CHAIN" "$TSA_URL/certchain"
}

run_timestamp_server() {
    exec "$CACHE/timestamp-server-$TIMESTAMP_SERVER_VERSION/timestamp-server" serve --host 127.0.0.1 --port 0 \
        --scheme http --timestamp-signer memory --disable-ntp-monitoring 2>&1
}

timestamp_authority_address() {
    sed -nE 's#.*[Ss]erving.* at (http://127\.0\.0\.1:[0-9]+).*#\1#p' <<<"$1"
}
