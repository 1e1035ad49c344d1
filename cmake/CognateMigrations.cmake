# cognate_embed_migrations(<target> NAMESPACE cognate::x FILES migrations/0001_create_y.sql …)
# Adds `absl::Span<const cognate::postgres::Migration> <namespace>::Migrations()` to the target, declared in
# "<folder of the target>/migrations.h" (generated beside the build's other files). Files are listed in ascending order.
set(COGNATE_EMBED_MIGRATIONS_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed_migrations.cmake)

function(cognate_embed_migrations target)
  cmake_parse_arguments(ARG "" "NAMESPACE" "FILES" ${ARGN})
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  set(root ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  set(output ${root}/${folder}/migrations)
  list(TRANSFORM ARG_FILES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  string(REPLACE ";" "|" files "${ARG_FILES}")
  add_custom_command(
    OUTPUT ${output}.cc ${output}.h
    COMMAND ${CMAKE_COMMAND} -D OUTPUT=${output} -D INCLUDE=${folder}/migrations.h -D NAMESPACE=${ARG_NAMESPACE}
            -D "FILES=${files}" -P ${COGNATE_EMBED_MIGRATIONS_SCRIPT}
    DEPENDS ${ARG_FILES} ${COGNATE_EMBED_MIGRATIONS_SCRIPT}
    COMMENT "Embedding the migrations of ${folder}" VERBATIM)
  target_sources(${target} PRIVATE ${output}.cc ${output}.h)
  target_include_directories(${target} PUBLIC ${root})
  target_link_libraries(${target} PUBLIC common_postgres)
endfunction()
