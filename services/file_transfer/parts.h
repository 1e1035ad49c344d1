#pragma once

#include "common/clock/clock.h"
#include "services/file_transfer/blob_store.h"
#include "services/file_transfer/byte_budget.h"
#include "services/file_transfer/chunk_store.h"
#include "services/file_transfer/collect_store.h"
#include "services/file_transfer/contents.h"
#include "services/file_transfer/copy_source.h"
#include "services/file_transfer/file_store.h"
#include "services/file_transfer/known_platforms.h"
#include "services/file_transfer/links.h"
#include "services/file_transfer/message_room.h"
#include "services/file_transfer/metrics.h"
#include "services/file_transfer/possession.h"
#include "services/file_transfer/stream_calls.h"
#include "services/file_transfer/upload_quota.h"
#include "services/file_transfer/upload_sessions.h"
#include "services/file_transfer/upload_store.h"

namespace cognate::file_transfer {

// What the handlers and loops of this service work with; the server owns all of it.
struct Parts {
  const Clock& clock;
  BlobStore& blobs;
  FileStore& files;
  UploadStore& uploads;
  CollectStore& references;
  ChunkStore& chunks;
  Possession& possession;
  Contents& contents;
  UploadQuota& quota;
  StreamCalls& calls;
  StreamCalls& reads;
  UploadSessions& sessions;
  ByteBudget& memory;
  MessageRoom& messages;
  Metrics& metrics;
  const Links& links;
  KnownPlatforms& platforms;
  CopySource* copies = nullptr;  // null: nobody looks for copies.
};

}  // namespace cognate::file_transfer
