#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cognate/v1/change_capture_service.pb.h"
#include "common/postgres/connection.h"

// The rows that are measured: 10 columns, about 500 bytes, one reference to one of 1,000 parents.
namespace cognate::bench {

inline constexpr int kParents = 1'000;
inline constexpr int kBatch = 100;

// `parent` and `row_data` as they lie in a source, and `parents` and `rows` as a target calls them.
extern const char kSourceSchema[];
extern const char kTargetSchema[];

// INSERT or UPDATE of rows [first, first + count) as one statement on the source's tables; `round` changes
// the content.
std::string InsertSql(int64_t first, int64_t count, int round);
std::string UpdateSql(int64_t first, int64_t count, int round);
// Parents 1 … kParents.
std::string InsertParentsSql();

// The same as changes of an agent.
v1::CaptureStreamRequest CaptureRows(int64_t sequence, int64_t first, int64_t count, int round, bool create);
v1::CaptureRequest CaptureParents(const std::string& platform);
v1::CaptureRequest CaptureOne(const std::string& platform, int64_t id, int round);

}  // namespace cognate::bench
