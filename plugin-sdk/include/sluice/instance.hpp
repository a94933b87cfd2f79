/*
 * sluice/instance.hpp - what an instance may ask the server for: options, metrics, storage, timers,
 * work on other threads, HTTP requests. Included by sluice/plugin.hpp; the rules of
 * sluice/client.hpp hold here, too.
 */
#ifndef SLUICE_INSTANCE_HPP
#define SLUICE_INSTANCE_HPP

#include <sluice/client.hpp>
#include <sluice/life.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace sluice
{

/* ------------------------------------------------------------------------------------- options */

/* The value of an option, or a part of one. One that is not set is false, 0 and empty. */
class Value
{
  public:
    Value(const sl_host *host, const sl_value *value) : host_(host), value_(value) {}
    explicit operator bool() const
    {
        return value_ != nullptr;
    }
    bool boolean() const
    {
        return host_->value_bool(value_);
    }
    std::int64_t integer() const
    {
        return host_->value_integer(value_);
    }
    double number() const
    {
        return host_->value_number(value_);
    }
    nanoseconds duration() const
    {
        return nanoseconds(integer());
    }
    std::string_view text() const
    {
        return view(host_->value_string(value_));
    }
    const char *c_str() const
    {
        const char *text = host_->value_string(value_).data;
        return text != nullptr ? text : "";
    }
    std::size_t size() const
    {
        return host_->value_count(value_);
    }
    Value operator[](std::size_t index) const
    {
        return {host_, host_->value_at(value_, index)};
    }
    std::string_view key(std::size_t index) const
    {
        return view(host_->value_key(value_, index));
    }
    Value member(const char *name) const
    {
        return {host_, host_->value_member(value_, name)};
    }

  private:
    const sl_host *host_;
    const sl_value *value_;
};

/* ------------------------------------------------------------------------------------- metrics */

class Metric
{
  public:
    Metric() = default;
    Metric(const sl_host *host, sl_metric *metric) : host_(host), metric_(metric) {}
    void add(double amount = 1) const
    {
        host_->metric_add(metric_, amount);
    }
    void set(double value) const
    {
        host_->metric_set(metric_, value);
    }
    void observe(double value) const
    {
        host_->metric_observe(metric_, value);
    }

  private:
    const sl_host *host_ = nullptr;
    sl_metric *metric_ = nullptr;
};

/* ------------------------------------------------------------------------------------- storage */

/* One of the server's tables. */
class Storage
{
  public:
    Storage(const sl_instance *self, sl_storage_scope scope) : self_(self), scope_(scope) {}
    /* Nothing if there is no such key, or no memory. */
    std::optional<std::string> get(std::string_view key) const
    {
        std::string value(256, '\0');
        for (;;) {
            const std::int64_t len =
                self_->host->storage_get(self_, scope_, c_string(key), value.data(), value.size());
            if (len < 0)
                return std::nullopt;
            const bool is_whole = static_cast<std::size_t>(len) <= value.size();
            value.resize(static_cast<std::size_t>(len));
            if (is_whole)
                return value;
        }
    }
    int set(std::string_view key, std::string_view value, nanoseconds age = {}) const
    {
        return self_->host->storage_set(self_, scope_, c_string(key), c_string(value), age.count());
    }
    /* If its value is `expected`, or it is not there; with no value it is deleted. */
    int replace(std::string_view key, std::optional<std::string_view> expected,
                std::optional<std::string_view> value, nanoseconds age = {}) const
    {
        const sl_string before = c_string(expected.value_or(""));
        const sl_string after = c_string(value.value_or(""));
        return self_->host->storage_replace(self_, scope_, c_string(key),
                                            expected ? &before : nullptr, value ? &after : nullptr,
                                            age.count());
    }
    /* The counter afterwards. */
    std::optional<std::int64_t> add(std::string_view key, std::int64_t amount,
                                    nanoseconds age = {}) const
    {
        std::int64_t sum = 0;
        const int error =
            self_->host->storage_add(self_, scope_, c_string(key), amount, age.count(), &sum);
        return error == 0 ? std::optional(sum) : std::nullopt;
    }
    bool erase(std::string_view key) const
    {
        return self_->host->storage_delete(self_, scope_, c_string(key)) == 0;
    }
    /* Calls visit(key) for each entry. */
    template <std::invocable<std::string_view> Visit> void each_key(Visit visit) const
    {
        sl_storage_cursor cursor{};
        sl_storage_entry entry{};
        entry.struct_size = sizeof entry;
        while (self_->host->storage_next(self_, scope_, &cursor, &entry) == 0)
            visit(std::string_view(entry.key, entry.key_len));
    }

  private:
    const sl_instance *self_;
    sl_storage_scope scope_;
};

/* ------------------------------------------------------------------------------------ services */

/* A service that was found, or none: `directory->count(directory.provider())`. */
template <class Table> class Service
{
  public:
    Service() = default;
    explicit Service(const sl_service *service) : service_(service) {}
    explicit operator bool() const
    {
        return service_ != nullptr;
    }
    const Table *operator->() const
    {
        return static_cast<const Table *>(service_->table);
    }
    sl_instance *provider() const
    {
        return service_->provider;
    }

  private:
    const sl_service *service_ = nullptr;
};

/* -------------------------------------------------------------------------------------- events */

/* What another instance of the pipeline has told of. */
class Event
{
  public:
    explicit Event(const sl_event *event) : event_(event) {}
    std::string_view name() const
    {
        return view(event_->name);
    }
    /* The name of the instance that has emitted it. */
    std::string_view emitter() const
    {
        return event_->emitter;
    }
    /* As it was emitted: any bytes, which nobody has looked at. */
    std::span<const std::byte> payload() const
    {
        return std::as_bytes(std::span(event_->payload.data, event_->payload.len));
    }
    std::string_view text() const
    {
        return view(event_->payload);
    }

  private:
    const sl_event *event_;
};

/* ------------------------------------------------------------------------------- descriptors */

/* A descriptor that is watched until this goes, which is not later than the plugin's object. It
 * stays whoever's it was, and is not closed before. Or none: it could not be watched. */
class Watch
{
  public:
    Watch() = default;
    Watch(sl_instance *self, std::uint64_t id) : self_(self), id_(id) {}
    Watch(Watch &&other) noexcept : self_(other.self_), id_(std::exchange(other.id_, 0)) {}
    Watch &operator=(Watch &&other) noexcept
    {
        if (this != &other) {
            end();
            self_ = other.self_;
            id_ = std::exchange(other.id_, 0);
        }
        return *this;
    }
    ~Watch()
    {
        end();
    }
    explicit operator bool() const
    {
        return id_ != 0;
    }
    std::uint64_t id() const
    {
        return id_;
    }
    /* `events`: SL_FD_READ, SL_FD_WRITE, both, or 0. */
    [[nodiscard]] bool change(std::uint32_t events) const
    {
        return id_ != 0 && self_->host->fd_change(self_, id_, events) == 0;
    }
    /* On another thread than that of the callbacks one of them may still be under way. */
    void end()
    {
        if (id_ != 0)
            self_->host->fd_unwatch(self_, std::exchange(id_, 0));
    }

  private:
    sl_instance *self_ = nullptr;
    std::uint64_t id_ = 0;
};

/* -------------------------------------------------------------------- create finishes later */

/* Owed to the server by an instance that is to begin later, and not longer than its object is
 * there. If it goes before, the instance cannot begin. Any thread. */
class Creation
{
  public:
    Creation() = default;
    Creation(const sl_host *host, sl_ticket ticket) : host_(host), ticket_(ticket) {}
    Creation(Creation &&other) noexcept
        : host_(std::exchange(other.host_, nullptr)), ticket_(other.ticket_)
    {
    }
    Creation &operator=(Creation &&other) noexcept
    {
        if (this != &other) {
            drop();
            host_ = std::exchange(other.host_, nullptr);
            ticket_ = other.ticket_;
        }
        return *this;
    }
    ~Creation()
    {
        drop();
    }
    explicit operator bool() const
    {
        return host_ != nullptr;
    }
    /* False, of both: it is over already, or empty. */
    bool ready()
    {
        return complete(nullptr);
    }
    bool fail(const char *sentence)
    {
        return complete(sentence);
    }

  private:
    bool complete(const char *error)
    {
        const sl_host *host = std::exchange(host_, nullptr);
        return host != nullptr && host->create_complete(ticket_, error) == 0;
    }
    void drop()
    {
        complete("what it waited for was given up");
    }
    const sl_host *host_ = nullptr;
    sl_ticket ticket_{};
};

/* Thrown by a constructor when the operator has been told already why it cannot go on. */
struct Failed {
};

/* ------------------------------------------------------------------------------ HTTP requests */

/* As struct sl_http_request; what is 0 or empty has the default that stands there. */
struct HttpRequest {
    std::string_view url = {};
    std::string_view method = {};
    std::span<const Pair> headers = {};
    std::string_view body = {};
    nanoseconds timeout = {};
    std::size_t max_head = 0;
    std::size_t max_body = 0;
    const char *ca_file = nullptr;
    std::uint32_t max_redirects = 0;
    std::uint32_t flags = 0;
};

class HttpResponse
{
  public:
    HttpResponse(const sl_host *host, const sl_http_response *response)
        : host_(host), response_(response)
    {
    }
    sl_http_outcome outcome() const
    {
        return response_->outcome;
    }
    int status() const
    {
        return response_->status;
    }
    std::string_view error() const
    {
        return view(response_->error);
    }
    std::string_view body() const
    {
        return view(response_->body);
    }
    nanoseconds duration() const
    {
        return nanoseconds(response_->duration);
    }
    std::optional<std::string_view> header(const char *name) const
    {
        return detail::found(
            [&](sl_string *found) { return host_->http_header(response_, name, found); });
    }

  private:
    const sl_host *host_;
    const sl_http_response *response_;
};

/* ------------------------------------------------------------------------------------ instance */

namespace detail
{

/* Logs what was thrown. No exception leaves a function that the server calls: it is written in C.
 */
inline void log_exception(const sl_instance *self, const char *where) noexcept
{
    try {
        throw;
    } catch (const std::exception &exception) {
        sl_log(self, SL_LOG_ERROR, "%s: %s", where, exception.what());
    } catch (...) {
        sl_log(self, SL_LOG_ERROR, "%s: an exception that is no std::exception", where);
    }
}

template <class Call>
void call_and_log(const sl_instance *self, const char *where, Call call) noexcept
{
    try {
        call();
    } catch (...) {
        log_exception(self, where);
    }
}

inline std::optional<Client> perhaps(sl_instance *self, sl_client *client)
{
    return client != nullptr ? std::optional(Client(self, client)) : std::nullopt;
}

/* What is kept of work without a result: that it was done. */
struct Nothing {
};

/* Calls call() for an instance that has a plugin's object, and only while that is there. */
template <class Call>
void call_while_there(const sl_instance *self, Life *life, const char *where, Call call) noexcept
{
    if (life == nullptr)
        call_and_log(self, where, call);
    else
        life->while_there([&] { call_and_log(self, where, std::ref(call)); });
}

/* What is to be called when something comes back. */
template <class Done> struct Kept {
    Life *life;
    Done done;
};

/* Work, what is to be called afterwards, and the result in between. */
template <class Work, class Done> struct Job {
    using Returned = std::invoke_result_t<Work &>;
    using Result = std::conditional_t<std::is_void_v<Returned>, Nothing, Returned>;

    Life *life;
    Work work;
    Done done;
    std::optional<Result> result = {};

    static void run(sl_instance *self, void *context)
    {
        Job *job = static_cast<Job *>(context);
        call_while_there(self, job->life, "offloaded work", [job] {
            if constexpr (std::is_void_v<Returned>) {
                job->work();
                job->result.emplace();
            } else {
                job->result.emplace(job->work());
            }
        });
    }
    static void finish(sl_instance *self, sl_client *client, void *context)
    {
        std::unique_ptr<Job> job(static_cast<Job *>(context));
        call_while_there(self, job->life, "after offloaded work", [&] {
            if constexpr (std::is_void_v<Returned>)
                job->done(perhaps(self, client), job->result.has_value());
            else
                job->done(perhaps(self, client), std::move(job->result));
        });
    }
};

template <class Done>
void http_done(sl_instance *self, sl_client *client, const sl_http_response *response,
               void *context)
{
    std::unique_ptr<Kept<Done>> kept(static_cast<Kept<Done> *>(context));
    call_while_there(self, kept->life, "after an HTTP request", [&] {
        kept->done(perhaps(self, client), HttpResponse(self->host, response));
    });
}

template <class Done> void list_done(sl_instance *self, const sl_client_page *page, void *context)
{
    std::unique_ptr<Kept<Done>> kept(static_cast<Kept<Done> *>(context));
    call_while_there(self, kept->life, "after a list of clients", [&] {
        kept->done(std::span<const std::uint64_t>(page->ids, page->count), page->cursor);
    });
}

} // namespace detail

/* One use of the plugin in a pipeline. */
class Instance
{
  public:
    explicit Instance(sl_instance *self, detail::Life *life = nullptr) : self_(self), life_(life) {}
    sl_instance *c_instance() const
    {
        return self_;
    }
    std::string_view instance_name() const
    {
        return self_->name;
    }
    std::string_view endpoint() const
    {
        return self_->endpoint;
    }
    sl_mode mode() const
    {
        return self_->host->mode(self_);
    }
    void log(sl_log_level level, std::string_view text) const
    {
        if (self_->host->log_enabled(level))
            self_->host->log(self_, level, text.data(), text.size());
    }
    /* nullptr: it is ready again. */
    void set_unready(const char *reason) const
    {
        self_->host->set_unready(self_, reason);
    }
    nanoseconds timeout() const
    {
        return nanoseconds(self_->host->timeout(self_));
    }
    nanoseconds now() const
    {
        return nanoseconds(self_->host->time_monotonic());
    }
    std::chrono::sys_time<nanoseconds> wall_time() const
    {
        return std::chrono::sys_time<nanoseconds>(nanoseconds(self_->host->time_wall()));
    }
    Value option(const char *name) const
    {
        return {self_->host, self_->host->option(self_, name)};
    }

    /* -- metrics, in the constructor */
    Metric counter(const char *name, const char *help) const
    {
        return metric(SL_COUNTER, name, help, {});
    }
    Metric gauge(const char *name, const char *help) const
    {
        return metric(SL_GAUGE, name, help, {});
    }
    Metric histogram(const char *name, const char *help, std::span<const double> buckets) const
    {
        return metric(SL_HISTOGRAM, name, help, buckets);
    }

    /* -- other clients; an endpoint of nullptr is the instance's own */
    bool send(std::uint64_t client, Payload what) const
    {
        return self_->host->send(self_, client, what.type, what.data.data(), what.data.size()) == 0;
    }
    bool send_control(std::uint64_t client, Payload what) const
    {
        return self_->host->send_control(self_, client, what.type, what.data.data(),
                                         what.data.size()) == 0;
    }
    bool close(std::uint64_t client, int code, const char *reason) const
    {
        return self_->host->close(self_, client, code, reason) == 0;
    }
    bool broadcast(Payload what, const char *endpoint = nullptr) const
    {
        return self_->host->broadcast(self_, endpoint, what.type, what.data.data(),
                                      what.data.size()) == 0;
    }
    int publish(std::string_view topic, Payload what, const char *endpoint = nullptr) const
    {
        return self_->host->publish(self_, endpoint, topic.data(), topic.size(), what.type,
                                    what.data.data(), what.data.size());
    }
    bool send_to_identity(std::string_view identity, Payload what,
                          const char *endpoint = nullptr) const
    {
        return self_->host->send_to_identity(self_, endpoint, identity.data(), identity.size(),
                                             what.type, what.data.data(), what.data.size()) == 0;
    }
    std::int64_t client_count(const char *endpoint = nullptr) const
    {
        return self_->host->client_count(self_, endpoint);
    }
    std::int64_t topic_count(std::string_view topic, const char *endpoint = nullptr) const
    {
        return self_->host->topic_count(self_, endpoint, topic.data(), topic.size());
    }
    std::int64_t identity_count(std::string_view identity, const char *endpoint = nullptr) const
    {
        return self_->host->identity_count(self_, endpoint, identity.data(), identity.size());
    }
    /* Then done(ids, cursor of the next page or 0). */
    template <std::invocable<std::span<const std::uint64_t>, std::uint64_t> Done>
    [[nodiscard]] bool list_clients(sl_client_query query, Done done) const
    {
        begin("list_clients");
        auto *kept = new detail::Kept<Done>{life_, std::move(done)}; /* list_done frees it. */
        query.struct_size = sizeof query;
        const bool is_taken =
            self_->host->client_list(self_, &query, detail::list_done<Done>, kept) == 0;
        if (!is_taken)
            delete kept;
        return is_taken;
    }

    /* -- storage */
    Storage storage() const
    {
        return {self_, SL_STORAGE_INSTANCE};
    }
    Storage endpoint_storage() const
    {
        return {self_, SL_STORAGE_ENDPOINT};
    }

    /* -- services, in the constructor. If there is none, the operator is told; a constructor that
     * needs it throws Failed then. */
    template <class Table>
    [[nodiscard]] bool provide_service(const char *name, std::uint16_t major, std::uint16_t minor,
                                       const Table &table) const
    {
        return self_->host->service_provide(self_, name, major, minor, &table) == 0;
    }
    template <class Table>
    Service<Table> find_service(const char *name, std::uint16_t major, std::uint16_t minor) const
    {
        return Service<Table>(self_->host->service_find(self_, name, major, minor));
    }

    /* -- events: on_event of the others that listen has returned when this returns. The client is
     * the one that a hook is about. False: an event is being heard on this thread, or, where
     * somebody listens, it is not a name, or the payload is too long. */
    bool emit(std::string_view name, std::span<const std::byte> payload = {},
              std::optional<Client> client = std::nullopt) const
    {
        const std::string_view bytes(reinterpret_cast<const char *>(payload.data()),
                                     payload.size());
        return emit(name, bytes, client);
    }
    bool emit(std::string_view name, std::string_view payload,
              std::optional<Client> client = std::nullopt) const
    {
        return self_->host->event_emit(self_, client ? client->c_client() : nullptr, c_string(name),
                                       c_string(payload)) == 0;
    }

    /* In the constructor or start(): clients come once the Creation is ready. */
    [[nodiscard]] Creation defer_create() const
    {
        sl_ticket ticket{};
        if (self_->host->create_defer(self_, &ticket) != 0)
            throw std::logic_error("create is deferred once, in the constructor or start()");
        return {self_->host, ticket};
    }

    /* -- Timers, work, requests, lists of clients and watches: not in the constructor, where they
     * throw, but from start() on. */

    /* -- timers: on_timer(timer, tag) is called. 0: no timer. */
    [[nodiscard]] std::uint64_t start_timer(nanoseconds after, nanoseconds every = {},
                                            std::uint64_t tag = 0) const
    {
        begin("start_timer");
        return self_->host->timer_start(self_, after.count(), every.count(), tag);
    }
    void stop_timer(std::uint64_t timer) const
    {
        self_->host->timer_stop(self_, timer);
    }

    /*
     * Calls work() on a thread of the pool, then done(client, result) on the client's thread. The
     * client is std::nullopt if it is gone, or `client` is 0. The result is a std::optional of what
     * work returned, and empty if it threw something, which is logged, or did not run; if it
     * returns nothing, a bool. False: neither is called.
     */
    template <std::invocable Work, class Done>
    [[nodiscard]] bool offload(std::uint64_t client, Work work, Done done) const
    {
        using Job = detail::Job<Work, Done>;
        begin("offload");
        auto *job = new Job{life_, std::move(work), std::move(done)}; /* Job::finish frees it. */
        const bool is_taken = self_->host->offload(self_, client, Job::run, Job::finish, job) == 0;
        if (!is_taken)
            delete job;
        return is_taken;
    }
    /* Nothing, or what is wrong with it. */
    std::optional<std::string_view> http_url_error(std::string_view url) const
    {
        const char *error = self_->host->http_url_error(c_string(url));
        return error != nullptr ? std::optional<std::string_view>(error) : std::nullopt;
    }
    /* Then done(client, response), as with offload. False: it is not called. */
    template <std::invocable<std::optional<Client>, HttpResponse> Done>
    [[nodiscard]] bool http_request(std::uint64_t client, const HttpRequest &request,
                                    Done done) const
    {
        begin("http_request");
        auto *kept = new detail::Kept<Done>{life_, std::move(done)}; /* http_done frees it. */
        sl_http_request asked{};
        asked.struct_size = sizeof asked;
        asked.flags = request.flags;
        asked.url = c_string(request.url);
        asked.method = c_string(request.method);
        asked.headers = request.headers.data();
        asked.header_count = request.headers.size();
        asked.body = c_string(request.body);
        asked.timeout = request.timeout.count();
        asked.max_head = request.max_head;
        asked.max_body = request.max_body;
        asked.ca_file_cstr = request.ca_file;
        asked.max_redirects = request.max_redirects;
        const bool is_taken =
            self_->host->http_request(self_, client, &asked, detail::http_done<Done>, kept) == 0;
        if (!is_taken)
            delete kept;
        return is_taken;
    }

  protected:
    /* What comes back could find an object that is not whole, or has gone. */
    void begin(const char *what) const
    {
        if (life_ != nullptr && life_->is_constructing())
            throw std::logic_error(std::string(what) +
                                   " is not for the constructor: begin it in start()");
    }

  private:
    Metric metric(sl_metric_kind kind, const char *name, const char *help,
                  std::span<const double> buckets) const
    {
        return {self_->host,
                self_->host->metric(self_, kind, name, help,
                                    buckets.empty() ? nullptr : buckets.data(), buckets.size())};
    }
    sl_instance *self_;
    detail::Life *life_;
};

} // namespace sluice
#endif
