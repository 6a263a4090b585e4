# Entries of every kind of Rekor v1 that the log takes, as files to upload: made with the keys of the tools that people sign
# with. Sourced by clients' scripts.

# Names of the entries that could be made on this machine.
ENTRIES=()
# For each: the arguments of `rekor-cli upload` and `verify`, and the searches that must find it, one a line.
declare -A ARGUMENTS=() SEARCHES=()

EMAIL=signer@example.test
WORKFLOW=https://git.example.test/project/workflow.yml@refs/heads/main

# entry NAME ARGUMENTS SEARCH...
entry() {
    local name=$1
    ENTRIES+=("$name")
    ARGUMENTS[$name]=$2
    shift 2
    SEARCHES[$name]=$(printf '%s\n' "$@")
}

arguments() {
    printf '%s' "${ARGUMENTS[$1]}"
}

searches() {
    printf '%s\n' "${SEARCHES[$1]}"
}

slug() {
    printf '%s' "$1" | tr -cs '[:alnum:].' '-'
}

# Everything is about the file `artifact`; `changed` is another, which nothing in the log is about.
make_entries() {
    printf 'an artifact\n' >artifact
    printf 'another artifact\n' >changed
    make_x509_entries
    make_envelope_entries
    ! present ssh-keygen "rekord 0.0.1, ssh" || make_ssh_entries
    ! present minisign "rekord 0.0.1, minisign" || make_minisign_entries
    ! present gpg "rekord 0.0.1, pgp" || make_pgp_entries
} >make_entries.txt 2>&1

make_x509_entries() {
    local hashedrekord='--type hashedrekord:0.0.1 --pki-format x509 --artifact artifact' about='--artifact artifact'
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out p256.pem
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other.pem
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out rsa.pem
    openssl genpkey -algorithm ED25519 -out ed25519.pem
    local key
    for key in p256 other rsa ed25519; do
        openssl pkey -in "$key.pem" -pubout -out "$key.pub"
    done
    openssl dgst -sha256 -sign p256.pem -out p256.sig artifact
    openssl dgst -sha256 -sign rsa.pem -out rsa.sig artifact
    openssl pkeyutl -sign -rawin -inkey ed25519.pem -in artifact -out ed25519.sig
    openssl dgst -sha256 -sign other.pem -out other.sig changed
    # A signature over another file: the client would make no such proposal.
    hashedrekord_v001 p256.pub changed p256.sig >wrong.json

    entry "hashedrekord 0.0.1, P-256" "$hashedrekord --signature p256.sig --public-key p256.pub" \
        "$about" "--sha $(digest artifact)" '--public-key p256.pub --pki-format x509'
    entry "hashedrekord 0.0.1, RSA" "$hashedrekord --signature rsa.sig --public-key rsa.pub" \
        "$about" '--public-key rsa.pub --pki-format x509'
    if present python3 "hashedrekord 0.0.1, Ed25519ph"; then
        openssl pkey -in ed25519.pem -outform DER | tail -c 32 >seed
        python3 "$HERE/ed25519ph.py" seed artifact ed25519ph.sig
        local sha512
        sha512=$(digest artifact sha512)
        entry "hashedrekord 0.0.1, Ed25519ph" "--type hashedrekord:0.0.1 --pki-format x509 --artifact-hash sha512:$sha512
            --signature ed25519ph.sig --public-key ed25519.pub" "--sha $sha512" '--public-key ed25519.pub --pki-format x509'
    fi
    openssl req -x509 -key p256.pem -days 30 -subj '/CN=signer' -out p256.crt \
        -addext "subjectAltName=email:$EMAIL,URI:$WORKFLOW" -addext 'extendedKeyUsage=codeSigning'
    entry "hashedrekord 0.0.1, certificate" "$hashedrekord --signature p256.sig --public-key p256.crt" \
        "$about" "--email $EMAIL" "--subject $WORKFLOW" '--public-key p256.crt --pki-format x509'

    for key in p256 rsa ed25519; do
        entry "rekord 0.0.1, x509, $key" "--type rekord:0.0.1 --pki-format x509 --artifact artifact
            --signature $key.sig --public-key $key.pub" "$about" "--public-key $key.pub --pki-format x509"
    done
}

