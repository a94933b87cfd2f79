//! What goes on beside clients: descriptors that are watched, and a create that finishes later.

use crate::Rusty;
use sluice::*;
use std::io::Read;
use std::os::unix::net::UnixStream;

impl Rusty {
    /// How it ends is the greeting.
    pub(crate) fn begin_later(&self, host: &Host<Self>) -> Result<()> {
        let ticket = host.create_defer()?;
        if host.create_defer().is_ok() {
            return Err("there are two tickets".into());
        }
        let work = move |plugin: &Rusty, _: &Host<Self>| match &**plugin.greeting.lock().unwrap() {
            "ready" => ticket.ready(),
            "failed" => ticket.fail("nothing has come of it"),
            _ => Ok(drop(ticket)),
        };
        Ok(host.offload(None, work, |_, host, _, result| {
            info!(host, "begun: {:?}", result);
        })?)
    }

    /// Whatever comes is broadcast; at its end it is watched no more.
    pub(crate) fn watch(&self, host: &Host<Self>) -> Result<()> {
        let (near, far) = UnixStream::pair()?;
        near.set_nonblocking(true)?;
        let mut calls = 0;
        let ready =
            move |plugin: &Rusty, host: &Host<Self>, mut from: &UnixStream, events: FdEvents| {
                let mut bytes = [0; 100];
                calls += 1;
                match from.read(&mut bytes) {
                    Ok(0) => *plugin.watched.lock().unwrap() = None,
                    Ok(len) if bytes[0] == b'!' => panic!("{} bytes", len),
                    Ok(len) => {
                        let text = String::from_utf8_lossy(&bytes[..len]);
                        let _ =
                            host.broadcast(&format!("{} {} {}", text, calls, events.can_write()));
                    }
                    Err(_) => warn!(host, "ready for nothing: {:?}", events),
                }
            };
        let watch = host.fd_watch(near, FdEvents::READ, ready)?;
        *self.watched.lock().unwrap() = Some((watch, far));
        Ok(())
    }

    /// Not a descriptor that can be watched; then one whose watch is forgotten, and ends with the instance.
    pub(crate) fn watch_in_vain(&self, host: &Host<Self>) -> Result<bool> {
        let (near, _far) = UnixStream::pair()?;
        let watch = host.fd_watch(near, FdEvents::NONE, |_, _, _, _| ())?;
        let again = watch.get().try_clone()?;
        watch.change(FdEvents::READ | FdEvents::WRITE)?;
        watch.change(FdEvents::NONE)?;
        std::mem::forget(watch);
        let is_closed = host
            .fd_watch(again, FdEvents::NONE, |_, _, _, _| ())
            .map(drop);
        Ok(is_closed.is_ok())
    }
}
