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

/* Options that would do nothing are mistakes. */
static int refuse_idle(struct sl_instance *self)
{
    static const char *const names[] = {"required", "schema", "schemas", "unique_members"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (self->host->option(self, names[i]) != NULL)
            return sl_fail(self, "%s has no meaning without json: true", names[i]);
    const struct sl_value *list = self->host->option(self, "escape_html");
    for (size_t i = 0; i < self->host->value_count(list); i++)
        if (self->host->value_string(self->host->value_at(list, i)).len > 0)
            return sl_fail(self, "escape_html names members, which there are none of without json: "
                                 "true; \"\" stands for the whole message");
    return 0;
}

int content_init(struct content *content, struct sl_instance *self)
{
    const struct sl_host *host = self->host;
    content->json = sl_option_bool(self, "json");
    read_limits(content, self);
    worker_pool_init(&content->pool, host, (uint32_t)sl_option_integer(self, "match_limit"));
    if ((!content->json && refuse_idle(self) != 0) || members_init(&content->members, self) != 0)
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
    bool changes; /* some text is marked: see rewrite.h */
};

static bool check_string(struct walk *walk, struct json_value *value, bool is_escaped)
{
    bool cleans = false;
    if (!texts_check(&walk->content->texts, &walk->worker->matcher, value->text, false, &cleans,
                     walk->refusal))
        return false;
    is_escaped = is_escaped && escape_is_needed(value->text);
    rewrite_mark(value, cleans, is_escaped);
    walk->changes |= cleans || is_escaped;
    return true;
}

static bool check_name(struct walk *walk, const struct json_value *member)
{
    bool cleans = false;
    return texts_check(&walk->content->texts, &walk->worker->matcher, member->name, true, &cleans,
                       walk->refusal);
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
        if ((value->type == JSON_OBJECT && !check_name(walk, child)) ||
            !check_texts(walk, child, depth + 1, is_escaped))
            return false;
    return true;
}

/* -- a message -- */

static bool change_message(struct walk *walk, const struct json_value *root,
                           struct json_text message, struct change *change)
{
    if (!walk->changes)
        return true;
    change->is_made =
        rewrite_message(&walk->content->texts, root, message, &walk->worker->arena, &change->text);
    return change->is_made || refusal_of_json(walk->refusal, JSON_NO_MEMORY, 0, NULL);
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
    return schemas_check(&content->schemas, walk->worker->context, root, walk->refusal) &&
           change_message(walk, root, message, change);
}

static bool check_json(struct walk *walk, struct json_text message, struct change *change)
{
    const struct content *content = walk->content;
    size_t at;
    enum json_result result = json_scan(message.data, message.len, &content->limits, &at);
    if (result != JSON_OK)
        return refusal_of_json(walk->refusal, result, at, &content->limits);
    return !content->needs_tree || check_tree(walk, message, change);
}

/* A message that is one text. */
static bool check_plain(struct walk *walk, struct json_text message, struct change *change)
{
    struct json_value value = {.type = JSON_STRING, .text = message};
    if (!check_string(walk, &value, walk->content->escape.count > 0))
        return false;
    if (!walk->changes)
        return true;
    change->is_made =
        rewrite_text(&walk->content->texts, &value, &walk->worker->arena, &change->text);
    return change->is_made || refusal_of_json(walk->refusal, JSON_NO_MEMORY, 0, NULL);
}

bool content_check(const struct content *content, struct worker *worker, struct json_text message,
                   struct change *change, struct refusal *refusal)
{
    struct walk walk = {.content = content, .worker = worker, .refusal = refusal};
    *change = (struct change){.is_made = false};
    matcher_begin(&worker->matcher, message.len);
    if (!texts_check_whole(&content->texts, &worker->matcher, message, refusal))
        return false;
    return content->json ? check_json(&walk, message, change) : check_plain(&walk, message, change);
}
