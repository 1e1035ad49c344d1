// The tables of placing, each with its own door.
#pragma once

#include "services/file_transfer/placing/bind_changes.h"
#include "services/file_transfer/placing/binding_store.h"
#include "services/file_transfer/placing/link_store.h"
#include "services/file_transfer/placing/placement_store.h"
#include "services/file_transfer/placing/platform_rows.h"
#include "services/file_transfer/placing/read_store.h"
#include "services/file_transfer/placing/refusal_store.h"
#include "services/file_transfer/placing/seen_store.h"
#include "services/file_transfer/placing/use_store.h"
#include "services/file_transfer/placing/wait_store.h"

namespace cognate::file_transfer {

// Thread safe.
struct Stores {
  explicit Stores(postgres::Pool& connections)
      : pool(connections),
        bindings(connections),
        links(connections),
        placements(connections),
        reads(connections),
        refusals(connections),
        seen(connections),
        uses(connections),
        waits(connections),
        platforms(connections) {}

  postgres::Pool& pool;
  BindingStore bindings;
  LinkStore links;
  PlacementStore placements;
  ReadStore reads;
  RefusalStore refusals;
  SeenStore seen;
  UseStore uses;
  WaitStore waits;
  PlatformRows platforms;
};

}  // namespace cognate::file_transfer
