//! A QR code as a PNG, for authenticator apps to read off a screen.
//!
//! PNG (RFC 2083) with one bit a pixel and stored, not compressed, zlib blocks: the picture has a few kilobytes, and
//! a compressor would be the larger part of this program's share in it.

use bailey_domain::Error;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use qrcodegen::{QrCode, QrCodeEcc};

/// Pixels of one module.
const SCALE: usize = 4;
/// Empty modules around the code, which readers need.
const QUIET: i32 = 4;

/// The picture in base 64.
pub(crate) fn png(text: &str) -> Result<String, Error> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium)
        .map_err(|_| Error::internal("the text of a QR code is too long"))?;
    let modules = code.size() + 2 * QUIET;
    let side = usize::try_from(modules).map_err(Error::internal)? * SCALE;
    let mut rows = Vec::with_capacity(side * (side / 8 + 2));
    for y in -QUIET..code.size() + QUIET {
        let mut row = vec![0_u8; side.div_ceil(8) + 1];
        let mut at = 0;
        for x in -QUIET..code.size() + QUIET {
            for _ in 0..SCALE {
                if !code.get_module(x, y) {
                    row[1 + at / 8] |= 0x80 >> (at % 8);
                }
                at += 1;
            }
        }
        for _ in 0..SCALE {
            rows.extend_from_slice(&row);
        }
    }
    let side = u32::try_from(side).map_err(Error::internal)?.to_be_bytes();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    // One bit of grey, no filter, no interlacing.
    chunk(&mut file, b"IHDR", &[&side[..], &side, &[1, 0, 0, 0, 0]].concat());
    chunk(&mut file, b"IDAT", &stored(&rows));
    chunk(&mut file, b"IEND", &[]);
    Ok(STANDARD.encode(file))
}

/// A zlib stream (RFC 1950) of stored blocks (RFC 1951, 3.2.4).
fn stored(data: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = data.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).expect("a block is cut to fit");
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend_from_slice(&length.to_le_bytes());
        stream.extend_from_slice(&(!length).to_le_bytes());
        stream.extend_from_slice(block);
    }
    let (mut low, mut high) = (1_u32, 0_u32);
    for byte in data {
        low = (low + u32::from(*byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    stream.extend_from_slice(&((high << 16) | low).to_be_bytes());
    stream
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len()).expect("a picture of a QR code is small");
    file.extend_from_slice(&length.to_be_bytes());
    let from = file.len();
    file.extend_from_slice(kind);
    file.extend_from_slice(data);
    let check = crc(&file[from..]);
    file.extend_from_slice(&check.to_be_bytes());
}

fn crc(data: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
    !data.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_is_the_one_of_the_specification() {
        // Every PNG ends with these twelve bytes.
        let mut end = Vec::new();
        chunk(&mut end, b"IEND", &[]);
        assert_eq!(end, [0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82]);
        // RFC 1950's own example text for the checksum of zlib.
        assert_eq!(stored(b"Wikipedia")[2 + 5 + 9..], 0x11e6_0398_u32.to_be_bytes());
    }
}
