/*
 * sluice/plugin.hpp - plugins in C++20. A minimal one:
 *
 *     #include <sluice/plugin.hpp>
 *
 *     struct NotEmpty : sluice::Plugin<NotEmpty> {
 *         static constexpr sluice::About about{
 *             .name = "not-empty",
 *             .version = "1.0.0",
 *             .summary = "Drops empty messages",
 *             .license = "MIT",
 *         };
 *         using Plugin::Plugin;
 *
 *         sluice::Verdict on_message(sluice::Client, sluice::Message message)
 *         {
 *             return message.text().empty() ? SL_DROP : SL_CONTINUE;
 *         }
 *     };
 *
 *     SLUICE_PLUGIN(NotEmpty)
 *
 * An object of the class is an instance: its constructor is `create`, its destructor `destroy`. The
 * other hooks are the public members that it has of
 *
 *     void start()                                       right after the constructor, in `create`
 *     Verdict on_connect(Client, Request)
 *     void on_open(Client)
 *     Verdict on_message(Client, Message)
 *     void on_close(Client, const Close &)
 *     void on_timer(std::uint64_t timer, std::uint64_t tag)
 *     void on_cancel(sl_ticket, sl_cancel_reason)        of what this->defer has deferred
 *     void on_ready(std::uint64_t watch, int fd, std::uint32_t events)    of this->watch
 *     void on_reload()                                   or int: what the hook in C returns
 *     Verdict on_recheck(Client)
 *     Verdict on_subscribe(Client, std::string_view topic)
 *     Verdict on_publish(std::optional<Client> origin, std::string_view topic, Message)
 *     void on_handover(const sl_handover &)
 *     void on_event(std::optional<Client>, Event)        of other plugins, after this->listen
 *
 * and only those are in the plugin's table. Timers, offloaded work, HTTP requests, lists of
 * clients and watches are for start() and what comes after it, not for the constructor: they come
 * back on other threads, and must not find an object that is not whole. With Plugin<NotEmpty,
 * State> each client has a State, which is made as state(client) is first called, and destroyed
 * when the client's state goes.
 *
 * What a hook throws is logged, once a second at most, and becomes SL_ERROR. In the constructor,
 * start and on_reload it becomes the sentence that the operator reads. If start() throws, the
 * object is destroyed, and of what it has begun nothing is called; a call that is under way is
 * awaited.
 */
#ifndef SLUICE_PLUGIN_HPP
#define SLUICE_PLUGIN_HPP

#include <sluice/instance.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <new>
#include <stdexcept>

namespace sluice
{

struct About {
    const char *name = nullptr;
    const char *version = nullptr;
    const char *summary = nullptr;
    const char *license = nullptr;
};

/* A row of the table `static constexpr sluice::Option options[]` of a plugin; as struct sl_option.
 */
struct Option {
    const char *name = nullptr;
    sl_option_type type = SL_OPTION_STRING;
    std::uint32_t flags = 0;
    const char *default_value = nullptr;
    double minimum = 0;
    double maximum = 0;
    const char *const *choices = nullptr;
    const char *summary = nullptr;
};

/* The State of plugins that have none. */
struct NoState {
};

struct Later {
    nanoseconds timeout = {}; /* 0: what the instance's `timeout` allows */
    bool is_delay = false;
};

namespace detail
{

/* A client's state block: zeros, until there is an object in it. */
template <class State> struct Slot {
    alignas(State) std::byte memory[sizeof(State)];
    bool is_made;

    State &object()
    {
        return *std::launder(reinterpret_cast<State *>(memory));
    }
};

/* An instance's state block. The object comes first: from->state in on_handover is the object. */
template <class P> struct Block {
    alignas(P) std::byte memory[sizeof(P)];
    Life life;
};

template <class P> struct Hooks;

} // namespace detail

template <class Derived, class State = NoState> class Plugin : public Instance
{
  public:
    using ClientState = State;

    explicit Plugin(Instance self) : Instance(self) {}
    Plugin(const Plugin &) = delete;
    Plugin &operator=(const Plugin &) = delete;

    /* In hooks of the client. */
    State &state(Client client) const
    {
        auto *slot = static_cast<detail::Slot<State> *>(
            c_instance()->host->client_state(c_instance(), client.c_client()));
        if (!slot->is_made) {
            new (slot->memory) State();
            slot->is_made = true;
        }
        return slot->object();
    }

    /* In on_connect and on_message, which return SL_DEFER then, and in on_open. Throws if it cannot
     * be deferred; in on_open the client is opened all the same then. */
    [[nodiscard]] Deferral defer(Client client, Later how = {}) const
    {
        sl_deferral deferral{};
        sl_ticket ticket{};
        deferral.struct_size = sizeof deferral;
        deferral.is_delay = how.is_delay;
        deferral.timeout = how.timeout.count();
        if constexpr (requires { &Derived::on_cancel; })
            deferral.on_cancel = detail::Hooks<Derived>::on_cancel;
        if (c_instance()->host->defer(c_instance(), client.c_client(), &deferral, &ticket) !=
            SL_DEFER)
            throw std::runtime_error("a verdict cannot be deferred: too many are, or no memory");
        return {c_instance()->host, ticket};
    }

    /* In the constructor or start(): on_event is called for events of that name. False: the
     * operator has been told why not. */
    [[nodiscard]] bool listen(std::string_view name) const
    {
        static_assert(requires { &Derived::on_event; }, "a plugin that listens has an on_event");
        return c_instance()->host->event_listen(c_instance(), c_string(name)) == 0;
    }

    /* on_ready is called while the descriptor, which does not block, is ready for `events`. What
     * comes back is kept in the plugin's object. Empty: it cannot be watched. */
    [[nodiscard]] Watch watch(int fd, std::uint32_t events) const
    {
        sl_instance *self = c_instance();
        begin("watch");
        return {self,
                self->host->fd_watch(self, fd, events, detail::Hooks<Derived>::on_ready, nullptr)};
    }

  private:
    friend struct detail::Hooks<Derived>;
    std::atomic<std::int64_t> logged_at_{INT64_MIN / 2}; /* the last exception */
};

namespace detail
{

/* The functions in the table, and the table. */
template <class P> struct Hooks {
    using State = typename P::ClientState;

    static P &plugin_of(sl_instance *self)
    {
        return *static_cast<P *>(self->state);
    }

    /* A client can make a hook throw as often as it likes. */
    static void log_seldom(sl_instance *self, const char *hook) noexcept
    {
        const std::int64_t now = self->host->time_monotonic();
        std::int64_t last = plugin_of(self).logged_at_.load(std::memory_order_relaxed);
        if (now - last >= 1'000'000'000 && plugin_of(self).logged_at_.compare_exchange_strong(
                                               last, now, std::memory_order_relaxed))
            log_exception(self, hook);
    }

