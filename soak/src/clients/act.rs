//! How each habit is done, once.

use ledgerstone_tests::proposals::Signer;
use ledgerstone_tests::random::Random;

use crate::clients::habit::Habit;
use crate::clients::talk::Talk;
use crate::clients::talk::Trouble;
use crate::clients::talk::wrong;
use crate::clients::v1;
use crate::clients::v2::Submission;
use crate::clients::v2::read;
use crate::told::Entry;

/// Beyond the mebibyte from which on a body of Rekor v1 is counted otherwise.
const LARGE_BYTES: usize = 1 << 20;

impl Habit {
    /// Does it once. The artifact is called `name`, and no other is.
    pub(crate) async fn go(
        self,
        talk: &Talk,
        signer: &Signer,
        name: &str,
        past: &[Entry],
        random: &mut Random,
    ) -> Result<(), Trouble> {
        let artifact = name.as_bytes();
        match self {
            Self::SubmitsV2 => submission(signer, artifact)?.send(talk).await.map(drop),
            Self::SubmitsV1 => {
                let proposal = signer.hashedrekord(artifact);
                v1::submit(talk, &proposal, artifact).await.map(drop)
            }
            Self::Repeats => repeat(talk, &submission(signer, artifact)?).await,
            Self::Reads => read_again(talk, past, random).await,
            Self::Searches => {
                let proposal = signer.hashedrekord(artifact);
                let id = v1::submit(talk, &proposal, artifact).await?;
                v1::search(talk, artifact, &id).await
            }
            Self::SubmitsLarge => {
                let mut artifact = artifact.to_vec();
                artifact.resize(LARGE_BYTES, b' ');
                let proposal = signer.rekord(&artifact);
                v1::submit(talk, &proposal, &artifact).await.map(drop)
            }
        }
    }
}

fn submission(signer: &Signer, artifact: &[u8]) -> Result<Submission, Trouble> {
    Submission::new(signer.hashedrekord_v2(artifact).to_string().into()).map_err(wrong)
}

async fn repeat(talk: &Talk, submission: &Submission) -> Result<(), Trouble> {
    let first = submission.send(talk).await?;
    let again = submission.send(talk).await?;
    match first == again {
        true => Ok(()),
        false => Err(wrong(format!(
            "an entry is at {}, and at {} when it is submitted again",
            first.index, again.index
        ))),
    }
}

async fn read_again(talk: &Talk, past: &[Entry], random: &mut Random) -> Result<(), Trouble> {
    if past.is_empty() {
        return Ok(());
    }
    let entry = *random.one_of(past);
    match entry.tree == talk.keys.v1.id {
        true => v1::read(talk, entry).await,
        false => read(talk, entry).await,
    }
}
