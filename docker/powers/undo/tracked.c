/* See tracked.h. */
#define _GNU_SOURCE
#include "tracked.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ledger.h"

enum { descriptors_max = 65536, buffer_bytes = 65536 };

static unsigned char tracking[descriptors_max];
static int watching;

int is_watching(void) { return watching; }

enum tracking tracking_of(int fd) {
  return watching && fd >= 0 && fd < descriptors_max ? tracking[fd] : untracked;
}

void track(int fd, enum tracking how) {
  if (fd >= 0 && fd < descriptors_max) tracking[fd] = (unsigned char)how;
}

int is_inside(const char *absolute) {
  size_t data = strlen(ledger_data), log = strlen(ledger_folder);
  if (strncmp(absolute, ledger_data, data) != 0) return 0;
  if (absolute[data] != '/' && absolute[data] != 0) return 0;
  /* The log may lie in the data folder; it is never tracked itself. */
  int is_log = strncmp(absolute, ledger_folder, log) == 0 &&
               (absolute[log] == '/' || absolute[log] == 0);
  return !is_log;
}

static int path_of_descriptor(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return 1;
}

int path_inside(int folder_fd, const char *path, char *absolute) {
  char whole[2 * PATH_MAX], folder[PATH_MAX];
  if (!watching || !path || !*path) return 0;
  int before = errno, inside = 0;
  if (path[0] == '/') {
    snprintf(whole, sizeof whole, "%s", path);
  } else {
    int known = folder_fd == AT_FDCWD ? getcwd(folder, sizeof folder) != 0
                                      : path_of_descriptor(folder_fd, folder);
    if (!known) goto done;
    snprintf(whole, sizeof whole, "%s/%s", folder, path);
  }
  size_t length = strlen(whole);
  while (length > 1 && whole[length - 1] == '/') whole[--length] = 0;
  char *slash = strrchr(whole, '/');
  if (!slash) goto done;
  *slash = 0;
  if (!realpath(*whole ? whole : "/", folder)) goto done;
  size_t room = PATH_MAX;
  int needed = snprintf(absolute, room, "%s/%s", strcmp(folder, "/") ? folder : "", slash + 1);
  inside = needed > 0 && (size_t)needed < room && is_inside(absolute);
done:
  errno = before;
  return inside;
}

int is_descriptor_inside(int fd) {
  char path[PATH_MAX];
  int before = errno;
  int inside = path_of_descriptor(fd, path) && is_inside(path);
  errno = before;
  return inside;
}

/* Files that a shell opened for this program before it was there. */
static void track_inherited(void) {
  DIR *folder = opendir("/proc/self/fd");
  if (!folder) return;
  for (struct dirent *entry; (entry = readdir(folder));) {
    int fd = atoi(entry->d_name);
    int flags = (int)syscall(SYS_fcntl, fd, F_GETFL);
    struct stat status;
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) continue;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (is_descriptor_inside(fd)) track(fd, tracked_file);
  }
  closedir(folder);
}

__attribute__((constructor)) static void begin(void) {
  if (!ledger_begin()) return;
  watching = 1;
  track_inherited();
}

static struct record record_about(int kind, const struct stat *status) {
  struct record record = {.kind = (uint8_t)kind};
  record.device = status->st_dev;
  record.inode = status->st_ino;
  return record;
}

/* Reads through a descriptor of its own: the program's may be for writing only. */
static ssize_t read_old(int fd, char *into, size_t length, off_t offset) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  int reading = (int)syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC);
  if (reading < 0) return -1;
  ssize_t got = syscall(SYS_pread64, reading, into, length, offset);
  syscall(SYS_close, reading);
  return got;
}

