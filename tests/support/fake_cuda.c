// A driver library for tests: queues that run on threads, slow, held or broken as a test wants, with the functions
// of libcuda.so.1 that the core calls. Compiled and loaded by tests/support/fake_cuda.py.
//
// As strict as the real one where the core could go wrong: a thread without a current context gets an error, a forked
// child too. What would break a capture or make the caller wait is counted as a violation: a query, a new event or new
// page-locked memory during a capture unless the thread's capture mode is relaxed; work on a stream that is being captured;
// a copy to memory that is not page-locked.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// CUresult, cuda.h
enum {
  kSuccess = 0,
  kInvalidValue = 1,
  kNotInitialized = 3,
  kInvalidContext = 201,
  kInvalidHandle = 400,
  kNotReady = 600,
};
enum { kGlobal = 0, kRelaxed = 2 };  // CUstreamCaptureMode

typedef struct Event {
  atomic_int done;
} Event;

typedef struct Item {
  struct Item* next;
  void* to;
  const void* from;  // read when the item's turn comes; NULL: the bytes after the item
  size_t size;
  Event* event;  // NULL: a copy
} Item;

typedef struct Stream {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  Item *first, *last;
  int held, busy;
  atomic_int captured;
} Stream;

typedef struct Locked {
  struct Locked* next;
  uintptr_t begin, end;
} Locked;

static atomic_int error_number;
static atomic_long delay_ns, syncs, queries, violations, copies, locked_bytes;
static _Atomic(Locked*) locked;
static atomic_int capturing;
static pid_t owner;
static _Thread_local uintptr_t context;
static _Thread_local int capture_mode = kGlobal;

__attribute__((constructor)) static void remember_owner(void) { owner = getpid(); }

static void* run(void* argument) {
  Stream* stream = argument;
  for (;;) {
    pthread_mutex_lock(&stream->lock);
    while (stream->first == NULL || stream->held) pthread_cond_wait(&stream->changed, &stream->lock);
    Item* item = stream->first;
    stream->busy = 1;
    pthread_mutex_unlock(&stream->lock);

    const long nap = atomic_load(&delay_ns);
    if (nap != 0 && item->event == NULL) {
      const struct timespec duration = {nap / 1000000000, nap % 1000000000};
      nanosleep(&duration, NULL);
    }
    if (item->event != NULL) {
      atomic_store(&item->event->done, 1);
    } else {
      memcpy(item->to, item->from != NULL ? item->from : (const void*)(item + 1), item->size);
    }

    pthread_mutex_lock(&stream->lock);
    stream->first = item->next;
    if (stream->first == NULL) stream->last = NULL;
    stream->busy = 0;
    pthread_cond_broadcast(&stream->changed);
    pthread_mutex_unlock(&stream->lock);
    free(item);
  }
  return NULL;
}

static void enqueue(Stream* stream, Item* item) {
  pthread_mutex_lock(&stream->lock);
  if (stream->last != NULL) {
    stream->last->next = item;
  } else {
    stream->first = item;
  }
  stream->last = item;
  pthread_cond_broadcast(&stream->changed);
  pthread_mutex_unlock(&stream->lock);
}

// --- What a test does with its device

uintptr_t fake_stream_create(void) {
  Stream* stream = calloc(1, sizeof *stream);
  pthread_mutex_init(&stream->lock, NULL);
  pthread_cond_init(&stream->changed, NULL);
  pthread_t thread;
  pthread_create(&thread, NULL, run, stream);
  pthread_detach(thread);
  return (uintptr_t)stream;
}

uintptr_t fake_event_create(void) { return (uintptr_t)calloc(1, sizeof(Event)); }

void fake_event_record(uintptr_t event, uintptr_t stream) {
  Item* item = calloc(1, sizeof *item);
  item->event = (Event*)event;
  atomic_store(&item->event->done, 0);
  enqueue((Stream*)stream, item);
}

void fake_copy_async(uintptr_t to, uintptr_t from, size_t size, uintptr_t stream) {
  Item* item = calloc(1, sizeof *item);
  item->to = (void*)to;
  item->from = (const void*)from;
  item->size = size;
  enqueue((Stream*)stream, item);
}

// Writes bytes that are taken now when the item's turn comes: what a kernel does.
void fake_fill_async(uintptr_t to, const void* bytes, size_t size, uintptr_t stream) {
  Item* item = calloc(1, sizeof *item + size);
  item->to = (void*)to;
  item->size = size;
  memcpy(item + 1, bytes, size);
  enqueue((Stream*)stream, item);
}

void fake_hold(uintptr_t handle, int held) {
  Stream* stream = (Stream*)handle;
  pthread_mutex_lock(&stream->lock);
  stream->held = held;
  pthread_cond_broadcast(&stream->changed);
  pthread_mutex_unlock(&stream->lock);
}

