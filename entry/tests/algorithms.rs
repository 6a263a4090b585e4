//! Every algorithm, with keys made on the spot.

use ledgerstone_entry::AlgorithmSet;
use ledgerstone_entry::HashedRekordV002;
use ledgerstone_entry::Policy;
use ledgerstone_entry::Rule;
use ledgerstone_entry::SigningAlgorithm;
use ledgerstone_entry::describe;
use ledgerstone_entry::key::PublicKey;

use crate::support::Signer;
use crate::support::rule_of;
use crate::support::submit;
use crate::support::submit_with;

#[test]
fn every_algorithm_that_signs_digests_is_accepted() {
    for algorithm in digest_signing() {
        let entry = submit(Signer::new(algorithm).request(MESSAGE))
            .unwrap_or_else(|reject| panic!("{algorithm}: {reject}"));
        let description = describe(&entry.body).unwrap();
        let logged = description.content::<HashedRekordV002>().unwrap();
        let details = logged.signature.verifier.key_details;
        assert_eq!(details, algorithm.details());
        assert_eq!(description.search_keys(), entry.search_keys);
    }
}

#[test]
fn a_key_verifies_what_it_signed_and_nothing_else() {
    for algorithm in SigningAlgorithm::ALL {
        let signer = Signer::new(algorithm);
        let key = PublicKey::from_spki_der(&signer.spki()).unwrap();
        assert_eq!(key.key_type(), algorithm.key_type());
        let signature = signer.sign(MESSAGE);
        // An Ed25519 key has two ways of signing, and they must not pass for each other.
        let prehashed = key.verify_prehashed(&key_digest(&signer), &signature);
        let message = key.verify_message(MESSAGE, &signature);
        assert_eq!(prehashed.is_ok(), algorithm != SigningAlgorithm::Ed25519);
        assert_eq!(message.is_ok(), algorithm != SigningAlgorithm::Ed25519Ph);
        assert!(key.verify_message(b"another", &signature).is_err());
        for position in [0, signature.len() / 2, signature.len() - 1] {
            let mut damaged = signature.clone();
            damaged[position] ^= 1;
            assert!(key.verify_message(MESSAGE, &damaged).is_err());
            assert!(
                key.verify_prehashed(&key_digest(&signer), &damaged)
                    .is_err()
            );
        }
    }
}

#[test]
fn ecdsa_signatures_may_be_two_numbers_side_by_side() {
    for algorithm in [
        SigningAlgorithm::EcdsaP256Sha256,
        SigningAlgorithm::EcdsaP384Sha384,
        SigningAlgorithm::EcdsaP521Sha512,
    ] {
        let signer = Signer::new(algorithm);
        let fixed = signer.sign_fixed(MESSAGE);
        let mut request = signer.request(MESSAGE);
        request.signature.as_mut().unwrap().content = fixed.clone().into();
        let entry = submit(request).unwrap();
        // The form that was submitted is the one that is logged.
        let description = describe(&entry.body).unwrap();
        let logged = description.content::<HashedRekordV002>().unwrap();
        assert_eq!(logged.signature.content, fixed);

        let key = PublicKey::from_spki_der(&signer.spki()).unwrap();
        assert!(key.verify_message(b"another", &fixed).is_err());
        assert!(key.verify_message(MESSAGE, &fixed[1..]).is_err());
        assert!(key.verify_message(MESSAGE, &vec![0; fixed.len()]).is_err());
    }
}

#[test]
fn an_algorithm_outside_the_policy_is_refused() {
    for excluded in digest_signing() {
        let others = SigningAlgorithm::ALL
            .into_iter()
            .filter(|algorithm| *algorithm != excluded);
        let policy = Policy {
            algorithms: AlgorithmSet::new(others),
            ..Policy::default()
        };
        let result = submit_with(Signer::new(excluded).request(MESSAGE), &policy);
        assert_eq!(rule_of(result), Rule::AlgorithmNotAllowed(excluded));
    }
}

#[test]
fn details_of_every_other_key_type_are_refused() {
    for algorithm in digest_signing() {
        let signer = Signer::new(algorithm);
        for claimed in SigningAlgorithm::ALL {
            if claimed.key_type() == algorithm.key_type() {
                continue;
            }
            let mut request = signer.request(MESSAGE);
            let verifier = request.signature.as_mut().unwrap().verifier.as_mut();
            verifier.unwrap().key_details = claimed.details().into();
            let key = algorithm.key_type();
            let rule = rule_of(submit(request));
            assert_eq!(rule, Rule::KeyDetailsMismatch { key, claimed });
        }
    }
}

fn digest_signing() -> impl Iterator<Item = SigningAlgorithm> {
    SigningAlgorithm::ALL
        .into_iter()
        .filter(|algorithm| *algorithm != SigningAlgorithm::Ed25519)
}

/// The digest of the message by the hash function that goes with the key.
fn key_digest(signer: &Signer) -> Vec<u8> {
    let algorithm = signer.algorithm.key_type().default_algorithm();
    Signer::new(algorithm).digest(MESSAGE)
}

const MESSAGE: &[u8] = b"the artifact";
