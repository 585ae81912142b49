//! Checks that a ZIP file consists of its members and nothing else. Programs find the members by the
//! central directory at the end, and ignore all bytes before, between and after the members, so
//! these bytes could hide content that is not sealed. There must also be only one way to read the
//! file: the local header of each member must agree with the directory, and both end records must
//! name the same directory. (APPNOTE.TXT of PKWARE, 6.3.10, sections 4.3 to 4.5.)

use std::collections::BTreeSet;
use std::io::{Read, Seek, SeekFrom};

use anyhow::{Context, bail, ensure};

const LOCAL_HEADER: u32 = 0x0403_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
const DIRECTORY_ENTRY: u32 = 0x0201_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;
const END: u32 = 0x0605_4b50;

const LOCAL_HEADER_BYTES: u64 = 30;
const END_BYTES: u64 = 22;
const LOCATOR_64_BYTES: u64 = 20;
const END_64_BYTES: u64 = 56;
/// The possible sizes of a data descriptor with its signature. The shorter one has 32-bit sizes.
const DESCRIPTOR_BYTES: [u64; 2] = [16, 24];
/// The flag of a member that is followed by a data descriptor.
const HAS_DESCRIPTOR: u16 = 1 << 3;
/// The accepted flags: the compression level, the data descriptor, and names in UTF-8.
const HARMLESS_FLAGS: u16 = 0b110 | HAS_DESCRIPTOR | 1 << 11;
/// The compression method of uncompressed members.
const STORED: u16 = 0;
/// The id of the only accepted extra field: ZIP64, which has the sizes of large members.
const ZIP64_FIELD: u16 = 0x0001;
/// The type of a regular file, in the mode of Unix, and the bits for its type.
const REGULAR_FILE: u32 = 0o100_000;
const FILE_TYPE: u32 = 0o170_000;
/// The DOS attributes of a directory, a volume label and a device.
const NOT_A_FILE: u32 = 0b101_1000;
/// The greatest size of a directory that is read. It has room for several hundred thousand members.
const MAX_DIRECTORY_BYTES: u64 = 64 * 1024 * 1024;

/// A member as the directory lists it.
struct Listed {
    name: Vec<u8>,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    offset: u64,
}

/// The position of the directory, and the number of its members.
struct Directory {
    offset: u64,
    bytes: u64,
    members: u64,
    /// The position of the end record that follows the directory.
    end: u64,
}

/// Checks that every byte of `file` belongs to a member, the directory or an end record.
///
/// # Errors
/// A message that says where this is not so.
pub(super) fn check_layout(file: &mut (impl Read + Seek)) -> anyhow::Result<()> {
    let directory = find_directory(file)?;
    ensure!(
        directory.offset.checked_add(directory.bytes) == Some(directory.end),
        "there are bytes between the list of members and the end of the file that belong to neither"
    );
    ensure!(directory.bytes <= MAX_DIRECTORY_BYTES, "the list of members is too long");
    let mut listed = read_directory(file, &directory)?;
    listed.sort_by_key(|member| member.offset);
    let mut position = 0;
    for (index, member) in listed.iter().enumerate() {
        let name = String::from_utf8_lossy(&member.name);
        ensure!(
            member.offset == position,
            "there are bytes before {name} that belong to no member"
        );
        let next = listed.get(index + 1).map_or(directory.offset, |next| next.offset);
        position = member_end(file, member, next).with_context(|| name.into_owned())?;
    }
    ensure!(
        position == directory.offset,
        "there are bytes after the last member that belong to none"
    );
    Ok(())
}

