//! With the crate `sigstore`, whose Rekor client is generated from the OpenAPI description.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::bail;
use anyhow::ensure;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest;
use sha2::Sha256;
use sigstore::crypto::CosignVerificationKey;
use sigstore::crypto::SigningScheme;
use sigstore::crypto::signing_key::SigStoreKeyPair;
use sigstore::rekor::apis::Error;
use sigstore::rekor::apis::configuration::Configuration;
use sigstore::rekor::apis::entries_api::create_log_entry;
use sigstore::rekor::apis::entries_api::get_log_entry_by_index;
use sigstore::rekor::apis::entries_api::get_log_entry_by_uuid;
use sigstore::rekor::apis::entries_api::search_log_query;
use sigstore::rekor::apis::index_api::search_index;
use sigstore::rekor::apis::pubkey_api::get_public_key;
use sigstore::rekor::apis::tlog_api::get_log_info;
use sigstore::rekor::apis::tlog_api::get_log_proof;
use sigstore::rekor::models::LogEntry;
use sigstore::rekor::models::ProposedEntry;
use sigstore::rekor::models::SearchIndex;
use sigstore::rekor::models::SearchIndexPublicKey;
use sigstore::rekor::models::SearchLogQuery;
use sigstore::rekor::models::hashedrekord;
use sigstore::rekor::models::log_entry::Body;
use sigstore::rekor::models::search_index_public_key::Format;

use crate::expect_canonical_pem;

const SCHEME: SigningScheme = SigningScheme::ECDSA_P256_SHA256_ASN1;

/// A log and the key that it is known by.
pub(crate) struct Log {
    configuration: Configuration,
    key: CosignVerificationKey,
    key_file: PathBuf,
}

impl Log {
    pub(crate) fn open(url: &str, key_file: &str) -> anyhow::Result<Self> {
        let configuration = Configuration {
            base_path: url.to_owned(),
            ..Configuration::default()
        };
        Ok(Self {
            configuration,
            key: CosignVerificationKey::from_pem(&fs::read(key_file)?, &SCHEME)?,
            key_file: key_file.into(),
        })
    }

    /// Signs a file, submits the signature, and verifies the reply.
    pub(crate) async fn submit(&self, file: &str, again: bool) -> anyhow::Result<()> {
        let artifact = fs::read(file)?;
        let proposal = propose(&artifact)?;
        if again {
            match create_log_entry(&self.configuration, proposal.clone()).await {
                Err(Error::Reqwest { source }) => println!("no reply: {source}"),
                Ok(_) => bail!("the first reply was not lost"),
                Err(other) => return Err(other.into()),
            }
        }
        let entry = create_log_entry(&self.configuration, proposal).await?;
        self.expect_entry_of(&artifact, &entry)?;
        println!("entry {}", entry.log_index);
        Ok(())
    }

    /// Finds the only entry of a file in every way that there is.
    pub(crate) async fn find(&self, file: &str) -> anyhow::Result<()> {
        let artifact = fs::read(file)?;
        let by_hash = SearchIndex {
            hash: Some(format!("sha256:{}", hex::encode(Sha256::digest(&artifact)))),
            ..SearchIndex::new()
        };
        let found = search_index(&self.configuration, by_hash).await?;
        let [id] = &found[..] else {
            bail!("one entry of the artifact was expected: {found:?}");
        };
        let by_key = SearchIndex {
            public_key: Some(SearchIndexPublicKey {
                content: Some(STANDARD.encode(signer()?.public_key_to_pem()?)),
                ..SearchIndexPublicKey::new(Format::X509)
            }),
            ..SearchIndex::new()
        };
        let found = search_index(&self.configuration, by_key).await?;
        ensure!(found.contains(id), "not among those of the key: {found:?}");

        let by_id = get_log_entry_by_uuid(&self.configuration, id).await?;
        self.expect_entry_of(&artifact, &by_id)?;
        ensure!(
            by_id.uuid.as_ref() == Some(id),
            "asked for {id}, was given {:?}",
            by_id.uuid
        );
        let index = i32::try_from(by_id.log_index)?;
        let by_index = get_log_entry_by_index(&self.configuration, index).await?;
        self.expect_entry_of(&artifact, &by_index)?;
        ensure!(by_index.body == by_id.body, "another entry at {index}");

        let query = SearchLogQuery {
            entry_uuids: Some(vec![id.clone()]),
            log_indexes: Some(vec![index]),
            entries: None,
        };
        let found = search_log_query(&self.configuration, query).await?;
        ensure!(
            found.matches(id.as_str()).count() == 2,
            "asked for it twice: {found}"
        );
        println!("entry {index} is {id}");
        Ok(())
    }

    /// Has the log grow by a file's signature, and verifies that it only did that.
    pub(crate) async fn grow(&self, file: &str) -> anyhow::Result<()> {
        let before = get_log_info(&self.configuration).await?;
        self.submit(file, false).await?;
        let after = get_log_info(&self.configuration).await?;
        ensure!(
            after.tree_size == before.tree_size + 1,
            "{} entries",
            after.tree_size
        );

        let tree = after.tree_id.as_deref().context("the log has no tree id")?;
        let key = get_public_key(&self.configuration, Some(tree)).await?;
        ensure!(
            key == fs::read_to_string(&self.key_file)?,
            "the log has another key"
        );

        let from = before.tree_size.to_string();
        let proof = get_log_proof(
            &self.configuration,
            after.tree_size,
            Some(&from),
            Some(tree),
        )
        .await?;
        after.verify_consistency(before.tree_size, &before.root_hash, &proof, &self.key)?;
        let other_root = [7; 32];
        let refused = after.verify_consistency(before.tree_size, &other_root, &proof, &self.key);
        ensure!(refused.is_err(), "the proof fits any root");
        println!("from {from} to {} entries", after.tree_size);
        Ok(())
    }

    /// Verifies inclusion and checkpoint, and compares the entry with the file that was signed.
    fn expect_entry_of(&self, artifact: &[u8], entry: &LogEntry) -> anyhow::Result<()> {
        entry.verify_inclusion(&self.key)?;
        let Body::hashedrekord(body) = &entry.body else {
            bail!("an entry of another kind: {:?}", entry.body);
        };
        let digest = hex::encode(Sha256::digest(artifact));
        ensure!(
            body.spec["data"]["hash"]["value"] == digest,
            "the entry of something else"
        );
        expect_canonical_pem(&body.spec, "/signature/publicKey/content")
    }
}

fn signer() -> anyhow::Result<SigStoreKeyPair> {
    Ok(SigStoreKeyPair::from_pem(&fs::read("key.pem")?)?)
}

/// The proposed entry of a fresh signature, with the key as a text file from another system has it.
fn propose(artifact: &[u8]) -> anyhow::Result<ProposedEntry> {
    let signer = signer()?;
    let signature = signer.to_sigstore_signer(&SCHEME)?.sign(artifact)?;
    let key = signer.public_key_to_pem()?.replace('\n', "\r\n");
    let digest = hex::encode(Sha256::digest(artifact));
    Ok(ProposedEntry::Hashedrekord {
        api_version: "0.0.1".to_owned(),
        spec: hashedrekord::Spec::new(
            hashedrekord::Signature::new(
                STANDARD.encode(signature),
                hashedrekord::PublicKey::new(STANDARD.encode(key)),
            ),
            hashedrekord::Data::new(hashedrekord::Hash::new(
                hashedrekord::AlgorithmKind::sha256,
                digest,
            )),
        ),
    })
}
