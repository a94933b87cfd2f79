#include "connect/connect.h"

#include "base/public_url.h"
#include "base/utf8.h"
#include "cli/arguments.h"
#include "cli/cli_error.h"
#include "cli/interruption.h"
#include "config/values.h"
#include "config/wrong_option.h"
#include "connect/session.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define MESSAGE_DEFAULT ((size_t)16 * 1024 * 1024)
#define MESSAGE_MAX ((int64_t)1024 * 1024 * 1024)
#define TEXTS_MAX 64

/* The values of an option that may be given again and again. */
struct texts {
    const char *items[TEXTS_MAX];
    size_t count;
};

struct connect_arguments {
    struct cli_options cli;
    struct session_options session;
    struct texts headers, subprotocols, sends;
    char shown[PUBLIC_URL_MAX];
};

const char connect_help[] =
    "Usage: sluice connect URL [OPTIONS]\n\n"
    "Connects to ws://HOST[:PORT]/PATH or wss://... Each line of standard input becomes a text\n"
    "message; each message that comes is printed as a line. At the end of the input the "
    "connection\n"
    "is closed, and what the server sends until then is printed still.\n\n"
    "Options:\n"
    "  -H, --header 'NAME: VALUE'  sends a header with the upgrade, like 'Authorization: Bearer "
    "TOKEN'\n"
    "      --subprotocol NAME      offers a subprotocol; the first one is the preferred one\n"
    "      --send TEXT             sends a message, and reads no standard input\n"
    "      --no-input              reads no standard input, and stays until the server closes\n"
    "      --wait MESSAGES         stays until so many messages have come, and closes then\n"
    "      --timeout DURATION      stays, but ends after this time, like 10s: with status 7 if\n"
    "                              not all messages of --wait have come\n"
    "      --binary FORM           how binary messages are printed: hex (the default), base64 or "
    "raw,\n"
    "                              which is without line ends\n"
    "      --max-size SIZE         how long messages and lines may be (default: 16MiB)\n"
    "      --ca FILE               trusts the certificates in FILE (PEM), and not the system's\n"
    "      --cert FILE             shows the server this certificate (PEM)\n"
    "      --key FILE              its key (default: in the file of --cert)\n"
    "      --insecure              takes any certificate of the server's: who sits in between can\n"
    "                              read and change everything\n"
    "      --json                  prints a line of JSON for each message and for the end, errors\n"
    "                              included\n"
    "  -h, --help                  explains the command\n\n"
    "--header, --subprotocol and --send may be repeated. Lines of messages that hold line ends\n"
    "themselves cannot be told apart: --json shows where each begins. On a terminal control\n"
    "characters are shown as \\n, \\r and \\xHH.\n\n"
    "Exit status:\n"
    "  0  closed as asked for, or by the server with 1000 or without a code\n"
    "  1  a mistake on this side: a line that is too long or not UTF-8, or output that cannot be "
    "written\n"
    "  2  usage\n"
    "  3  no connection: nobody answers there, the certificate is not good\n"
    "  4  the upgrade was refused: status, reason and what to do are printed\n"
    "  5  closed by the server with another code, which is printed, or lost\n"
    "  6  the server does not keep to the protocol, or sent more than --max-size\n"
    "  7  --timeout came before the messages of --wait\n";

enum {
    OPTION_SUBPROTOCOL = 256,
    OPTION_SEND,
    OPTION_NO_INPUT,
    OPTION_WAIT,
    OPTION_TIMEOUT,
    OPTION_BINARY,
    OPTION_MAX_SIZE,
    OPTION_CA,
    OPTION_CERT,
    OPTION_KEY,
    OPTION_INSECURE,
    OPTION_JSON
};

