# What every client's script needs; sourced by client.sh.

# A bare host name: clients compare it with the host of the trusted root's base URL, which is never
# dialled, while the log itself listens on loopback.
ORIGIN=log.example.test
# Longest wait for a server to say that it listens.
READY_TIMEOUT_SECONDS=60

# Folders with the files of `ledgerstone trust`: for the client's own log, and for another log of the
# same origin, which no verifier may take for the first.
TRUST=trust
OTHER_TRUST=other-trust

declare -A SERVICE_PIDS=()

progress() {
    printf '  %s\n' "$*" >&2
}

# record JOB RESULT: one row of the table.
record() {
    printf '%s\t%s\t%s\t%s\n' "$CLIENT" "$VERSION" "$1" "$2" >>"$RESULTS"
    progress "$2: $1"
}

# job NAME COMMAND...: the command must succeed.
job() {
    local name=$1 output code
    shift
    output=$(output_file "$name")
    code=$(exit_code_of "$output" "$@")
    if [[ $code == 0 ]]; then
        record "$name" "ok"
    else
        record "$name" "FAIL"
        show "$output" "exit code $code"
    fi
}

# refused NAME PATTERN COMMAND...: the command must fail and must say why: its output has to match
# the extended regular expression, so that a crash or a mistyped flag does not pass for a refusal.
refused() {
    local name=$1 pattern=$2 output code
    shift 2
    output=$(output_file "$name")
    code=$(exit_code_of "$output" "$@")
    if [[ $code == 0 ]]; then
        record "$name" "FAIL"
        show "$output" "succeeded, and must not"
    elif ! grep -Eq "$pattern" "$output"; then
        record "$name" "FAIL"
        show "$output" "failed for another reason than /$pattern/"
    else
        record "$name" "ok"
    fi
}

# Runs the command in a subshell of its own, where its first failing line ends it. This is not done
# in an `if`, which would switch `set -e` off for everything that the command calls.
exit_code_of() {
    local output=$1 code
    shift
    set +e
    (set -e; "$@") >"$output" 2>&1 </dev/null
    code=$?
    set -e
    printf '%s' "$code"
}

output_file() {
    printf 'output/%s.txt' "$(printf '%s' "$VERSION $1" | tr -cs '[:alnum:].' '-')"
}

show() {
    progress "$2; the end of $PWD/$1:"
    tail -n 20 "$1" | sed 's/^/    /' >&2
}

# start_log NAME: a fresh log; sets LOG_URL, also for the programs that jobs start.
start_log() {
    start_log_with "$1"
}

# start_log_with NAME OPTION...: the same with options of `ledgerstone serve`. Where NAME.data holds a log already, it is
# that log which goes on.
start_log_with() {
    local name=$1
    shift
    start_service "$name" log_address "$LEDGERSTONE_BIN" serve --data-dir "$name.data" \
        --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --origin "$ORIGIN" "$@"
    export LOG_URL=$SERVICE_URL
}

# Takes a copy of the log in its present state, from which `start_log copy` goes on.
keep_copy_of_log() {
    stop_service log
    cp -a log.data copy.data
    start_log log
}

# with_conflict_log COMMAND...: runs it while LOG_URL is that of another fresh log, which answers a submission of what it
# holds already with 409, as upstream does. It has keys of its own.
with_conflict_log() {
    local own_url=$LOG_URL
    start_log_with conflict --on-duplicate conflict
    "$@"
    stop_service conflict
    rm -rf conflict.data
    LOG_URL=$own_url
}

# with_lossy_proxy COMMAND...: runs it while LOG_URL is that of a proxy before the log, which loses the first reply: the log
# has accepted what was submitted, and the client sees its connection break. Needs node.
with_lossy_proxy() {
    local own_url=$LOG_URL
    start_service proxy log_address node "$HERE/lossy_proxy.mjs" "$own_url"
    export LOG_URL=$SERVICE_URL
    PROXIED_URL=$own_url
    "$@"
    stop_service proxy
    PROXIED_URL=
    LOG_URL=$own_url
}

# with_changed_byte PATH MARK OFFSET COMMAND...: runs it while LOG_URL is that of a proxy before the
# log, which changes one byte of every reply to paths that begin with PATH: the one OFFSET bytes behind
# the first MARK. Needs node.
with_changed_byte() {
    local own_url=$LOG_URL path=$1 mark=$2 offset=$3
    shift 3
    start_service tamper log_address node "$HERE/tamper.mjs" "$own_url" "$path" "$mark" "$offset"
    export LOG_URL=$SERVICE_URL
    "$@"
    stop_service tamper
    LOG_URL=$own_url
}