fn find_directory(file: &mut (impl Read + Seek)) -> anyhow::Result<Directory> {
    let length = file.seek(SeekFrom::End(0))?;
    let end = length.checked_sub(END_BYTES).context("it is too short to be a ZIP file")?;
    let mut fields = Fields::at(file, end, END_BYTES)?;
    ensure!(
        fields.u32()? == END,
        "there are bytes after the end, or a comment, which are not sealed"
    );
    let disks = [fields.u16()?, fields.u16()?];
    let on_this_disk = fields.u16()?;
    let members = fields.u16()?;
    let bytes = fields.u32()?;
    let offset = fields.u32()?;
    ensure!(fields.u16()? == 0, "its end record contains a comment, which is not sealed");
    let locator = end.checked_sub(LOCATOR_64_BYTES);
    if let Some(locator) = locator {
        let mut fields = Fields::at(file, locator, LOCATOR_64_BYTES)?;
        if fields.u32()? == LOCATOR_64 {
            ensure!(fields.u32()? == 0, "it is a part of several files");
            let directory = find_directory_64(file, fields.u64()?, locator)?;
            ensure!(fields.u32()? <= 1, "it is a part of several files");
            // Some programs use the 64-bit record, and others the 32-bit record.
            let is_same = saturated(directory.members, members.into(), u16::MAX.into())
                && saturated(directory.bytes, bytes.into(), u32::MAX.into())
                && saturated(directory.offset, offset.into(), u32::MAX.into());
            ensure!(is_same, "its two ends name different lists of members");
            return Ok(directory);
        }
    }
    ensure!(disks == [0, 0] && on_this_disk == members, "it is a part of several files");
    Ok(Directory { offset: offset.into(), bytes: bytes.into(), members: members.into(), end })
}

/// Whether a narrow field has the same value as the wide one, or its maximum `max`, which refers to
/// the wide one.
fn saturated(wide: u64, narrow: u64, max: u64) -> bool {
    narrow == wide || narrow == max
}

fn find_directory_64(
    file: &mut (impl Read + Seek),
    at: u64,
    locator: u64,
) -> anyhow::Result<Directory> {
    ensure!(
        at.checked_add(END_64_BYTES) == Some(locator),
        "there are bytes before the end that belong to nothing"
    );
    let mut fields = Fields::at(file, at, END_64_BYTES)?;
    ensure!(fields.u32()? == END_64, "its end cannot be read");
    let length = fields.u64()?;
    // Versions.
    fields.skip(2 + 2)?;
    let disks = [fields.u32()?, fields.u32()?];
    let on_this_disk = fields.u64()?;
    let members = fields.u64()?;
    ensure!(
        length == END_64_BYTES - 12 && disks == [0, 0] && on_this_disk == members,
        "it is a part of several files"
    );
    let bytes = fields.u64()?;
    Ok(Directory { offset: fields.u64()?, bytes, members, end: at })
}

fn read_directory(
    file: &mut (impl Read + Seek),
    directory: &Directory,
) -> anyhow::Result<Vec<Listed>> {
    let mut fields = Fields::at(file, directory.offset, directory.bytes)?;
    let mut listed = Vec::new();
    while !fields.is_empty() {
        ensure!(fields.u32()? == DIRECTORY_ENTRY, "its list of members cannot be read");
        // Versions.
        fields.skip(4)?;
        let flags = fields.u16()?;
        let method = fields.u16()?;
        // Time.
        fields.skip(4)?;
        let crc = fields.u32()?;
        let (packed, size) = (fields.u32()?, fields.u32()?);
        let (name, extra, comment) = (fields.u16()?, fields.u16()?, fields.u16()?);
        let (disk, internal_attributes) = (fields.u16()?, fields.u16()?);
        ensure!(disk == 0 && internal_attributes <= 1, "a member is on another disk");
        let attributes = fields.u32()?;
        // Otherwise unpacking the bundle could create a symbolic link to any place.
        let file_type = (attributes >> 16) & FILE_TYPE;
        ensure!(
            [0, REGULAR_FILE].contains(&file_type) && attributes & NOT_A_FILE == 0,
            "a member is not an ordinary file"
        );
        let offset = fields.u32()?;
        let name = fields.take(name.into())?.to_vec();
        let mut wide = wide_fields(fields.take(extra.into())?)?;
        ensure!(comment == 0, "a member has a comment, which is not sealed");
        let mut widened = |short: u32| -> anyhow::Result<u64> {
            if short == u32::MAX { wide.u64() } else { Ok(short.into()) }
        };
        // APPNOTE section 4.5.3 defines this order.
        let size = widened(size)?;
        let packed = widened(packed)?;
        let offset = widened(offset)?;
        ensure!(wide.is_empty(), "a member has more sizes than it needs");
        ensure!(flags & !HARMLESS_FLAGS == 0, "a member is encrypted, or has an unusual flag");
        ensure!(method != STORED || packed == size, "a member has two sizes");
        listed.push(Listed { name, flags, method, crc, packed, size, offset });
    }
    let names: BTreeSet<&[u8]> = listed.iter().map(|member| member.name.as_slice()).collect();
    ensure!(
        names.len() == listed.len(),
        "a member is there twice: programs differ in which one they show"
    );
    ensure!(
        u64::try_from(listed.len())? == directory.members,
        "its list of members does not have the length that the end record names"
    );
    Ok(listed)
}

