//! Keys of OpenPGP with their owners and subkeys (RFC 9580, section 10.1).
//!
//! A key ring is read, and written again, as upstream's library does it, since the written form is
//! what is logged: user attributes, stray packets and older bindings of subkeys are left out, and
//! everything else keeps its order. (Upstream writes several owners of one key in an order that
//! changes from run to run. Here it is the order in which they came.)

use crate::v1::pki::pgp::packet::KeyPacket;
use crate::v1::pki::pgp::packet::Malformed;
use crate::v1::pki::pgp::packet::PUBLIC_KEY;
use crate::v1::pki::pgp::packet::PUBLIC_SUBKEY;
use crate::v1::pki::pgp::packet::Packet;
use crate::v1::pki::pgp::packet::SIGNATURE;
use crate::v1::pki::pgp::packet::SignaturePacket;
use crate::v1::pki::pgp::packet::USER_ID;
use crate::v1::pki::pgp::packet::is_over;
use crate::v1::pki::pgp::packet::push;

/// The most signatures of a key ring that are verified.
const MAX_VERIFICATIONS: usize = 256;

/// A key with all that belongs to it.
pub(super) struct Entity<'a> {
    primary: KeyPacket<'a>,
    revocations: Vec<SignaturePacket<'a>>,
    owners: Vec<Owner<'a>>,
    subkeys: Vec<Subkey<'a>>,
}

/// Whose key it is, as the key itself says.
struct Owner<'a> {
    id: &'a [u8],
    signatures: Vec<SignaturePacket<'a>>,
    /// The position of the newest signature by the key itself.
    binding: usize,
    revocations: Vec<usize>,
}

struct Subkey<'a> {
    key: KeyPacket<'a>,
    revocations: Vec<SignaturePacket<'a>>,
    binding: SignaturePacket<'a>,
    /// The signature by the subkey, where it may sign: nobody takes another's subkey for their own.
    crossing: Option<SignaturePacket<'a>>,
}

