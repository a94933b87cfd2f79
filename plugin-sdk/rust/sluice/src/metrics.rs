//! Metrics. They are registered in [`crate::Setup`], and changed from any thread that has a host.

use crate::sys::sl_metric;
use crate::Host;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) fn next_serial() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A metric lives as long as its instance, so it is only touched with that one's host at hand.
pub(crate) struct Registered {
    raw: *mut sl_metric,
    serial: u64,
}

// SAFETY: the server's functions for metrics may be called from any thread.
unsafe impl Send for Registered {}
// SAFETY: as above.
unsafe impl Sync for Registered {}

impl Registered {
    pub(crate) fn new(raw: *mut sl_metric, serial: u64) -> Registered {
        Registered { raw, serial }
    }

    /// NULL, which is ignored, with the host of another instance.
    fn of<P>(&self, host: &Host<P>) -> *mut sl_metric {
        if host.serial() == self.serial {
            self.raw
        } else {
            std::ptr::null_mut()
        }
    }
}

/// Only grows.
pub struct Counter(pub(crate) Registered);

impl Counter {
    /// Adds to it. The host is that of the instance which has registered it, else nothing happens.
    pub fn add<P>(&self, host: &Host<P>, amount: f64) {
        // SAFETY: the instance is there, and so its metric.
        unsafe { (host.table().metric_add)(self.0.of(host), amount) }
    }
}

/// Goes up and down.
pub struct Gauge(pub(crate) Registered);

impl Gauge {
    /// Adds to it; `amount` may be negative.
    pub fn add<P>(&self, host: &Host<P>, amount: f64) {
        // SAFETY: as above.
        unsafe { (host.table().metric_add)(self.0.of(host), amount) }
    }

    /// Sets it.
    pub fn set<P>(&self, host: &Host<P>, value: f64) {
        // SAFETY: as above.
        unsafe { (host.table().metric_set)(self.0.of(host), value) }
    }
}

/// Counts observations by size.
pub struct Histogram(pub(crate) Registered);

impl Histogram {
    /// Counts one.
    pub fn observe<P>(&self, host: &Host<P>, value: f64) {
        // SAFETY: as above.
        unsafe { (host.table().metric_observe)(self.0.of(host), value) }
    }
}