const struct option connect_options[] = {
    {"header", required_argument, NULL, 'H'},
    {"subprotocol", required_argument, NULL, OPTION_SUBPROTOCOL},
    {"send", required_argument, NULL, OPTION_SEND},
    {"no-input", no_argument, NULL, OPTION_NO_INPUT},
    {"wait", required_argument, NULL, OPTION_WAIT},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"binary", required_argument, NULL, OPTION_BINARY},
    {"max-size", required_argument, NULL, OPTION_MAX_SIZE},
    {"ca", required_argument, NULL, OPTION_CA},
    {"cert", required_argument, NULL, OPTION_CERT},
    {"key", required_argument, NULL, OPTION_KEY},
    {"insecure", no_argument, NULL, OPTION_INSECURE},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* -- texts that become parts of the request -- */

/* A token of HTTP (RFC 9110, section 5.6.2). */
static bool is_token(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 0x7f ||
            strchr("\"(),/:;<=>?@[\\]{}", text[i]) != NULL)
            return false;
    return len > 0;
}

static bool is_our_own(const char *name, size_t len)
{
    static const char *const ours[] = {"Upgrade",
                                       "Connection",
                                       "Content-Length",
                                       "Transfer-Encoding",
                                       "Sec-WebSocket-Key",
                                       "Sec-WebSocket-Version",
                                       "Sec-WebSocket-Protocol",
                                       "Sec-WebSocket-Extensions"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strlen(ours[i]) == len && strncasecmp(ours[i], name, len) == 0)
            return true;
    return false;
}

