// What ThreadSanitizer cannot see for itself; nothing in every other build.
#pragma once

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace cognate::tsan {

#ifdef __SANITIZE_THREAD__

// What a thread did before Release(tag) has happened for a thread after its later Acquire(tag). For what a
// library promises whose own locks are not instrumented.
inline void Release(void* tag) { __tsan_release(tag); }
inline void Acquire(void* tag) { __tsan_acquire(tag); }

// The order of locks. Of the locks of pthread it takes no notice, as the tests run it with
// ignore_noninstrumented_modules. Each call is made while the lock is held.
class LockOrder {
 public:
  LockOrder() { __tsan_mutex_create(&tag_, __tsan_mutex_not_static); }
  ~LockOrder() { __tsan_mutex_destroy(&tag_, 0); }
  void Locked() {
    __tsan_mutex_pre_lock(&tag_, 0);
    __tsan_mutex_post_lock(&tag_, 0, 0);
  }
  void Unlocking() {
    __tsan_mutex_pre_unlock(&tag_, 0);
    __tsan_mutex_post_unlock(&tag_, 0);
  }

 private:
  char tag_ = 0;
};

#else

inline void Release(void*) {}
inline void Acquire(void*) {}

class LockOrder {
 public:
  void Locked() {}
  void Unlocking() {}
};

#endif

}  // namespace cognate::tsan
