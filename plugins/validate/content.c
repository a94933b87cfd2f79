#include "content.h"

#include "json/json_parse.h"
#include "json/json_scan.h"
#include "rewrite.h"

/* -- options -- */

static void read_limits(struct content *content, const struct sl_instance *self)
{
    bool has_schema =
        self->host->option(self, "schema") != NULL || self->host->option(self, "schemas") != NULL;
    bool is_chosen = self->host->option(self, "unique_members") != NULL;
    content->limits = (struct json_limits){
        .max_depth = (size_t)sl_option_integer(self, "max_depth"),
        .max_values = (size_t)sl_option_integer(self, "max_values"),
        .max_members = (size_t)sl_option_integer(self, "max_members"),
        .max_string = (size_t)sl_option_integer(self, "max_string"),
        .max_number = (size_t)sl_option_integer(self, "max_number"),
        .refuse_duplicates = is_chosen ? sl_option_bool(self, "unique_members") : has_schema,
        .refuse_nul_names = true};
}

/* Options without effect are mistakes. A limit that equals its default may be given or not: that
 * cannot be told. */
static int refuse_idle_json(struct sl_instance *self)
{
    static const struct {
        const char *name;
        int64_t otherwise;
    } limits[] = {{"max_depth", 32},
                  {"max_values", 65536},
                  {"max_members", 10000},
                  {"max_string", 1 << 20},
                  {"max_number", 63}};
    static const char *const names[] = {"required", "schema", "schemas", "unique_members"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (self->host->option(self, names[i]) != NULL)
            return sl_fail(self, "%s has no meaning without json: true", names[i]);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (sl_option_integer(self, limits[i].name) != limits[i].otherwise)
            return sl_fail(self, "%s has no meaning without json: true", limits[i].name);
    const struct sl_value *list = self->host->option(self, "escape_html");
    for (size_t i = 0; i < self->host->value_count(list); i++)
        if (self->host->value_string(self->host->value_at(list, i)).len > 0)
            return sl_fail(self, "escape_html names members, which there are none of without json: "
                                 "true; \"\" stands for the whole message");
    return 0;
}

static bool equals_cstr(struct sl_string text, const char *expected)
{
    return json_text_is((struct json_text){text.data, text.len}, expected);
}

static int refuse_idle_schemas(struct sl_instance *self)
{
    const struct sl_host *host = self->host;
    bool has_typed = host->option(self, "schemas") != NULL;
    bool has_schema = has_typed || host->option(self, "schema") != NULL;
    if (!has_typed && host->option(self, "schema_folder") != NULL)
        return sl_fail(self, "schema_folder has no meaning without schemas");
    if (!has_typed && !equals_cstr(sl_option_string(self, "discriminator"), "type"))
        return sl_fail(self, "discriminator has no meaning without schemas");
    if (!has_schema && !equals_cstr(sl_option_string(self, "formats"), "ignore"))
        return sl_fail(self, "formats has no meaning without schema or schemas");
    return 0;
}

int content_init(struct content *content, struct sl_instance *self)
{
    const struct sl_host *host = self->host;
    content->json = sl_option_bool(self, "json");
    read_limits(content, self);
    worker_pool_init(&content->pool, host, (uint32_t)sl_option_integer(self, "match_limit"));
    if ((!content->json && refuse_idle_json(self) != 0) || refuse_idle_schemas(self) != 0 ||
        members_init(&content->members, self) != 0)
        return SL_ERROR;
    if (schemas_init(&content->schemas, self) != 0 || texts_init(&content->texts, self) != 0 ||
        escape_init(&content->escape, self) != 0) {
        content_deinit(content, host);
        return SL_ERROR;
    }
    content->needs_tree = content->limits.refuse_duplicates || content->members.count > 0 ||
                          schemas_ask(&content->schemas) || texts_ask(&content->texts) ||
                          content->escape.count > 0;
    content->is_asked = content->json || content->needs_tree || content->texts.allowed != NULL;
    return 0;
}

void content_deinit(struct content *content, const struct sl_host *host)
{
    members_deinit(&content->members, host);
    schemas_deinit(&content->schemas, host);
    texts_deinit(&content->texts, host);
    escape_deinit(&content->escape, host);
    worker_pool_deinit(&content->pool);
}

/* -- texts -- */

/* One walk over all texts of a message. */
struct walk {
    const struct content *content;
    struct worker *worker;
    struct refusal *refusal;
    bool cleans;  /* some text has lost characters */
    bool escapes; /* some text is to be escaped: see rewrite.h */
};

static bool no_memory(const struct walk *walk)
{
    return refusal_of_json(walk->refusal, JSON_NO_MEMORY, 0, NULL);
}

static bool check_string(struct walk *walk, struct json_value *value, bool is_escaped)
{
    bool is_cleaned = false;
    if (!texts_check(&walk->content->texts, &walk->worker->matcher, &walk->worker->arena,
                     &value->text, false, &is_cleaned, walk->refusal))
        return false;
    is_escaped = is_escaped && escape_is_needed(value->text);
    rewrite_mark(value, is_cleaned, is_escaped);
    walk->cleans |= is_cleaned;
    walk->escapes |= is_escaped;
    return true;
}

/* `is_escaped`: the object is inside a member that is escaped. Code that displays such a member
 * displays the names in it too, so they are escaped as well. */
static bool check_member_name(struct walk *walk, const struct json_value *member, bool is_escaped)
{
    bool is_cleaned = false;
    struct json_text name = member->name;
    if (is_escaped && escape_is_needed(name))
        return refusal_set(walk->refusal, REFUSAL_WRONG_TEXT,
                           "A name inside a member that is escaped would have to be escaped too");
    return texts_check(&walk->content->texts, &walk->worker->matcher, &walk->worker->arena, &name,
                       true, &is_cleaned, walk->refusal);
}

/* Recursive as the message is deep, which max_depth bounds. */
static bool check_texts(struct walk *walk, struct json_value *value, size_t depth, bool is_escaped)
{
    is_escaped = is_escaped || escape_is_target(&walk->content->escape, value, depth);
    if (value->type == JSON_STRING)
        return check_string(walk, value, is_escaped);
    if (value->type != JSON_ARRAY && value->type != JSON_OBJECT)
        return true;
    for (struct json_value *child = value->first; child != NULL; child = child->next)
        if ((value->type == JSON_OBJECT && !check_member_name(walk, child, is_escaped)) ||
            !check_texts(walk, child, depth + 1, is_escaped))
            return false;
    return true;
}

/* -- a message -- */

static bool check_whole(const struct walk *walk, struct json_text message)
{
    return texts_check_whole(&walk->content->texts, &walk->worker->matcher, message, walk->refusal);
}

/* Matches the pattern of the whole message against the text after removals. */
static bool check_cleaned(const struct walk *walk, const struct json_value *root,
                          struct json_text message)
{
    if (walk->content->texts.allowed != NULL && walk->cleans &&
        !rewrite_message(root, message, false, &walk->worker->arena, &message))
        return no_memory(walk);
    return check_whole(walk, message);
}

static bool change_message(const struct walk *walk, const struct json_value *root,
                           struct json_text message, struct change *change)
{
    change->is_made = walk->cleans || walk->escapes;
    return !change->is_made ||
           rewrite_message(root, message, true, &walk->worker->arena, &change->text) ||
           no_memory(walk);
}

static bool check_tree(struct walk *walk, struct json_text message, struct change *change)
{
    const struct content *content = walk->content;
    struct json_value *root;
    size_t at;
    enum json_result result =
        json_parse(message.data, message.len, &content->limits, &walk->worker->arena, &root, &at);
    if (result != JSON_OK)
        return refusal_of_json(walk->refusal, result, at, &content->limits);
    if (!members_check(&content->members, root, walk->refusal))
        return false;
    if ((texts_ask(&content->texts) || content->escape.count > 0) &&
        !check_texts(walk, root, 0, false))
        return false;
    return check_cleaned(walk, root, message) &&
           schemas_check(&content->schemas, walk->worker->context, root, walk->refusal) &&
           change_message(walk, root, message, change);
}

static bool check_json(struct walk *walk, struct json_text message, struct change *change)
{
    const struct content *content = walk->content;
    size_t at;
    enum json_result result = json_scan(message.data, message.len, &content->limits, &at);
    if (result != JSON_OK)
        return refusal_of_json(walk->refusal, result, at, &content->limits);
    return content->needs_tree ? check_tree(walk, message, change) : check_whole(walk, message);
}

/* A message that is one text. */
static bool check_plain(struct walk *walk, struct json_text message, struct change *change)
{
    struct json_value value = {.type = JSON_STRING, .text = message};
    if (!check_string(walk, &value, walk->content->escape.count > 0) ||
        !check_whole(walk, value.text))
        return false;
    *change = (struct change){walk->cleans || walk->escapes, value.text};
    return !walk->escapes || rewrite_escaped(value.text, &walk->worker->arena, &change->text) ||
           no_memory(walk);
}

bool content_check(const struct content *content, struct worker *worker, struct json_text message,
                   struct change *change, struct refusal *refusal)
{
    struct walk walk = {.content = content, .worker = worker, .refusal = refusal};
    *change = (struct change){.is_made = false};
    matcher_begin(&worker->matcher, message.len);
    return content->json ? check_json(&walk, message, change) : check_plain(&walk, message, change);
}
