// A service's schema as its migrations made it, to compare with its golden schema.sql.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace cognate::test_support {

// What pg_dump says of `schema`, without comments, settings and the table schema_migrations. Fails the test
// where pg_dump does.
std::string DumpSchema(absl::string_view uri, absl::string_view schema);

// Compares the dump with the file (a path from the repository's root). With COGNATE_UPDATE_GOLDEN=1 in the
// environment the file is written instead. Empty if they are equal, else how to go on.
std::string CompareSchema(absl::string_view uri, absl::string_view schema, const std::string& golden_file);

}  // namespace cognate::test_support
