#include "services/platform_registry/catalogue_files.h"

#include "absl/algorithm/container.h"
#include "services/platform_registry/catalogue_shape.h"
#include "services/platform_registry/configuration.h"
#include "services/platform_registry/name_words.h"

namespace cognate::platform_registry {
namespace {

// In singular. As the last word of a field's name: it holds a file, or the way to one.
constexpr absl::string_view kFileWords[] = {
    "attachment", "audio",    "avatar",  "background", "banner",    "cover",  "document", "favicon",
    "file",       "filename", "icon",    "image",      "img",       "logo",   "media",    "path",
    "pdf",        "photo",    "picture", "signature",  "thumbnail", "upload", "video"};
// One of these may stand behind them: `logo_url`, `image_path`.
constexpr absl::string_view kWayWords[] = {"path", "url", "uri", "src", "file", "name"};
// Models whose records are files.
constexpr absl::string_view kFileModels[] = {"media",    "file",   "attachment", "image",
                                             "document", "upload", "asset",      "photo"};
constexpr absl::string_view kFileMetaKeys[] = {"_wp_attached_file", "_thumbnail_id"};

template <typename List>
bool IsOneOf(absl::string_view word, const List& words) {
  return absl::c_linear_search(words, word);
}

bool MayHoldFile(const v1::ModelField& field) {
  switch (field.type()) {
    case v1::FIELD_TYPE_TEXT:
    case v1::FIELD_TYPE_JSON:
    case v1::FIELD_TYPE_BYTES:
      return true;
    case v1::FIELD_TYPE_LIST:
      return field.element_type() == v1::FIELD_TYPE_TEXT;
    default:
      return false;
  }
}

bool IsNamedAsFile(const std::string& name) {
  const std::vector<std::string> words = WordsOf(name);
  if (words.empty()) return false;
  if (IsOneOf(words.back(), kFileWords)) return true;
  return words.size() > 1 && IsOneOf(words.back(), kWayWords) && IsOneOf(words[words.size() - 2], kFileWords);
}

bool Has(const v1::Model& model, absl::string_view field) { return FindField(model, field) != nullptr; }

v1::FileField* Add(v1::FileKind kind, const std::string& field, v1::Model* model) {
  v1::FileField* const file = model->add_file_fields();
  file->set_kind(kind);
  file->set_field(field);
  return file;
}

bool IsWordPressMeta(const v1::Model& model) { return Has(model, "meta_key") && Has(model, "meta_value"); }

}  // namespace

bool IsMediaModel(const v1::Model& model) {
  return Has(model, "model_type") && Has(model, "model_id") && Has(model, "collection_name") &&
         Has(model, "file_name");
}

void DescribeFiles(v1::Model* model) {
  if (!model->file_fields().empty()) return;
  if (IsMediaModel(*model)) {
    Add(v1::FILE_KIND_MEDIA, "file_name", model)->set_model(model->model());
    return;
  }
  if (IsWordPressMeta(*model)) {
    // Users, terms and comments have meta tables, too, but no files in them.
    if (!Has(*model, "post_id")) return;
    for (const absl::string_view key : kFileMetaKeys) {
      Add(v1::FILE_KIND_META, "meta_value", model)->set_meta_key(std::string(key));
    }
    return;
  }
  for (const v1::ModelField& field : model->fields()) {
    const v1::ForeignKey* const key = FindForeignKey(*model, field.name());
    if (key != nullptr) {
      const std::vector<std::string> words = WordsOfModel(key->model());
      if (!words.empty() && IsOneOf(words.back(), kFileModels))
        Add(v1::FILE_KIND_RELATION, field.name(), model)->set_model(key->model());
    } else if (MayHoldFile(field) && IsNamedAsFile(field.name())) {
      Add(v1::FILE_KIND_NATIVE, field.name(), model);
    }
  }
}

void AddMediaOf(const v1::Model& media, absl::string_view type, absl::string_view collection,
                absl::Span<v1::Model> models) {
  const v1::Model* const found = FindModelByWords(WordsOfModel(type), media.model(), models);
  if (found == nullptr) return;
  v1::Model& owner = models[static_cast<size_t>(found - models.data())];
  v1::FileField* const file = Add(v1::FILE_KIND_MEDIA, "", &owner);
  file->set_model(media.model());
  file->set_collection(std::string(collection));
}

}  // namespace cognate::platform_registry
