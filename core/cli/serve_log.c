#include "cli/serve_log.h"

#include "base/log.h"
#include "base/log_file.h"
#include "config/config.h"
#include "config/diagnostics.h"

#include <stdio.h>
#include <unistd.h>

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

void serve_log_reopen(void)
{
    char text[LOG_FILE_TEXT_MAX];
    int error = log_file_reopen("SIGUSR1", text);
    (void)error; /* The log says it. */
}

void serve_log_tell_failure(void)
{
    char path[PATH_MAX];
    if (log_file_path(path))
        fprintf(stderr, "sluice: not started; %s says why\n", path);
}
