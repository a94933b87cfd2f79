//! HTTP requests without a thread of the plugin's own.

use crate::completion::pairs_of;
use crate::instance::Inner;
use crate::panics::caught;
use crate::sys::{self, sl_client, sl_http_request, sl_http_response, sl_instance};
use crate::text::{bytes_of, duration, nanoseconds, string_of, text_of, with_cstr, EMPTY};
use crate::{Client, ClientId, Failure, Host, Plugin};
use std::os::raw::{c_char, c_void};
use std::time::Duration;

/// A request. Redirects are not followed unless it says so; certificates are always verified.
#[derive(Debug, Clone, Default)]
pub struct HttpRequest {
    url: String,
    method: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    timeout: Option<Duration>,
    max_body: usize,
    ca_file: Option<String>,
    max_redirects: u32,
    flags: u32,
}

impl HttpRequest {
    /// GET, or POST if it gets a body, of a URL with http or https.
    pub fn new(url: &str) -> HttpRequest {
        HttpRequest {
            url: url.into(),
            ..HttpRequest::default()
        }
    }

    /// Another method.
    pub fn method(mut self, method: &str) -> HttpRequest {
        self.method = method.into();
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> HttpRequest {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Its body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> HttpRequest {
        self.body = body.into();
        self
    }

    /// For all of it, the wait for a turn too; without this 10 s.
    pub fn timeout(mut self, timeout: Duration) -> HttpRequest {
        self.timeout = Some(timeout);
        self
    }

    /// How large the response's body may be; without this 64 KiB.
    pub fn max_body(mut self, bytes: usize) -> HttpRequest {
        self.max_body = bytes;
        self
    }

    /// The authorities to trust instead of the system's, a file in PEM.
    pub fn ca_file(mut self, path: &str) -> HttpRequest {
        self.ca_file = Some(path.into());
        self
    }

    /// How many redirects of GET and HEAD are followed.
    pub fn max_redirects(mut self, count: u32) -> HttpRequest {
        self.max_redirects = count;
        self
    }

    /// Goes through the proxy that the server's environment names.
    pub fn proxy_from_environment(mut self) -> HttpRequest {
        self.flags |= sys::SL_HTTP_PROXY_FROM_ENVIRONMENT;
        self
    }

    /// Does not keep the instance: it ends as cancelled once nothing else needs the instance.
    pub fn ends_with_instance(mut self) -> HttpRequest {
        self.flags |= sys::SL_HTTP_ENDS_WITH_INSTANCE;
        self
    }

    /// The circuit breaker is neither asked nor told.
    pub fn without_breaker(mut self) -> HttpRequest {
        self.flags |= sys::SL_HTTP_WITHOUT_BREAKER;
        self
    }
}

/// How a request has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpOutcome {
    /// The response is whole; its status may be any.
    Answered,
    /// No connection, TLS not verified, broken off, not HTTP, no memory.
    Failed,
    /// Not whole in time.
    Timeout,
    /// Larger than the request allows.
    TooLarge,
    /// Not sent: the other server has failed several times in a row.
    Refused,
    /// The client has gone, or the server stops.
    Cancelled,
}

/// What has come of a request.
pub struct HttpResponse<'a> {
    raw: &'a sl_http_response,
    header: unsafe extern "C" fn(
        *const sl_http_response,
        *const c_char,
        *mut crate::sys::sl_string,
    ) -> bool,
}

impl<'a> HttpResponse<'a> {
    /// How it has ended.
    pub fn outcome(&self) -> HttpOutcome {
        match self.raw.outcome {
            1 => HttpOutcome::Answered,
            3 => HttpOutcome::Timeout,
            4 => HttpOutcome::TooLarge,
            5 => HttpOutcome::Refused,
            6 => HttpOutcome::Cancelled,
            _ => HttpOutcome::Failed,
        }
    }

    /// 200 to 599; 0 unless it was answered.
    pub fn status(&self) -> u16 {
        u16::try_from(self.raw.status).unwrap_or(0)
    }

    /// A sentence for the log; empty if it was answered.
    pub fn error(&self) -> &'a str {
        // SAFETY: the server lends it to the function that is told.
        unsafe { text_of(self.raw.error) }
    }

    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let mut found = EMPTY;
        // SAFETY: as above.
        with_cstr(name, |name| unsafe {
            (self.header)(self.raw, name, &mut found)
        })?
        .then(|| unsafe { text_of(found) })
    }

    /// Its body.
    pub fn body(&self) -> &'a [u8] {
        // SAFETY: as above.
        unsafe { bytes_of(self.raw.body) }
    }

    /// How long it took.
    pub fn duration(&self) -> Duration {
        duration(self.raw.duration)
    }
}

impl<P: Plugin> Host<P> {
    /// Sends a request, and calls `done` with its response on the client's thread, or on the instance's.
    /// The client is None if it has gone, was taken away by a reload, or none was named. A client that
    /// goes takes its requests with it.
    pub fn http_request<D>(
        &self,
        client: Option<ClientId>,
        request: &HttpRequest,
        done: D,
    ) -> Result<(), Failure>
    where
        D: FnOnce(&P, &Host<P>, Option<&Client<P>>, &HttpResponse) + Send + 'static,
    {
        let headers = pairs_of(&request.headers);
        let raw = |ca_file_cstr| sl_http_request {
            struct_size: std::mem::size_of::<sl_http_request>() as u32,
            flags: request.flags,
            url: string_of(request.url.as_bytes()),
            method: string_of(request.method.as_bytes()),
            headers: headers.as_ptr(),
            header_count: headers.len(),
            body: string_of(&request.body),
            timeout: request.timeout.map_or(0, nanoseconds),
            max_head: 0,
            max_body: request.max_body,
            ca_file_cstr,
            max_redirects: request.max_redirects,
        };
        let id = client.map_or(0, |id| id.0);
        let done = Box::into_raw(Box::new(done));
        let send = |ca_file| {
            // SAFETY: any thread may send one, and all is copied; `run_done` frees `done`.
            unsafe {
                let send = self.table().http_request;
                send(
                    self.raw(),
                    id,
                    &raw(ca_file),
                    Some(run_done::<P, D>),
                    done as *mut c_void,
                )
            }
        };
        let result = match &request.ca_file {
            None => send(std::ptr::null()),
            Some(path) => with_cstr(path, send).unwrap_or(-1),
        };
        if result != 0 {
            // SAFETY: it is not called then.
            drop(unsafe { Box::from_raw(done) });
        }
        Failure::check(result, "http_request")
    }
}

unsafe extern "C" fn run_done<P, D>(
    instance: *mut sl_instance,
    client: *mut sl_client,
    response: *const sl_http_response,
    context: *mut c_void,
) where
    P: Plugin,
    D: FnOnce(&P, &Host<P>, Option<&Client<P>>, &HttpResponse),
{
    caught(instance, || {
        // SAFETY: the only call with this context.
        let done = *unsafe { Box::from_raw(context as *mut D) };
        // SAFETY: the instance is there until this returns, and so is the response.
        let (inner, raw) = unsafe { (Inner::<P>::of(instance), &*response) };
        inner.with_client(client, |plugin, host, client| {
            let response = HttpResponse {
                raw,
                header: host.table().http_header,
            };
            done(plugin, host, client, &response)
        });
    });
}