/// Returns the content of the ZIP64 field, which is the only one that is allowed among the extra
/// fields, and only once: others could hide something.
fn wide_fields(extra: &[u8]) -> anyhow::Result<Fields> {
    let mut extra = Fields { bytes: extra.to_vec(), position: 0 };
    let mut wide = Fields { bytes: Vec::new(), position: 0 };
    while !extra.is_empty() {
        let (id, length) = (extra.u16()?, extra.u16()?);
        let is_first = wide.bytes.is_empty();
        ensure!(
            id == ZIP64_FIELD && is_first && length > 0,
            "a member has an extra field, which is not sealed"
        );
        wide.bytes = extra.take(length.into())?.to_vec();
    }
    Ok(wide)
}

/// Compares a member's local header with the directory, and returns the position where the member
/// ends. `next` is the position of what follows it.
fn member_end(file: &mut (impl Read + Seek), member: &Listed, next: u64) -> anyhow::Result<u64> {
    let mut fields = Fields::at(file, member.offset, LOCAL_HEADER_BYTES)?;
    ensure!(fields.u32()? == LOCAL_HEADER, "it does not begin where the list says");
    // Version.
    fields.skip(2)?;
    let is_packed_so = fields.u16()? == member.flags && fields.u16()? == member.method;
    // Time.
    fields.skip(4)?;
    let (crc, sizes) = (fields.u32()?, [fields.u32()?, fields.u32()?]);
    let (name, extra) = (fields.u16()?, fields.u16()?);
    let names = member.offset + LOCAL_HEADER_BYTES;
    let mut fields = Fields::at(file, names, u64::from(name) + u64::from(extra))?;
    ensure!(fields.take(name.into())? == member.name, "it has another name than in the list");
    let mut wide = wide_fields(fields.take(extra.into())?)?;
    // The values in a data descriptor may be left out in the local header.
    let follows = member.flags & HAS_DESCRIPTOR != 0;
    let mut is_same = is_packed_so && (crc == member.crc || follows && crc == 0);
    // APPNOTE section 4.5.3 defines this order.
    for (short, listed) in sizes.into_iter().rev().zip([member.size, member.packed]) {
        let said = if short == u32::MAX && !wide.is_empty() { wide.u64()? } else { short.into() };
        let is_left_out = follows && (said == 0 || short == u32::MAX);
        is_same &= said == listed || is_left_out;
    }
    // Sizes that the header does not refer to.
    while !wide.is_empty() {
        is_same &= [0, member.size, member.packed].contains(&wide.u64()?);
    }
    ensure!(is_same, "its own header differs from the list of members");
    let begin = names + u64::from(name) + u64::from(extra);
    let end = begin.checked_add(member.packed).context("its size is not possible")?;
    if !follows || end == next {
        return Ok(end);
    }
    let length = next.saturating_sub(end);
    if !DESCRIPTOR_BYTES.contains(&length) {
        bail!("there are bytes after it that belong to no member");
    }
    let mut fields = Fields::at(file, end, length)?;
    let is_signed = fields.u32()? == DESCRIPTOR && fields.u32()? == member.crc;
    let sizes = if length == DESCRIPTOR_BYTES[0] {
        (u64::from(fields.u32()?), u64::from(fields.u32()?))
    } else {
        (fields.u64()?, fields.u64()?)
    };
    ensure!(
        is_signed && sizes == (member.packed, member.size),
        "there are bytes after it that belong to no member"
    );
    Ok(next)
}

/// Reads little-endian numbers from a part of the file.
struct Fields {
    bytes: Vec<u8>,
    position: usize,
}

