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
    make_more_envelopes
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

    make_forms_of_x509

    for key in p256 rsa ed25519 p256-certificate; do
        entry "rekord 0.0.1, x509, $key" "--type rekord:0.0.1 --pki-format x509 --artifact artifact
            --signature $key.sig --public-key $key.pub" "$about" "--public-key $key.pub --pki-format x509"
    done
}

# What the log has to bring into one form, the same as the client's: line ends, chains, curves, letter case.
make_forms_of_x509() {
    local hashedrekord='--type hashedrekord:0.0.1 --pki-format x509' about='--artifact artifact'
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out crlf.pem
    openssl pkey -in crlf.pem -pubout | sed 's/$/\r/' >crlf.pub
    openssl dgst -sha256 -sign crlf.pem -out crlf.sig artifact
    entry "hashedrekord 0.0.1, key with CRLF" "$hashedrekord --artifact artifact --signature crlf.sig --public-key crlf.pub" \
        "$about" '--public-key crlf.pub --pki-format x509'

    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj '/CN=authority' -keyout ca.key -out ca.crt \
        -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign'
    openssl req -new -key p256.pem -subj '/CN=signer' -out p256.csr
    openssl x509 -req -in p256.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out leaf.crt \
        -extfile <(printf '%s\n' 'basicConstraints=CA:FALSE' 'extendedKeyUsage=codeSigning' 'subjectAltName=DNS:build.example.test,IP:192.0.2.1')
    cat leaf.crt ca.crt >chain.crt
    entry "hashedrekord 0.0.1, chain of certificates" "$hashedrekord --artifact artifact --signature p256.sig --public-key chain.crt" \
        "$about" '--subject build.example.test' '--subject 192.0.2.1' '--public-key chain.crt --pki-format x509'

    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out p521.pem
    openssl pkey -in p521.pem -pubout -out p521.pub
    openssl dgst -sha512 -sign p521.pem -out p521.sig artifact
    entry "hashedrekord 0.0.1, P-521, digest in capitals" "$hashedrekord --artifact-hash sha512:$(digest artifact sha512 | tr a-f A-F)
        --signature p521.sig --public-key p521.pub" "--sha $(digest artifact sha512)" '--public-key p521.pub --pki-format x509'

    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -out rsa4096.pem
    openssl pkey -in rsa4096.pem -pubout -out rsa4096.pub
    openssl dgst -sha256 -sign rsa4096.pem -out rsa4096.sig artifact
    entry "hashedrekord 0.0.1, RSA-4096" "$hashedrekord --artifact artifact --signature rsa4096.sig --public-key rsa4096.pub" \
        "$about" '--public-key rsa4096.pub --pki-format x509'

    cp p256.sig p256-certificate.sig
    cp p256.crt p256-certificate.pub
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

make_more_envelopes() {
    local payload_type=application/vnd.in-toto+json p256 rsa ed25519
    p256=$(openssl dgst -sha256 -sign p256.pem pae | openssl base64 -A)
    rsa=$(openssl dgst -sha256 -sign rsa.pem pae | openssl base64 -A)
    ed25519=$(openssl pkeyutl -sign -rawin -inkey ed25519.pem -in pae | openssl base64 -A)
    printf '{"payloadType":"%s","payload":"%s","signatures":[{"keyid":"rsa","sig":"%s"},{"sig":"%s"},{"keyid":"","sig":"%s"}]}' \
        "$payload_type" "$(openssl base64 -A -in statement.json)" "$rsa" "$p256" "$ed25519" >signers.json
    local kind
    for kind in "dsse 0.0.1" "intoto 0.0.2"; do
        entry "$kind, three signers" "--type ${kind/ /:} --pki-format x509 --artifact signers.json
            --public-key p256.pub --public-key ed25519.pub --public-key rsa.pub" \
            '--artifact artifact' '--public-key rsa.pub --pki-format x509' '--public-key ed25519.pub --pki-format x509'
    done
    for kind in "dsse 0.0.1" "intoto 0.0.1" "intoto 0.0.2"; do
        entry "$kind, certificate" "--type ${kind/ /:} --pki-format x509 --artifact envelope.json --public-key p256.crt" \
            '--artifact artifact' "--email $EMAIL" "--subject $WORKFLOW"
    done
    printf 'no statement' >note
    { printf 'DSSEv1 4 text 12 '; cat note; } >pae-note
    printf '{\n  "signatures" : [ { "sig" : "%s" } ],\n  "payload" : "%s",\n  "payloadType" : "text"\n}\n' \
        "$(openssl dgst -sha256 -sign p256.pem pae-note | openssl base64 -A)" "$(openssl base64 -A -in note)" >note.json
    for kind in "dsse 0.0.1" "intoto 0.0.1" "intoto 0.0.2"; do
        entry "$kind, no statement" "--type ${kind/ /:} --pki-format x509 --artifact note.json --public-key p256.pub" "--sha $(digest note)"
    done
}

make_ssh_entries() {
    local key
    for key in ed25519 rsa ecdsa; do
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
    # The keys that people have: signing with a subkey, and another for encryption.
    gpg --batch --quiet --passphrase '' --quick-generate-key 'Signer <pgp-subkey@example.test>' rsa2048 cert never
    local fingerprint
    fingerprint=$(gpg --batch --with-colons --list-keys pgp-subkey@example.test | sed -n 's/^fpr:*\([0-9A-F]*\):$/\1/p' | head -n 1)
    gpg --batch --quiet --passphrase '' --quick-add-key "$fingerprint" ed25519 sign never
    gpg --batch --quiet --passphrase '' --quick-add-key "$fingerprint" cv25519 encr never
    gpg --batch --quiet --armor --output pgp-subkey.pub --export "$fingerprint"
    gpg --batch --quiet --local-user "$fingerprint" --armor --output pgp-subkey.asc --detach-sign artifact
    entry "rekord 0.0.1, pgp, subkey" "--type rekord:0.0.1 --pki-format pgp --artifact artifact
        --signature pgp-subkey.asc --public-key pgp-subkey.pub" '--email pgp-subkey@example.test' '--public-key pgp-subkey.pub --pki-format pgp'
    gpg --batch --quiet --passphrase '' --quick-generate-key 'Signer <pgp-nistp256@example.test>' nistp256 sign never
    gpg --batch --quiet --output pgp-nistp256.pub --export pgp-nistp256@example.test
    gpg --batch --quiet --local-user pgp-nistp256@example.test --armor --output pgp-nistp256.asc --detach-sign artifact
    entry "rekord 0.0.1, pgp, nistp256, binary key" "--type rekord:0.0.1 --pki-format pgp --artifact artifact
        --signature pgp-nistp256.asc --public-key pgp-nistp256.pub" '--email pgp-nistp256@example.test' '--public-key pgp-nistp256.pub --pki-format pgp'
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
