CLIENT=rekor-cli
TOOLS=(go)

source "$HERE/rekor_cli.sh"

VERSION=$REKOR_CLI_VERSION

install() {
    install_rekor_cli
}

jobs() {
    local name
    make_entries
    find_tree_id

    job "loginfo, empty log" log_info 0
    job "upload, ${ENTRIES[0]}" upload "${ENTRIES[0]}"
    job "loginfo, one entry" log_info 1
    keep_copy_of_log
    for name in "${ENTRIES[@]:1}"; do
        job "upload, $name" upload "$name"
    done
    job "loginfo, grown: consistency proven" log_info_grown "${#ENTRIES[@]}"
    job "loginfo as JSON" log_info_json "${#ENTRIES[@]}"
    job "logproof" log_proof "${#ENTRIES[@]}"
    for name in "${ENTRIES[@]}"; do
        job "upload again: the same entry, $name" upload_again "$name"
        job "get, verify and search, $name" find_again "$name"
    done
    job "get, attestation of in-toto" get_attestation
    job "search, all or any of artifact and key" search_with_operators
    job "everything with the log's key pinned" with_pinned_key "$TRUST"
    refusals
    ! present node "upload, first reply lost" || lost_replies
    with_conflict_log conflicts
    replaced_history
}

# What rekor-cli says when it refuses.
BAD_SIGNATURE='verifying signature: invalid signature'
NOT_FOUND='\[404\]'
NOT_LOCATED='entry in log cannot be located'
NO_MATCH='no matching entries found'
REFUSED_BY_LOG='\[400\].*error processing entry'

refusals() {
    refused "verify, changed artifact" "$BAD_SIGNATURE" rekor_cli verify --type hashedrekord:0.0.1 --pki-format x509 \
        --artifact changed --signature p256.sig --public-key p256.pub
    refused "verify, other key" "$BAD_SIGNATURE" rekor_cli verify --type hashedrekord:0.0.1 --pki-format x509 \
        --artifact artifact --signature p256.sig --public-key other.pub
    refused "verify, not in the log" "$NOT_LOCATED" rekor_cli verify --type hashedrekord:0.0.1 --pki-format x509 \
        --artifact changed --signature other.sig --public-key other.pub
    refused "upload, wrong signature" "$REFUSED_BY_LOG" rekor_cli upload --entry wrong.json
    printf '{"apiVersion":"0.0.1","kind":"rfc3161","spec":{"tsr":{"content":"%s"}}}' "$(openssl base64 -A -in artifact)" >rfc3161.json
    refused "upload, kind that the log does not take" "$REFUSED_BY_LOG" rekor_cli upload --entry rfc3161.json
    refused "get, unknown UUID" "$NOT_FOUND" rekor_cli get --uuid "$(openssl rand -hex 32)"
    refused "get, beyond the head" "$NOT_FOUND" rekor_cli get --log-index 999999
    refused "search, nothing about the artifact" "$NO_MATCH" rekor_cli search --artifact changed
    refused "search, nothing by the key" "$NO_MATCH" rekor_cli search --public-key other.pub --pki-format x509
    refused "search, nothing by the subject" "$NO_MATCH" rekor_cli search --email nobody@example.test
    refused "loginfo, key of another log pinned" "$OTHER_KEY" pinned "$OTHER_TRUST" rekor_cli loginfo
    refused "get, key of another log pinned" "$OTHER_KEY" pinned "$OTHER_TRUST" rekor_cli get --log-index 0
    refused "verify, key of another log pinned" "$OTHER_KEY" pinned "$OTHER_TRUST" rekor_cli verify --log-index 0
}

# The client asks again by itself when a connection breaks, unless it is told not to; then the command is run once more.
lost_replies() {
    sign_once lost-1
    with_lossy_proxy job "upload, first reply lost: retries by itself" upload_through_proxy lost-1
    sign_once lost-2
    with_lossy_proxy job "upload, first reply lost, no retries: run again" upload_through_proxy_again lost-2
}

conflicts() {
    local name
    for name in "${ENTRIES[@]}"; do
        job "upload twice, 409: already exists, $name" upload_twice "$name"
    done
    if present node "upload, first reply lost, then 409"; then
        sign_once lost-3
        with_lossy_proxy job "upload, first reply lost, then 409: already exists" upload_through_proxy_conflict lost-3
    fi
}

