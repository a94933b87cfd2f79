/*
 * refused_calls: preloaded into the server, it has the kernel refuse io_uring's system calls, as
 * the filters of containers do.
 *
 * REFUSED_CALLS in the environment names which, such as "io_uring_setup io_uring_enter";
 * REFUSED_ERROR is the error's number. The filter is there from the start on, or, with
 * REFUSED_LATER, from SIGUSR2 on: then a line on standard error says so.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALLS 3

static const struct {
    const char *name;
    unsigned number;
} calls[CALLS] = {{"io_uring_setup", __NR_io_uring_setup},
                  {"io_uring_enter", __NR_io_uring_enter},
                  {"io_uring_register", __NR_io_uring_register}};

/* One comparison and one answer for each call; a call that is not named is compared with none. */
static struct sock_filter code[1 + 2 * CALLS + 1];

static void prepare(const char *names, unsigned error)
{
    struct sock_filter *at = code;
    *at++ =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < CALLS; i++) {
        unsigned number = strstr(names, calls[i].name) != NULL ? calls[i].number : UINT32_MAX;
        *at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1);
        *at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
    }
    *at = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
}

/* For all threads. */
static void say_and_refuse(const char *said)
{
    struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
    long result =
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    if (result != 0)
        said = "refused_calls: the kernel takes no filter\n";
    ssize_t written = write(STDERR_FILENO, said, strlen(said));
    (void)written; /* The test then waits in vain, and says for what. */
}

static void on_signal(int number)
{
    int saved = errno;
    (void)number;
    say_and_refuse("refused_calls: on\n");
    errno = saved;
}

__attribute__((constructor)) static void set_up(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    const char *names = getenv("REFUSED_CALLS");
    const char *error = getenv("REFUSED_ERROR");
    if (names == NULL || error == NULL)
        return;
    prepare(names, (unsigned)atoi(error));
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (getenv("REFUSED_LATER") != NULL)
        sigaction(SIGUSR2, &action, NULL);
    else
        say_and_refuse("refused_calls: from the start\n");
}
