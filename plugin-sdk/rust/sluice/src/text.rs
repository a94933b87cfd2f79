//! Texts on their way between Rust and C.

use crate::sys::sl_string;
use std::os::raw::c_char;

/// As host functions take it.
pub(crate) fn string_of(bytes: &[u8]) -> sl_string {
    sl_string {
        data: bytes.as_ptr() as *const c_char,
        len: bytes.len(),
    }
}

pub(crate) const EMPTY: sl_string = sl_string {
    data: std::ptr::null(),
    len: 0,
};

/// # Safety
/// The string's bytes stay, unchanged, for `'a`.
pub(crate) unsafe fn bytes_of<'a>(string: sl_string) -> &'a [u8] {
    if string.data.is_null() || string.len == 0 {
        return &[];
    }
    // SAFETY: the caller's.
    unsafe { std::slice::from_raw_parts(string.data as *const u8, string.len) }
}

/// The same as text; empty if it is not UTF-8.
///
/// # Safety
/// As of `bytes_of`.
pub(crate) unsafe fn text_of<'a>(string: sl_string) -> &'a str {
    // SAFETY: the caller's.
    std::str::from_utf8(unsafe { bytes_of(string) }).unwrap_or("")
}

/// # Safety
/// NULL, or a zero-terminated text that stays for `'a`.
pub(crate) unsafe fn text_of_cstr<'a>(text: *const c_char) -> &'a str {
    if text.is_null() {
        return "";
    }
    // SAFETY: the caller's.
    unsafe { std::ffi::CStr::from_ptr(text) }
        .to_str()
        .unwrap_or("")
}

/// Calls `run` with the text, zero-terminated; None if there is a zero inside.
pub(crate) fn with_cstr<R>(text: &str, run: impl FnOnce(*const c_char) -> R) -> Option<R> {
    let mut small = [0u8; 128];
    if text.as_bytes().contains(&0) {
        return None;
    }
    if text.len() < small.len() {
        small[..text.len()].copy_from_slice(text.as_bytes());
        return Some(run(small.as_ptr() as *const c_char));
    }
    let mut long = Vec::with_capacity(text.len() + 1);
    long.extend_from_slice(text.as_bytes());
    long.push(0);
    Some(run(long.as_ptr() as *const c_char))
}

/// A text of at most 1023 bytes without memory of its own; the rest is cut.
pub(crate) struct Line {
    bytes: [u8; 1023],
    len: usize,
}

impl Line {
    pub(crate) fn new(text: std::fmt::Arguments) -> Line {
        let mut line = Line {
            bytes: [0; 1023],
            len: 0,
        };
        // An error is only that of a value's own Display; what is there already is logged.
        let _ = std::fmt::write(&mut line, text);
        line
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl std::fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let mut fits = text.len().min(self.bytes.len() - self.len);
        while !text.is_char_boundary(fits) {
            fits -= 1;
        }
        self.bytes[self.len..self.len + fits].copy_from_slice(&text.as_bytes()[..fits]);
        self.len += fits;
        Ok(())
    }
}

/// Nanoseconds, as host functions take them.
pub(crate) fn nanoseconds(time: std::time::Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

pub(crate) fn duration(nanoseconds: i64) -> std::time::Duration {
    std::time::Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_any_length_ends_with_a_zero() {
        for len in [0, 1, 126, 127, 128, 129, 1000] {
            let text = "x".repeat(len);
            // SAFETY: the pointer is good inside the closure.
            let seen = with_cstr(&text, |raw| unsafe { text_of_cstr(raw) }.len());
            assert_eq!(seen, Some(len));
        }
        assert_eq!(with_cstr("a\0b", |_| ()), None);
    }

    #[test]
    fn a_line_is_cut_between_characters() {
        let long = "ü".repeat(600);
        let line = Line::new(format_args!("x{}", long));
        assert_eq!(line.as_bytes().len(), 1023);
        assert!(std::str::from_utf8(line.as_bytes()).is_ok());
        let line = Line::new(format_args!("{}", long));
        assert_eq!(line.as_bytes().len(), 1022);
    }

    #[test]
    fn times_stop_at_their_bounds() {
        assert_eq!(nanoseconds(std::time::Duration::MAX), i64::MAX);
        assert_eq!(duration(-1), std::time::Duration::ZERO);
        assert_eq!(duration(1_500_000_000).as_millis(), 1500);
    }
}
