//! What an authority says in a time stamp: TSTInfo (RFC 3161, section 2.4.2).

use der::Decode;
use der::Reader;
use der::SliceReader;
use der::Tag;
use der::Tagged;
use der::asn1::AnyRef;
use der::asn1::GeneralizedTime;
use der::asn1::ObjectIdentifier;
use der::asn1::OctetStringRef;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::verify::timestamp::fault::TimestampFault;
use crate::verify::timestamp::reader::algorithm;
use crate::verify::timestamp::reader::hash_algorithm;

/// What an authority says.
pub(crate) struct TimestampInfo<'a> {
    /// Under which policy it said it.
    pub(crate) policy: ObjectIdentifier,
    pub(crate) imprint_hash: HashAlgorithm,
    pub(crate) imprint: &'a [u8],
    /// In milliseconds since 1970.
    pub(crate) time: i64,
}

impl<'a> TimestampInfo<'a> {
    pub(crate) fn read(der: &'a [u8]) -> Result<Self, TimestampFault> {
        let whole = AnyRef::from_der(der)?;
        whole.tag().assert_eq(Tag::Sequence)?;
        let mut reader = SliceReader::new(whole.value())?;
        if reader.decode::<u8>()? != 1 {
            return Err(TimestampFault::Unusable("its version is not 1"));
        }
        let policy = reader.decode()?;
        let (name, imprint) = reader.sequence(|imprint| {
            let name = algorithm(imprint)?;
            Ok::<_, der::Error>((name, imprint.decode::<&OctetStringRef>()?.as_bytes()))
        })?;
        // The serial number.
        reader.tlv_bytes()?;
        let time = read_time(reader.decode()?)?;
        // Accuracy, order, nonce and the name of the authority say nothing that is needed.
        while !reader.is_finished() {
            if Tag::peek(&reader)? == EXTENSIONS {
                return Err(TimestampFault::Unusable(
                    "it has extensions, which are not known",
                ));
            }
            reader.tlv_bytes()?;
        }
        Ok(Self {
            policy,
            imprint_hash: hash_algorithm(name)?,
            imprint,
            time,
        })
    }
}

/// A GeneralizedTime in UTC, which may have fractions of a second here (RFC 3161, section 2.4.2).
fn read_time(time: AnyRef<'_>) -> Result<i64, TimestampFault> {
    time.tag().assert_eq(Tag::GeneralizedTime)?;
    let malformed = || TimestampFault::Malformed(Tag::GeneralizedTime.value_error().into());
    let text = std::str::from_utf8(time.value()).map_err(|_| malformed())?;
    let text = text.strip_suffix('Z').ok_or_else(malformed)?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_fraction = !fraction.is_empty() && fraction.bytes().all(|it| it.is_ascii_digit());
    if !is_fraction {
        return Err(malformed());
    }
    let whole = format!("{whole}Z");
    let whole = AnyRef::new(Tag::GeneralizedTime, whole.as_bytes())?;
    let seconds = whole.decode_as::<GeneralizedTime>()?.to_unix_duration();
    let seconds = i64::try_from(seconds.as_secs()).map_err(|_| malformed())?;
    Ok(seconds.saturating_mul(1_000) + milliseconds(fraction))
}

/// Digits behind the point as milliseconds, rounded up: an end that is missed by less is missed.
fn milliseconds(fraction: &str) -> i64 {
    let digit = |position: usize| fraction.as_bytes().get(position).map_or(0, |it| it - b'0');
    let whole = (0..3).fold(0, |sum, position| sum * 10 + i64::from(digit(position)));
    let is_more = fraction.bytes().skip(3).any(|it| it != b'0');
    whole + i64::from(is_more)
}

const EXTENSIONS: Tag = Tag::ContextSpecific {
    constructed: true,
    number: der::TagNumber(1),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_may_have_fractions() {
        let read = |text: &str| {
            read_time(AnyRef::new(Tag::GeneralizedTime, text.as_bytes()).unwrap()).ok()
        };
        assert_eq!(read("19700101000001Z"), Some(1_000));
        assert_eq!(read("19700101000001.5Z"), Some(1_500));
        assert_eq!(read("19700101000001.0421Z"), Some(1_043));
        for text in [
            "19700101000001",
            "19700101000001.Z",
            "19700101000001.xZ",
            "1970Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
