use std::fs;
use std::path::Path;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_proto::json::decode_base64;

use crate::webhooks::error::MIN_SECRET_BYTES;
use crate::webhooks::error::WebhookError;
use crate::webhooks::error::io_error;

/// What the events are signed with.
#[derive(Clone)]
pub(crate) struct Secret(hmac::Key);

impl Secret {
    /// Reads the file `path`: base64, perhaps after `whsec_`.
    pub(crate) fn read(path: &Path) -> Result<Self, WebhookError> {
        let text = fs::read_to_string(path).map_err(|source| io_error(path, source))?;
        let text = text.trim();
        let bytes = decode_base64(text.strip_prefix("whsec_").unwrap_or(text));
        match bytes {
            Some(bytes) if bytes.len() >= MIN_SECRET_BYTES => {
                Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
            }
            _ => Err(WebhookError::Secret {
                path: path.to_owned(),
            }),
        }
    }

    /// The signature of an event, as its header holds it.
    pub(super) fn sign(&self, id: &str, timestamp: u64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}
