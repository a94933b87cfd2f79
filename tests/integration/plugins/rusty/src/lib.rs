//! rusty: uses all of the crate of wrappers, one message for each part of it.
#![deny(unsafe_code)]

mod counting;
mod watching;

use sluice::*;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::Duration;

/// How many states of clients there are.
static LIVE: AtomicI64 = AtomicI64::new(0);

struct Rusty {
    greeting: Mutex<String>,
    seen: AtomicI64,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// What is watched, and the other end of it.
    watched: Mutex<Option<(Watch<Rusty, UnixStream>, UnixStream)>>,
    counted: Option<FoundService<counting::Counting>>,
    messages: Counter,
    depth: Gauge,
    sizes: Histogram,
}

struct Visit {
    name: String,
    messages: u32,
}

impl Default for Visit {
    fn default() -> Visit {
        LIVE.fetch_add(1, Ordering::SeqCst);
        Visit {
            name: "nobody".into(),
            messages: 0,
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Rusty {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.get_mut().unwrap().take() {
            let _ = thread.join();
        }
    }
}

impl Plugin for Rusty {
    type Client = Visit;

    fn create(setup: &Setup<Self>) -> Result<Self> {
        match setup.option("fails").text() {
            "error" => return Err("create cannot".into()),
            "panic" => panic!("create does not want to"),
            _ => {}
        }
        let list: Vec<&str> = setup.option("names").entries().map(|v| v.text()).collect();
        debug!(
            setup,
            "{} at {}: {:?}",
            setup.name(),
            setup.endpoint(),
            list
        );
        for name in setup.option("hears").entries() {
            setup.listen(name.text())?;
        }
        setup.provide_service(&counting::COUNTING)?;
        let counted = match setup.option("counts").text() {
            "what is before" => Some(setup.find_service()?),
            _ => None,
        };
        Ok(Rusty {
            greeting: Mutex::new(setup.option("greeting").text().to_owned()),
            seen: AtomicI64::new(0),
            thread: Mutex::new(None),
            watched: Mutex::new(None),
            counted,
            messages: setup.counter("messages_total", "Messages")?,
            depth: setup.gauge("depth", "Depth")?,
            sizes: setup.histogram("sizes", "Sizes", &[1.0, 10.0])?,
        })
    }

    fn start(&self, host: &Host<Self>) -> Result<()> {
        let how = host.option("fails").text();
        match how {
            "start" | "start wordless" => {}
            "later" => return self.begin_later(host),
            _ => return Ok(()),
        }
        host.timer_start(Duration::ZERO, None, 1)?;
        host.offload(None, |_, _| (), |_, _, _, _| panic!("nobody is to be told"))?;
        if how == "start wordless" {
            return Err(Wordless.into());
        }
        Err("start cannot".into())
    }
}

impl OnConnect for Rusty {
    fn on_connect(
        &self,
        host: &Host<Self>,
        client: &Client<Self>,
        request: &mut Request<Self>,
    ) -> Result<Admission> {
        client.state().name = request.header("X-Name").unwrap_or("nobody").to_owned();
        match request.query("want") {
            Some("deny") => {
                request.deny_header("Retry-After", "7")?;
                return Ok(request.deny(429, "slow down"));
            }
            Some("panic") => panic!("in on_connect"),
            Some("later") => {
                let ticket = request.defer(client, Defer::new().timeout(Duration::from_secs(1)))?;
                let done = move |_: &Rusty, _: &Host<Rusty>, _: Option<&Client<Rusty>>, _| {
                    let completion = Completion::proceed().identity("late").attribute("a", "b");
                    let _ = ticket.complete(completion);
                };
                host.offload(Some(client.id()), |_, _| (), done)?;
                return Ok(Admission::Defer);
            }
            _ => {}
        }
        if request.offered_subprotocol(0) == Some("chat") {
            request.select_subprotocol("chat")?;
        }
        client.identify(request.cookie("who").unwrap_or("somebody"))?;
        client.set_attribute("path", Some(request.path()))?;
        client.set_attribute("opens", request.query("opens"))?;
        Ok(Admission::Continue)
    }
}

impl OnOpen for Rusty {
    fn on_open(&self, host: &Host<Self>, client: &Client<Self>) -> Result<()> {
        if let Some(how) = client.attribute("opens") {
            return self.open_later(host, client, how);
        }
        if client.is_new() && client.state().name != "nobody" {
            client.send(&*self.greeting.lock().unwrap())?;
        }
        Ok(())
    }
}

impl OnClose for Rusty {
    fn on_close(&self, host: &Host<Self>, client: &Client<Self>, how: &Closed) {
        let state = client.state();
        info!(host, "{} left: {} {}", state.name, how.code(), how.reason());
        if how.code() == 4001 {
            panic!("in on_close");
        }
    }
}

impl Rusty {
    fn open_later(&self, host: &Host<Self>, client: &Client<Self>, how: String) -> Result<()> {
        let ticket = client.defer(Defer::new())?;
        let done = move |_: &Rusty, _: &Host<Rusty>, loaded: Option<&Client<Rusty>>, _| {
            if how == "refused" {
                let _ = ticket.complete(Completion::close(4004, "no such room"));
            } else if let Some(client) = loaded {
                let _ = client.send("history");
                let _ = ticket.complete(Completion::proceed().attribute("path", "loaded"));
            }
        };
        host.offload(Some(client.id()), |_, _| (), done)?;
        Ok(())
    }

    fn answer(
        &self,
        host: &Host<Self>,
        client: &Client<Self>,
        message: &mut Message,
        word: &str,
    ) -> Result<Verdict> {
        match word {
            "panic" => panic!("meant to be"),
            "error" => return Err("this cannot be".into()),
            "twice" => {
                let _first = client.state();
                let _second = client.state();
            }
            "live" => client.send(&LIVE.load(Ordering::SeqCst).to_string())?,
            "who" => {
                let identity = client.identity().unwrap_or_default();
                let path = client.attribute("path").unwrap_or_default();
                let state = client.state();
                client.send(&format!(
                    "{} {} {} {}",
                    identity,
                    path,
                    state.name,
                    client.ip()
                ))?;
            }
            "close" => return Ok(client.close_with(4000, "as you wish")),
            "thread" => {
                let ticket = message.defer(client, Defer::new())?;
                let handle = host.handle();
                let thread = std::thread::spawn(move || {
                    handle.with(|host| host.broadcast("from a thread"));
                    let _ = ticket.complete(Completion::proceed().replace("late"));
                });
                if let Some(before) = self.thread.lock().unwrap().replace(thread) {
                    let _ = before.join();
                }
                return Ok(Verdict::Defer);
            }
            "hold" => {
                message.defer(client, Defer::new())?;
                return Ok(Verdict::Defer);
            }
            "offload" => host.offload(
                Some(client.id()),
                |plugin, _| plugin.seen.load(Ordering::SeqCst) * 0 + 42,
                |_, _, client, result| {
                    if let (Some(client), Some(result)) = (client, result) {
                        let _ = client.send_control(&format!("offloaded {}", result));
                    }
                },
            )?,
            "offload panic" => host.offload(
                Some(client.id()),
                |_, _| panic!("at work"),
                |_, _, client, result: Option<()>| {
                    if let (Some(client), None) = (client, result) {
                        let _ = client.send("no result");
                    }
                },
            )?,
            "timer" => {
                host.timer_start(Duration::from_secs(3), None, 7)?;
                let stopped = host.timer_start(Duration::from_secs(1), None, 8)?;
                host.timer_stop(stopped);
            }
            "store" => self.store(host, client)?,
            "http" => {
                let request = HttpRequest::new("http://there.test/x").header("X-A", "b");
                host.http_request(Some(client.id()), &request, |_, _, client, response| {
                    if let Some(client) = client {
                        let header = response.header("x-c").unwrap_or("none");
                        let body = String::from_utf8_lossy(response.body()).into_owned();
                        let _ = client.send(&format!("{} {} {}", response.status(), header, body));
                    }
                })?;
            }
            "topics" => {
                client.subscribe("news")?;
                client.subscribe("sports")?;
                client.unsubscribe("sports");
                client.send(&client.topics().join(","))?;
                host.publish("news", &b"\x01\x02"[..])?;
                message.set_topic("news")?;
                return Ok(Verdict::Continue);
            }
            "watch" => self.watch(host)?,
            "watch in vain" => client.send(&self.watch_in_vain(host)?.to_string())?,
            "unwatch" => *self.watched.lock().unwrap() = None,
            "end" => {
                if let Some((_, far)) = &*self.watched.lock().unwrap() {
                    far.shutdown(std::net::Shutdown::Both)?;
                }
            }
            "list" => {
                let query = ClientQuery::new().max(10).identity("somebody");
                let asker = client.id();
                host.client_list(&query, move |_, host, page| {
                    let is_there = page.ids().any(|id| id == asker);
                    let text = format!("{} {} {:?}", page.len(), is_there, page.next());
                    let _ = host.send(asker, &text);
                })?;
                let nowhere = ClientQuery::new().endpoint("/no\0where");
                if host.client_list(&nowhere, |_, _, _| ()).is_ok() {
                    return Err("there is such an endpoint".into());
                }
            }
            "emit" => {
                let long = vec![b'x'; 65537];
                client.emit("rusty.said", b"hello")?;
                client.emit("rusty.said", b"\xff\0")?;
                host.emit("rusty.said", b"")?;
                client.emit("rusty.said", b"panic")?;
                client.emit("rusty.said", b"error")?;
                if host.emit("", b"x").is_ok() || host.emit("rusty.said", &long).is_ok() {
                    return Err("this is no event".into());
                }
                return Ok(Verdict::Continue);
            }
            "count" => match &self.counted {
                Some(found) => client.send(&counting::count(found, host).to_string())?,
                None => return Ok(Verdict::Continue),
            },
            "mode" => client.send(&format!("{:?} {:?}", host.mode(), host.timeout()))?,
            _ => return Ok(Verdict::Continue),
        }
        Ok(Verdict::Handled)
    }

    fn store(&self, host: &Host<Self>, client: &Client<Self>) -> Result<()> {
        let storage = host.storage();
        let large = vec![b'x'; 5000];
        storage.set(b"large", &large, None)?;
        let is_whole = storage.get(b"large")?.as_deref() == Some(&large[..]);
        let sum = storage.add(b"sum", 2, None)?;
        let is_set = storage.replace(b"new", None, Some(b"1"), Some(Duration::from_secs(9)))?;
        let is_new = storage.replace(b"new", None, Some(b"2"), None)?;
        let mut lens = Vec::new();
        storage.visit(|key, value, age| {
            lens.push((key.len(), value.len(), age.is_some()));
            true
        })?;
        lens.sort();
        let gone = (
            storage.delete(b"new")?,
            storage.delete(b"new")?,
            storage.get(b"new")?,
        );
        client.send(&format!(
            "{} {} {} {} {:?} {:?}",
            is_whole, sum, is_set, is_new, lens, gone
        ))?;
        Ok(())
    }
}

impl OnMessage for Rusty {
    fn on_message(
        &self,
        host: &Host<Self>,
        client: &Client<Self>,
        message: &mut Message,
    ) -> Result<Verdict> {
        self.seen.fetch_add(1, Ordering::SeqCst);
        self.messages.add(host, 1.0);
        self.sizes.observe(host, message.data().len() as f64);
        let messages = {
            let mut state = client.state();
            state.messages += 1;
            state.messages
        };
        self.depth.set(host, f64::from(messages));
        match message.text().map(str::to_owned) {
            Some(word) => self.answer(host, client, message, &word),
            None => {
                if let Some((_, far)) = &*self.watched.lock().unwrap() {
                    (&*far).write_all(message.data())?;
                }
                Ok(Verdict::Drop)
            }
        }
    }
}

impl OnTimer for Rusty {
    fn on_timer(&self, host: &Host<Self>, _timer: Timer, tag: u64) -> Result<()> {
        host.broadcast(&format!("tick {}", tag))?;
        if tag == 1 {
            panic!("an instance that could not start has no timers");
        }
        Err("ticked".into())
    }
}

/// An error whose text cannot be had.
#[derive(Debug)]
struct Wordless;

impl std::fmt::Display for Wordless {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("it has no words")
    }
}

impl std::error::Error for Wordless {}

/// An error that does not go.
#[derive(Debug)]
struct Sticky;

impl std::fmt::Display for Sticky {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        text.write_str("it sticks")
    }
}

