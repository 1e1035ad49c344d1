# Writes ${OUTPUT}.h and ${OUTPUT}.cc; see CognateMigrations.cmake. FILES are separated by "|".
string(REPLACE "|" ";" files "${FILES}")
set(rows "")
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME)
  if(NOT name MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)\\.sql$")
    message(FATAL_ERROR "${name} is not NNNN_verb_noun.sql")
  endif()
  set(title "${CMAKE_MATCH_2}")
  string(REGEX REPLACE "^0+" "" number "${CMAKE_MATCH_1}")
  file(READ ${file} sql)
  string(APPEND rows "    {${number}, \"${title}\", R\"migration(${sql})migration\"},\n")
endforeach()
file(WRITE ${OUTPUT}.h "// Generated from the migrations.
#pragma once

#include \"common/postgres/migrator.h\"

namespace ${NAMESPACE} {

absl::Span<const cognate::postgres::Migration> Migrations();

}  // namespace ${NAMESPACE}
")
file(WRITE ${OUTPUT}.cc "#include \"${INCLUDE}\"

namespace ${NAMESPACE} {
namespace {

constexpr cognate::postgres::Migration kMigrations[] = {
${rows}};

}  // namespace

absl::Span<const cognate::postgres::Migration> Migrations() { return kMigrations; }

}  // namespace ${NAMESPACE}
")
