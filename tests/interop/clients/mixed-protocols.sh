CLIENT='rekor-cli, fsck and monitoring, mixed'
TOOLS=(go node)

source "$HERE/rekor_cli.sh"
source "$HERE/tessera_fsck.sh"
source "$HERE/entries_of_both.sh"

VERSION="rekor-cli $REKOR_CLI_VERSION, fsck $TESSERA_VERSION"

# Entries of Rekor v1, and between them the same signatures as entries of Rekor v2, where that has
# such a kind: before and after the first look at the log.
FIRST=("hashedrekord 0.0.1, certificate" "dsse 0.0.1" "intoto 0.0.2")
LATER=("hashedrekord 0.0.1, P-256" "rekord 0.0.1, x509, rsa" "hashedrekord 0.0.1, RSA"
    "intoto 0.0.1")
# How many of each protocol follow at once, each time: the second time, both trees grow beyond a
# full tile.
AT_ONCE=150
# How large the trees of Rekor v1 and v2 are at the first look and at the second.
V1_FIRST=$((${#FIRST[@]} + AT_ONCE))
V2_FIRST=$((2 + AT_ONCE))
V1_LATER=$((V1_FIRST + ${#LATER[@]} + AT_ONCE))
V2_LATER=$((V2_FIRST + 2 + AT_ONCE))
# How many entries the older log has that another goes on from: more than a monitor asks for at
# once.
OLDER=12

install() {
    install_rekor_cli
    install_tessera_fsck
}

# One log takes entries of Rekor v1 and v2 in turns and at the same time. Whoever reads one of the
# protocols finds its tree in order and nothing of the other in it.
jobs() {
    printf 'an artifact\n' >artifact
    printf 'another artifact\n' >changed
    { make_x509_entries && make_envelope_entries; } >make_entries.txt 2>&1
    openssl pkey -in rsa.pem -pubout -outform DER -out rsa.der
    RSA_FINGERPRINT=$(digest rsa.der)
    find_tree_id

    job "monitoring calls, empty log, Rekor v1" monitor 1 0 0 0
    job "monitoring calls, empty log, Rekor v2" monitor 2 0 0 0
    job "entries of both protocols in turns, first" submit_in_turns "${FIRST[@]}"
    job "$AT_ONCE entries of each protocol at once, first" submit_at_once first "$AT_ONCE"
    look "$V1_FIRST" "$V2_FIRST"
    job "loginfo" log_info "$V1_FIRST"
    job "monitoring calls, Rekor v1: one signer found" monitor 1 0 "$V1_FIRST" 1
    job "monitoring calls, Rekor v2: one signer found" monitor 2 0 "$V2_FIRST" 1
    cp heads.1 first-heads.1
    cp heads.2 first-heads.2
    keep_copy_of_log

    job "entries of both protocols in turns, later" submit_in_turns "${LATER[@]}"
    job "$AT_ONCE entries of each protocol at once, later: monitoring calls meanwhile" \
        submit_and_monitor later "$AT_ONCE"
    look "$V1_LATER" "$V2_LATER"
    job "loginfo, grown: consistency proven" log_info_grown "$V1_LATER"
    job "monitoring calls, grown: consistency proven, signers found, Rekor v1" \
        monitor 1 "$V1_FIRST" "$V1_LATER" 2
    job "monitoring calls, grown: consistency proven, signer found, Rekor v2" \
        monitor 2 "$V2_FIRST" "$V2_LATER" 1
    job "monitoring calls, not grown, Rekor v1" monitor 1 "$V1_LATER" "$V1_LATER" 0
    job "monitoring calls, not grown, Rekor v2" monitor 2 "$V2_LATER" "$V2_LATER" 0
    local name
    for name in "${FIRST[@]}" "${LATER[@]}"; do
        job "rekor-cli get, verify and search, $name" find_again "$name"
    done
    job "rekor-cli search finds entries of Rekor v1 alone" search_rekor_v1_alone
    other_keys
    changed_bytes
    other_history
    after_an_older_log
}

# What the monitoring calls say when they refuse.
UNKNOWN_KEY='no log of the trusted root has the key id'
NOT_SIGNED="a signature of the checkpoint .* is not the log's|the log did not sign the checkpoint"
INCONSISTENT='the consistency proof from .* does not lead to the signed roots'
SMALLER='and another root, and now has'
OTHER_BODY='has another body than that of its'
NOT_INCLUDED='is not proven to be in the log'

# look V1_SIZE V2_SIZE: both trees, by tiles.
look() {
    write_trust "$TRUST"
    job "fsck, tree of Rekor v1, $1 entries" fsck "$1" "$(rekor_v1_tree)" "$TRUST/log-v1-tiles.vkey"
    job "fsck, tree of Rekor v2, $2 entries" fsck "$2" "$LOG_URL/" "$TRUST/log.vkey"
}

other_keys() {
    refused "fsck, tree of Rekor v1, key of Rekor v2" "$BAD_CHECKPOINT" \
        fsck "$V1_LATER" "$(rekor_v1_tree)" "$TRUST/log.vkey"
    refused "fsck, tree of Rekor v2, key of Rekor v1" "$BAD_CHECKPOINT" \
        fsck "$V2_LATER" "$LOG_URL/" "$TRUST/log-v1-tiles.vkey"
    refused "loginfo, key of another log pinned" "$OTHER_KEY" \
        pinned "$OTHER_TRUST" rekor_cli loginfo
    refused "monitoring calls, trusted root of another log, Rekor v1" "$UNKNOWN_KEY" \
        monitor_with "$OTHER_TRUST" 1
    refused "monitoring calls, trusted root of another log, Rekor v2" "$UNKNOWN_KEY" \
        monitor_with "$OTHER_TRUST" 2
}

# A byte is changed on the way from the log; the monitors have seen the log as it was at first.
changed_bytes() {
    cp first-heads.1 heads.1
    cp first-heads.2 heads.2
    local monitor_v1=(monitor_with "$TRUST" 1) monitor_v2=(monitor_with "$TRUST" 2)
    local entries=/api/v1/log/entries
    with_changed_byte /api/v1/log '"signedTreeHead":"' 30 \
        refused "monitoring calls, changed head, Rekor v1" "$NOT_SIGNED" "${monitor_v1[@]}"
    with_changed_byte /api/v1/log/proof '"hashes":["' 10 \
        refused "monitoring calls, changed consistency proof, Rekor v1" "$INCONSISTENT" \
        "${monitor_v1[@]}"
    with_changed_byte $entries '"body":"' 150 \
        refused "monitoring calls, changed entry, Rekor v1" "$OTHER_BODY" "${monitor_v1[@]}"
    with_changed_byte $entries '"hashes":["' 10 \
        refused "monitoring calls, changed inclusion proof, Rekor v1" "$NOT_INCLUDED" \
        "${monitor_v1[@]}"
    with_changed_byte /checkpoint $'\n' 1 \
        refused "monitoring calls, changed head, Rekor v2" "$NOT_SIGNED" "${monitor_v2[@]}"
    with_changed_byte /tile/0/000 '' 5000 \
        refused "monitoring calls, changed tile, Rekor v2" "$INCONSISTENT" "${monitor_v2[@]}"
    with_changed_byte /tile/entries/001 '' 100 \
        refused "monitoring calls, changed entry, Rekor v2" "$OTHER_BODY" "${monitor_v2[@]}"
    job "monitoring calls, nothing changed, Rekor v1" monitor 1 "$V1_FIRST" "$V1_LATER" 2
    job "monitoring calls, nothing changed, Rekor v2" monitor 2 "$V2_FIRST" "$V2_LATER" 1
    with_changed_byte /api/v1/log '"signedTreeHead":"' 30 \
        refused "loginfo, changed head" "$OTHER_KEY" rekor_cli loginfo
    with_changed_byte $entries '"body":"' 150 \
        refused "rekor-cli get, changed entry" "$BAD_ENTRY" rekor_cli get --log-index 0
    with_changed_byte "/trees/$TREE_ID/tile/entries/001" '' 100 \
        fsck_refuses "tree of Rekor v1" "$V1_LATER" log-v1-tiles.vkey
    with_changed_byte /tile/entries/001 '' 100 \
        fsck_refuses "tree of Rekor v2" "$V2_LATER" log.vkey
}

# What rekor-cli says of an entry that is not the one that it asked for.
BAD_ENTRY='unable to verify entry was added to log: calculated root'

# The log as it was at the first look: first it is merely too small, then both trees have grown into
# another history.
other_history() {
    stop_service log
    start_log copy
    refused "loginfo, log rolled back" "$ROLLED_BACK" rekor_cli loginfo
    refused "monitoring calls, log rolled back, Rekor v1" "$SMALLER" monitor_with "$TRUST" 1
    refused "monitoring calls, log rolled back, Rekor v2" "$SMALLER" monitor_with "$TRUST" 2
    job "as many entries and more to the log that was rolled back" \
        submit_at_once fork $((AT_ONCE + 10))
    refused "loginfo, other history under the same key" "$OTHER_HISTORY" rekor_cli loginfo
    refused "monitoring calls, other history under the same key, Rekor v1" "$INCONSISTENT" \
        monitor_with "$TRUST" 1
    refused "monitoring calls, other history under the same key, Rekor v2" "$INCONSISTENT" \
        monitor_with "$TRUST" 2
}

# A log that goes on where an older one ended, which took both protocols too: the older tree of
# Rekor v1 comes first in the indexes of the new log.
after_an_older_log() {
    stop_service copy
    start_log older
    job "$OLDER entries of each protocol at once, older log" submit_at_once older "$OLDER"
    write_trust older-trust
    job "import of the older log" import_older
    stop_service older
    start_log next
    find_tree_id
    write_trust next-trust
    local TRUST=next-trust heads=next-heads
    job "two entries of Rekor v1 and one of v2, after an older log" submit_both_signers
    job "loginfo, after an older log" log_info_sharded 2
    job "monitoring calls, after an older log, Rekor v1: all shards read" monitor 1 0 2 1 "$OLDER"
    job "monitoring calls, after an older log, Rekor v2" monitor 2 0 1 1
    job "an entry of each protocol, after an older log" submit_certificate
    job "loginfo, after an older log, grown" log_info_sharded 3
    job "monitoring calls, after an older log, grown, Rekor v1" monitor 1 2 3 1
    job "monitoring calls, after an older log, grown, Rekor v2" monitor 2 1 2 1
    job "rekor-cli get and verify, in both shards" find_in_shards
    refused "monitoring calls, without the key of the new log, Rekor v1" "$UNKNOWN_KEY" \
        monitor_with older-trust 1
    rm next-heads.1
    with_changed_byte /api/v1/log '"inactiveShards":[{"rootHash":"' 110 \
        refused "monitoring calls, changed head of the older log, Rekor v1" "$NOT_SIGNED" \
        monitor_with next-trust 1
}

import_older() {
    "$LEDGERSTONE_BIN" import --from "$LOG_URL" --protocol rekor-v1 --predecessor \
        --trusted-root older-trust/trusted_root.json --data-dir next.data
}

submit_both_signers() {
    submit 1 p256.pub artifact p256.sig
    submit 2 rsa.pub artifact rsa.sig
    submit 1 rsa.pub artifact rsa.sig
}

submit_certificate() {
    submit 1 p256.crt artifact p256.sig
    submit 2 p256.crt artifact p256.sig
}

# log_info_sharded SIZE
log_info_sharded() {
    log_info "$1"
    grep -Eqx "Total Tree Size: +$(($1 + OLDER))" loginfo
}

# Indexes go on from shard to shard.
find_in_shards() {
    local index
    for index in 0 $((OLDER - 1)) "$OLDER" $((OLDER + 2)); do
        rekor_cli get --log-index "$index" | grep -x "Index: $index"
        rekor_cli verify --log-index "$index"
    done
}

submit_in_turns() {
    local name
    for name in "$@"; do
        upload "$name"
        case $name in
        "hashedrekord 0.0.1, P-256") submit 2 p256.pub artifact p256.sig ;;
        "hashedrekord 0.0.1, RSA") submit 2 rsa.pub artifact rsa.sig ;;
        "hashedrekord 0.0.1, certificate") submit 2 p256.crt artifact p256.sig ;;
        "dsse 0.0.1") submit_request 2 "$(dsse_v002 p256.pub envelope.json)" ;;
        esac
    done
}

# submit_at_once PHASE COUNT: so many signatures, each to both protocols.
submit_at_once() {
    make_requests "$@"
    send_requests "$@"
}

# The same, while the log is read again and again; what is seen of it in between is always in order.
submit_and_monitor() {
    local heads=meanwhile submission
    cp heads.1 meanwhile.1
    cp heads.2 meanwhile.2
    make_requests "$@"
    send_requests "$@" &
    submission=$!
    while kill -0 "$submission" 2>/dev/null; do
        monitor_with "$TRUST" 1
        monitor_with "$TRUST" 2
    done
    wait "$submission"
}

# make_requests PHASE COUNT: what curl is told for each is in PHASE/requests.
make_requests() {
    local number file
    mkdir "$1"
    for number in $(seq "$2"); do
        file=$1/$number
        printf 'artifact %s, %s\n' "$number" "$1" >"$file"
        openssl dgst -sha256 -sign other.pem -out "$file.sig" "$file"
        hashedrekord_v001 other.pub "$file" "$file.sig" >"$file.1.json"
        hashedrekord_v002 other.pub "$file" "$file.sig" >"$file.2.json"
        printf '%s\0' "@$file.1.json" "$LOG_URL/api/v1/log/entries" \
            "@$file.2.json" "$LOG_URL/api/v2/log/entries" >>"$1/requests"
    done
}

# send_requests PHASE COUNT
send_requests() {
    local v1_before v2_before
    v1_before=$(tree_size) v2_before=$(rekor_v2_size)
    xargs -0 -n 2 -P 8 curl --silent --show-error --fail --output /dev/null \
        --header 'Content-Type: application/json' --data <"$1/requests"
    [[ $(tree_size) == $((v1_before + $2)) && $(rekor_v2_size) == $((v2_before + $2)) ]]
}

rekor_v2_size() {
    curl --silent --show-error --fail "$LOG_URL/checkpoint" | sed -n 2p
}

# Where the tree of Rekor v1 is read by tiles.
rekor_v1_tree() {
    printf '%s/trees/%s/' "$LOG_URL" "$TREE_ID"
}

# monitor API_VERSION FROM TO HITS [OLDER]: what is new between these sizes is read, and OLDER
# entries of earlier shards. So many are by the watched signers.
monitor() {
    monitor_with "$TRUST" "$1" | tee monitor.txt
    grep -qx "from $2 to $3: $(($3 - $2 + ${5:-0})) entries, $4 hits" monitor.txt
}

# monitor_with TRUST API_VERSION: what was seen last is in `heads`, or where `heads` says.
monitor_with() {
    node "$HERE/rekor_monitor/main.mjs" "$2" --trusted-root "$1/trusted_root.json" \
        --state "${heads:-heads}.$2" --fingerprint "$RSA_FINGERPRINT" --subject "$EMAIL"
}

# Everything about the artifact that was uploaded is found, and each is an entry that the client can
# read. The tree of Rekor v2 has entries about it too.
search_rekor_v1_alone() {
    local name uuid
    for name in "${FIRST[@]}" "${LATER[@]}"; do
        cat "$(slug "$name").uuid"
        printf '\n'
    done | sort >uploaded
    rekor_cli search --artifact artifact | grep -E '^[0-9a-f]{80}$' | sort | diff uploaded -
    while IFS= read -r uuid; do
        rekor_cli get --uuid "$uuid" | grep -qx "UUID: $uuid"
    done <uploaded
}

# fsck_refuses TREE SIZE VKEY: at the URL of the proxy, which `rekor_v1_tree` names only now.
fsck_refuses() {
    local url=$LOG_URL/
    [[ $1 != "tree of Rekor v1" ]] || url=$(rekor_v1_tree)
    refused "fsck, changed entry, $1" "$BAD_TREE" fsck "$2" "$url" "$TRUST/$3"
}
