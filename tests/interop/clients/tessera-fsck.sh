CLIENT=tessera-fsck
VERSION=v1.0.4
TOOLS=(go)

source "$HERE/rekor_v1_entries.sh"

# Enough for a full tile, a partial one beside it, and a tile above the two.
COUNT=300

install() {
    go_install "tessera-$VERSION" "github.com/transparency-dev/tessera/cmd/fsck@$VERSION"
}

jobs() {
    write_vkey log.vkey
    with_other_log write_vkey other.vkey

    job "empty log" fsck 0 "$LOG_URL/" log.vkey
    job "submit $COUNT entries" submit "$COUNT"
    job "$COUNT entries" fsck "$COUNT" "$LOG_URL/" log.vkey
    job "$COUNT entries, paths of Rekor v2" fsck "$COUNT" "$LOG_URL/api/v2/" log.vkey
    refused "key of another log" "$BAD_CHECKPOINT" fsck "$COUNT" "$LOG_URL/" other.vkey

    copy_log copy
    job "copied files" fsck "$COUNT" "file://$PWD/copy/" log.vkey
    change_byte copy/tile/entries/000
    refused "copied files, changed entry" "$BAD_TREE" fsck "$COUNT" "file://$PWD/copy/" log.vkey
    copy_log copy
    change_byte copy/tile/0/000
    refused "copied files, changed tile" "$BAD_TREE" fsck "$COUNT" "file://$PWD/copy/" log.vkey

    with_other_log mixed_jobs
}

# One log takes entries of Rekor v1 and v2 at the same time: each goes to the tree of its protocol, and both are in order.
mixed_jobs() {
    write_trust mixed
    job "$COUNT entries of each protocol at once" submit_both "$COUNT"
    job "both protocols, tree of Rekor v2" fsck "$COUNT" "$LOG_URL/" mixed/log.vkey
    job "both protocols, tree of Rekor v1" fsck "$COUNT" "$(rekor_v1_tree)" mixed/log-v1-tiles.vkey
    refused "tree of Rekor v1, key of Rekor v2" "$BAD_CHECKPOINT" fsck "$COUNT" "$(rekor_v1_tree)" mixed/log.vkey
}

# Where the tree of Rekor v1 is read by tiles.
rekor_v1_tree() {
    printf '%s/trees/%s/' "$LOG_URL" "$(curl --silent --show-error --fail "$LOG_URL/api/v1/log" |
        grep -oE '"treeID": *"[0-9]+"' | tr -dc '0-9')"
}

submit_both() {
    submit_rekor_v1 "$1" &
    TRUST=mixed submit "$1" mixed-artifacts
    wait $!
    [[ $(tree_size) == "$1" ]]
}

# Entries of the kind hashedrekord 0.0.1.
submit_rekor_v1() {
    local number file
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out rekor-v1.pem
    openssl pkey -in rekor-v1.pem -pubout -out rekor-v1.pub
    mkdir -p rekor-v1
    for number in $(seq "$1"); do
        file=rekor-v1/$number
        printf 'artifact %s of Rekor v1\n' "$number" >"$file"
        openssl dgst -sha256 -sign rekor-v1.pem -out "$file.sig" "$file"
        hashedrekord_v001 rekor-v1.pub "$file" "$file.sig" >"$file.json"
    done
    printf '%s\0' rekor-v1/*.json | xargs -0 -I '{}' -P 8 curl --silent --show-error --fail --output /dev/null \
        --header 'content-type: application/json' --data '@{}' "$LOG_URL/api/v1/log/entries"
}

# What fsck says when it refuses.
BAD_CHECKPOINT='failed to fetch and verify checkpoint'
BAD_TREE='calculated root|log has:'

# fsck SIZE URL VKEY. This version leaves with exit code 0 whatever it finds: its last line tells. Each
# of its workers ends at the first difference it finds; with a single worker nobody would be left to
# take what the reader still hands over, and it would hang.
fsck() {
    local report
    report=$("$CACHE/tessera-$VERSION/fsck" --storage_url "$2" --public_key "$3" -N 8 --ui=false 2>&1)
    printf '%s\n' "$report"
    grep -q "Successfully fsck'd log with size $1 and root" <<<"$report"
}

# write_vkey FILE: the log's Ed25519 key as a C2SP verifier key.
write_vkey() {
    curl --silent --show-error --fail "$LOG_URL/log/v1/keys" |
        grep -oE '"ed25519" *: *\{[^}]*\}' | sed -E 's/.*"vkey" *: *"([^"]*)".*/\1/' >"$1"
}

# submit COUNT [DIRECTORY]
submit() {
    local number directory=${2:-artifacts}
    mkdir -p "$directory"
    for number in $(seq "$1"); do
        printf 'artifact %s\n' "$number" >"$directory/$number"
    done
    # The list is made before the first bundle appears beside its artifact.
    printf '%s\0' "$directory"/* | xargs -0 -n 1 -P 8 "$LEDGERSTONE_BIN" sign --url "$LOG_URL" --trusted-root "$TRUST/trusted_root.json"
    curl --silent --fail "$LOG_URL/checkpoint" | sed -n 2p | grep -qx "$1"
}

# copy_log DIRECTORY: the resources of a log of $COUNT entries, as files.
copy_log() {
    local rest=$((COUNT - 256)) path
    for path in checkpoint tile/0/000 "tile/0/001.p/$rest" tile/1/000.p/1 tile/entries/000 "tile/entries/001.p/$rest"; do
        curl --silent --show-error --fail --create-dirs --output "$1/$path" "$LOG_URL/$path"
    done
}

# Flips every bit of the 100th byte, which lies in the first entry's body or in the fourth hash.
change_byte() {
    local byte
    byte=$(od -An -tu1 -j 100 -N 1 "$1")
    # shellcheck disable=SC2059
    printf "\\x$(printf '%02x' $((byte ^ 255)))" | dd of="$1" bs=1 seek=100 conv=notrunc status=none
}
