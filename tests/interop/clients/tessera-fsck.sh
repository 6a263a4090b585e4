CLIENT=tessera-fsck
TOOLS=(go)

source "$HERE/tessera_fsck.sh"

VERSION=$TESSERA_VERSION

# Enough for a full tile, a partial one beside it, and a tile above the two.
COUNT=300

install() {
    install_tessera_fsck
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
}

# write_vkey FILE: the log's Ed25519 key as a C2SP verifier key.
write_vkey() {
    curl --silent --show-error --fail "$LOG_URL/log/v1/keys" |
        grep -oE '"ed25519" *: *\{[^}]*\}' | sed -E 's/.*"vkey" *: *"([^"]*)".*/\1/' >"$1"
}

submit() {
    local number
    mkdir artifacts
    for number in $(seq "$1"); do
        printf 'artifact %s\n' "$number" >"artifacts/$number"
    done
    # The list is made before the first bundle appears beside its artifact.
    printf '%s\0' artifacts/* | xargs -0 -n 1 -P 8 "$LEDGERSTONE_BIN" sign --url "$LOG_URL" --trusted-root "$TRUST/trusted_root.json"
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
