CLIENT=rekor-monitor
# It has no releases that could be pinned: the program of that name that is found is run, whichever it is.
VERSION='as found'
TOOLS=(rekor_monitor python3)

source "$HERE/entries_of_both.sh"
source "$HERE/tuf.sh"

install() {
    install_tuf
}

jobs() {
    printf 'an artifact\n' >artifact
    printf 'another artifact\n' >changed
    make_x509_entries >make_entries.txt 2>&1
    cat >watch.yaml <<EOF
monitoredValues:
  subjects:
    - ^$EMAIL$
  fingerprints:
    - $(openssl pkey -in rsa.pem -pubout -outform DER | openssl dgst -sha256 -r | cut -d ' ' -f 1)
outputIdentities: found.txt
outputIdentitiesFormat: text
EOF
    local api
    for api in 1 2; do
        watch_log "$api"
    done
}

# What rekor-monitor says when it refuses, with either version of Rekor.
INCONSISTENT='error running consistency check: .*calculated root'
SMALLER='error running consistency check: .*(returned a tree size larger than|which is larger than tree size)'
OTHER_LOG='error running consistency check: .*(verifying checkpoint .* failed|calculated root)'
UNTRUSTED="couldn't find matching log instance"

# watch_log API_VERSION: a first look, which only remembers the head; growth; and what must not be taken for growth.
watch_log() {
    local api=$1 over="over Rekor v$1" number
    start_log_with "api$api"
    submit_both "$api" p256.pub artifact p256.sig
    write_repository "$api"
    job "first look, $over" monitor_first
    stop_service "api$api"
    cp -a "api$api.data" "copy$api.data"

    start_log_with "api$api"
    submit_both "$api" p256.crt artifact p256.sig
    submit_both "$api" rsa.pub artifact rsa.sig
    write_repository "$api"
    job "growth is consistent, identity and key are found, $over" monitor_growth
    job "no growth, nothing found again, $over" monitor_no_growth
    stop_service "api$api"

    start_log_with "copy$api"
    write_repository "$api"
    refused "log rolled back, $over" "$SMALLER" monitor_refuses
    for number in 1 2 3; do
        sign_once "fork-$api-$number"
        submit_both "$api" p256.pub "fork-$api-$number" "fork-$api-$number.sig"
    done
    refused "other history under the same key, $over" "$INCONSISTENT" monitor_refuses
    stop_service "copy$api"

    start_log_with "stranger$api"
    for number in 1 2 3; do
        submit_both "$api" p256.pub "fork-$api-$number" "fork-$api-$number.sig"
    done
    submit_both "$api" rsa.pub artifact rsa.sig
    write_repository "$api"
    refused "another log, $over" "$OTHER_LOG" monitor_refuses
    write_repository "$api" "$OTHER_TRUST/trusted_root.json"
    refused "trusted root of another log, $over" "$UNTRUSTED" monitor_refuses
    stop_service "stranger$api"
    rm -f heads found.txt
}

# submit_both API_VERSION KEY_OR_CERTIFICATE FILE SIGNATURE: the other version of Rekor gets the same,
# which the monitor of this one must not notice.
submit_both() {
    submit $((3 - $1)) "${@:2}"
    submit "$@"
}

# write_repository API_VERSION [TRUSTED_ROOT]: a TUF repository with the trust files of the log that runs now. Over Rekor v2 the monitor takes
# all of the URL that follows the scheme for the origin, so it has to be without a port; the log itself stands in for a proxy.
write_repository() {
    MONITORED_URL=$LOG_URL
    [[ $1 == 1 ]] || MONITORED_URL=http://$ORIGIN
    "$LEDGERSTONE_BIN" trust --url "$LOG_URL" --api-version "$1" --out "$TRUST" >"$TRUST.txt"
    sed -i "s#\"$LOG_URL\"#\"$MONITORED_URL\"#" "$TRUST/signing_config.v0.2.json"
    start_tuf_repository "${2:-$TRUST/trusted_root.json}" "$TRUST/signing_config.v0.2.json"
}

monitor() {
    http_proxy=$LOG_URL rekor_monitor --once --url "$MONITORED_URL" --tuf-repository "$REPOSITORY_URL" --tuf-root-path repository/1.root.json \
        --file heads --config-file watch.yaml --ca-roots p256.crt 2>&1 | tee monitor.txt
}

monitor_first() {
    monitor
    grep -q 'no start index set and no log checkpoint, just saving checkpoint' monitor.txt
    grep -q "$ORIGIN" heads
    [[ ! -e found.txt ]]
}

monitor_growth() {
    monitor
    grep -q 'Root hash consistency verified - Current Size: 3 .* Previous Size: 1 ' monitor.txt
    cat found.txt
    [[ $(wc -l <found.txt) == 2 ]]
    grep -q "$EMAIL" found.txt
    ! grep -q 'failed' monitor.txt
}

monitor_no_growth() {
    monitor
    grep -q 'Root hash consistency verified - Current Size: 3 .* Previous Size: 3 ' monitor.txt
}

# It says what is wrong, and leaves with exit code 0 all the same.
monitor_refuses() {
    monitor
    ! grep -q 'error' monitor.txt
}
