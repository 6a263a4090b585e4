//! What a statement names.

use bytes::Bytes;
use serde::Deserialize;

use crate::attached::statement::AttachedStatement;
use crate::digest_text::asked_digest;
use crate::facts::collected::Facts;
use crate::facts::fact::Fact;
use crate::facts::fact::FactSource;
use crate::facts::record;
use crate::facts::statement::SEEN;
use crate::facts::statement::is_statement_type;
use crate::search_key::SearchKeyKind;

/// The most facts of one part: such a part fits into one write beside the rounds of a log.
const PART_FACTS: usize = 2_048;

impl AttachedStatement {
    /// What it names, in the parts in which that is kept beside an entry
    /// ([`read_part`](crate::facts::read_part)). At least that the statement was seen, where it was
    /// read to its end.
    pub fn parts(&self) -> Vec<Bytes> {
        let mut facts = Facts::default();
        self.add_facts(&mut facts);
        record::parts_of(&facts.into_parts().1, PART_FACTS)
    }

    fn add_facts(&self, facts: &mut Facts) {
        match self.payload_type() {
            Some(payload_type) if is_statement_type(payload_type) => {
                facts.add_statement(self.payload());
            }
            // Nothing is known of what else an envelope may hold: it names nothing.
            Some(_) => facts.extend(fact(SearchKeyKind::Statement, SEEN)),
            None => match serde_json::from_slice::<SimpleSigning>(self.payload()) {
                Ok(named) => {
                    facts.extend(named.facts());
                    facts.extend(fact(SearchKeyKind::Statement, SEEN));
                }
                // An SBOM names things by the same members as in a statement.
                Err(_) => facts.add_statement(self.payload()),
            },
        }
    }
}

fn fact(kind: SearchKeyKind, text: &str) -> Option<Fact> {
    Fact::found(kind, text, FactSource::Statement, 0)
}

/// What cosign before version 3 signs for an image.
#[derive(Deserialize)]
struct SimpleSigning {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    identity: Option<Identity>,
    image: Image,
}

#[derive(Deserialize)]
struct Identity {
    #[serde(rename = "docker-reference")]
    reference: Option<String>,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

impl SimpleSigning {
    fn facts(&self) -> impl Iterator<Item = Fact> {
        let digest = asked_digest(&self.critical.image.digest);
        let digest = digest.and_then(|text| fact(SearchKeyKind::ArtifactDigest, &text));
        let identity = self.critical.identity.as_ref();
        let name = identity.and_then(|identity| identity.reference.as_deref());
        let name = name.filter(|name| !name.is_empty());
        digest
            .into_iter()
            .chain(name.and_then(|name| fact(SearchKeyKind::Name, name)))
    }
}
