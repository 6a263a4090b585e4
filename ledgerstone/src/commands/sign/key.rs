//! The signer's key, with its password where it has one.

use std::env;
use std::io;
use std::io::IsTerminal;
use std::path::Path;

use anyhow::Context;
use ledgerstone_client::Error;
use ledgerstone_client::SigningKey;
use ledgerstone_client::SigningKeyError;
use zeroize::Zeroizing;

use crate::files::read_text;
use crate::kind::FileKind;

/// The variable that cosign takes the password of a key from.
const PASSWORD: &str = "COSIGN_PASSWORD";

/// Reads the key in the file `path`.
pub(crate) fn read_key(path: &Path) -> anyhow::Result<SigningKey> {
    let pem = Zeroizing::new(read_text(path)?);
    let key = match SigningKey::from_pem(&pem) {
        Err(SigningKeyError::PasswordNeeded) => {
            SigningKey::from_encrypted_pem(&pem, password(path)?.as_bytes())
        }
        other => other,
    };
    let about = match &key {
        Err(SigningKeyError::Encrypted(_)) => format!("{} cannot be used", path.display()),
        _ => FileKind::of(pem.as_bytes()).instead_of(path, "a private key (PEM) is needed"),
    };
    key.map_err(Error::from).context(about)
}

/// The password of the key in the file `path`: from the environment, or from whoever sits there.
fn password(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    if let Ok(password) = env::var(PASSWORD) {
        return Ok(Zeroizing::new(password));
    }
    let needed = || {
        format!(
            "{} is encrypted: give its password in the environment variable {PASSWORD}",
            path.display()
        )
    };
    anyhow::ensure!(io::stdin().is_terminal(), needed());
    let asked = rpassword::prompt_password(format!("Password of {}: ", path.display()));
    Ok(Zeroizing::new(asked.with_context(needed)?))
}
