/* See disk.h. */
#define _GNU_SOURCE
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../random.h"
#include "ledger.h"

static void wait_us(uint32_t us) {
  if (us == 0) return;
  struct timespec left = {us / 1000000, (long)(us % 1000000) * 1000};
  int before = errno;
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
  errno = before;
}

/* Chance needs no seed here: which calls come when is chance already. */
static int is_hit(const struct disk_settings *settings) {
  static __thread struct random_source chance;
  if (settings->failing_permille >= 1000) return 1;
  if (chance.state == 0) chance.state = (uint64_t)(uintptr_t)&chance ^ (uint64_t)time(0);
  return random_below(&chance, 1000) < settings->failing_permille;
}

static int fails(const struct disk_settings *settings, int32_t error) {
  if (error == 0 || !is_hit(settings)) return 0;
  errno = error;
  return 1;
}

/* A full disk still takes what goes over bytes that are there already. */
static int extends_file(int fd, off_t offset, size_t length) {
  struct stat status;
  if (fstat(fd, &status) != 0) return 1;
  if (syscall(SYS_fcntl, fd, F_GETFL) & O_APPEND) return 1;
  return offset + (off_t)length > status.st_size;
}

int disk_fails_write(int fd, off_t offset, size_t length) {
  const struct disk_settings *settings = ledger_disk();
  wait_us(settings->write_delay_us);
  if (settings->write_error == ENOSPC && !extends_file(fd, offset, length)) return 0;
  return fails(settings, settings->write_error);
}

int disk_fails_sync(void) {
  const struct disk_settings *settings = ledger_disk();
  wait_us(settings->sync_delay_us);
  return fails(settings, settings->sync_error);
}

int disk_fails_names(void) {
  const struct disk_settings *settings = ledger_disk();
  return fails(settings, settings->name_error);
}
