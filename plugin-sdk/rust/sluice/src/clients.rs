//! Lists of clients, a page at a time.

use crate::instance::Inner;
use crate::panics::caught;
use crate::sys::{sl_client_page, sl_client_query, sl_instance};
use crate::text::{string_of, with_cstr};
use crate::{ClientId, Failure, Host, Plugin};
use std::os::raw::{c_char, c_void};

/// Which clients are listed: without more, all of the endpoint.
#[derive(Debug, Clone, Default)]
pub struct ClientQuery {
    max: u32,
    endpoint: Option<String>,
    identity: String,
    cursor: u64,
}

impl ClientQuery {
    /// All clients of the endpoint.
    pub fn new() -> ClientQuery {
        ClientQuery::default()
    }

    /// How many a page has, up to 1024.
    pub fn max(mut self, max: u32) -> ClientQuery {
        self.max = max;
        self
    }

    /// Those of another endpoint.
    pub fn endpoint(mut self, path: &str) -> ClientQuery {
        self.endpoint = Some(path.into());
        self
    }

    /// Only those with that identity.
    pub fn identity(mut self, identity: &str) -> ClientQuery {
        self.identity = identity.into();
        self
    }

    /// The page that begins there.
    pub fn from(mut self, cursor: ClientCursor) -> ClientQuery {
        self.cursor = cursor.0;
        self
    }
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientCursor(u64);

/// Some of the clients, in no order. One that is named may have gone since.
#[derive(Debug, Clone, Copy)]
pub struct ClientPage<'a> {
    ids: &'a [u64],
    cursor: u64,
}

impl<'a> ClientPage<'a> {
    /// How many it has.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Their ids.
    pub fn ids(&self) -> impl Iterator<Item = ClientId> + 'a {
        self.ids.iter().map(|id| ClientId(*id))
    }

    /// Where the next page begins; None: this was the last one.
    pub fn next(&self) -> Option<ClientCursor> {
        (self.cursor != 0).then(|| ClientCursor(self.cursor))
    }
}

impl<P: Plugin> Host<P> {
    /// Lists clients: `done` is called with a page of them, on the instance's thread. A client that is
    /// connected from the first call to the last page is in exactly one page. Fails if there is no such
    /// endpoint, or 16 lists of the instance are under way.
    pub fn client_list<D>(&self, query: &ClientQuery, done: D) -> Result<(), Failure>
    where
        D: FnOnce(&P, &Host<P>, ClientPage) + Send + 'static,
    {
        match &query.endpoint {
            None => self.list_clients(query, std::ptr::null(), done),
            Some(path) => with_cstr(path, |path| self.list_clients(query, path, done))
                .unwrap_or(Err(Failure::Failed("client_list"))),
        }
    }

    fn list_clients<D>(
        &self,
        query: &ClientQuery,
        endpoint_cstr: *const c_char,
        done: D,
    ) -> Result<(), Failure>
    where
        D: FnOnce(&P, &Host<P>, ClientPage) + Send + 'static,
    {
        let query = sl_client_query {
            struct_size: std::mem::size_of::<sl_client_query>() as u32,
            max: query.max,
            endpoint_cstr,
            identity: string_of(query.identity.as_bytes()),
            cursor: query.cursor,
        };
        let done = Box::into_raw(Box::new(done));
        let list = self.table().client_list;
        // SAFETY: any thread may list, and the query is copied. `done` is Send, and `run_done` frees it.
        let result = unsafe {
            list(
                self.raw(),
                &query,
                Some(run_done::<P, D>),
                done as *mut c_void,
            )
        };
        if result != 0 {
            // SAFETY: it is not called then.
            drop(unsafe { Box::from_raw(done) });
        }
        Failure::check(result, "client_list")
    }
}

unsafe extern "C" fn run_done<P, D>(
    instance: *mut sl_instance,
    page: *const sl_client_page,
    context: *mut c_void,
) where
    P: Plugin,
    D: FnOnce(&P, &Host<P>, ClientPage),
{
    caught(instance, || {
        // SAFETY: the only call about this list.
        let done = *unsafe { Box::from_raw(context as *mut D) };
        // SAFETY: the instance is there until this returns, and the page as well.
        let (inner, page) = unsafe { (Inner::<P>::of(instance), &*page) };
        let ids = if page.count == 0 {
            &[]
        } else {
            // SAFETY: as above; it has so many.
            unsafe { std::slice::from_raw_parts(page.ids, page.count as usize) }
        };
        let page = ClientPage {
            ids,
            cursor: page.cursor,
        };
        inner.while_served(|plugin| done(plugin, &inner.host, page));
    });
}
