//! The signature to submit: one of an earlier run, or a new one.

use std::path::Path;

use ledgerstone_client::Artifact;
use ledgerstone_client::Error;
use ledgerstone_client::SigningKey;

use crate::commands::sign::outputs::Outputs;
use crate::commands::sign::pending::Pending;
use crate::commands::sign::signed::Signed;
use crate::output;

impl Signed {
    /// The signature of an earlier run that was not finished or is in the bundle already, if it is
    /// over this file by this key, or by one that was made on the spot where none is given.
    /// Otherwise a new one.
    pub(crate) fn find_or_make(
        file: &Path,
        key: Option<SigningKey>,
        outputs: &Outputs,
    ) -> anyhow::Result<Self> {
        let artifact = Artifact::File(file.to_owned());
        let public = key.as_ref().map(SigningKey::public);
        let pending = Pending::load(&outputs.pending);
        let kept = pending.as_ref().and_then(|pending| {
            let signed = pending.signed()?;
            (public.is_none_or(|key| *key == signed.key)).then_some(signed)
        });
        let earlier = kept.or_else(|| outputs.bundled(public));
        if let Some(earlier) = earlier
            && earlier.is_over(&artifact)
        {
            output::note("note: this signature exists already; it is submitted again");
            return Ok(earlier);
        }
        if pending.is_some() {
            output::note(&format!(
                "note: {} is of another file content or key, and is replaced",
                outputs.pending.display()
            ));
        }
        let key = match key {
            Some(key) => key,
            None => SigningKey::generate().map_err(Error::from)?,
        };
        let digest = artifact.digest(key.hash_algorithm()).map_err(Error::from)?;
        Ok(Self {
            signature: key.sign(&digest).map_err(Error::from)?,
            key: key.public().clone(),
            digest,
        })
    }
}