/// Reads a key ring. What is malformed is passed over, as upstream, as long as one key is whole.
/// What upstream would log and this log cannot verify is refused: it would be missing in what is
/// logged here.
pub(super) fn read<'a>(packets: &'a [Packet<'a>]) -> Result<Vec<Entity<'a>>, Malformed> {
    let mut verifications = MAX_VERIFICATIONS;
    let mut entities = Vec::new();
    let mut error = "there is no public key in it";
    let starts = |packet: &Packet<'_>| packet.number == PUBLIC_KEY;
    let first = packets.iter().position(starts).unwrap_or(packets.len());
    for group in packets[first..].chunk_by(|_, next| !starts(next)) {
        match Entity::read(group, &mut verifications) {
            Ok(entity) => entities.push(entity),
            Err(Unfit::Malformed(malformed)) => error = malformed,
            Err(Unfit::Refused(refused)) => return Err(refused),
        }
    }
    if entities.is_empty() {
        return Err(error);
    }
    Ok(entities)
}

/// Why a key is not read.
enum Unfit {
    /// Upstream passes over it too.
    Malformed(Malformed),
    /// Upstream takes it.
    Refused(Malformed),
}

impl From<Malformed> for Unfit {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl<'a> Entity<'a> {
    fn read(packets: &'a [Packet<'a>], verifications: &mut usize) -> Result<Self, Unfit> {
        let (first, mut left) = packets.split_first().ok_or("there is no key")?;
        if first.body.first() == Some(&6) {
            return Err(Unfit::Refused("keys of version 6 are not supported"));
        }
        let primary = KeyPacket::read(first.body)?
            .filter(KeyPacket::is_for_signatures)
            .ok_or("the key is not one of version 4 that can sign")?;
        refuse_unsupported(&primary)?;
        let mut entity = Self {
            primary,
            revocations: Vec::new(),
            owners: Vec::new(),
            subkeys: Vec::new(),
        };
        while let Some((packet, rest)) = left.split_first() {
            left = rest;
            match packet.number {
                USER_ID => {
                    let signatures = take_signatures(&mut left)?;
                    entity.add_owner(packet.body, signatures, verifications)?;
                }
                PUBLIC_SUBKEY => {
                    if let Some(key) = KeyPacket::read(packet.body)? {
                        let signatures = take_signatures(&mut left)?;
                        entity.add_subkey(key, signatures, verifications)?;
                    }
                }
                SIGNATURE => entity.add_revocation(packet.body, verifications)?,
                _ => {}
            }
        }
        if entity.owners.is_empty() {
            return Err("no user id is signed by the key".into());
        }
        Ok(entity)
    }

    fn add_owner(
        &mut self,
        id: &'a [u8],
        signatures: Vec<SignaturePacket<'a>>,
        verifications: &mut usize,
    ) -> Result<(), Unfit> {
        let mut binding: Option<usize> = None;
        let mut is_own = false;
        let mut revocations = Vec::new();
        for (position, signature) in signatures.iter().enumerate() {
            if !matches!(
                signature.signature_type,
                0x10..=0x13 | CERTIFICATION_REVOCATION
            ) {
                return Err("a user id is followed by a signature of another type".into());
            }
            if !signature.is_by(&self.primary) {
                continue;
            }
            let length = u32::try_from(id.len()).unwrap_or(u32::MAX).to_be_bytes();
            let owner = [&[0xb4][..], &length, id].concat();
            if !self.is_signed(signature, &self.primary, &owner, verifications)? {
                return Err("a user id is not signed by the key".into());
            }
            is_own = true;
            if signature.signature_type == CERTIFICATION_REVOCATION {
                revocations.push(position);
            } else if binding
                .is_none_or(|known| signature.details.created > signatures[known].details.created)
            {
                binding = Some(position);
            }
        }
        // Upstream keeps an owner who was only ever revoked. Such a one has nothing to say about
        // the key.
        let (true, Some(binding)) = (is_own, binding) else {
            return Ok(());
        };
        self.owners.retain(|known| known.id != id);
        self.owners.push(Owner {
            id,
            signatures,
            binding,
            revocations,
        });
        Ok(())
    }

    fn add_subkey(
        &mut self,
        key: KeyPacket<'a>,
        signatures: Vec<SignaturePacket<'a>>,
        verifications: &mut usize,
    ) -> Result<(), Unfit> {
        let form = key.signed_form();
        let mut binding: Option<SignaturePacket<'a>> = None;
        let mut crossing = None;
        let mut revocations = Vec::new();
        for signature in signatures {
            if !matches!(signature.signature_type, SUBKEY_BINDING | SUBKEY_REVOCATION) {
                return Err("a subkey is followed by a signature of another type".into());
            }
            if !self.is_signed(&signature, &self.primary, &form, verifications)? {
                return Err("a subkey is not signed by the key".into());
            }
            let crossed = self.read_crossing(&signature, &key, verifications)?;
            if signature.signature_type == SUBKEY_REVOCATION {
                revocations.push(signature);
            } else if binding
                .as_ref()
                .is_none_or(|known| signature.details.created > known.details.created)
            {
                binding = Some(signature);
                crossing = crossed;
            }
        }
        self.subkeys.push(Subkey {
            key,
            revocations,
            binding: binding.ok_or("a subkey is not bound to the key")?,
            crossing,
        });
        Ok(())
    }

    fn read_crossing(
        &self,
        binding: &SignaturePacket<'a>,
        subkey: &KeyPacket<'a>,
        verifications: &mut usize,
    ) -> Result<Option<SignaturePacket<'a>>, Unfit> {
        if !binding.details.may_sign() {
            return Ok(None);
        }
        refuse_unsupported(subkey)?;
        let embedded = binding.details.embedded;
        let crossing = embedded.map(SignaturePacket::read).transpose()?.flatten();
        let crossing = crossing.filter(|one| one.signature_type == PRIMARY_KEY_BINDING);
        let crossing = crossing.ok_or("a subkey that may sign has not signed the key")?;
        if !self.is_signed(&crossing, subkey, &subkey.signed_form(), verifications)? {
            return Err("a subkey that may sign has not signed the key".into());
        }
        Ok(Some(crossing))
    }

    fn add_revocation(&mut self, body: &'a [u8], verifications: &mut usize) -> Result<(), Unfit> {
        let signature = SignaturePacket::read(body)?;
        let Some(signature) = signature.filter(|one| one.signature_type == KEY_REVOCATION) else {
            return Ok(());
        };
        if !self.is_signed(&signature, &self.primary, &[], verifications)? {
            return Err("the key is revoked by another".into());
        }
        self.revocations.push(signature);
        Ok(())
    }

    /// Whether `signer` signed the primary key together with `about`.
    fn is_signed(
        &self,
        signature: &SignaturePacket<'_>,
        signer: &KeyPacket<'_>,
        about: &[u8],
        verifications: &mut usize,
    ) -> Result<bool, Unfit> {
        *verifications = verifications
            .checked_sub(1)
            .ok_or(Unfit::Refused("there are too many signatures in it"))?;
        let mut context = signature.begin();
        context.update(&self.primary.signed_form());
        context.update(about);
        Ok(signer.verifies(signature, &signature.finish(context)))
    }

    /// Adds the written form.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        push(out, PUBLIC_KEY, self.primary.body);
        for revocation in &self.revocations {
            push(out, SIGNATURE, revocation.body);
        }
        for owner in &self.owners {
            push(out, USER_ID, owner.id);
            for signature in &owner.signatures {
                push(out, SIGNATURE, signature.body);
            }
        }
        for subkey in &self.subkeys {
            push(out, PUBLIC_SUBKEY, subkey.key.body);
            for signature in subkey.revocations.iter().chain([&subkey.binding]) {
                push(out, SIGNATURE, signature.body);
            }
        }
    }

    /// The e-mail addresses of the owners.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &'a str> {
        self.owners.iter().filter_map(|owner| {
            let text = std::str::from_utf8(owner.id).ok()?;
            address(text)
        })
    }

    /// The key with `id`, if it may sign documents.
    pub(super) fn signing_key(&self, id: &[u8]) -> Option<RingKey<'_>> {
        let owner = self.primary_owner()?;
        let own_binding = &owner.signatures[owner.binding];
        if self.primary.id() == id {
            return own_binding.details.may_sign().then_some(RingKey {
                entity: self,
                key: &self.primary,
                subkey: None,
            });
        }
        let mut subkeys = self.subkeys.iter();
        let subkey = subkeys.find(|subkey| subkey.key.id() == id && subkey.crossing.is_some())?;
        Some(RingKey {
            entity: self,
            key: &subkey.key,
            subkey: Some(subkey),
        })
    }

    /// The owner who speaks for the key: not revoked, or called primary, or the one bound last, in
    /// that order.
    fn primary_owner(&self) -> Option<&Owner<'a>> {
        self.owners.iter().reduce(|best, next| {
            let rank = |owner: &Owner<'_>| {
                let details = &owner.signatures[owner.binding].details;
                let is_primary = details.is_primary;
                (
                    usize::MAX - owner.revocations.len(),
                    is_primary,
                    details.created,
                )
            };
            if rank(next) > rank(best) { next } else { best }
        })
    }
}

