// Every step of a chain: checks it against the fields at this point, and gives the compiler what runs. The
// contract of each stands in proto/cognate/v1/transform*.proto.
#pragma once

#include "cognate/v1/transform.pb.h"
#include "common/transform/compiler.h"

namespace cognate::transform {

// steps_of_fields.cc
void Compile(Compiler& compiler, const v1::RenameField& step);
void Compile(Compiler& compiler, const v1::CopyField& step);
void Compile(Compiler& compiler, const v1::DropFields& step);
void Compile(Compiler& compiler, const v1::SetConstant& step);
void Compile(Compiler& compiler, const v1::SetDefault& step);
void Compile(Compiler& compiler, const v1::Coalesce& step);

// steps_of_choice.cc
void Compile(Compiler& compiler, const v1::LookUp& step);
void Compile(Compiler& compiler, const v1::Truthy& step);
void Compile(Compiler& compiler, const v1::StatusFromDeleted& step);

// step_of_reference.cc
void Compile(Compiler& compiler, const v1::MakeReference& step);

// steps_of_parts.cc
void Compile(Compiler& compiler, const v1::Concat& step);
void Compile(Compiler& compiler, const v1::Split& step);
void Compile(Compiler& compiler, const v1::FillTemplate& step);

// steps_of_text.cc
void Compile(Compiler& compiler, const v1::ChangeCase& step);
void Compile(Compiler& compiler, const v1::Trim& step);
void Compile(Compiler& compiler, const v1::Truncate& step);
void Compile(Compiler& compiler, const v1::Slug& step);
void Compile(Compiler& compiler, const v1::Transliterate& step);
void Compile(Compiler& compiler, const v1::StripTags& step);
void Compile(Compiler& compiler, const v1::Mask& step);
void Compile(Compiler& compiler, const v1::Hash& step);

// steps_of_rewriting.cc
void Compile(Compiler& compiler, const v1::RewritePrefix& step);
void Compile(Compiler& compiler, const v1::RewriteUrls& step);

// steps_of_types.cc
void Compile(Compiler& compiler, const v1::ToInteger& step);
void Compile(Compiler& compiler, const v1::ToDecimal& step);

// step_of_time.cc
void Compile(Compiler& compiler, const v1::ChangeTime& step);

// steps_of_structure.cc
void Compile(Compiler& compiler, const v1::GetPath& step);
void Compile(Compiler& compiler, const v1::SetPath& step);
void Compile(Compiler& compiler, const v1::Decode& step);
void Compile(Compiler& compiler, const v1::Encode& step);

// step_of_script.cc
void Compile(Compiler& compiler, const v1::RunScript& step);

}  // namespace cognate::transform