void record_old_bytes(int fd, off_t offset, size_t length) {
  static char buffer[buffer_bytes];
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return;
  int flags = (int)syscall(SYS_fcntl, fd, F_GETFL);
  if (flags & O_APPEND) offset = status.st_size;
  size_t old = offset < status.st_size ? (size_t)(status.st_size - offset) : 0;
  if (old > length) old = length;
  char *bytes = buffer;
  if (old > sizeof buffer) {
    long at = syscall(SYS_mmap, 0, old, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == -1) abort();
    bytes = (char *)at;
  }
  ssize_t got = old > 0 ? read_old(fd, bytes, old, offset) : 0;
  if (got < 0) abort();
  struct record record = record_about(record_write, &status);
  record.payload = (uint32_t)got;
  record.offset = (uint64_t)offset;
  record.length = length;
  record.old_size = (uint64_t)status.st_size;
  ledger_put(record, bytes);
  if (bytes != buffer) syscall(SYS_munmap, bytes, old);
}

/* Undoes what was appended around the wrappers, by stdio or sendfile. */
void record_old_size(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return;
  struct record record = record_about(record_write, &status);
  record.offset = record.old_size = (uint64_t)status.st_size;
  ledger_put(record, 0);
}

void record_synced(int fd, unsigned long long through) {
  char path[PATH_MAX];
  struct stat status;
  if (fstat(fd, &status) != 0) return;
  int is_folder = S_ISDIR(status.st_mode);
  struct record record = record_about(is_folder ? record_sync_folder : record_sync_file, &status);
  record.through = through;
  if (is_folder) {
    if (!path_of_descriptor(fd, path) || !is_inside(path)) return;
    record.payload = (uint32_t)strlen(path) + 1;
  }
  ledger_put(record, path);
}

static void put_paths(struct record record, const char *path, const char *second) {
  char both[2 * PATH_MAX];
  size_t first_length = strlen(path) + 1, second_length = second ? strlen(second) + 1 : 0;
  if (first_length + second_length > sizeof both) return;
  memcpy(both, path, first_length);
  if (second) memcpy(both + first_length, second, second_length);
  record.payload = (uint32_t)(first_length + second_length);
  ledger_put(record, both);
}

void record_path(int kind, const char *path, const char *second, unsigned long long length) {
  struct record record = {.kind = (uint8_t)kind, .length = length};
  put_paths(record, path, second);
}

void record_of_file(int kind, const char *file, const char *path, const char *second) {
  struct stat status;
  if (lstat(file, &status) != 0) return;
  put_paths(record_about(kind, &status), path, second);
}

/* Links are not possible across file systems: there its content is copied. */
static int keep_file(const char *path, const char *kept) {
  if (syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, kept, 0) == 0) return 1;
  int from = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  int to = (int)syscall(SYS_openat, AT_FDCWD, kept, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  int good = from >= 0 && to >= 0;
  for (ssize_t got = 1; good && got > 0;) {
    got = syscall(SYS_sendfile, to, from, 0, 1 << 20);
    good = got >= 0;
  }
  struct stat status;
  if (good && fstat(from, &status) == 0) {
    syscall(SYS_fchmod, to, status.st_mode & 07777);
    good = syscall(SYS_fchown, to, status.st_uid, status.st_gid) == 0 || errno == EPERM;
  }
  if (from >= 0) syscall(SYS_close, from);
  if (to >= 0) syscall(SYS_close, to);
  return good;
}

void record_unlinked(const char *path) {
  struct stat status;
  char kept[PATH_MAX + 64], target[PATH_MAX];
  if (lstat(path, &status) != 0) return;
  if (S_ISLNK(status.st_mode)) {
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0) return;
    target[length] = 0;
    record_path(record_unlink_symlink, path, target, 0);
  } else if (S_ISREG(status.st_mode)) {
    ledger_keep_name(kept, sizeof kept, (uint64_t)status.st_size);
    if (keep_file(path, kept)) put_paths(record_about(record_unlink, &status), path, kept);
    else record_path(record_warning, path, 0, warning_not_kept);
  }
}

void warn_of(int fd, int warning, const char *path) {
  struct stat status;
  if (fstat(fd, &status) != 0) return;
  struct record record = record_about(record_warning, &status);
  record.length = (uint64_t)warning;
  put_paths(record, path ? path : "", 0);
}

off_t position_of(int fd) { return (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR); }
