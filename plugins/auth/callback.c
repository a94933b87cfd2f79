#include "callback.h"

#include "json_text.h"
#include "url.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdatomic.h>

#define ANSWER_MAX 16384
#define HEAD_MAX 65536
#define SECOND INT64_C(1000000000)
#define EXPIRES_MAX (INT64_C(10) * 365 * 86400)

/* -- the answer -- */

/* A null member counts as missing, and an empty list as an empty map, since PHP writes one for the
 * other. Each of these functions returns NULL, or what is wrong. */
static const char *take_attributes(json_t *attributes, struct finding *finding)
{
    const char *name;
    json_t *value;
    char text[JSON_TEXT_SIZE];
    size_t len;
    if (attributes == NULL || json_is_null(attributes) ||
        (json_is_array(attributes) && json_array_size(attributes) == 0))
        return NULL;
    if (!json_is_object(attributes))
        return "attributes is no object";
    json_object_foreach(attributes, name, value)
    {
        if (json_is_null(value))
            continue;
        enum json_text_result result = json_to_text(value, text, &len);
        if (result == JSON_TEXT_OTHER_TYPE)
            return "an attribute is no text, number, boolean or list of texts";
        if (result != JSON_TEXT_OK || !finding_attribute(finding, name, text, len))
            return "there are too many attributes, they are too long, or one has a name that "
                   "is auth's own or no name";
    }
    return NULL;
}

/* Parts of a second are left out. */
static const char *take_expiry(json_t *expires_in, int64_t now, struct finding *finding)
{
    double seconds = json_number_value(expires_in);
    if (expires_in == NULL || json_is_null(expires_in))
        return NULL;
    if (!json_is_number(expires_in))
        return "expires_in is no number";
    if (!(seconds >= 1) || seconds > (double)EXPIRES_MAX)
        return "expires_in is less than a second, or more than ten years";
    finding->expires = now + (int64_t)seconds;
    return NULL;
}

/* A name is a text or an integer, as in a JWT. */
static const char *read_identity(json_t *identity, struct finding *finding)
{
    char text[JSON_TEXT_SIZE];
    size_t len;
    if (!json_is_string(identity) && !json_is_integer(identity))
        return "identity is no text and no integer";
    if (json_to_text(identity, text, &len) != JSON_TEXT_OK || !finding_identify(finding, text, len))
        return "identity is empty, longer than 255 bytes, or has control characters";
    return NULL;
}

static const char *take_answer(json_t *answer, int64_t now, struct finding *finding)
{
    if (!json_is_object(answer))
        return "it is no JSON object";
    const char *wrong = read_identity(json_object_get(answer, "identity"), finding);
    if (wrong == NULL)
        wrong = take_expiry(json_object_get(answer, "expires_in"), now, finding);
    return wrong != NULL ? wrong : take_attributes(json_object_get(answer, "attributes"), finding);
}

enum check callback_parse(const char *body, size_t len, int64_t now, struct finding *finding)
{
    json_t *answer = json_read(body, len, NULL);
    finding->detail = take_answer(answer, now, finding);
    json_decref(answer);
    return finding->detail == NULL
               ? CHECK_ACCEPTED
               : finding_fail(finding, "The authentication service cannot be understood.");
}

/* -- asking -- */

/* A digest of everything that the answer depends on. */
static bool digest_of(const struct shown *shown, uint8_t digest[CACHE_KEY_SIZE])
{
    const struct sl_string parts[] = {shown->path, shown->address, shown->token};
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool fine = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; fine && i < sizeof parts / sizeof *parts; i++)
        fine = EVP_DigestUpdate(context, &parts[i].len, sizeof parts[i].len) == 1 &&
               EVP_DigestUpdate(context, parts[i].data, parts[i].len) == 1;
    fine = fine && EVP_DigestFinal_ex(context, digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    return fine;
}

/* A value must not contain line ends, which would begin another header. */
static bool can_be_header(struct sl_string value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.data[i] < 0x20 || value.data[i] == 0x7f)
            return false;
    return value.len <= CREDENTIAL_MAX;
}

/* Strangers choose the tokens that the service may fail over, so its circuit breaker is left alone.
 */
