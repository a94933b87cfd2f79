#include "token_file.h"

#include "password.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <sluice/file.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHORT_TOKEN 16 /* bytes; shorter tokens can be guessed */
#define HASH_PREFIX "sha256:"

/* The parser's position, for errors. */
struct source {
    struct tokens *tokens;
    const char *where;
    size_t number;
    char *error;
};

struct field {
    const char *data;
    size_t len;
};

static bool refuse_entry(const struct source *source, const char *sentence)
{
    snprintf(source->error, TOKEN_ERROR_SIZE, "%s:%zu: %s", source->where, source->number,
             sentence);
    return false;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts the next field off the front of `rest`; an empty one if nothing is left. */
static struct field next_field(struct field *rest)
{
    while (rest->len > 0 && is_space(*rest->data)) {
        rest->data++;
        rest->len--;
    }
    struct field field = {rest->data, 0};
    while (field.len < rest->len && !is_space(field.data[field.len]))
        field.len++;
    rest->data += field.len;
    rest->len -= field.len;
    return field;
}

/* Visible ASCII only, which headers and log lines carry unchanged. */
static bool is_printable(struct field field)
{
    for (size_t i = 0; i < field.len; i++)
        if (field.data[i] <= ' ' || field.data[i] > '~')
            return false;
    return true;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool parse_digest(struct field hex, uint8_t digest[DIGEST_SIZE])
{
    if (hex.len != (size_t)DIGEST_SIZE * 2)
        return false;
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        int high = hex_value(hex.data[2 * i]);
        int low = hex_value(hex.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        digest[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* Reads the digest of the second field: written as a digest, or made from a token. */
static bool read_digest(const struct source *source, struct field token,
                        uint8_t digest[DIGEST_SIZE])
{
    size_t prefix = strlen(HASH_PREFIX);
    if (token.len >= prefix && memcmp(token.data, HASH_PREFIX, prefix) == 0) {
        struct field hex = {token.data + prefix, token.len - prefix};
        return parse_digest(hex, digest) ||
               refuse_entry(source, "after sha256: there have to be 64 hexadecimal digits");
    }
    if (token.len > TOKEN_MAX)
        return refuse_entry(source, "the token is longer than 1024 bytes");
    if (token.len < SHORT_TOKEN)
        source->tokens->short_count++;
    return tokens_digest(token.data, token.len, digest) ||
           refuse_entry(source, "SHA-256 failed; is there memory left?");
}

static bool report_entry(const struct source *source, enum tokens_result result)
{
    switch (result) {
    case TOKENS_OK:
        return true;
    case TOKENS_TOO_MANY:
        return refuse_entry(source, "there are more than 100000 tokens");
    case TOKENS_DUPLICATE:
        return refuse_entry(source,
                            "this token is listed before; give every name a token of its own");
    case TOKENS_NO_MEMORY:
    default:
        return refuse_entry(source, "there is no memory for it");
    }
}

/* The hash's text is copied so that it is zero-terminated. It is not a secret, so the copy is not
 * wiped. */
static bool add_hash(const struct source *source, struct field name, struct field hash)
{
    char text[PASSWORD_HASH_MAX + 1];
    if (hash.len > PASSWORD_HASH_MAX)
        return refuse_entry(source, "the hash is longer than 511 bytes");
    memcpy(text, hash.data, hash.len);
    text[hash.len] = '\0';
    const char *wrong = password_hash_error(text);
    if (wrong != NULL) {
        snprintf(source->error, TOKEN_ERROR_SIZE, "%s:%zu: the hash cannot be used: %s",
                 source->where, source->number, wrong);
        return false;
    }
    return report_entry(source, tokens_add_hash(source->tokens, name.data, name.len, text));
}

static bool add_digest(const struct source *source, struct field name, struct field token)
{
    uint8_t digest[DIGEST_SIZE];
    bool added = read_digest(source, token, digest) &&
                 report_entry(source, tokens_add(source->tokens, name.data, name.len, digest));
    OPENSSL_cleanse(digest, sizeof digest);
    return added;
}

static bool parse_entry(const struct source *source, struct field entry)
{
    struct field name = next_field(&entry);
    struct field token = next_field(&entry);
    if (name.len == 0)
        return true;
    if (token.len == 0)
        return refuse_entry(source, "the token is missing: write a name, a space and a token");
    if (next_field(&entry).len > 0 || token.data[0] == '#')
        return refuse_entry(source, "there is more than a name and a token; comments have lines of "
                                    "their own");
    if (name.len > NAME_MAX_SIZE)
        return refuse_entry(source, "the name is longer than 255 bytes");
    if (!is_printable(name) || !is_printable(token))
        return refuse_entry(source, "names and tokens are made of visible ASCII characters");
    return password_is_hash(token.data, token.len) ? add_hash(source, name, token)
                                                   : add_digest(source, name, token);
}

/* The length of the entry at the front of `rest`. A comment always ends with its line, even where
 * commas separate entries: a comma in a comment must not make a token of what follows. */
static size_t entry_length(struct field rest, enum token_separator separator)
{
    size_t start = 0;
    while (start < rest.len && is_space(rest.data[start]))
        start++;
    bool comment = start < rest.len && rest.data[start] == '#';
    size_t len = start;
    while (len < rest.len && rest.data[len] != '\n' &&
           (comment || separator == TOKEN_LINES || rest.data[len] != ','))
        len++;
    return len;
}

static bool is_comment(struct field entry)
{
    struct field first = next_field(&entry);
    return first.len > 0 && first.data[0] == '#';
}

bool token_text_parse(struct tokens *tokens, const char *text, size_t len, const char *where,
                      enum token_separator separator, char *error)
{
    struct source source = {.tokens = tokens, .where = where, .error = error};
    struct field rest = {text, len};
    while (rest.len > 0) {
        struct field entry = {rest.data, entry_length(rest, separator)};
        source.number++;
        if (!is_comment(entry) && !parse_entry(&source, entry))
            return false;
        size_t used = entry.len < rest.len ? entry.len + 1 : entry.len;
        rest.data += used;
        rest.len -= used;
    }
    return true;
}

static bool file_error(char *error, const char *path, const char *sentence)
{
    snprintf(error, TOKEN_ERROR_SIZE, "%s: %s", path, sentence);
    return false;
}

/* Reads at most `size` bytes. Returns how many, or -1 with errno set. */
static ssize_t read_up_to(int file, char *buffer, size_t size)
{
    size_t len = 0;
    while (len < size) {
        ssize_t got = read(file, buffer + len, size - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

static bool read_open_file(struct tokens *tokens, int file, size_t size, const char *path,
                           char *error)
{
    /* One byte more than the file's size is read: getting it shows that the file has grown
     * meanwhile. */
    char *text = tokens->host->allocate(size + 1);
    if (text == NULL)
        return file_error(error, path, "there is no memory to read it");
    ssize_t len = read_up_to(file, text, size + 1);
    bool parsed;
    if (len < 0)
        parsed = file_error(error, path, strerror(errno));
    else if ((size_t)len > size)
        parsed = file_error(error, path, "it changed while it was read");
    else
        parsed = token_text_parse(tokens, text, (size_t)len, path, TOKEN_LINES, error);
    OPENSSL_cleanse(text, size + 1);
    tokens->host->release(text);
    return parsed;
}

bool token_file_read(struct tokens *tokens, const char *path, bool *readable_by_others, char *error)
{
    char why[TOKEN_ERROR_SIZE / 2];
    struct stat status;
    int file = sl_file_open(path, SL_FILE_READABLE, &status, why, sizeof why);
    if (file < 0)
        return file_error(error, path, why);
    bool parsed = status.st_size > TOKEN_FILE_MAX
                      ? file_error(error, path, "it is larger than 16 MiB")
                      : read_open_file(tokens, file, (size_t)status.st_size, path, error);
    *readable_by_others = parsed && (status.st_mode & S_IROTH) != 0;
    close(file);
    return parsed;
}

bool token_env_read(struct tokens *tokens, const char *name, char *error)
{
    const char *text = getenv(name);
    if (text == NULL)
        return file_error(error, name, "this environment variable is not set");
    return token_text_parse(tokens, text, strlen(text), name, TOKEN_LINES_AND_COMMAS, error);
}
