#include "session.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
#define SPACE_MAX 32     /* bytes at the front of a message in which the member has to begin */
#define FRONT_MAX 7      /* bytes of its name that a word holds */
#define RENEWAL_REST 256 /* bytes of a renewal beside its token */
#define ANSWER_SIZE 256
#define GIVEN_SIZE (ATTRIBUTES_MAX * (ATTRIBUTE_NAME_MAX + 1) + 1)

/* The names of the attributes that the credentials gave, so that a renewal can take them back. */
static void list_given(const struct finding *finding, char given[GIVEN_SIZE])
{
    size_t len = 0;
    for (size_t i = 0; i < finding->attribute_count; i++)
        len += (size_t)snprintf(given + len, GIVEN_SIZE - len, "%s%s", i > 0 ? "\n" : "",
                                finding->attributes[i].name.data);
    given[len] = '\0';
}

void session_describe(const struct policy *policy, struct finding *finding)
{
    char digits[32];
    char given[GIVEN_SIZE];
    list_given(finding, given);
    snprintf(digits, sizeof digits, "%lld", (long long)finding->expires);
    if (policy->sets_attributes) {
        finding_own_attribute(finding, SESSION_METHOD, finding->method);
        finding_own_attribute(finding, SESSION_BY, policy->instance_cstr);
    }
    if (finding->expires > 0)
        finding_own_attribute(finding, SESSION_EXPIRES, digits);
    if (given[0] != '\0')
        finding_own_attribute(finding, SESSION_GIVEN, given);
}

/* -- expiry -- */

static void watch_expiry(struct session *session, struct sl_instance *self, uint64_t client,
                         const struct policy *policy)
{
    struct expiry *expiry = &policy->watch->expiry;
    expiry_remove(expiry, session->slot, client);
    session->slot = 0;
    if (session->expires == 0)
        return;
    session->slot = expiry_add(expiry, client, session->expires);
    if (session->slot == 0) /* Nothing else would ever close the client. */
        (void)self->host->close(self, client, 1011,
                                "There is no memory to watch your credentials.");
}

static bool is_over(const struct expiry_entry *entry, const struct policy *policy, int64_t now)
{
    int64_t latest = (INT64_MAX - policy->grace) / SECOND;
    return entry->expires < latest && now >= entry->expires * SECOND + policy->grace;
}

void session_close_expired(struct sl_instance *self, const struct policy *policy)
{
    const struct sl_host *host = self->host;
    struct expiry *expiry = &policy->watch->expiry;
    struct expiry_entry first;
    uint32_t slot;
    int64_t now = host->time_wall();
    while (policy->closes_expired && expiry_first(expiry, &first, &slot) &&
           is_over(&first, policy, now)) {
        if (host->close(self, first.client, CLOSE_EXPIRED, "Your credentials have expired.") != 0)
            return; /* No memory: the next look tries again. */
        expiry_remove(expiry, slot, first.client);
        host->metric_add(policy->meters->expired, 1);
    }
}

/* -- beginning and end -- */

void session_begin(struct session *session, struct sl_instance *self, struct sl_client *client,
                   const struct policy *policy)
{
    struct sl_string text;
    if (session->is_unchecked) {
        atomic_fetch_add(&policy->watch->unchecked, 1);
        (void)self->host->close(self, self->host->client_id(client), CLOSE_UNCHECKED,
                                "Your credentials could not be checked in time.");
        return;
    }
    *session = (struct session){0};
    if (!self->host->attribute(client, SESSION_EXPIRES, &text))
        return;
    session->expires = strtoll(text.data, NULL, 10);
    watch_expiry(session, self, self->host->client_id(client), policy);
}

void session_end(struct session *session, uint64_t client, struct session_watch *watch)
{
    if (session->is_unchecked)
        atomic_fetch_sub(&watch->unchecked, 1);
    expiry_remove(&watch->expiry, session->slot, client);
    session->slot = 0;
}

/* -- renewal -- */

