//! Filters of watched entries, as the rules by which monitors look for them.

use ledgerstone_entry::matcher::RuleError;
use ledgerstone_entry::matcher::WatchList;
use ledgerstone_merkle::Hash;
use ledgerstone_proto::log::v1::EntryFilter;

use crate::error::ApiError;
use crate::log_v1::search;

/// The rules that `filter` states.
pub(crate) fn watch_list(filter: &EntryFilter) -> Result<WatchList, ApiError> {
    let invalid = |error: RuleError| ApiError::invalid(format!("the filter is wrong: {error}"));
    let mut list = WatchList::default();
    for identity in &filter.identities {
        let issuer = Some(identity.issuer.as_str()).filter(|issuer| !issuer.is_empty());
        list.add_identity(&identity.subject, issuer)
            .map_err(invalid)?;
    }
    for hash in &filter.key_hashes {
        let hash = Hash::from_slice(hash).ok_or_else(|| {
            ApiError::invalid(format!(
                "the filter is wrong: a key hash has 32 bytes, not {}",
                hash.len()
            ))
        })?;
        list.add_key_hash(hash).map_err(invalid)?;
    }
    for digest in &filter.artifact_digests {
        list.add_digest(digest).map_err(invalid)?;
    }
    for kind in &filter.kinds {
        list.add_kind(kind).map_err(invalid)?;
    }
    for query in &filter.queries {
        let asked = search::asked(query)?;
        let asked = asked.ok_or_else(|| ApiError::invalid("the filter has an empty query"))?;
        list.add_query(query, asked).map_err(invalid)?;
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use ledgerstone_proto::log::v1::IdentityPattern;
    use tonic::Code;
    use tonic::Status;

    use super::*;

    #[test]
    fn each_rule_is_taken_over() {
        let body = r#"{"apiVersion":"0.0.1","kind":"rekord","spec":{
            "data":{"hash":{"algorithm":"sha256","value":"VALUE"}},"publicKey":"QQ=="}}"#;
        let body = body.replace("VALUE", &"ab".repeat(32));
        let takes = |filter: EntryFilter| {
            let list = watch_list(&filter).unwrap();
            list.examine(body.as_bytes()).matches.is_some()
        };
        let digest = |digits: &str| EntryFilter {
            artifact_digests: vec![format!("sha256:{}", digits.repeat(32))],
            ..EntryFilter::default()
        };
        let kinds = |kind: &str, filter: EntryFilter| EntryFilter {
            kinds: vec![kind.to_owned()],
            ..filter
        };
        let key = |hash: [u8; 32]| EntryFilter {
            key_hashes: vec![hash.to_vec().into()],
            ..EntryFilter::default()
        };
        // SHA-256 of "A".
        let hash = *b"\x55\x9a\xea\xd0\x82\x64\xd5\x79\x5d\x39\x09\x71\x8c\xdd\x05\xab\
            \xd4\x95\x72\xe8\x4f\xe5\x55\x90\xee\xf3\x1a\x88\xa0\x8f\xdf\xfd";
        assert!(takes(EntryFilter::default()));
        assert!(takes(digest("ab")) && !takes(digest("cd")));
        let query = |query: &str| EntryFilter {
            queries: vec![query.to_owned()],
            ..EntryFilter::default()
        };
        assert!(takes(query("kind:rekord not kind:dsse")) && !takes(query("kind:dsse")));
        assert!(takes(key(hash)) && !takes(key([0; 32])));
        assert!(takes(kinds("rekord", digest("ab"))));
        assert!(!takes(kinds("dsse", digest("ab"))));
    }

    #[test]
    fn a_wrong_rule_is_an_invalid_argument() {
        let identity = |subject: &str, issuer: &str| EntryFilter {
            identities: vec![IdentityPattern {
                subject: subject.to_owned(),
                issuer: issuer.to_owned(),
            }],
            ..EntryFilter::default()
        };
        assert!(watch_list(&identity("*", "")).is_ok());
        let key_hashes = vec![vec![0; 31].into()];
        for filter in [
            identity("", "https://a"),
            EntryFilter {
                key_hashes,
                ..EntryFilter::default()
            },
            EntryFilter {
                artifact_digests: vec!["ab".to_owned()],
                ..EntryFilter::default()
            },
            EntryFilter {
                kinds: vec![String::new()],
                ..EntryFilter::default()
            },
            EntryFilter {
                queries: vec!["authority:trusted".to_owned()],
                ..EntryFilter::default()
            },
        ] {
            let status = Status::from(watch_list(&filter).unwrap_err());
            assert_eq!(status.code(), Code::InvalidArgument, "{filter:?}");
        }
    }
}
