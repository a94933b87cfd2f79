/*
 * The loop that the calling thread is said to run, for programs whose loop_current the linker
 * replaces (tests/unit/CMakeLists.txt). One source of a program includes it.
 */
#ifndef SLUICE_TESTS_CURRENT_LOOP_H
#define SLUICE_TESTS_CURRENT_LOOP_H

#include "loop/loop.h"

struct loop *__wrap_loop_current(void);

static struct loop *current_loop; /* NULL: a thread that is no loop's */

struct loop *__wrap_loop_current(void)
{
    return current_loop;
}

#endif
