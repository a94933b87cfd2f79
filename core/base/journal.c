#include "base/journal.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define DATAGRAM_MAX 12288 /* bytes: a line, and as many fields as an event has */
#define NAME_MAX_LEN 64    /* of a field; the journal takes no longer ones */

static const char *const priorities[] = {"3", "4", "6", "7"};
static const char *const prefixes[] = {"<3>", "<4>", "<6>", "<7>"};

static atomic_bool is_stream; /* the log goes to the journal's stream */
static _Atomic int sender = -1;

/* -- whether -- */

bool journal_is_at(int fd)
{
    char own[64];
    struct stat status;
    const char *stream = getenv("JOURNAL_STREAM");
    if (stream == NULL || fstat(fd, &status) != 0)
        return false;
    snprintf(own, sizeof own, "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    return strcmp(stream, own) == 0;
}

/* The socket stays open, since a thread may be about to use it. */
void journal_look(int fd)
{
    bool is_here = journal_is_at(fd);
    if (is_here && atomic_load_explicit(&sender, memory_order_relaxed) < 0)
        atomic_store_explicit(&sender, socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0),
                              memory_order_relaxed);
    atomic_store_explicit(&is_stream, is_here, memory_order_relaxed);
}

const char *journal_prefix(enum log_level level)
{
    return atomic_load_explicit(&is_stream, memory_order_relaxed) ? prefixes[level] : "";
}

/* -- a datagram -- */

struct datagram {
    char bytes[DATAGRAM_MAX];
    size_t len;
};

static void put_bytes(struct datagram *datagram, const void *bytes, size_t len)
{
    memcpy(datagram->bytes + datagram->len, bytes, len);
    datagram->len += len;
}

/* Whole or not at all. A value has its length before it, so that a line break in it begins no other
 * field. */
static void put_field(struct datagram *datagram, const char *name, const char *value, size_t len)
{
    uint8_t size[8];
    size_t name_len = strlen(name);
    if (datagram->len + name_len + len + sizeof size + 2 > sizeof datagram->bytes)
        return;
    for (size_t i = 0; i < sizeof size; i++)
        size[i] = (uint8_t)((uint64_t)len >> (8 * i)); /* little-endian */
    put_bytes(datagram, name, name_len);
    put_bytes(datagram, "\n", 1);
    put_bytes(datagram, size, sizeof size);
    put_bytes(datagram, value, len);
    put_bytes(datagram, "\n", 1);
}

static void put_text(struct datagram *datagram, const char *name, const char *value)
{
    put_field(datagram, name, value, strlen(value));
}

static void put_log_field(struct datagram *datagram, const struct log_field *field)
{
    char name[NAME_MAX_LEN + 1], digits[24];
    snprintf(name, sizeof name, "SLUICE_%s", field->name);
    for (char *at = name; *at != '\0'; at++)
        *at = (char)toupper((unsigned char)*at);
    snprintf(digits, sizeof digits, "%" PRIu64, field->number);
    put_text(datagram, name, field->text != NULL ? field->text : digits);
}

static void fill(struct datagram *datagram, const struct journal_line *line)
{
    datagram->len = 0;
    put_field(datagram, "MESSAGE", line->message, line->len);
    put_text(datagram, "PRIORITY", priorities[line->level]);
    put_text(datagram, "SYSLOG_IDENTIFIER", "sluice");
    put_text(datagram, "SLUICE_MODULE", line->module);
    for (size_t i = 0; line->fields != NULL && i < line->fields->count; i++)
        put_log_field(datagram, &line->fields->items[i]);
}

/* The name is looked up each time, so that a journal that is started again is found. */
static bool send_datagram(const struct datagram *datagram)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv(JOURNAL_SOCKET_VARIABLE);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path != NULL ? path : JOURNAL_SOCKET);
    ssize_t sent =
        sendto(atomic_load_explicit(&sender, memory_order_relaxed), datagram->bytes, datagram->len,
               MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&address, sizeof address);
    return sent == (ssize_t)datagram->len;
}

bool journal_send(const struct journal_line *line)
{
    struct datagram datagram;
    if (!atomic_load_explicit(&is_stream, memory_order_relaxed) ||
        atomic_load_explicit(&sender, memory_order_relaxed) < 0)
        return false;
    fill(&datagram, line);
    return send_datagram(&datagram);
}
