/*
 * wrapped: what sluice/plugin.hpp has, each part asked for by a message of
 * tests/unit/sdk/wrapped.yaml. Long on purpose: a list of all of it.
 */
#include <sluice/plugin.hpp>

#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace
{

using sluice::Client;
using sluice::Message;
using sluice::Verdict;
using namespace std::chrono_literals;
using namespace std::string_literals;

/* A service: what this plugin does for others. */
struct Greeter {
    std::uint32_t struct_size = sizeof(Greeter);
    std::size_t (*length)(sl_instance *provider) = nullptr;
};

/* Owns something, so that a State that is not destroyed is a leak. */
struct Session {
    std::string name = "a name that is too long to lie inside of the object itself";
    sluice::Deferral owed;
    std::string opens; /* how on_open ends later; empty: at once */
};

/* The two ends of a pipe. */
class Pipe
{
  public:
    Pipe() = default;
    Pipe(const Pipe &) = delete;
    Pipe &operator=(const Pipe &) = delete;
    ~Pipe()
    {
        close_out();
        if (ends[0] >= 0)
            close(ends[0]);
    }
    bool open()
    {
        return pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0;
    }
    int in() const
    {
        return ends[0];
    }
    bool write_out(std::string_view text) const
    {
        return write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
    }
    void close_out()
    {
        if (ends[1] >= 0)
            close(std::exchange(ends[1], -1));
    }

  private:
    int ends[2] = {-1, -1};
};

class Wrapped : public sluice::Plugin<Wrapped, Session>
{
  public:
    static constexpr sluice::About about{
        .name = "wrapped",
        .version = "1.0.0",
        .summary = "Tries what sluice/plugin.hpp has",
        .license = "MIT",
    };
    static constexpr sluice::Option options[] = {
        {.name = "greeting", .default_value = "hello", .summary = "What on_open says"},
        {.name = "pause",
         .type = SL_OPTION_DURATION,
         .default_value = "250ms",
         .minimum = 1e6,
         .maximum = 1e9,
         .summary = "How long the timer runs"},
        {.name = "words", .type = SL_OPTION_STRINGS, .summary = "Some words"},
        {.name = "limits", .type = SL_OPTION_MAP, .summary = "Some numbers"},
        {.name = "needs", .type = SL_OPTION_BOOL, .summary = "Whether it needs a greeter"},
        {.name = "begins", .default_value = "at once", .summary = "When, or why it does not"},
        {.name = "hears", .type = SL_OPTION_STRINGS, .summary = "Names of events"},
        {.name = "fail", .type = SL_OPTION_BOOL, .summary = "Whether it cannot be created"},
        {.name = "fails_in", .summary = "Where it begins all and fails: constructor, start"},
    };

    explicit Wrapped(sluice::Instance self)
        : Plugin(self), greeting(option("greeting").text()),
          cancelled(counter("cancelled_total", "Deferrals that were cancelled")),
          level(gauge("level", "What was set last")),
          sizes(histogram("bytes", "Sizes of messages", std::vector<double>{1, 10}))
    {
        if (option("fail").boolean())
            throw std::runtime_error("the option 'fail' is true");
        if (option("needs").boolean()) {
            const auto before = find_service<Greeter>("greeter", 1, 0);
            if (!before)
                throw sluice::Failed();
            greeting = "longer than " + std::to_string(before->length(before.provider()));
        }
        if (!provide_service("greeter", 1, 0, greeter))
            throw sluice::Failed();
        const sluice::Value hears = option("hears");
        for (std::size_t i = 0; i < hears.size(); i++)
            if (!listen(hears[i].text()))
                throw sluice::Failed();
        if (option("fails_in").text() == "constructor")
            begin_all();
    }

    void start()
    {
        started = "it has started, which is no short word either";
        if (option("begins").text() != "at once")
            begin_later();
        if (option("fails_in").text() != "start")
            return;
        begin_all();
        throw std::runtime_error("nobody was to begin");
    }

    Verdict on_connect(Client client, sluice::Request request)
    {
        if (request.parameter("throw"))
            throw std::out_of_range("thrown by on_connect");
        if (request.parameter("user") == "nobody") {
            request.deny_header("Retry-After", "5");
            return request.deny(401, "nobody may not come in");
        }
        state(client).name += request.path();
        if (auto header = request.header("X-User"))
            client.identify(*header);
        if (auto cookie = request.cookie("colour"))
            client.set_attribute("colour", *cookie);
        if (request.offered_subprotocol(0) == "chat")
            request.select_subprotocol("chat");
        state(client).opens = request.parameter("opens").value_or("");
        if (!request.parameter("later"))
            return SL_CONTINUE;
        state(client).owed = defer(client);
        return start_timer(1s) != 0 ? SL_DEFER : SL_ERROR;
    }

    void on_open(Client client)
    {
        client.send(greeting + " " + std::string(client.identity()));
        const std::string opens = state(client).opens;
        if (opens.empty())
            return;
        auto owed = std::make_shared<sluice::Deferral>(defer(client));
        auto open = [owed, opens](std::optional<Client> loaded, bool) {
            const sluice::Pair profile[] = {{"colour", "blue"}};
            if (opens == "refused")
                owed->complete(SL_CLOSE, {.code = 4004, .reason = "no such room"});
            else if (loaded && loaded->send("history"))
                owed->complete(SL_CONTINUE, {.attributes = profile});
        };
        if (opens != "dropped" && !offload(client.id(), [] {}, std::move(open)))
            throw std::runtime_error("nothing is loaded"); /* And the deferral is dropped. */
    }

    Verdict on_message(Client client, Message message)
    {
        sizes.observe(static_cast<double>(message.bytes().size()));
        const std::string_view text = message.text();
        if (text == "throw")
            throw std::runtime_error("thrown by on_message");
        if (text == "throw 1")
            throw 1;
        if (text == "close")
            return client.close_with(4000, "as you wish");
        if (text == "replace")
            return message.replace(std::vector<std::byte>(3)) ? SL_CONTINUE : SL_ERROR;
        if (text == "topic")
            return message.topic("news") ? SL_CONTINUE : SL_ERROR;
        if (text == "who") {
            client.send(client.attribute("colour").value_or("none"));
            return SL_HANDLED;
        }
        if (text == "options" || text == "storage" || text == "topics" || text == "send")
            return answer(client, text);
        if (text == "emit")
            return emit_all(client);
        if (text == "watch")
            return watch_pipe();
        if (text == "end") {
            ends.close_out();
            return SL_HANDLED;
        }
        return decide_later(client, text);
    }

    void on_close(Client client, const sluice::Close &how)
    {
        log(SL_LOG_INFO, std::to_string(how.code) + " for " + state(client).name);
    }

    void on_timer(std::uint64_t, std::uint64_t tag)
    {
        level.set(static_cast<double>(tag));
        broadcast("timer " + std::to_string(tag) + (started.empty() ? " too early" : ""));
    }

    void on_cancel(sl_ticket, sl_cancel_reason)
    {
        cancelled.add();
    }

    /* Reads all there is. Nothing, the end, ends the watch. */
    void on_ready(std::uint64_t watch, int fd, std::uint32_t events)
    {
        char bytes[100];
        const ssize_t len = read(fd, bytes, sizeof bytes);
        if (watch != watched.id() || (events & SL_FD_WRITE) != 0)
            throw std::logic_error("this was not to be watched");
        if (len <= 0)
            watched.end();
        publish("pipe",
                len <= 0 ? "the end" : std::string_view(bytes, static_cast<std::size_t>(len)));
    }

    int on_reload()
    {
        if (option("greeting").text() == "another instance")
            return SL_RELOAD_REPLACE;
        if (option("greeting").text() == "nothing")
            throw std::invalid_argument("a greeting has to be something");
        return 0;
    }

    Verdict on_subscribe(Client, std::string_view topic)
    {
        return topic == "secret" ? SL_DENY : SL_CONTINUE;
    }

    Verdict on_publish(std::optional<Client> origin, std::string_view topic, Message message)
    {
        if (topic == "signed")
            return message.replace((origin ? "from a client: " : "from nobody: ") +
                                   std::string(message.text()))
                       ? SL_CONTINUE
                       : SL_DENY;
        return topic == "closed" ? SL_DENY : SL_CONTINUE;
    }

    void on_handover(const sl_handover &from)
    {
        if (from.version == "1.0.0"s && from.state_size == sizeof(Wrapped))
            static_cast<Wrapped *>(from.state)->greeting.swap(greeting);
    }

    /* Tells the client, or everybody, what it has heard. */
    void on_event(std::optional<Client> client, sluice::Event event)
    {
        if (event.text() == "throw")
            throw std::runtime_error("thrown by on_event");
        if (event.payload().size() != event.text().size() || event.emitter().empty())
            throw std::logic_error("this is no event");
        const std::string heard =
            std::string(event.name()) + " " + std::to_string(event.payload().size());
        if (client)
            client->send(heard + " of " + state(*client).name.substr(0, 6));
        else
            broadcast(heard);
    }

  private:
    /* Whoever is before it or behind it in the pipeline may listen. */
    Verdict emit_all(Client client)
    {
        const std::vector<std::byte> zeros(3);
        const bool is_told = emit("wrapped.said", "hello"s, client) &&
                             emit("wrapped.said", zeros, client) && emit("wrapped.said", zeros) &&
                             emit("wrapped.said", "throw", client) && emit("wrapped.done");
        return is_told && !emit("", zeros) ? SL_CONTINUE : SL_ERROR;
    }

    /* All that comes back later. What is called touches the object, and tells. */
    void begin_all()
    {
        const auto told = [this](auto &&...) { broadcast("told: " + started); };
        watched = ends.open() ? watch(ends.in(), SL_FD_READ) : sluice::Watch();
        const bool is_begun = watched && ends.write_out("seen") && start_timer(1ns, 1ns) != 0 &&
                              list_clients({}, told) &&
                              offload(
                                  0, [this] { return started.size(); }, told) &&
                              http_request(0, {.url = "http://service.test/"}, told);
        if (!is_begun)
            throw std::logic_error("something could not be begun");
    }

    void begin_later()
    {
        sluice::Creation creation = defer_create();
        const std::string how(option("begins").text());
        if (how == "never")
            throw std::runtime_error("it begins never");
        auto begin = [this, how](std::optional<Client>, bool) {
            sluice::Creation mine = std::move(created); /* Unless it is told: an error. */
            if (how == "later" && (!mine.ready() || mine.ready()))
                log(SL_LOG_ERROR, "there was nothing to be ready");
            else if (how != "later" && how != "forgotten")
                mine.fail(how.c_str());
        };
        created = std::move(creation);
        if (!offload(0, [] {}, begin))
            throw std::runtime_error("nothing can be offloaded");
    }

    Verdict watch_pipe()
    {
        if (!ends.open() || watch(-1, SL_FD_READ))
            return SL_ERROR;
        sluice::Watch first = watch(ends.in(), 0);
        if (!first || watch(ends.in(), 0) || !first.change(SL_FD_READ))
            return SL_ERROR;
        watched = std::move(first);
        return ends.write_out("seen") ? SL_HANDLED : SL_ERROR;
    }

    Verdict answer(Client client, std::string_view text)
    {
        if (text == "options") {
            const sluice::Value words = option("words"), limits = option("limits");
            std::string all(limits.member("b").c_str());
            for (std::size_t i = 0; i < words.size(); i++)
                all += " " + std::string(words[i].text());
            for (std::size_t i = 0; i < limits.size(); i++)
                all += " " + std::string(limits.key(i)) + "=" + std::to_string(limits[i].integer());
            client.send(all + (option("pause").duration() == 250ms ? " 250ms" : " other"));
        } else if (text == "storage") {
            client.send(try_storage(storage()) + try_storage(endpoint_storage()));
        } else if (text == "topics") {
            std::string all = std::to_string(client.subscribe("news"));
            client.subscribe("sport");
            client.unsubscribe("sport");
            client.each_topic([&](std::string_view topic) { all += " " + std::string(topic); });
            publish("news", all + (topic_count("news") > 0 ? " somebody" : " nobody"));
        } else {
            send(client.id(), "by its id");
            send_to_identity(client.identity(),
                             identity_count(client.identity()) > 0 ? "here" : "gone");
            broadcast(client_count() > 0 ? "some" : "none");
            send_control(client.id(), "control") && client.send_control("more");
        }
        return SL_HANDLED;
    }

    static std::string try_storage(sluice::Storage storage)
    {
        const std::string large(1000, 'x');
        std::string keys;
        storage.set("a", large);
        if (storage.get("a") != large || storage.get("b"))
            return "wrong";
        if (storage.replace("a", "y", "z") != SL_STORAGE_DIFFERS ||
            storage.replace("a", large, std::nullopt) != 0 ||
            storage.replace("a", std::nullopt, "", 1h) != 0)
            return "not replaced";
        storage.each_key([&](std::string_view key) { keys += key; });
        const auto sum = storage.add("n", 3);
        return storage.erase("a") && storage.erase("n") ? keys + std::to_string(sum.value_or(0))
                                                        : "not erased";
    }

    Verdict decide_later(Client client, std::string_view text)
    {
        if (text == "drop") {
            sluice::Deferral owed = defer(client); /* Nobody decides: an error. */
            return SL_DEFER;
        }
        if (text == "keep") {
            state(client).owed = defer(client, {.timeout = 300ms});
            return SL_DEFER;
        }
        if (text == "slow") {
            (void)defer(client, {.timeout = 10ms, .is_delay = true}).release();
            return SL_DEFER;
        }
        if (text == "timer")
            return start_timer(option("pause").duration(), 0ns, 7) != 0 ? SL_HANDLED : SL_ERROR;
        if (text == "list")
            return list_all(client) ? SL_HANDLED : SL_ERROR;
        if (text == "http")
            return ask(client);
        return text.starts_with("work") ? work(client, std::string(text)) : SL_CONTINUE;
    }

    bool list_all(Client client)
    {
        return list_clients({}, [this, id = client.id()](auto ids, std::uint64_t cursor) {
            send(id, (ids.empty() ? "nobody, "s : "somebody, "s) + (cursor == 0 ? "done" : "more"));
        });
    }

    Verdict ask(Client client)
    {
        const sluice::Pair headers[] = {{"X-Key", "1"}};
        auto answered = [owed = defer(client)](std::optional<Client> asker,
                                               sluice::HttpResponse response) mutable {
            const auto kind = response.header("X-Kind");
            if (!asker || response.outcome() != SL_HTTP_ANSWERED)
                return; /* owed goes, and with it the message. */
            owed.complete(SL_CONTINUE, {.message = std::string(kind.value_or("?")) + " " +
                                                   std::string(response.body())});
        };
        const sluice::HttpRequest request{
            .url = "http://service.test/", .headers = headers, .body = "question"};
        return http_request(client.id(), request, std::move(answered)) ? SL_DEFER : SL_ERROR;
    }

    Verdict work(Client client, std::string text)
    {
        if (text == "work without a result")
            return offload(
                       client.id(), [] {},
                       [](std::optional<Client> asker, bool is_done) {
                           if (asker)
                               asker->send(is_done ? "done" : "not done");
                       })
                       ? SL_HANDLED
                       : SL_ERROR;
        auto size = [text] {
            if (text == "work that throws")
                throw std::runtime_error("thrown by work");
            return text.size();
        };
        auto decide = [owed = defer(client)](std::optional<Client>,
                                             std::optional<std::size_t> result) mutable {
            if (!result)
                throw std::runtime_error("thrown after work");
            owed.complete(SL_CLOSE, {.code = 4001, .reason = std::to_string(*result)});
        };
        return offload(client.id(), size, std::move(decide)) ? SL_DEFER : SL_ERROR;
    }

    static std::size_t greeting_length(sl_instance *provider)
    {
        return static_cast<const Wrapped *>(provider->state)->greeting.size();
    }
    static constexpr Greeter greeter{.length = greeting_length};

    std::string greeting;
    std::string started;
    sluice::Metric cancelled;
    sluice::Metric level;
    sluice::Metric sizes;
    Pipe ends;
    sluice::Watch watched; /* Goes before what it watches. */
    sluice::Creation created;
};

} // namespace

SLUICE_PLUGIN(Wrapped)