# For jobs behind the proxy that loses replies: a reply to a submission was lost.
reply_was_lost() {
    cat proxy.err
    grep -qE '^lost (201|409) to POST /api/v[12]/log/entries$' proxy.err
}

# The number of entries in the log's tree of Rekor v1, whatever stands before the log.
tree_size() {
    curl --silent --show-error --fail "${PROXIED_URL:-$LOG_URL}/api/v1/log" | sed -E 's/.*"treeSize": *([0-9]+).*/\1/'
}

# present TOOL JOB: whether the tool is there; if not, the job is recorded as skipped.
present() {
    ! command -v "$1" >/dev/null || return 0
    record "$2" "SKIP ($1 is not installed)"
    return 1
}

# with_other_log COMMAND...: runs it while LOG_URL is that of another fresh log, which has the same
# origin and keys of its own.
with_other_log() {
    local own_url=$LOG_URL
    start_log other
    "$@"
    stop_service other
    rm -rf other.data
    LOG_URL=$own_url
}

# The base URL in a line of `ledgerstone serve`, or nothing.
log_address() {
    sed -nE '/admin/d; s#.*(http://127\.0\.0\.1:[0-9]+).*#\1#p' <<<"$1"
}

# write_trust DIRECTORY OPTION...: the files that clients need to use and to trust the log at LOG_URL.
write_trust() {
    local directory=$1
    shift
    "$LEDGERSTONE_BIN" trust --url "$LOG_URL" --out "$directory" "$@" >"$directory.txt"
}

# start_service NAME ADDRESS_IN_LINE COMMAND...: starts a server in the background and waits until it
# has printed its address, which ADDRESS_IN_LINE finds in a line of output; sets SERVICE_URL.
start_service() {
    local name=$1 address_in_line=$2 output line
    shift 2
    mkfifo "$name.out"
    "$@" >"$name.out" 2>"$name.err" </dev/null &
    SERVICE_PIDS[$name]=$!
    exec {output}<"$name.out"
    SERVICE_URL=
    while [[ -z $SERVICE_URL ]] && IFS= read -r -t "$READY_TIMEOUT_SECONDS" line <&"$output"; do
        SERVICE_URL=$("$address_in_line" "$line")
    done
    # Drained for as long as it runs, so that it never blocks on a full pipe.
    cat <&"$output" >/dev/null &
    exec {output}<&-
    if [[ -z $SERVICE_URL ]]; then
        progress "$name did not say where it listens:"
        tail -n 20 "$name.err" | sed 's/^/    /' >&2
        return 1
    fi
}

stop_service() {
    local name=$1
    local pid=${SERVICE_PIDS[$name]:-}
    [[ -n $pid ]] || return 0
    unset "SERVICE_PIDS[$name]"
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    rm -f "$name.out"
}

stop_services() {
    local name
    for name in "${!SERVICE_PIDS[@]}"; do
        stop_service "$name"
    done
}

# go_install DIRECTORY PACKAGE@VERSION...: builds Go programs into the cache. Go's own caches are kept
# there too, and writable, so that everything this harness installs goes away with one folder.
go_install() {
    local directory=$CACHE/$1 package missing=()
    shift
    for package in "$@"; do
        [[ -x $directory/$(basename "${package%@*}") ]] || missing+=("$package")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    progress "installing ${missing[*]} (the first time takes minutes)"
    GOBIN=$directory GOPATH=$CACHE/go GOCACHE=$CACHE/go-build GOFLAGS="${GOFLAGS:-} -modcacherw" \
        nice go install "${missing[@]}"
}

# npm_install DIRECTORY PACKAGE@VERSION...
npm_install() {
    local directory=$CACHE/$1
    shift
    [[ ! -e $directory/installed ]] || return 0
    progress "installing $*"
    mkdir -p "$directory"
    npm install --silent --no-audit --no-fund --no-package-lock --no-save --prefix "$directory" "$@"
    touch "$directory/installed"
}

# pip_install DIRECTORY PACKAGE==VERSION...: into a virtual environment of its own.
pip_install() {
    local directory=$CACHE/$1
    shift
    [[ ! -e $directory/installed ]] || return 0
    progress "installing $*"
    python3 -m venv "$directory"
    "$directory/bin/pip" install --quiet --disable-pip-version-check "$@"
    touch "$directory/installed"
}