void fake_synchronize(uintptr_t handle) {
  Stream* stream = (Stream*)handle;
  atomic_fetch_add(&syncs, 1);
  pthread_mutex_lock(&stream->lock);
  while (stream->first != NULL) pthread_cond_wait(&stream->changed, &stream->lock);
  pthread_mutex_unlock(&stream->lock);
}

int fake_is_captured(uintptr_t stream) { return atomic_load(&((Stream*)stream)->captured); }
int fake_event_done(uintptr_t event) { return atomic_load(&((Event*)event)->done); }
void fake_delay(double seconds) { atomic_store(&delay_ns, (long)(seconds * 1e9)); }
void fake_fail(int number) { atomic_store(&error_number, number); }
void fake_capture(int on) { atomic_store(&capturing, on); }
void fake_capture_stream(uintptr_t stream, int on) { atomic_store(&((Stream*)stream)->captured, on); }
void fake_use_context(uintptr_t wanted) { context = wanted; }
uintptr_t fake_context(void) { return context; }
int fake_capture_mode(void) { return capture_mode; }
long fake_syncs(void) { return atomic_load(&syncs); }
long fake_queries(void) { return atomic_load(&queries); }
long fake_locked_bytes(void) { return atomic_load(&locked_bytes); }
long fake_copies(void) { return atomic_load(&copies); }
long fake_violations(void) { return atomic_load(&violations); }

// --- The driver's own functions (cuda.h)

static void expect(int fine) {
  if (!fine) atomic_fetch_add(&violations, 1);
}

static void expect_no_capture(void) { expect(!atomic_load(&capturing) || capture_mode == kRelaxed); }

static int usable(void) {
  if (getpid() != owner) return kNotInitialized;
  if (context == 0) return kInvalidContext;
  return atomic_load(&error_number);
}

int cuEventQuery(uintptr_t event) {
  atomic_fetch_add(&queries, 1);
  const int failed = usable();
  if (failed != kNotInitialized && failed != kInvalidContext) expect_no_capture();
  if (failed != 0) return failed;
  if (event == 0) return kInvalidHandle;
  return atomic_load(&((Event*)event)->done) ? kSuccess : kNotReady;
}

int cuEventCreate(uintptr_t* event, unsigned flags) {
  if (usable() != 0) return usable();
  expect_no_capture();
  expect(flags == 2);  // CU_EVENT_DISABLE_TIMING: others cost the device time
  *event = fake_event_create();
  return kSuccess;
}

int cuEventRecord(uintptr_t event, uintptr_t stream) {
  if (usable() != 0) return usable();
  if (event == 0 || stream == 0) return kInvalidHandle;
  expect(!atomic_load(&((Stream*)stream)->captured));
  fake_event_record(event, stream);
  return kSuccess;
}

int cuMemHostAlloc(void** memory, size_t size, unsigned flags) {
  (void)flags;
  if (usable() != 0) return usable();
  expect_no_capture();
  atomic_fetch_add(&locked_bytes, (long)size);
  *memory = malloc(size);
  memset(*memory, 77, size);
  Locked* entry = calloc(1, sizeof *entry);
  entry->begin = (uintptr_t)*memory;
  entry->end = entry->begin + size;
  entry->next = atomic_load(&locked);
  while (!atomic_compare_exchange_weak(&locked, &entry->next, entry)) {
  }
  return kSuccess;
}

int cuMemcpyDtoHAsync_v2(void* to, uintptr_t from, size_t size, uintptr_t stream) {
  if (usable() != 0) return usable();
  if (stream == 0) return kInvalidHandle;
  const uintptr_t begin = (uintptr_t)to;
  const Locked* entry = atomic_load(&locked);
  while (entry != NULL && (begin < entry->begin || begin + size > entry->end)) entry = entry->next;
  expect(entry != NULL);
  expect(!atomic_load(&((Stream*)stream)->captured));
  atomic_fetch_add(&copies, 1);
  fake_copy_async(begin, from, size, stream);
  return kSuccess;
}

int cuStreamIsCapturing(uintptr_t stream, int* status) {
  if (usable() != 0) return usable();
  *status = atomic_load(&((Stream*)stream)->captured);
  return kSuccess;
}

int cuCtxGetCurrent(uintptr_t* current) {
  *current = context;
  return getpid() == owner ? kSuccess : kNotInitialized;
}

int cuCtxSetCurrent(uintptr_t wanted) {
  context = wanted;
  return kSuccess;
}

int cuThreadExchangeStreamCaptureMode(int* mode) {
  const int before = capture_mode;
  capture_mode = *mode;
  *mode = before;
  return kSuccess;
}

int cuGetErrorName(int error, const char** name) {
  switch (error) {
    case 700:
      *name = "CUDA_ERROR_ILLEGAL_ADDRESS";
      return kSuccess;
    case kNotInitialized:
      *name = "CUDA_ERROR_NOT_INITIALIZED";
      return kSuccess;
    default:
      *name = NULL;
      return kInvalidValue;
  }
}
