/*
 * The calls that make things durable. A sync makes only those records void that were made before it began, by
 * whichever process; so its beginning is noted under the lock, and the sync itself runs outside of it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "disk.h"
#include "ledger.h"
#include "tracked.h"

/* 0: not of a file or folder that is watched. */
static unsigned long long begin_sync(int fd) {
  struct stat status;
  if (!is_watching() || fstat(fd, &status) != 0) return 0;
  /* A descriptor that is for reading only, and so not tracked, syncs as well as any other. */
  int can_be_data = S_ISREG(status.st_mode) || S_ISDIR(status.st_mode);
  if (!tracking_of(fd) && !(can_be_data && is_descriptor_inside(fd))) return 0;
  ledger_lock();
  unsigned long long through = ledger_newest();
  /* What is appended around the wrappers from here on is not covered by this sync. */
  record_old_size(fd);
  ledger_unlock();
  /* A folder that was never written to may be synced first. */
  return through > 0 ? through : 1;
}

/* Not of files that are somewhere else. */
static int sync_fails(unsigned long long through) { return through > 0 && disk_fails_sync(); }

static int end_sync(int fd, unsigned long long through, int result) {
  if (result != 0 || through == 0) return result;
  ledger_lock();
  int before = errno;
  record_synced(fd, through);
  errno = before;
  ledger_unlock();
  return result;
}

int fsync(int fd) {
  unsigned long long through = begin_sync(fd);
  if (sync_fails(through)) return -1;
  return end_sync(fd, through, (int)syscall(SYS_fsync, fd));
}

int fdatasync(int fd) {
  unsigned long long through = begin_sync(fd);
  if (sync_fails(through)) return -1;
  return end_sync(fd, through, (int)syscall(SYS_fdatasync, fd));
}

static unsigned long long begin_sync_of_all(void) {
  if (!is_watching()) return 0;
  ledger_lock();
  unsigned long long through = ledger_newest();
  ledger_unlock();
  return through;
}

static void end_sync_of_all(unsigned long long through) {
  if (through == 0) return;
  struct record record = {.kind = record_sync_all, .through = through};
  ledger_lock();
  ledger_put(record, 0);
  ledger_unlock();
}

void sync(void) {
  unsigned long long through = begin_sync_of_all();
  syscall(SYS_sync);
  end_sync_of_all(through);
}

int syncfs(int fd) {
  unsigned long long through = begin_sync_of_all();
  int result = (int)syscall(SYS_syncfs, fd);
  if (result == 0) end_sync_of_all(through);
  return result;
}
