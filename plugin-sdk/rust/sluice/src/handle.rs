//! The server's functions for threads of the plugin's own.

use crate::Host;
use std::sync::{Arc, RwLock};

/// Whether an instance is there; who reads it keeps the instance from ending.
pub(crate) struct Link(RwLock<bool>);

impl Link {
    pub(crate) fn new() -> Link {
        Link(RwLock::new(true))
    }

    /// Runs `code` unless the instance has ended; it does not end meanwhile.
    pub(crate) fn while_there<R>(&self, code: impl FnOnce() -> R) -> Option<R> {
        // The lock guards nothing that a panic could leave half done.
        let is_there = self
            .0
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        is_there.then(code)
    }

    pub(crate) fn end(&self) {
        *self
            .0
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = false;
    }
}

/// A way to an instance's [`Host`] from any thread, for as long as the instance is there.
pub struct Handle<P> {
    host: *const Host<P>,
    link: Arc<Link>,
}

// SAFETY: the host is only touched while the link says that it is there, and it may be shared.
unsafe impl<P> Send for Handle<P> {}
// SAFETY: as above.
unsafe impl<P> Sync for Handle<P> {}

impl<P> Clone for Handle<P> {
    fn clone(&self) -> Self {
        Handle {
            host: self.host,
            link: Arc::clone(&self.link),
        }
    }
}

impl<P> Handle<P> {
    pub(crate) fn new(host: &Host<P>, link: Arc<Link>) -> Handle<P> {
        Handle { host, link }
    }

    /// Calls `code` with the host; None if the instance has ended. It does not end while `code` runs, so
    /// wait for nothing in there, and do not call this again from inside.
    pub fn with<R>(&self, code: impl FnOnce(&Host<P>) -> R) -> Option<R> {
        // SAFETY: an instance ends its link before its host is freed.
        self.link.while_there(|| code(unsafe { &*self.host }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_runs_once_the_instance_has_ended() {
        let link = Link::new();
        assert_eq!(link.while_there(|| 1), Some(1));
        link.end();
        assert_eq!(link.while_there(|| 1), None);
    }

    #[test]
    fn a_panic_inside_leaves_it_usable() {
        let link = Arc::new(Link::new());
        let other = Arc::clone(&link);
        let panicked = std::thread::spawn(move || other.while_there(|| panic!("meant"))).join();
        assert!(panicked.is_err());
        link.end();
        assert_eq!(link.while_there(|| 1), None);
    }
}
