//! Descriptors that are watched on the instance's thread.
//!
//! The server may be about to call back while another thread ends the watch. So it is given a number, and no
//! pointer; whoever finds nothing under the number does nothing, and what is found lives until the call is over.

use crate::host::Instance;
use crate::instance::Inner;
use crate::panics::caught;
use crate::sys::{self, sl_instance};
use crate::{Failure, Host, Plugin};
use std::collections::BTreeMap;
use std::ops::BitOr;
use std::os::raw::{c_int, c_void};
use std::os::unix::io::{AsFd, AsRawFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a descriptor is watched for, and what it is ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FdEvents(u32);

impl FdEvents {
    /// Nothing is told for now.
    pub const NONE: FdEvents = FdEvents(0);
    /// It can be read, or is at its end.
    pub const READ: FdEvents = FdEvents(sys::SL_FD_READ);
    /// It can be written.
    pub const WRITE: FdEvents = FdEvents(sys::SL_FD_WRITE);

    /// Whether it can be read, or is at its end.
    pub fn can_read(self) -> bool {
        self.0 & sys::SL_FD_READ != 0
    }

    /// Whether it can be written.
    pub fn can_write(self) -> bool {
        self.0 & sys::SL_FD_WRITE != 0
    }

    /// Whether it has failed, or its other side is gone.
    pub fn has_failed(self) -> bool {
        self.0 & sys::SL_FD_ERROR != 0
    }
}

impl BitOr for FdEvents {
    type Output = FdEvents;

    fn bitor(self, other: FdEvents) -> FdEvents {
        FdEvents(self.0 | other.0)
    }
}

/// What is called when a descriptor is ready.
type Ready<P> = Arc<dyn Fn(&P, &Host<P>, FdEvents) + Send + Sync>;

struct State<P> {
    /// None: it has ended.
    instance: Option<Instance>,
    last_number: u64,
    /// By number: the server's name of the watch, and what is called.
    ready: BTreeMap<u64, (u64, Ready<P>)>,
}

/// The watches of an instance. What the plugin has given is dropped without the lock.
pub(crate) struct Watches<P>(Mutex<State<P>>);

impl<P> Watches<P> {
    pub(crate) fn new(raw: *mut sl_instance) -> Watches<P> {
        Watches(Mutex::new(State {
            instance: Some(Instance { raw }),
            last_number: 0,
            ready: BTreeMap::new(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State<P>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, number: u64) -> Option<Ready<P>> {
        let state = self.state();
        state.ready.get(&number).map(|(_, ready)| Arc::clone(ready))
    }

    /// Returns its number.
    fn begin(&self, fd: c_int, events: FdEvents, ready: &Ready<P>) -> Option<u64>
    where
        P: Plugin,
    {
        let mut state = self.state();
        let number = state.last_number + 1;
        let instance = state.instance.as_ref()?;
        // SAFETY: any thread may watch, the instance is there, and `number` is no pointer.
        let watch = unsafe {
            (instance.table().fd_watch)(
                instance.raw,
                fd,
                events.0,
                Some(run_ready::<P>),
                number as *mut c_void,
            )
        };
        if watch == 0 {
            return None;
        }
        state.last_number = number;
        state.ready.insert(number, (watch, Arc::clone(ready)));
        Some(number)
    }

    fn change(&self, number: u64, events: FdEvents) -> c_int {
        let state = self.state();
        match (&state.instance, state.ready.get(&number)) {
            // SAFETY: any thread may change it, and the instance is there.
            (Some(instance), Some((watch, _))) => unsafe {
                (instance.table().fd_change)(instance.raw, *watch, events.0)
            },
            _ => -1,
        }
    }

    fn unwatch(&self, number: u64) {
        let removed = {
            let mut state = self.state();
            let removed = state.ready.remove(&number);
            if let (Some(instance), Some((watch, _))) = (&state.instance, &removed) {
                // SAFETY: any thread may end it, and the instance is there.
                unsafe { (instance.table().fd_unwatch)(instance.raw, *watch) };
            }
            removed
        };
        drop(removed);
    }

    /// The instance ends, and all watches with it, also those that the plugin has forgotten.
    pub(crate) fn end(&self) {
        let left = {
            let mut state = self.state();
            let left = std::mem::take(&mut state.ready);
            if let Some(instance) = state.instance.take() {
                for (watch, _) in left.values() {
                    // SAFETY: as above.
                    unsafe { (instance.table().fd_unwatch)(instance.raw, *watch) };
                }
            }
            left
        };
        drop(left);
    }
}

/// A descriptor that is watched, and owned. Dropped, it is watched no more, and closed when a call that
/// is under way on another thread is over.
#[must_use = "a watch that is dropped is over"]
pub struct Watch<P: Plugin, F: 'static> {
    fd: Arc<F>,
    number: u64,
    watches: Arc<Watches<P>>,
}

impl<P: Plugin, F> Watch<P, F> {
    /// What is watched.
    pub fn get(&self) -> &F {
        &self.fd
    }

    /// Watches for other events. It fails if the instance has ended.
    pub fn change(&self, events: FdEvents) -> Result<(), Failure> {
        Failure::check(self.watches.change(self.number, events), "fd_change")
    }
}

impl<P: Plugin, F> Drop for Watch<P, F> {
    fn drop(&mut self) {
        self.watches.unwatch(self.number);
    }
}

impl<P: Plugin> Host<P> {
    /// Watches a descriptor, which must not block: a socket of the standard library's, say, or that of a
    /// client library. While it is ready for `events`, `ready` is called again and again, on the
    /// instance's thread, one call at a time. The descriptor is the watch's from now on;
    /// [`Watch::get`] and `ready` have it.
    ///
    /// It fails, and closes the descriptor, if that cannot be watched (a plain file, say) or is watched
    /// already, or as many are watched as may be.
    pub fn fd_watch<F, C>(&self, fd: F, events: FdEvents, ready: C) -> Result<Watch<P, F>, Failure>
    where
        F: AsFd + Send + Sync + 'static,
        C: FnMut(&P, &Host<P>, &F, FdEvents) + Send + 'static,
    {
        let fd = Arc::new(fd);
        let shared = Arc::clone(&fd);
        let ready = Mutex::new(ready);
        let call: Ready<P> = Arc::new(move |plugin: &P, host: &Host<P>, events| {
            let mut ready = ready.lock().unwrap_or_else(PoisonError::into_inner);
            ready(plugin, host, &shared, events)
        });
        let begun = self
            .watches()
            .begin((*fd).as_fd().as_raw_fd(), events, &call);
        match begun {
            None => Err(Failure::Failed("fd_watch")),
            Some(number) => Ok(Watch {
                fd,
                number,
                watches: Arc::clone(self.watches()),
            }),
        }
    }
}

unsafe extern "C" fn run_ready<P: Plugin>(
    instance: *mut sl_instance,
    _watch: u64,
    _fd: c_int,
    events: u32,
    context: *mut c_void,
) {
    caught(instance, || {
        // SAFETY: the server calls this between `create` and `destroy`.
        let inner = unsafe { Inner::<P>::of(instance) };
        if let Some(ready) = inner.host.watches().find(context as u64) {
            inner.while_served(|plugin| ready(plugin, &inner.host, FdEvents(events)));
        }
    });
}