/// A key that may sign documents.
pub(super) struct RingKey<'a> {
    entity: &'a Entity<'a>,
    pub(super) key: &'a KeyPacket<'a>,
    subkey: Option<&'a Subkey<'a>>,
}

impl RingKey<'_> {
    /// Whether key, owner and bindings held when `signature` was made.
    pub(super) fn held_at(&self, signature: &SignaturePacket<'_>) -> bool {
        let time = signature.details.created;
        let Some(owner) = self.entity.primary_owner() else {
            return false;
        };
        let own_binding = &owner.signatures[owner.binding];
        let mut bindings = vec![signature, own_binding];
        let mut revocations: Vec<_> = self.entity.revocations.iter().collect();
        revocations.extend(owner.revocations.iter().map(|one| &owner.signatures[*one]));
        let mut keys = vec![(&self.entity.primary, own_binding)];
        if let Some(subkey) = self.subkey {
            bindings.extend([&subkey.binding].into_iter().chain(&subkey.crossing));
            revocations.extend(&subkey.revocations);
            keys.push((&subkey.key, &subkey.binding));
        }
        let is_revoked = |one: &&SignaturePacket<'_>| {
            one.details.is_compromised || !one.details.is_expired(time)
        };
        let has_ended = |(key, binding): &(&KeyPacket<'_>, &SignaturePacket<'_>)| {
            key.created > time || is_over(key.created, binding.details.key_lifetime, time)
        };
        let is_void = |one: &&SignaturePacket<'_>| {
            one.details.has_critical_notation || one.details.is_expired(time)
        };
        !bindings.iter().any(is_void)
            && !revocations.iter().any(is_revoked)
            && !keys.iter().any(has_ended)
    }
}

