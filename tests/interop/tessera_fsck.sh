# Tessera's fsck. Sourced by clients' scripts.

TESSERA_VERSION=v1.0.4

install_tessera_fsck() {
    go_install "tessera-$TESSERA_VERSION" \
        "github.com/transparency-dev/tessera/cmd/fsck@$TESSERA_VERSION"
}

# What fsck says when it refuses.
BAD_CHECKPOINT='failed to fetch and verify checkpoint'
BAD_TREE='calculated root|log has:'

# fsck SIZE URL VKEY. This version leaves with exit code 0 whatever it finds: its last line tells.
# Each of its workers ends at the first difference it finds; with a single worker nobody would be
# left to take what the reader still hands over, and it would hang.
fsck() {
    local report
    report=$("$CACHE/tessera-$TESSERA_VERSION/fsck" --storage_url "$2" --public_key "$3" \
        -N 8 --ui=false 2>&1)
    printf '%s\n' "$report"
    grep -q "Successfully fsck'd log with size $1 and root" <<<"$report"
}