impl Fields {
    fn at(file: &mut (impl Read + Seek), offset: u64, length: u64) -> anyhow::Result<Self> {
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes)?;
        ensure!(u64::try_from(bytes.len())? == length, "the file is incomplete");
        Ok(Self { bytes, position: 0 })
    }

    fn is_empty(&self) -> bool {
        self.position >= self.bytes.len()
    }

    fn take(&mut self, length: usize) -> anyhow::Result<&[u8]> {
        let end = self.position + length;
        let taken = self.bytes.get(self.position..end).context("a field ends too early")?;
        self.position = end;
        Ok(taken)
    }

    fn skip(&mut self, length: u64) -> anyhow::Result<()> {
        self.take(usize::try_from(length)?).map(drop)
    }

    fn u16(&mut self) -> anyhow::Result<u16> {
        Ok(u16::from_le_bytes(self.take(2)?.try_into()?))
    }

    fn u32(&mut self) -> anyhow::Result<u32> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into()?))
    }

    fn u64(&mut self) -> anyhow::Result<u64> {
        Ok(u64::from_le_bytes(self.take(8)?.try_into()?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::archive::{Archive, Packing};
    use super::*;
    use std::io::{Cursor, Write};

    /// A file as exports are written, and one as other programs write it.
    fn bundles() -> Vec<Vec<u8>> {
        let mut archive = Archive::new(Vec::new(), 1_764_000_000_000);
        for (name, packing) in [("a.txt", Packing::Deflated), ("b/c.png", Packing::Stored)] {
            archive.add(name, packing, |out| Ok(out.write_all(b"hello hello hello")?)).unwrap();
        }
        let streamed = archive.finish().unwrap();
        let mut other = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for name in ["a.txt", "b/c.png"] {
            other.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            other.write_all(b"hello hello hello").unwrap();
        }
        vec![streamed, other.finish().unwrap().into_inner()]
    }

    fn check(bytes: &[u8]) -> anyhow::Result<()> {
        check_layout(&mut Cursor::new(bytes))
    }

    #[test]
    fn a_file_of_members_alone_is_fine() {
        for bundle in bundles() {
            check(&bundle).unwrap();
        }
        let empty = zip::ZipWriter::new(Cursor::new(Vec::new())).finish().unwrap().into_inner();
        check(&empty).unwrap();
    }

    #[test]
    fn bytes_at_any_place_between_members_are_found() {
        for bundle in bundles() {
            let mut refused = 0;
            for place in 0..=bundle.len() {
                let more = [&bundle[..place], b"!", &bundle[place..]].concat();
                refused += usize::from(check(&more).is_err());
            }
            assert_eq!(refused, bundle.len() + 1);
            let with_end = [&bundle[..], &bundle[..]].concat();
            assert!(check(&with_end).is_err(), "a second archive after the first");
            for cut in 0..bundle.len() {
                assert!(check(&bundle[..cut]).is_err(), "cut at {cut}");
            }
        }
    }

    /// Returns the file with `length` bytes at `offset` in the directory's first entry replaced.
    fn with_entry(bundle: &[u8], offset: usize, bytes: &[u8]) -> Vec<u8> {
        let entry = bundle.windows(4).position(|it| it == DIRECTORY_ENTRY.to_le_bytes()).unwrap();
        let mut changed = bundle.to_vec();
        changed[entry + offset..entry + offset + bytes.len()].copy_from_slice(bytes);
        changed
    }

    #[test]
    fn a_member_is_an_ordinary_file() {
        for bundle in bundles() {
            for mode in [0o120_777_u32, 0o040_755, 0o020_644, 0o010_644] {
                let changed = with_entry(&bundle, 38, &(mode << 16).to_le_bytes());
                let error = check(&changed).unwrap_err().to_string();
                assert!(error.contains("not an ordinary file"), "{mode:o}: {error}");
            }
            check(&with_entry(&bundle, 38, &(0o100_600_u32 << 16).to_le_bytes())).unwrap();
            check(&with_entry(&bundle, 38, &0x10_u32.to_le_bytes())).unwrap_err();
            check(&with_entry(&bundle, 34, &1_u16.to_le_bytes())).unwrap_err();
        }
    }

    #[test]
    fn no_extra_field_hides_anything() {
        let times = [0x55, 0x54, 5, 0, 1, b's', b'e', b'c', b'r'];
        let sizes = [&[1, 0, 16, 0][..], &[0; 16]].concat();
        assert!(wide_fields(&sizes).is_ok());
        for hidden in [&times[..], &[&sizes[..], &sizes[..]].concat(), &[1, 0, 0, 0]] {
            assert!(wide_fields(hidden).is_err(), "{hidden:?}");
        }
    }

    #[test]
    fn a_name_stands_there_once() {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for name in ["aa.txt", "ab.txt"] {
            writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(b"x").unwrap();
        }
        let mut bytes = writer.finish().unwrap().into_inner();
        while let Some(place) = bytes.windows(6).position(|it| it == b"ab.txt") {
            bytes[place + 1] = b'a';
        }
        let error = check(&bytes).unwrap_err().to_string();
        assert!(error.contains("twice"), "{error}");
    }

    #[test]
    fn a_hidden_member_with_all_offsets_moved_is_found() {
        // The file contains a member that the directory does not name, and all later offsets are
        // adapted. Other programs open such a file without a warning.
        let bundle = bundles().remove(1);
        let hidden = {
            let mut one = zip::ZipWriter::new(Cursor::new(Vec::new()));
            one.start_file("x", zip::write::SimpleFileOptions::default()).unwrap();
            one.write_all(b"hidden").unwrap();
            let bytes = one.finish().unwrap().into_inner();
            let directory = bytes.windows(4).position(|it| it == b"PK\x01\x02").unwrap();
            bytes[..directory].to_vec()
        };
        let directory = bundle.windows(4).position(|it| it == b"PK\x01\x02").unwrap();
        let mut moved = [&bundle[..directory], &hidden, &bundle[directory..]].concat();
        let end = moved.len() - 6;
        let offset = u32::try_from(directory + hidden.len()).unwrap().to_le_bytes();
        moved[end..end + 4].copy_from_slice(&offset);
        assert_eq!(zip::ZipArchive::new(Cursor::new(&moved)).unwrap().len(), 2);
        let error = check(&moved).unwrap_err().to_string();
        assert!(error.contains("belong to no"), "{error}");
    }

    #[test]
    fn a_second_end_that_names_another_directory_is_found() {
        // Some programs always use the 64-bit end record if there is one. Others use it only if the
        // fields of the 32-bit record have their maximum.
        let mut hidden = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let stored = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored);
        hidden.start_file("hidden.txt", stored).unwrap();
        let bundle = bundles().remove(1);
        hidden.write_all(&bundle).unwrap();
        let outer = hidden.finish().unwrap().into_inner();
        let end = outer.len() - 22;
        let number = |at: usize| u32::from_le_bytes(outer[at..at + 4].try_into().unwrap());
        let (bytes, offset) = (u64::from(number(end + 12)), u64::from(number(end + 16)));
        let mut wide = [END_64.to_le_bytes().as_slice(), &44_u64.to_le_bytes()].concat();
        wide.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for field in [1, 1, bytes, offset] {
            wide.extend(field.to_le_bytes());
        }
        wide.extend(LOCATOR_64.to_le_bytes());
        wide.extend([0; 4]);
        wide.extend(u64::try_from(end).unwrap().to_le_bytes());
        wide.extend(1_u32.to_le_bytes());
        let whole = [&outer[..end], &wide, &outer[end..]].concat();
        check(&whole).unwrap();

        let inner_end = bundle.len() - 22;
        let data = begin_of(&outer, &bundle);
        let directory = number(data + inner_end + 16) as usize + data;
        assert!(u64::try_from(directory).unwrap() < offset);
        let mut two = whole;
        let end = two.len() - 22;
        two[end + 8..end + 12].copy_from_slice(&outer[data + inner_end + 8..][..4]);
        two[end + 12..end + 16].copy_from_slice(&outer[data + inner_end + 12..][..4]);
        two[end + 16..end + 20].copy_from_slice(&u32::try_from(directory).unwrap().to_le_bytes());
        let error = check(&two).unwrap_err().to_string();
        assert!(error.contains("two ends"), "{error}");
    }

    fn begin_of(outer: &[u8], inner: &[u8]) -> usize {
        outer.windows(inner.len()).position(|it| it == inner).unwrap()
    }

    #[test]
    fn a_member_that_says_something_else_of_itself_is_found() {
        for bundle in bundles() {
            // Flags, method, checksum and sizes, in the first member's header and in the directory.
            let directory = bundle.windows(4).position(|it| it == b"PK\x01\x02").unwrap();
            for place in (6..10).chain(14..26) {
                for at in [place, directory + place + 2] {
                    let mut changed = bundle.clone();
                    changed[at] ^= 0x41;
                    assert!(check(&changed).is_err(), "byte {at}");
                }
            }
        }
    }
}
