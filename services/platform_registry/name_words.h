// What names of fields and models say: `postTitle`, `post_titles` and "Post Title" are the words post and
// title. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace cognate::platform_registry {

// In small letters, in the singular, digits as words of their own: `wpPosts2` is {"wp", "post", "2"}. Letters
// beyond ASCII stay as they are.
std::vector<std::string> WordsOf(absl::string_view name);
// Those of a model's own name, without its schema or namespace: `public.wp_posts`, `App\Models\Post`.
std::vector<std::string> WordsOfModel(absl::string_view model);
// Those of a field, without the model's name before them: of `post_title` in `public.wp_posts` {"title"}.
std::vector<std::string> WordsOfField(absl::string_view field, const std::vector<std::string>& model);

// The first of those that mean the same: `label` means `title`, as `name` does.
std::string MeaningOf(absl::string_view word);
// Sorted, each once. `created_at`, `date_created` and `date` mean the same.
std::vector<std::string> MeaningsOf(const std::vector<std::string>& words);
// Whether the word only says that the field is an id: `id`, `no`, `key`.
bool IsIdWord(absl::string_view word);
// The words before the last, if that is one of these; else all.
std::vector<std::string> WithoutIdWord(std::vector<std::string> words);

}  // namespace cognate::platform_registry
