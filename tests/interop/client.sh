#!/usr/bin/env bash
# Runs one step of one client:  client.sh CLIENT install | jobs | record JOB RESULT
#
# A client is a script clients/CLIENT.sh that sets
#   CLIENT    the name of the published package, for the table
#   VERSION   its pinned version
#   TOOLS     the programs without which it cannot be installed or run
# and defines
#   install   puts it into the cache unless it is there
#   jobs      does its work against the log at $LOG_URL with the files in $TRUST
# Names that `run` exports: LEDGERSTONE_BIN, CACHE, WORK, RESULTS.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib.sh
source "$HERE/lib.sh"
# shellcheck source=/dev/null
source "$HERE/clients/$1.sh"

missing_tool() {
    local tool
    for tool in "${TOOLS[@]}"; do
        command -v "$tool" >/dev/null || { printf '%s' "$tool"; return; }
    done
}

run_jobs() {
    local tool
    tool=$(missing_tool)
    if [[ -n $tool ]]; then
        record "all jobs" "SKIP ($tool is not installed)"
        return
    fi
    DIRECTORY=$WORK/$1
    mkdir -p "$DIRECTORY/output" "$DIRECTORY/home"
    cd "$DIRECTORY"
    # No client may find keys, caches or settings of the person who runs this.
    export HOME=$DIRECTORY/home
    trap stop_services EXIT
    start_log log
    write_trust "$TRUST"
    with_other_log write_trust "$OTHER_TRUST"
    jobs
}

case $2 in
install) [[ -n $(missing_tool) ]] || install ;;
jobs) run_jobs "$1" ;;
record) record "$3" "$4" ;;
*) printf 'error: unknown step %s\n' "$2" >&2; exit 2 ;;
esac
