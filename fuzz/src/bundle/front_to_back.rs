//! A ZIP file as programs read it that begin at its front and never look at the directory.
//! (APPNOTE.TXT of PKWARE, 6.3.10, section 4.3.)

use std::io::Read;

use flate2::bufread::DeflateDecoder;

use super::MAX_MEMBER;

const LOCAL_HEADER: &[u8] = b"PK\x03\x04";
const LOCAL_HEADER_BYTES: usize = 30;
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
/// The method of bytes as they are.
const STORED: u16 = 0;
/// The other method that is known here.
const DEFLATED: u16 = 8;

/// Names and bytes; none if the file cannot be read this way.
pub(super) fn members(mut file: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut members = Vec::new();
    while file.starts_with(LOCAL_HEADER) {
        let header = file.get(..LOCAL_HEADER_BYTES)?;
        let short = |at: usize| Some(u16::from_le_bytes(header.get(at..at + 2)?.try_into().ok()?));
        let (flags, method) = (short(6)?, short(8)?);
        let packed = u32::from_le_bytes(header.get(18..22)?.try_into().ok()?);
        let names = LOCAL_HEADER_BYTES..LOCAL_HEADER_BYTES + usize::from(short(26)?);
        let name = String::from_utf8_lossy(file.get(names.clone())?).into_owned();
        let data = file.get(names.end + usize::from(short(28)?)..)?;
        let comes_after = flags & 1 << 3 != 0;
        let (bytes, rest) = match (method, comes_after) {
            (STORED, false) => data.split_at_checked(usize::try_from(packed).ok()?)?,
            (DEFLATED, _) => {
                let (inflated, length) = inflated(data)?;
                let length = if comes_after { length } else { usize::try_from(packed).ok()? };
                members.push((name, inflated));
                let rest = data.get(length..)?;
                file = if comes_after { after_descriptor(rest)? } else { rest };
                continue;
            }
            _ => return None,
        };
        members.push((name, bytes.to_vec()));
        file = rest;
    }
    Some(members)
}

/// The bytes, and how many of `data` they were made of.
fn inflated(data: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut decoder = DeflateDecoder::new(data);
    let mut bytes = Vec::new();
    decoder.by_ref().take(MAX_MEMBER).read_to_end(&mut bytes).ok()?;
    Some((bytes, usize::try_from(decoder.total_in()).ok()?))
}

/// Sizes have 32 or 64 bits: what follows is again the beginning of something.
fn after_descriptor(rest: &[u8]) -> Option<&[u8]> {
    let rest = rest.strip_prefix(DESCRIPTOR)?;
    [12, 20].into_iter().filter_map(|length| rest.get(length..)).find(|it| it.starts_with(b"PK"))
}
