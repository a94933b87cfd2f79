//! What a plugin has while its value is made.

use crate::host::{Host, Instance};
use crate::metrics::{Counter, Gauge, Histogram};
use crate::sys;
use crate::text::with_cstr;
use crate::Failure;
use std::marker::PhantomData;
use std::ops::Deref;
use std::os::raw::c_int;

/// What [`crate::Plugin::create`] has: the instance, and the metrics that it registers. It stays on the
/// thread of `create`, the only one that registers metrics.
pub struct Setup<'a, P> {
    host: &'a Host<P>,
    thread: PhantomData<*const ()>,
}

impl<P> Deref for Setup<'_, P> {
    type Target = Instance;

    fn deref(&self) -> &Instance {
        self.host
    }
}

impl<'a, P> Setup<'a, P> {
    pub(crate) fn new(host: &'a Host<P>) -> Self {
        Setup {
            host,
            thread: PhantomData,
        }
    }

    pub(crate) fn serial(&self) -> u64 {
        self.host.serial()
    }

    fn metric(
        &self,
        kind: c_int,
        name: &str,
        help: &str,
        buckets: &[f64],
    ) -> Result<*mut sys::sl_metric, Failure> {
        let first = if buckets.is_empty() {
            std::ptr::null()
        } else {
            buckets.as_ptr()
        };
        let register = |name, help| {
            // SAFETY: `create` is running, and the texts and the buckets are copied.
            unsafe { (self.host.table().metric)(self.raw, kind, name, help, first, buckets.len()) }
        };
        let registered = with_cstr(name, |name| with_cstr(help, |help| register(name, help)));
        match registered.flatten() {
            Some(metric) if !metric.is_null() => Ok(metric),
            _ => Err(Failure::Failed("metric")),
        }
    }

    /// Registers a counter; on `/metrics` it is `sluice_plugin_<plugin>_<name>`.
    pub fn counter(&self, name: &str, help: &str) -> Result<Counter, Failure> {
        let raw = self.metric(sys::SL_COUNTER, name, help, &[])?;
        Ok(Counter(self.host.registered(raw)))
    }

    /// Registers a gauge.
    pub fn gauge(&self, name: &str, help: &str) -> Result<Gauge, Failure> {
        let raw = self.metric(sys::SL_GAUGE, name, help, &[])?;
        Ok(Gauge(self.host.registered(raw)))
    }

    /// Registers a histogram with these upper bounds, ascending.
    pub fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram, Failure> {
        let raw = self.metric(sys::SL_HISTOGRAM, name, help, buckets)?;
        Ok(Histogram(self.host.registered(raw)))
    }
}

#[cfg(test)]
mod tests {
    use super::Setup;

    trait Either<A> {
        const IS_ONE: bool = true;
    }
    struct Shared;
    impl<T> Either<()> for T {}
    impl<T: Sync> Either<Shared> for T {}

    /// Does not compile if a `Setup` can be shared: which of the two is meant, is not clear then.
    #[test]
    fn it_is_not_for_several_threads() {
        assert!(<Setup<'static, ()> as Either<_>>::IS_ONE);
    }
}
