//! What plugins do for others: tables of functions, which are C's. Here the crate cannot do without
//! `unsafe` in the plugin, since no compiler sees whether two plugins mean the same table.

use crate::instance::Inner;
use crate::panics::caught;
use crate::sys::{sl_instance, sl_service};
use crate::text::with_cstr;
use crate::{Failure, Host, Plugin, Setup};
use std::marker::PhantomData;
use std::os::raw::c_void;

/// A service's table of functions, as the provider's header has it.
///
/// # Safety
/// The type is `#[repr(C)]`, and member by member the table that `NAME` and `MAJOR` stand for, up to the
/// functions that `MINOR` has. Its first member is a `u32`, which has the type's size in a table that is
/// provided. Its functions are `unsafe extern "C" fn(provider: *mut sl_instance, ...)`, never null, and let
/// no panic out.
pub unsafe trait Service: Sized + Sync + 'static {
    /// Lower case letters, digits, `-`, `_` and `.`, at most 63.
    const NAME: &'static str;
    /// Another one is another service.
    const MAJOR: u16;
    /// Grows with the table.
    const MINOR: u16;
}

/// A service that was found. It is used with the host of the instance that has found it, and so never after
/// that instance, which keeps the provider.
pub struct FoundService<S> {
    raw: *const sl_service,
    serial: u64,
    table: PhantomData<fn() -> S>,
}

// SAFETY: what it points to does not change, and a table is Sync.
unsafe impl<S: Service> Send for FoundService<S> {}
// SAFETY: as above.
unsafe impl<S: Service> Sync for FoundService<S> {}

impl<S: Service> FoundService<S> {
    fn of<'a, P>(&self, host: &'a Host<P>) -> &'a sl_service {
        assert!(
            host.serial() == self.serial,
            "another instance has found this service"
        );
        // SAFETY: it stays as long as the instance, which is there while its host is lent.
        unsafe { &*self.raw }
    }

    /// The functions. Panics with the host of another instance.
    pub fn table<'a, P>(&self, host: &'a Host<P>) -> &'a S {
        // SAFETY: the provider's table stays as long as whoever has found it, and is as the trait says;
        // `find_service` has seen that it is not shorter.
        unsafe { &*(self.of(host).table as *const S) }
    }

    /// Their first argument. Panics with the host of another instance.
    pub fn provider<P>(&self, host: &Host<P>) -> *mut sl_instance {
        self.of(host).provider
    }
}

impl<P> Setup<'_, P> {
    /// Provides a service for the instances that come after this one. A failure has been explained to the
    /// operator; return it.
    pub fn provide_service<S: Service>(&self, table: &'static S) -> Result<(), Failure> {
        let provide = |name| {
            // SAFETY: `create` is running, and a static table stays as long as the plugin's code.
            unsafe {
                (self.table().service_provide)(
                    self.raw,
                    name,
                    S::MAJOR,
                    S::MINOR,
                    table as *const S as *const c_void,
                )
            }
        };
        match with_cstr(S::NAME, provide) {
            Some(0) => Ok(()),
            Some(_) => Err(Failure::Told),
            None => Err(Failure::Failed("service_provide")),
        }
    }

    /// Finds a service of an instance that comes before this one. A failure has been explained to the
    /// operator: return it, or go on without.
    pub fn find_service<S: Service>(&self) -> Result<FoundService<S>, Failure> {
        // SAFETY: `create` is running, and the name is copied.
        let find =
            |name| unsafe { (self.table().service_find)(self.raw, name, S::MAJOR, S::MINOR) };
        let raw = with_cstr(S::NAME, find).ok_or(Failure::Failed("service_find"))?;
        if raw.is_null() {
            return Err(Failure::Told);
        }
        // SAFETY: each table begins with its size.
        let size = unsafe { *((*raw).table as *const u32) };
        if (size as usize) < std::mem::size_of::<S>() {
            return Err(Failure::Failed("service_find: the table is too short"));
        }
        Ok(FoundService {
            raw,
            serial: self.serial(),
            table: PhantomData,
        })
    }
}

/// For the functions of a table that is provided: calls `code` with the provider's value. None: it has
/// panicked, which is in the log.
///
/// # Safety
/// `provider` is what the function was called with, and its plugin is `P`.
pub unsafe fn in_provider<P: Plugin, R>(
    provider: *mut sl_instance,
    code: impl FnOnce(&P, &Host<P>) -> R,
) -> Option<R> {
    caught(provider, || {
        // SAFETY: the caller's; a provider is there as long as those that have found it.
        let inner = unsafe { Inner::<P>::of(provider) };
        code(&inner.plugin, &inner.host)
    })
}
