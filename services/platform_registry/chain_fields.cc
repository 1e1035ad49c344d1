#include "services/platform_registry/chain_fields.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "common/transform/chain.h"

namespace cognate::platform_registry {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// The step of a transform, and the fields that it writes: `into`, or `field` where that is empty.
class StepWrites {
 public:
  explicit StepWrites(const v1::Transform& transform) {
    const auto* const oneof = transform.GetDescriptor()->FindOneofByName("step");
    const FieldDescriptor* const step = transform.GetReflection()->GetOneofFieldDescriptor(transform, oneof);
    if (step == nullptr) return;
    Collect(transform.GetReflection()->GetMessage(transform, step));
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  void Collect(const Message& step) {
    if (const FieldDescriptor* const writes = step.GetDescriptor()->FindFieldByName("writes")) {
      for (int i = 0; i < step.GetReflection()->FieldSize(step, writes); ++i) {
        Add(step.GetReflection()->GetRepeatedMessage(step, writes, i), "field");
      }
      return;
    }
    if (step.GetDescriptor()->FindFieldByName("into") != nullptr) Add(step, "into");
    if (names_.empty())
      Add(step, step.GetDescriptor()->FindFieldByName("field") != nullptr ? "field" : "fields");
  }

  void Add(const Message& message, const char* name) {
    const FieldDescriptor* const field = message.GetDescriptor()->FindFieldByName(name);
    if (field == nullptr) return;
    const auto* const reflection = message.GetReflection();
    if (field->is_repeated()) {
      for (int i = 0; i < reflection->FieldSize(message, field); ++i)
        names_.push_back(reflection->GetRepeatedString(message, field, i));
    } else if (std::string text = reflection->GetString(message, field); !text.empty()) {
      names_.push_back(std::move(text));
    }
  }

  std::vector<std::string> names_;
};

struct Written {
  const v1::MakeReference* reference = nullptr;
};

absl::flat_hash_map<std::string, Written> WrittenBy(const transform::CompiledSteps& steps) {
  absl::flat_hash_map<std::string, Written> written;
  for (const v1::CompiledStep& step : steps) {
    const v1::Transform& transform = step.transform();
    const StepWrites writes(transform);
    for (const std::string& name : writes.names()) {
      // One under a condition may also hold what it held before.
      const bool always = transform.when().empty();
      written[name].reference = always && transform.has_reference() && transform.reference().path().empty()
                                    ? &transform.reference()
                                    : nullptr;
    }
    // A reference keeps being one under another name.
    const auto carry = [&](const std::string& from, const std::string& into) {
      const auto old = written.find(from);
      if (old != written.end()) written[into] = Written(old->second);
    };
    if (transform.has_rename()) carry(transform.rename().field(), transform.rename().into());
    if (transform.has_copy()) carry(transform.copy().field(), transform.copy().into());
  }
  return written;
}

constexpr int kMaxPipelines = 20;  // before, and after
constexpr int kMaxOwnSteps = 200;

void CheckNames(const Configuration& configuration, const v1::Sync& sync,
                std::vector<FieldViolation>* violations) {
  const auto check = [&](const char* part, const google::protobuf::RepeatedPtrField<std::string>& names) {
    if (names.size() > kMaxPipelines) {
      violations->push_back(
          {part, absl::StrCat("got ", names.size(), " pipelines, want at most ", kMaxPipelines)});
    }
    for (int i = 0; i < names.size(); ++i) {
      if (configuration.pipelines.contains(names[i])) continue;
      violations->push_back(
          {absl::StrCat(part, "[", i, "]"),
           absl::StrCat("got \"", names[i],
                        "\", want the name of a pipeline, pipelines/{id}; CreatePipeline adds "
                        "one")});
    }
  };
  check("before", sync.before());
  check("after", sync.after());
  if (sync.transforms_size() > kMaxOwnSteps) {
    violations->push_back(
        {"transforms", absl::StrCat("got ", sync.transforms_size(), " steps, want at most ", kMaxOwnSteps)});
  }
}

}  // namespace

const ChainField* ChainFields::Find(absl::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const ChainField& one) { return one.field.name() == name; });
  return found == fields.end() ? nullptr : &*found;
}

condition::Assignments AssignmentsOf(const v1::Sync& sync, const v1::Model& source) {
  condition::Assignments assignments;
  assignments.are_known = source.assignable();
  assignments.why_not = absl::StrCat(
      sync.source_model(), " on ", sync.source_platform(), " is not assignable: `cognate assignment enable ",
      sync.source_platform(), " ", sync.source_model(), "`, or UpdateModel, makes it so");
  assignments.own_platform = sync.target_platform();
  return assignments;
}

bool NamesPipeline(const v1::Sync& sync, absl::string_view pipeline) {
  return absl::c_linear_search(sync.before(), pipeline) || absl::c_linear_search(sync.after(), pipeline);
}

transform::CompiledSteps WholeChain(const Configuration& configuration, const v1::Sync& sync) {
  transform::CompiledSteps steps;
  const auto add = [&](const transform::Transforms& transforms, const std::string& pipeline) {
    for (int i = 0; i < transforms.size(); ++i) {
      v1::CompiledStep* const step = steps.Add();
      *step->mutable_transform() = transforms[i];
      step->set_pipeline(pipeline);
      step->set_place(i);
    }
  };
  const auto add_all = [&](const google::protobuf::RepeatedPtrField<std::string>& names) {
    for (const std::string& name : names) {
      const auto found = configuration.pipelines.find(name);
      if (found != configuration.pipelines.end()) add(found->second.transforms(), name);
    }
  };
  add_all(sync.before());
  add(sync.transforms(), "");
  add_all(sync.after());
  return steps;
}

ChainFields FieldsAfterChain(const Configuration& configuration, const v1::Sync& sync,
                             const v1::Model& source) {
  return FieldsAfterChain(configuration, sync, source, AssignmentsOf(sync, source));
}

ChainFields FieldsAfterChain(const Configuration& configuration, const v1::Sync& sync,
                             const v1::Model& source, const condition::Assignments& assignments) {
  ChainFields after;
  CheckNames(configuration, sync, &after.violations);
  after.steps = std::make_shared<const transform::CompiledSteps>(WholeChain(configuration, sync));
  if (after.steps->empty()) {
    for (const v1::ModelField& field : source.fields()) after.fields.push_back({field, false, nullptr});
    return after;
  }
  const std::vector<v1::ModelField> fields(source.fields().begin(), source.fields().end());
  const transform::Chain chain =
      transform::Chain::Compile(*after.steps, fields, &after.violations, assignments);
  if (!after.violations.empty()) return after;
  after.assigned_platforms = chain.assigned_platforms();
  after.reads_old = chain.reads_old();
  const absl::flat_hash_map<std::string, Written> written = WrittenBy(*after.steps);
  for (v1::ModelField& field : chain.FieldsAfter()) {
    const auto change = written.find(field.name());
    const bool is_written = change != written.end();
    after.fields.push_back({std::move(field), is_written, is_written ? change->second.reference : nullptr});
  }
  return after;
}

}  // namespace cognate::platform_registry
