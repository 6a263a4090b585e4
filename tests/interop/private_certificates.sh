# A signer's key with a certificate of a private authority, a statement to sign, and bundles that were tampered with. Sourced by
# clients' scripts.

# key.pem, and certificate.pem that ca.pem issued for it.
make_certificates() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj '/O=example.test/CN=authority' \
        -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign' -keyout ca.key -out ca.pem
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=signer' -keyout key.pem -out request.pem
    printf '%s\n' 'basicConstraints=CA:FALSE' 'keyUsage=critical,digitalSignature' 'extendedKeyUsage=codeSigning' \
        'subjectAltName=email:signer@example.test' >extensions
    openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile extensions -out certificate.pem
    openssl ec -in key.pem -pubout -out key.pub
} 2>/dev/null

# statement.json, about the file `artifact`.
make_statement() {
    printf '{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"artifact","digest":{"sha256":"%s"}}],%s}' \
        "$(sha256sum artifact | cut -d ' ' -f 1)" '"predicateType":"https://example.test/predicate","predicate":{}' >statement.json
}

# a_second_later BUNDLE: the bundle with another time of its entry than the log has signed, on stdout.
a_second_later() {
    local time
    time=$(grep -oE '"integratedTime": ?"[0-9]+"' "$1" | grep -oE '[0-9]+')
    sed -E "s/(\"integratedTime\": ?)\"$time\"/\\1\"$((time + 1))\"/" "$1"
}

# changed_payload BUNDLE: the bundle with another payload in its envelope, on stdout.
changed_payload() {
    sed -E 's/"payload":"[^"]*"/"payload":"Y2hhbmdlZA=="/' "$1"
}
