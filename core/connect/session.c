#include "connect/session.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "cli/cli_error.h"
#include "cli/interruption.h"
#include "connect/conversation.h"
#include "connect/lines.h"
#include "connect/outcome.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_PATIENCE (30 * NS_PER_S) /* for the connection and the upgrade's answer */
#define CLOSE_PATIENCE (20 * NS_PER_S)  /* for the server's close frame, and a refusal's body */
#define READ_SIZE 16384
#define READS_A_TURN 16

struct session {
    const struct session_options *options;
    struct stream stream;
    struct conversation conversation;
    struct lines lines;
    size_t next_send;
    unsigned messages;             /* received and printed */
    int64_t end;                   /* of everything: a time, or INT64_MAX */
    int64_t deadline;              /* of the conversation's state */
    enum conversation_state state; /* whose deadline that is */
    const char *failure;           /* of our own; static, or NULL */
    bool is_too_late;              /* --timeout came before --wait was done */
};

static bool is_enough(const struct session *session)
{
    return session->options->wait > 0 && session->messages >= session->options->wait;
}

/* -- what is sent -- */

static void fail(struct session *session, const char *failure)
{
    if (session->failure == NULL)
        session->failure = failure;
    conversation_close(&session->conversation);
}

static bool next_message(struct session *session, const char **text, size_t *len)
{
    const struct session_options *options = session->options;
    if (session->next_send < options->send_count) {
        *text = options->sends[session->next_send++];
        *len = strlen(*text);
        return true;
    }
    return options->reads_input && lines_next(&session->lines, text, len);
}

static bool has_room(const struct session *session)
{
    const uint8_t *data;
    return conversation_output(&session->conversation, &data) < CONVERSATION_OUTPUT_HIGH;
}

/* Whether there is nothing more to send, ever. */
static bool is_input_over(const struct session *session)
{
    return session->next_send == session->options->send_count &&
           (!session->options->reads_input || lines_are_over(&session->lines));
}

/* Whether next_message would return one. */
static bool has_message(const struct session *session)
{
    return session->next_send < session->options->send_count ||
           (session->options->reads_input && lines_have_one(&session->lines));
}

static void send_messages(struct session *session)
{
    const char *text;
    size_t len;
    while (session->conversation.state == CONVERSATION_OPEN && has_room(session) &&
           next_message(session, &text, &len)) {
        if (len > session->options->message_max)
            fail(session, "a line of standard input is longer than --max-size");
        else if (!utf8_is_valid(text, len))
            fail(session, "a line of standard input is not UTF-8, which a text message has to be");
        else if (conversation_send(&session->conversation, text, len) != OK)
            fail(session, "out of memory");
    }
    if (session->lines.is_too_long)
        fail(session, "a line of standard input is longer than --max-size");
    if (is_enough(session) || (is_input_over(session) && !session->options->stays))
        conversation_close(&session->conversation);
}

static void write_output(struct session *session)
{
    const uint8_t *data;
    size_t len;
    while ((len = conversation_output(&session->conversation, &data)) > 0) {
        ssize_t sent = stream_write(&session->stream, data, len);
        if (sent <= 0)
            return; /* If the connection is broken, reading says so once everything is read. */
        conversation_sent(&session->conversation, (size_t)sent);
    }
}

/* -- what is received -- */

static void read_stream(struct session *session)
{
    uint8_t data[READ_SIZE];
    ssize_t got = 1;
    for (int i = 0; i < READS_A_TURN && got > 0; i++) {
        if (session->conversation.state == CONVERSATION_OVER)
            return;
        got = stream_read(&session->stream, data, sizeof data);
        if (got > 0)
            conversation_receive(&session->conversation, data, (size_t)got);
        else if (got != STREAM_AGAIN)
            conversation_end(&session->conversation, session->stream.failure);
    }
}

/* -- time -- */

/* What happens when a state has lasted too long, or with an interruption. */
static void end_state(struct session *session)
{
    if (session->conversation.state == CONVERSATION_OPEN)
        conversation_close(&session->conversation);
    else
        conversation_end(&session->conversation, NULL);
}

static void say_open(const struct session *session)
{
    const char *subprotocol = session->conversation.response.subprotocol;
    if (session->options->printer.json) {
        cJSON *event = cJSON_CreateObject();
        cJSON_AddStringToObject(event, "event", "open");
        if (subprotocol[0] != '\0')
            cJSON_AddStringToObject(event, "subprotocol", subprotocol);
        cli_print_json(event);
    } else if (isatty(STDIN_FILENO) && session->options->reads_input) {
        fprintf(stderr, "sluice connect: connected%s%s; Ctrl-D closes\n",
                subprotocol[0] != '\0' ? " with subprotocol " : "", subprotocol);
    }
}

/* Each state that follows may last for so long. */
static void set_deadline(struct session *session)
{
    const enum conversation_state state = session->conversation.state;
    if (state == session->state)
        return;
    if (session->state == CONVERSATION_ASKING && session->conversation.response.status == 101 &&
        session->conversation.response.wrong == NULL)
        say_open(session);
    session->state = state;
    session->deadline = state == CONVERSATION_OPEN ? INT64_MAX : clock_monotonic() + CLOSE_PATIENCE;
}

