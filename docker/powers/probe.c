/*
 * node-probe: what a program in the node's container meets, with whatever is preloaded there.
 *
 *   node-probe disk FOLDER   writes and syncs a file, removes it: {"error":"ENOSPC"|null,"writeMs":N,"syncMs":N}
 *   node-probe clock         {"aheadMs":N}: by how much its wall clock is ahead of the kernel's
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double monotonic_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int report_disk(int failed, double write_ms, double sync_ms) {
  const char *name = failed ? strerrorname_np(failed) : 0;
  printf("{\"error\":%s%s%s,\"writeMs\":%.3f,\"syncMs\":%.3f}\n", name ? "\"" : "",
         name ? name : "null", name ? "\"" : "", write_ms, sync_ms);
  return 0;
}

static int probe_disk(const char *folder) {
  char path[PATH_MAX];
  static char bytes[4096];
  double write_ms = 0, sync_ms = 0;
  snprintf(path, sizeof path, "%s/.amnesia-probe-%d", folder, getpid());
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return report_disk(errno, 0, 0);
  double began = monotonic_ms();
  int failed = write(fd, bytes, sizeof bytes) == sizeof bytes ? 0 : errno;
  write_ms = monotonic_ms() - began;
  if (!failed) {
    began = monotonic_ms();
    failed = fsync(fd) == 0 ? 0 : errno;
    sync_ms = monotonic_ms() - began;
  }
  close(fd);
  unlink(path);
  return report_disk(failed, write_ms, sync_ms);
}

/* A call that no preloaded library can stand in front of. */
static long kernel_clock(struct timespec *now) {
#if defined(__x86_64__)
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(SYS_clock_gettime), "D"(CLOCK_REALTIME), "S"(now)
                   : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long number __asm__("x8") = SYS_clock_gettime;
  register long first __asm__("x0") = CLOCK_REALTIME;
  register struct timespec *second __asm__("x1") = now;
  __asm__ volatile("svc 0" : "+r"(first) : "r"(number), "r"(second) : "memory");
  return first;
#else
#error "the kernel's clock cannot be read on this processor"
#endif
}

static double ms_of(const struct timespec *time) {
  return (double)time->tv_sec * 1e3 + (double)time->tv_nsec / 1e6;
}

/* The tightest of some tries: between two looks at the true time this process may have to wait. */
static int probe_clock(void) {
  double best_gap = 1e12, ahead = 0;
  for (int i = 0; i < 10; i++) {
    struct timespec before, seen, after;
    kernel_clock(&before);
    clock_gettime(CLOCK_REALTIME, &seen);
    kernel_clock(&after);
    double gap = ms_of(&after) - ms_of(&before);
    if (gap >= best_gap) continue;
    best_gap = gap;
    ahead = ms_of(&seen) - (ms_of(&before) + ms_of(&after)) / 2;
  }
  printf("{\"aheadMs\":%.3f}\n", ahead);
  return 0;
}

int main(int count, char **arguments) {
  if (count == 3 && strcmp(arguments[1], "disk") == 0) return probe_disk(arguments[2]);
  if (count == 2 && strcmp(arguments[1], "clock") == 0) return probe_clock();
  fprintf(stderr, "usage: node-probe disk FOLDER | node-probe clock\n");
  return 2;
}
