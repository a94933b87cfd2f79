#include "base/log_line.h"

#include "base/journal.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const level_names[] = {"error", "warn", "info", "debug"};

/* What a text that does not fit ends with, and a line whose fields do not. */
#define CUT_MARK "..."
#define CUT_FIELDS_TEXT " cut=true"
#define CUT_FIELDS_JSON ",\"cut\":true"

/* What has to fit behind a text: its mark, its quote, the other mark, }\n */
#define LINE_END_MAX (sizeof CUT_MARK + sizeof CUT_FIELDS_JSON + 1)
#define LINE_TEXT_MAX (LOG_LINE_MAX - LINE_END_MAX)

/* How characters are kept from being read as something else. */
enum escaping {
    ESCAPE_TEXT,  /* of a line of text: control characters */
    ESCAPE_VALUE, /* in the double quotes of a value of such a line */
    ESCAPE_JSON
};

/* Appends a character, an escape or a short piece, whole or not at all. */
static void line_append(struct log_line *line, const char *text, size_t len)
{
    if (line->cut || line->len + len > LINE_TEXT_MAX) {
        line->cut = true;
        return;
    }
    memcpy(line->text + line->len, text, len);
    line->len += len;
}

/* After the text: says that there was more. */
static void line_mark_cut(struct log_line *line)
{
    if (!line->cut)
        return;
    memcpy(line->text + line->len, CUT_MARK, sizeof CUT_MARK - 1);
    line->len += sizeof CUT_MARK - 1;
}

static void line_append_cstr(struct log_line *line, const char *text)
{
    line_append(line, text, strlen(text));
}

static void line_append_time(struct log_line *line)
{
    struct timespec now;
    struct tm utc;
    char text[64];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    len += (size_t)snprintf(text + len, sizeof text - len, ".%03dZ", (int)(now.tv_nsec / 1000000));
    line_append(line, text, len);
}

/* Control characters never reach the terminal or the log file as they are: in JSON because the
 * format forbids them, in text because a client must not be able to forge a line. Bytes that are no
 * UTF-8 show as a question mark. */
static void line_append_escaped(struct log_line *line, const char *text, enum escaping escaping)
{
    while (*text != '\0') {
        size_t len = utf8_character(text, strnlen(text, UTF8_CHARACTER_MAX));
        char escape[8];
        if (len == 0)
            line_append(line, "?", 1);
        else if (utf8_is_control(text, len))
            line_append(line, escape,
                        (size_t)snprintf(escape, sizeof escape,
                                         escaping == ESCAPE_JSON ? "\\u%04x" : "\\x%02x",
                                         (unsigned char)text[len - 1]));
        else if (escaping != ESCAPE_TEXT && (*text == '"' || *text == '\\'))
            line_append(line, escape, (size_t)snprintf(escape, sizeof escape, "\\%c", *text));
        else
            line_append(line, text, len);
        text += len == 0 ? 1 : len;
    }
}

/* -- fields -- */

static void line_append_number(struct log_line *line, uint64_t number)
{
    char digits[24];
    line_append(line, digits, (size_t)snprintf(digits, sizeof digits, "%" PRIu64, number));
}

static void line_append_json_value(struct log_line *line, const struct log_field *field)
{
    if (field->text == NULL) {
        line_append_number(line, field->number);
        return;
    }
    line_append_cstr(line, "\"");
    line_append_escaped(line, field->text, ESCAPE_JSON);
    line_append_cstr(line, "\"");
}

/* In quotes if it could be taken for something else than one value. */
static void line_append_text_value(struct log_line *line, const struct log_field *field)
{
    static const char plain[] = "-._~:/@%+,;0123456789"
                                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if (field->text == NULL) {
        line_append_number(line, field->number);
    } else if (field->text[0] != '\0' && field->text[strspn(field->text, plain)] == '\0') {
        line_append_cstr(line, field->text);
    } else {
        line_append_cstr(line, "\"");
        line_append_escaped(line, field->text, ESCAPE_VALUE);
        line_append_cstr(line, "\"");
    }
}

/* Whole, or not at all; nothing comes behind one that does not fit. */
static void line_append_field(struct log_line *line, const struct log_field *field, bool json)
{
    size_t before = line->len;
    line_append_cstr(line, json ? ",\"" : " ");
    line_append_cstr(line, field->name);
    line_append_cstr(line, json ? "\":" : "=");
    if (json)
        line_append_json_value(line, field);
    else
        line_append_text_value(line, field);
    if (line->cut)
        line->len = before;
}

/* Behind a text that is cut there are none. */
static void line_append_fields(struct log_line *line, const struct log_fields *fields, bool json)
{
    if (line->cut || fields == NULL)
        return;
    for (size_t i = 0; i < fields->count; i++)
        line_append_field(line, &fields->items[i], json);
    if (!line->cut)
        return;
    const char *mark = json ? CUT_FIELDS_JSON : CUT_FIELDS_TEXT;
    memcpy(line->text + line->len, mark, strlen(mark));
    line->len += strlen(mark);
}

/* -- whole lines -- */

static void begin_line(struct log_line *line)
{
    line->len = line->body = 0;
    line->cut = false;
}

void log_line_json(struct log_line *line, enum log_level level, const char *module,
                   const char *text, const struct log_fields *fields)
{
    begin_line(line);
    line_append_cstr(line, "{\"time\":\"");
    line_append_time(line);
    line_append_cstr(line, "\",\"level\":\"");
    line_append_cstr(line, level_names[level]);
    line_append_cstr(line, "\",\"module\":\"");
    line_append_escaped(line, module, ESCAPE_JSON);
    line_append_cstr(line, "\",\"message\":\"");
    line_append_escaped(line, text, ESCAPE_JSON);
    line_mark_cut(line);
    line->text[line->len++] = '"';
    line_append_fields(line, fields, true);
    line->text[line->len++] = '}';
    line->text[line->len++] = '\n';
}

void log_line_text(struct log_line *line, enum log_level level, const char *module,
                   const char *text, const struct log_fields *fields)
{
    char head[16];
    begin_line(line);
    line_append_cstr(line, journal_prefix(level));
    line_append_time(line);
    line_append(line, head, (size_t)snprintf(head, sizeof head, " %-5s ", level_names[level]));
    line->body = line->len;
    line_append_escaped(line, module, ESCAPE_TEXT);
    line_append_cstr(line, ": ");
    line_append_escaped(line, text, ESCAPE_TEXT);
    line_mark_cut(line);
    line_append_fields(line, fields, false);
    line->text[line->len++] = '\n';
}
