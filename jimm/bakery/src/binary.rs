//! Macaroons as bytes: lines with their length in hexadecimal (V1), or numbered fields (V2); and several in a row.

use crate::bytes::{Reader, write_number};
use crate::error::{Error, Result};
use crate::macaroon::{Caveat, Format, Macaroon, SIGNATURE};
use crate::{LONGEST, MOST_CAVEATS, MOST_DISCHARGES};

const WHAT: &str = "macaroon";
/// The first byte of V2.
const V2: u8 = 2;

const END: u64 = 0;
const LOCATION: u64 = 1;
const IDENTIFIER: u64 = 2;
const VERIFICATION: u64 = 4;
const SIGNED: u64 = 6;

/// Reads one macaroon, and nothing after it.
pub fn read_binary(bytes: &[u8]) -> Result<Macaroon> {
    let mut all = read_slice(bytes)?;
    match (all.pop(), all.is_empty()) {
        (Some(one), true) => Ok(one),
        (None, _) => Err(Error::CutOff(WHAT)),
        (Some(_), false) => Err(Error::Form("there is something after the macaroon")),
    }
}

/// Reads macaroons that follow one another: the first and its discharges.
pub fn read_slice(bytes: &[u8]) -> Result<Vec<Macaroon>> {
    if bytes.len() > LONGEST {
        return Err(Error::TooLong(WHAT));
    }
    let mut reader = Reader::new(bytes, WHAT);
    let mut all = Vec::new();
    while let Some(first) = reader.rest().first() {
        if all.len() > MOST_DISCHARGES {
            return Err(Error::TooMany("macaroons"));
        }
        all.push(if *first == V2 { read_v2(&mut reader)? } else { read_v1(&mut reader)? });
    }
    Ok(all)
}

/// Writes macaroons one after the other.
pub fn write_slice(macaroons: &[Macaroon]) -> Vec<u8> {
    macaroons.iter().flat_map(write_binary).collect()
}

/// Writes one macaroon in its own format.
pub fn write_binary(macaroon: &Macaroon) -> Vec<u8> {
    match macaroon.format {
        Format::V1 => write_v1(macaroon),
        Format::V2 => write_v2(macaroon),
    }
}

// === V2 ===

/// The next field, if it is this one.
fn field<'a>(reader: &mut Reader<'a>, wanted: u64) -> Result<Option<&'a [u8]>> {
    let mut ahead = *reader;
    if ahead.number()? != wanted {
        return Ok(None);
    }
    let content = if wanted == END { &[] } else { ahead.counted()? };
    *reader = ahead;
    Ok(Some(content))
}

fn needed<'a>(reader: &mut Reader<'a>, wanted: u64) -> Result<&'a [u8]> {
    field(reader, wanted)?.ok_or(Error::Form("the macaroon has its fields in another order, or others"))
}

fn read_v2(reader: &mut Reader<'_>) -> Result<Macaroon> {
    reader.byte()?;
    let location = text(field(reader, LOCATION)?.unwrap_or_default())?;
    let id = needed(reader, IDENTIFIER)?.to_vec();
    needed(reader, END)?;
    let mut caveats = Vec::new();
    while field(reader, END)?.is_none() {
        if caveats.len() == MOST_CAVEATS {
            return Err(Error::TooMany("caveats"));
        }
        let location = text(field(reader, LOCATION)?.unwrap_or_default())?;
        let id = needed(reader, IDENTIFIER)?.to_vec();
        let verification_id = field(reader, VERIFICATION)?.map(<[u8]>::to_vec);
        needed(reader, END)?;
        caveats.push(checked(Caveat { id, verification_id, location })?);
    }
    let signature = signature(needed(reader, SIGNED)?)?;
    Ok(Macaroon { format: Format::V2, location, id, caveats, signature })
}

fn put(out: &mut Vec<u8>, number: u64, content: &[u8]) {
    write_number(out, number);
    if number != END {
        write_number(out, content.len() as u64);
        out.extend_from_slice(content);
    }
}

fn write_v2(macaroon: &Macaroon) -> Vec<u8> {
    let mut out = vec![V2];
    let mut part = |location: &str, id: &[u8], verification_id: Option<&Vec<u8>>| {
        if !location.is_empty() {
            put(&mut out, LOCATION, location.as_bytes());
        }
        put(&mut out, IDENTIFIER, id);
        if let Some(sealed) = verification_id {
            put(&mut out, VERIFICATION, sealed);
        }
        put(&mut out, END, &[]);
    };
    part(&macaroon.location, &macaroon.id, None);
    for caveat in &macaroon.caveats {
        part(&caveat.location, &caveat.id, caveat.verification_id.as_ref());
    }
    put(&mut out, END, &[]);
    put(&mut out, SIGNED, &macaroon.signature);
    out
}

// === V1 ===

