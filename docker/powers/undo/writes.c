/*
 * The calls that change the content of files, in front of the C library's. What is not tracked goes straight to the
 * kernel: raw calls need no other library to be ready, and constructors of others may run before ours.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "disk.h"
#include "ledger.h"
#include "tracked.h"

/* Under the lock, after a write to a file that is opened O_SYNC or O_DSYNC: it is durable when it returns. */
static void after_write(int fd, ssize_t written) {
  if (written < 0 || tracking_of(fd) != tracked_synchronous) return;
  int before = errno;
  record_synced(fd, ledger_newest());
  errno = before;
}

static size_t length_of(const struct iovec *parts, int count) {
  size_t length = 0;
  for (int i = 0; i < count; i++) length += parts[i].iov_len;
  return length;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  if (!tracking_of(fd)) return syscall(SYS_write, fd, bytes, length);
  if (disk_fails_write(fd, position_of(fd), length)) return -1;
  ledger_lock();
  record_old_bytes(fd, position_of(fd), length);
  ssize_t written = syscall(SYS_write, fd, bytes, length);
  after_write(fd, written);
  ledger_unlock();
  return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  if (!tracking_of(fd)) return syscall(SYS_pwrite64, fd, bytes, length, offset);
  if (disk_fails_write(fd, offset, length)) return -1;
  ledger_lock();
  record_old_bytes(fd, offset, length);
  ssize_t written = syscall(SYS_pwrite64, fd, bytes, length, offset);
  after_write(fd, written);
  ledger_unlock();
  return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  return pwrite64(fd, bytes, length, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (!tracking_of(fd)) return syscall(SYS_writev, fd, parts, count);
  if (disk_fails_write(fd, position_of(fd), length_of(parts, count))) return -1;
  ledger_lock();
  record_old_bytes(fd, position_of(fd), length_of(parts, count));
  ssize_t written = syscall(SYS_writev, fd, parts, count);
  after_write(fd, written);
  ledger_unlock();
  return written;
}

/* An offset of -1 is the present position, as the kernel has it for pwritev2. */
ssize_t pwritev64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags) {
  if (!tracking_of(fd)) return syscall(SYS_pwritev2, fd, parts, count, offset, 0, flags);
  if (disk_fails_write(fd, offset, length_of(parts, count))) return -1;
  ledger_lock();
  record_old_bytes(fd, offset == -1 ? position_of(fd) : offset, length_of(parts, count));
  ssize_t written = syscall(SYS_pwritev2, fd, parts, count, offset, 0, flags);
  if (flags & (RWF_DSYNC | RWF_SYNC)) {
    if (written >= 0) record_synced(fd, ledger_newest());
  } else {
    after_write(fd, written);
  }
  ledger_unlock();
  return written;
}

ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags) {
  return pwritev64v2(fd, parts, count, offset, flags);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
  if (!tracking_of(fd)) return syscall(SYS_pwritev, fd, parts, count, offset, 0);
  if (disk_fails_write(fd, offset, length_of(parts, count))) return -1;
  ledger_lock();
  record_old_bytes(fd, offset, length_of(parts, count));
  ssize_t written = syscall(SYS_pwritev, fd, parts, count, offset, 0);
  after_write(fd, written);
  ledger_unlock();
  return written;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  return pwritev64(fd, parts, count, offset);
}

int ftruncate64(int fd, off64_t length) {
  if (!tracking_of(fd)) return (int)syscall(SYS_ftruncate, fd, length);
  if (disk_fails_write(fd, 0, (size_t)length)) return -1;
  ledger_lock();
  struct stat status;
  if (fstat(fd, &status) == 0 && status.st_size > length) {
    record_old_bytes(fd, length, (size_t)(status.st_size - length));
  } else {
    record_old_size(fd);
  }
  int result = (int)syscall(SYS_ftruncate, fd, length);
  ledger_unlock();
  return result;
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int truncate64(const char *path, off64_t length) {
  char absolute[PATH_MAX];
  if (!path_inside(AT_FDCWD, path, absolute)) return (int)syscall(SYS_truncate, path, length);
  int fd = (int)syscall(SYS_openat, AT_FDCWD, absolute, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  track(fd, tracked_file);
  int result = ftruncate64(fd, length);
  int before = errno;
  track(fd, untracked);
  syscall(SYS_close, fd);
  errno = before;
  return result;
}

int truncate(const char *path, off_t length) { return truncate64(path, length); }

/* Room alone changes a size; holes and zeros change bytes, too. */
int fallocate64(int fd, int mode, off64_t offset, off64_t length) {
  if (!tracking_of(fd)) return (int)syscall(SYS_fallocate, fd, mode, offset, length);
  if (disk_fails_write(fd, offset, (size_t)length)) return -1;
  ledger_lock();
  if (mode == 0 || mode == FALLOC_FL_KEEP_SIZE) record_old_size(fd);
  else record_old_bytes(fd, offset, (size_t)length);
  int result = (int)syscall(SYS_fallocate, fd, mode, offset, length);
  ledger_unlock();
  return result;
}

int fallocate(int fd, int mode, off_t offset, off_t length) {
  return fallocate64(fd, mode, offset, length);
}

/* Gives the error as its result, and leaves errno alone. */
int posix_fallocate64(int fd, off64_t offset, off64_t length) {
  int before = errno;
  int result = fallocate64(fd, 0, offset, length) == 0 ? 0 : errno;
  errno = before;
  return result;
}

int posix_fallocate(int fd, off_t offset, off_t length) {
  return posix_fallocate64(fd, offset, length);
}

ssize_t sendfile64(int to, int from, off64_t *offset, size_t length) {
  if (!tracking_of(to)) return syscall(SYS_sendfile, to, from, offset, length);
  if (disk_fails_write(to, position_of(to), length)) return -1;
  ledger_lock();
  record_old_bytes(to, position_of(to), length);
  ssize_t sent = syscall(SYS_sendfile, to, from, offset, length);
  after_write(to, sent);
  ledger_unlock();
  return sent;
}

ssize_t sendfile(int to, int from, off_t *offset, size_t length) {
  return sendfile64(to, from, offset, length);
}

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t length,
                        unsigned flags) {
  if (!tracking_of(to)) {
    return syscall(SYS_copy_file_range, from, from_at, to, to_at, length, flags);
  }
  if (disk_fails_write(to, to_at ? *to_at : position_of(to), length)) return -1;
  ledger_lock();
  record_old_bytes(to, to_at ? *to_at : position_of(to), length);
  ssize_t copied = syscall(SYS_copy_file_range, from, from_at, to, to_at, length, flags);
  after_write(to, copied);
  ledger_unlock();
  return copied;
}

/* What is written through a shared mapping passes no call at all: it is noted, and refused elsewhere. */
void *mmap64(void *at, size_t length, int protection, int flags, int fd, off64_t offset) {
  long result = syscall(SYS_mmap, at, length, protection, flags, fd, offset);
  int is_shared = (flags & MAP_SHARED) && (protection & PROT_WRITE);
  if (result != -1 && is_shared && fd >= 0 && tracking_of(fd)) {
    ledger_lock();
    warn_of(fd, warning_shared_mapping, 0);
    ledger_unlock();
  }
  return (void *)result;
}

void *mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
  return mmap64(at, length, protection, flags, fd, offset);
}
