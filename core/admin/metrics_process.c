#include "admin/metrics_process.h"

#include "admin/metrics_writer.h"
#include "base/process.h"

#include <openssl/crypto.h>
#include <sluice/plugin.h>

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static void write_build(struct metrics_writer *writer)
{
    char compiler[METRICS_LABEL_MAX], openssl[METRICS_LABEL_MAX];
    metrics_describe(writer, "sluice_build_info");
    metrics_put(writer,
                "sluice_build_info{version=\"%s\",compiler=\"%s\",openssl=\"%s\",abi=\"%d.%d\"} "
                "1\n",
                SLUICE_VERSION, metrics_label(COMPILER, compiler),
                metrics_label(OpenSSL_version(OPENSSL_FULL_VERSION_STRING), openssl), SL_ABI_MAJOR,
                SL_ABI_MINOR);
}

void metrics_write_process(struct metrics_writer *writer, const char *proc)
{
    struct process_usage usage;
    write_build(writer);
    if (process_read(proc, &usage) != OK)
        return;
    metrics_describe(writer, "process_start_time_seconds");
    metrics_put(writer, "process_start_time_seconds %.2f\n", usage.start);
    metrics_describe(writer, "process_cpu_seconds_total");
    metrics_put(writer, "process_cpu_seconds_total %.2f\n", usage.cpu);
    metrics_put_number(writer, "process_resident_memory_bytes", usage.resident_bytes);
    metrics_put_number(writer, "process_virtual_memory_bytes", usage.virtual_bytes);
    metrics_put_number(writer, "process_open_fds", usage.open_descriptors);
    metrics_put_number(writer, "process_max_fds", usage.max_descriptors);
    metrics_put_number(writer, "process_threads", usage.threads);
}
