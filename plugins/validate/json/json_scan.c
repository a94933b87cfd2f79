#include "json_scan.h"

#include "json_token.h"

/* One array or object that is open. */
struct level {
    size_t members;
    bool is_object;
};

struct scan {
    const char *data;
    size_t len;
    size_t at;
    size_t depth;
    size_t values;
    bool is_first; /* nothing has come yet in the innermost one */
    const struct json_limits *limits;
    struct level levels[JSON_DEPTH_MAX]; /* 0 to depth - 1 are open */
};

static enum json_result scan_open(struct scan *scan, bool is_object)
{
    if (scan->depth == scan->limits->max_depth)
        return JSON_TOO_DEEP;
    scan->levels[scan->depth++] = (struct level){.is_object = is_object};
    scan->at++;
    scan->is_first = true;
    return JSON_OK;
}

static enum json_result scan_literal(struct scan *scan, const char *literal)
{
    return json_skip_literal(scan->data, scan->len, &scan->at, literal) ? JSON_OK : JSON_MALFORMED;
}

static enum json_result scan_value(struct scan *scan)
{
    struct json_string string;
    if (scan->values == scan->limits->max_values)
        return JSON_TOO_MANY_VALUES;
    scan->values++;
    scan->is_first = false;
    switch (json_peek(scan->data, scan->len, scan->at)) {
    case '{':
        return scan_open(scan, true);
    case '[':
        return scan_open(scan, false);
    case '"':
        return json_skip_string(scan->data, scan->len, &scan->at, scan->limits->max_string,
                                &string);
    case 't':
        return scan_literal(scan, "true");
    case 'f':
        return scan_literal(scan, "false");
    case 'n':
        return scan_literal(scan, "null");
    default:
        return json_skip_number(scan->data, scan->len, &scan->at, scan->limits->max_number);
    }
}

/* A member's name and the colon behind it. */
static enum json_result scan_name(struct scan *scan)
{
    struct json_string name;
    struct level *level = &scan->levels[scan->depth - 1];
    if (level->members == scan->limits->max_members)
        return JSON_TOO_MANY_MEMBERS;
    level->members++;
    size_t start = scan->at;
    enum json_result result =
        json_skip_string(scan->data, scan->len, &scan->at, scan->limits->max_string, &name);
    if (result != JSON_OK)
        return result;
    if (name.holds_nul && scan->limits->refuse_nul_names) {
        scan->at = start;
        return JSON_MALFORMED;
    }
    scan->at = json_skip_space(scan->data, scan->len, scan->at);
    if (json_peek(scan->data, scan->len, scan->at) != ':')
        return JSON_MALFORMED;
    scan->at = json_skip_space(scan->data, scan->len, scan->at + 1);
    return JSON_OK;
}

/* An element or member of the innermost array or object. */
static enum json_result scan_child(struct scan *scan)
{
    enum json_result result = scan->levels[scan->depth - 1].is_object ? scan_name(scan) : JSON_OK;
    return result == JSON_OK ? scan_value(scan) : result;
}

/* Inside an array or object, at its first child, its end or what comes between children. */
static enum json_result scan_inside(struct scan *scan)
{
    char c = json_peek(scan->data, scan->len, scan->at);
    if (c == (scan->levels[scan->depth - 1].is_object ? '}' : ']')) {
        scan->at++;
        scan->depth--;
        scan->is_first = false;
        return JSON_OK;
    }
    if (scan->is_first)
        return scan_child(scan);
    if (c != ',')
        return JSON_MALFORMED;
    scan->at = json_skip_space(scan->data, scan->len, scan->at + 1);
    return scan_child(scan);
}

enum json_result json_scan(const char *data, size_t len, const struct json_limits *limits,
                           size_t *at)
{
    struct scan scan; /* The levels are written before they are read. */
    scan.data = data;
    scan.len = len;
    scan.at = json_skip_space(data, len, 0);
    scan.depth = 0;
    scan.values = 0;
    scan.is_first = false;
    scan.limits = limits;
    enum json_result result = scan_value(&scan);
    scan.at = result == JSON_OK ? json_skip_space(data, len, scan.at) : scan.at;
    while (result == JSON_OK && scan.depth > 0) {
        result = scan_inside(&scan);
        if (result == JSON_OK)
            scan.at = json_skip_space(data, len, scan.at);
    }
    *at = scan.at;
    return result == JSON_OK && scan.at < len ? JSON_MALFORMED : result;
}
