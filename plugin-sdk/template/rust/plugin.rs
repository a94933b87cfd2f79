//! @NAME@: lets a client send a limited number of messages.
//!
//! Hooks of one client run one at a time; hooks of different clients may run at once. So what belongs to
//! a client lies in its state, and what belongs to the instance does not change after `create`, is atomic
//! or has a lock: the compiler sees to it.
#![forbid(unsafe_code)]

use sluice::{Client, Counter, Host, Message, OnMessage, Plugin, Result, Setup, Verdict};

/// Of an instance: one use of the plugin in a pipeline.
struct Limit {
    limit: i64,
    dropped: Counter,
}

/// Of a client.
#[derive(Default)]
struct Sender {
    sent: i64,
}

impl Plugin for Limit {
    type Client = Sender;

    fn create(setup: &Setup<Self>) -> Result<Self> {
        Ok(Limit {
            limit: setup.option("limit").integer(),
            dropped: setup.counter("dropped_total", "Messages over the limit")?,
        }) // Or: Err("what the operator should read".into())
    }
}

impl OnMessage for Limit {
    fn on_message(
        &self,
        host: &Host<Self>,
        client: &Client<Self>,
        message: &mut Message,
    ) -> Result<Verdict> {
        let mut sender = client.state();
        if message.data() == b"count" {
            client.send(&format!("{} of {}", sender.sent, self.limit))?;
            return Ok(Verdict::Handled);
        }
        if sender.sent >= self.limit {
            self.dropped.add(host, 1.0);
            return Ok(Verdict::Drop);
        }
        sender.sent += 1;
        Ok(Verdict::Continue)
    }
}

sluice::plugin! {
    Limit,
    name: "@NAME@",
    version: env!("CARGO_PKG_VERSION"),
    summary: "Lets a client send a limited number of messages",
    license: "MIT",
    options: [
        {"limit": Integer, default: 100, minimum: 1, maximum: 1000000,
         summary: "How many messages of a client pass"},
    ],
}