/// The next line without its length: a name, a space, content and a line feed, which may be part of the content too.
fn line<'a>(reader: &mut Reader<'a>) -> Result<(&'a [u8], &'a [u8])> {
    let wrong = Error::Form("the macaroon is in no format that is known");
    let head: [u8; 4] = reader.array()?;
    let digit = |it: u8| char::from(it).to_digit(16).filter(|_| !it.is_ascii_uppercase());
    let length = head.into_iter().try_fold(0, |sum, it| Some(sum * 16 + digit(it)?)).ok_or(wrong.clone())?;
    let rest = usize::try_from(length).ok().and_then(|length| length.checked_sub(4)).ok_or(wrong.clone())?;
    let content = reader.take(rest)?.strip_suffix(b"\n").ok_or(wrong.clone())?;
    let space = content.iter().position(|it| *it == b' ').ok_or(wrong)?;
    Ok((&content[..space], &content[space + 1..]))
}

fn named<'a>(reader: &mut Reader<'a>, wanted: &str) -> Result<Option<&'a [u8]>> {
    let mut ahead = *reader;
    if ahead.is_empty() {
        return Err(Error::CutOff(WHAT));
    }
    let (name, content) = line(&mut ahead)?;
    if name != wanted.as_bytes() {
        return Ok(None);
    }
    *reader = ahead;
    Ok(Some(content))
}

fn read_v1(reader: &mut Reader<'_>) -> Result<Macaroon> {
    let missing = || Error::Form("the macaroon has its fields in another order, or others");
    let location = text(named(reader, "location")?.ok_or_else(missing)?)?;
    let id = named(reader, "identifier")?.ok_or_else(missing)?.to_vec();
    let mut caveats = Vec::new();
    while let Some(id) = named(reader, "cid")? {
        if caveats.len() == MOST_CAVEATS {
            return Err(Error::TooMany("caveats"));
        }
        let verification_id = named(reader, "vid")?.map(<[u8]>::to_vec);
        let location = text(named(reader, "cl")?.unwrap_or_default())?;
        caveats.push(checked(Caveat { id: id.to_vec(), verification_id, location })?);
    }
    let signature = signature(named(reader, "signature")?.ok_or_else(missing)?)?;
    Ok(Macaroon { format: Format::V1, location, id, caveats, signature })
}

fn write_v1(macaroon: &Macaroon) -> Vec<u8> {
    let mut out = Vec::new();
    let mut put = |name: &str, content: &[u8]| {
        let length = 4 + name.len() + 1 + content.len() + 1;
        out.extend_from_slice(format!("{length:04x}{name} ").as_bytes());
        out.extend_from_slice(content);
        out.push(b'\n');
    };
    put("location", macaroon.location.as_bytes());
    put("identifier", &macaroon.id);
    for caveat in &macaroon.caveats {
        put("cid", &caveat.id);
        if let Some(sealed) = &caveat.verification_id {
            put("vid", sealed);
        }
        if !caveat.location.is_empty() {
            put("cl", caveat.location.as_bytes());
        }
    }
    put("signature", &macaroon.signature);
    out
}

// === both ===

fn text(bytes: &[u8]) -> Result<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Error::Form("a location is no text"))
}

fn signature(bytes: &[u8]) -> Result<[u8; SIGNATURE]> {
    bytes.try_into().map_err(|_| Error::Form("the signature has another length than it should"))
}

/// A caveat that has a third party's location and no key of its discharge would be taken for a condition, and the other
/// way round.
pub(crate) fn checked(caveat: Caveat) -> Result<Caveat> {
    match &caveat.verification_id {
        Some(sealed) if sealed.is_empty() => Err(Error::Form("a caveat has an empty verification id")),
        None if !caveat.location.is_empty() => Err(Error::Form("a caveat has a location and no verification id")),
        _ => Ok(caveat),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn macaroon(format: Format) -> Macaroon {
        let mut macaroon = Macaroon::new(b"key", "some id", "here", format);
        macaroon.add_first_party("time-before 2030");
        macaroon.add_third_party(b"third", [3, 0, 10], "https://elsewhere");
        macaroon
    }

    #[test]
    fn both_formats_come_back() {
        let all = [macaroon(Format::V1), macaroon(Format::V2)];
        for one in &all {
            assert_eq!(read_binary(&write_binary(one)).as_ref(), Ok(one));
        }
        assert_eq!(read_slice(&write_slice(&all)), Ok(all.to_vec()));
        assert!(read_binary(&write_slice(&all)).is_err(), "there are two");
    }

    #[test]
    fn what_is_cut_off_is_not_read() {
        for format in [Format::V1, Format::V2] {
            let whole = write_binary(&macaroon(format));
            for length in 0..whole.len() {
                assert!(read_binary(&whole[..length]).is_err(), "{format:?} {length}");
            }
        }
    }

    #[test]
    fn too_much_is_not_read() {
        for format in [Format::V1, Format::V2] {
            let mut many = Macaroon::new(b"key", "id", "", format);
            (0..1000).for_each(|_| many.add_first_party("x"));
            assert_eq!(read_binary(&write_binary(&many)), Err(Error::TooMany("caveats")));
            let long = Macaroon::new(b"key", vec![b'x'; LONGEST], "", format);
            assert_eq!(read_binary(&write_binary(&long)), Err(Error::TooLong(WHAT)));
        }
        assert_eq!(read_slice(&write_slice(&vec![macaroon(Format::V2); 40])), Err(Error::TooMany("macaroons")));
    }
}
