#include "options.h"
#include "frames.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const mode_names[] = {"fanout", "echo", "idle", "upgrades"};

static const char usage_text[] =
    "usage: load MODE URL [OPTION...]\n"
    "\n"
    "modes:\n"
    "  fanout     every message of the senders goes to all clients; deliveries are counted\n"
    "  echo       every client gets its own messages back; messages are counted\n"
    "  idle       connects, prints a line, holds the connections until standard input ends\n"
    "  upgrades   connects and closes over and over; handshakes are counted\n"
    "\n"
    "options:\n"
    "  --clients N    connections (upgrades: at once)        (default 1000)\n"
    "  --senders N    fanout: how many of the clients send   (default 1)\n"
    "  --window N     messages that a sender has in flight   (default 1)\n"
    "  --payload N    bytes of a message, at least 8         (default 64)\n"
    "  --compress     offer permessage-deflate (a fan-out's senders do not)\n"
    "  --seconds S    how long to measure                    (default 5)\n"
    "  --warm-up S    how long to run before that            (default 1)\n"
    "\n"
    "URL is ws://IPV4:PORT/PATH. The result is one line of JSON on standard output.\n";

const char *mode_name(enum mode mode)
{
    return mode_names[mode];
}

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("\n\n", stderr);
    va_end(arguments);
    fputs(usage_text, stderr);
    exit(2);
}

static enum mode parse_mode(const char *text)
{
    for (size_t i = 0; i < sizeof mode_names / sizeof mode_names[0]; i++)
        if (strcmp(text, mode_names[i]) == 0)
            return (enum mode)i;
    fail("no such mode: %s", text);
}

static void parse_url(struct options *options, const char *url)
{
    char host[32];
    unsigned port;
    int end = 0;
    if (sscanf(url, "ws://%31[0-9.]:%u%n", host, &port, &end) != 2 || port == 0 || port > 65535)
        fail("the URL must look like ws://127.0.0.1:8080/ws, not %s", url);
    const char *path = url + end;
    if (*path != '/' || strlen(path) >= sizeof options->path)
        fail("the URL needs a path of at most %zu bytes: %s", sizeof options->path - 1, url);
    options->server.sin_family = AF_INET;
    options->server.sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, host, &options->server.sin_addr) != 1)
        fail("not an IPv4 address: %s", host);
    snprintf(options->authority, sizeof options->authority, "%s:%u", host, port);
    snprintf(options->path, sizeof options->path, "%s", path);
}

static size_t parse_count(const char *name, const char *text, size_t minimum, size_t maximum)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || end == text || value < minimum || value > maximum)
        fail("--%s must be between %zu and %zu, not %s", name, minimum, maximum, text);
    return (size_t)value;
}

static double parse_seconds(const char *name, const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (*end != '\0' || end == text || !(value >= 0 && value <= 3600))
        fail("--%s must be between 0 and 3600 seconds, not %s", name, text);
    return value;
}

static void parse_option(struct options *options, int which, const char *name, const char *value)
{
    switch (which) {
    case 'c':
        options->clients = parse_count(name, value, 1, 1000000);
        break;
    case 's':
        options->senders = parse_count(name, value, 1, 1000000);
        break;
    case 'w':
        options->window = parse_count(name, value, 1, 4096);
        break;
    case 'p':
        options->payload = parse_count(name, value, MARK_LEN, 65535);
        break;
    case 'z':
        options->compress = true;
        break;
    case 'd':
        options->seconds = parse_seconds(name, value);
        break;
    case 'u':
        options->warm_up = parse_seconds(name, value);
        break;
    default:
        break;
    }
}

void options_parse(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {{"clients", required_argument, NULL, 'c'},
                                          {"senders", required_argument, NULL, 's'},
                                          {"window", required_argument, NULL, 'w'},
                                          {"payload", required_argument, NULL, 'p'},
                                          {"seconds", required_argument, NULL, 'd'},
                                          {"warm-up", required_argument, NULL, 'u'},
                                          {"compress", no_argument, NULL, 'z'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int which;
    int index = 0;
    *options = (struct options){
        .clients = 1000, .senders = 1, .window = 1, .payload = 64, .seconds = 5, .warm_up = 1};
    while ((which = getopt_long(argc, argv, "", known, &index)) != -1) {
        if (which == 'h') {
            fputs(usage_text, stdout);
            exit(0);
        }
        if (which == '?')
            fail("see above");
        parse_option(options, which, known[index].name, optarg);
    }
    if (argc - optind != 2)
        fail("a mode and a URL are needed");
    options->mode = parse_mode(argv[optind]);
    parse_url(options, argv[optind + 1]);
    if (options->mode == MODE_FANOUT && options->senders > options->clients)
        fail("--senders cannot be more than --clients");
}
