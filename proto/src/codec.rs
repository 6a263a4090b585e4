//! How messages of gRPC are read: their elements are counted before they are built.
//!
//! An empty element of a list takes two bytes on the wire and fifty times as much in memory, so
//! that a message of a few megabytes would take hundreds.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::LazyLock;

use bytes::Buf;
use prost::Message;
use prost::Name;
use prost::encoding::WireType;
use prost::encoding::decode_key;
use prost::encoding::decode_varint;
use prost_types::DescriptorProto;
use prost_types::FileDescriptorSet;
use prost_types::field_descriptor_proto::Label;
use prost_types::field_descriptor_proto::Type;
use tonic::Status;
use tonic::codec::Codec;
use tonic::codec::DecodeBuf;
use tonic::codec::Decoder;
use tonic_prost::ProstCodec;
use tonic_prost::ProstDecoder;
use tonic_prost::ProstEncoder;

use crate::FILE_DESCRIPTOR_SET;

/// The most elements that the lists of one message may have in all.
const MAX_ELEMENTS: usize = 65_536;

/// How deep messages may lie in each other, as prost has it.
const MAX_DEPTH: usize = 100;

/// The codec of all services: that of prost, behind a count.
pub struct CountingCodec<T, U> {
    prost: ProstCodec<T, U>,
}

/// Decodes messages whose elements are not too many.
pub struct CountingDecoder<U> {
    prost: ProstDecoder<U>,
    message: PhantomData<U>,
}

impl<T, U> Default for CountingCodec<T, U> {
    fn default() -> Self {
        Self {
            prost: ProstCodec::default(),
        }
    }
}

impl<T, U> fmt::Debug for CountingCodec<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CountingCodec")
    }
}

impl<U> fmt::Debug for CountingDecoder<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CountingDecoder")
    }
}

impl<T, U> Codec for CountingCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Name + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = CountingDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        self.prost.encoder()
    }

    fn decoder(&mut self) -> Self::Decoder {
        CountingDecoder {
            prost: self.prost.decoder(),
            message: PhantomData,
        }
    }
}

impl<U: Message + Name + Default> Decoder for CountingDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        // One message, which the library has collected into one piece.
        if has_too_many_elements(buffer.chunk(), &U::full_name()) {
            let message = format!("the message has more than {MAX_ELEMENTS} elements");
            return Err(Status::invalid_argument(message));
        }
        self.prost.decode(buffer)
    }
}

/// Whether the lists of the message called `name` have more elements than they may.
fn has_too_many_elements(message: &[u8], name: &str) -> bool {
    let mut left = MAX_ELEMENTS;
    MESSAGES.contains_key(name) && count(message, name, MAX_DEPTH, &mut left) == Some(TooMany)
}

/// What the descriptors say of the messages, by their full names.
static MESSAGES: LazyLock<HashMap<String, Fields>> = LazyLock::new(|| {
    // Our own, compiled in: where it cannot be read, nothing is counted, and the tests fail.
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap_or_default();
    let mut messages = HashMap::new();
    for file in &set.file {
        for message in &file.message_type {
            add(&mut messages, file.package(), message);
        }
    }
    messages
});

/// The fields of a message that can take memory many times their length, by their numbers.
type Fields = HashMap<u32, Field>;

struct Field {
    is_list: bool,
    /// The full name of the message that it holds, where it holds one.
    message: Option<String>,
}

fn add(messages: &mut HashMap<String, Fields>, scope: &str, message: &DescriptorProto) {
    let name = format!("{scope}.{}", message.name());
    let fields = message.field.iter().map(|field| {
        let is_message = field.r#type() == Type::Message;
        let known = Field {
            is_list: field.label() == Label::Repeated,
            message: is_message.then(|| field.type_name().trim_start_matches('.').to_owned()),
        };
        (field.number().unsigned_abs(), known)
    });
    messages.insert(name.clone(), fields.collect());
    for nested in &message.nested_type {
        add(messages, &name, nested);
    }
}

