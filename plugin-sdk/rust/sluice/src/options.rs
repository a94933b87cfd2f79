//! Options: the rows of a plugin's table, and the values that an instance has.

use crate::sys::{sl_host, sl_option, sl_value};
use crate::text::{bytes_of, duration, text_of, with_cstr};
use std::os::raw::{c_char, c_int};
use std::time::Duration;

/// What an option is, in the table of [`crate::plugin!`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionType {
    /// `true` or `false`.
    Bool = 1,
    /// An [`i64`].
    Integer = 2,
    /// An [`f64`].
    Number = 3,
    /// Text.
    String = 4,
    /// `250ms`, `5s`, `2m`, `1h`: read with [`Value::duration`]; bounds in nanoseconds.
    Duration = 5,
    /// `512`, `64KiB`: read with [`Value::integer`], bytes.
    Size = 6,
    /// `50/s`: read with [`Value::number`], per second.
    Rate = 7,
    /// One of `choices`, read with [`Value::text`].
    Choice = 8,
    /// A list of strings.
    Strings = 9,
    /// A file or folder, read with [`Value::text`]; the server resolves relative ones.
    Path = 10,
    /// A secret, read with [`Value::text`] or [`Value::bytes`]; never printed.
    Secret = 11,
    /// A mapping of names to any values.
    Map = 12,
    /// A list of mappings.
    Maps = 13,
}

/// A row of the table; made by [`crate::plugin!`].
#[doc(hidden)]
#[repr(transparent)]
pub struct OptionRow(pub sl_option);

// SAFETY: it points to constant texts.
unsafe impl Sync for OptionRow {}

impl OptionRow {
    /// `name` ends with a zero.
    pub const fn new(name: &'static str, kind: OptionType) -> OptionRow {
        OptionRow(sl_option {
            name: name.as_ptr() as *const c_char,
            r#type: kind as c_int,
            flags: 0,
            default_value: std::ptr::null(),
            minimum: 0.0,
            maximum: 0.0,
            choices: std::ptr::null(),
            summary: "\0".as_ptr() as *const c_char,
        })
    }
}

/// The value of an option, or a part of one. An option that is not set, and a value of another type,
/// read as 0, false, empty.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    raw: *const sl_value,
    host: &'a sl_host,
}

// All of them: `raw` is NULL, which the host accepts, or a value that stays for 'a.
impl<'a> Value<'a> {
    /// # Safety
    /// `raw` is NULL or stays for `'a`.
    pub(crate) unsafe fn new(raw: *const sl_value, host: &'a sl_host) -> Value<'a> {
        Value { raw, host }
    }

    /// Whether there is one: it is set, or has a default.
    pub fn is_set(&self) -> bool {
        !self.raw.is_null()
    }

    /// Of a bool.
    pub fn bool(&self) -> bool {
        // SAFETY: see above.
        unsafe { (self.host.value_bool)(self.raw) }
    }

    /// Of an integer, a size (bytes) or a duration (nanoseconds).
    pub fn integer(&self) -> i64 {
        // SAFETY: see above.
        unsafe { (self.host.value_integer)(self.raw) }
    }

    /// Of a number, a rate (per second) or an integer.
    pub fn number(&self) -> f64 {
        // SAFETY: see above.
        unsafe { (self.host.value_number)(self.raw) }
    }

    /// Of a duration.
    pub fn duration(&self) -> Duration {
        duration(self.integer())
    }

    /// Of a string, a choice, a path or a secret. Empty if it is not UTF-8.
    pub fn text(&self) -> &'a str {
        // SAFETY: see above.
        unsafe { text_of((self.host.value_string)(self.raw)) }
    }

    /// The same as bytes.
    pub fn bytes(&self) -> &'a [u8] {
        // SAFETY: see above.
        unsafe { bytes_of((self.host.value_string)(self.raw)) }
    }

    /// How many entries a list or a map has.
    pub fn len(&self) -> usize {
        // SAFETY: see above.
        unsafe { (self.host.value_count)(self.raw) }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entries of a list or a map.
    pub fn entries(self) -> impl Iterator<Item = Value<'a>> {
        // SAFETY: see above; parts stay as long as the whole.
        (0..self.len()).map(move |index| unsafe {
            Value::new((self.host.value_at)(self.raw, index), self.host)
        })
    }

    /// The names of a map's entries.
    pub fn keys(self) -> impl Iterator<Item = &'a str> {
        // SAFETY: see above.
        (0..self.len()).map(move |index| unsafe { text_of((self.host.value_key)(self.raw, index)) })
    }

    /// A map's entry.
    pub fn get(&self, name: &str) -> Value<'a> {
        // SAFETY: see above.
        let member = |name| unsafe { (self.host.value_member)(self.raw, name) };
        // SAFETY: see above.
        unsafe {
            Value::new(
                with_cstr(name, member).unwrap_or(std::ptr::null()),
                self.host,
            )
        }
    }
}

/// A pointer to a constant text that ends with a zero, or to none.
#[doc(hidden)]
#[repr(transparent)]
pub struct Text(*const c_char);

// SAFETY: as of a row.
unsafe impl Sync for Text {}

impl Text {
    /// `text` ends with a zero.
    pub const fn new(text: &'static str) -> Text {
        Text(text.as_ptr() as *const c_char)
    }

    /// The end of a list.
    pub const fn none() -> Text {
        Text(std::ptr::null())
    }
}
