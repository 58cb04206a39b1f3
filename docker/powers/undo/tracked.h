/* Which descriptors and paths are inside of the data folder, and what is written down before they change. */
#ifndef AMNESIA_TRACKED_H
#define AMNESIA_TRACKED_H

#include <sys/types.h>

/* What a sync of this descriptor has to say. */
enum tracking { untracked = 0, tracked_file = 1, tracked_synchronous = 2 };

/* 0 until the library's constructor has run, and in processes that are not watched. */
int is_watching(void);

enum tracking tracking_of(int fd);
void track(int fd, enum tracking tracking);

/* The path as the data folder's records name it: without links and dots in its folder. 0: not inside. */
int path_inside(int folder_fd, const char *path, char *absolute);
int is_inside(const char *absolute);
/* By the name that the kernel has for it; also of descriptors that are not tracked. */
int is_descriptor_inside(int fd);

/* All under the ledger's lock. */
void record_old_bytes(int fd, off_t offset, size_t length);
void record_old_size(int fd);
void record_synced(int fd, unsigned long long through);
void record_path(int kind, const char *path, const char *second, unsigned long long length);
void record_of_file(int kind, const char *file, const char *path, const char *second);
void record_unlinked(const char *path);
void warn_of(int fd, int warning, const char *path);

/* Where a write without a position goes. */
off_t position_of(int fd);

#endif
