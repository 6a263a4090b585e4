//! Certificates as Fulcio issues them, with as much in them as a log reads.

/// What a certificate says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Holder {
    /// A person: e-mail address and OpenID provider.
    Person(&'static str, &'static str),
    /// A workflow, of a repository that may be another: as reusable ones are.
    Workflow {
        workflow: &'static str,
        repository: &'static str,
        commit: &'static str,
        runner: &'static str,
    },
}

impl Holder {
    pub(crate) fn repository(&self) -> Option<&'static str> {
        match self {
            Self::Workflow { repository, .. } => Some(repository),
            Self::Person(..) => None,
        }
    }

    pub(crate) fn workflow(&self) -> Option<&'static str> {
        match self {
            Self::Workflow { workflow, .. } => Some(workflow),
            Self::Person(..) => None,
        }
    }
}

/// The provider of workflows.
pub(crate) const ACTIONS: &str = "https://token.actions.githubusercontent.com";

/// A certificate over `spki` that says this.
pub(crate) fn certificate(holder: Holder, spki: &[u8]) -> Vec<u8> {
    let extensions = match holder {
        Holder::Person(email, issuer) => vec![names(0x81, email), claim(8, issuer)],
        Holder::Workflow {
            workflow,
            repository,
            commit,
            runner,
        } => vec![
            names(0x86, workflow),
            claim(8, ACTIONS),
            claim(9, workflow),
            claim(11, runner),
            claim(12, repository),
            claim(13, commit),
        ],
    };
    let ecdsa = tlv(0x30, &tlv(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]));
    let common_name = tlv(
        0x30,
        &[tlv(6, &[0x55, 4, 3]), tlv(12, b"incident")].concat(),
    );
    let issuer = tlv(0x30, &tlv(0x31, &common_name));
    let validity = [tlv(23, b"260101000000Z"), tlv(23, b"360101000000Z")].concat();
    let tbs = [
        tlv(0xa0, &tlv(2, &[2])),
        tlv(2, &[1]),
        ecdsa.clone(),
        issuer,
        tlv(0x30, &validity),
        tlv(0x30, &[]),
        spki.to_vec(),
        tlv(0xa3, &tlv(0x30, &extensions.concat())),
    ];
    let parts = [tlv(0x30, &tbs.concat()), ecdsa, tlv(3, &[0, 0x30, 0])];
    tlv(0x30, &parts.concat())
}

/// The extension of alternative names, with one of them.
fn names(tag: u8, name: &str) -> Vec<u8> {
    let names = tlv(0x30, &tlv(tag, name.as_bytes()));
    extension(&[0x55, 0x1d, 17], &names)
}

/// One of Fulcio's extensions: 1.3.6.1.4.1.57264.1.x.
fn claim(number: u8, value: &str) -> Vec<u8> {
    let oid = [0x2b, 6, 1, 4, 1, 0x83, 0xbf, 0x30, 1, number];
    extension(&oid, &tlv(12, value.as_bytes()))
}

fn extension(oid: &[u8], value: &[u8]) -> Vec<u8> {
    tlv(0x30, &[tlv(6, oid), tlv(4, value)].concat())
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match length {
        0..128 => vec![tag, length as u8],
        128..256 => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [head, content.to_vec()].concat()
}