fn refuse_unsupported(key: &KeyPacket<'_>) -> Result<(), Unfit> {
    if !key.is_supported() {
        return Err(Unfit::Refused(
            "it holds a key of a type or size that is not supported",
        ));
    }
    Ok(())
}

/// The signatures that come next.
fn take_signatures<'a>(
    packets: &mut &'a [Packet<'a>],
) -> Result<Vec<SignaturePacket<'a>>, Malformed> {
    let mut signatures = Vec::new();
    while let Some((packet, rest)) = packets.split_first()
        && packet.number == SIGNATURE
    {
        signatures.extend(SignaturePacket::read(packet.body)?);
        *packets = rest;
    }
    Ok(signatures)
}

/// The address in a user id such as `Ada Lovelace (work) <ada@example.com>`, or the user id itself
/// if it is one.
fn address(id: &str) -> Option<&str> {
    let after_comment = match (id.find('('), id.find('<')) {
        (Some(comment), bracket) if bracket.is_none_or(|bracket| comment < bracket) => {
            id[comment..].split_once(')')?.1
        }
        _ => id,
    };
    let address = match after_comment.split_once('<') {
        Some((_, address)) => address.split('>').next()?,
        None => id,
    };
    let address = address.trim();
    let (local, domain) = address.split_once('@')?;
    let is_plain = |part: &str| {
        let forbidden = |c: char| c.is_whitespace() || c.is_control() || "@<>()".contains(c);
        !part.is_empty() && !part.contains(forbidden)
    };
    let is_address = is_plain(local) && is_plain(domain) && domain.contains('.');
    is_address.then_some(address)
}

/// The types of signatures that are told apart (RFC 9580, section 5.2.1).
const SUBKEY_BINDING: u8 = 0x18;
const PRIMARY_KEY_BINDING: u8 = 0x19;
const KEY_REVOCATION: u8 = 0x20;
const SUBKEY_REVOCATION: u8 = 0x28;
const CERTIFICATION_REVOCATION: u8 = 0x30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_user_ids() {
        for (id, expected) in [
            ("Ada <ada@example.com>", Some("ada@example.com")),
            ("Ada (at <work>) <ada@example.com>", Some("ada@example.com")),
            ("<ada@example.com", Some("ada@example.com")),
            ("ada@example.com", Some("ada@example.com")),
            ("Ada", None),
            ("Ada <ada>", None),
            ("Ada <ada@localhost>", None),
            ("Ada <a b@example.com>", None),
            ("(ada@example.com", None),
            ("", None),
        ] {
            assert_eq!(address(id), expected, "{id}");
        }
    }
}
