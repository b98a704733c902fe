//! What the fuzz targets call: nothing else sees the conversions from outside.

use crate::dialect::laws;

/// A body, as a request, an answer and an error of every dialect.
pub fn dialect(data: &[u8]) {
    laws::bodies(data);
}

/// A stream of every dialect, whole and in pieces; the first byte is their length.
pub fn sse(data: &[u8]) {
    if let Some((length, stream)) = data.split_first() {
        laws::streams(stream, usize::from(*length));
    }
}