# The same envelope in three kinds of entries.
make_envelope_entries() {
    local payload_type=application/vnd.in-toto+json signature
    printf '{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"artifact","digest":{"sha256":"%s"}}],"predicateType":"https://example.test/predicate","predicate":{}}' \
        "$(digest artifact)" >statement.json
    { printf 'DSSEv1 %d %s %d ' "${#payload_type}" "$payload_type" "$(wc -c <statement.json)"; cat statement.json; } >pae
    signature=$(openssl dgst -sha256 -sign p256.pem pae | openssl base64 -A)
    printf '{"payloadType":"%s","payload":"%s","signatures":[{"keyid":"","sig":"%s"}]}' \
        "$payload_type" "$(openssl base64 -A -in statement.json)" "$signature" >envelope.json
    local kind about="--artifact artifact" payload
    payload="--sha $(digest statement.json)"
    for kind in "dsse 0.0.1" "intoto 0.0.1" "intoto 0.0.2"; do
        entry "$kind" "--type ${kind/ /:} --pki-format x509 --artifact envelope.json --public-key p256.pub" \
            "$about" "$payload" '--public-key p256.pub --pki-format x509'
    done
}

make_ssh_entries() {
    local key
    for key in ed25519 rsa; do
        ssh-keygen -q -t "$key" -N '' -C "$EMAIL" -f "ssh-$key"
        ssh-keygen -q -Y sign -n file -f "ssh-$key" <artifact >"ssh-$key.sig"
        entry "rekord 0.0.1, ssh, $key" "--type rekord:0.0.1 --pki-format ssh --artifact artifact
            --signature ssh-$key.sig --public-key ssh-$key.pub" '--artifact artifact' "--public-key ssh-$key.pub --pki-format ssh"
    done
}

make_minisign_entries() {
    minisign -G -W -p minisign.pub -s minisign.key
    minisign -S -s minisign.key -m artifact -x minisign.sig
    minisign -S -l -s minisign.key -m artifact -x minisign-legacy.sig
    local form
    for form in minisign minisign-legacy; do
        entry "rekord 0.0.1, $form" "--type rekord:0.0.1 --pki-format minisign --artifact artifact
            --signature $form.sig --public-key minisign.pub" '--artifact artifact' '--public-key minisign.pub --pki-format minisign'
    done
}

make_pgp_entries() {
    local algorithm
    for algorithm in rsa3072 ed25519; do
        local address=pgp-$algorithm@example.test
        gpg --batch --quiet --passphrase '' --quick-generate-key "Signer <$address>" "$algorithm" sign never
        gpg --batch --quiet --armor --output "pgp-$algorithm.pub" --export "$address"
        gpg --batch --quiet --local-user "$address" --armor --output "pgp-$algorithm.asc" --detach-sign artifact
        gpg --batch --quiet --local-user "$address" --output "pgp-$algorithm.sig" --detach-sign artifact
        entry "rekord 0.0.1, pgp, $algorithm" "--type rekord:0.0.1 --pki-format pgp --artifact artifact
            --signature pgp-$algorithm.asc --public-key pgp-$algorithm.pub" \
            '--artifact artifact' "--email $address" "--public-key pgp-$algorithm.pub --pki-format pgp"
    done
    entry "rekord 0.0.1, pgp, binary signature" "--type rekord:0.0.1 --pki-format pgp --artifact artifact
        --signature pgp-ed25519.sig --public-key pgp-ed25519.pub" '--artifact artifact' '--email pgp-ed25519@example.test'
    # Its agent would outlive this run.
    gpgconf --kill gpg-agent
}

# sign_once NAME: a further entry, with a file and a signature that nothing else has.
sign_once() {
    printf 'artifact of %s\n' "$1" >"$1"
    openssl dgst -sha256 -sign p256.pem -out "$1.sig" "$1"
    ARGUMENTS[$1]="--type hashedrekord:0.0.1 --pki-format x509 --artifact $1 --signature $1.sig --public-key p256.pub"
}

# hashedrekord_v001 KEY_OR_CERTIFICATE FILE SIGNATURE: the proposal as JSON.
hashedrekord_v001() {
    printf '{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":"%s"}},"signature":{"content":"%s","publicKey":{"content":"%s"}}}}' \
        "$(digest "$2")" "$(openssl base64 -A -in "$3")" "$(openssl base64 -A -in "$1")"
}

# digest FILE [ALGORITHM]
digest() {
    openssl dgst "-${2:-sha256}" -r "$1" | cut -d ' ' -f 1
}