bool callback_ask(const struct callback *callback, struct sl_instance *self, uint64_t client,
                  const struct shown *shown,
                  void (*done)(struct sl_instance *self, struct sl_client *client,
                               const struct sl_http_response *response, void *context),
                  void *context)
{
    char authorization[CREDENTIAL_MAX + sizeof "Bearer "];
    if (!can_be_header(shown->token))
        return false;
    snprintf(authorization, sizeof authorization, "Bearer %.*s", (int)shown->token.len,
             shown->token.data);
    const struct sl_pair headers[] = {{sl_string_of("Authorization"), sl_string_of(authorization)},
                                      {sl_string_of("X-Original-Path"), shown->path},
                                      {sl_string_of("X-Client-Address"), shown->address},
                                      {sl_string_of("User-Agent"), sl_string_of("sluice-auth")}};
    const struct sl_http_request request = {.struct_size = sizeof request,
                                            .flags = SL_HTTP_WITHOUT_BREAKER,
                                            .url = sl_string_of(callback->url_cstr),
                                            .headers = headers,
                                            .header_count = sizeof headers / sizeof *headers,
                                            .timeout = callback->timeout,
                                            .max_head = HEAD_MAX,
                                            .max_body = ANSWER_MAX,
                                            .ca_file_cstr = callback->ca_file_cstr};
    int error = self->host->http_request(self, client, &request, done, context);
    OPENSSL_cleanse(authorization, sizeof authorization);
    return error == 0;
}

static enum check read_answer(const struct sl_http_response *response, int64_t now,
                              struct finding *finding)
{
    if (response->status == 200)
        return callback_parse(response->body.data, response->body.len, now, finding);
    if (response->status == 401)
        return finding_refuse(finding, "The authentication service refuses this client.");
    if (response->status == 403) {
        finding->is_scope = true;
        return finding_refuse(finding, "This client may not connect here.");
    }
    if (response->status != 0)
        finding->detail = "the status is none of 200, 401 and 403";
    return finding_fail(finding, "The authentication service is not well.");
}

/* An answer is not kept beyond the time that it names itself. */
static int64_t keep_for(const struct callback *callback, const struct sl_instance *self,
                        const struct finding *finding)
{
    int64_t left = finding->expires * SECOND - self->host->time_wall();
    return finding->expires > 0 && left < callback->keep ? left : callback->keep;
}

static void log_no_answer(struct callback *callback, struct sl_instance *self,
                          const struct sl_http_response *response, const char *detail)
{
    int64_t now = self->host->time_monotonic();
    int64_t next = atomic_load(&callback->next_log);
    if (now < next || !atomic_compare_exchange_strong(&callback->next_log, &next, now + SECOND))
        return;
    struct sl_string why = detail != NULL ? sl_string_of(detail) : response->error;
    sl_log(self, SL_LOG_WARN, "http_url %.*s: no usable answer (status %d): %.*s",
           url_loggable(callback->url_cstr), callback->url_cstr, response->status, (int)why.len,
           why.data);
}

enum check callback_understand(struct callback *callback, struct sl_instance *self,
                               const struct shown *shown, const struct sl_http_response *response,
                               struct finding *finding)
{
    uint8_t key[CACHE_KEY_SIZE];
    finding_init(finding);
    finding->method = "http";
    self->host->metric_add(callback->requests, 1);
    enum check result = read_answer(response, self->host->time_wall() / SECOND, finding);
    if (result == CHECK_FAILED) {
        log_no_answer(callback, self, response, finding->detail);
    } else if (callback->cache != NULL && digest_of(shown, key)) {
        int64_t now = self->host->time_monotonic();
        answer_cache_put(callback->cache, key, now, now + keep_for(callback, self, finding), result,
                         finding);
    }
    return result;
}

/* Cached answers expire by the monotonic clock, the times that they name by the wall clock. */
static bool has_ended(const struct finding *finding, int64_t now)
{
    return finding->expires > 0 && finding->expires <= now / SECOND;
}

enum check callback_check(struct callback *callback, struct sl_instance *self,
                          const struct shown *shown, struct finding *finding)
{
    uint8_t key[CACHE_KEY_SIZE];
    enum check result;
    finding->method = "http";
    if (!can_be_header(shown->token))
        return finding_refuse(finding, "The token is not valid.");
    if (!digest_of(shown, key))
        return finding_fail(finding, "Authentication is not possible at the moment.");
    if (callback->cache == NULL ||
        !answer_cache_get(callback->cache, key, self->host->time_monotonic(), &result, finding))
        return CHECK_ASK;
    if (has_ended(finding, self->host->time_wall())) {
        finding_init(finding);
        finding->method = "http";
        return CHECK_ASK;
    }
    self->host->metric_add(callback->hits, 1);
    return result;
}
