#include "client/ban.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define IPV4_ALL 96 /* the length of 0.0.0.0/0, as prefixes count */

const char *ban_read_identity(struct ban *ban, const char *text)
{
    size_t len = strlen(text);
    if (!topic_is_name(text, len))
        return "an identity is 1 to 255 bytes of UTF-8";
    memcpy(ban->identity, text, len + 1);
    ban->is_address = false;
    return NULL;
}

const char *ban_read_address(struct ban *ban, const char *text, char fault[256])
{
    char why[160];
    const char *wrong = sl_prefix_parse(text, strlen(text), &ban->address, why);
    if (wrong != NULL) {
        snprintf(fault, 256, "\"%.64s\" %s", text, wrong);
        return fault;
    }
    bool is_ipv4 = sl_address_is_ipv4(ban->address.bytes);
    if (ban->address.length == 0 || (is_ipv4 && ban->address.length == IPV4_ALL))
        return "this prefix is that of all addresses; sluice drain keeps everybody out";
    ban->is_address = true;
    return NULL;
}

const char *ban_read_until(struct ban *ban, const char *text)
{
    struct tm parts = {.tm_sec = 0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    time_t seconds = end != NULL && *end == '\0' ? timegm(&parts) : -1;
    if (seconds < 0 || seconds > INT64_MAX / NS_PER_S - 1)
        return "an end is a time such as 2026-12-31T23:59:59Z, in UTC";
    ban->until = (int64_t)seconds * NS_PER_S;
    return NULL;
}

const char *ban_read_reason(struct ban *ban, const char *text)
{
    size_t len = strlen(text);
    if (len > BAN_REASON_MAX || !utf8_is_valid(text, len))
        return "a reason is at most 123 bytes of UTF-8";
    memcpy(ban->reason, text, len + 1);
    return NULL;
}

void ban_time_text(int64_t time, char text[BAN_TIME_TEXT_MAX])
{
    struct tm parts;
    time_t seconds = (time_t)(time / NS_PER_S);
    gmtime_r(&seconds, &parts);
    strftime(text, BAN_TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

const char *ban_subject(const struct ban *ban, char text[SL_PREFIX_TEXT])
{
    if (!ban->is_address)
        return ban->identity;
    sl_prefix_text(&ban->address, text);
    if (ban->address.length == 128)
        *strchr(text, '/') = '\0';
    return text;
}