    template <class Call>
    static Verdict decide(sl_instance *self, const char *hook, Call call) noexcept
    {
        try {
            return call(plugin_of(self));
        } catch (...) {
            log_seldom(self, hook);
            return SL_ERROR;
        }
    }

    template <class Call> static void run(sl_instance *self, const char *hook, Call call) noexcept
    {
        try {
            call(plugin_of(self));
        } catch (...) {
            log_seldom(self, hook);
        }
    }

    /* Of create and on_reload, whose failure the operator reads. */
    template <class Call> static int attempt(sl_instance *self, Call call) noexcept
    {
        try {
            return call();
        } catch (const Failed &) {
            return SL_ERROR;
        } catch (const std::exception &exception) {
            return sl_fail(self, "%s", exception.what());
        } catch (...) {
            return sl_fail(self, "an exception that is no std::exception");
        }
    }

    static Life &life_of(sl_instance *self)
    {
        return static_cast<Block<P> *>(self->state)->life;
    }

    static int create(sl_instance *self) noexcept
    {
        Life *life = new (&life_of(self)) Life;
        const int error = attempt(self, [&] {
            new (self->state) P(Instance(self, life));
            return 0;
        });
        return error != 0 ? error : start(self);
    }
    /* What it has begun may come back once it has failed, and finds the Life in the block. */
    static int start(sl_instance *self) noexcept
    {
        Life &life = life_of(self);
        life.begin();
        if constexpr (requires { &P::start; }) {
            const int error = attempt(self, [self] {
                plugin_of(self).start();
                return 0;
            });
            if (error != 0) {
                life.fail();
                destroy(self);
                return error;
            }
        }
        life.settle();
        return 0;
    }
    static void destroy(sl_instance *self) noexcept
    {
        std::destroy_at(&plugin_of(self));
    }
    static Verdict on_connect(sl_instance *self, sl_client *client, sl_request *request) noexcept
    {
        return decide(self, "on_connect", [&](P &plugin) -> Verdict {
            return plugin.on_connect(Client(self, client), Request(self, request));
        });
    }
    static void on_open(sl_instance *self, sl_client *client) noexcept
    {
        run(self, "on_open", [&](P &plugin) { plugin.on_open(Client(self, client)); });
    }
    static Verdict on_message(sl_instance *self, sl_client *client,
                              const sl_message *message) noexcept
    {
        return decide(self, "on_message", [&](P &plugin) -> Verdict {
            return plugin.on_message(Client(self, client), Message(self, message));
        });
    }
    static void on_close(sl_instance *self, sl_client *client, const sl_close *how) noexcept
    {
        run(self, "on_close", [&](P &plugin) {
            plugin.on_close(Client(self, client),
                            Close{how->code, how->by_peer, view(how->reason)});
        });
    }
    static void on_timer(sl_instance *self, std::uint64_t timer, std::uint64_t tag) noexcept
    {
        life_of(self).while_there(
            [&] { run(self, "on_timer", [&](P &plugin) { plugin.on_timer(timer, tag); }); });
    }
    static void on_cancel(sl_instance *self, sl_ticket ticket, void *,
                          sl_cancel_reason reason) noexcept
    {
        run(self, "on_cancel", [&](P &plugin) { plugin.on_cancel(ticket, reason); });
    }
    static void on_ready(sl_instance *self, std::uint64_t watch, int fd, std::uint32_t events,
                         void *) noexcept
    {
        life_of(self).while_there(
            [&] { run(self, "on_ready", [&](P &plugin) { plugin.on_ready(watch, fd, events); }); });
    }
    static int on_reload(sl_instance *self) noexcept
    {
        return attempt(self, [self] {
            if constexpr (std::is_void_v<decltype(plugin_of(self).on_reload())>)
                return plugin_of(self).on_reload(), 0;
            else
                return int{plugin_of(self).on_reload()};
        });
    }
    static Verdict on_recheck(sl_instance *self, sl_client *client) noexcept
    {
        return decide(self, "on_recheck", [&](P &plugin) -> Verdict {
            return plugin.on_recheck(Client(self, client));
        });
    }
    static Verdict on_subscribe(sl_instance *self, sl_client *client, const char *topic,
                                std::size_t len) noexcept
    {
        return decide(self, "on_subscribe", [&](P &plugin) -> Verdict {
            return plugin.on_subscribe(Client(self, client), std::string_view(topic, len));
        });
    }
    static Verdict on_publish(sl_instance *self, sl_client *origin, const char *topic,
                              std::size_t len, const sl_message *message) noexcept
    {
        return decide(self, "on_publish", [&](P &plugin) -> Verdict {
            return plugin.on_publish(perhaps(self, origin), std::string_view(topic, len),
                                     Message(self, message));
        });
    }
    static void on_handover(sl_instance *self, const sl_handover *from) noexcept
    {
        sl_handover object = *from;
        object.state_size -= std::min<std::uint32_t>(object.state_size, sizeof(Life));
        run(self, "on_handover", [&](P &plugin) { plugin.on_handover(object); });
    }
    static void on_event(sl_instance *self, sl_client *client, const sl_event *event) noexcept
    {
        run(self, "on_event",
            [&](P &plugin) { plugin.on_event(perhaps(self, client), Event(event)); });
    }
    static void client_free(sl_instance *self, sl_client *client) noexcept
    {
        auto *slot = static_cast<Slot<State> *>(self->host->client_state(self, client));
        if (slot->is_made)
            std::destroy_at(&slot->object());
        slot->is_made = false;
    }

