// A time in another form.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/transform/makers.h"
#include "common/transform/steps.h"
#include "common/transform/time_form.h"

namespace cognate::transform {
namespace {

std::optional<TimeForm> CompileForm(Compiler& compiler, const std::string& path, const v1::TimeForm& form,
                                    bool is_read) {
  FieldViolation violation;
  std::optional<TimeForm> compiled = TimeForm::Compile(form, is_read, &violation);
  if (!compiled.has_value()) {
    compiler.Wrong(absl::StrCat(path, violation.field.empty() ? "" : ".", violation.field),
                   violation.description);
  }
  return compiled;
}

struct Forms {
  TimeForm from;
  TimeForm to;
};

}  // namespace

void Compile(Compiler& compiler, const v1::ChangeTime& step) {
  const std::optional<TimeForm> read = CompileForm(compiler, "from", step.from(), true);
  const std::optional<TimeForm> written = CompileForm(compiler, "to", step.to(), false);
  const std::optional<KnownField> from =
      compiler.Read("field", step.field(), read.has_value() ? read->types() : kEverything,
                    read.has_value() ? read->want() : "");
  if (!from.has_value() || !read.has_value() || !written.has_value()) {
    return WriteAnything(compiler, IntoOf(step.field(), step.into()));
  }
  const bool is_local = from->field.type() == v1::FIELD_TYPE_LOCAL_TIMESTAMP;
  AddValueStep(compiler, *from, step.into(), written->holds(),
               [forms = std::make_shared<const Forms>(Forms{*read, *written}), is_local](
                   const v1::Value& value, v1::Value* to) -> Failed {
                 absl::Time time;
                 if (Failed failed = forms->from.Read(value, is_local, &time); failed.has_value())
                   return failed;
                 return forms->to.Write(time, to);
               });
}

}  // namespace cognate::transform