impl std::error::Error for Sticky {}

impl Drop for Sticky {
    fn drop(&mut self) {
        panic!("it does not go")
    }
}

impl OnReload for Rusty {
    fn on_reload(&self, host: &Host<Self>) -> Result<Reload> {
        match host.option("fails").text() {
            "error" => Err("reload cannot".into()),
            "wordless" => Err(Wordless.into()),
            "sticky" => Err(Sticky.into()),
            "panic" => panic!("reload does not want to"),
            "replace" => Ok(Reload::Replace),
            _ => {
                *self.greeting.lock().unwrap() = host.option("greeting").text().to_owned();
                Ok(Reload::Taken)
            }
        }
    }
}

impl OnSubscribe for Rusty {
    fn on_subscribe(
        &self,
        _host: &Host<Self>,
        client: &Client<Self>,
        topic: &str,
    ) -> Result<Permission> {
        client.state().messages += 1;
        Ok(match topic {
            "secret" => Permission::Deny,
            _ => Permission::Continue,
        })
    }
}

impl OnPublish for Rusty {
    fn on_publish(
        &self,
        _host: &Host<Self>,
        origin: Option<&Client<Self>>,
        topic: &str,
        message: &mut Message,
    ) -> Result<Permission> {
        match (topic, message.text().map(str::to_owned), origin) {
            ("secret", _, _) => Ok(Permission::Deny),
            (_, Some(text), Some(_)) => {
                message.replace(&format!("<{}>", text))?;
                Ok(Permission::Continue)
            }
            _ => Ok(Permission::Continue),
        }
    }
}