/// There are more elements than there may be.
#[derive(PartialEq)]
struct TooMany;

/// Counts down `left` by the elements of `message`. What is no message is left to prost to refuse.
fn count(mut message: &[u8], name: &str, depth: usize, left: &mut usize) -> Option<TooMany> {
    let fields = MESSAGES.get(name)?;
    let depth = depth.checked_sub(1)?;
    while message.has_remaining() {
        let (number, wire_type) = decode_key(&mut message).ok()?;
        let field = fields.get(&number);
        let content = take(&mut message, wire_type)?;
        let Some(field) = field else { continue };
        if field.is_list {
            // Numbers may be packed: at least one byte each.
            let is_packed = field.message.is_none() && wire_type == WireType::LengthDelimited;
            let elements = if is_packed { content.len().max(1) } else { 1 };
            match left.checked_sub(elements) {
                Some(less) => *left = less,
                None => return Some(TooMany),
            }
        }
        if let Some(inner) = &field.message
            && count(content, inner, depth, left).is_some()
        {
            return Some(TooMany);
        }
    }
    None
}

/// The content of a field, which `message` then begins behind.
fn take<'m>(message: &mut &'m [u8], wire_type: WireType) -> Option<&'m [u8]> {
    let length = match wire_type {
        WireType::Varint => {
            decode_varint(message).ok()?;
            return Some(&[]);
        }
        WireType::SixtyFourBit => 8,
        WireType::ThirtyTwoBit => 4,
        WireType::LengthDelimited => usize::try_from(decode_varint(message).ok()?).ok()?,
        WireType::StartGroup | WireType::EndGroup => return None,
    };
    let (content, rest) = message.split_at_checked(length)?;
    *message = rest;
    Some(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intoto::Envelope;
    use crate::intoto::Signature;
    use crate::log::v1::AppendRequest;
    use crate::sigstore::rekor::v2::CreateEntryRequest;
    use crate::sigstore::rekor::v2::DsseRequestV002;
    use crate::sigstore::rekor::v2::create_entry_request::Spec;

    fn request(signatures: usize, payload: &[u8]) -> AppendRequest {
        let envelope = Envelope {
            payload: payload.to_vec().into(),
            signatures: vec![Signature::default(); signatures],
            ..Envelope::default()
        };
        let spec = DsseRequestV002 {
            envelope: Some(envelope),
            verifiers: Vec::new(),
        };
        AppendRequest {
            entry: Some(CreateEntryRequest {
                spec: Some(Spec::DsseRequestV002(spec)),
            }),
            ..AppendRequest::default()
        }
    }

    fn is_refused(request: &AppendRequest) -> bool {
        has_too_many_elements(&request.encode_to_vec(), &AppendRequest::full_name())
    }

    #[test]
    fn elements_are_counted_wherever_they_lie() {
        assert!(!is_refused(&request(MAX_ELEMENTS, b"")));
        assert!(is_refused(&request(MAX_ELEMENTS + 1, b"")));
    }

    /// Bytes are no lists, though a payload can be a message itself.
    #[test]
    fn what_stands_in_bytes_is_not_counted() {
        let payload = request(MAX_ELEMENTS + 1, b"").encode_to_vec();
        assert!(!is_refused(&request(1, &payload)));
    }

    /// Members that are given many times over are merged, lists and all.
    #[test]
    fn parts_of_a_list_in_several_places_are_added_up() {
        let part = request(MAX_ELEMENTS / 2 + 1, b"").encode_to_vec();
        let name = AppendRequest::full_name();
        assert!(!has_too_many_elements(&part, &name));
        assert!(has_too_many_elements(&[part.clone(), part].concat(), &name));
    }

    #[test]
    fn what_is_no_message_is_left_to_prost() {
        for bytes in [
            &[0xff; 40][..],
            &[0x0a, 200, 1],
            &[0x0b],
            &[0x0a, 0xff, 0xff],
        ] {
            assert!(!has_too_many_elements(bytes, &AppendRequest::full_name()));
        }
    }
}