# The log as it was with one entry: first it is merely too small, then it has grown into another history.
replaced_history() {
    stop_service log
    start_log_with copy
    refused "loginfo, log rolled back" "$ROLLED_BACK" rekor_cli loginfo
    job "upload, to the log that was rolled back" upload_fork
    refused "loginfo, other history under the same key" "$OTHER_HISTORY" rekor_cli loginfo
}

upload_fork() {
    local count
    for count in $(seq "${#ENTRIES[@]}"); do
        sign_once "fork-$count"
        upload "fork-$count"
    done
}

upload_again() {
    local slug uuid index size
    slug=$(slug "$1")
    uuid=$(<"$slug.uuid") index=$(<"$slug.index") size=$(tree_size)
    upload "$1"
    [[ $uuid == "$(<"$slug.uuid")" && $index == "$(<"$slug.index")" && $size == "$(tree_size)" ]]
}

upload_twice() {
    local output size
    upload "$1"
    size=$(tree_size)
    # shellcheck disable=SC2046
    output=$(rekor_cli upload $(arguments "$1"))
    printf '%s\n' "$output"
    [[ $output == "Entry already exists; available at: $LOG_URL/api/v1/log/entries/$(<"$(slug "$1").uuid")" ]]
    [[ $size == "$(tree_size)" ]]
}

upload_through_proxy() {
    local size
    size=$(tree_size)
    upload "$1"
    reply_was_lost
    [[ $(tree_size) == $((size + 1)) ]]
}

upload_through_proxy_again() {
    local size
    size=$(tree_size)
    # shellcheck disable=SC2046
    if rekor_cli upload --retry 0 $(arguments "$1"); then return 1; fi
    reply_was_lost
    upload "$1" --retry 0
    [[ $(tree_size) == $((size + 1)) ]]
}

upload_through_proxy_conflict() {
    local size output
    size=$(tree_size)
    # shellcheck disable=SC2046
    output=$(rekor_cli upload $(arguments "$1"))
    printf '%s\n' "$output"
    reply_was_lost
    [[ $output =~ ^"Entry already exists; available at: $LOG_URL/api/v1/log/entries/"([0-9a-f]{80})$ ]]
    rekor_cli get --uuid "${BASH_REMATCH[1]}"
    [[ $(tree_size) == $((size + 1)) ]]
}

# The statement itself, which an entry does not hold.
get_attestation() {
    local name
    for name in "intoto 0.0.1" "intoto 0.0.2"; do
        rekor_cli get --uuid "$(<"$(slug "$name").uuid")" | grep -Fx "Attestation: $(<statement.json)"
    done
}

search_with_operators() {
    local by_key by_both by_any
    by_key=$(rekor_cli search --public-key rsa.pub --pki-format x509 | sort)
    by_both=$(rekor_cli search --artifact artifact --public-key rsa.pub --pki-format x509 --operator and | sort)
    by_any=$(rekor_cli search --artifact artifact --public-key rsa.pub --pki-format x509 --operator or | sort)
    grep -qx "$(<"$(slug "hashedrekord 0.0.1, RSA").uuid")" <<<"$by_both"
    # Everything by this key is about this artifact, and there is more about the artifact.
    diff <(printf '%s' "$by_key") <(printf '%s' "$by_both")
    [[ $(wc -l <<<"$by_any") -gt $(wc -l <<<"$by_both") ]]
}

with_pinned_key() {
    pinned "$1" rekor_cli loginfo
    pinned "$1" rekor_cli get --log-index 0
    pinned "$1" rekor_cli verify --log-index 0
    # shellcheck disable=SC2046
    pinned "$1" rekor_cli upload $(arguments "${ENTRIES[0]}")
}

log_info_json() {
    rekor_cli loginfo --format json | tee loginfo.json
    grep -F "\"ActiveTreeSize\":$1," loginfo.json
    grep -F "\"TotalTreeSize\":$1," loginfo.json
    grep -F "\"TreeID\":\"$TREE_ID\"" loginfo.json
}

# The root of the proof is that of the head, and a proof from an inner size is not empty.
log_proof() {
    local root
    root=$(rekor_cli loginfo | sed -nE 's/^Root Hash: +//p')
    rekor_cli logproof --first-size 1 --last-size "$1" | tee logproof
    grep -qx "Current Root Hash: $root" logproof
    grep -Eq '^Hashes: \[[0-9a-f]{64}(,[0-9a-f]{64})*\]$' logproof
    rekor_cli logproof --first-size "$1" --last-size "$1" --tree-id "$TREE_ID" --format json | grep -F '"Hashes":[]'
}
