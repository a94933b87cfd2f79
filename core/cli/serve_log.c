#include "cli/serve_log.h"

#include "base/access_log.h"
#include "base/event.h"
#include "base/event_ring.h"
#include "base/log.h"
#include "base/log_file.h"
#include "cli/cli.h"
#include "config/config.h"
#include "config/diagnostics.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void serve_log_configure(const struct config *config)
{
    uint32_t sample = 1;
    log_configure(config->log_level, config->log_format);
    if (access_log_read_sample(config->log_sample, &sample)) /* It was checked. */
        access_log_configure(config->log_access, sample);
}

void serve_log_expect(const struct cli_options *options)
{
    for (size_t i = 0; i < options->override_count; i++)
        if (strcmp(options->overrides[i].path, "log.format") == 0)
            log_configure(LOG_LEVEL_INFO, strcmp(options->overrides[i].value, "json") == 0
                                              ? LOG_FORMAT_JSON
                                              : LOG_FORMAT_TEXT);
}

void serve_log_use_format(const struct config *config)
{
    log_configure(LOG_LEVEL_INFO, config->log_format);
}

static int report_fault(const struct config *config, struct diagnostics *diagnostics,
                        const char *text)
{
    diagnostics_add(diagnostics, config->log_file_position, "log.file: cannot write to %s: %s",
                    config->log_file, text);
    return ERR_CONFIG;
}

int serve_log_check(const struct config *config, struct diagnostics *diagnostics)
{
    char text[LOG_FILE_TEXT_MAX];
    if (config->log_file == NULL || log_file_check(config->log_file, text) == OK)
        return OK;
    return report_fault(config, diagnostics, text);
}

int serve_log_prepare(const struct config *config, struct diagnostics *diagnostics, int *fd)
{
    char text[LOG_FILE_TEXT_MAX];
    *fd = -1;
    if (config->log_file == NULL)
        return OK;
    *fd = log_file_open(config->log_file, text);
    return *fd >= 0 ? OK : report_fault(config, diagnostics, text);
}

void serve_log_commit(const struct config *config, int fd)
{
    char path[PATH_MAX];
    if (config->log_file == NULL && !log_file_path(path))
        return;
    if (log_file_use(config->log_file, fd) != OK)
        log_error("serve", "log.file: the log cannot be redirected and goes on where it went");
}

void serve_log_abort(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* Without its queue the log works too, but whoever logs waits for who reads. */
int serve_log_start(const struct config *config, struct diagnostics *diagnostics)
{
    int fd;
    int error = serve_log_prepare(config, diagnostics, &fd);
    if (error != OK)
        return error;
    if (fd >= 0)
        log_info("serve", "the log goes to %s", config->log_file);
    error = log_start(config->log_queue);
    if (error != OK)
        log_warn("serve", "log.queue: %s; lines are written without it", error_text(error));
    serve_log_commit(config, fd);
    return OK;
}

int serve_log_keep_events(const struct config *config, struct event_ring **out)
{
    *out = NULL;
    if (config->admin_listen_count == 0)
        return OK;
    int error = event_ring_create(out);
    if (error == OK)
        event_keep_in(*out);
    return error;
}

void serve_log_forget_events(struct event_ring *events)
{
    event_keep_in(NULL);
    event_ring_destroy(events);
}

void serve_log_reopen(void)
{
    char text[LOG_FILE_TEXT_MAX];
    int error = log_file_reopen("SIGUSR1", text);
    (void)error; /* The log says it. */
}

void serve_log_tell_failure(void)
{
    char path[PATH_MAX];
    char text[PATH_MAX + 32];
    if (!log_file_path(path))
        return;
    snprintf(text, sizeof text, "not started; %s says why", path);
    if (log_is_json())
        log_write_to(STDERR_FILENO, LOG_LEVEL_ERROR, "serve", text);
    else
        fprintf(stderr, "sluice: %s\n", text);
}
