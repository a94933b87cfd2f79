//! What the server keeps for a plugin, over reloads and rebuilt files.

use crate::host::Instance;
use crate::sys::{self, sl_storage_cursor, sl_storage_entry};
use crate::text::{duration, nanoseconds, string_of};
use std::os::raw::{c_int, c_void};
use std::time::Duration;

/// Why the server has not stored something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorageError {
    /// The key or the value is too long, or there is no memory.
    Failed,
    /// The table has as much as it may.
    Full,
    /// The value is no counter.
    Differs,
}

impl std::fmt::Display for StorageError {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        out.write_str(match self {
            StorageError::Failed => "the server cannot store this",
            StorageError::Full => "the storage is full",
            StorageError::Differs => "the stored value is no counter",
        })
    }
}

impl std::error::Error for StorageError {}

fn check(result: c_int) -> Result<(), StorageError> {
    match result {
        0 => Ok(()),
        sys::SL_STORAGE_FULL => Err(StorageError::Full),
        sys::SL_STORAGE_DIFFERS => Err(StorageError::Differs),
        _ => Err(StorageError::Failed),
    }
}

fn is_there(result: c_int) -> Result<bool, StorageError> {
    match result {
        sys::SL_STORAGE_NONE => Ok(false),
        result => check(result).map(|()| true),
    }
}

fn age_of(age: Option<Duration>) -> i64 {
    age.map_or(0, |age| nanoseconds(age).max(1))
}

/// A table of bytes by bytes. Each call happens at once and as a whole, on any thread.
#[derive(Clone, Copy)]
pub struct Storage<'a> {
    instance: &'a Instance,
    scope: c_int,
}

// All of them: any thread may call these functions, and they copy what they are given.
impl<'a> Storage<'a> {
    pub(crate) fn new(instance: &'a Instance, scope: c_int) -> Storage<'a> {
        Storage { instance, scope }
    }

    /// A value.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        let mut value = vec![0u8; 256];
        loop {
            let (data, capacity) = (value.as_mut_ptr() as *mut c_void, value.len());
            let get = self.instance.table().storage_get;
            // SAFETY: it writes at most `capacity` bytes.
            let len = unsafe {
                get(
                    self.instance.raw,
                    self.scope,
                    string_of(key),
                    data,
                    capacity,
                )
            };
            match usize::try_from(len) {
                Ok(len) if len <= capacity => {
                    value.truncate(len);
                    return Ok(Some(value));
                }
                Ok(len) => value.resize(len, 0), // Once more; it may have changed meanwhile.
                Err(_) if len == i64::from(sys::SL_STORAGE_NONE) => return Ok(None),
                Err(_) => return Err(StorageError::Failed),
            }
        }
    }

    /// Sets or replaces a value; it is gone after `age`.
    pub fn set(&self, key: &[u8], value: &[u8], age: Option<Duration>) -> Result<(), StorageError> {
        let set = self.instance.table().storage_set;
        // SAFETY: see above.
        check(unsafe {
            set(
                self.instance.raw,
                self.scope,
                string_of(key),
                string_of(value),
                age_of(age),
            )
        })
    }

    /// Sets (or with None deletes) it if the value is `expected` (None: if there is none). Ok(false): it
    /// is another one.
    pub fn replace(
        &self,
        key: &[u8],
        expected: Option<&[u8]>,
        value: Option<&[u8]>,
        age: Option<Duration>,
    ) -> Result<bool, StorageError> {
        let (expected, value) = (expected.map(string_of), value.map(string_of));
        let expected = expected
            .as_ref()
            .map_or(std::ptr::null(), |text| text as *const _);
        let value = value
            .as_ref()
            .map_or(std::ptr::null(), |text| text as *const _);
        let replace = self.instance.table().storage_replace;
        // SAFETY: see above.
        let result = unsafe {
            replace(
                self.instance.raw,
                self.scope,
                string_of(key),
                expected,
                value,
                age_of(age),
            )
        };
        match result {
            sys::SL_STORAGE_DIFFERS => Ok(false),
            result => check(result).map(|()| true),
        }
    }

    /// Adds to a counter and returns it. One that is not there begins at 0, and is gone after `age`.
    pub fn add(&self, key: &[u8], amount: i64, age: Option<Duration>) -> Result<i64, StorageError> {
        let mut sum = 0;
        let add = self.instance.table().storage_add;
        // SAFETY: see above.
        check(unsafe {
            add(
                self.instance.raw,
                self.scope,
                string_of(key),
                amount,
                age_of(age),
                &mut sum,
            )
        })?;
        Ok(sum)
    }

    /// Deletes it. Ok(false): there was none.
    pub fn delete(&self, key: &[u8]) -> Result<bool, StorageError> {
        let delete = self.instance.table().storage_delete;
        // SAFETY: see above.
        is_there(unsafe { delete(self.instance.raw, self.scope, string_of(key)) })
    }

    /// Shows all entries (key, value, what is left of its age), in no particular order, until `visit`
    /// returns false. It may change the table.
    pub fn visit(
        &self,
        mut visit: impl FnMut(&[u8], &[u8], Option<Duration>) -> bool,
    ) -> Result<(), StorageError> {
        let mut cursor = sl_storage_cursor {
            position: 0,
            among: 0,
            part: 0,
        };
        let mut value = vec![0u8; 4096];
        loop {
            let before = cursor;
            let mut entry = sl_storage_entry {
                struct_size: std::mem::size_of::<sl_storage_entry>() as u32,
                key_len: 0,
                key: [0; sys::SL_STORAGE_KEY_MAX],
                value: value.as_mut_ptr() as *mut c_void,
                capacity: value.len(),
                len: 0,
                age: 0,
            };
            let next = self.instance.table().storage_next;
            // SAFETY: it writes at most `capacity` bytes.
            let result = unsafe { next(self.instance.raw, self.scope, &mut cursor, &mut entry) };
            if !is_there(result)? {
                return Ok(());
            }
            if entry.len > value.len() {
                value.resize(entry.len, 0);
                cursor = before; // Once more, with room for it.
                continue;
            }
            let key = entry.key.map(|byte| byte as u8);
            let age = if entry.age > 0 {
                Some(duration(entry.age))
            } else {
                None
            };
            if !visit(&key[..entry.key_len as usize], &value[..entry.len], age) {
                return Ok(());
            }
        }
    }
}