static void look_at_time(struct session *session)
{
    int64_t now = clock_monotonic();
    bool is_closing = session->state == CONVERSATION_CLOSING;
    if (!is_closing && now >= session->end) {
        session->is_too_late = session->options->wait > 0 && !is_enough(session);
        end_state(session);
    } else if (now >= session->deadline || (!is_closing && interruption_came())) {
        end_state(session);
    }
}

/* -- what is printed -- */

static void print_message(void *context, enum opcode type, const uint8_t *data, size_t len)
{
    struct session *session = context;
    set_deadline(session); /* It may have come with the answer, which is said first. */
    if (is_enough(session))
        return;
    printer_print(&session->options->printer, type, data, len);
    session->messages++;
}

/* -- the loop -- */

static int64_t time_left(const struct session *session)
{
    bool can_send = session->conversation.state == CONVERSATION_OPEN && has_room(session) &&
                    has_message(session);
    if (stream_has_input(&session->stream) || can_send)
        return 0;
    bool is_closing = session->state == CONVERSATION_CLOSING;
    int64_t end = is_closing || session->deadline < session->end ? session->deadline : session->end;
    int64_t left = end == INT64_MAX ? 3600 * NS_PER_S : end - clock_monotonic();
    return left > 0 ? left : 0;
}

static bool wants_input(const struct session *session)
{
    return session->options->reads_input && session->state == CONVERSATION_OPEN &&
           !session->lines.has_ended && has_room(session) && !has_message(session);
}

/* While the closing handshake is under way another Ctrl-C ends the program. */
static int wait_for_any(const struct session *session, struct pollfd *fds, nfds_t count)
{
    int64_t left = time_left(session);
    if (session->state != CONVERSATION_CLOSING)
        return interruption_poll(fds, count, left);
    return poll(fds, count, (int)(left / NS_PER_MS) + 1);
}

static void wait_and_read(struct session *session)
{
    const uint8_t *data;
    bool has_output = conversation_output(&session->conversation, &data) > 0;
    struct pollfd fds[2] = {
        {.fd = session->stream.fd, .events = stream_events(&session->stream, has_output)},
        {.fd = STDIN_FILENO, .events = POLLIN},
    };
    int ready = wait_for_any(session, fds, wants_input(session) ? 2 : 1);
    if (ready > 0 && fds[1].revents != 0)
        lines_read(&session->lines);
    if (ready > 0 || stream_has_input(&session->stream))
        read_stream(session);
}

static void flush_printed(struct session *session)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        session->failure = "cannot write to standard output";
        end_state(session);
    }
}

static void converse(struct session *session)
{
    while (session->conversation.state != CONVERSATION_OVER) {
        send_messages(session);
        write_output(session);
        set_deadline(session);
        flush_printed(session);
        wait_and_read(session);
        set_deadline(session);
        look_at_time(session);
    }
    write_output(session);
    flush_printed(session);
}

static int report(const struct session *session)
{
    const struct session_options *options = session->options;
    if (session->failure != NULL) {
        cli_error(options->cli, "failed", "%s", session->failure);
        return EXIT_WRONG;
    }
    int status = outcome_report(options->cli, &session->conversation, options->shown);
    if (status != 0 || !session->is_too_late)
        return status;
    cli_error(options->cli, "timeout", "%u of %u messages came in time", session->messages,
              options->wait);
    return CONNECT_TOO_FEW;
}

/* INT64_MAX: later than there are times. */
static int64_t time_after(int64_t now, int64_t duration)
{
    return duration < INT64_MAX - now ? now + duration : INT64_MAX;
}

static int talk(struct session *session)
{
    const struct session_options *options = session->options;
    char why[512];
    int64_t now = clock_monotonic();
    session->end = options->timeout > 0 ? time_after(now, options->timeout) : INT64_MAX;
    session->deadline = now + ANSWER_PATIENCE;
    int64_t soonest = session->end < session->deadline ? session->end : session->deadline;
    if (!stream_open(&session->stream, &options->url, &options->tls, soonest, why, sizeof why)) {
        cli_error(options->cli, "no_connection", "%.900s: %s", options->shown, why);
        return CONNECT_NO_CONNECTION;
    }
    session->conversation.on_message = print_message;
    session->conversation.context = session;
    converse(session);
    stream_close(&session->stream);
    return report(session);
}

int session_run(const struct session_options *options)
{
    struct session session = {.options = options, .state = CONVERSATION_ASKING};
    int status = EXIT_WRONG;
    lines_init(&session.lines, STDIN_FILENO, options->message_max + 1);
    if (conversation_init(&session.conversation, &options->request, options->message_max) == OK)
        status = talk(&session);
    else
        cli_error(options->cli, "failed", "the request is too long, or there is no memory for it");
    conversation_deinit(&session.conversation);
    lines_deinit(&session.lines);
    return status;
}