impl OnEvent for Rusty {
    fn on_event(
        &self,
        host: &Host<Self>,
        client: Option<&Client<Self>>,
        event: &Event,
    ) -> Result<()> {
        match event.text() {
            Some("panic") => panic!("in on_event"),
            Some("error") => return Err("it is not heard".into()),
            _ => {}
        }
        let heard = format!(
            "{} of {}: {:?}",
            event.name(),
            event.emitter(),
            event.payload()
        );
        match client {
            Some(client) => client.send(&format!("{} to {}", heard, client.state().name))?,
            None => host.broadcast(&heard)?,
        }
        Ok(())
    }
}

impl OnCancel for Rusty {
    fn on_cancel(&self, host: &Host<Self>, ticket: Ticket, reason: CancelReason) {
        let is_over = ticket.complete(Completion::proceed()) == Err(Failure::Gone);
        warn!(host, "cancelled: {:?}, over: {}", reason, is_over);
    }
}

impl OnHandover for Rusty {
    fn save(&self) -> Vec<u8> {
        self.seen.load(Ordering::SeqCst).to_le_bytes().to_vec()
    }

    fn on_handover(&self, host: &Host<Self>, saved: &[u8], version: &str) {
        let seen = <[u8; 8]>::try_from(saved).map_or(0, i64::from_le_bytes);
        self.seen.fetch_add(seen, Ordering::SeqCst);
        info!(host, "{} messages of version {}", seen, version);
    }
}

sluice::plugin! {
    Rusty,
    name: "rusty",
    version: env!("CARGO_PKG_VERSION"),
    summary: "Uses all of the crate of wrappers",
    license: "MIT",
    options: [
        {"greeting": String, default: "welcome", minimum: 1, maximum: 20, summary: "What it says"},
        {"fails": Choice,
         choices: ["not", "error", "wordless", "sticky", "panic", "start", "start wordless", "later", "replace"],
         default: "not",
         summary: "How it fails"},
        {"counts": Choice, choices: ["nothing", "what is before"], default: "nothing",
         summary: "Whose messages it counts"},
        {"hears": Strings, summary: "To which events it listens"},
        {"names": Strings, summary: "Names"},
        {"header": String, credential: true, summary: "A header"},
    ],
}
