#include "session.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
#define NAME_WINDOW 72 /* bytes at the front of a message in which the member has to begin */
#define ANSWER_SIZE 256

void session_describe(const struct policy *policy, struct finding *finding)
{
    char digits[32];
    if (!policy->sets_attributes && finding->expires == 0)
        return;
    int len = snprintf(digits, sizeof digits, "%lld", (long long)finding->expires);
    if (policy->sets_attributes)
        (void)finding_attribute(finding, SESSION_METHOD, finding->method, strlen(finding->method));
    if (finding->expires > 0)
        (void)finding_attribute(finding, SESSION_EXPIRES, digits, (size_t)len);
}

/* The timer's tag is the client's id: on_timer closes it. */
static void start_timer(struct session *session, struct sl_instance *self, uint64_t client,
                        const struct policy *policy)
{
    const struct sl_host *host = self->host;
    if (session->timer != 0)
        host->timer_stop(self, session->timer);
    session->timer = 0;
    if (session->expires == 0 || !policy->closes_expired)
        return;
    int64_t left = session->expires > INT64_MAX / SECOND / 2
                       ? INT64_MAX / 2
                       : session->expires * SECOND - host->time_wall();
    left = (left > 0 ? left : 0) + policy->grace;
    session->timer = host->timer_start(self, left > 0 ? left : 1, 0, client);
    if (session->timer == 0) /* Nobody would ever close it. */
        (void)host->close(self, client, 1011, "There is no memory to watch your credentials.");
}

void session_begin(struct session *session, struct sl_instance *self, struct sl_client *client,
                   const struct policy *policy)
{
    struct sl_string text;
    *session = (struct session){0};
    if (!self->host->attribute(client, SESSION_EXPIRES, &text))
        return;
    session->expires = strtoll(text.data, NULL, 10);
    start_timer(session, self, self->host->client_id(client), policy);
}

void session_end(struct session *session, struct sl_instance *self)
{
    if (session->timer != 0)
        self->host->timer_stop(self, session->timer);
    session->timer = 0;
}

static void tell(struct sl_instance *self, struct sl_client *client, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void tell(struct sl_instance *self, struct sl_client *client, const char *format, ...)
{
    char text[ANSWER_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (len > 0 && len < (int)sizeof text)
        (void)self->host->client_send(client, SL_TEXT, text, (size_t)len);
}

/* A renewal prolongs; it never makes somebody else of a client. */
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

void session_renew(struct session *session, struct sl_instance *self, struct sl_client *client,
                   const struct policy *policy, enum check result, const struct finding *finding)
{
    const struct sl_host *host = self->host;
    const char *error = renewal_error(self, client, result, finding);
    if (error != NULL) {
        host->metric_add(policy->meters->renewals_refused, 1);
        tell(self, client, "{\"renewed\":false,\"error\":\"%s\"}", error);
        return;
    }
    for (size_t i = 0; i < finding->attribute_count; i++) {
        const struct sl_pair *pair = &finding->attributes[i];
        (void)host->attribute_set(self, client, pair->name.data, pair->value.data, pair->value.len);
    }
    session->expires = finding->expires;
    start_timer(session, self, host->client_id(client), policy);
    host->metric_add(policy->meters->renewed, 1);
    if (finding->expires > 0)
        tell(self, client, "{\"renewed\":true,\"expires_in\":%lld}",
             (long long)(finding->expires - host->time_wall() / SECOND));
    else
        tell(self, client, "{\"renewed\":true}");
}

/* Cheap for every other message: the front of it is looked at. */
static bool could_be_renewal(const char *member, const struct sl_message *message)
{
    size_t member_len = strlen(member);
    size_t window = message->len < NAME_WINDOW ? message->len : NAME_WINDOW;
    size_t at = 0;
    if (message->type != SL_TEXT)
        return false;
    while (at < window && memchr(" \t\r\n", message->data[at], 4) != NULL)
        at++;
    if (at == window || message->data[at++] != '{')
        return false;
    while (at < window && memchr(" \t\r\n", message->data[at], 4) != NULL)
        at++;
    return at + member_len + 2 <= message->len && message->data[at] == '"' &&
           memcmp(message->data + at + 1, member, member_len) == 0 &&
           message->data[at + 1 + member_len] == '"';
}

bool session_is_renewal(const char *member_cstr, const struct sl_message *message, char *token,
                        size_t size, size_t *len)
{
    *len = 0;
    if (member_cstr == NULL || !could_be_renewal(member_cstr, message))
        return false;
    if (message->len > size + 256)
        return true;
    json_t *object = json_loadb(message->data, message->len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *value = json_object_get(object, member_cstr);
    bool is_alone = json_object_size(object) == 1;
    if (is_alone && json_is_string(value) && json_string_length(value) < size) {
        *len = json_string_length(value);
        memcpy(token, json_string_value(value), *len);
    }
    json_decref(object);
    return true;
}
