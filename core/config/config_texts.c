#include "config/config_texts.h"

#include "config/config.h"
#include "config/listen_address.h"

#include <sluice/address.h>
#include <string.h>

#define PATH_LEN_MAX 255
#define GAP_TEXT_MAX 128
#define NAME_LEN_MAX 64

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

int config_check_address(const struct typed *typed, const char *text)
{
    char why[256];
    struct listen_address address;
    if (listen_address_parse(text, &address, why, sizeof why) == 0)
        return 0;
    return typed_error(typed, "%s", why);
}

int config_check_admin_address(const struct typed *typed, const char *text)
{
    const char *path = listen_unix_path(text);
    if (path == NULL)
        return config_check_address(typed, text);
    if (path[0] != '/')
        return typed_error(typed,
                           "the path of a Unix socket is absolute: unix:/run/sluice/admin.sock");
    if (strlen(path) > LISTEN_UNIX_PATH_MAX)
        return typed_error(typed, "the path of a Unix socket may have %d bytes; this one has %zu",
                           LISTEN_UNIX_PATH_MAX, strlen(path));
    return 0;
}

static bool has_dot_segment(const char *path)
{
    for (const char *at = path; (at = strstr(at, "/.")) != NULL; at++) {
        const char *after = at + 2;
        after += *after == '.';
        if (*after == '/' || *after == '\0')
            return true;
    }
    return false;
}

int config_check_endpoint_path(const struct typed *typed, const char *text)
{
    if (text[0] != '/')
        return typed_error(typed, "\"%.64s\" must begin with a slash, such as /ws", text);
    if (strlen(text) > PATH_LEN_MAX)
        return typed_error(typed, "is longer than %d bytes", PATH_LEN_MAX);
    if (strpbrk(text, "?#") != NULL)
        return typed_error(typed, "\"%.64s\" must be without a query (?) and fragment (#)", text);
    if (strchr(text, '%') != NULL)
        return typed_error(typed, "\"%.64s\" must be written decoded, without %%", text);
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '\\')
            return typed_error(typed, "must have no spaces, backslashes and control characters");
    if (strstr(text, "//") != NULL || has_dot_segment(text))
        return typed_error(typed, "\"%.64s\" must have no empty, \".\" or \"..\" parts", text);
    return 0;
}

int config_check_subprotocol(const struct typed *typed, const char *text)
{
    if (strlen(text) > PATH_LEN_MAX)
        return typed_error(typed, "is longer than %d bytes", PATH_LEN_MAX);
    if (text[strspn(text, LOWER UPPER DIGITS "!#$%&'*+-.^_`|~")] == '\0')
        return 0;
    return typed_error(typed,
                       "\"%.64s\" is not a subprotocol's name; use letters, digits and "
                       "!#$%%&'*+-.^_`|~",
                       text);
}

int config_check_conflation_key(const struct typed *typed, const char *text)
{
    if (strcmp(text, CONFIG_CONFLATE_TOPIC) != 0 && text[0] != '/')
        return typed_error(typed,
                           "\"%.64s\" is neither topic nor a JSON Pointer, which begins with a "
                           "slash, such as /symbol",
                           text);
    for (const char *tilde = strchr(text, '~'); tilde != NULL; tilde = strchr(tilde + 1, '~'))
        if (tilde[1] != '0' && tilde[1] != '1')
            return typed_error(typed, "in a JSON Pointer ~ is written ~0, and / in a name ~1");
    if (strlen(text) > PATH_LEN_MAX)
        return typed_error(typed, "is longer than %d bytes", PATH_LEN_MAX);
    return 0;
}

int config_check_gap_text(const struct typed *typed, const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len > GAP_TEXT_MAX)
        return typed_error(typed, "must have 1 to %d bytes; this one has %zu", GAP_TEXT_MAX, len);
    return 0;
}

int config_check_sample(const struct typed *typed, const char *text)
{
    uint32_t sample;
    if (access_log_read_sample(text, &sample))
        return 0;
    return typed_error(typed, "\"%.64s\" is not one in so many; write 1/100, up to 1/%u", text,
                       ACCESS_LOG_SAMPLE_MAX);
}

int config_check_prefix(const struct typed *typed, const char *text)
{
    struct sl_prefix prefix;
    char why[160];
    const char *wrong = sl_prefix_parse(text, strlen(text), &prefix, why);
    return wrong == NULL ? 0 : typed_error(typed, "\"%.64s\" %s", text, wrong);
}

int config_check_token_name(const struct typed *typed, const char *text)
{
    size_t len = strlen(text);
    if (strcmp(text, ADMIN_TOKEN_FILE_NAME) == 0)
        return typed_error(typed, "%s is the name of the tokens in admin.token_file", text);
    if (len <= ADMIN_TOKEN_NAME_MAX && text[strspn(text, LOWER UPPER DIGITS "._-")] == '\0')
        return 0;
    return typed_error(typed,
                       "\"%.64s\" is not a token's name; use up to %d letters, digits, \".\", "
                       "\"_\" and \"-\"",
                       text, ADMIN_TOKEN_NAME_MAX);
}

int config_check_plugin_name(const struct typed *typed, const char *text)
{
    size_t len = strlen(text);
    if (len <= NAME_LEN_MAX && text[strspn(text, LOWER DIGITS "-")] == '\0')
        return 0;
    return typed_error(typed,
                       "\"%.64s\" is not a plugin's name; use up to %d lower case letters, digits "
                       "and \"-\" (the folders are in plugins.path)",
                       text, NAME_LEN_MAX);
}
