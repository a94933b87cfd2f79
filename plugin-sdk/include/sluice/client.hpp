/*
 * sluice/client.hpp - clients, their requests and their messages for plugins in C++. Included by
 * sluice/plugin.hpp.
 *
 * Each function is one of sluice/plugin.h, which says what it does, on which thread, and for how
 * long what it returns may be used: a std::string_view is borrowed, as an sl_string is. Functions
 * that return bool return whether it was done, those that return int what the one in C does. The
 * classes are two pointers: pass them by value, and keep none of them.
 */
#ifndef SLUICE_CLIENT_HPP
#define SLUICE_CLIENT_HPP

#include <sluice/plugin.h>

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace sluice
{

using Verdict = sl_verdict;
using std::chrono::nanoseconds;

constexpr std::string_view view(sl_string string)
{
    return {string.data, string.len};
}

constexpr sl_string c_string(std::string_view text)
{
    return {text.data(), text.size()};
}

/* A name and its value: a header, an attribute. */
struct Pair : sl_pair {
    constexpr Pair(std::string_view name_, std::string_view value_)
        : sl_pair{c_string(name_), c_string(value_)}
    {
    }
};

/* What a message holds: made of anything that is a text, or of bytes. */
struct Payload {
    sl_message_type type;
    std::string_view data;

    constexpr Payload(sl_message_type type_, std::string_view data_) : type(type_), data(data_) {}
    template <std::convertible_to<std::string_view> Text>
    constexpr Payload(const Text &text) : type(SL_TEXT), data(text)
    {
    }
    template <std::convertible_to<std::span<const std::byte>> Bytes>
    Payload(const Bytes &bytes) : type(SL_BINARY)
    {
        const std::span<const std::byte> all(bytes);
        data = {reinterpret_cast<const char *>(all.data()), all.size()};
    }
};

namespace detail
{
template <class Ask> std::optional<std::string_view> found(Ask ask)
{
    sl_string string{};
    return ask(&string) ? std::optional(view(string)) : std::nullopt;
}
} // namespace detail

/* ------------------------------------------------------------------------------------ messages */

class Message
{
  public:
    Message(const sl_instance *self, const sl_message *message) : self_(self), message_(message) {}
    bool is_text() const
    {
        return message_->type == SL_TEXT;
    }
    std::string_view text() const
    {
        return {message_->data, message_->len};
    }
    std::span<const std::byte> bytes() const
    {
        return std::as_bytes(std::span(message_->data, message_->len));
    }
    Payload payload() const
    {
        return {message_->type, text()};
    }
    [[nodiscard]] bool replace(Payload with) const
    {
        return self_->host->message_replace(message_, with.type, with.data.data(),
                                            with.data.size()) == 0;
    }
    /* What passes the pipeline goes to the topic's subscribers. */
    bool topic(std::string_view name) const
    {
        return self_->host->message_topic(message_, name.data(), name.size()) == 0;
    }

  private:
    const sl_instance *self_;
    const sl_message *message_;
};

/* ------------------------------------------------------------------------------------- clients */

class Client
{
  public:
    Client(sl_instance *self, sl_client *client) : self_(self), client_(client) {}
    sl_client *c_client() const
    {
        return client_;
    }
    std::uint64_t id() const
    {
        return self_->host->client_id(client_);
    }
    std::string_view address() const
    {
        return view(self_->host->client_address(client_));
    }
    /* IPv4 as ::ffff:a.b.c.d. */
    std::array<std::uint8_t, 16> address_bytes() const
    {
        std::array<std::uint8_t, 16> bytes{};
        self_->host->client_address_bytes(client_, bytes.data());
        return bytes;
    }
    std::string_view endpoint() const
    {
        return view(self_->host->client_endpoint(client_));
    }
    std::string_view identity() const
    {
        return view(self_->host->client_identity(client_));
    }
    bool identify(std::string_view name) const
    {
        return self_->host->identify(self_, client_, name.data(), name.size()) == 0;
    }
    std::optional<std::string_view> attribute(const char *name) const
    {
        return detail::found(
            [&](sl_string *found) { return self_->host->attribute(client_, name, found); });
    }
    bool set_attribute(const char *name, std::string_view value) const
    {
        return self_->host->attribute_set(self_, client_, name, value.data(), value.size()) == 0;
    }
    bool remove_attribute(const char *name) const
    {
        return self_->host->attribute_set(self_, client_, name, nullptr, 0) == 0;
    }
    bool is_new() const
    {
        return self_->host->client_is_new(client_);
    }
    bool send(Payload what) const
    {
        return self_->host->client_send(client_, what.type, what.data.data(), what.data.size()) ==
               0;
    }
    bool send_control(Payload what) const
    {
        return self_->host->client_send_control(client_, what.type, what.data.data(),
                                                what.data.size()) == 0;
    }
    int subscribe(std::string_view topic) const
    {
        return self_->host->subscribe(client_, topic.data(), topic.size());
    }
    void unsubscribe(std::string_view topic) const
    {
        self_->host->unsubscribe(client_, topic.data(), topic.size());
    }
    /* Calls visit(topic) for each of its subscriptions. */
    template <std::invocable<std::string_view> Visit> void each_topic(Visit visit) const
    {
        std::uint64_t cursor = 0;
        sl_string topic{};
        while (self_->host->client_topics(client_, &cursor, &topic))
            visit(view(topic));
    }
    /* In on_message: `return client.close_with(1008, "why")`. */
    [[nodiscard]] Verdict close_with(int code, const char *reason) const
    {
        return self_->host->close_with(client_, code, reason);
    }

  private:
    sl_instance *self_;
    sl_client *client_;
};

/* How a client has ended. */
struct Close {
    std::uint16_t code;
    bool by_peer;
    std::string_view reason;
};

class Request
{
  public:
    Request(const sl_instance *self, sl_request *request) : host_(self->host), request_(request) {}
    bool is_secure() const
    {
        return request_->secure;
    }
    std::string_view path() const
    {
        return view(request_->path);
    }
    std::string_view query() const
    {
        return view(request_->query);
    }
    std::string_view subprotocol() const
    {
        return view(request_->subprotocol);
    }
    std::optional<std::string_view> header(const char *name) const
    {
        return detail::found(
            [&](sl_string *found) { return host_->request_header(request_, name, found); });
    }
    std::optional<std::string_view> parameter(const char *name) const
    {
        return detail::found(
            [&](sl_string *found) { return host_->request_query(request_, name, found); });
    }
    std::optional<std::string_view> cookie(const char *name) const
    {
        return detail::found(
            [&](sl_string *found) { return host_->request_cookie(request_, name, found); });
    }
    std::optional<std::string_view> offered_subprotocol(std::size_t index) const
    {
        return detail::found(
            [&](sl_string *found) { return host_->request_subprotocol(request_, index, found); });
    }
    std::optional<std::string_view> certificate(sl_certificate_field field,
                                                std::size_t index = 0) const
    {
        return detail::found([&](sl_string *found) {
            return host_->request_certificate(request_, field, index, found);
        });
    }
    bool select_subprotocol(const char *name) const
    {
        return host_->select_subprotocol(request_, name) == 0;
    }
    bool deny_header(const char *name, const char *value) const
    {
        return host_->deny_header(request_, name, value) == 0;
    }
    /* `return request.deny(401, "why")`. */
    [[nodiscard]] Verdict deny(int status, const char *reason) const
    {
        return host_->deny(request_, status, reason);
    }

  private:
    const sl_host *host_;
    sl_request *request_;
};

/* --------------------------------------------------------------------------------- deferral */

/* What a completion may carry beside its verdict. */
struct Completion {
    std::optional<Payload> message = {}; /* in place of the one that was deferred */
    int code = 0; /* SL_CLOSE, also of what on_open has deferred: the code; SL_DENY: the status */
    std::string_view reason = {};
    std::span<const Pair> headers = {}; /* of a refusal */
    std::string_view identity = {};     /* of a connecting client */
    std::span<const Pair> attributes = {}; /* of one that connects or opens */
};

/*
 * A verdict that is owed. Whoever holds it decides, on any thread; if nobody does, it is completed
 * with SL_ERROR as it is destroyed, so that no client waits for a verdict that was forgotten.
 */
class Deferral
{
  public:
    Deferral() = default;
    Deferral(const sl_host *host, sl_ticket ticket) : host_(host), ticket_(ticket) {}
    Deferral(Deferral &&other) noexcept
        : host_(std::exchange(other.host_, nullptr)), ticket_(other.ticket_)
    {
    }
    Deferral &operator=(Deferral &&other) noexcept
    {
        if (this != &other) {
            drop();
            host_ = std::exchange(other.host_, nullptr);
            ticket_ = other.ticket_;
        }
        return *this;
    }
    ~Deferral()
    {
        drop();
    }
    /* Whether nobody has completed it through this object. */
    explicit operator bool() const
    {
        return host_ != nullptr;
    }
    /* 0, SL_GONE (also if it is empty), or -1: then it is still owed. */
    int complete(Verdict verdict, const Completion &how = {})
    {
        if (host_ == nullptr)
            return SL_GONE;
        sl_completion details{};
        details.struct_size = sizeof details;
        if (how.message) {
            details.type = how.message->type;
            details.data = c_string(how.message->data);
        }
        details.code = how.code;
        details.reason = c_string(how.reason);
        details.headers = how.headers.data();
        details.header_count = how.headers.size();
        details.identity = c_string(how.identity);
        details.attributes = how.attributes.data();
        details.attribute_count = how.attributes.size();
        const int error = host_->complete(ticket_, verdict, &details);
        if (error == 0 || error == SL_GONE)
            host_ = nullptr;
        return error;
    }
    /* Gives the ticket away: it is completed with host->complete, or by its deadline. */
    sl_ticket release()
    {
        return std::exchange(host_, nullptr) != nullptr ? ticket_ : sl_ticket{};
    }

  private:
    void drop()
    {
        if (host_ != nullptr)
            host_->complete(ticket_, SL_ERROR, nullptr);
        host_ = nullptr;
    }
    const sl_host *host_ = nullptr;
    sl_ticket ticket_{};
};

} // namespace sluice
#endif
