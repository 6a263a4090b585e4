//! Base64 as it comes in texts from outside.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;

/// Decodes base64 as the proto3 JSON form takes it: of the standard alphabet or of the one for
/// URLs, with or without padding. Line breaks, which many tools write unless told otherwise, mean
/// nothing. `None` for anything else.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let text = without_line_breaks(text);
    let alphabet = match text.contains(['-', '_']) {
        true => &URL_SAFE,
        false => &STANDARD,
    };
    alphabet.decode(text.as_ref()).ok()
}

/// `text` without the CR and LF in it.
pub(super) fn without_line_breaks(text: &str) -> Cow<'_, str> {
    match text.contains(LINE_BREAKS) {
        true => Cow::Owned(text.replace(LINE_BREAKS, "")),
        false => Cow::Borrowed(text),
    }
}

const LINE_BREAKS: [char; 2] = ['\r', '\n'];
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, ANY_PADDING);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, ANY_PADDING);
const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
