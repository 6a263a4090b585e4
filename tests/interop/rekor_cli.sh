# rekor-cli, and what it must do with entries that rekor_v1_entries.sh has made. Sourced by clients' scripts.

REKOR_CLI_VERSION=v1.5.4

source "$HERE/rekor_v1_entries.sh"

install_rekor_cli() {
    go_install "rekor-cli-$REKOR_CLI_VERSION" "github.com/sigstore/rekor/cmd/rekor-cli@$REKOR_CLI_VERSION"
}

# What rekor-cli says when it refuses a log.
OTHER_KEY='signature on (tree head|checkpoint) did not verify'
ROLLED_BACK='returned a tree size larger than the verified tree size'
OTHER_HISTORY='calculated root:'

# Sets TREE_ID, that of the growing tree of Rekor v1.
find_tree_id() {
    TREE_ID=$(curl --silent --show-error --fail "$LOG_URL/api/v1/log" |
        sed -nE 's/"inactiveShards".*//; s/.*"treeID": *"([0-9]+)".*/\1/p')
}

rekor_cli() {
    "$CACHE/rekor-cli-$REKOR_CLI_VERSION/rekor-cli" --rekor_server "$LOG_URL" "$@"
}

# upload NAME [OPTION...]: keeps UUID and index in SLUG.uuid and SLUG.index.
upload() {
    local name=$1 slug output
    slug=$(slug "$name")
    shift
    # shellcheck disable=SC2046
    output=$(rekor_cli upload "$@" $(arguments "$name"))
    printf '%s\n' "$output"
    [[ $output =~ ^"Created entry at index "([0-9]+)", available at: $LOG_URL/api/v1/log/entries/"([0-9a-f]{80})$ ]]
    printf '%s' "${BASH_REMATCH[1]}" >"$slug.index"
    printf '%s' "${BASH_REMATCH[2]}" >"$slug.uuid"
}

find_again() {
    get "$1"
    verify "$1"
    search "$1"
}

# get NAME: all ways lead to the same entry.
get() {
    local slug uuid index
    slug=$(slug "$1")
    uuid=$(<"$slug.uuid") index=$(<"$slug.index")
    rekor_cli get --uuid "$uuid" | tee "$slug.get"
    grep -qx "UUID: $uuid" "$slug.get"
    grep -qx "Index: $index" "$slug.get"
    rekor_cli get --uuid "${uuid:16}" | cmp - "$slug.get"
    rekor_cli get --log-index "$index" | cmp - "$slug.get"
    rekor_cli get --log-index "$index" --format json | grep -F "\"UUID\":\"$uuid\""
    rekor_cli get --uuid "$uuid" --format tle | grep -E "\"logIndex\": *\"$index\""
}

# verify NAME: from what was uploaded, which the client brings into the form of the log for itself; by UUID; by index.
verify() {
    local slug uuid
    slug=$(slug "$1")
    uuid=$(<"$slug.uuid")
    # shellcheck disable=SC2046
    rekor_cli verify $(arguments "$1") | tee "$slug.verify"
    grep -qx "Entry Hash: ${uuid:16}" "$slug.verify"
    grep -qx "Entry Index in Current Tree: $(<"$slug.index")" "$slug.verify"
    rekor_cli verify --uuid "$uuid" | grep -x "Entry Hash: ${uuid:16}"
    rekor_cli verify --log-index "$(<"$slug.index")" | grep -x "Entry Hash: ${uuid:16}"
}

# search NAME: by everything that the entry can be found by.
search() {
    local uuid line
    uuid=$(<"$(slug "$1").uuid")
    while IFS= read -r line; do
        printf 'search %s\n' "$line"
        # shellcheck disable=SC2086
        rekor_cli search $line | grep -x "$uuid"
    done < <(searches "$1")
}

# pinned TRUST COMMAND...: with the key in the trust files, instead of the one that the log shows.
pinned() {
    local trust=$1
    shift
    REKOR_REKOR_SERVER_PUBLIC_KEY=$(<"$trust/log-ecdsa-p256.pub") "$@"
}

# log_info SIZE
log_info() {
    rekor_cli loginfo | tee loginfo
    grep -qx 'Verification Successful!' loginfo
    grep -Eqx "Active Tree Size: +$1" loginfo
    grep -Eqx "TreeID: +$TREE_ID" loginfo
}

# With an older head in the client's state the new one is proven to extend it; without, the client says so.
log_info_grown() {
    grep -q "\"$TREE_ID\"" "$HOME/.rekor/state.json"
    log_info "$1" 2>&1 | tee grown
    ! grep -q 'unable to prove consistency' grown
}
