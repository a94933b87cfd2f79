#include "finding.h"

#include <string.h>

#define SECOND INT64_C(1000000000)

void finding_init(struct finding *finding)
{
    finding->identity_len = 0;
    finding->expires = 0;
    finding->method = "none";
    finding->reason = "The token is not valid.";
    finding->retry_after = 1;
    finding->detail = NULL;
    finding->is_scope = false;
    finding->attribute_count = 0;
    finding->text_len = 0;
}

static bool is_plain_name(const char *text, size_t len, size_t most)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return len > 0 && len <= most;
}

bool finding_identify(struct finding *finding, const char *identity, size_t len)
{
    if (!is_plain_name(identity, len, IDENTITY_MAX))
        return false;
    memcpy(finding->identity, identity, len);
    finding->identity[len] = '\0';
    finding->identity_len = len;
    return true;
}

static struct sl_string keep_text(struct finding *finding, const char *text, size_t len)
{
    char *copy = finding->text + finding->text_len;
    memcpy(copy, text, len);
    copy[len] = '\0';
    finding->text_len += len + 1;
    return (struct sl_string){copy, len};
}

static void append_attribute(struct finding *finding, const char *name_cstr, const char *value,
                             size_t len)
{
    struct sl_pair *pair = &finding->attributes[finding->attribute_count++];
    pair->name = keep_text(finding, name_cstr, strlen(name_cstr));
    pair->value = keep_text(finding, value, len);
}

bool finding_attribute(struct finding *finding, const char *name_cstr, const char *value,
                       size_t len)
{
    size_t name_len = strlen(name_cstr);
    if (finding->attribute_count >= ATTRIBUTES_MAX ||
        !is_plain_name(name_cstr, name_len, ATTRIBUTE_NAME_MAX) || len > ATTRIBUTES_TEXT ||
        finding->text_len + name_len + len + 2 > ATTRIBUTES_TEXT ||
        strncmp(name_cstr, ATTRIBUTES_PREFIX, strlen(ATTRIBUTES_PREFIX)) == 0)
        return false;
    append_attribute(finding, name_cstr, value, len);
    return true;
}

void finding_own_attribute(struct finding *finding, const char *name_cstr, const char *value_cstr)
{
    size_t size = strlen(name_cstr) + strlen(value_cstr) + 2;
    if (finding->attribute_count < ATTRIBUTES_MAX + ATTRIBUTES_OWN &&
        finding->text_len + size <= sizeof finding->text)
        append_attribute(finding, name_cstr, value_cstr, strlen(value_cstr));
}

enum check finding_refuse(struct finding *finding, const char *reason)
{
    finding->reason = reason;
    return CHECK_REFUSED;
}

enum check finding_fail(struct finding *finding, const char *reason)
{
    finding->reason = reason;
    return CHECK_FAILED;
}

enum check finding_fail_for(struct finding *finding, const char *reason, int64_t after)
{
    finding->retry_after = after > SECOND ? (after + SECOND - 1) / SECOND : 1;
    return finding_fail(finding, reason);
}