static void tell_client(struct sl_instance *self, struct sl_client *client, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void tell_client(struct sl_instance *self, struct sl_client *client, const char *format, ...)
{
    char text[ANSWER_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (len > 0 && len < (int)sizeof text)
        (void)self->host->client_send(client, SL_TEXT, text, (size_t)len);
}

/* A renewal prolongs a session; it never changes the client's identity. */
static const char *renewal_error(struct sl_instance *self, const struct sl_client *client,
                                 enum check result, const struct finding *finding)
{
    struct sl_string identity = self->host->client_identity(client);
    if (result == CHECK_NOT_MINE)
        return "There is no token.";
    if (result != CHECK_ACCEPTED)
        return finding->reason;
    return identity.len == finding->identity_len &&
                   memcmp(identity.data, finding->identity, identity.len) == 0
               ? NULL
               : "The token names somebody else.";
}

static void remove_attribute(struct sl_instance *self, struct sl_client *client, const char *name)
{
    (void)self->host->attribute_set(self, client, name, NULL, 0);
}

static bool has_attribute(const struct finding *finding, const char *name)
{
    for (size_t i = 0; i < finding->attribute_count; i++)
        if (strcmp(finding->attributes[i].name.data, name) == 0)
            return true;
    return false;
}

/* Removes the attributes that the old credentials gave and the new ones do not. */
static void take_back(struct sl_instance *self, struct sl_client *client,
                      const struct finding *finding)
{
    char names[GIVEN_SIZE];
    char *rest = names;
    struct sl_string given;
    if (!self->host->attribute(client, SESSION_GIVEN, &given) || given.len >= sizeof names)
        return;
    memcpy(names, given.data, given.len);
    names[given.len] = '\0';
    for (char *name; (name = strsep(&rest, "\n")) != NULL;)
        if (!has_attribute(finding, name))
            remove_attribute(self, client, name);
    if (!has_attribute(finding, SESSION_GIVEN))
        remove_attribute(self, client, SESSION_GIVEN);
}

/* Sets all new attributes, or removes them all: never a mixture. */
static bool set_attributes(struct sl_instance *self, struct sl_client *client,
                           const struct finding *finding)
{
    const struct sl_host *host = self->host;
    bool fine = true;
    take_back(self, client, finding);
    for (size_t i = 0; fine && i < finding->attribute_count; i++) {
        const struct sl_pair *pair = &finding->attributes[i];
        fine = host->attribute_set(self, client, pair->name.data, pair->value.data,
                                   pair->value.len) == 0;
    }
    for (size_t i = 0; !fine && i < finding->attribute_count; i++)
        if (strcmp(finding->attributes[i].name.data, SESSION_EXPIRES) != 0)
            remove_attribute(self, client, finding->attributes[i].name.data);
    if (fine && finding->expires == 0)
        remove_attribute(self, client, SESSION_EXPIRES);
    return fine;
}

void session_renew(struct session *session, struct sl_instance *self, struct sl_client *client,
                   const struct policy *policy, enum check result, const struct finding *finding)
{
    const struct sl_host *host = self->host;
    const char *error = renewal_error(self, client, result, finding);
    if (error == NULL && !set_attributes(self, client, finding))
        error = "The token's attributes cannot be kept.";
    if (error != NULL) {
        host->metric_add(policy->meters->renewals_refused, 1);
        if (result == CHECK_FAILED)
            tell_client(self, client, "{\"renewed\":false,\"error\":\"%s\",\"retry_after\":%lld}",
                        error, (long long)finding->retry_after);
        else
            tell_client(self, client, "{\"renewed\":false,\"error\":\"%s\"}", error);
        return;
    }
    session->expires = finding->expires;
    watch_expiry(session, self, host->client_id(client), policy);
    host->metric_add(policy->meters->renewed, 1);
    if (finding->expires > 0)
        tell_client(self, client, "{\"renewed\":true,\"expires_in\":%lld}",
                    (long long)(finding->expires - host->time_wall() / SECOND));
    else
        tell_client(self, client, "{\"renewed\":true}");
}

/* Each renewal lasts for one interval; the renewals that are ahead may not last longer than the
 * burst. */
bool session_may_renew(struct session *session, struct sl_instance *self, struct sl_client *client,
                       const struct policy *policy)
{
    const struct sl_host *host = self->host;
    int64_t now = host->time_monotonic();
    int64_t until = session->renewals > now ? session->renewals : now;
    int64_t wait = until + policy->renewal_interval - now - policy->renewal_burst;
    if (wait <= 0) {
        session->renewals = until + policy->renewal_interval;
        return true;
    }
    host->metric_add(policy->meters->renewals_limited, 1);
    tell_client(
        self, client,
        "{\"renewed\":false,\"error\":\"Too many renewals; try again.\",\"retry_after\":%lld}",
        (long long)((wait + SECOND - 1) / SECOND));
    return false;
}

/* -- recognizing renewals -- */

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static size_t skip_json_space(const struct sl_message *message, size_t at)
{
    while (at < message->len && at < SPACE_MAX && is_space(message->data[at]))
        at++;
    return at;
}

/* Returns where the name of the first member begins, behind its quotation mark; 0 if there is none.
 */
static size_t first_name(const struct sl_message *message)
{
    if (message->type != SL_TEXT)
        return 0;
    size_t at = skip_json_space(message, 0);
    if (at == message->len || message->data[at] != '{')
        return 0;
    at = skip_json_space(message, at + 1);
    return at < message->len && message->data[at] == '"' ? at + 1 : 0;
}

/* Packs the name's first bytes in their order, and their number into the last byte. */
uint64_t session_front_of(const char *member_cstr)
{
    char bytes[sizeof(uint64_t)] = {0};
    uint64_t front = 0;
    size_t len = member_cstr != NULL ? strnlen(member_cstr, FRONT_MAX) : 0;
    if (len > 0)
        memcpy(bytes, member_cstr, len);
    bytes[FRONT_MAX] = (char)len;
    memcpy(&front, bytes, sizeof front);
    return front;
}

bool session_has_front(uint64_t front, const struct sl_message *message)
{
    char bytes[sizeof front];
    memcpy(bytes, &front, sizeof front);
    size_t len = (size_t)bytes[FRONT_MAX];
    size_t at = first_name(message);
    return at > 0 && message->len - at >= len && memcmp(message->data + at, bytes, len) == 0;
}

bool session_names_renewal(const char *member, const struct sl_message *message)
{
    if (member == NULL)
        return false;
    size_t len = strlen(member);
    size_t at = first_name(message);
    return at > 0 && message->len - at > len && memcmp(message->data + at, member, len) == 0 &&
           message->data[at + len] == '"';
}

bool session_is_renewal(const char *member_cstr, const struct sl_message *message, char *token,
                        size_t size, size_t *len)
{
    *len = 0;
    if (!session_names_renewal(member_cstr, message))
        return false;
    if (message->len > size + RENEWAL_REST)
        return true;
    json_t *object = json_loadb(message->data, message->len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *value = json_object_get(object, member_cstr);
    bool is_alone = json_object_size(object) == 1;
    if (is_alone && json_is_string(value) && json_string_length(value) <= size) {
        *len = json_string_length(value);
        memcpy(token, json_string_value(value), *len);
    }
    json_decref(object);
    return true;
}
