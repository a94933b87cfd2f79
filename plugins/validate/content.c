#include "content.h"

#include <stdlib.h>
#include <string.h>
#include <uninorm.h>

#define TYPES_MAX 256
#define ARENA_MAX ((size_t)64 << 20) /* bytes that one message may need */

struct worker {
    struct worker *next;
    struct arena arena;
    struct schema_context *context;
};

/* -- options -- */

static int load(struct sl_instance *self, const char *path, struct schema **schema)
{
    char error[SCHEMA_ERROR_SIZE] = "there is no memory for the schema";
    struct sl_string formats = sl_option_string(self, "formats");
    const struct schema_options options = {
        .flags = formats.len == strlen("assert") ? SCHEMA_ASSERT_FORMAT : 0};
    *schema = schema_load(path, &options, error);
    return *schema != NULL ? 0 : sl_fail(self, "%s", error);
}

/* Paths inside a map are not resolved by the server: they are looked for in `schema_folder`. */
static int load_typed(struct content *content, struct sl_instance *self, const struct sl_value *map,
                      size_t index)
{
    const struct sl_host *host = self->host;
    struct typed_schema *typed = &content->typed[index];
    struct sl_string type = host->value_key(map, index);
    struct sl_string file = host->value_string(host->value_at(map, index));
    char path[4096];
    if (file.len == 0)
        return sl_fail(self, "schemas: %.*s has to be the name of a file", (int)type.len,
                       type.data);
    int len = snprintf(path, sizeof path, "%s/%.*s", sl_option_string(self, "schema_folder").data,
                       (int)file.len, file.data);
    if (len < 0 || len >= (int)sizeof path)
        return sl_fail(self, "schemas: the path of %.*s is too long", (int)type.len, type.data);
    typed->type = strndup(type.data, type.len);
    if (typed->type == NULL)
        return sl_fail(self, "there is no memory for schemas");
    return load(self, path, &typed->schema);
}

static int load_all_typed(struct content *content, struct sl_instance *self)
{
    const struct sl_host *host = self->host;
    const struct sl_value *map = host->option(self, "schemas");
    size_t count = host->value_count(map);
    if (map == NULL)
        return 0;
    if (count == 0 || count > TYPES_MAX)
        return sl_fail(self, "schemas names from 1 to %d types", TYPES_MAX);
    if (host->option(self, "schema_folder") == NULL)
        return sl_fail(self, "schemas needs schema_folder, which its files are in");
    content->typed = calloc(count, sizeof *content->typed);
    if (content->typed == NULL)
        return sl_fail(self, "there is no memory for schemas");
    for (size_t i = 0; i < count; i++) {
        content->typed_count++;
        if (load_typed(content, self, map, i) != 0)
            return SL_ERROR;
    }
    return 0;
}

static void read_limits(struct content *content, const struct sl_instance *self)
{
    content->limits =
        (struct document_limits){.max_depth = (size_t)sl_option_integer(self, "max_depth"),
                                 .max_values = (size_t)sl_option_integer(self, "max_values"),
                                 .max_members = (size_t)sl_option_integer(self, "max_members"),
                                 .max_string = (size_t)sl_option_integer(self, "max_string"),
                                 .max_number = (size_t)sl_option_integer(self, "max_number"),
                                 .refuse_duplicates = sl_option_bool(self, "unique_members")};
    content->bounds = SCHEMA_LIMITS_DEFAULT;
    content->bounds.pattern_matches = (uint32_t)sl_option_integer(self, "match_limit");
    content->refuses_control = sl_option_bool(self, "refuse_control_characters");
    content->refuses_bidi = sl_option_bool(self, "refuse_bidi_controls");
    content->requires_nfc = sl_option_bool(self, "require_nfc");
}

int content_init(struct content *content, struct sl_instance *self)
{
    const struct sl_host *host = self->host;
    *content = (struct content){.host = host};
    pthread_mutex_init(&content->lock, NULL);
    read_limits(content, self);
    content->discriminator = sl_option_string(self, "discriminator").data;
    bool has_schema = host->option(self, "schema") != NULL;
    content->is_asked = has_schema || host->option(self, "schemas") != NULL ||
                        content->limits.refuse_duplicates || content->refuses_control ||
                        content->refuses_bidi || content->requires_nfc;
    if ((!has_schema || load(self, sl_option_string(self, "schema").data, &content->schema) == 0) &&
        load_all_typed(content, self) == 0)
        return 0;
    content_deinit(content);
    return SL_ERROR;
}

static void worker_destroy(struct worker *worker)
{
    arena_deinit(&worker->arena);
    if (worker->context != NULL)
        schema_context_destroy(worker->context);
    free(worker);
}

void content_deinit(struct content *content)
{
    if (content->host == NULL)
        return;
    schema_destroy(content->schema);
    for (size_t i = 0; i < content->typed_count; i++) {
        free(content->typed[i].type);
        schema_destroy(content->typed[i].schema);
    }
    free(content->typed);
    while (content->pool != NULL) {
        struct worker *worker = content->pool;
        content->pool = worker->next;
        worker_destroy(worker);
    }
    pthread_mutex_destroy(&content->lock);
    content->host = NULL;
}

/* -- the pool -- */

