//! Work that blocks, on a thread of the server's.

use crate::instance::Inner;
use crate::panics::caught;
use crate::sys::{sl_client, sl_instance};
use crate::{Client, ClientId, Failure, Host, Plugin};
use std::os::raw::c_void;

/// The work, then its result, then who is told.
struct Job<W, R, D> {
    work: Option<W>,
    result: Option<R>,
    done: D,
}

impl<P: Plugin> Host<P> {
    /// Runs `work` on a thread of the server's, and then `done` with its result on the client's thread,
    /// or on the instance's. The client is None if it has gone, was taken away by a reload, or none was
    /// named; the result is None if `work` has panicked, or the server stops and has not run it.
    /// The instance does not end before `done` has returned.
    pub fn offload<W, R, D>(
        &self,
        client: Option<ClientId>,
        work: W,
        done: D,
    ) -> Result<(), Failure>
    where
        W: FnOnce(&P, &Host<P>) -> R + Send + 'static,
        R: Send + 'static,
        D: FnOnce(&P, &Host<P>, Option<&Client<P>>, Option<R>) + Send + 'static,
    {
        let job = Box::into_raw(Box::new(Job {
            work: Some(work),
            result: None::<R>,
            done,
        }));
        let client = client.map_or(0, |id| id.0);
        let offload = self.table().offload;
        // SAFETY: any thread may offload. The job is Send; it is worked on by one thread after the
        // other, and `run_done` frees it.
        let result = unsafe {
            offload(
                self.raw(),
                client,
                Some(run_work::<P, W, R, D>),
                Some(run_done::<P, W, R, D>),
                job as *mut c_void,
            )
        };
        if result != 0 {
            // SAFETY: neither function is called then.
            drop(unsafe { Box::from_raw(job) });
        }
        Failure::check(result, "offload")
    }
}

unsafe extern "C" fn run_work<P, W, R, D>(instance: *mut sl_instance, context: *mut c_void)
where
    P: Plugin,
    W: FnOnce(&P, &Host<P>) -> R,
{
    caught(instance, || {
        // SAFETY: it is a job of `offload`, and nobody else has it now.
        let job = unsafe { &mut *(context as *mut Job<W, R, D>) };
        // SAFETY: the instance is there until `done` has returned.
        let inner = unsafe { Inner::<P>::of(instance) };
        if let Some(work) = job.work.take() {
            job.result = inner.while_served(|plugin| work(plugin, &inner.host));
        }
    });
}

unsafe extern "C" fn run_done<P, W, R, D>(
    instance: *mut sl_instance,
    client: *mut sl_client,
    context: *mut c_void,
) where
    P: Plugin,
    D: FnOnce(&P, &Host<P>, Option<&Client<P>>, Option<R>),
{
    caught(instance, || {
        // SAFETY: the last call about this job.
        let job = *unsafe { Box::from_raw(context as *mut Job<W, R, D>) };
        // SAFETY: the instance is there until this returns.
        let inner = unsafe { Inner::<P>::of(instance) };
        inner.with_client(client, |plugin, host, client| {
            (job.done)(plugin, host, client, job.result)
        });
    });
}
