//! Recognizes content that is not UTF-8, to tell whoever sent or saved it.

/// What the bytes are by their first ones, if those cannot begin JSON in UTF-8.
///
/// PowerShell's `>` writes UTF-16, some editors write a byte order mark, and a client that compresses may
/// forget to say so.
pub(crate) fn foreign(bytes: &[u8]) -> Option<&'static str> {
    let what = match bytes {
        [0xff, 0xfe, 0, 0, ..]
        | [0, 0, 0xfe, 0xff, ..]
        | [0, 0, 0, 1..=127, ..]
        | [1..=127, 0, 0, 0, ..] => "is UTF-32",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 1..=127, ..] | [1..=127, 0, ..] => "is UTF-16",
        [0xef, 0xbb, 0xbf, ..] => "begins with a byte order mark (BOM)",
        [0x1f, 0x8b, ..] => "is compressed (gzip)",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "is compressed (zstd)",
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => "is compressed (deflate)",
        _ => return None,
    };
    Some(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_as_what_they_are() {
        let utf16 = |order: fn(u16) -> [u8; 2], mark: &str| -> Vec<u8> {
            let text = format!("{mark}{{\"name\":\"é\"}}");
            text.encode_utf16().flat_map(order).collect()
        };
        for (bytes, told) in [
            (utf16(u16::to_le_bytes, ""), "is UTF-16"),
            (utf16(u16::to_be_bytes, ""), "is UTF-16"),
            (utf16(u16::to_le_bytes, "\u{feff}"), "is UTF-16"),
            (utf16(u16::to_be_bytes, "\u{feff}"), "is UTF-16"),
            (b"\xff\xfe\0\0{\0\0\0".to_vec(), "is UTF-32"),
            (b"{\0\0\0}\0\0\0".to_vec(), "is UTF-32"),
            (b"\0\0\0{".to_vec(), "is UTF-32"),
            (
                "\u{feff}{}".as_bytes().to_vec(),
                "begins with a byte order mark (BOM)",
            ),
            (b"\x1f\x8b\x08\0".to_vec(), "is compressed (gzip)"),
            (b"\x28\xb5\x2f\xfd".to_vec(), "is compressed (zstd)"),
            (b"\x78\x9c".to_vec(), "is compressed (deflate)"),
        ] {
            assert_eq!(foreign(&bytes), Some(told), "{bytes:?}");
        }
        for text in ["", "{", "x", "{\"name\":\"é\"}", "[]", "{\u{1}", "\0"] {
            assert_eq!(foreign(text.as_bytes()), None, "{text:?}");
        }
    }
}
