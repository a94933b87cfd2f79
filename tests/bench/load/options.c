#include "options.h"
#include "frames.h"
#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const mode_names[] = {"fanout", "echo", "latency", "idle", "upgrades"};

static const char usage_text[] =
    "usage: load MODE URL [OPTION...]\n"
    "\n"
    "modes:\n"
    "  fanout     every message of the senders goes to all clients; deliveries are counted\n"
    "  echo       every client gets its own messages back; messages are counted\n"
    "  latency    as fanout, at a fixed rate; how long deliveries took is counted\n"
    "  idle       connects, prints a line, holds the connections until standard input ends\n"
    "  upgrades   connects and closes over and over; handshakes are counted\n"
    "\n"
    "options:\n"
    "  --clients N    connections (upgrades: at once)        (default 1000)\n"
    "  --senders N    fanout: how many of the clients send   (default 1; 0: the server itself "
    "does)\n"
    "  --topics N     client i asks for topic i modulo N, with ?topic= behind the path\n"
    "  --slow N       so many of the clients read nothing\n"
    "  --rate N       latency: messages a second of each sender (default 100)\n"
    "  --window N     messages that a sender has in flight   (default 1)\n"
    "  --payload N    bytes of a message, at least 8         (default 64)\n"
    "  --compress     offer permessage-deflate (several senders do not)\n"
    "  --resume       upgrades: resume TLS sessions\n"
    "  --cpu-of PID   also say how much CPU time this process used (may be repeated)\n"
    "  --seconds S    how long to measure                    (default 5)\n"
    "  --warm-up S    how long to run before that            (default 1)\n"
    "\n"
    "URL is ws://IPV4:PORT/PATH, or wss://. The result is one line of JSON on standard output.\n";

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
    bool secure = strncmp(url, "wss:", 4) == 0;
    if (sscanf(url, secure ? "wss://%31[0-9.]:%u%n" : "ws://%31[0-9.]:%u%n", host, &port, &end) !=
            2 ||
        port == 0 || port > 65535)
        fail("the URL must look like ws://127.0.0.1:8080/ws, not %s", url);
    if (secure && !(options->tls = tls_context_create()))
        fail("out of memory");
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

/* Options that are numbers: where they go and what they may be. */
static const struct {
    int which;
    size_t offset;
    size_t minimum;
    size_t maximum;
} counts[] = {
    {'c', offsetof(struct options, clients), 1, 1000000},
    {'s', offsetof(struct options, senders), 0, 1000000},
    {'w', offsetof(struct options, window), 1, 4096},
    {'p', offsetof(struct options, payload), MARK_LEN, 65535},
    {'t', offsetof(struct options, topics), 1, 1000000},
    {'l', offsetof(struct options, slow), 0, 1000000},
    {'r', offsetof(struct options, rate), 1, 1000000},
};

static void parse_server(struct options *options, const char *name, const char *value)
{
    if (options->server_count == SERVER_PROCESSES_MAX)
        fail("--cpu-of: at most %d processes", SERVER_PROCESSES_MAX);
    options->servers[options->server_count++] = (pid_t)parse_count(name, value, 1, 1 << 30);
}

static void parse_option(struct options *options, int which, const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        if (counts[i].which == which)
            *(size_t *)((char *)options + counts[i].offset) =
                parse_count(name, value, counts[i].minimum, counts[i].maximum);
    if (which == 'o')
        parse_server(options, name, value);
    if (which == 'e')
        options->resume = true;
    if (which == 'z')
        options->compress = true;
    if (which == 'd')
        options->seconds = parse_seconds(name, value);
    if (which == 'u')
        options->warm_up = parse_seconds(name, value);
}

void options_parse(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {
        {"clients", required_argument, NULL, 'c'}, {"senders", required_argument, NULL, 's'},
        {"window", required_argument, NULL, 'w'},  {"payload", required_argument, NULL, 'p'},
        {"seconds", required_argument, NULL, 'd'}, {"warm-up", required_argument, NULL, 'u'},
        {"topics", required_argument, NULL, 't'},  {"slow", required_argument, NULL, 'l'},
        {"rate", required_argument, NULL, 'r'},    {"cpu-of", required_argument, NULL, 'o'},
        {"resume", no_argument, NULL, 'e'},        {"compress", no_argument, NULL, 'z'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    int which;
    int index = 0;
    *options = (struct options){.clients = 1000,
                                .senders = 1,
                                .window = 1,
                                .payload = 64,
                                .rate = 100,
                                .seconds = 5,
                                .warm_up = 1};
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
    if (options->mode != MODE_ECHO && options->senders + options->slow > options->clients)
        fail("--senders and --slow together cannot be more than --clients");
}
