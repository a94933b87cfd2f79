//! shout: turns text messages into capital letters.
#![forbid(unsafe_code)]

use sluice::{Client, Host, Message, OnMessage, Plugin, Result, Setup, Verdict};

struct Shout;

impl Plugin for Shout {
    type Client = ();

    fn create(_setup: &Setup<Self>) -> Result<Self> {
        Ok(Shout)
    }
}

impl OnMessage for Shout {
    fn on_message(
        &self,
        _host: &Host<Self>,
        _client: &Client<Self>,
        message: &mut Message,
    ) -> Result<Verdict> {
        // What the server lends does not outlive a change, so the new text is made at once.
        if let Some(loud) = message.text().map(str::to_uppercase) {
            message.replace(&loud)?;
        }
        Ok(Verdict::Continue)
    }
}

sluice::plugin! {
    Shout,
    name: "shout",
    version: env!("CARGO_PKG_VERSION"),
    summary: "Turns text into capital letters",
    license: "MIT",
}
