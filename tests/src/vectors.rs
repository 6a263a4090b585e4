//! Published entries of Rekor v1: what upstream's own test files make.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;
use sha2::Sha512;

/// The artifact that upstream's test of algorithms signs.
pub const FILE1: &[u8] = b"file1\n";

/// A key and signature of upstream's, and what its server makes of them.
pub struct Vector {
    /// The name of the hash function.
    pub hash: &'static str,
    /// The key in DER, in base64 over several lines.
    pub spki: &'static str,
    /// The signature over [`FILE1`], in base64 over several lines.
    pub signature: &'static str,
    /// The length of the canonical body in bytes.
    pub body_length: usize,
    /// Its leaf hash in hexadecimal.
    pub leaf_hash: &'static str,
    /// The SHA-256 hash of the key's PEM in hexadecimal, by which the entry is found.
    pub key_hash: &'static str,
}

impl Vector {
    /// The hashedrekord 0.0.1 proposal.
    pub fn proposal(&self) -> Value {
        let value = match self.hash {
            "sha512" => hex::encode(Sha512::digest(FILE1)),
            _ => hex::encode(Sha256::digest(FILE1)),
        };
        json!({
            "kind": "hashedrekord",
            "apiVersion": "0.0.1",
            "spec": {
                "data": {"hash": {"algorithm": self.hash, "value": value}},
                "signature": {
                    "content": one_line(self.signature),
                    "publicKey": {"content": STANDARD.encode(self.public_key_pem())},
                },
            },
        })
    }

    /// PEM of the key.
    pub fn public_key_pem(&self) -> String {
        let digits = one_line(self.spki);
        let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
        let mut rest = digits.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(64));
            pem.push_str(line);
            pem.push('\n');
            rest = after;
        }
        pem + "-----END PUBLIC KEY-----\n"
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect()
}

/// One of each type of key.
pub const VECTORS: [Vector; 3] = [
    Vector {
        hash: "sha256",
        spki: "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMOcTfRBS9jiXM81FZ8gm/1+omeMw
            mn/347/556g/lriS72uMhY9LcT+5UJ6fGBglr5Z8L0JNSuasyed9OtaRvw==",
        signature: "MEYCIQD/PdPQmKWC1+0BNEd5gKvQGr1xxl3ieUffv3jk1zzJKwIhALBj3xfAyWxl
            z4jpoIEIV1UfK9vnkUUOSoeZxBZPHKPC",
        body_length: 557,
        leaf_hash: "248a10339658f2215fae36b8305b6543df96927cd6c9dad7f249acfe88ae2506",
        key_hash: "1035855af40edbb64a41c0fa8af9a822a6b04072bde6c51d1a41f057ee509552",
    },
    Vector {
        hash: "sha256",
        spki: "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA3OzdKladVQtKYj5Q3yOj
            YBTw0xjLVhcKUc/2aSj39Pa50rHmNALnNYd+peD0t+rpfAxYWdfCjztAkJ+4HeX3
            821YBGE9Zef7R5/tb/lxlWVOiSpaOUlVMutBEhKD39oNxk3ace/qH/GJF4G8AP6p
            AermuNlejMK93rxX80xRsiNN7KeBihd7RreaRP3eZ4G0p3mO+0EfFrKUOR+q6DCu
            kpv48UUa2+wSL2n/YdkX9toVPnzs/WEj+F/O4QAzDvJqzUpqfUZkcWeplztJmYrJ
            H/T+NbPh06wRMuDsDOcXANfrLl7nHG8L2ulZcmDkr4CGqxQ4VX4Hpm81sRIez8+D
            TQIDAQAB",
        signature: "IQAmr0ihAKRm5UutgG5Ew3JWGeNk8gEjCDxHThaeZey7wtHMC/GcRv3Y8gt2nAfb
            jXsy7r3zeoADWSoeAp+Ne18KV4QbGgUiLKNgssP5D3pk5kKKfvtZYi6EtpckDZEA
            YhRkqwcn7Tu9kzYp0Bk0Qjo/n0d1tflDzoKQxlC1kQtYpd63U0Ul/6vIWLFw6ss9
            Vgc9xBZtaxsuADjH7l0zK/OhChGevAtJvrlXyPUkjmcJvYpt0Cr3nm4yEjQW2kl8
            5+zIFrdFAT6F9jOe8fgtQrMVaT3ElceDofVXKp1yV3QjYslWysT0wcuhZeDuTlBu
            ry9pzsXhBAVGkP+J/JoGQw==",
        body_length: 1169,
        leaf_hash: "a57ee7838170d6236b066c313bd0420a48f620b974dedc710687c27d49aae2c0",
        key_hash: "b26b148a9c17ce4cb80ed2ed372afa23d024296c6710af69a8fcd9c49888997b",
    },
    Vector {
        hash: "sha512",
        spki: "MCowBQYDK2VwAyEAOzUw7NeN1swAooEM99Xuz+Nw7ajYA/5csFlX0YlcHdY=",
        signature: "M2h1ogJWn9wEhD9ywu1EiYs/53nKQTdUBZvemcekqPY2vLn3TYS+5KKxAZC/rjcw
            wI8mj7FhHYPUQHMQVOcWBQ==",
        body_length: 525,
        leaf_hash: "81c845001e3c673b92a6858969fe8c5063b636cdd5dd2900f089a59ffd35f56a",
        key_hash: "f80c91fa2c41c52734a47d5bd6940f89d59ff5a5f7ca823dfe230ceb74f9042a",
    },
];