    static constexpr auto option_rows()
    {
        if constexpr (requires { P::options; }) {
            std::array<sl_option, std::size(P::options)> rows{};
            for (std::size_t i = 0; i < rows.size(); i++) {
                const Option &option = P::options[i];
                rows[i] = {option.name,    option.type,    option.flags,   option.default_value,
                           option.minimum, option.maximum, option.choices, option.summary};
            }
            return rows;
        } else {
            return std::array<sl_option, 0>{};
        }
    }
    static constexpr auto option_table = option_rows();

    static constexpr void set_hooks(sl_plugin &table)
    {
        if constexpr (requires { &P::on_connect; })
            table.on_connect = on_connect;
        if constexpr (requires { &P::on_open; })
            table.on_open = on_open;
        if constexpr (requires { &P::on_message; })
            table.on_message = on_message;
        if constexpr (requires { &P::on_close; })
            table.on_close = on_close;
        if constexpr (requires { &P::on_timer; })
            table.on_timer = on_timer;
        if constexpr (requires { &P::on_reload; })
            table.on_reload = on_reload;
        if constexpr (requires { &P::on_recheck; })
            table.on_recheck = on_recheck;
        if constexpr (requires { &P::on_subscribe; })
            table.on_subscribe = on_subscribe;
        if constexpr (requires { &P::on_publish; })
            table.on_publish = on_publish;
        if constexpr (requires { &P::on_handover; })
            table.on_handover = on_handover;
        if constexpr (requires { &P::on_event; })
            table.on_event = on_event;
    }

    static constexpr sl_plugin table()
    {
        static_assert(alignof(P) <= alignof(std::max_align_t));
        static_assert(alignof(State) <= alignof(std::max_align_t));
        sl_plugin table{};
        table.magic = SL_MAGIC;
        table.abi_major = SL_ABI_MAJOR;
        table.abi_minor = SL_ABI_MINOR;
        table.struct_size = sizeof table;
        table.name = P::about.name;
        table.version = P::about.version;
        table.summary = P::about.summary;
        table.license = P::about.license;
        table.options = option_table.empty() ? nullptr : option_table.data();
        table.options_count = static_cast<std::uint32_t>(option_table.size());
        table.option_size = sizeof(sl_option);
        static_assert(sizeof(Block<P>) == sizeof(P) + sizeof(Life));
        table.instance_size = sizeof(Block<P>);
        table.client_size = std::is_same_v<State, NoState> ? 0 : sizeof(Slot<State>);
        set_hooks(table);
        table.create = create;
        table.destroy = destroy;
        if constexpr (!std::is_trivially_destructible_v<State>)
            table.client_free = client_free;
        return table;
    }
};

} // namespace detail
} // namespace sluice

/* The one symbol that the file exports: the table of the class. Outside of all namespaces. */
#define SLUICE_PLUGIN(type)                                                                        \
    SL_EXPORT constinit const sl_plugin sluice_plugin = sluice::detail::Hooks<type>::table();

#endif