static struct worker *take_worker(struct content *content)
{
    pthread_mutex_lock(&content->lock);
    struct worker *worker = content->pool;
    if (worker != NULL)
        content->pool = worker->next;
    pthread_mutex_unlock(&content->lock);
    if (worker != NULL || (worker = calloc(1, sizeof *worker)) == NULL)
        return worker;
    arena_init(&worker->arena, ARENA_MAX);
    worker->context = schema_context_create(&content->bounds);
    if (worker->context != NULL)
        return worker;
    worker_destroy(worker);
    return NULL;
}

static void put_worker(struct content *content, struct worker *worker)
{
    arena_reset(&worker->arena);
    pthread_mutex_lock(&content->lock);
    worker->next = content->pool;
    content->pool = worker;
    pthread_mutex_unlock(&content->lock);
}

/* -- texts -- */

/* C0, DEL and C1 but for tab and line ends. The text is valid UTF-8. */
static bool has_control(struct json_text text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool is_c1 = c == 0xc2 && i + 1 < text.len && (unsigned char)text.data[i + 1] < 0xa0;
        if (is_c1 || c == 0x7f || (c < 0x20 && c != '\t' && c != '\n' && c != '\r'))
            return true;
    }
    return false;
}

/* U+061C, U+200E, U+200F, U+202A to U+202E and U+2066 to U+2069: what makes text read otherwise
 * than it is. */
static bool has_bidi(struct json_text text)
{
    for (size_t i = 0; i + 1 < text.len; i++) {
        const unsigned char *at = (const unsigned char *)text.data + i;
        if (at[0] == 0xd8 && at[1] == 0x9c)
            return true;
        if (i + 2 >= text.len || at[0] != 0xe2)
            continue;
        if ((at[1] == 0x80 &&
             (at[2] == 0x8e || at[2] == 0x8f || (at[2] >= 0xaa && at[2] <= 0xae))) ||
            (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9))
            return true;
    }
    return false;
}

static bool is_nfc(struct json_text text)
{
    bool is_ascii = true;
    size_t len = 0;
    for (size_t i = 0; i < text.len && is_ascii; i++)
        is_ascii = (unsigned char)text.data[i] < 0x80;
    if (is_ascii)
        return true;
    uint8_t *normal = u8_normalize(UNINORM_NFC, (const uint8_t *)text.data, text.len, NULL, &len);
    bool same = normal != NULL && len == text.len && memcmp(normal, text.data, len) == 0;
    free(normal);
    return same;
}

static bool check_text(const struct content *content, struct json_text text,
                       struct refusal *refusal)
{
    const char *wrong = NULL;
    if (content->refuses_control && has_control(text))
        wrong = "A text holds control characters";
    else if (content->refuses_bidi && has_bidi(text))
        wrong = "A text holds characters that change its direction";
    else if (content->requires_nfc && !is_nfc(text))
        wrong = "A text is not in Unicode's normal form C";
    if (wrong != NULL)
        refusal_of_content(refusal, "wrong_text", wrong);
    return wrong == NULL;
}

/* Recursive as the document is deep, which max_depth bounds. */
static bool check_texts(const struct content *content, const struct json_value *value,
                        struct refusal *refusal)
{
    if (value->type == JSON_STRING)
        return check_text(content, value->text, refusal);
    if (value->type != JSON_ARRAY && value->type != JSON_OBJECT)
        return true;
    for (const struct json_value *child = value->first; child != NULL; child = child->next)
        if ((value->type == JSON_OBJECT && !check_text(content, child->name, refusal)) ||
            !check_texts(content, child, refusal))
            return false;
    return true;
}

/* -- a message -- */

static bool check_with(const struct schema *schema, struct worker *worker,
                       const struct json_value *message, struct refusal *refusal)
{
    struct schema_finding finding;
    if (schema == NULL || schema_check(schema, worker->context, message, &finding))
        return true;
    refusal_of_schema(refusal, finding.instance, finding.sentence, finding.keyword);
    return false;
}

static bool check_typed(const struct content *content, struct worker *worker,
                        const struct json_value *message, struct refusal *refusal)
{
    const struct json_value *type =
        message->type == JSON_OBJECT ? json_member_cstr(message, content->discriminator) : NULL;
    for (size_t i = 0; type != NULL && type->type == JSON_STRING && i < content->typed_count; i++)
        if (json_text_is(type->text, content->typed[i].type))
            return check_with(content->typed[i].schema, worker, message, refusal);
    if (content->typed_count > 0)
        refusal_of_content(refusal, "unknown_type", "Messages of this type are not accepted");
    return content->typed_count == 0;
}

static bool check_document(const struct content *content, struct worker *worker, const char *data,
                           size_t len, struct refusal *refusal)
{
    struct json_value *root;
    size_t at;
    enum document_result result =
        document_parse(data, len, &content->limits, &worker->arena, &root, &at);
    if (result != DOCUMENT_OK) {
        refusal_of_content(refusal, "malformed_json", document_result_text(result));
        return false;
    }
    bool checks_texts = content->refuses_control || content->refuses_bidi || content->requires_nfc;
    return (!checks_texts || check_texts(content, root, refusal)) &&
           check_with(content->schema, worker, root, refusal) &&
           check_typed(content, worker, root, refusal);
}

bool content_check(struct content *content, const char *data, size_t len, struct refusal *refusal)
{
    struct worker *worker = take_worker(content);
    if (worker == NULL) {
        refusal_of_content(refusal, "unchecked", "There is no memory to check it");
        return false;
    }
    bool passes = check_document(content, worker, data, len, refusal);
    put_worker(content, worker);
    return passes;
}