/* Returns what is wrong with a header, or NULL. */
static const char *check_header(const char *header)
{
    size_t name_len = strcspn(header, ":");
    if (header[name_len] != ':' || !is_token(header, name_len))
        return "--header needs 'Name: value'";
    for (const char *at = header + name_len; *at != '\0'; at++)
        if (((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7f)
            return "--header must not contain control characters";
    if (is_our_own(header, name_len))
        return "--header cannot change the headers of the upgrade itself (subprotocols are offered "
               "with --subprotocol)";
    return NULL;
}

static const char *add_text(struct texts *texts, const char *text)
{
    if (texts->count == TEXTS_MAX)
        return "an option is repeated more than 64 times";
    texts->items[texts->count++] = text;
    return NULL;
}

static const char *take_header(struct connect_arguments *arguments)
{
    const char *wrong = check_header(optarg);
    return wrong != NULL ? wrong : add_text(&arguments->headers, optarg);
}

static const char *take_subprotocol(struct connect_arguments *arguments)
{
    if (!is_token(optarg, strlen(optarg)))
        return "--subprotocol needs a name of letters, digits and '-', '_' or '.'";
    return add_text(&arguments->subprotocols, optarg);
}

static const char *take_send(struct connect_arguments *arguments)
{
    if (!utf8_is_valid(optarg, strlen(optarg)))
        return "--send needs UTF-8";
    return add_text(&arguments->sends, optarg);
}

/* -- the other values -- */

static const char *take_wait(struct session_options *session)
{
    session->wait = arguments_count(optarg);
    return session->wait > 0 ? NULL : "--wait needs a number of messages, from 1 on";
}

static const char *take_timeout(struct session_options *session)
{
    bool is_good = duration_parse(optarg, &session->timeout) == OK && session->timeout > 0;
    return is_good ? NULL : "--timeout needs a duration, like 10s";
}

static const char *take_binary(struct session_options *session)
{
    return printer_read_binary(optarg, &session->printer.binary)
               ? NULL
               : "--binary needs hex, base64 or raw";
}

static const char *take_max_size(struct session_options *session)
{
    int64_t bytes = 0;
    if (size_parse(optarg, &bytes) != OK || bytes < 1 || bytes > MESSAGE_MAX)
        return "--max-size needs a size from 1 to 1GiB, like 1MiB";
    session->message_max = (size_t)bytes;
    return NULL;
}

/* Takes one option. Returns what is wrong with its value, or NULL. */
static const char *take_option(struct connect_arguments *arguments, int option)
{
    struct session_options *session = &arguments->session;
    switch (option) {
    case 'H':
        return take_header(arguments);
    case OPTION_SUBPROTOCOL:
        return take_subprotocol(arguments);
    case OPTION_SEND:
        return take_send(arguments);
    case OPTION_NO_INPUT:
        session->reads_input = false;
        session->stays = true;
        return NULL;
    case OPTION_WAIT:
        return take_wait(session);
    case OPTION_TIMEOUT:
        return take_timeout(session);
    case OPTION_BINARY:
        return take_binary(session);
    case OPTION_MAX_SIZE:
        return take_max_size(session);
    case OPTION_CA:
        session->tls.ca = optarg;
        return NULL;
    case OPTION_CERT:
        session->tls.certificate = optarg;
        return NULL;
    case OPTION_KEY:
        session->tls.key = optarg;
        return NULL;
    case OPTION_INSECURE:
        session->tls.is_insecure = true;
        return NULL;
    default:
        return NULL;
    }
}

/* What does not go together, or NULL. */
static const char *check_together(const struct session_options *session)
{
    const struct stream_tls *tls = &session->tls;
    if (tls->is_insecure && tls->ca != NULL)
        return "--ca and --insecure exclude each other";
    if (tls->key != NULL && tls->certificate == NULL)
        return "--key needs the --cert that it belongs to";
    if (!session->url.is_tls && (tls->is_insecure || tls->ca != NULL || tls->certificate != NULL))
        return "--ca, --cert and --insecure are for wss://";
    return NULL;
}

static int refuse(const struct connect_arguments *arguments, const char *wrong)
{
    cli_error(&arguments->cli, "usage", "%s (see 'sluice help connect')", wrong);
    return EXIT_USAGE;
}

/* Puts the values together. Returns what is wrong with them, or NULL. */
static const char *finish_arguments(struct connect_arguments *arguments, int argc, char **argv,
                                    char *why, size_t size)
{
    struct session_options *session = &arguments->session;
    if (argc - optind != 1)
        return "give one URL, like ws://localhost:8080/ws";
    if (!url_parse(argv[optind], &session->url, why, size))
        return why;
    public_url(argv[optind], arguments->shown, sizeof arguments->shown);
    session->shown = arguments->shown;
    session->cli = &arguments->cli;
    session->request.host = session->url.authority;
    session->request.target = session->url.target;
    session->request.headers = arguments->headers.items;
    session->request.header_count = arguments->headers.count;
    session->request.subprotocols = arguments->subprotocols.items;
    session->request.subprotocol_count = arguments->subprotocols.count;
    session->sends = arguments->sends.items;
    session->send_count = arguments->sends.count;
    session->reads_input = session->reads_input && session->send_count == 0;
    session->stays = session->stays || session->wait > 0 || session->timeout > 0;
    session->printer.json = arguments->cli.json;
    session->printer.is_terminal = isatty(STDOUT_FILENO) != 0;
    return check_together(session);
}

int connect_main(int argc, char **argv)
{
    struct connect_arguments arguments = {
        .cli = {.command = "connect", .json = arguments_ask_for_json(argc, argv)},
        .session = {.message_max = MESSAGE_DEFAULT, .reads_input = true}};
    char why[512];
    const char *wrong = NULL;
    int option;
    while ((option = getopt_long(argc, argv, ":H:h", connect_options, NULL)) != -1) {
        if (option == 'h') {
            fputs(connect_help, stdout);
            return 0;
        }
        if (option == '?' || option == ':') {
            wrong_option_describe(connect_options, argv, option, why, sizeof why);
            return refuse(&arguments, why);
        }
        wrong = take_option(&arguments, option);
        if (wrong != NULL)
            return refuse(&arguments, wrong);
    }
    wrong = finish_arguments(&arguments, argc, argv, why, sizeof why);
    if (wrong != NULL)
        return refuse(&arguments, wrong);
    if (arguments.session.tls.is_insecure)
        fputs("sluice connect: warning: the server's certificate is not checked (--insecure)\n",
              stderr);
    signal(SIGPIPE, SIG_IGN);
    interruption_note();
    return session_run(&arguments.session);
}
