#include "config/yaml_write.h"

#include <string.h>

#define STEP 2 /* spaces a level */

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

struct writer {
    FILE *to;
    yaml_comment *comment; /* or NULL */
};

static void write_block(const struct writer *writer, const struct yaml_node *node, int indent);

/* -- texts -- */

/* Whether a text may stand without quotes. Many others may as well; those may everywhere. */
static bool is_simple(const char *text)
{
    size_t len = strlen(text);
    bool is_number =
        (text[0] == '-' || text[0] == '+') && len > 1 && strchr(".0123456789", text[1]) != NULL;
    return len > 0 && (is_number || strchr(LETTERS "/._~", text[0]) != NULL) &&
           text[strspn(text, LETTERS "/._~+-:@=%")] == '\0' && text[len - 1] != ':';
}

/* Writes a character of UTF-8 that YAML wants escaped: controls, line breaks and the byte order
 * mark. Returns how many bytes it has, or 0: it is another. */
static size_t write_escaped(FILE *to, const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    if (c[0] < ' ' || c[0] == 0x7f) {
        fprintf(to, "\\x%02x", c[0]);
        return 1;
    }
    if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0) {
        fprintf(to, "\\x%02x", c[1]);
        return 2;
    }
    bool is_break = c[0] == 0xe2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9);
    bool is_mark = c[0] == 0xef && c[1] == 0xbb && c[2] == 0xbf;
    if (is_break || is_mark)
        fprintf(to, "\\u%04x", is_mark ? 0xfeff : 0x2028 + c[2] - 0xa8);
    return is_break || is_mark ? 3 : 0;
}

/* `is_reference`: ${ means the environment, and stays; else it is a text and is escaped. */
static void write_quoted(FILE *to, const char *text, bool is_reference)
{
    fputc('"', to);
    while (*text != '\0') {
        size_t escaped = write_escaped(to, text);
        if (escaped > 0) {
            text += escaped;
            continue;
        }
        if (*text == '"' || *text == '\\')
            fputc('\\', to);
        else if (!is_reference && strncmp(text, "${", 2) == 0)
            fputc('$', to);
        fputc(*text++, to);
    }
    fputc('"', to);
}

static void write_scalar(FILE *to, const struct yaml_node *scalar)
{
    if (scalar->text == NULL)
        write_quoted(to, scalar->written, true);
    else if (yaml_node_is_null(scalar))
        fputs("null", to);
    else if (scalar->plain && is_simple(scalar->text))
        fputs(scalar->text, to);
    else
        write_quoted(to, scalar->text, false);
}

static void write_key(FILE *to, const char *key)
{
    if (is_simple(key))
        fputs(key, to);
    else
        write_quoted(to, key, true); /* In keys nothing is replaced. */
}

/* -- nodes -- */

static void end_line(const struct writer *writer, const struct yaml_node *node)
{
    char text[YAML_COMMENT_MAX];
    if (writer->comment != NULL) {
        writer->comment(node, text);
        fprintf(writer->to, "  # %s", text);
    }
    fputc('\n', writer->to);
}

static bool has_entries(const struct yaml_node *node)
{
    for (size_t i = 0; i < node->count; i++)
        if (node->entries[i].value != NULL)
            return true;
    return false;
}

/* Writes what stands behind "key:" or "-". */
static void write_value(const struct writer *writer, const struct yaml_node *node, int indent)
{
    if (node->kind == NODE_SCALAR) {
        fputc(' ', writer->to);
        write_scalar(writer->to, node);
        end_line(writer, node);
        return;
    }
    if (has_entries(node)) {
        fputc('\n', writer->to);
    } else {
        fputs(node->kind == NODE_SEQUENCE ? " []" : " {}", writer->to);
        end_line(writer, node);
    }
    write_block(writer, node, indent);
}

static void write_entry(const struct writer *writer, const struct yaml_entry *entry, int indent)
{
    if (entry->value == NULL) {
        fputs("# ", writer->to);
        write_key(writer->to, entry->key);
        fputs(": not set\n", writer->to);
        return;
    }
    write_key(writer->to, entry->key);
    fputc(':', writer->to);
    write_value(writer, entry->value, indent + STEP);
}

/* An item that is a mapping begins on the line of its dash, with the first key that has a value. */
static void write_item(const struct writer *writer, const struct yaml_node *item, int indent)
{
    bool needs_dash = true;
    if (item->kind != NODE_MAPPING || !has_entries(item)) {
        fprintf(writer->to, "%*s-", indent, "");
        write_value(writer, item, indent + STEP);
        return;
    }
    for (size_t i = 0; i < item->count; i++) {
        bool is_first = needs_dash && item->entries[i].value != NULL;
        fprintf(writer->to, "%*s%s", is_first ? indent : indent + STEP, "", is_first ? "- " : "");
        needs_dash = needs_dash && !is_first;
        write_entry(writer, &item->entries[i], indent + STEP);
    }
}

static void write_block(const struct writer *writer, const struct yaml_node *node, int indent)
{
    for (size_t i = 0; i < node->count; i++) {
        if (node->kind == NODE_SEQUENCE) {
            write_item(writer, node->entries[i].value, indent);
        } else {
            fprintf(writer->to, "%*s", indent, "");
            write_entry(writer, &node->entries[i], indent);
        }
    }
}

void yaml_write(FILE *to, const struct yaml_node *root, yaml_comment *comment)
{
    const struct writer writer = {.to = to, .comment = comment};
    write_block(&writer, root, 0);
}
